//! The oddest rows, kept while streaming.

use crate::flows::Batch;
use crate::{Error, Result};
use arrow_array::{RecordBatch, UInt32Array};
use arrow_select::take::take_record_batch;

/// One of the oddest rows.
#[derive(Debug, Clone)]
pub struct TopRow {
    /// The detector's score.
    pub score: f64,
    /// Its rarity among the training scores.
    pub severity: f64,
    /// The verdict.
    pub anomaly: bool,
    /// Index of its file in the input.
    pub file: usize,
    /// Its record number in that file (1-based).
    pub record: u64,
    /// Its reasons, where rows are explained.
    pub why: Option<String>,
    /// Its place in the stream; breaks ties.
    position: u64,
    /// The original fields: a batch of one row.
    pub fields: RecordBatch,
}

/// The `size` rows with the largest scores; of equal scores the earlier record comes first.
#[derive(Debug, Clone)]
pub struct Top {
    size: usize,
    rows: Vec<TopRow>,
}

impl TopRow {
    /// Its place in the stream, from 0.
    pub fn position(&self) -> u64 {
        self.position
    }
}

impl Top {
    /// Keeps up to `size` rows.
    pub fn new(size: usize) -> Self {
        Self { size, rows: Vec::new() }
    }

    /// The oddest rows of one batch.
    ///
    /// # Errors
    /// If the rows cannot be copied out of the batch.
    pub fn of_batch(size: usize, batch: &Batch, score: &[f64], severity: &[f64], anomaly: &[bool]) -> Result<Self> {
        let mut order: Vec<u32> = (0..score.len() as u32).filter(|&row| !score[row as usize].is_nan()).collect();
        let by_score = |&a: &u32, &b: &u32| score[b as usize].total_cmp(&score[a as usize]).then(a.cmp(&b));
        if size < order.len() && size > 0 {
            order.select_nth_unstable_by(size - 1, by_score);
        }
        order.truncate(size);
        order.sort_unstable_by(by_score);
        let fields = take_record_batch(&batch.columns, &UInt32Array::from(order.clone()))
            .map_err(|e| Error::Schema(format!("the oddest rows could not be copied: {e}")))?;
        let row = |(i, &at): (usize, &u32)| TopRow {
            score: score[at as usize],
            severity: severity[at as usize],
            anomaly: anomaly[at as usize],
            why: None,
            file: batch.file,
            record: batch.numbers.get(at as usize),
            position: batch.stream_position(at as usize),
            fields: fields.slice(i, 1),
        };
        Ok(Self { size, rows: order.iter().enumerate().map(row).collect() })
    }

    /// Gives rows their reasons, by their place in the stream.
    pub fn explain(&mut self, why: impl Fn(u64) -> Option<String>) {
        for row in &mut self.rows {
            row.why = why(row.position);
        }
    }

    /// Merges another batch's oddest rows.
    pub fn merge(&mut self, other: Top) {
        self.rows.extend(other.rows);
        self.rows.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.position.cmp(&b.position)));
        self.rows.truncate(self.size);
    }

    /// The rows, oddest first.
    pub fn rows(&self) -> &[TopRow] {
        &self.rows
    }
}
