//! Isolation forest: Liu, Ting & Zhou, "Isolation Forest" (ICDM 2008) and "Isolation-Based Anomaly Detection" (TKDD 2012),
//! with scikit-learn's conventions.
//!
//! Each tree splits a small sample of rows by random features at random thresholds until rows are alone. Anomalies are
//! few and different, hence alone after few splits: the score is `2^(−E / c(ψ))`, where `E` is a row's mean path length
//! over the trees and `c(ψ)` that of an unsuccessful search among `ψ` (= `sample_size`) rows.

mod grow;
#[cfg(test)]
mod tests;

use crate::features::math;
use crate::ops::path_length::{Forest, LEAF_ONE, average_path_length};
use crate::words::counted;
use crate::{Error, Result, Stop};
use ndarray::ArrayView2;
use serde::{Deserialize, Serialize};

/// The largest `sample_size`; trees gain nothing from more, and a tree's node indices stay small.
pub const MAX_SAMPLE_SIZE: usize = 65_536;

/// How a forest is fitted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct IsolationForestParams {
    /// Trees, at least 1. More make scores steadier: their spread between seeds falls with √n_trees.
    pub n_trees: usize,
    /// Rows each tree is grown from (ψ), drawn without replacement; 1 to [`MAX_SAMPLE_SIZE`]. With fewer rows than that,
    /// every tree takes them all.
    pub sample_size: usize,
    /// Features each tree may split by, drawn for each tree: up to 1 a share of them (rounded down, at least one), above
    /// 1 a whole number of them.
    pub max_features: f64,
    /// All randomness follows from it.
    pub seed: u64,
}

impl Default for IsolationForestParams {
    fn default() -> Self {
        Self { n_trees: 100, sample_size: 256, max_features: 1.0, seed: 0 }
    }
}

impl IsolationForestParams {
    /// Checks the ranges that do not depend on the rows.
    ///
    /// # Errors
    /// If a parameter is out of its range.
    pub fn check(&self) -> Result<()> {
        if self.n_trees == 0 || u32::try_from(self.n_trees).is_err() {
            return Err(Error::parameter(
                "n_trees",
                self.n_trees,
                "it must be at least 1 and below 2^32; 100 is usual",
            ));
        }
        if self.sample_size == 0 || self.sample_size > MAX_SAMPLE_SIZE {
            let limit = format!("it must be between 1 and {MAX_SAMPLE_SIZE}; 256 is usual");
            return Err(Error::parameter("sample_size", self.sample_size, limit));
        }
        if self.n_trees.saturating_mul(self.sample_size) > MAX_FOREST_ROWS {
            let most = MAX_FOREST_ROWS / self.sample_size;
            let limit =
                format!("with a sample size of {} it must be at most {most}: a model holds 4 GiB", self.sample_size);
            return Err(Error::parameter("n_trees", self.n_trees, limit));
        }
        let m = self.max_features;
        if !(m > 0.0 && m.is_finite() && (m <= 1.0 || m.fract() == 0.0)) {
            let limit = "it must be a share in (0, 1] or a whole number of features above 1; 1.0 takes all";
            return Err(Error::parameter("max_features", m, limit));
        }
        Ok(())
    }

    /// Features a tree may split by, of `n_features`.
    fn features_per_tree(&self, n_features: usize) -> Result<usize> {
        if self.max_features <= 1.0 {
            return Ok(((self.max_features * n_features as f64) as usize).max(1).min(n_features));
        }
        if self.max_features > n_features as f64 {
            let features = counted(n_features, "feature");
            let limit = format!("the rows have {features}; give at most that many, or a share such as 0.5");
            return Err(Error::parameter("max_features", self.max_features, limit));
        }
        Ok(self.max_features as usize)
    }
}

/// Most rows that all trees together may be built on: 2,000 trees of 65,536 rows, or half a million of 256. About the
/// largest forest that a model file can hold.
const MAX_FOREST_ROWS: usize = 1 << 27;

/// A fitted isolation forest.
#[derive(Debug, Clone, PartialEq)]
pub struct IsolationForest {
    forest: Forest,
    sample_size: usize,
    params: IsolationForestParams,
    /// c(ψ) of all trees, in units of 2⁻²⁰: the sum of a row of average depth.
    usual_sum: f64,
}

impl IsolationForest {
    /// Fits a forest to `rows` (`n_rows × n_features`) on the current rayon pool. The result depends on the rows, their
    /// order and `params` alone. Costs `O(n_trees ψ (n_features + log ψ))`, whatever `n_rows`.
    ///
    /// # Errors
    /// If there are no rows or no features, a parameter is out of its range, or a row that was drawn holds a value that
    /// is not finite.
    pub fn fit(rows: ArrayView2<'_, f32>, params: &IsolationForestParams) -> Result<Self> {
        Self::fit_until(rows, params, &Stop::new())
    }

    /// The same, given up when `stop` is requested.
    ///
    /// # Errors
    /// As [`IsolationForest::fit`], and [`Error::Interrupted`].
    pub fn fit_until(rows: ArrayView2<'_, f32>, params: &IsolationForestParams, stop: &Stop) -> Result<Self> {
        params.check()?;
        let (n_rows, n_features) = rows.dim();
        if n_rows == 0 {
            return Err(Error::parameter("n_rows", 0, "an isolation forest needs at least one row to fit"));
        }
        if n_features == 0 {
            return Err(Error::parameter(
                "n_features",
                0,
                "an isolation forest needs at least one feature to split by",
            ));
        }
        let sample_size = params.sample_size.min(n_rows);
        let trees = grow::trees(rows, sample_size, params.features_per_tree(n_features)?, params, stop)?;
        Self::from_parts(Forest::new(n_features, trees)?, sample_size, params.clone())
    }

    /// Puts a forest together that was fitted before, or elsewhere.
    ///
    /// # Errors
    /// If a parameter is out of its range, the forest has no tree, or it was not fitted with these parameters.
    pub fn from_parts(forest: Forest, sample_size: usize, params: IsolationForestParams) -> Result<Self> {
        params.check()?;
        if forest.trees().len() != params.n_trees {
            let limit = format!("the forest has {}; they must agree", counted(forest.trees().len(), "tree"));
            return Err(Error::parameter("n_trees", params.n_trees, limit));
        }
        if sample_size == 0 || sample_size > params.sample_size {
            let limit = format!("it must be between 1 and the sample_size asked for, {}", params.sample_size);
            return Err(Error::parameter("sample_size of the forest", sample_size, limit));
        }
        let units = forest.trees().len() as u64 * LEAF_ONE;
        let usual_sum = average_path_length(sample_size as u64) * units as f64;
        Ok(Self { forest, sample_size, params, usual_sum })
    }

    /// The trees, as the operation `path_length` takes them.
    pub fn forest(&self) -> &Forest {
        &self.forest
    }

    /// Rows each tree was grown from: `params().sample_size`, or all there were.
    pub fn sample_size(&self) -> usize {
        self.sample_size
    }

    /// What it was fitted with.
    pub fn params(&self) -> &IsolationForestParams {
        &self.params
    }

    /// The anomaly score of a row whose path lengths sum to `sum` (units of 2⁻²⁰): `2^(−E / c(ψ))`, in (0, 1], larger =
    /// more anomalous; 0.5 is a row of average depth. Where c(ψ) = 0 (ψ = 1) every row scores 0.5, as in scikit-learn.
    pub fn score_of_sum(&self, sum: u64) -> f64 {
        if self.usual_sum == 0.0 { 0.5 } else { math::exp2(-(sum as f64) / self.usual_sum) }
    }
}
