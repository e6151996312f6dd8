//! Labelled rows of a batch, for measures against the truth.

use super::sample::record_hash;
use super::score_file::ScoreFile;
use crate::Result;
use crate::detectors::{Assessment, Judged, Threshold};
use crate::features::{label_values, label_words};
use crate::flows::Batch;
use crate::model::Scored;
use std::sync::Arc;

/// How labelled rows are measured.
#[derive(Debug, Clone, Default)]
pub struct Assess {
    /// The column that names kinds of anomalies.
    pub kind: Option<String>,
    /// Another model's scores of the same input.
    pub rival: Option<Rival>,
    /// Decides which rows are compared, where there are many.
    pub seed: u64,
}

/// Another model's scores of the same input.
#[derive(Debug, Clone)]
pub struct Rival {
    /// By the position of records.
    pub scores: Arc<ScoreFile>,
    /// What it calls anomalous.
    pub threshold: Threshold,
}

/// The labelled rows of a batch.
#[derive(Debug, Default)]
pub(super) struct AssessedRows {
    rows: Vec<Row>,
    /// Names of kinds, each once.
    kinds: Vec<String>,
}

#[derive(Debug)]
struct Row {
    lot: u64,
    score: f64,
    called: bool,
    label: bool,
    kind: Option<usize>,
    rival: Option<(f64, bool)>,
}

impl Assess {
    /// Rows without a score, or whose label says nothing, are left out.
    pub(super) fn rows(&self, label: &str, batch: &Batch, scored: &Scored) -> Result<AssessedRows> {
        let Some(column) = batch.columns.column_by_name(label) else { return Ok(AssessedRows::default()) };
        let labels = label_values(column)?;
        let kinds = self.kind.as_ref().and_then(|name| batch.columns.column_by_name(name));
        let kinds = kinds.map(|column| label_words(column)).transpose()?;
        let positions: Vec<u64> = (0..batch.n_rows()).map(|row| batch.stream_position(row)).collect();
        let rival = self.rival.as_ref().map(|rival| rival.scores.read(&positions)).transpose()?;
        let mut found = AssessedRows::default();
        for (row, (label, &position)) in labels.into_iter().zip(&positions).enumerate() {
            let (Some(label), Some(&score)) = (label, scored.score.get(row)) else { continue };
            let other = rival.as_ref().and_then(|scores| scores.get(row)).copied();
            if score.is_nan() || other.is_some_and(f64::is_nan) {
                continue;
            }
            let kind = kinds.as_ref().filter(|_| label).and_then(|kinds| kinds.get(row)?.as_deref());
            let is_anomaly = |score: f64| self.rival.as_ref().is_some_and(|rival| rival.threshold.is_anomaly(score));
            found.rows.push(Row {
                lot: record_hash(self.seed, position),
                score,
                called: scored.anomaly.get(row).copied().unwrap_or(false),
                label,
                kind: kind.map(|kind| place(&mut found.kinds, kind)),
                rival: other.map(|score| (score, is_anomaly(score))),
            });
        }
        Ok(found)
    }
}

/// The place of `kind` in a short list, to which it is added.
fn place(kinds: &mut Vec<String>, kind: &str) -> usize {
    kinds.iter().position(|met| met == kind).unwrap_or_else(|| {
        kinds.push(kind.to_owned());
        kinds.len() - 1
    })
}

impl AssessedRows {
    /// In the order of the batch.
    pub(super) fn push_to(&self, assessment: &mut Assessment) {
        for row in &self.rows {
            let kind = row.kind.and_then(|at| self.kinds.get(at)).map(String::as_str);
            let Row { lot, score, called, label, rival, .. } = *row;
            assessment.push(&Judged { lot, score, called, label, kind, rival });
        }
    }
}
