//! What scoring gave.

use crate::detectors::{Assessment, Quality};
use crate::features::Drift;
use crate::findings::Collector;
use crate::flows::sink::Written;
use crate::ops::neighbors::Settled;
use crate::pipeline::score_file::ScoreFile;
use crate::pipeline::tally::{Stages, Tally};
use crate::pipeline::top::Top;
use std::collections::BTreeSet;

/// What scoring gave.
pub struct ScoreReport {
    /// What was read.
    pub tally: Tally,
    /// Rows whose verdict is anomaly.
    pub n_anomalies: u64,
    /// Missing values of scored rows that were imputed.
    pub imputed: u64,
    /// Categories that training had not seen, by column; columns without any are left out.
    pub unseen: Vec<(String, u64)>,
    /// Agreement with the labels, where the input has them.
    pub quality: Option<Quality>,
    /// The labelled rows, where they were to be measured in full.
    pub assessment: Option<Assessment>,
    /// How far the rows are from the training rows, where the model knows them.
    pub drift: Option<Drift>,
    /// What f32 could not decide among neighbours; `None` for a detector without them.
    pub settled: Option<Settled>,
    /// The oddest rows.
    pub top: Top,
    /// What was written.
    pub written: Option<Written>,
    /// The rows' groups, where they were asked for.
    pub collected: Option<Collector>,
    /// All scores, where they were asked for.
    pub scores: Option<ScoreFile>,
    /// Rows that later records replace, which have no score.
    pub superseded: u64,
    /// Rows of a baseline within the input, which have none either.
    pub of_baseline: u64,
    /// Rows that each rule of an allow-list allowed.
    pub allowed: Vec<u64>,
    /// Findings that have anomalies, where findings were known.
    pub odd_findings: BTreeSet<usize>,
    /// How long it took.
    pub stages: Stages,
}

impl ScoreReport {
    pub(super) fn new(top: usize) -> Self {
        Self {
            tally: Tally::default(),
            n_anomalies: 0,
            imputed: 0,
            unseen: Vec::new(),
            quality: None,
            assessment: None,
            drift: None,
            settled: None,
            top: Top::new(top),
            written: None,
            collected: None,
            scores: None,
            superseded: 0,
            of_baseline: 0,
            allowed: Vec::new(),
            odd_findings: BTreeSet::new(),
            stages: Stages::default(),
        }
    }

    /// Rows that have a score.
    pub fn scored_rows(&self) -> u64 {
        self.tally.rows.saturating_sub(self.superseded + self.of_baseline)
    }

    /// Share of scored rows whose verdict is anomaly; 0 where nothing was scored.
    pub fn share_of_anomalies(&self) -> f64 {
        self.n_anomalies as f64 / self.scored_rows().max(1) as f64
    }
}
