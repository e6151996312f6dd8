//! A model made ready for batches of one schema on one device.

use super::output::{OutputColumns, OutputPlan};
use crate::Result;
use crate::detectors::{Scorer, Severity, Threshold};
use crate::features::RowsToMatrix;
use arrow_array::RecordBatch;
use std::time::{Duration, Instant};

/// Encodes and scores batches; shared by threads.
pub struct BatchScorer {
    pub(super) rows: RowsToMatrix,
    pub(super) scorer: Scorer,
    pub(super) severity: Severity,
    pub(super) threshold: Threshold,
}

/// What was found out about a batch, row by row.
#[derive(Debug, Clone, PartialEq)]
pub struct Scored {
    /// The detector's own score; larger is more anomalous.
    pub score: Vec<f64>,
    /// Its rarity among the training scores, in [0, 1).
    pub severity: Vec<f64>,
    /// The verdict: whether the score is above the threshold.
    pub anomaly: Vec<bool>,
    /// Missing values that were filled in.
    pub imputed: u64,
    /// Values of categories that training had not met, by categorical column.
    pub unseen_by_column: Vec<u64>,
    /// Time spent on encoding.
    pub encode_time: Duration,
    /// Time spent on scoring.
    pub score_time: Duration,
}

impl BatchScorer {
    /// The categorical columns, in the order of [`Scored::unseen_by_column`].
    pub fn unseen_columns(&self) -> &[String] {
        self.rows.unseen_columns()
    }

    /// Scores the rows of `batch`, which has the schema the scorer was made for.
    ///
    /// # Errors
    /// If a column is not what the features need, or the device is lost.
    pub fn score(&self, batch: &RecordBatch) -> Result<Scored> {
        let start = Instant::now();
        let encoded = self.rows.encode(batch)?;
        let encode_time = start.elapsed();
        let score = self.scorer.score(encoded.matrix.view())?;
        let severity = score.iter().map(|&score| self.severity.of(score)).collect();
        let anomaly = score.iter().map(|&score| self.threshold.is_anomaly(score)).collect();
        Ok(Scored {
            score,
            severity,
            anomaly,
            imputed: encoded.imputed,
            unseen_by_column: encoded.unseen_by_column,
            encode_time,
            score_time: start.elapsed() - encode_time,
        })
    }

    /// Scores the rows of `batch` and gives them back with the columns `anomaly_score`, `severity` and `anomaly`.
    ///
    /// # Errors
    /// As [`BatchScorer::score`].
    pub fn score_batch(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let plan = OutputPlan::new(&batch.schema(), &OutputColumns::default())?;
        plan.attach(batch, self.score(batch)?)
    }
}
