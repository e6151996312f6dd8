//! Sums of an expansion, rows on all threads.

#[cfg(target_arch = "x86_64")]
use super::avx2::Avx2;
use super::kernel::{Kernel, Portable};
use super::pack::{self, blocks};
use super::{Group, Pair, ROWS, WIDTH};
use crate::ops::rbf::{BLOCK, Expansion};
use ndarray::{Array1, ArrayView1, ArrayView2, Axis};
use rayon::prelude::*;

/// Rows that a thread takes at once: with 40 features they and a block of vectors fit the first-level cache.
const TASK_ROWS: usize = 16 * ROWS;

/// An expansion made ready.
#[derive(Debug)]
pub(in super::super) struct RbfCpu {
    n_features: usize,
    blocks: Vec<Pair>,
    /// In the lanes of the blocks; 0 where there is no vector.
    coefficients: Vec<Pair>,
    scale: f32,
    /// The sum of every row where there are no features.
    constant: f64,
}

impl RbfCpu {
    pub fn prepare(expansion: &Expansion) -> Self {
        let rounded: Array1<f32> = expansion.coefficients().iter().map(|&a| a as f32).collect();
        Self {
            n_features: expansion.n_features(),
            blocks: blocks(expansion.vectors()),
            coefficients: blocks(rounded.view().insert_axis(Axis(1))),
            scale: scale(expansion.gamma()),
            constant: expansion.coefficients().iter().sum(),
        }
    }

    /// One sum a row.
    pub fn sums(&self, rows: ArrayView2<'_, f32>) -> Vec<f64> {
        #[cfg(target_arch = "x86_64")]
        if Avx2::is_available() {
            return self.sums_by::<Avx2>(rows);
        }
        self.sums_by::<Portable>(rows)
    }

    /// The same with the given kernel.
    pub fn sums_by<K: Kernel>(&self, rows: ArrayView2<'_, f32>) -> Vec<f64> {
        let mut sums = vec![self.constant; rows.nrows()];
        if self.n_features == 0 {
            return sums;
        }
        if self.blocks.is_empty() {
            let of_row = |row: ArrayView1<'_, f32>| if row.iter().any(|x| x.is_nan()) { f64::NAN } else { 0.0 };
            sums.iter_mut().zip(rows.outer_iter()).for_each(|(sum, row)| *sum = of_row(row));
            return sums;
        }
        sums.par_chunks_mut(TASK_ROWS).enumerate().for_each_init(Scratch::default, |scratch, (task, sums)| {
            let rows = rows.slice_axis(Axis(0), (task * TASK_ROWS..task * TASK_ROWS + sums.len()).into());
            self.task::<K>(rows, scratch, sums);
        });
        sums
    }

    fn task<K: Kernel>(&self, rows: ArrayView2<'_, f32>, scratch: &mut Scratch, sums: &mut [f64]) {
        scratch.values.clear();
        scratch.values.extend(rows.iter());
        scratch.groups.clear();
        for rows in scratch.values.chunks(ROWS * self.n_features) {
            pack::group(rows.chunks(self.n_features), self.n_features, &mut scratch.groups);
        }
        scratch.sums.clear();
        scratch.sums.resize(sums.len().div_ceil(ROWS), [[0.0; 8]; ROWS]);
        let per_call = BLOCK / WIDTH;
        let parts = self.blocks.chunks(per_call * self.n_features).zip(self.coefficients.chunks(per_call));
        for (blocks, coefficients) in parts {
            for (group, sums) in scratch.groups.chunks(self.n_features).zip(&mut scratch.sums) {
                K::expand(blocks, coefficients, group, self.scale, sums);
            }
        }
        for (sum, lanes) in sums.iter_mut().zip(scratch.sums.iter().flatten()) {
            *sum = lanes.iter().sum();
        }
    }
}

/// −γ log₂e, by which a squared distance becomes the exponent of 2.
pub(super) fn scale(gamma: f64) -> f32 {
    (-gamma * std::f64::consts::LOG2_E) as f32
}

/// What a thread works with.
#[derive(Default)]
struct Scratch {
    values: Vec<f32>,
    /// [group][feature].
    groups: Vec<Group>,
    sums: Vec<[[f64; 8]; ROWS]>,
}
