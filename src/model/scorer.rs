//! A model made ready for batches of one schema on one device.

use super::output::{OutputColumns, OutputPlan};
use crate::detectors::{Scorer, Severity, Threshold};
use crate::features::{Encoded, RowsToMatrix};
use crate::ops::neighbors::Settled;
use crate::{Error, Result, Stop};
use arrow_array::{BooleanArray, RecordBatch};
use arrow_select::filter::filter_record_batch;
use ndarray::{ArrayView2, Axis};
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
    /// Of each row, whether it is of a baseline within the input: these have no score, and are no anomalies. Empty: of none.
    pub baseline: Vec<bool>,
    /// Of which finding each row is, where rows are grouped.
    pub finding: Option<InFinding>,
    /// Why it is odd, where rows are explained.
    pub reasons: Option<Vec<Option<String>>>,
    /// Missing values that were filled in, of rows that got a score.
    pub imputed: u64,
    /// Values of categories that training had not met, by categorical column, of the same rows.
    pub unseen_by_column: Vec<u64>,
    /// Time spent on encoding.
    pub encode_time: Duration,
    /// Time spent on scoring.
    pub score_time: Duration,
}

/// Findings of rows, row by row, and where the rows are from.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct InFinding {
    /// The finding's name.
    pub id: Vec<Option<String>>,
    /// The rule that allows the row.
    pub allowed: Vec<Option<String>>,
    /// The file of all the rows, as it was named.
    pub file: String,
    /// The number of each row's record in it; the first is 1.
    pub record: Vec<u64>,
}

impl BatchScorer {
    /// The same, giving up in the middle of a batch when `stop` is requested.
    pub fn until(self, stop: &Stop) -> Self {
        Self { scorer: self.scorer.until(stop), ..self }
    }

    /// What f32 could not decide since the scorer was made; `None` for a detector without neighbours.
    pub fn settled(&self) -> Option<Settled> {
        self.scorer.settled()
    }

    /// The categorical columns, in the order of [`Scored::unseen_by_column`].
    pub fn unseen_columns(&self) -> &[String] {
        self.rows.unseen_columns()
    }

    /// Scores the rows of `batch`, which has the schema the scorer was made for.
    ///
    /// # Errors
    /// If a column is not what the features need, or the device is lost.
    pub fn score(&self, batch: &RecordBatch) -> Result<Scored> {
        self.score_knowing(batch, |_| None)
    }

    /// The same, where the score of some rows is known already, `known` says which: training rows of a detector that
    /// left each of them out of its own list, and those that get none (NaN), whose values are not counted either.
    ///
    /// # Errors
    /// As [`BatchScorer::score`].
    pub fn score_knowing(&self, batch: &RecordBatch, known: impl Fn(usize) -> Option<f64>) -> Result<Scored> {
        let known: Vec<Option<f64>> = (0..batch.num_rows()).map(known).collect();
        let start = Instant::now();
        let encoded = self.encode(batch, &known)?;
        let encode_time = start.elapsed();
        let score = self.scores(encoded.matrix.view(), &known)?;
        let severity = score.iter().map(|&score| self.severity.of(score)).collect();
        let anomaly = score.iter().map(|&score| self.threshold.is_anomaly(score)).collect();
        Ok(Scored {
            score,
            severity,
            anomaly,
            baseline: Vec::new(),
            finding: None,
            reasons: None,
            imputed: encoded.imputed,
            unseen_by_column: encoded.unseen_by_column,
            encode_time,
            score_time: start.elapsed() - encode_time,
        })
    }

    /// The rows as the detector takes them, without those that get no score.
    fn encode(&self, batch: &RecordBatch, known: &[Option<f64>]) -> Result<Encoded> {
        let is_scored: Vec<bool> = known.iter().map(|score| !gets_none(score)).collect();
        if is_scored.iter().all(|&scored| scored) {
            return self.rows.encode(batch);
        }
        let rows = filter_record_batch(batch, &BooleanArray::from(is_scored))
            .map_err(|e| Error::Schema(format!("rows could not be filtered: {e}")))?;
        self.rows.encode(&rows)
    }

    /// The known scores, and of the other rows what the detector gives; `rows` are those that get a score.
    fn scores(&self, rows: ArrayView2<'_, f32>, known: &[Option<f64>]) -> Result<Vec<f64>> {
        let of_rows = known.iter().filter(|score| !gets_none(score));
        let unknown: Vec<usize> =
            of_rows.enumerate().filter_map(|(row, score)| score.is_none().then_some(row)).collect();
        let found = if unknown.len() == rows.nrows() {
            self.scorer.score(rows)?
        } else {
            self.scorer.score(rows.select(Axis(0), &unknown).view())?
        };
        let mut found = found.into_iter();
        Ok(known.iter().filter_map(|score| score.or_else(|| found.next())).collect())
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

/// Whether a row is one that gets no score.
fn gets_none(known: &Option<f64>) -> bool {
    known.is_some_and(f64::is_nan)
}
