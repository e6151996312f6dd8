//! Detectors, severity, thresholds and measures of quality. A larger score is more anomalous, everywhere.
//!
//! A [`Detector`] is fitted on a dense matrix and knows nothing of flows. Its [`Scorer`] is the detector made ready on
//! one device; [`Severity`] puts the scores of all detectors on one scale; a [`Threshold`] turns a score into a verdict;
//! [`Ranking`] measures verdicts and scores against labels.

mod ensemble;
pub mod explanation;
mod isolation_forest;
mod local_outlier_factor;
mod nearest_neighbors;
mod one_class_svm;
mod order;
mod params;
mod quality;
mod reference_set;
mod scorer;
mod self_join;
mod severity;
mod threshold;

pub use ensemble::{Ensemble, EnsembleParams};
pub use isolation_forest::{IsolationForest, IsolationForestParams, MAX_SAMPLE_SIZE};
pub use local_outlier_factor::{LocalOutlierFactor, LocalOutlierFactorParams};
pub use nearest_neighbors::{KnnDistance, NearestNeighbors, NearestNeighborsParams};
pub use one_class_svm::{
    AUTO_SUPPORT, Gamma, MAX_COMPONENTS, OneClassSvm, OneClassSvmParams, SolverState, SvmReport, SvmSolver,
};
pub use params::{DEFAULT_CACHE, DEFAULT_MEMORY, DetectorParams, FitContext};
pub use quality::{
    Assessed, Assessment, Bootstrap, Comparison, CurvePoint, Estimate, Judged, KindAssessed, MAX_KINDS, Measures,
    PAIRED_ROWS, Quality, Ranking, Resampling,
};
pub use scorer::Scorer;
pub use self_join::SelfJoinPlan;
pub use severity::{Severity, SeverityRow};
pub use threshold::{HIGH_PRECISION, HIGH_RECALL, Threshold, ThresholdRule};

use crate::Result;
use crate::device::Device;
use crate::ops::neighbors::Settled;
use ndarray::ArrayView2;
use std::borrow::Cow;
use std::slice;
use std::sync::Arc;

/// A fitted detector.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Detector {
    /// Liu, Ting & Zhou 2008.
    IsolationForest(Arc<IsolationForest>),
    /// Breunig, Kriegel, Ng & Sander 2000.
    LocalOutlierFactor(Arc<LocalOutlierFactor>),
    /// Ramaswamy, Rastogi & Shim 2000.
    NearestNeighbors(Arc<NearestNeighbors>),
    /// Schölkopf, Platt, Shawe-Taylor, Smola & Williamson 2001.
    OneClassSvm(Arc<OneClassSvm>),
    /// Several of these: the mean of their surprises.
    Ensemble(Arc<Ensemble>),
}

