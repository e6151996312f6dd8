//! Explanation: what each column of a row adds to its being odd.
//!
//! For every detector one quantity is split into a base and a contribution of each column, exactly:
//!
//! ```text
//! value(x) = base + Σ_c contribution_c(x)          larger = more anomalous, in value and contributions
//! ```
//!
//! | detector | value | base | contributions |
//! |---|---|---|---|
//! | isolation forest | −E(x), E the mean path length in splits | −E of the training rows | [`Method::Exact`]: Shapley values; [`Method::Path`]: the changes along the row's own paths |
//! | nearest neighbours | the score, a distance | 0 | each distance d counts Σ_j δ_j² / d: the part of the columns in its square |
//! | local outlier factor | the score | 1, as dense as the neighbours | (score − 1) × the part of the columns in the mean distance to the neighbours |
//! | one-class SVM | the score, ρ − Σ α K | the score of the typical row | Shapley values of the columns against the typical row |
//! | ensemble | the score, the mean of −ln(1 − severity) of its members | the same of the members' bases | each member's, times one number a row: they sum to its part of the score less its part at the base |
//!
//! The score of a forest follows from its value alone: 2^(value / c(ψ)), so contributions of columns multiply the score by
//! 2^(contribution / c(ψ)). Features are summed back to the columns that they were made of ([`Columns`]): one-hot
//! indicators, rarities and indicators of missing values. What a row's contributions are depends on the row alone: not on
//! batches, threads or devices (on a GPU neighbours are found there; their lists are the same).

mod columns;
mod ensemble;
mod forest;
mod kernel;
mod neighbors;
mod quadrature;
#[cfg(test)]
mod tests;

pub use columns::Columns;

use super::Detector;
use crate::device::Device;
use crate::ops::neighbors::{Neighbors, Queries, Watch};
use crate::words::counted;
use crate::{Error, Result, Stop};
use ensemble::EnsembleTerms;
use forest::ForestPaths;
use kernel::KernelTerms;
use ndarray::ArrayView2;
use rayon::prelude::*;
use std::sync::Arc;

/// Rows that are explained together.
const BLOCK: usize = 32;

/// How a forest is explained; other detectors have one way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Method {
    /// Shapley values: Lundberg & Lee, "A Unified Approach to Interpreting Model Predictions" (NeurIPS 2017), of trees
    /// after Lundberg et al., "From Local Explanations to Global Understanding with Explainable AI for Trees" (Nature
    /// Machine Intelligence 2020), path-dependent: where a column is not known, a row goes both ways, in proportion to the
    /// training rows that did.
    #[default]
    Exact,
    /// The change of the expected path length at each split that the row itself meets (Saabas, "Interpreting random
    /// forests", 2014): some hundred times cheaper, and biased towards splits near the leaves.
    Path,
}

/// A row's value and where it comes from.
#[derive(Debug, Clone, PartialEq)]
pub struct Explained {
    /// What a row of which nothing is known has.
    pub base: f64,
    /// One contribution a column, in the order of [`Columns`]; above 0 where it makes the row odder.
    pub contributions: Vec<f64>,
}

impl Explained {
    /// The base with all contributions: what the detector says of the row.
    pub fn value(&self) -> f64 {
        self.base + self.contributions.iter().sum::<f64>()
    }
}

/// A detector made ready to explain rows; shared by threads.
pub struct Explainer {
    columns: Columns,
    detector: Detector,
    body: Body,
    stop: Stop,
}

enum Body {
    Forest(ForestPaths, Method),
    Neighbors(Arc<Neighbors>),
    Kernel(KernelTerms),
    Ensemble(EnsembleTerms),
}

