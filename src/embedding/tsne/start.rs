//! Where points start.

use crate::Result;
use crate::embedding::normal::normal;
use crate::embedding::pca::pca;
use ndarray::{Array2, ArrayView2, Axis};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// Standard deviation of the first coordinate.
const SPREAD: f64 = 1e-4;
/// Noise, in relation to that: equal rows must part, or they would stay on one spot for ever.
const JITTER: f64 = 0.01;
/// The stream of random numbers of starts.
const STREAM: u64 = 0x7473_6e65;

/// Where points start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Start {
    /// At the first principal components, which keeps what is far apart far apart (Kobak & Linderman 2021).
    #[default]
    Pca,
    /// At normal random numbers.
    Random,
}

impl Start {
    /// `n_rows × n_dims` points whose first coordinate has a standard deviation of 10⁻⁴.
    ///
    /// # Errors
    /// As [`pca`].
    pub(super) fn points(self, rows: ArrayView2<'_, f32>, n_dims: usize, seed: u64) -> Result<Array2<f64>> {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        random.set_stream(STREAM);
        let mut noise = Array2::from_shape_simple_fn((rows.nrows(), n_dims), || normal(&mut random));
        match self {
            Self::Random => noise *= SPREAD,
            Self::Pca => {
                let mut scores = pca(rows, n_dims)?;
                let deviation = scores.std_axis(Axis(0), 0.0).first().copied().unwrap_or_default();
                scores *= if deviation > 0.0 { SPREAD / deviation } else { 0.0 };
                noise *= SPREAD * JITTER;
                noise += &scores;
            }
        }
        Ok(noise)
    }
}
