//! Where a layout starts: at the graph's spectrum, or at principal components.

use crate::Result;
use crate::embedding::normal::normal;
use crate::embedding::pca::pca;
use crate::embedding::spectral::{is_connected, spectrum};
use crate::ops::umap::Graph;
use ndarray::{Array2, ArrayView2, Axis};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// Coordinates start within ± this.
const EXTENT: f64 = 10.0;
/// Noise by which equal rows part.
const NOISE: f64 = 1e-4;
/// The stream of random numbers of starts.
const STREAM: u64 = 0x756d_6170;

/// Where a layout starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Start {
    /// At the eigenvectors of the smallest eigenvalues, but the first, of the graph's normalised Laplacian; at principal
    /// components where the graph falls into parts.
    #[default]
    Spectral,
    /// At principal components.
    Pca,
}

impl Start {
    /// `n_rows × n_dims` points in 0..10, and whether they are principal components.
    ///
    /// # Errors
    /// As [`pca`].
    pub(super) fn points(
        self,
        rows: ArrayView2<'_, f32>,
        graph: &Graph,
        n_dims: usize,
        seed: u64,
    ) -> Result<(Array2<f32>, bool)> {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        random.set_stream(STREAM);
        let by_pca = self == Self::Pca || !is_connected(graph) || rows.nrows() <= n_dims + 1;
        let mut points = if by_pca { pca(rows, n_dims)? } else { spectrum(graph, n_dims, &mut random) };
        let largest = points.iter().fold(0f64, |largest, x| largest.max(x.abs()));
        points *= if largest > 0.0 { EXTENT / largest } else { 0.0 };
        points.mapv_inplace(|x| x + NOISE * normal(&mut random));
        for mut axis in points.axis_iter_mut(Axis(1)) {
            let (low, high) = axis.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), &x| (l.min(x), h.max(x)));
            axis.mapv_inplace(|x| if high > low { EXTENT * (x - low) / (high - low) } else { 0.0 });
        }
        Ok((points.mapv(|x| x as f32), by_pca))
    }
}
