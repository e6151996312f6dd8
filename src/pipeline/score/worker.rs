//! What a worker makes of one batch: scores, verdicts, what is to be written.

use super::options::{RowVerdicts, ScoreOptions};
use crate::features::label_values;
use crate::findings::Rows;
use crate::flows::record::Flows;
use crate::flows::sink::RowEncoder;
use crate::flows::source::Input;
use crate::flows::{Batch, Rejected};
use crate::model::{BatchScorer, InFinding, Scored};
use crate::pipeline::assess::AssessedRows;
use crate::pipeline::drift::DriftSample;
use crate::pipeline::events::FindingNotes;
use crate::pipeline::flow_logs::AsFlows;
use crate::pipeline::reasons::Reasoner;
use crate::pipeline::sample::Candidates;
use crate::pipeline::tally::Stages;
use crate::pipeline::top::Top;
use crate::pipeline::writer::Output;
use crate::{Error, Result};
use arrow_array::{BooleanArray, RecordBatch};
use arrow_select::filter::filter_record_batch;
use std::collections::BTreeSet;
use std::time::Instant;

/// A batch of fewer rows is no row group of its own: Parquet allows 32,767 of them, and readers want large ones.
const SMALL_BATCH: usize = 16_384;

/// Rows as flows with their severities, NaN for what is not scored.
type SeverityOfFlows = (AsFlows, Vec<f64>);

/// What one batch gave.
pub(super) struct Item {
    pub output: Output,
    pub file: usize,
    pub rejected: Vec<Rejected>,
    pub top: Top,
    pub labelled: Vec<(f64, bool, bool)>,
    pub assessed: AssessedRows,
    /// To be looked at for drift.
    pub looked_at: Option<Candidates>,
    pub n_anomalies: u64,
    pub imputed: u64,
    pub unseen: Vec<u64>,
    pub superseded: u64,
    pub of_baseline: u64,
    pub judged: Judged,
    /// To be grouped.
    pub flows: Option<SeverityOfFlows>,
    /// Positions and scores, to be kept.
    pub scores: Option<(Vec<u64>, Vec<f64>)>,
    pub stages: Stages,
}

/// What every worker shares.
pub(super) struct Worker<'a> {
    pub scorer: &'a BatchScorer,
    pub reasoner: Option<Reasoner>,
    pub encoder: Option<RowEncoder>,
    pub options: &'a ScoreOptions,
    pub input: &'a Input,
    pub notes: FindingNotes,
    pub drift: Option<&'a DriftSample<'a>>,
}

