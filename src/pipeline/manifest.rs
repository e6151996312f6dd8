//! The manifest beside each output: what went in, what came out, with which model, on which device, in what time.

use super::flow_logs::FlowLogs;
use super::score::ScoreReport;
use super::tally::Stages;
use crate::detectors::{Detector, SvmReport};
use crate::features::windows::Evictions;
use crate::features::{ColumnDrift, Drift, Elsewhere, HoursDrift};
use crate::findings::ToldFinding;
use crate::flows::sink::Staged;
use crate::flows::source::{Damage, Input, InputFile};
use crate::model::{InputDigest, Model, rfc3339};
use crate::ops::neighbors::Settled;
use crate::{Error, Result};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

/// Facts of a run that neither the model nor the report knows.
#[derive(Debug, Clone, Default)]
pub struct RunFacts {
    /// The command line's name of the run: `detect`, `score`.
    pub command: String,
    /// The device in words.
    pub device: String,
    /// Worker threads.
    pub threads: usize,
    /// The digests of the input files.
    pub inputs: Vec<InputDigest>,
    /// Parts of files that were left out by `--skip-errors`.
    pub damages: Vec<Damage>,
    /// Where the scored rows are.
    pub output: Option<PathBuf>,
    /// The digest of the model file.
    pub model_digest: String,
    /// Where the model is, if it was saved.
    pub model_path: Option<PathBuf>,
    /// Stage times of fitting, if the run fitted.
    pub fit: Option<Stages>,
    /// What the rows were grouped into.
    pub findings: Option<FindingFacts>,
    /// The input as flow logs, if it is one.
    pub logs: Option<Arc<FlowLogs>>,
}

/// Findings of a run.
#[derive(Debug, Clone, Default, Serialize)]
pub struct FindingFacts {
    /// All that are ranked.
    pub findings: u64,
    /// The first so many are anomalies.
    pub flagged: u64,
    /// Flows in these.
    pub flows_flagged: u64,
    /// Days that they span, at least 1.
    pub days: f64,
    /// The same, at least an hour of one.
    pub length: f64,
    /// How many were asked for: `100/day`.
    pub verdict: String,
    /// What is wrong with the capture.
    pub faults: Vec<String>,
    /// What is known to be fine: the list, and of each rule its line, its reason and the rows that it allowed.
    pub allowed: Option<AllowedFacts>,
    /// The findings that are anomalies or were printed, and those that are faults of the capture.
    pub list: Vec<ToldFinding>,
}

/// What an allow-list allowed.
#[derive(Debug, Clone, Default, Serialize)]
pub struct AllowedFacts {
    /// The list.
    pub file: PathBuf,
    /// Its rules, in the order of the list.
    pub rules: Vec<RuleFacts>,
}

/// What a rule allowed.
#[derive(Debug, Clone, Default, Serialize)]
pub struct RuleFacts {
    /// Where it begins in the list.
    pub line: usize,
    /// Why it is there.
    pub reason: String,
    /// Rows that it allowed.
    pub rows: u64,
    /// Whether it is not in force any more.
    pub expired: bool,
}

