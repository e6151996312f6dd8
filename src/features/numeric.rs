//! A numeric column: missing values, heavy tails, scale.

use super::math;
use super::numbers::Numbers;
use super::plan::{FeatureOptions, Scaling};
use super::statistics::{Scaler, mean, quantile, skewness, standard_deviation};
use serde::{Deserialize, Serialize};

/// Values beyond ±this are read as ±this, so that no sum over a sample overflows. No measurement is as large.
const LARGEST: f64 = 1e100;

/// How a numeric column becomes up to two features: its value, and whether it was missing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NumericEncoder {
    pub name: String,
    /// Negative values are errors of the tool that wrote them, and so missing.
    pub negative_is_missing: bool,
    /// `None` where the present values are all the same: only whether they are present tells rows apart.
    pub value: Option<ValueFeature>,
    /// Whether there is a 0/1 feature that is 1 where the value is missing.
    pub indicator: bool,
}

/// The feature of the value itself: sign(x) ln(1 + |x|) if `log1p`, then scaled; the median where it is missing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ValueFeature {
    pub median: f64,
    pub log1p: bool,
    pub scaler: Scaler,
}

/// NaN for what is missing: NaN, ±∞ and, where the column cannot be negative, negative values.
#[inline(always)]
pub fn clean(value: f64, negative_is_missing: bool) -> f64 {
    let missing = !value.is_finite() || (negative_is_missing && value < 0.0);
    // + 0.0 turns −0 into 0: one value, one feature.
    if missing { f64::NAN } else { value.clamp(-LARGEST, LARGEST) + 0.0 }
}

impl ValueFeature {
    /// `sorted`: the present values, ascending. `None` if they do not vary.
    pub fn fit(mut sorted: Vec<f64>, options: &FeatureOptions) -> Option<Self> {
        if sorted.first() == sorted.last() {
            return None;
        }
        let median = quantile(&sorted, 0.5);
        let two_values = sorted.iter().all(|v| *v == 0.0 || *v == 1.0);
        let before = skewness(&sorted).abs();
        let mut log1p = false;
        if options.log_skewness.is_some_and(|limit| before > limit) && !two_values {
            let mut logs = sorted.clone();
            math::signed_ln_1p_each(&mut logs);
            if skewness(&logs).abs() < before {
                log1p = true;
                sorted = logs;
            }
        }
        let scaler = if two_values { Scaler::NONE } else { fit_scaler(&sorted, options.scaling) };
        Some(Self { median, log1p, scaler })
    }

    /// The feature of a cleaned, present value.
    pub fn encode(&self, value: f64) -> f32 {
        self.scaler.apply(if self.log1p { math::signed_ln_1p(value) } else { value })
    }
}

/// Scale of sorted values that vary. Robust: median and interquartile range; where a quarter and three quarters of the
/// values coincide (counters that are mostly 0), the standard deviation takes the range's place.
pub fn fit_scaler(sorted: &[f64], scaling: Scaling) -> Scaler {
    let average = mean(sorted);
    let deviation = standard_deviation(sorted, average);
    let (center, scale) = match scaling {
        Scaling::None => return Scaler::NONE,
        Scaling::Standard => (average, deviation),
        Scaling::Robust => {
            let range = quantile(sorted, 0.75) - quantile(sorted, 0.25);
            (quantile(sorted, 0.5), if range > 0.0 { range } else { deviation })
        }
    };
    // Values that differ by less than a deviation can express.
    let scale = if scale > 0.0 { scale } else { 1.0 };
    Scaler { center, scale }
}

impl NumericEncoder {
    pub fn n_features(&self) -> usize {
        usize::from(self.value.is_some()) + usize::from(self.indicator)
    }

    pub fn feature_names(&self) -> Vec<String> {
        let value =
            self.value.as_ref().map(|v| if v.log1p { format!("ln1p({})", self.name) } else { self.name.clone() });
        value.into_iter().chain(self.indicator.then(|| format!("{} is missing", self.name))).collect()
    }

    /// What is unsound about an encoder read from a file.
    pub fn complaint(&self) -> Option<String> {
        if self.n_features() == 0 {
            return Some(format!("column `{}` has an encoder without features", self.name));
        }
        let value = self.value.as_ref()?;
        if !value.median.is_finite() || !value.scaler.is_sound() {
            return Some(format!(
                "column `{}` has median {}, center {} and scale {}; all must be finite and the scale above 0",
                self.name, value.median, value.scaler.center, value.scaler.scale
            ));
        }
        None
    }

    /// Encodes rows `start..` of a column into a block of rows, `width` values each, from feature `offset` on. Returns how
    /// many values were missing and took the median.
    pub fn encode(
        &self,
        column: &Numbers<'_>,
        start: usize,
        block: &mut [f32],
        width: usize,
        offset: usize,
        values: &mut [f64],
    ) -> u64 {
        column.read(start, values);
        for value in values.iter_mut() {
            *value = clean(*value, self.negative_is_missing);
        }
        let mut indicator_at = offset;
        let mut imputed = 0;
        if let Some(feature) = &self.value {
            indicator_at += 1;
            let of_missing = feature.encode(feature.median);
            if feature.log1p {
                math::signed_ln_1p_each(values);
            }
            let scaler = feature.scaler;
            for (out, value) in strided(block, width, offset).zip(values.iter()) {
                let missing = value.is_nan();
                imputed += u64::from(missing);
                *out = if missing { of_missing } else { scaler.apply(*value) };
            }
        }
        if self.indicator {
            for (out, value) in strided(block, width, indicator_at).zip(values.iter()) {
                *out = if value.is_nan() { 1.0 } else { 0.0 };
            }
        }
        imputed
    }
}

/// One feature's places in a row-major block.
#[inline(always)]
pub fn strided(block: &mut [f32], width: usize, offset: usize) -> impl Iterator<Item = &mut f32> {
    block.get_mut(offset..).unwrap_or_default().iter_mut().step_by(width)
}

#[cfg(test)]
mod tests;