impl Worker<'_> {
    pub fn item(&self, mut batch: Batch) -> Result<Item> {
        let (mut scored, flows, table) = self.scored(&batch)?;
        let starts = flows.as_ref().map(|(read, _)| read.flows.start.as_slice());
        let looked_at = self.drift.map(|drift| drift.candidates(&batch, &table, &scored.score, starts)).transpose()?;
        let judged = match (&self.options.verdicts, &flows) {
            (Some(verdicts), Some((flows, severity))) => {
                let judged = judge(verdicts, &mut scored, &flows.rows(severity));
                self.place(&batch, &mut scored);
                judged
            }
            _ => Judged::default(),
        };
        let mut top = Top::of_batch(self.options.top, &batch, &scored.score, &scored.severity, &scored.anomaly)?;
        if let Some(reasoner) = &self.reasoner {
            let reasons = reasoner.of_batch(&batch, &table, &scored, &mut top, self.encoder.is_some())?;
            scored.reasons = Some(reasons);
        }
        let begin = Instant::now();
        let events = self.events(&batch, &scored, flows.as_ref().map(|(read, _)| &read.flows))?;
        let formatted = Stages::seconds(begin.elapsed());
        let rejected = std::mem::take(&mut batch.rejected);
        let positions = || (0..batch.n_rows()).map(|row| batch.stream_position(row)).collect();
        let unscored = scored.score.iter().filter(|score| score.is_nan()).count() as u64;
        let reader = self.options.flows.as_ref().map(|flows| flows.logs.reader());
        let of_baseline = reader.zip(flows.as_ref()).map_or(0, |(reader, (read, _))| reader.n_of_baseline(&read.flows));
        let mut item = Item {
            output: Output::Nothing,
            file: batch.file,
            labelled: self.labelled(&batch, &scored),
            assessed: self.assessed(&batch, &scored)?,
            looked_at,
            top,
            n_anomalies: scored.anomaly.iter().filter(|&&a| a).count() as u64,
            imputed: scored.imputed,
            superseded: unscored - of_baseline,
            of_baseline,
            judged,
            flows: flows.filter(|_| self.options.collect),
            scores: self.options.keep_scores.then(|| (positions(), scored.score.clone())),
            stages: Stages {
                encode: Stages::seconds(scored.encode_time),
                score: Stages::seconds(scored.score_time),
                ..Stages::default()
            },
            unseen: scored.unseen_by_column.clone(),
            rejected,
        };
        if let Some(events) = events {
            item.output = events;
            item.stages.format = formatted;
        } else if let Some(encoder) = &self.encoder {
            let begin = Instant::now();
            item.output = self.output(encoder, &batch.columns, scored)?;
            item.stages.format = Stages::seconds(begin.elapsed());
        }
        Ok(item)
    }

    /// Scores a batch; of flow logs the rows as flows come with it, and their severities, NaN for what is not scored.
    /// The columns that the features are made of come too.
    fn scored(&self, batch: &Batch) -> Result<(Scored, Option<SeverityOfFlows>, RecordBatch)> {
        let positions = || (0..batch.n_rows()).map(|row| batch.stream_position(row)).collect::<Vec<u64>>();
        let stored = self.options.scores.as_ref().map(|scores| scores.read(&positions())).transpose()?;
        let known = |row: usize| match &stored {
            Some(stored) => stored.get(row).copied(),
            None => self.options.known.as_ref()?.get(batch.stream_position(row)),
        };
        let Some(flows) = &self.options.flows else {
            return Ok((self.scorer.score_knowing(&batch.columns, known)?, None, batch.columns.clone()));
        };
        let (table, read) = flows.table(self.input, batch)?;
        let reader = flows.logs.reader();
        let of_baseline = |row: usize| reader.is_of_baseline(&read.flows, row).unwrap_or(false);
        let replaced = |row: usize| read.superseded.get(row).copied().unwrap_or(false) || of_baseline(row);
        let mut scored =
            self.scorer.score_knowing(&table, |row| if replaced(row) { Some(f64::NAN) } else { known(row) })?;
        if reader.has_baseline() {
            let is_superseded = |row: usize| read.superseded.get(row).copied().unwrap_or(false);
            scored.baseline = (0..batch.n_rows()).map(|row| of_baseline(row) && !is_superseded(row)).collect();
        }
        let severity = scored.severity.iter().zip(&scored.score);
        let severity = severity.map(|(&severity, score)| if score.is_nan() { f64::NAN } else { severity }).collect();
        Ok((scored, Some((read, severity)), table))
    }

    /// Says where the rows are from.
    fn place(&self, batch: &Batch, scored: &mut Scored) {
        if let Some(finding) = &mut scored.finding {
            finding.file = self.input.files.get(batch.file).map(|file| file.name.clone()).unwrap_or_default();
            finding.record = (0..batch.n_rows()).map(|row| batch.numbers.get(row)).collect();
        }
    }

    /// The rows as events, where they are to be written as such.
    fn events(&self, batch: &Batch, scored: &Scored, flows: Option<&Flows>) -> Result<Option<Output>> {
        let (Some(encoder), Some(plan)) = (&self.encoder, &self.options.events) else { return Ok(None) };
        let records = plan.records(self.input, batch, scored, flows, &self.notes, self.options.only_anomalies)?;
        encoder.records(records).map(|encoded| Some(Output::Encoded(encoded)))
    }

    fn output(&self, encoder: &RowEncoder, columns: &RecordBatch, scored: Scored) -> Result<Output> {
        let keep = self.options.only_anomalies.then(|| BooleanArray::from(scored.anomaly.clone()));
        let whole = self.options.output.attach(columns, scored)?;
        match keep {
            None if encoder.wants_large_batches() && whole.num_rows() < SMALL_BATCH => Ok(Output::Few(whole)),
            None => encoder.encode(&whole).map(Output::Encoded),
            Some(keep) => filter_record_batch(&whole, &keep)
                .map(Output::Few)
                .map_err(|e| Error::Schema(format!("rows could not be filtered: {e}"))),
        }
    }

    fn assessed(&self, batch: &Batch, scored: &Scored) -> Result<AssessedRows> {
        match (&self.options.assess, &self.options.label) {
            (Some(assess), Some(label)) => assess.rows(label, batch, scored),
            _ => Ok(AssessedRows::default()),
        }
    }

    fn labelled(&self, batch: &Batch, scored: &Scored) -> Vec<(f64, bool, bool)> {
        let Some(column) = self.options.label.as_ref().and_then(|name| batch.columns.column_by_name(name)) else {
            return Vec::new();
        };
        // A column that only its name makes a label (a time, say) judges nothing.
        let Ok(labels) = label_values(column) else { return Vec::new() };
        let rows = scored.score.iter().zip(&scored.anomaly).zip(labels);
        let rows = rows.filter(|((score, _), _)| !score.is_nan());
        rows.filter_map(|((&score, &verdict), label)| Some((score, verdict, label?))).collect()
    }
}

/// What became of a batch's rows.
#[derive(Default)]
pub(super) struct Judged {
    /// The rules that allowed rows, a row each.
    pub rules: Vec<usize>,
    /// Findings with anomalies.
    pub odd_findings: BTreeSet<usize>,
}

/// Gives rows the verdicts of their findings, and says of which they are.
fn judge(verdicts: &RowVerdicts, scored: &mut Scored, rows: &Rows<'_>) -> Judged {
    let findings = verdicts.grouped.findings();
    let of = verdicts.grouped.findings_of(rows);
    let id = |at: &Option<usize>| at.and_then(|at| findings.get(at)).map(|finding| finding.id.to_string());
    let allowed: Vec<Option<usize>> = (0..of.len()).map(|row| verdicts.allowed.rule_of(&rows.flow(row))).collect();
    let reason =
        |at: &Option<usize>| at.and_then(|at| verdicts.allowed.rules().get(at)).map(|rule| rule.reason.clone());
    let in_finding = InFinding {
        id: of.iter().map(id).collect(),
        allowed: allowed.iter().map(reason).collect(),
        ..InFinding::default()
    };
    for (row, anomaly) in scored.anomaly.iter_mut().enumerate() {
        if let Some(flagged) = &verdicts.flagged {
            *anomaly = of.get(row).copied().flatten().and_then(|at| flagged.get(at)).copied().unwrap_or(false);
        }
        *anomaly &= in_finding.allowed.get(row).is_none_or(Option::is_none);
    }
    scored.finding = Some(in_finding);
    let odd = of.iter().zip(&scored.anomaly).filter(|(_, anomaly)| **anomaly);
    Judged { rules: allowed.into_iter().flatten().collect(), odd_findings: odd.filter_map(|(at, _)| *at).collect() }
}