/// The manifest, as it is written.
#[derive(Debug, Serialize)]
pub struct Manifest {
    oddflow_version: &'static str,
    command: String,
    finished: String,
    device: String,
    threads: usize,
    inputs: Vec<ManifestInput>,
    damaged: Vec<Damage>,
    model: ManifestModel,
    output: Option<PathBuf>,
    records_read: u64,
    rows_scored: u64,
    rows_superseded: u64,
    rows_of_baseline: u64,
    rows_written: u64,
    bytes_written: u64,
    /// Files that the output was cut into; 0 where it is one.
    parts_written: u64,
    anomalies: u64,
    share_of_anomalies: f64,
    rejected: BTreeMap<String, u64>,
    /// Lines that were not UTF-8 and were read as Windows-1252.
    recoded_lines: u64,
    /// JSON keys that became no column, with the records that had them.
    unknown_keys: BTreeMap<String, u64>,
    /// Records that are no flows, by kind, and files that are other logs.
    passed_over: BTreeMap<String, u64>,
    other_logs: BTreeMap<String, u64>,
    imputed_values: u64,
    unseen_categories: BTreeMap<String, u64>,
    quality: Option<crate::detectors::Quality>,
    findings: Option<FindingFacts>,
    /// How far a sample of the rows is from the training rows.
    drift: Option<ManifestDrift>,
    window_evictions: Option<Evictions>,
    /// What flow logs are like.
    flow_logs: Option<ManifestLogs>,
    /// Rows whose neighbours f32 could not decide, those of the fit included where the run fitted.
    settled: Option<Settled>,
    /// How the problem of a support vector machine was solved, and whether to its tolerance.
    solver: Option<Solved>,
    seconds_fit: Option<Stages>,
    seconds_score: Stages,
}

/// Columns that a manifest names.
const WORST: usize = 10;

/// Drift, the farthest columns only.
#[derive(Debug, Serialize)]
struct ManifestDrift {
    training_rows: u64,
    rows: u64,
    against: &'static str,
    score: ColumnDrift,
    worst_columns: Vec<ColumnDrift>,
    #[serde(skip_serializing_if = "Option::is_none")]
    elsewhere: Option<Elsewhere>,
    hours: Option<HoursDrift>,
}

impl ManifestDrift {
    fn of(drift: &Drift) -> Self {
        Self {
            training_rows: drift.training_rows,
            rows: drift.rows,
            against: drift.against,
            score: drift.score.clone(),
            worst_columns: drift.columns.iter().take(WORST).cloned().collect(),
            elsewhere: drift
                .elsewhere
                .as_ref()
                .map(|rows| Elsewhere { columns: rows.columns.iter().take(WORST).cloned().collect(), ..rows.clone() }),
            hours: drift.hours.clone(),
        }
    }
}

/// What is to be known of flow logs beside their findings.
#[derive(Debug, Serialize)]
struct ManifestLogs {
    share_of_ten_largest_conversations: f64,
    /// Where it is large enough to be known by name.
    largest_conversation: Option<Conversation>,
    /// The zone of times that state none.
    zone_assumed: Option<String>,
    flows_without_usable_time: u64,
    flows_with_implausible_time: u64,
    flows_lacking_an_address: u64,
    /// The destination's, of those of TCP and UDP that have both addresses.
    flows_lacking_the_port: u64,
}

#[derive(Debug, Serialize)]
struct Conversation {
    name: String,
    share: f64,
}

impl ManifestLogs {
    /// `None` of tables without addresses and times.
    fn of(logs: &FlowLogs) -> Option<Self> {
        logs.reader().tells_who_and_when().then(|| Self {
            share_of_ten_largest_conversations: logs.ten_largest.share(),
            largest_conversation: logs.ten_largest.first.clone().map(|(name, flows)| {
                let share = logs.ten_largest.share_of(flows);
                Conversation { name, share }
            }),
            zone_assumed: logs.reader().assumed_zone().map(|zone| zone.to_string()),
            flows_without_usable_time: logs.survey.untimed(),
            flows_with_implausible_time: logs.survey.implausible,
            flows_lacking_an_address: logs.survey.incomplete.no_address,
            flows_lacking_the_port: logs.survey.incomplete.no_port,
        })
    }
}

/// How a support vector machine was fitted.
#[derive(Debug, Serialize)]
struct Solved {
    #[serde(flatten)]
    report: SvmReport,
    converged: bool,
}

#[derive(Debug, Serialize)]
struct ManifestInput {
    name: String,
    bytes: u64,
    blake3: Option<String>,
    format: String,
}

#[derive(Debug, Serialize)]
struct ManifestModel {
    path: Option<PathBuf>,
    blake3: String,
    detector: &'static str,
    threshold_rule: String,
    threshold_score: f64,
    seed: u64,
}