impl Detector {
    /// Makes the detector ready to explain rows by `columns`. Neighbours are searched on `device`, all else is done on the
    /// CPU.
    ///
    /// # Errors
    /// If `columns` has not the detector's features, the device cannot take the references, or a tree is deeper than 64
    /// (a fit gives at most 16).
    pub fn explainer(&self, columns: &Columns, method: Method, device: &Device) -> Result<Explainer> {
        if columns.n_features() != self.n_features() {
            let limit = format!("the detector takes {}; they must agree", counted(self.n_features(), "feature"));
            return Err(Error::parameter("n_features of the columns", columns.n_features(), limit));
        }
        let body = match self {
            Self::IsolationForest(forest) => Body::Forest(ForestPaths::new(forest.forest())?, method),
            Self::LocalOutlierFactor(detector) => Body::Neighbors(detector.prepare(device)?),
            Self::NearestNeighbors(detector) => Body::Neighbors(detector.prepare(device)?),
            Self::OneClassSvm(machine) => Body::Kernel(KernelTerms::new(machine, columns)),
            Self::Ensemble(ensemble) => Body::Ensemble(EnsembleTerms::new(ensemble, columns, method, device)?),
        };
        Ok(Explainer { columns: columns.clone(), detector: self.clone(), body, stop: Stop::new() })
    }

    /// What [`Explained::value`] is, in words.
    pub fn explained_quantity(&self) -> &'static str {
        match self {
            Self::IsolationForest(_) => "minus the mean path length, in splits",
            Self::LocalOutlierFactor(_) => "the local outlier factor",
            Self::NearestNeighbors(_) => "the distance to the neighbours",
            Self::OneClassSvm(_) => "the offset less the kernel sum",
            Self::Ensemble(_) => "the mean of -ln(1 - severity) of the members",
        }
    }
}

impl Explainer {
    /// The same, giving up when `stop` is requested.
    pub fn until(self, stop: &Stop) -> Self {
        let body = match self.body {
            Body::Ensemble(terms) => Body::Ensemble(terms.until(stop)),
            body => body,
        };
        Self { stop: stop.clone(), body, ..self }
    }

    /// The columns that contributions are of.
    pub fn columns(&self) -> &Columns {
        &self.columns
    }

    /// Explains each row of `rows` (`n_rows × n_features`, finite). `excluded` names for a row the reference that it may
    /// not find: a training row's own; empty: none.
    ///
    /// # Errors
    /// If the rows have another number of features, a value is not finite where distances need it, the device fails, or a
    /// stop was asked for.
    pub fn explain(&self, rows: ArrayView2<'_, f32>, excluded: &[Option<u32>]) -> Result<Vec<Explained>> {
        if rows.ncols() != self.columns.n_features() {
            let limit = format!("this model takes {}", counted(self.columns.n_features(), "feature"));
            return Err(Error::parameter("n_features", rows.ncols(), limit));
        }
        if rows.nrows() == 0 {
            return Ok(Vec::new());
        }
        match &self.body {
            Body::Forest(paths, method) => self.each_block(rows, |block| self.of_forest(paths, *method, block)),
            Body::Kernel(terms) => self.each_block(rows, |block| {
                block.chunks_exact(rows.ncols().max(1)).map(|row| terms.explain(row)).collect()
            }),
            Body::Ensemble(terms) => terms.explain(rows, excluded, self.columns.n_columns()),
            Body::Neighbors(neighbors) => {
                let queries = if excluded.is_empty() { Queries::new(rows) } else { Queries::excluding(rows, excluded) };
                neighbors::explain(&self.detector, neighbors, queries, rows, &self.columns, Watch::stop(&self.stop))
            }
        }
    }

    fn each_block(
        &self,
        rows: ArrayView2<'_, f32>,
        explain: impl Fn(&[f32]) -> Vec<Explained> + Sync,
    ) -> Result<Vec<Explained>> {
        let rows = rows.as_standard_layout();
        let values = rows.as_slice().unwrap_or_default();
        let blocks: Result<Vec<Vec<Explained>>> = values
            .par_chunks(rows.ncols().max(1) * BLOCK)
            .map(|block| {
                self.stop.check()?;
                Ok(explain(block))
            })
            .collect();
        Ok(blocks?.into_iter().flatten().collect())
    }

    fn of_forest(&self, paths: &ForestPaths, method: Method, block: &[f32]) -> Vec<Explained> {
        let width = self.columns.n_features().max(1);
        let explained =
            |of_features: &[f64]| Explained { base: paths.base(), contributions: self.columns.sum(of_features) };
        match method {
            Method::Exact => paths.shapley(block).chunks_exact(width).map(explained).collect(),
            Method::Path => block.chunks_exact(width).map(|row| explained(&paths.along(row))).collect(),
        }
    }
}
