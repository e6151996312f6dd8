//! The fitted plan: which columns become which features. It is part of the model, in plain JSON.

mod fit;
mod notes;
mod options;

pub use options::{FeatureOptions, Scaling};

use super::categorical::CategoricalEncoder;
use super::numeric::NumericEncoder;
use super::roles::{ColumnRole, Role};
use crate::words::counted;
use crate::{Error, Result};
use arrow_array::RecordBatch;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// Features of one plan at most: far beyond any table, and few enough to allocate a row.
const MOST_FEATURES: usize = 1 << 20;

/// How rows of a table become rows of a matrix, fitted on a sample.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FeaturePlan {
    options: FeatureOptions,
    /// Rows of the sample it was fitted on.
    sample_rows: u64,
    columns: Vec<ColumnSummary>,
    encoders: Vec<ColumnEncoder>,
    notes: Vec<String>,
}

/// What became of an input column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnSummary {
    /// The column's name.
    pub name: String,
    /// Its Arrow type in the sample.
    pub data_type: String,
    /// Its role.
    pub role: Role,
    /// Why it has that role.
    pub reason: String,
    /// What was made of it, in words: `log1p, robust scaling; 1 feature`, `dropped: constant (0)`.
    pub outcome: String,
    /// How many features it gives.
    pub n_features: usize,
}

/// An input column's encoder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ColumnEncoder {
    Numeric(NumericEncoder),
    Categorical(CategoricalEncoder),
}

impl ColumnEncoder {
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Numeric(encoder) => &encoder.name,
            Self::Categorical(encoder) => &encoder.name,
        }
    }

    pub(super) fn n_features(&self) -> usize {
        match self {
            Self::Numeric(encoder) => encoder.n_features(),
            Self::Categorical(encoder) => encoder.n_features(),
        }
    }

    fn feature_names(&self) -> Vec<String> {
        match self {
            Self::Numeric(encoder) => encoder.feature_names(),
            Self::Categorical(encoder) => encoder.feature_names(),
        }
    }

    fn complaint(&self) -> Option<String> {
        match self {
            Self::Numeric(encoder) => encoder.complaint(),
            Self::Categorical(encoder) => encoder.complaint(),
        }
    }
}

impl FeaturePlan {
    /// Fits a plan on the rows of a sample, of which `roles` has one entry per column. The order of the rows does not
    /// matter; the order of the columns is the order of the features.
    ///
    /// # Errors
    /// [`Error::NoInput`] for a sample without rows, [`Error::Schema`] if no column gives a feature or `roles` does not fit
    /// the sample, [`Error::Parameter`] for options out of their range.
    pub fn fit(sample: &RecordBatch, roles: &[ColumnRole], options: &FeatureOptions) -> Result<Self> {
        fit::fit(sample, roles, options)
    }

    /// Columns of the matrix.
    pub fn n_features(&self) -> usize {
        self.encoders.iter().map(ColumnEncoder::n_features).sum()
    }

    /// Names of the matrix's columns: `duration`, `ln1p(src_bytes)`, `src_bytes is missing`, `service = http`,
    /// `rarity(service)`.
    pub fn feature_names(&self) -> Vec<String> {
        self.encoders.iter().flat_map(ColumnEncoder::feature_names).collect()
    }

    /// Every input column and what became of it, in the sample's order.
    pub fn columns(&self) -> &[ColumnSummary] {
        &self.columns
    }

    /// What a person should be told once.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The options it was fitted with.
    pub fn options(&self) -> &FeatureOptions {
        &self.options
    }

    /// Rows of the sample it was fitted on.
    pub fn sample_rows(&self) -> u64 {
        self.sample_rows
    }

    /// The columns whose values may be unseen in the sample: the categorical ones, in the order of the features.
    pub fn unseen_columns(&self) -> Vec<&str> {
        let categorical = |encoder: &&ColumnEncoder| matches!(encoder, ColumnEncoder::Categorical(_));
        self.encoders.iter().filter(categorical).map(ColumnEncoder::name).collect()
    }

    pub(super) fn encoders(&self) -> &[ColumnEncoder] {
        &self.encoders
    }

    /// Whether the plan, which may come from a file, is consistent.
    ///
    /// # Errors
    /// [`Error::Schema`] that says what is not: numbers that are not finite, counts that do not add up, encoders that are not
    /// the columns'.
    pub fn check(&self) -> Result<()> {
        self.options.check()?;
        let wrong = |what: String| Err(Error::Schema(format!("the feature plan is inconsistent: {what}")));
        if let Some(complaint) = self.encoders.iter().find_map(ColumnEncoder::complaint) {
            return wrong(complaint);
        }
        let n_features = self.encoders.iter().try_fold(0_usize, |sum, encoder| sum.checked_add(encoder.n_features()));
        if !n_features.is_some_and(|n| (1..=MOST_FEATURES).contains(&n)) {
            return wrong(format!(
                "it has {}; it must have 1 to {MOST_FEATURES}",
                counted(n_features.unwrap_or(usize::MAX), "feature")
            ));
        }
        let mut names = HashSet::with_capacity(self.columns.len());
        if let Some(again) = self.columns.iter().find(|column| !names.insert(column.name.as_str())) {
            return wrong(format!("column `{}` occurs twice", again.name));
        }
        let mut encoders = self.encoders.iter();
        for column in self.columns.iter().filter(|column| column.n_features > 0) {
            match encoders.next() {
                Some(encoder) if encoder.name() == column.name && encoder.n_features() == column.n_features => {}
                Some(encoder) => {
                    return wrong(format!("column `{}` meets the encoder of `{}`", column.name, encoder.name()));
                }
                None => return wrong(format!("column `{}` has no encoder", column.name)),
            }
        }
        if let Some(encoder) = encoders.next() {
            return wrong(format!("the encoder of `{}` belongs to no column", encoder.name()));
        }
        let of_the_sample = |encoder: &ColumnEncoder| match encoder {
            ColumnEncoder::Categorical(encoder) => encoder.sample_rows == self.sample_rows,
            ColumnEncoder::Numeric(_) => true,
        };
        match self.encoders.iter().find(|encoder| !of_the_sample(encoder)) {
            Some(encoder) => wrong(format!("column `{}` was fitted on another sample", encoder.name())),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
