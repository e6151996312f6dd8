//! Scoring: one pass over the input; each batch is encoded, scored, judged and formatted on a worker, then written in
//! input order.

use super::Pass;
use super::assess::{Assess, AssessedRows};
use super::drift::DriftSample;
use super::events::{EventPlan, FindingNotes};
use super::flow_logs::{AsFlows, FlowScoring};
use super::known::KnownScores;
use super::ordered::Run;
use super::reasons::{Explain, Reasoner};
use super::sample::{Candidates, Gathered};
use super::score_file::{ScoreFile, ScoreWriter};
use super::tally::{Stages, Tally};
use super::top::Top;
use super::writer::{Output, Writer};
use crate::detectors::{Assessment, Quality, Ranking};
use crate::device::Device;
use crate::features::{Drift, label_values};
use crate::findings::allow::AllowList;
use crate::findings::{Collector, Grouped, Rows};
use crate::flows::record::Flows;
use crate::flows::sink::{RowEncoder, Sink, Written};
use crate::flows::source::Input;
use crate::flows::{Batch, Rejected};
use crate::model::{BatchScorer, InFinding, Model, OutputPlan, Scored};
use crate::ops::neighbors::Settled;
use crate::{Error, Result};
use arrow_array::{BooleanArray, RecordBatch};
use arrow_select::filter::filter_record_batch;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

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

