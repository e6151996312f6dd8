//! Reference rows with exact duplicates collapsed.

use crate::{Error, Result};
use foldhash::fast::FixedState;
use ndarray::ArrayView2;
use rayon::prelude::*;
use std::hash::BuildHasher;

/// Distinct reference rows, and the records of each.
#[derive(Debug)]
pub(super) struct References {
    n_rows: usize,
    n_features: usize,
    /// Row-major.
    unique: Vec<f32>,
    /// `members[starts[u]..starts[u + 1]]` are the records of distinct row `u`, ascending.
    starts: Vec<u32>,
    members: Vec<u32>,
}

impl References {
    /// # Errors
    /// If there are no rows or too many to number, or a value is not finite.
    pub fn new(rows: ArrayView2<'_, f32>) -> Result<Self> {
        let (n_rows, n_features) = rows.dim();
        if n_rows == 0 || n_rows >= u32::MAX as usize {
            return Err(Error::parameter("reference rows", n_rows, "there must be at least 1 and fewer than 2^32 - 1"));
        }
        if n_features == 0 {
            return Err(Error::parameter("n_features", 0, "there must be at least one to measure distances by"));
        }
        let values = compact(rows, "reference")?;
        let row = |index: u32| row_of(&values, n_features, index as usize);
        let hasher = FixedState::default();
        let hash = |index: u32| hasher.hash_one(bytemuck::cast_slice::<f32, u8>(row(index)));
        let mut order: Vec<(u64, u32)> = (0..n_rows as u32).into_par_iter().map(|index| (hash(index), index)).collect();
        // By hash, then by content (distinct rows may share a hash), then by record.
        let bits = |index: u32| row(index).iter().map(|value| value.to_bits());
        order.par_sort_unstable_by(|a, b| {
            a.0.cmp(&b.0).then_with(|| bits(a.1).cmp(bits(b.1))).then_with(|| a.1.cmp(&b.1))
        });
        let runs: Vec<&[(u64, u32)]> = order.chunk_by(|a, b| a.0 == b.0 && row(a.1) == row(b.1)).collect();
        let mut by_first = runs;
        by_first.par_sort_unstable_by_key(|run| run.first().map(|entry| entry.1));
        let mut references =
            Self { n_rows, n_features, unique: Vec::new(), starts: vec![0], members: Vec::with_capacity(n_rows) };
        references.unique.reserve_exact(by_first.len() * n_features);
        for run in by_first {
            references.members.extend(run.iter().map(|entry| entry.1));
            references.starts.push(references.members.len() as u32);
            references.unique.extend_from_slice(run.first().map_or(&[], |entry| row(entry.1)));
        }
        Ok(references)
    }

    /// Puts the distinct rows in another order: `order[new] = old`, a permutation.
    pub fn reorder(&mut self, order: &[u32]) {
        let mut unique = Vec::with_capacity(self.unique.len());
        let (mut starts, mut members) = (vec![0], Vec::with_capacity(self.n_rows));
        for &old in order {
            unique.extend_from_slice(self.unique(old));
            members.extend_from_slice(self.members(old));
            starts.push(members.len() as u32);
        }
        (self.unique, self.starts, self.members) = (unique, starts, members);
    }

    /// Records.
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    pub fn n_features(&self) -> usize {
        self.n_features
    }

    /// Distinct rows.
    pub fn n_unique(&self) -> usize {
        self.starts.len() - 1
    }

    /// All distinct rows, row-major.
    pub fn values(&self) -> &[f32] {
        &self.unique
    }

    /// A distinct row.
    #[inline]
    pub fn unique(&self, row: u32) -> &[f32] {
        row_of(&self.unique, self.n_features, row as usize)
    }

    /// The records of a distinct row, ascending; at least one.
    #[inline]
    pub fn members(&self, row: u32) -> &[u32] {
        let at = |i: usize| self.starts.get(i).map_or(0, |&start| start as usize);
        self.members.get(at(row as usize)..at(row as usize + 1)).unwrap_or_default()
    }
}

/// Row `row` of row-major `values`; empty where there is none.
#[inline]
pub(super) fn row_of(values: &[f32], n_features: usize, row: usize) -> &[f32] {
    values.get(row * n_features..(row + 1) * n_features).unwrap_or_default()
}

/// Rows of any strides as row-major values without −0.
///
/// # Errors
/// Names the row and column of a value that is not finite.
pub(super) fn compact(rows: ArrayView2<'_, f32>, what: &str) -> Result<Vec<f32>> {
    let mut values = Vec::with_capacity(rows.len());
    match rows.as_slice() {
        Some(slice) => values.extend(slice.iter().map(|value| value + 0.0)),
        None => values.extend(rows.iter().map(|value| value + 0.0)),
    }
    match values.par_iter().position_first(|value| !value.is_finite()) {
        None => Ok(values),
        Some(at) => {
            let (row, column) = (at / rows.ncols(), at % rows.ncols());
            let met = values.get(at).copied().unwrap_or(f32::NAN);
            let limit = "distances need finite values: impute or drop the row";
            Err(Error::parameter(format!("{what} row {row}, column {column}"), met, limit))
        }
    }
}