impl Manifest {
    /// Puts a run's facts together.
    pub fn new(facts: RunFacts, input: &Input, model: &Model, report: &ScoreReport) -> Self {
        let of_file = |(digest, file): (InputDigest, &InputFile)| ManifestInput {
            name: digest.name,
            bytes: digest.bytes,
            blake3: digest.blake3,
            format: file.description.clone(),
        };
        Self {
            oddflow_version: env!("CARGO_PKG_VERSION"),
            command: facts.command,
            finished: rfc3339(SystemTime::now()),
            device: facts.device,
            threads: facts.threads,
            inputs: facts.inputs.into_iter().zip(&input.files).map(of_file).collect(),
            damaged: facts.damages,
            model: ManifestModel {
                path: facts.model_path,
                blake3: facts.model_digest,
                detector: model.detector.name(),
                threshold_rule: model.threshold.rule.to_string(),
                threshold_score: model.threshold.score,
                seed: model.provenance.seed,
            },
            output: facts.output,
            records_read: report.tally.records,
            rows_scored: report.scored_rows(),
            rows_superseded: report.superseded,
            rows_of_baseline: report.of_baseline,
            rows_written: report.written.as_ref().map_or(0, |w| w.rows),
            bytes_written: report.written.as_ref().map_or(0, |w| w.bytes),
            parts_written: report.written.as_ref().map_or(0, |w| w.parts),
            anomalies: report.n_anomalies,
            share_of_anomalies: report.share_of_anomalies(),
            rejected: report.tally.rejected.iter().map(|(reason, n)| (reason.to_string(), *n)).collect(),
            recoded_lines: input.recoded_lines(),
            unknown_keys: input.unknown_keys().into_iter().collect(),
            passed_over: input.passed_over().into_iter().collect(),
            other_logs: input.other_logs.clone(),
            imputed_values: report.imputed,
            unseen_categories: report.unseen.iter().cloned().collect(),
            quality: report.quality,
            findings: facts.findings,
            drift: report.drift.as_ref().map(ManifestDrift::of),
            window_evictions: facts.logs.as_ref().map(|logs| logs.evictions()),
            flow_logs: facts.logs.as_deref().and_then(ManifestLogs::of),
            settled: settled(model, report),
            solver: solver(model),
            seconds_fit: facts.fit,
            seconds_score: report.stages,
        }
    }

    /// Writes the manifest under its name, whole or not at all.
    ///
    /// # Errors
    /// If the directory cannot be written to.
    pub fn save(&self, path: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(self).map_err(|e| Error::io(path, e.into()))?;
        let mut file = Staged::beside(path)?;
        writeln!(file, "{text}").map_err(|e| Error::io(path, e))?;
        file.publish().map(drop)
    }
}

fn solver(model: &Model) -> Option<Solved> {
    let machine = model.detector.parts().iter().find_map(|part| match part {
        Detector::OneClassSvm(machine) => Some(machine),
        _ => None,
    })?;
    Some(Solved { report: *machine.report(), converged: machine.has_converged() })
}

/// What was settled in the whole run: a model that was loaded has no fit.
fn settled(model: &Model, report: &ScoreReport) -> Option<Settled> {
    let score = report.settled?;
    Some(model.detector.settled_at_fit().unwrap_or_default().plus(score))
}

/// `day.parquet` → `day.parquet.manifest.json`: the whole name, so that outputs of several formats keep theirs apart.
pub fn manifest_path(output: &Path) -> PathBuf {
    beside(output, "manifest.json")
}

/// The file beside `output` that has `extension` after its whole name.
pub fn beside(output: &Path, extension: &str) -> PathBuf {
    let mut name = output.file_name().unwrap_or_default().to_os_string();
    name.push(".");
    name.push(extension);
    output.with_file_name(name)
}
