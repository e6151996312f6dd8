//! What the manifest beside a scored file tells. Every part of it may be missing: it may be of an older version, or of another.

use super::manifest::{beside, manifest_path};
use crate::flows::record::FlowOptions;
use crate::model::Model;
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Longest manifest, 256 MiB.
const MOST_BYTES: u64 = 256 << 20;

/// The manifest.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ToldRun {
    /// The version that wrote it.
    pub oddflow_version: Option<String>,
    /// `detect` or `score`.
    pub command: Option<String>,
    /// RFC 3339.
    pub finished: Option<String>,
    /// The device in words.
    pub device: Option<String>,
    /// Worker threads.
    pub threads: Option<u64>,
    /// What was scored.
    pub inputs: Option<Vec<ToldInput>>,
    /// Files that were damaged.
    pub damaged: Option<Vec<ToldDamage>>,
    /// The model.
    pub model: Option<ToldModel>,
    /// Records read.
    pub records_read: Option<u64>,
    /// Rows that were written.
    pub rows_written: Option<u64>,
    /// Rows scored.
    pub rows_scored: Option<u64>,
    /// Rows that a later record replaces.
    pub rows_superseded: Option<u64>,
    /// Rejected records by reason.
    pub rejected: Option<BTreeMap<String, u64>>,
    /// Lines read as Windows-1252.
    pub recoded_lines: Option<u64>,
    /// Records that are no flows, by kind.
    pub passed_over: Option<BTreeMap<String, u64>>,
    /// Files that are other logs.
    pub other_logs: Option<BTreeMap<String, u64>>,
    /// JSON keys that became no column.
    pub unknown_keys: Option<BTreeMap<String, u64>>,
    /// Missing values that were imputed.
    pub imputed_values: Option<u64>,
    /// Categories that training had not seen, by column.
    pub unseen_categories: Option<BTreeMap<String, u64>>,
    /// The findings.
    pub findings: Option<ToldFindings>,
    /// What windows forgot.
    pub window_evictions: Option<BTreeMap<String, u64>>,
    /// How far the rows are from those the model was fitted on.
    pub drift: Option<ToldDrift>,
    /// The input as flow logs.
    pub flow_logs: Option<ToldLogs>,
}

/// What is told of flow logs.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ToldLogs {
    /// The zone that times without one were taken to be of.
    pub zone_assumed: Option<String>,
}

/// A file that was scored.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ToldInput {
    /// As the user named it.
    pub name: Option<String>,
    /// Its size.
    pub bytes: Option<u64>,
    /// Its digest.
    pub blake3: Option<String>,
    /// What it was recognised as.
    pub format: Option<String>,
}

/// A damaged file.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ToldDamage {
    /// As the user named it.
    pub file: Option<String>,
    /// Whole records before the damage.
    pub records: Option<u64>,
    /// What was met.
    pub reason: Option<String>,
}

/// The model.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ToldModel {
    /// Where it was saved.
    pub path: Option<String>,
    /// Its digest.
    pub blake3: Option<String>,
    /// The detector's name.
    pub detector: Option<String>,
    /// The rule of the threshold.
    pub threshold_rule: Option<String>,
    /// The score above which a row by itself is an anomaly.
    pub threshold_score: Option<f64>,
    /// The seed.
    pub seed: Option<u64>,
}

/// The findings of a run.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ToldFindings {
    /// All that were ranked.
    pub findings: Option<u64>,
    /// Those whose rows are anomalies.
    pub flagged: Option<u64>,
    /// Flows in these.
    pub flows_flagged: Option<u64>,
    /// Days that they span, at least 1.
    pub days: Option<f64>,
    /// The same, at least an hour of one.
    pub length: Option<f64>,
    /// What was asked for: `100/day`.
    pub verdict: Option<String>,
    /// What is wrong with the capture.
    pub faults: Option<Vec<String>>,
    /// What is known to be fine, where a list of it was used.
    pub allowed: Option<ToldAllowed>,
    /// The findings themselves.
    pub list: Option<Vec<ListedFinding>>,
}

/// What is known to be fine.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ToldAllowed {
    /// Where the list was.
    pub file: Option<PathBuf>,
}

