//! The saved model: features, detector, severity and threshold in one file, versioned, checksummed, with no code in it.
//!
//! A model file is a container of sections under a checksum (`container`): a JSON header (`header`), the knots of the
//! severity map, and the detector's arrays (`trees`, `references`, `machine`). Loading allocates in proportion to the file's size, which is at
//! most [`MAX_FILE`], whatever the file claims about itself; a file that is cut off, altered, foreign or of a newer
//! format is refused with the reason; and a few training rows are scored again and must give the stored scores, bit for
//! bit. The bytes of a model depend on nothing but the model: loading and saving gives the same file, and two fits of
//! one input on one device give the same bytes.

mod container;
mod detector;
mod header;
mod machine;
mod numbers;
mod output;
mod provenance;
mod reasons;
mod references;
mod replay;
mod scorer;
mod summary;
#[cfg(test)]
mod tests;
mod trees;

pub use container::{FORMAT, MAGIC, MAX_FILE};
pub use output::{
    ADDED, ADDED_BY_FINDINGS, ADDED_BY_REASONS, OutputColumns, OutputPlan, columns_of_scored, prefix_of_added,
};
pub use provenance::{InputDigest, Provenance, rfc3339};
pub use reasons::{BatchExplainer, MOST_REASONS, Reason, RowReasons};
pub use replay::MAX_ROWS as MAX_REPLAY_ROWS;
pub use scorer::{BatchScorer, InFinding, Scored};
pub use summary::{ModelSummary, TreeStatistics};

use crate::detectors::{Detector, Severity, Threshold};
use crate::device::Device;
use crate::features::flow::FlowFeatures;
use crate::features::{FeaturePlan, TrainingProfile};
use crate::flows::sink::Staged;
use crate::{Error, Result};
use arrow_array::RecordBatch;
use arrow_schema::Schema;
use replay::Replay;
use std::fmt;
use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

/// A fitted model.
#[derive(Clone)]
pub struct Model {
    /// From columns to the detector's matrix.
    pub features: FeaturePlan,
    /// From the matrix to scores.
    pub detector: Detector,
    /// From scores to severities.
    pub severity: Severity,
    /// From scores to verdicts. May be replaced: scores and severities do not depend on it.
    pub threshold: Threshold,
    /// Where the model comes from.
    pub provenance: Provenance,
    /// How flow logs become the columns that [`Model::features`] takes; `None`: the model takes a table's own columns.
    pub flows: Option<FlowFeatures>,
    /// What was usual among training rows; `None` for a model of an earlier version.
    pub training: Option<TrainingProfile>,
    replay: Replay,
}

/// Names the parts; a forest's nodes and a table's knots would fill pages.
impl fmt::Debug for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Model")
            .field("detector", &self.detector.name())
            .field("n_features", &self.features.n_features())
            .field("threshold", &self.threshold)
            .field("provenance", &self.provenance)
            .finish_non_exhaustive()
    }
}

impl Model {
    /// Puts a model together. The first [`MAX_REPLAY_ROWS`] of `replay_rows`, raw training rows, are scored on the CPU
    /// and kept with their scores.
    ///
    /// # Errors
    /// If the parts do not fit together, or there is no row to replay.
    pub fn new(
        features: FeaturePlan,
        detector: Detector,
        severity: Severity,
        threshold: Threshold,
        provenance: Provenance,
        replay_rows: &RecordBatch,
    ) -> Result<Self> {
        let replay = Replay::new(&features, replay_rows)?;
        let mut model =
            Self { features, detector, severity, threshold, provenance, flows: None, training: None, replay };
        model.check().map_err(Error::Schema)?;
        model.replay.scores = model.replayed().map_err(Error::Schema)?;
        Ok(model)
    }

