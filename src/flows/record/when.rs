//! Times as logs have them → µs since 1970, UTC.
//!
//! Numbers are seconds, milliseconds, microseconds or nanoseconds since 1970; which, their size tells. Texts are such
//! numbers, or dates: ISO 8601 (`2021-06-06T15:59:46.457984+0200`), Argus' (`2019/04/04 16:23:00.325010`), CICFlowMeter's
//! day first (`5/7/2017 8:42`). A date without a zone is taken to be of the zone that the caller names.

use super::zone::LogZone;

const SECOND: i64 = 1_000_000;
/// Microseconds in an hour.
pub(crate) const HOUR: i64 = 3_600 * SECOND;
/// Microseconds in a day.
pub(crate) const DAY: i64 = 24 * HOUR;

/// Whether a time may be one of a flow: from 1990 to the end of 2099. The rule asks no clock, so that a run gives the same
/// years later; a sensor that has lost its own writes 1970.
pub fn is_plausible(micros: i64) -> bool {
    const FROM_1990: i64 = 631_152_000 * SECOND;
    const TO_2100: i64 = 4_102_444_800 * SECOND;
    (FROM_1990..TO_2100).contains(&micros)
}

/// From a whole number.
pub fn of_integer(value: i64) -> Option<i64> {
    match unit_of(value.unsigned_abs()) {
        Unit::Seconds => value.checked_mul(SECOND),
        Unit::Millis => value.checked_mul(1_000),
        Unit::Micros => Some(value),
        Unit::Nanos => Some(value.div_euclid(1_000)),
    }
}

/// From a real number, rounded.
pub fn of_real(value: f64) -> Option<i64> {
    if !value.is_finite() {
        return None;
    }
    let micros = match unit_of(value.abs() as u64) {
        Unit::Seconds => value * 1e6,
        Unit::Millis => value * 1e3,
        Unit::Micros => value,
        Unit::Nanos => value / 1e3,
    };
    Some(micros.round() as i64)
}

/// From a text; `zone` is that of dates without one.
pub fn of_text(text: &str, zone: LogZone) -> Option<i64> {
    let text = text.trim();
    of_decimal(text.as_bytes()).or_else(|| of_date(text, zone))
}

/// Whether a text is a time that states no zone.
pub fn lacks_zone(text: &str) -> bool {
    of_text(text, LogZone::UTC) != of_text(text, LogZone::east(60))
}

/// From a decimal number (`1713484795.943239`), without a detour through binary fractions. Digits past the microsecond
/// are rounded.
pub fn of_decimal(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    let point = digits.iter().position(|&byte| byte == b'.').unwrap_or(digits.len());
    let (whole, fraction) = (digits.get(..point)?, digits.get(point + 1..).unwrap_or_default());
    if whole.is_empty() || whole.len() > 19 || (point < digits.len() && fraction.is_empty()) {
        return None;
    }
    let number = |digits: &[u8]| {
        digits.iter().try_fold(0_u64, |sum, byte| {
            byte.is_ascii_digit().then(|| sum.checked_mul(10)?.checked_add(u64::from(byte - b'0'))).flatten()
        })
    };
    let whole = number(whole)?;
    if !fraction.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let (scale, kept) = match unit_of(whole) {
        Unit::Seconds => (1_000_000, 6),
        Unit::Millis => (1_000, 3),
        Unit::Micros => (1, 0),
        Unit::Nanos => {
            let micros = i64::try_from(whole / 1_000).ok()?;
            return Some(if negative { -micros } else { micros });
        }
    };
    let mut part = 0_u64;
    for i in 0..kept {
        part = part * 10 + fraction.get(i).map_or(0, |byte| u64::from(byte - b'0'));
    }
    let up = u64::from(fraction.get(kept).is_some_and(|&byte| byte >= b'5'));
    let micros = i64::try_from(whole.checked_mul(scale)?.checked_add(part + up)?).ok()?;
    Some(if negative { -micros } else { micros })
}

enum Unit {
    Seconds,
    Millis,
    Micros,
    Nanos,
}

/// The years 1973 to 5138 in each unit do not meet those in another.
fn unit_of(size: u64) -> Unit {
    match size {
        0..100_000_000_000 => Unit::Seconds,
        100_000_000_000..100_000_000_000_000 => Unit::Millis,
        100_000_000_000_000..100_000_000_000_000_000 => Unit::Micros,
        _ => Unit::Nanos,
    }
}