/// What scoring gave.
pub struct ScoreReport {
    /// What was read.
    pub tally: Tally,
    /// Rows whose verdict is anomaly.
    pub n_anomalies: u64,
    /// Missing values that were imputed.
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

/// A batch of fewer rows is no row group of its own: Parquet allows 32,767 of them, and readers want large ones.
const SMALL_BATCH: usize = 16_384;

/// Rows as flows with their severities, NaN for what is not scored.
type SeverityOfFlows = (AsFlows, Vec<f64>);

/// What one batch gave.
struct Item {
    output: Output,
    file: usize,
    rejected: Vec<Rejected>,
    top: Top,
    labelled: Vec<(f64, bool, bool)>,
    assessed: AssessedRows,
    /// To be looked at for drift.
    looked_at: Option<Candidates>,
    n_anomalies: u64,
    imputed: u64,
    unseen: Vec<u64>,
    superseded: u64,
    of_baseline: u64,
    judged: Judged,
    /// To be grouped.
    flows: Option<SeverityOfFlows>,
    /// Positions and scores, to be kept.
    scores: Option<(Vec<u64>, Vec<f64>)>,
    stages: Stages,
}

/// Scores the whole input with `model` on `device`; scored rows go to `sink`, rejected records to `rejected`. Where a
/// column turns out wider than its type, the input is to be read again, if that is possible and allowed.
///
/// # Errors
/// The first error in input order from any stage; the sink's file does not appear then.
pub fn score(
    model: &Model,
    input: &Input,
    device: &Device,
    sink: Option<Sink>,
    options: &ScoreOptions,
    run: &Run<'_>,
    mut rejected: impl FnMut(usize, &Rejected) -> Result<()>,
) -> Result<Pass<ScoreReport>> {
    let start = Instant::now();
    let schema = match &options.flows {
        Some(flows) => flows.schema(&input.schema)?,
        None => input.schema.clone(),
    };
    let scorer = model.scorer(device, &schema, options.batch_rows)?.until(&run.stop);
    let mut report = ScoreReport::new(options.top);
    let mut unseen = vec![0; scorer.unseen_columns().len()];
    let mut ranking = options.label.as_ref().filter(|_| options.assess.is_none()).map(|_| Ranking::new());
    let mut assessment = options.assess.as_ref().map(|_| Assessment::new());
    let mut collector = options.collect.then(Collector::new);
    let mut scores = options.keep_scores.then(ScoreWriter::new).transpose()?;
    let notes = match (&options.events, &options.verdicts) {
        (Some(_), Some(verdicts)) => EventPlan::notes(verdicts),
        _ => FindingNotes::new(),
    };
    let drift = DriftSample::new(model, options.drift_rows);
    let mut looked_at = Gathered::default();
    let encoder = sink.as_ref().map(Sink::encoder);
    let reasoner = |explain| Reasoner::new(model, &schema, device, explain, options.known.clone(), &run.stop);
    let reasoner = options.explain.map(reasoner).transpose()?;
    let worker = Worker { scorer: &scorer, reasoner, encoder, options, input, notes, drift: drift.as_ref() };
    let mut writer = sink.map(Writer::new);
    let rules = options.verdicts.as_ref().map_or(0, |verdicts| verdicts.allowed.rules().len());
    report.allowed.resize(rules, 0);
    let stages = &mut report.stages;
    let (tally, top) = (&mut report.tally, &mut report.top);
    let read = run.each(
        input.source()?,
        |batch| {
            let (file, first) = (batch.file, batch.numbers.get(0));
            worker.item(batch).map_err(|error| at(error, input, file, first))
        },
        |done| {
            let item = done.value;
            tally.add(done.rows, &item.rejected);
            item.rejected.iter().try_for_each(|r| rejected(item.file, r))?;
            stages.parse += Stages::seconds(done.parse);
            stages.add(&item.stages);
            report.n_anomalies += item.n_anomalies;
            report.imputed += item.imputed;
            report.superseded += item.superseded;
            report.of_baseline += item.of_baseline;
            report.odd_findings.extend(item.judged.odd_findings);
            for rule in item.judged.rules {
                report.allowed.get_mut(rule).into_iter().for_each(|n| *n += 1);
            }
            if let (Some(collector), Some((flows, severity))) = (&mut collector, &item.flows) {
                collector.learn(&flows.names);
                collector.observe(&flows.rows(severity));
            }
            if let (Some(kept), Some((positions, of_rows))) = (&mut scores, item.scores) {
                kept.append(positions, &of_rows)?;
            }
            unseen.iter_mut().zip(&item.unseen).for_each(|(sum, n)| *sum += n);
            top.merge(item.top);
            if let Some(ranking) = &mut ranking {
                item.labelled.iter().for_each(|&(score, verdict, label)| ranking.push(score, verdict, label));
            }
            if let (Some(drift), Some(candidates)) = (&drift, item.looked_at) {
                drift.gather(&mut looked_at, candidates)?;
            }
            if let Some(assessment) = &mut assessment {
                item.assessed.push_to(assessment);
            }
            let begin = Instant::now();
            if let Some(writer) = &mut writer {
                writer.write(item.output)?;
            }
            stages.write += Stages::seconds(begin.elapsed());
            Ok(())
        },
    )?;
    if options.may_read_again && input.wants_wider() {
        return Ok(Pass::ReadAgain);
    }
    report.stages.read = read;
    report.collected = collector;
    report.scores = scores.map(ScoreWriter::finish).transpose()?;
    report.unseen = scorer.unseen_columns().iter().cloned().zip(unseen).filter(|(_, n)| *n > 0).collect();
    report.settled = scorer.settled();
    report.quality = ranking.map(Ranking::finish);
    report.assessment = assessment;
    report.drift = drift.map_or(Ok(None), |drift| drift.finish(looked_at))?;
    let begin = Instant::now();
    run.stop.check()?;
    report.written = writer.map(Writer::finish).transpose()?;
    report.stages.write += Stages::seconds(begin.elapsed());
    report.stages.wall = Stages::seconds(start.elapsed());
    Ok(Pass::Done(report))
}

/// Says where a batch lies whose columns could not be used.
fn at(error: Error, input: &Input, file: usize, first: u64) -> Error {
    match (error, input.files.get(file)) {
        (Error::Schema(reason), Some(file)) => {
            Error::Schema(format!("{}, from record {first} on: {reason}", file.name))
        }
        (error, _) => error,
    }
}

impl ScoreReport {
    fn new(top: usize) -> Self {
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

    /// Share of scored rows whose verdict is anomaly; 0 where nothing was scored.
    pub fn share_of_anomalies(&self) -> f64 {
        if self.tally.rows == 0 { 0.0 } else { self.n_anomalies as f64 / self.tally.rows as f64 }
    }
}

/// What every worker shares.
struct Worker<'a> {
    scorer: &'a BatchScorer,
    reasoner: Option<Reasoner>,
    encoder: Option<RowEncoder>,
    options: &'a ScoreOptions,
    input: &'a Input,
    notes: FindingNotes,
    drift: Option<&'a DriftSample<'a>>,
}

impl Worker<'_> {
    fn item(&self, mut batch: Batch) -> Result<Item> {
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
        let scored =
            self.scorer.score_knowing(&table, |row| if replaced(row) { Some(f64::NAN) } else { known(row) })?;
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
struct Judged {
    /// The rules that allowed rows, a row each.
    rules: Vec<usize>,
    /// Findings with anomalies.
    odd_findings: BTreeSet<usize>,
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
