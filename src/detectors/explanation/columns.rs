//! From features back to the columns that they were made of.

use crate::{Error, Result};

/// Which column each feature was made of, and what a typical row has.
#[derive(Debug, Clone, PartialEq)]
pub struct Columns {
    n_columns: usize,
    of_feature: Vec<usize>,
    typical: Vec<f32>,
}

impl Columns {
    /// `of_feature`: each feature's column, below `n_columns`. `typical`: each feature's value in a typical row, with
    /// which a one-class SVM compares.
    ///
    /// # Errors
    /// If the lengths differ, a column is out of range, or a typical value is not finite.
    pub fn new(n_columns: usize, of_feature: Vec<usize>, typical: Vec<f32>) -> Result<Self> {
        if typical.len() != of_feature.len() {
            let limit = format!("each of {} features has one", of_feature.len());
            return Err(Error::parameter("typical values", typical.len(), limit));
        }
        if let Some(column) = of_feature.iter().find(|&&column| column >= n_columns) {
            return Err(Error::parameter("column of a feature", column, format!("it must be below {n_columns}")));
        }
        if let Some(value) = typical.iter().find(|value| !value.is_finite()) {
            return Err(Error::parameter("typical value", value, "it must be finite"));
        }
        Ok(Self { n_columns, of_feature, typical })
    }

    /// Columns.
    pub fn n_columns(&self) -> usize {
        self.n_columns
    }

    /// Features.
    pub fn n_features(&self) -> usize {
        self.of_feature.len()
    }

    /// Each feature's column.
    pub fn of_feature(&self) -> &[usize] {
        &self.of_feature
    }

    /// Each feature's value in a typical row.
    pub fn typical(&self) -> &[f32] {
        &self.typical
    }

    /// Sums what features have to their columns.
    pub(super) fn sum(&self, of_features: &[f64]) -> Vec<f64> {
        let mut sums = vec![0.0; self.n_columns];
        for (&column, value) in self.of_feature.iter().zip(of_features) {
            if let Some(sum) = sums.get_mut(column) {
                *sum += value;
            }
        }
        sums
    }
}
