//! `rbf`: sums of Gaussian kernels, K(x, y) = exp(−γ ‖x − y‖²).
//!
//! # Contract
//! Two uses of one kernel, over finite f32 rows of `n_features` values:
//!
//! - **Expansion** ([`Rbf`]): for `n_vectors` vectors s with coefficients a and any rows x, one f64 a row,
//!
//!   ```text
//!   sums[i] = Σ_v a_v K(x_i, s_v)
//!   ```
//!
//!   the decision function of a support vector machine without its offset (Schölkopf, Platt, Shawe-Taylor, Smola &
//!   Williamson 2001, eq. 10). The vectors are resident; rows are streamed.
//! - **Products** ([`TrainingRows`]): for a set of training rows and chosen ones among them, `sums[j] += Σ_i a_i K(x_i, x_j)`
//!   over the chosen i, which is all that a solver needs of the `n × n` kernel matrix; it never exists.
//!
//! γ is positive and finite, coefficients and vectors are finite; anything else is an error with its place. A row of an
//! expansion with a NaN gets NaN; a difference that is infinite, or whose square is, makes its kernel 0. No vectors give
//! sums of 0; no rows give no sums. Rows with another number of columns are an error.
//!
//! # Agreement
//! **Bounded.** With â the coefficients rounded to f32 and K̂ the kernel as computed, `|sums − exact| ≤` [`error_bound`]
//! `× Σ |a|`. Its parts, with u = 2⁻²⁴:
//! - squared distances are sums of f32 squares of f32 differences: off by at most (n + 2) u in relation to the distance,
//!   whatever their order and whether fused (Higham, *Accuracy and Stability of Numerical Algorithms*, §3.1). Since
//!   t exp(−t) ≤ 1/e, this moves a kernel by at most (n + 2) u / e, however far the rows. The form ‖x‖² + ‖y‖² − 2 x·y,
//!   whose error does not shrink with the distance, is not used: a difference is one operation more for a pair and a feature;
//! - the exponent −γ log₂e ‖x − y‖² is rounded, and so are γ log₂e and 2^t: the exponential's accuracy is stated where it
//!   is computed, on a GPU by WGSL's specification of `exp2`, 3 + 2 |t| units in the last place, which weigh most at t = 0;
//! - f32 sums in which a term goes through at most [`BLOCK`] roundings: on a CPU blocks of that many vectors, in their
//!   order; on a GPU up to 512 vectors as a tree of depth 48. The rest is f64, in the order of the vectors.
//!
//! Squares below f32's normal range may be lost: at most n γ 2⁻¹²⁴ of a kernel, nothing beside the rest while γ < 2⁹⁰.
//!
//! On a CPU the bits are the same for every instruction set, thread count and split into batches: all bodies fuse at the
//! same places and sum in the same order. On one GPU they are the same for every split into batches.

mod bench;
mod cpu;
mod expansion;
mod gpu;
mod training;

pub use expansion::{Expansion, Storage};
pub use gpu::{Fenced, Panel, ProductsGpu, RbfGpu};
pub use training::TrainingRows;

use super::Operation;
use crate::device::{AdapterReport, Device};
use crate::{Error, Result};
use ndarray::ArrayView2;

/// Roundings that a product goes through in f32 sums, at most; on a CPU, vectors whose products are summed in f32.
pub const BLOCK: usize = 64;

/// How far a kernel value may lie from the exact one, rows of `n_features` values: see the module's page.
pub fn error_bound(n_features: usize) -> f64 {
    let u = 2f64.powi(-24);
    // The distance; the rounded exponent and its factor (t exp(−t) ≤ 1/e again, twice); 2^t itself, on a GPU 3 + 2 |t|
    // units of 2u; a coefficient, and the sum over a block.
    let distance = (n_features as f64 + 2.0) / std::f64::consts::E;
    let exponential = 3.0 + 2.0 * (3.0 + 2.0);
    let block = 1.0 + BLOCK as f64;
    (distance + exponential + block) * u
}

/// On the list of operations.
pub(super) const OPERATION: Operation =
    Operation { name: "rbf", kernels: gpu::KERNELS, shortfall: AdapterReport::shortfall, cases: bench::cases };

/// An expansion made ready on a device; shared by threads.
#[derive(Debug)]
pub struct Rbf {
    n_features: usize,
    body: Body,
}

#[derive(Debug)]
enum Body {
    Cpu(cpu::RbfCpu),
    Gpu(Box<RbfGpu>),
}

impl Rbf {
    /// Prepares `expansion` on `device`, for batches of up to `max_rows` rows (larger ones are split).
    ///
    /// # Errors
    /// If the expansion does not fit the device. The CPU takes every expansion.
    pub fn prepare(expansion: &Expansion, device: &Device, max_rows: usize) -> Result<Self> {
        let body = match device {
            Device::Cpu => Body::Cpu(cpu::RbfCpu::prepare(expansion)),
            Device::Gpu(gpu) => Body::Gpu(Box::new(RbfGpu::prepare(expansion, gpu, max_rows)?)),
        };
        Ok(Self { n_features: expansion.n_features(), body })
    }

    /// One sum a row of `rows` (`n_rows × n_features`). The CPU body runs on the current rayon pool.
    ///
    /// # Errors
    /// If `rows` has not the expansion's number of columns, or the device fails.
    pub fn sums(&self, rows: ArrayView2<'_, f32>) -> Result<Vec<f64>> {
        if rows.ncols() != self.n_features {
            let limit = format!("the vectors have {}; give the rows the same columns", self.n_features);
            return Err(Error::parameter("n_features of the rows", rows.ncols(), limit));
        }
        match &self.body {
            Body::Cpu(body) => Ok(body.sums(rows)),
            Body::Gpu(body) => body.sums(rows),
        }
    }

    /// The GPU body, where that is the one prepared: its timings, counters and largest batch.
    pub fn gpu(&self) -> Option<&RbfGpu> {
        match &self.body {
            Body::Cpu(_) => None,
            Body::Gpu(body) => Some(body),
        }
    }
}
