//! Detectors, severity, thresholds and measures of quality. A larger score is more anomalous, everywhere.
//!
//! A [`Detector`] is fitted on a dense matrix and knows nothing of flows. Its [`Scorer`] is the detector made ready on
//! one device; [`Severity`] puts the scores of all detectors on one scale; a [`Threshold`] turns a score into a verdict;
//! [`Ranking`] measures verdicts and scores against labels.

mod isolation_forest;
mod order;
mod params;
mod quality;
mod severity;
mod threshold;

pub use isolation_forest::{IsolationForest, IsolationForestParams, MAX_SAMPLE_SIZE};
pub use params::DetectorParams;
pub use quality::{Quality, Ranking};
pub use severity::{Severity, SeverityRow};
pub use threshold::{HIGH_PRECISION, HIGH_RECALL, Threshold, ThresholdRule};

use crate::device::Device;
use crate::ops::path_length::PathLength;
use crate::{Error, Result};
use ndarray::ArrayView2;
use rayon::prelude::*;
use std::sync::Arc;

/// A fitted detector.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Detector {
    /// Liu, Ting & Zhou 2008.
    IsolationForest(Arc<IsolationForest>),
}

impl Detector {
    /// The detector's name as `--detector` takes it and outputs record it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::IsolationForest(_) => "isolation_forest",
        }
    }

    /// Columns of a row.
    pub fn n_features(&self) -> usize {
        match self {
            Self::IsolationForest(forest) => forest.forest().n_features(),
        }
    }

    /// Makes the detector ready on `device`, for batches of about `max_rows` rows (larger ones are split inside).
    ///
    /// # Errors
    /// If the device cannot take the model.
    pub fn scorer(&self, device: &Device, max_rows: usize) -> Result<Scorer> {
        let body = match self {
            Self::IsolationForest(forest) => Body::PathLength {
                paths: PathLength::prepare(forest.forest(), device, max_rows)?,
                forest: Arc::clone(forest),
            },
        };
        Ok(Scorer { n_features: self.n_features(), body })
    }
}

impl From<IsolationForest> for Detector {
    fn from(forest: IsolationForest) -> Self {
        Self::IsolationForest(Arc::new(forest))
    }
}

/// A detector made ready on a device; shared by threads.
pub struct Scorer {
    n_features: usize,
    body: Body,
}

/// One case for each way of scoring; which device runs it is the operation's own affair.
enum Body {
    PathLength { paths: PathLength, forest: Arc<IsolationForest> },
}

impl Scorer {
    /// The anomaly score of each row of `rows` (`n_rows × n_features`); larger is more anomalous. A row's score does
    /// not depend on the other rows, nor on the device.
    ///
    /// # Errors
    /// If the rows have another number of columns than the model, or the device is lost.
    pub fn score(&self, rows: ArrayView2<'_, f32>) -> Result<Vec<f64>> {
        if rows.ncols() != self.n_features {
            let limit = format!("this model takes {}: encode the rows with the model's own features", self.n_features);
            return Err(Error::parameter("n_features", rows.ncols(), limit));
        }
        if rows.nrows() == 0 {
            return Ok(Vec::new());
        }
        match &self.body {
            Body::PathLength { paths, forest } => {
                Ok(paths.sums(rows)?.into_par_iter().map(|sum| forest.score_of_sum(sum)).collect())
            }
        }
    }
}
