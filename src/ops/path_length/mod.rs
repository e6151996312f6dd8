//! `path_length`: the summed path lengths of rows through a forest of isolation trees.
//!
//! For row `x` the result is `Σ_t leaf_t(x)`, where `leaf_t(x) = round(2²⁰ (depth + c(n_leaf)))` is a fixed-point
//! integer (Liu, Ting & Zhou 2008, eq. 1 and the external-node adjustment of Algorithm 3). A node sends `x` to the left
//! iff `x[feature] <= threshold` (f32 comparison; NaN goes right, −0 equals 0). Everything is integers after one ranking
//! of each value among its feature's thresholds, so every body gives the same bits in any order of rows and trees.

mod forest;

pub use forest::{Forest, Node, Tree, average_path_length, leaf_path};

use crate::device::Device;
use crate::{Error, Result};
use ndarray::ArrayView2;

/// Fixed-point scale of a leaf: a path length of 1 is 2²⁰.
pub const LEAF_ONE: u64 = 1 << 20;

/// A forest made ready on a device; shared by threads.
pub struct PathLength {}

impl PathLength {
    /// Prepares `forest` on `device`, for batches of up to `max_rows` rows (larger ones are split).
    pub fn prepare(_forest: &Forest, _device: &Device, _max_rows: usize) -> Result<Self> {
        Err(Error::Device("not built yet".into()))
    }

    /// Path-length sums in units of 2⁻²⁰, one a row of `rows` (`n_rows × n_features`).
    pub fn sums(&self, _rows: ArrayView2<'_, f32>) -> Result<Vec<u64>> {
        Err(Error::Device("not built yet".into()))
    }
}
