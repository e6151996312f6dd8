//! Which detector to fit, with what parameters, and where.

use super::{
    Detector, Ensemble, EnsembleParams, IsolationForest, IsolationForestParams, LocalOutlierFactor,
    LocalOutlierFactorParams, NearestNeighbors, NearestNeighborsParams, OneClassSvm, OneClassSvmParams, SelfJoinPlan,
    SolverState,
};
use crate::device::Device;
use crate::ops::neighbors::Watch;
use crate::words::counted;
use crate::{Result, Stop};
use ndarray::ArrayView2;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The memory budget where none is given: 4 GiB.
pub const DEFAULT_MEMORY: u64 = 4 << 30;

/// The cache of kernel columns where no size is given: 200 MiB, as scikit-learn's.
pub const DEFAULT_CACHE: u64 = 200 << 20;

/// A detector's parameters before it is fitted.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DetectorParams {
    /// Liu, Ting & Zhou 2008.
    IsolationForest(IsolationForestParams),
    /// Breunig, Kriegel, Ng & Sander 2000.
    LocalOutlierFactor(LocalOutlierFactorParams),
    /// Ramaswamy, Rastogi & Shim 2000.
    NearestNeighbors(NearestNeighborsParams),
    /// Schölkopf, Platt, Shawe-Taylor, Smola & Williamson 2001.
    OneClassSvm(OneClassSvmParams),
    /// Several of these.
    Ensemble(EnsembleParams),
}

/// Where a detector is fitted, in how much memory, and who looks on. What is fitted depends on none of it.
#[derive(Clone, Copy)]
pub struct FitContext<'a> {
    /// The device that fits; forests are grown on the CPU always.
    pub device: &'a Device,
    /// Bytes that a detector of neighbours may take for its rows, their lists and results.
    pub memory: u64,
    /// Bytes of kernel columns that the solver of a support vector machine may keep.
    pub cache: u64,
    /// Asked whether to stop; told how many rows' neighbours are found.
    pub watch: Watch<'a>,
    /// Told the plan before it is carried out, by a detector that has one.
    pub plan: &'a dyn Fn(&SelfJoinPlan),
    /// Told where the solver of a support vector machine stands.
    pub solver: &'a dyn Fn(&SolverState),
}

impl<'a> FitContext<'a> {
    /// On `device`, until `stop`, with [`DEFAULT_MEMORY`], [`DEFAULT_CACHE`] and nobody looking on.
    pub fn new(device: &'a Device, stop: &'a Stop) -> Self {
        Self {
            device,
            memory: DEFAULT_MEMORY,
            cache: DEFAULT_CACHE,
            watch: Watch::stop(stop),
            plan: &|_| {},
            solver: &|_| {},
        }
    }
}

impl Detector {
    /// Fits a detector on `rows` (`n_rows × n_features`) on the CPU.
    ///
    /// # Errors
    /// If a parameter is out of range, or the rows cannot be fitted on.
    pub fn fit(rows: ArrayView2<'_, f32>, params: &DetectorParams) -> Result<Self> {
        Self::fit_in(rows, params, &FitContext::new(&Device::Cpu, &Stop::new()))
    }

    /// The same on a device and within a memory budget, given up when a stop is requested.
    ///
    /// # Errors
    /// As [`Detector::fit`]; if the budget does not suffice or the device fails; and [`crate::Error::Interrupted`].
    pub fn fit_in(rows: ArrayView2<'_, f32>, params: &DetectorParams, context: &FitContext<'_>) -> Result<Self> {
        match params {
            DetectorParams::IsolationForest(params) => {
                IsolationForest::fit_until(rows, params, context.watch.stop).map(Self::from)
            }
            DetectorParams::LocalOutlierFactor(params) => {
                LocalOutlierFactor::fit_in(rows, params, context).map(Self::from)
            }
            DetectorParams::NearestNeighbors(params) => NearestNeighbors::fit_in(rows, params, context).map(Self::from),
            DetectorParams::OneClassSvm(params) => OneClassSvm::fit_in(rows, params, context).map(Self::from),
            DetectorParams::Ensemble(params) => Ensemble::fit_in(rows, params, context).map(Self::from),
        }
    }

    /// The parameters it was fitted with.
    pub fn params(&self) -> DetectorParams {
        match self {
            Self::IsolationForest(forest) => DetectorParams::IsolationForest(forest.params().clone()),
            Self::LocalOutlierFactor(detector) => DetectorParams::LocalOutlierFactor(detector.params().clone()),
            Self::NearestNeighbors(detector) => DetectorParams::NearestNeighbors(detector.params().clone()),
            Self::OneClassSvm(machine) => DetectorParams::OneClassSvm(machine.params().clone()),
            Self::Ensemble(ensemble) => DetectorParams::Ensemble(ensemble.params()),
        }
    }
}

impl DetectorParams {
    /// The neighbours of a row that are asked for; of an ensemble the most. `None` where no neighbours are looked for.
    pub fn n_neighbors(&self) -> Option<usize> {
        match self {
            Self::IsolationForest(_) | Self::OneClassSvm(_) => None,
            Self::LocalOutlierFactor(params) => Some(params.n_neighbors),
            Self::NearestNeighbors(params) => Some(params.n_neighbors),
            Self::Ensemble(params) => params.members().iter().filter_map(Self::n_neighbors).max(),
        }
    }

    /// Where a member stands in an ensemble; `None` for an ensemble, which is no member.
    pub(super) fn place(&self) -> Option<u8> {
        match self {
            Self::IsolationForest(_) => Some(0),
            Self::LocalOutlierFactor(_) => Some(1),
            Self::NearestNeighbors(_) => Some(2),
            Self::OneClassSvm(_) => Some(3),
            Self::Ensemble(_) => None,
        }
    }
}

impl fmt::Display for DetectorParams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let neighbors = |k: usize| counted(k, "neighbor");
        match self {
            Self::IsolationForest(p) => {
                let (trees, rows) = (counted(p.n_trees, "tree"), counted(p.sample_size, "row"));
                write!(f, "isolation forest, {trees} of {rows}, seed {}", p.seed)
            }
            Self::LocalOutlierFactor(p) => write!(f, "local outlier factor, {}", neighbors(p.n_neighbors)),
            Self::NearestNeighbors(p) => {
                write!(f, "nearest neighbors, {} distance of {}", p.distance, neighbors(p.n_neighbors))
            }
            Self::OneClassSvm(p) => write!(f, "one-class SVM, nu {}, gamma {}", p.nu, p.gamma),
            Self::Ensemble(p) => write!(f, "{p}"),
        }
    }
}
