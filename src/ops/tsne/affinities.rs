//! Which points attract each other, and how much.

use crate::{Error, Result};

/// A sparse, symmetric matrix of joint probabilities by rows (CSR): all of it sums to 1, and nothing is on the diagonal.
#[derive(Debug, Clone, PartialEq)]
pub struct Affinities<F = f64> {
    offsets: Vec<usize>,
    columns: Vec<u32>,
    values: Vec<F>,
}

impl Affinities {
    /// From the rows' ends: row i is `offsets[i]..offsets[i + 1]` of `columns` (j) and `values` (p_ij).
    ///
    /// # Errors
    /// Offsets that do not rise from 0 to the number of values, columns that are no rows, values below 0 or not finite.
    pub fn new(offsets: Vec<usize>, columns: Vec<u32>, values: Vec<f64>) -> Result<Self> {
        let rises = offsets.first() == Some(&0) && offsets.is_sorted() && offsets.last() == Some(&columns.len());
        if !rises || columns.len() != values.len() {
            let what = format!(
                "affinities of {} columns and {} values whose rows do not end there",
                columns.len(),
                values.len()
            );
            return Err(Error::Internal(what));
        }
        let n_rows = offsets.len() - 1;
        if let Some(&column) = columns.iter().find(|&&column| column as usize >= n_rows) {
            return Err(Error::parameter("column of an affinity", column, format!("there are {n_rows} rows")));
        }
        if let Some(&value) = values.iter().find(|&&value| !(value >= 0.0 && value.is_finite())) {
            return Err(Error::parameter("affinity", value, "it must be finite and not below 0"));
        }
        Ok(Self { offsets, columns, values })
    }

    /// In another precision.
    pub(super) fn map<F>(self, mut value: impl FnMut(f64) -> F) -> Affinities<F> {
        let values = self.values.into_iter().map(&mut value).collect();
        Affinities { offsets: self.offsets, columns: self.columns, values }
    }
}

impl<F> Affinities<F> {
    /// Rows, and columns.
    pub fn n_rows(&self) -> usize {
        self.offsets.len().saturating_sub(1)
    }

    /// A row's columns j, and p_ij of each; empty for a row there is not.
    pub fn row(&self, row: usize) -> (&[u32], &[F]) {
        match (self.offsets.get(row), self.offsets.get(row + 1)) {
            (Some(&from), Some(&to)) => {
                (self.columns.get(from..to).unwrap_or_default(), self.values.get(from..to).unwrap_or_default())
            }
            _ => (&[], &[]),
        }
    }

    /// Where each row begins, and the last one ends.
    pub fn offsets(&self) -> &[usize] {
        &self.offsets
    }

    /// Of all rows, one after the other.
    pub fn columns(&self) -> &[u32] {
        &self.columns
    }

    /// Of all rows, one after the other.
    pub fn values(&self) -> &[F] {
        &self.values
    }
}
