//! Which detector to fit, with what parameters.

use super::{Detector, IsolationForest, IsolationForestParams};
use crate::{Result, Stop};
use ndarray::ArrayView2;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A detector's parameters before it is fitted.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DetectorParams {
    /// Liu, Ting & Zhou 2008.
    IsolationForest(IsolationForestParams),
}

impl Detector {
    /// Fits a detector on `rows` (`n_rows × n_features`).
    ///
    /// # Errors
    /// If a parameter is out of range, or the rows cannot be fitted on.
    pub fn fit(rows: ArrayView2<'_, f32>, params: &DetectorParams) -> Result<Self> {
        Self::fit_until(rows, params, &Stop::new())
    }

    /// The same, given up when `stop` is requested.
    ///
    /// # Errors
    /// As [`Detector::fit`], and [`crate::Error::Interrupted`].
    pub fn fit_until(rows: ArrayView2<'_, f32>, params: &DetectorParams, stop: &Stop) -> Result<Self> {
        match params {
            DetectorParams::IsolationForest(params) => IsolationForest::fit_until(rows, params, stop).map(Self::from),
        }
    }

    /// The parameters it was fitted with.
    pub fn params(&self) -> DetectorParams {
        match self {
            Self::IsolationForest(forest) => DetectorParams::IsolationForest(forest.params().clone()),
        }
    }
}

impl fmt::Display for DetectorParams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::IsolationForest(p) => {
                write!(f, "isolation forest, {} trees of {} rows, seed {}", p.n_trees, p.sample_size, p.seed)
            }
        }
    }
}
