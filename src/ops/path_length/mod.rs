//! `path_length`: the summed path lengths of rows through a forest of isolation trees.
//!
//! # Contract
//! Given a [`Forest`] of `n_trees` trees over `n_features` features and a matrix of `n_rows × n_features` f32, the result
//! has one `u64` a row:
//!
//! ```text
//! sums[i] = Σ_t leaf_t(x_i),   leaf_t(x) = round(2²⁰ (depth + c(n)))
//! ```
//!
//! for the leaf of tree `t` that `x` ends in, its depth and the number `n` of training rows in it: the path length of Liu,
//! Ting & Zhou, "Isolation Forest" (ICDM 2008), Algorithm 3 with c(n) of eq. 1, as a fixed-point integer
//! ([`LEAF_ONE`] is 1). The mean path length is `sums[i] / (2²⁰ n_trees)`.
//!
//! - A node sends `x` to the left iff `x[feature] <= threshold`, compared as f32. Thresholds are finite. Hence a value
//!   equal to the threshold goes left, −0 equals 0, subnormals count, ±∞ are ordinary, and **NaN goes right** everywhere.
//! - A leaf is below 2²⁷, so u32 overflows after 32 trees: bodies carry into 64 bits. Sums never overflow.
//! - No rows give no sums; a forest without trees gives zeros; a tree may be one leaf. `n_features` may be 0 if no node
//!   compares anything.
//! - A matrix with another number of columns is an error. Views of any strides are accepted.
//!
//! # Agreement
//! **Exact.** Each value is replaced by its rank among its feature's thresholds, a count that involves no rounding
//! (`ranks`), or by its bits as an integer that orders as floats do (large trees on a GPU); all else is integer comparisons
//! and integer sums, which have no order. So the bits are the same for every device, body, instruction set, thread count,
//! split into batches and order of trees.

mod bench;
mod cpu;
mod forest;
mod gpu;
mod ranks;
#[cfg(test)]
mod tests;

pub use forest::{Forest, Node, Tree, average_path_length, leaf_path};
pub use gpu::{Fenced, PathLengthGpu};

use super::Operation;
use crate::device::{AdapterReport, Device};
use crate::{Error, Result};
use ndarray::ArrayView2;
use ranks::Ranks;

/// Fixed-point scale of a leaf: a path length of 1 is 2²⁰.
pub const LEAF_ONE: u64 = 1 << 20;

/// On the list of operations.
pub(super) const OPERATION: Operation =
    Operation { name: "path_length", kernels: gpu::KERNELS, shortfall: AdapterReport::shortfall, cases: bench::cases };

/// A forest made ready on a device; shared by threads.
#[derive(Debug)]
pub struct PathLength {
    n_features: usize,
    body: Body,
}

#[derive(Debug)]
enum Body {
    Cpu(cpu::PathLengthCpu),
    Gpu(PathLengthGpu),
}

impl PathLength {
    /// Prepares `forest` on `device`, for batches of up to `max_rows` rows (larger ones are split).
    ///
    /// # Errors
    /// If the forest does not fit the device. The CPU takes every forest.
    pub fn prepare(forest: &Forest, device: &Device, max_rows: usize) -> Result<Self> {
        let body = match device {
            Device::Cpu => Body::Cpu(cpu::PathLengthCpu::prepare(forest)),
            Device::Gpu(gpu) => Body::Gpu(PathLengthGpu::prepare(forest, gpu, max_rows)?),
        };
        Ok(Self { n_features: forest.n_features(), body })
    }

    /// Path-length sums in units of 2⁻²⁰, one a row of `rows` (`n_rows × n_features`). The CPU body runs on the current
    /// rayon pool.
    ///
    /// # Errors
    /// If `rows` has not the forest's number of columns, or the device fails.
    pub fn sums(&self, rows: ArrayView2<'_, f32>) -> Result<Vec<u64>> {
        if rows.ncols() != self.n_features {
            let limit = format!("the forest was fitted on {}; give the rows the same columns", self.n_features);
            return Err(Error::parameter("n_features of the rows", rows.ncols(), limit));
        }
        match &self.body {
            Body::Cpu(body) => Ok(body.sums(rows)),
            Body::Gpu(body) => body.sums(rows),
        }
    }

    /// The GPU body, where that is the one prepared: its timings, counters and largest batch.
    pub fn gpu(&self) -> Option<&PathLengthGpu> {
        match &self.body {
            Body::Cpu(_) => None,
            Body::Gpu(body) => Some(body),
        }
    }
}