impl Detector {
    /// The detector's name as `--detector` takes it and outputs record it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::IsolationForest(_) => "isolation_forest",
            Self::LocalOutlierFactor(_) => "local_outlier_factor",
            Self::NearestNeighbors(_) => "nearest_neighbors",
            Self::OneClassSvm(_) => "one_class_svm",
            Self::Ensemble(_) => "ensemble",
        }
    }

    /// The name in short, as `--detector` takes it: `iforest`, `lof,ocsvm`.
    pub fn short_name(&self) -> String {
        let name = |detector: &Self| match detector {
            Self::IsolationForest(_) => "iforest",
            Self::LocalOutlierFactor(_) => "lof",
            Self::NearestNeighbors(_) => "knn",
            Self::OneClassSvm(_) => "ocsvm",
            Self::Ensemble(_) => "ensemble",
        };
        self.parts().iter().map(name).collect::<Vec<_>>().join(",")
    }

    /// The members of an ensemble; of any other detector itself.
    pub fn parts(&self) -> &[Self] {
        match self {
            Self::Ensemble(ensemble) => ensemble.members(),
            _ => slice::from_ref(self),
        }
    }

    /// Columns of a row.
    pub fn n_features(&self) -> usize {
        match self {
            Self::IsolationForest(forest) => forest.forest().n_features(),
            Self::LocalOutlierFactor(detector) => detector.references().ncols(),
            Self::NearestNeighbors(detector) => detector.references().ncols(),
            Self::OneClassSvm(machine) => machine.expansion().n_features(),
            Self::Ensemble(ensemble) => ensemble.members().first().map_or(0, Self::n_features),
        }
    }

    /// The scores of the training rows as the fit found them, in their order. A detector of neighbours left each row out
    /// of its own list, so these are not what its scorer gives, which lets a row find itself. `None` for a detector that
    /// scores training rows like others, and for a model that was loaded.
    pub fn known_scores(&self) -> Option<&[f64]> {
        match self {
            Self::IsolationForest(_) | Self::OneClassSvm(_) => None,
            Self::LocalOutlierFactor(detector) => detector.training_scores(),
            Self::NearestNeighbors(detector) => detector.training_scores(),
            Self::Ensemble(ensemble) => {
                let left_out = ensemble.members().iter().any(|member| member.known_scores().is_some());
                ensemble.training_scores().filter(|_| left_out)
            }
        }
    }

    /// The scores of the training rows, `rows`, on which severity and thresholds rest: [`Detector::known_scores`], or
    /// what the scorer on `device` gives.
    ///
    /// # Errors
    /// As [`Scorer::score`].
    pub fn training_scores(&self, rows: ArrayView2<'_, f32>, device: &Device) -> Result<Cow<'_, [f64]>> {
        let fitted = match self {
            Self::Ensemble(ensemble) => ensemble.training_scores(),
            _ => self.known_scores(),
        };
        match fitted {
            Some(known) => Ok(Cow::Borrowed(known)),
            None => self.scorer(device, rows.nrows())?.score(rows).map(Cow::Owned),
        }
    }

    /// What f32 could not decide among the training rows when the detector was fitted; `None` as for
    /// [`Detector::known_scores`].
    pub fn settled_at_fit(&self) -> Option<Settled> {
        match self {
            Self::IsolationForest(_) | Self::OneClassSvm(_) => None,
            Self::LocalOutlierFactor(detector) => detector.settled_at_fit(),
            Self::NearestNeighbors(detector) => detector.settled_at_fit(),
            Self::Ensemble(ensemble) => {
                ensemble.members().iter().filter_map(Self::settled_at_fit).reduce(Settled::plus)
            }
        }
    }

    /// Reference rows that the detector keeps, and how many of them a row's list has; `None` for forests and
    /// one-class machines, which look for no neighbours, and for an ensemble, whose members say it ([`Detector::parts`]).
    pub fn neighborhood(&self) -> Option<(usize, usize)> {
        match self {
            Self::IsolationForest(_) | Self::OneClassSvm(_) | Self::Ensemble(_) => None,
            Self::LocalOutlierFactor(detector) => Some((detector.references().nrows(), detector.n_neighbors())),
            Self::NearestNeighbors(detector) => Some((detector.references().nrows(), detector.n_neighbors())),
        }
    }
}

impl From<IsolationForest> for Detector {
    fn from(forest: IsolationForest) -> Self {
        Self::IsolationForest(Arc::new(forest))
    }
}

impl From<LocalOutlierFactor> for Detector {
    fn from(detector: LocalOutlierFactor) -> Self {
        Self::LocalOutlierFactor(Arc::new(detector))
    }
}

impl From<NearestNeighbors> for Detector {
    fn from(detector: NearestNeighbors) -> Self {
        Self::NearestNeighbors(Arc::new(detector))
    }
}

impl From<OneClassSvm> for Detector {
    fn from(machine: OneClassSvm) -> Self {
        Self::OneClassSvm(Arc::new(machine))
    }
}

impl From<Ensemble> for Detector {
    fn from(ensemble: Ensemble) -> Self {
        Self::Ensemble(Arc::new(ensemble))
    }
}
