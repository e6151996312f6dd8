//! What scoring is asked for.

use crate::findings::Grouped;
use crate::findings::allow::AllowList;
use crate::model::OutputPlan;
use crate::pipeline::assess::Assess;
use crate::pipeline::events::EventPlan;
use crate::pipeline::flow_logs::FlowScoring;
use crate::pipeline::known::KnownScores;
use crate::pipeline::reasons::Explain;
use crate::pipeline::score_file::ScoreFile;
use std::sync::Arc;

/// What to write and keep.
#[derive(Debug, Clone)]
pub struct ScoreOptions {
    /// The written columns.
    pub output: OutputPlan,
    /// Write only rows whose verdict is anomaly.
    pub only_anomalies: bool,
    /// How many of the oddest rows to keep.
    pub top: usize,
    /// Column with the truth, if the input has one.
    pub label: Option<String>,
    /// Whether to measure scores against the truth in full, and how.
    pub assess: Option<Assess>,
    /// Rows to look at for how far they are from the training rows; 0: none.
    pub drift_rows: usize,
    /// Scores that the fit has found for records of this input; the others are scored.
    pub known: Option<Arc<KnownScores>>,
    /// Flow logs, for a model of flow logs.
    pub flows: Option<FlowScoring>,
    /// Which rows are given reasons, where [`ScoreOptions::output`] has a column for them.
    pub explain: Option<Explain>,
    /// Whether to group rows into findings.
    pub collect: bool,
    /// Whether to keep all scores for another pass.
    pub keep_scores: bool,
    /// The scores of all records, where an earlier pass has found them.
    pub scores: Option<Arc<ScoreFile>>,
    /// What the findings make of rows, once they are known.
    pub verdicts: Option<Arc<RowVerdicts>>,
    /// Rows a batch may have; larger ones are split by the device.
    pub batch_rows: usize,
    /// Rows are written as these events, and not as a table.
    pub events: Option<Arc<EventPlan>>,
    /// Whether nothing of what goes to sinks has an effect before the end, so that the pass may be given up there.
    pub may_read_again: bool,
}

impl ScoreOptions {
    /// Scores all rows and keeps nothing of them: what is wanted beside that is set afterwards.
    pub fn new(output: OutputPlan, batch_rows: usize) -> Self {
        Self {
            output,
            only_anomalies: false,
            top: 0,
            label: None,
            assess: None,
            drift_rows: 0,
            known: None,
            flows: None,
            events: None,
            explain: None,
            collect: false,
            keep_scores: false,
            scores: None,
            verdicts: None,
            batch_rows,
            may_read_again: false,
        }
    }
}

/// What the findings say of their rows.
#[derive(Debug)]
pub struct RowVerdicts {
    /// All rows in findings.
    pub grouped: Grouped,
    /// Of each finding, whether its rows are anomalies. `None`: rows have their own verdicts.
    pub flagged: Option<Vec<bool>>,
    /// What is known to be fine: rows that a rule allows are no anomalies.
    pub allowed: AllowList,
}
