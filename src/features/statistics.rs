//! What the encoders need to know of a column's sample. Sums run over sorted values, so that they do not depend on the
//! order of the sample's rows.

/// Quantile by linear interpolation between order statistics (type 7 of Hyndman & Fan 1996, NumPy's default); `q` in
/// [0, 1]; NaN for no values.
pub fn quantile(sorted: &[f64], q: f64) -> f64 {
    let position = q * (sorted.len().saturating_sub(1)) as f64;
    let below = position.floor();
    let (Some(&low), Some(&high)) = (sorted.get(below as usize), sorted.get(position.ceil() as usize)) else {
        return f64::NAN;
    };
    low + (high - low) * (position - below)
}

/// Mean of sorted values; NaN for none.
pub fn mean(sorted: &[f64]) -> f64 {
    sorted.iter().sum::<f64>() / sorted.len() as f64
}

/// Root of the mean squared deviation from `mean` (population, divided by n).
pub fn standard_deviation(sorted: &[f64], mean: f64) -> f64 {
    (sorted.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / sorted.len() as f64).sqrt()
}

/// Skewness m₃ / m₂^1.5 (population moments); 0 where the values do not vary. Values are divided by their largest
/// magnitude first, so that cubes cannot overflow.
pub fn skewness(sorted: &[f64]) -> f64 {
    let largest = sorted.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    if largest == 0.0 {
        return 0.0;
    }
    let mean = sorted.iter().map(|v| v / largest).sum::<f64>() / sorted.len() as f64;
    let moment =
        |power: i32| sorted.iter().map(|v| (v / largest - mean).powi(power)).sum::<f64>() / sorted.len() as f64;
    let variance = moment(2);
    if variance > 0.0 { moment(3) / (variance * variance.sqrt()) } else { 0.0 }
}

/// A linear map (x − center) / scale.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Scaler {
    pub center: f64,
    pub scale: f64,
}

impl Scaler {
    /// Leaves values as they are.
    pub const NONE: Self = Self { center: 0.0, scale: 1.0 };

    /// Mapped values are held within ±[`Self::LIMIT`]: they stay finite as f32, and so do their squared distances over
    /// thousands of features.
    pub const LIMIT: f64 = 1e17;

    #[inline(always)]
    pub fn apply(self, x: f64) -> f32 {
        ((x - self.center) / self.scale).clamp(-Self::LIMIT, Self::LIMIT) as f32
    }

    pub fn is_sound(self) -> bool {
        self.center.is_finite() && self.scale.is_finite() && self.scale > 0.0
    }
}
