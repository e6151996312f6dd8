//! Rows whose sums the host knows, so that no kernel meets NaN or infinity in them.

use ndarray::ArrayView2;

/// For each feature, the values within reach of the vectors: the kernels of a row beyond it are all 0 as f32.
#[derive(Debug)]
pub(super) struct Reach {
    low: Vec<f32>,
    high: Vec<f32>,
}

impl Reach {
    /// The range of the vectors' values, widened by a difference that makes exp(−γ d²) less than half of the smallest f32,
    /// or whose square is no finite f32.
    pub fn new(vectors: ArrayView2<'_, f32>, gamma: f64) -> Self {
        // e^−105 < 2^−151.
        let far = (105.0 / gamma).sqrt().min(f64::from(f32::MAX).sqrt()) * (1.0 + 1e-6);
        let column = |j: usize| vectors.column(j);
        let (low, high) = (0..vectors.ncols())
            .map(|j| {
                let low = column(j).fold(f32::INFINITY, |low, x| low.min(*x));
                let high = column(j).fold(f32::NEG_INFINITY, |high, x| high.max(*x));
                // Finite, so that infinities are beyond them.
                let low = ((f64::from(low) - far) as f32).next_down().max(f32::MIN);
                let high = ((f64::from(high) + far) as f32).next_up().min(f32::MAX);
                (low, high)
            })
            .unzip();
        Self { low, high }
    }

    /// NaN for a row with one, 0 for a row beyond reach.
    pub fn decides(&self, row: &[f32]) -> Option<f64> {
        let bounds = self.low.iter().zip(&self.high);
        // Not short-cut, so that it runs in vector registers.
        let within = row.iter().zip(bounds).fold(true, |within, (x, (low, high))| within & (low <= x) & (x <= high));
        match within {
            true => None,
            false if row.iter().any(|x| x.is_nan()) => Some(f64::NAN),
            false => Some(0.0),
        }
    }
}