fn of_date(text: &str, unstated: LogZone) -> Option<i64> {
    let (date, clock) = match text.find(['T', ' ']) {
        Some(at) => (text.get(..at)?, text.get(at + 1..)?.trim_start()),
        None => (text, ""),
    };
    let mut parts = date.split(['-', '/']);
    let (first, month, last) = (parts.next()?, digits(parts.next()?, 2)?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let (year, day) = match (first.len(), last.len()) {
        (4, 1 | 2) => (digits(first, 4)?, digits(last, 2)?),
        (1 | 2, 4) => (digits(last, 4)?, digits(first, 2)?),
        _ => return None,
    };
    if !(1..=12).contains(&month) || !(1..=days_in(year, month)).contains(&day) {
        return None;
    }
    let (clock, minutes) = zone(clock)?;
    let of_day = of_clock(clock)?;
    Some(minutes.map_or(unstated, LogZone::east).instant(days_from_civil(year, month, day) * DAY + of_day))
}

/// A zone alone: `UTC`, `Z`, `+02:00`, `Europe/Berlin`.
pub fn zone_of_text(text: &str) -> Option<LogZone> {
    match text.trim() {
        utc if utc.eq_ignore_ascii_case("utc") || utc.eq_ignore_ascii_case("z") => Some(LogZone::UTC),
        offset if offset.starts_with(['+', '-']) => zone(offset)?.1.map(LogZone::east),
        place => LogZone::place(place),
    }
}

/// Splits the zone off a time of day: `Z`, `+02:00`, `-0330`, `+05`, `UTC`; `None` inside where there is none.
fn zone(clock: &str) -> Option<(&str, Option<i32>)> {
    let clock = clock.trim_end();
    for utc in ["Z", "z", " UTC", " GMT"] {
        if let Some(clock) = clock.strip_suffix(utc) {
            return Some((clock, Some(0)));
        }
    }
    let Some(at) = clock.rfind(['+', '-']) else { return Some((clock, None)) };
    let (before, sign) = (clock.get(..at)?, if clock.as_bytes().get(at) == Some(&b'-') { -1 } else { 1 });
    let written: String = clock.get(at + 1..)?.chars().filter(|c| *c != ':').collect();
    let (hours, minutes) = match written.len() {
        2 => (digits(&written, 2)?, 0),
        4 => (digits(written.get(..2)?, 2)?, digits(written.get(2..)?, 2)?),
        _ => return None,
    };
    (hours < 24 && minutes < 60).then_some((before.trim_end(), Some(sign * (hours * 60 + minutes) as i32)))
}

/// µs from midnight of `15:59:46.457984`, `8:42`, `8:42:01 PM`; 0 for nothing.
fn of_clock(clock: &str) -> Option<i64> {
    if clock.is_empty() {
        return Some(0);
    }
    let lower = clock.to_ascii_lowercase();
    let (clock, half) = match lower.strip_suffix("pm").map(|c| (c, 12)).or(lower.strip_suffix("am").map(|c| (c, 0))) {
        Some((clock, half)) => (clock.trim_end(), Some(half)),
        None => (lower.as_str(), None),
    };
    let mut parts = clock.split(':');
    let (hour, minute) = (digits(parts.next()?, 2)?, digits(parts.next()?, 2)?);
    let (second, fraction) = match parts.next() {
        Some(second) => second.split_once(['.', ',']).unwrap_or((second, "")),
        None => ("0", ""),
    };
    let second = digits(second, 2)?;
    let hour = match half {
        Some(half) if (1..=12).contains(&hour) => hour % 12 + half,
        Some(_) => return None,
        None => hour,
    };
    // A leap second has a place of its own.
    if parts.next().is_some() || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    if fraction.len() > 12 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let micros = fraction.bytes().chain(std::iter::repeat(b'0')).take(6);
    let micros = micros.fold(0, |sum, byte| sum * 10 + i64::from(byte - b'0'));
    Some(((hour * 60 + minute) * 60 + second) * SECOND + micros)
}

/// A number of at most `most` digits and nothing else.
fn digits(text: &str, most: usize) -> Option<i64> {
    let fits = !text.is_empty() && text.len() <= most && text.bytes().all(|byte| byte.is_ascii_digit());
    fits.then(|| text.parse().ok()).flatten()
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 (Hinnant, "chrono-Compatible Low-Level Date Algorithms").
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let shifted_month = (month + 9) % 12;
    let day_of_year = (153 * shifted_month + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flows::instant::{Zone, push_timestamp};
    use arrow_schema::TimeUnit;
    use proptest::prelude::*;

    #[test]
    fn every_way_of_writing_a_time_is_read() {
        let noon = 1_622_987_986_457_984;
        for text in [
            "1622987986.457984",
            "1622987986457.984",
            "1622987986457984",
            "1622987986457984123",
            "1622987986.4579836",
            "2021-06-06T15:59:46.457984+0200",
            "2021-06-06T15:59:46.457984+02:00",
            "2021-06-06 13:59:46.457984Z",
            "2021/06/06 13:59:46.457984",
            " 2021-06-06T10:29:46.457984-03:30 ",
            "6/6/2021 1:59:46.457984 PM",
        ] {
            assert_eq!(of_text(text, LogZone::UTC), Some(noon), "{text}");
        }
        assert_eq!(of_text("2021/06/06 15:59:46.457984", LogZone::east(120)), Some(noon));
        assert_eq!(of_text("2021-06-06T13:59:46.457984Z", LogZone::east(120)), Some(noon), "a stated zone wins");
        assert_eq!(of_text("5/7/2017 8:42", LogZone::UTC), Some(1_499_244_120_000_000));
        assert_eq!(of_text("2024-02-29", LogZone::UTC), Some(1_709_164_800_000_000));
        assert_eq!(of_text("-1.5", LogZone::UTC), Some(-1_500_000));
        assert_eq!(of_integer(1_622_987_986), Some(1_622_987_986_000_000));
        assert_eq!(of_integer(1_622_987_986_457), Some(1_622_987_986_457_000));
        assert_eq!(of_real(1_622_987_986.457_984), Some(noon));
        assert_eq!(of_real(f64::NAN), None);
    }

    #[test]
    fn what_is_no_time_is_none() {
        let wrong = "2023-02-29 2021-13-01 2021-6-6T25:00 21-06-06 1.2.3 1. .5 12x 2021-06-06T10:00+2 99999999999999999999 \
            2021-06-06-07 1/1/1 ";
        assert!(wrong.split(' ').all(|text| of_text(text, LogZone::UTC).is_none()));
        assert!(of_text("2021-06-06 13:00 PM", LogZone::UTC).is_none() && of_text("", LogZone::UTC).is_none());
    }

    #[test]
    fn zones_are_offsets_and_places() {
        let zones = ["UTC", "z", "+02:00", "-0330", "+05"].map(zone_of_text);
        assert_eq!(zones, [0, 0, 120, -210, 300].map(|minutes| Some(LogZone::east(minutes))));
        assert_eq!(zone_of_text("Europe/Berlin"), LogZone::place("Europe/Berlin"));
        assert!(["", "Berlin", "2", "+2", "+24:00", "1+02:00"].into_iter().all(|zone| zone_of_text(zone).is_none()));
    }

    #[test]
    fn a_lost_clock_is_not_plausible() {
        assert!(!is_plausible(0) && !is_plausible(of_text("1989-12-31T23:59:59Z", LogZone::UTC).unwrap()));
        assert!(
            is_plausible(of_text("1990-01-01", LogZone::UTC).unwrap())
                && !is_plausible(of_text("2100-01-01", LogZone::UTC).unwrap())
        );
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(micros in -62_135_596_800_000_000_i64..253_402_300_800_000_000, minutes in -1439_i32..1440) {
            let mut text = Vec::new();
            push_timestamp(micros, TimeUnit::Microsecond, &Zone::Offset(minutes), &mut text);
            let text = String::from_utf8(text).unwrap();
            // Local years before 0 and past 9999 have signs.
            prop_assume!(text.len() == 32);
            prop_assert_eq!(of_text(&text, LogZone::east(17)), Some(micros));
        }

        #[test]
        fn decimals_are_exact(micros in 0_i64..99_999_999_999_999_999) {
            prop_assert_eq!(of_decimal(format!("{}.{:06}", micros / SECOND, micros % SECOND).as_bytes()), Some(micros));
        }

        #[test]
        fn any_text_is_read_without_harm(text in "\\PC{0,40}", digits in "[0-9TZ:./+-]{0,30}") {
            let berlin = LogZone::place("Europe/Berlin").unwrap();
            let _ = (of_text(&text, LogZone::east(60)), of_text(&digits, berlin));
        }
    }
}