    /// The model file's bytes.
    ///
    /// # Errors
    /// If the file or its header would be larger than allowed.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        self.bytes_from(&self.provenance)
    }

    fn bytes_from(&self, provenance: &Provenance) -> Result<Vec<u8>> {
        let in_memory = |reason| Error::Model { path: PathBuf::from("model"), reason };
        let header = header::pack(self, provenance).map_err(in_memory)?;
        let mut sections = vec![("header", header), detector::pack_severity(&self.severity)];
        sections.extend(detector::pack(&self.detector));
        container::pack(&sections).map_err(in_memory)
    }

    /// Reads a model file's bytes and replays its rows.
    ///
    /// # Errors
    /// Says what is wrong with them.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        decode(bytes).map_err(|reason| Error::Model { path: PathBuf::from("model"), reason })
    }

    /// Writes the model file. It appears under its name only when it is complete.
    ///
    /// # Errors
    /// If it cannot be written, or would not load again.
    pub fn save(&self, path: &Path) -> Result<()> {
        let bytes = self.to_bytes()?;
        let reread = decode(&bytes).and_then(|model| model.to_bytes().map_err(|error| error.to_string()));
        let reason = match reread {
            Ok(same) if same == bytes => None,
            Ok(_) => Some("it does not read back as it was; please report this".into()),
            Err(reason) => Some(reason),
        };
        if let Some(reason) = reason {
            return Err(Error::Model { path: path.into(), reason: format!("not saved: {reason}") });
        }
        let mut file = Staged::beside(path)?;
        file.write_all(&bytes).map_err(|error| Error::io(path, error))?;
        file.publish().map(drop)
    }

    /// Reads a model file and replays its rows. A file that is no model is not read further than its first bytes.
    ///
    /// # Errors
    /// If it cannot be read, or says what is wrong with it.
    pub fn load(path: &Path) -> Result<Self> {
        let io = |error| Error::io(path, error);
        let bad = |reason| Error::Model { path: path.into(), reason };
        let file = File::open(path).map_err(io)?;
        let mut bytes = Vec::new();
        (&file).take(container::PREAMBLE as u64).read_to_end(&mut bytes).map_err(io)?;
        let length = container::check_preamble(&bytes).map_err(bad)?;
        // One byte more than there should be, to notice what was appended.
        let rest = (length + 1).saturating_sub(bytes.len() as u64);
        file.take(rest).read_to_end(&mut bytes).map_err(io)?;
        decode(&bytes).map_err(bad)
    }

    /// Whether the file at `path` begins as a model file does; false where it cannot be read.
    pub fn is_model(path: &Path) -> bool {
        let mut begin = [0; MAGIC.len()];
        File::open(path).and_then(|mut file| file.read_exact(&mut begin)).is_ok() && begin == MAGIC
    }

    /// BLAKE3 of the model file, in hex (what `b3sum MODEL` prints).
    ///
    /// # Errors
    /// If the model is larger than a model file can be.
    pub fn digest(&self) -> Result<String> {
        Ok(blake3::hash(&self.to_bytes()?).to_hex().to_string())
    }

    /// A digest of what scores and judges, in hex: the model without its provenance. Two fits of the same records with the same
    /// options have the same, whenever and from wherever they were made.
    ///
    /// # Errors
    /// If the model is larger than a model file can be.
    pub fn identity(&self) -> Result<String> {
        let nobody = Provenance { oddflow_version: String::new(), ..Provenance::default() };
        Ok(blake3::hash(&self.bytes_from(&nobody)?).to_hex().to_string())
    }

    /// Makes the model ready for batches of `schema` and about `max_rows` rows on `device`.
    ///
    /// # Errors
    /// If columns that the features need are missing, or the device cannot take the model.
    pub fn scorer(&self, device: &Device, schema: &Schema, max_rows: usize) -> Result<BatchScorer> {
        Ok(BatchScorer {
            rows: self.features.bind(schema)?,
            scorer: self.detector.scorer(device, max_rows)?,
            severity: self.severity.clone(),
            threshold: self.threshold,
        })
    }

    /// Scores one table on the CPU: its columns, then `anomaly_score`, `severity` and `anomaly`. For many batches make a
    /// [`Model::scorer`] once.
    ///
    /// # Errors
    /// If columns that the features need are missing.
    pub fn score_batch(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        self.scorer(&Device::Cpu, &batch.schema(), batch.num_rows())?.score_batch(batch)
    }

    /// Whether the parts fit together.
    fn check(&self) -> Result<(), String> {
        self.features.check().map_err(|error| error.to_string())?;
        if let Some(complaint) = self.flows.as_ref().and_then(|flows| flows.statistics.complaint()) {
            return Err(complaint);
        }
        if let Some(complaint) = self.training.as_ref().and_then(|training| training.complaint(&self.features)) {
            return Err(complaint);
        }
        let (made, taken) = (self.features.n_features(), self.detector.n_features());
        if made != taken {
            return Err(format!("its features are {made} and its detector takes {taken}: they do not belong together"));
        }
        if !self.threshold.score.is_finite() || self.threshold.rule.check().is_err() {
            return Err(format!(
                "its threshold {} at score {} is no threshold",
                self.threshold.rule, self.threshold.score
            ));
        }
        Ok(())
    }

    /// The scores of the rows to replay, on the CPU.
    fn replayed(&self) -> Result<Vec<f64>, String> {
        let batch = self.replay.batch()?;
        let scored =
            self.scorer(&Device::Cpu, &batch.schema(), batch.num_rows()).and_then(|scorer| scorer.score(&batch));
        scored.map(|scored| scored.score).map_err(|error| format!("its rows cannot be replayed: {error}"))
    }
}

fn decode(bytes: &[u8]) -> Result<Model, String> {
    let mut sections = container::unpack(bytes)?;
    let [header] = sections.take(["header"])?;
    let header = header::unpack(header)?;
    let severity = detector::unpack_severity(header.severity.n_scores, header.severity.width, &mut sections)?;
    let detector = detector::unpack(header.detector, &mut sections)?;
    sections.end()?;
    let (features, threshold) = (header.features, header.threshold);
    let (provenance, flows, training, replay) = (header.provenance, header.flows, header.training, header.replay);
    let model = Model { features, detector, severity, threshold, provenance, flows, training, replay };
    model.check()?;
    model.replay.check(&model.replayed()?)?;
    Ok(model)
}
