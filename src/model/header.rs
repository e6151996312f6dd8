//! The JSON header of a model file: all that a person may want to read in it.

use super::machine::MachineHeader;
use super::replay::Replay;
use super::{Model, Provenance};
use crate::detectors::{
    Detector, IsolationForestParams, LocalOutlierFactorParams, NearestNeighborsParams, Severity, SeverityRow, Threshold,
};
use crate::features::flow::FlowFeatures;
use crate::features::{FeaturePlan, TrainingProfile};
use serde::{Deserialize, Serialize};

/// Longest header, 64 MiB: what JSON takes in memory is a multiple of its length.
const MAX_HEADER: usize = 64 << 20;

/// The header as it is written.
#[derive(Serialize)]
struct Written<'a> {
    provenance: &'a Provenance,
    features: &'a FeaturePlan,
    detector: DetectorHeader,
    severity: SeverityHeader,
    threshold: Threshold,
    #[serde(skip_serializing_if = "Option::is_none")]
    flows: Option<&'a FlowFeatures>,
    #[serde(skip_serializing_if = "Option::is_none")]
    training: Option<&'a TrainingProfile>,
    replay: &'a Replay,
}

/// The header as it is read.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Header {
    pub provenance: Provenance,
    pub features: FeaturePlan,
    pub detector: DetectorHeader,
    pub severity: SeverityHeader,
    pub threshold: Threshold,
    #[serde(default)]
    pub flows: Option<FlowFeatures>,
    #[serde(default)]
    pub training: Option<TrainingProfile>,
    pub replay: Replay,
}

/// A detector without its arrays.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum DetectorHeader {
    IsolationForest { params: IsolationForestParams, sample_size: usize, n_features: usize },
    LocalOutlierFactor { params: LocalOutlierFactorParams, n_references: usize, n_features: usize },
    NearestNeighbors { params: NearestNeighborsParams, n_references: usize, n_features: usize },
    OneClassSvm(MachineHeader),
    Ensemble { members: Vec<MemberHeader> },
}

/// A member of an ensemble, and its rarity scale without its knots.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MemberHeader {
    pub detector: DetectorHeader,
    pub n_scores: u64,
    pub width: f64,
}

impl DetectorHeader {
    fn of(detector: &Detector) -> Self {
        match detector {
            Detector::IsolationForest(forest) => Self::IsolationForest {
                params: forest.params().clone(),
                sample_size: forest.sample_size(),
                n_features: forest.forest().n_features(),
            },
            Detector::LocalOutlierFactor(detector) => Self::LocalOutlierFactor {
                params: detector.params().clone(),
                n_references: detector.references().nrows(),
                n_features: detector.references().ncols(),
            },
            Detector::NearestNeighbors(detector) => Self::NearestNeighbors {
                params: detector.params().clone(),
                n_references: detector.references().nrows(),
                n_features: detector.references().ncols(),
            },
            Detector::OneClassSvm(machine) => Self::OneClassSvm(MachineHeader::of(machine)),
            Detector::Ensemble(ensemble) => {
                let member = |(member, severity): (&Detector, &Severity)| MemberHeader {
                    detector: Self::of(member),
                    n_scores: severity.n_scores(),
                    width: severity.width(),
                };
                Self::Ensemble { members: ensemble.members().iter().zip(ensemble.severities()).map(member).collect() }
            }
        }
    }
}

/// The severity map without its knots, and statistics of the training scores for a reader of the header.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SeverityHeader {
    pub n_scores: u64,
    pub width: f64,
    smallest: f64,
    largest: f64,
    percentiles: Vec<[f64; 3]>,
}

/// The header of `model`, as JSON, with a provenance that may not be its own.
pub(super) fn pack(model: &Model, provenance: &Provenance) -> Result<Vec<u8>, String> {
    let (smallest, largest) = model.severity.range();
    let triple = |row: SeverityRow| [row.percentile, row.score, row.severity];
    let header = Written {
        provenance,
        features: &model.features,
        detector: DetectorHeader::of(&model.detector),
        severity: SeverityHeader {
            n_scores: model.severity.n_scores(),
            width: model.severity.width(),
            smallest,
            largest,
            percentiles: model.severity.table().into_iter().map(triple).collect(),
        },
        threshold: model.threshold,
        flows: model.flows.as_ref(),
        training: model.training.as_ref(),
        replay: &model.replay,
    };
    let bytes = serde_json::to_vec(&header).map_err(|error| format!("its header cannot be written: {error}"))?;
    match bytes.len() {
        0..=MAX_HEADER => Ok(bytes),
        n => Err(format!(
            "its header has {n} bytes, and may have {MAX_HEADER}: give columns of many categories the role `identifier`"
        )),
    }
}

/// Reads a header.
pub(super) fn unpack(bytes: &[u8]) -> Result<Header, String> {
    if bytes.len() > MAX_HEADER {
        return Err(format!("its header has {} bytes, and may have {MAX_HEADER}", bytes.len()));
    }
    serde_json::from_slice(bytes).map_err(|error| format!("its header cannot be read: {error}"))
}
