//! A value in words: how an analyst reads a feature.

use super::math;
use crate::words::quantity::{bytes, count, duration};

/// How the values of a feature are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// ln(1 + n) of something counted.
    LnCount,
    /// Something counted.
    Count,
    /// ln(1 + n) of bytes.
    LnBytes,
    /// Bytes.
    Bytes,
    /// ln(1 + n) of bytes a second.
    LnPace,
    /// ln(1 + s) of seconds.
    LnSeconds,
    /// A number with two digits.
    Plain,
    /// A part of a whole, 0 to 1.
    Share,
    /// (out − in) / (out + in + 1): read as the part that went out.
    Asymmetry,
    /// −ln p: read as p.
    Rarity,
    /// A statement that is true (1) or not (0).
    Truth,
}

/// A feature's phrase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Phrase {
    /// The feature's column.
    pub name: &'static str,
    /// How its values are read.
    pub unit: Unit,
    /// With `{}` for the value; of a statement, what is said where it is true.
    pub says: &'static str,
    /// Of a statement, what is said where it is not true; of anything else, what it is of, where that is not known.
    pub otherwise: &'static str,
}

impl Unit {
    /// The value alone: `1.63 GB`, `99%`. For statements see [`Phrase::of`].
    pub fn shown(self, value: f64) -> String {
        // Values were rounded to f32 as logarithms, and so are right to about six digits.
        let unlogged = || (math::exp(value.min(700.0)) - 1.0).max(0.0);
        match self {
            Self::LnCount => count(unlogged().round() as u64),
            Self::Count => count(value.max(0.0).round() as u64),
            Self::LnBytes => bytes(unlogged().round() as u64),
            Self::Bytes => bytes(value.max(0.0).round() as u64),
            Self::LnPace => format!("{} a second", bytes(unlogged().round() as u64)),
            Self::LnSeconds => duration(unlogged()),
            Self::Plain | Self::Truth => format!("{value:.2}"),
            Self::Share => share(value),
            Self::Asymmetry => share((1.0 + value) / 2.0),
            Self::Rarity => share(math::exp(-value)),
        }
    }
}

impl Phrase {
    /// `1,013 ports of its source in 10 min`, `refused`.
    pub fn of(&self, value: f64) -> String {
        match self.unit {
            Unit::Truth if value >= 0.5 => self.says.to_owned(),
            Unit::Truth => self.otherwise.to_owned(),
            Unit::LnCount | Unit::Count if self.unit.shown(value) == "1" => self.says_one(),
            unit => self.says.replace("{}", &unit.shown(value)),
        }
    }

    /// Of one thing: `1 port met by its source`.
    fn says_one(&self) -> String {
        let rest = self.says.strip_prefix("{} ").unwrap_or(self.says);
        let (things, rest) = rest.split_once(' ').unwrap_or((rest, ""));
        format!("1 {} {rest}", things.strip_suffix('s').unwrap_or(things)).trim_end().to_owned()
    }

    /// The same beside what is typical: `1,013 ports of its source in 10 min (typical 1)`, `refused (typical: not
    /// refused)`. NaN: not known.
    pub fn beside(&self, value: f64, typical: f64) -> String {
        let shown = |value: f64| match self.unit {
            Unit::Truth => self.of(value),
            unit => unit.shown(value),
        };
        let said = match (value.is_nan(), self.unit) {
            (true, Unit::Truth) => format!("not known whether {}", self.says),
            (true, _) => format!("{} not known", self.otherwise),
            (false, _) => self.of(value),
        };
        match typical.is_nan() {
            true => said,
            false if !value.is_nan() && shown(value) == shown(typical) => format!("{said} (typical)"),
            false if self.unit == Unit::Truth => format!("{said} (typical: {})", shown(typical)),
            false => format!("{said} (typical {})", shown(typical)),
        }
    }
}

/// A part of a whole as a percentage that is 0 or 100 only where the part is: `35%`, `1.2%`, `0.03%`, `under 0.01%`.
pub fn share(part: f64) -> String {
    match part * 100.0 {
        p if p.is_nan() => "not known".to_owned(),
        p if p <= 0.0 => "0%".to_owned(),
        p if p < 0.01 => "under 0.01%".to_owned(),
        p if p < 0.995 => format!("{p:.2}%"),
        p if p < 9.95 => format!("{p:.1}%"),
        p if p < 99.5 => format!("{p:.0}%"),
        p if p < 100.0 => "over 99%".to_owned(),
        _ => "100%".to_owned(),
    }
}

/// A number as people read it: whole ones with their thousands apart, others with four digits.
pub fn number(value: f64) -> String {
    let magnitude = value.abs();
    let sign = if value < 0.0 { "-" } else { "" };
    if value.is_nan() {
        "missing".to_owned()
    } else if value.fract() == 0.0 && magnitude < 1e15 {
        format!("{sign}{}", count(magnitude as u64))
    } else if (1e4..1e15).contains(&magnitude) {
        format!("{sign}{}", count(magnitude.round() as u64))
    } else if (1e-4..1e4).contains(&magnitude) {
        // Four digits in all, zeros at the end left out.
        let places = (3.0 - math::log10(magnitude).floor()).clamp(0.0, 7.0) as usize;
        let text = format!("{value:.places$}");
        let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
        text.to_owned()
    } else {
        format!("{value:.3e}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_shares() {
        let known = [
            (0.0, "0"),
            (1_635_223_048.0, "1,635,223,048"),
            (-1_500.0, "-1,500"),
            (15.023637, "15.02"),
            (0.001234567, "0.001235"),
            (1.5, "1.5"),
            (12_345.678, "12,346"),
            (1e-9, "1.000e-9"),
            (2e20, "2.000e20"),
            (f64::NAN, "missing"),
        ];
        for (value, text) in known {
            assert_eq!(number(value), text);
        }
        let known = [(0.0, "0%"), (0.00001, "under 0.01%"), (0.0003, "0.03%"), (0.012, "1.2%"), (0.35, "35%")];
        for (part, text) in known.into_iter().chain([(0.9999, "over 99%"), (1.0, "100%")]) {
            assert_eq!(share(part), text);
        }
    }

    #[test]
    fn values_beside_what_is_typical() {
        let ports = Phrase { name: "", unit: Unit::LnCount, says: "{} ports", otherwise: "ports" };
        let ln_1p = |n: f64| f64::from(libm::log1p(n) as f32);
        assert_eq!(ports.beside(ln_1p(1_013.0), ln_1p(1.0)), "1,013 ports (typical 1)");
        assert_eq!(ports.beside(ln_1p(1.0), ln_1p(1.0)), "1 port (typical)");
        assert_eq!(ports.beside(f64::NAN, ln_1p(1.0)), "ports not known (typical 1)");
        let refused = Phrase { name: "", unit: Unit::Truth, says: "refused", otherwise: "not refused" };
        assert_eq!(refused.beside(1.0, 0.0), "refused (typical: not refused)");
        assert_eq!(refused.beside(0.0, 0.0), "not refused (typical)");
        let rare = Phrase { name: "", unit: Unit::Rarity, says: "port in {} of rows", otherwise: "port" };
        assert_eq!(rare.beside(-libm::log(0.0002), 0.0), "port in 0.02% of rows (typical 100%)");
    }
}