/// One finding, as the manifest lists it and the page shows it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ListedFinding {
    /// Its place; none for a fault of the capture.
    pub rank: Option<u64>,
    /// Its name.
    pub id: Option<String>,
    /// `conversation`, `scan`, `sweep`, `block`, `flood` or `data`.
    pub kind: Option<String>,
    /// In 0..1.
    pub severity: Option<f64>,
    /// Its flows.
    pub flows: Option<u64>,
    /// Who.
    pub source: Option<String>,
    /// Whom.
    pub destination: Option<String>,
    /// `tcp`, `udp`, …
    pub protocol: Option<String>,
    /// `22`, `3/3`, `*`.
    pub port: Option<String>,
    /// As the log names it.
    pub service: Option<String>,
    /// Destination ports that it touched.
    pub ports: Option<u64>,
    /// Destinations that it touched.
    pub hosts: Option<u64>,
    /// Sources that it came from.
    pub sources: Option<u64>,
    /// When its first flow began, RFC 3339.
    pub first: Option<String>,
    /// When its last flow began.
    pub last: Option<String>,
    /// In seconds, or in words.
    pub duration: Option<serde_json::Value>,
    /// Why it is odd.
    pub why: Option<Vec<String>>,
    /// What it may be: a heuristic.
    pub hint: Option<String>,
    /// Whether it was flagged.
    pub anomaly: Option<bool>,
}

/// How far the scored rows are from the training rows.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ToldDrift {
    /// What is compared with what, in words.
    pub against: Option<String>,
    /// Column by column.
    #[serde(alias = "worst_columns")]
    pub columns: Option<Vec<ToldColumn>>,
    /// Of the scores.
    pub score: Option<ToldColumn>,
}

/// One column's drift.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ToldColumn {
    /// The column.
    #[serde(alias = "column")]
    pub name: Option<String>,
    /// Population stability index.
    pub psi: Option<f64>,
    /// Kolmogorov–Smirnov statistic.
    pub ks: Option<f64>,
    /// What changed most, in words.
    pub change: Option<String>,
}

impl ToldRun {
    /// Reads the manifest beside `output`; `None` where there is none.
    ///
    /// # Errors
    /// As [`ToldRun::load`].
    pub fn beside(output: &Path) -> Result<Option<Self>> {
        Self::load(&manifest_path(output))
    }

    /// Reads the manifest at `path`; `None` where there is none.
    ///
    /// # Errors
    /// If it cannot be read, is too long, or is no manifest.
    pub fn load(path: &Path) -> Result<Option<Self>> {
        let size = match std::fs::metadata(path) {
            Ok(met) if met.is_file() => met.len(),
            Ok(_) => return Ok(None),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Error::io(path, error)),
        };
        if size > MOST_BYTES {
            let met = format!("{}: {size} bytes", path.display());
            return Err(Error::parameter("manifest", met, "a manifest has at most 256 MiB; move it away"));
        }
        let text = std::fs::read_to_string(path).map_err(|e| Error::io(path, e))?;
        Self::parse(&text)
            .map(Some)
            .map_err(|e| Error::Schema(format!("{}: it is no manifest of a scored output: {e}", path.display())))
    }

    /// From a manifest's text.
    ///
    /// # Errors
    /// What is no JSON object, or has other types than a manifest.
    pub fn parse(text: &str) -> std::result::Result<Self, serde_json::Error> {
        // A list would be read as an object without its names.
        let object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(text)?;
        serde_json::from_value(serde_json::Value::Object(object))
    }

    /// How times without a zone in the scored file `output` are read: as they were when it was scored, which its manifest tells, or its
    /// model, or the one beside it; as UTC where none of them can be read.
    pub fn zone_beside(output: &Path) -> FlowOptions {
        let told = Self::beside(output).ok().flatten().unwrap_or_default();
        if let Some(logs) = told.flow_logs {
            // Without one no time lacked it.
            return logs.zone_assumed.and_then(|zone| FlowOptions::of_zone(&zone).ok()).unwrap_or_default();
        }
        let named = told.model.and_then(|model| model.path).map(PathBuf::from);
        let model = [Some(beside(output, "model")), named].into_iter().flatten().find(|path| path.is_file());
        let model = model.and_then(|path| Model::load(&path).ok());
        model.and_then(|model| model.flows).map(|flows| flows.reading()).unwrap_or_default()
    }

    /// What is told of a file that was scored, by the name that it had.
    pub fn input(&self, file: &str) -> Option<&ToldInput> {
        self.inputs.as_ref()?.iter().find(|input| input.name.as_deref() == Some(file))
    }

    /// The list of what is known to be fine that was used.
    pub fn allow_list(&self) -> Option<&Path> {
        self.findings.as_ref()?.allowed.as_ref()?.file.as_deref()
    }

    /// The findings that are listed, where they are.
    pub fn list(&self) -> Option<&[ListedFinding]> {
        self.findings.as_ref()?.list.as_deref()
    }
}
