//! Scoring: one pass over the input; each batch is encoded, scored, judged and formatted on a worker, then written in
//! input order.

use super::Pass;
use super::known::KnownScores;
use super::ordered::Run;
use super::tally::{Stages, Tally};
use super::top::Top;
use super::writer::{Output, Writer};
use crate::detectors::{Quality, Ranking};
use crate::device::Device;
use crate::features::label_values;
use crate::flows::sink::{RowEncoder, Sink, Written};
use crate::flows::source::Input;
use crate::flows::{Batch, Rejected};
use crate::model::{BatchScorer, Model, OutputPlan, Scored};
use crate::ops::neighbors::Settled;
use crate::{Error, Result};
use arrow_array::{BooleanArray, RecordBatch};
use arrow_select::filter::filter_record_batch;
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
    /// Scores that the fit has found for records of this input; the others are scored.
    pub known: Option<Arc<KnownScores>>,
    /// Rows a batch may have; larger ones are split by the device.
    pub batch_rows: usize,
    /// Whether nothing of what goes to sinks has an effect before the end, so that the pass may be given up there.
    pub may_read_again: bool,
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
    /// What f32 could not decide among neighbours; `None` for a detector without them.
    pub settled: Option<Settled>,
    /// The oddest rows.
    pub top: Top,
    /// What was written.
    pub written: Option<Written>,
    /// How long it took.
    pub stages: Stages,
}

/// A batch of fewer rows is no row group of its own: Parquet allows 32,767 of them, and readers want large ones.
const SMALL_BATCH: usize = 16_384;

/// What one batch gave.
struct Item {
    output: Output,
    file: usize,
    rejected: Vec<Rejected>,
    top: Top,
    labelled: Vec<(f64, bool, bool)>,
    n_anomalies: u64,
    imputed: u64,
    unseen: Vec<u64>,
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
    let scorer = model.scorer(device, &input.schema, options.batch_rows)?.until(&run.stop);
    let mut report = ScoreReport::new(options.top);
    let mut unseen = vec![0; scorer.unseen_columns().len()];
    let mut ranking = options.label.as_ref().map(|_| Ranking::new());
    let worker = Worker { scorer: &scorer, encoder: sink.as_ref().map(Sink::encoder), options };
    let mut writer = sink.map(Writer::new);
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
            unseen.iter_mut().zip(&item.unseen).for_each(|(sum, n)| *sum += n);
            top.merge(item.top);
            if let Some(ranking) = &mut ranking {
                item.labelled.iter().for_each(|&(score, verdict, label)| ranking.push(score, verdict, label));
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
    report.unseen = scorer.unseen_columns().iter().cloned().zip(unseen).filter(|(_, n)| *n > 0).collect();
    report.settled = scorer.settled();
    report.quality = ranking.map(Ranking::finish);
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
            settled: None,
            top: Top::new(top),
            written: None,
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
    encoder: Option<RowEncoder>,
    options: &'a ScoreOptions,
}

impl Worker<'_> {
    fn item(&self, batch: Batch) -> Result<Item> {
        let known = |row| self.options.known.as_ref()?.get(batch.stream_position(row));
        let scored = self.scorer.score_knowing(&batch.columns, known)?;
        let top = Top::of_batch(self.options.top, &batch, &scored.score, &scored.severity, &scored.anomaly)?;
        let mut item = Item {
            output: Output::Nothing,
            file: batch.file,
            labelled: self.labelled(&batch, &scored),
            top,
            n_anomalies: scored.anomaly.iter().filter(|&&a| a).count() as u64,
            imputed: scored.imputed,
            stages: Stages {
                encode: Stages::seconds(scored.encode_time),
                score: Stages::seconds(scored.score_time),
                ..Stages::default()
            },
            unseen: scored.unseen_by_column.clone(),
            rejected: batch.rejected,
        };
        if let Some(encoder) = &self.encoder {
            let begin = Instant::now();
            item.output = self.output(encoder, &batch.columns, scored)?;
            item.stages.format = Stages::seconds(begin.elapsed());
        }
        Ok(item)
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

    fn labelled(&self, batch: &Batch, scored: &Scored) -> Vec<(f64, bool, bool)> {
        let Some(column) = self.options.label.as_ref().and_then(|name| batch.columns.column_by_name(name)) else {
            return Vec::new();
        };
        // A column that only its name makes a label (a time, say) judges nothing.
        let Ok(labels) = label_values(column) else { return Vec::new() };
        let rows = scored.score.iter().zip(&scored.anomaly).zip(labels);
        rows.filter_map(|((&score, &verdict), label)| Some((score, verdict, label?))).collect()
    }
}
