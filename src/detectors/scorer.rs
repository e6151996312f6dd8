//! A detector made ready on a device.

use super::self_join::since;
use super::{Detector, Ensemble, IsolationForest, LocalOutlierFactor, NearestNeighbors, OneClassSvm};
use crate::device::Device;
use crate::ops::neighbors::{Neighbors, Queries, Settled, Watch};
use crate::ops::path_length::PathLength;
use crate::ops::rbf::Rbf;
use crate::{Error, Result, Stop};
use ndarray::ArrayView2;
use rayon::prelude::*;
use std::sync::Arc;

/// A detector made ready on a device; shared by threads.
pub struct Scorer {
    n_features: usize,
    body: Body,
    stop: Stop,
}

/// One case for each way of scoring; which device runs it is the operation's own affair.
enum Body {
    PathLength { paths: PathLength, forest: Arc<IsolationForest> },
    LocalOutlierFactor { search: Search, detector: Arc<LocalOutlierFactor> },
    NearestNeighbors { search: Search, detector: Arc<NearestNeighbors> },
    OneClassSvm { rbf: Rbf, machine: Arc<OneClassSvm> },
    Ensemble { members: Vec<Scorer>, ensemble: Arc<Ensemble> },
}

/// The search among references, and what it had settled when the scorer was made.
struct Search {
    neighbors: Arc<Neighbors>,
    before: Settled,
}

impl Search {
    fn new(neighbors: Arc<Neighbors>) -> Self {
        Self { before: neighbors.settled(), neighbors }
    }
}

impl Detector {
    /// Makes the detector ready on `device`, for batches of about `max_rows` rows (larger ones are split inside). A
    /// detector of neighbours makes its references ready once for each device, whoever asks.
    ///
    /// # Errors
    /// If the device cannot take the model.
    pub fn scorer(&self, device: &Device, max_rows: usize) -> Result<Scorer> {
        let body = match self {
            Self::IsolationForest(forest) => Body::PathLength {
                paths: PathLength::prepare(forest.forest(), device, max_rows)?,
                forest: Arc::clone(forest),
            },
            Self::LocalOutlierFactor(detector) => Body::LocalOutlierFactor {
                search: Search::new(detector.prepare(device)?),
                detector: Arc::clone(detector),
            },
            Self::NearestNeighbors(detector) => Body::NearestNeighbors {
                search: Search::new(detector.prepare(device)?),
                detector: Arc::clone(detector),
            },
            Self::OneClassSvm(machine) => Body::OneClassSvm {
                rbf: Rbf::prepare(machine.expansion(), device, max_rows)?,
                machine: Arc::clone(machine),
            },
            Self::Ensemble(ensemble) => Body::Ensemble {
                members: ensemble
                    .members()
                    .iter()
                    .map(|member| member.scorer(device, max_rows))
                    .collect::<Result<Vec<_>>>()?,
                ensemble: Arc::clone(ensemble),
            },
        };
        Ok(Scorer { n_features: self.n_features(), body, stop: Stop::new() })
    }
}

impl Scorer {
    /// The same, giving up in the middle of a batch when `stop` is requested.
    pub fn until(self, stop: &Stop) -> Self {
        let body = match self.body {
            Body::Ensemble { members, ensemble } => {
                Body::Ensemble { members: members.into_iter().map(|member| member.until(stop)).collect(), ensemble }
            }
            body => body,
        };
        Self { stop: stop.clone(), body, ..self }
    }

    /// The anomaly score of each row of `rows` (`n_rows × n_features`); larger is more anomalous. A row's score does
    /// not depend on the other rows, nor on the device. Detectors of neighbours score in novelty mode: a row that was a
    /// training row finds itself.
    ///
    /// # Errors
    /// If the rows have another number of columns than the model, or the device is lost.
    pub fn score(&self, rows: ArrayView2<'_, f32>) -> Result<Vec<f64>> {
        self.score_queries(rows, Queries::new(rows))
    }

    /// The same, where a row may not find the reference that is named for it: with a training row's own place among the
    /// references this gives its training score. A forest keeps no references; its scores are those of
    /// [`Scorer::score`].
    ///
    /// # Errors
    /// As [`Scorer::score`]; if `excluded` has not one entry for each row, or names a reference that there is not.
    pub fn score_excluding(&self, rows: ArrayView2<'_, f32>, excluded: &[Option<u32>]) -> Result<Vec<f64>> {
        self.score_queries(rows, Queries::excluding(rows, excluded))
    }

    /// What f32 could not decide since the scorer was made; `None` for a detector without neighbours.
    pub fn settled(&self) -> Option<Settled> {
        match &self.body {
            Body::PathLength { .. } | Body::OneClassSvm { .. } => None,
            Body::LocalOutlierFactor { search, .. } | Body::NearestNeighbors { search, .. } => {
                Some(since(search.before, search.neighbors.settled()))
            }
            Body::Ensemble { members, .. } => members.iter().filter_map(Self::settled).reduce(Settled::plus),
        }
    }

    fn score_queries(&self, rows: ArrayView2<'_, f32>, queries: Queries<'_>) -> Result<Vec<f64>> {
        if rows.ncols() != self.n_features {
            let limit = format!("this model takes {}: encode the rows with the model's own features", self.n_features);
            return Err(Error::parameter("n_features", rows.ncols(), limit));
        }
        if rows.nrows() == 0 {
            return Ok(Vec::new());
        }
        let watch = Watch::stop(&self.stop);
        match &self.body {
            Body::PathLength { paths, forest } => {
                Ok(paths.sums(rows)?.into_par_iter().map(|sum| forest.score_of_sum(sum)).collect())
            }
            Body::LocalOutlierFactor { search, detector } => detector.score(&search.neighbors, queries, watch),
            Body::NearestNeighbors { search, detector } => detector.score(&search.neighbors, queries, watch),
            Body::OneClassSvm { rbf, machine } => machine.score(rbf, rows),
            Body::Ensemble { members, ensemble } => ensemble.scores(rows.nrows(), |at| match members.get(at) {
                Some(member) => member.score_queries(rows, queries),
                None => Err(Error::Internal("an ensemble with more scales than members".into())),
            }),
        }
    }
}
