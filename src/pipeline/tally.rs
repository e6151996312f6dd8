//! What was counted and how long the stages took.

use crate::flows::{Reject, Rejected};
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// Records counted on the way.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Records read: rows and rejected ones.
    pub records: u64,
    /// Rows that became a batch.
    pub rows: u64,
    /// Rejected records by reason.
    pub rejected: BTreeMap<Reject, u64>,
}

impl Tally {
    /// Counts a batch's rows and rejected records.
    pub fn add(&mut self, rows: usize, rejected: &[Rejected]) {
        self.rows += rows as u64;
        self.records += (rows + rejected.len()) as u64;
        for r in rejected {
            *self.rejected.entry(r.reason).or_default() += 1;
        }
    }

    /// Rejected records, all reasons together.
    pub fn n_rejected(&self) -> u64 {
        self.rejected.values().sum()
    }

    /// `3 rejected: 2 too few fields, 1 bad number`, or `0 rejected`.
    pub fn rejected_in_words(&self) -> String {
        let parts: Vec<String> = self.rejected.iter().map(|(reason, n)| format!("{n} {reason}")).collect();
        match parts.is_empty() {
            true => "0 rejected".to_owned(),
            false => format!("{} rejected: {}", self.n_rejected(), parts.join(", ")),
        }
    }
}

/// Time spent in each stage, in seconds, added over all threads; `wall` is the clock on the wall.
///
/// Stages overlap, so their sum may exceed `wall`, up to the number of threads times.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Stages {
    /// Reading bytes, decompressing, finding record ends.
    pub read: f64,
    /// Fields to typed columns.
    pub parse: f64,
    /// Columns to the feature matrix.
    pub encode: f64,
    /// The detector on its device.
    pub score: f64,
    /// Scored rows to output bytes (compression included).
    pub format: f64,
    /// Writing bytes.
    pub write: f64,
    /// Start to end.
    pub wall: f64,
}

impl Stages {
    /// Adds another set of stage times; `wall` is left alone.
    pub fn add(&mut self, other: &Stages) {
        self.read += other.read;
        self.parse += other.parse;
        self.encode += other.encode;
        self.score += other.score;
        self.format += other.format;
        self.write += other.write;
    }

    /// Seconds of a duration.
    pub fn seconds(d: Duration) -> f64 {
        d.as_secs_f64()
    }
}
