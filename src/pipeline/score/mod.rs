//! Scoring: one pass over the input; each batch is encoded, scored, judged and formatted on a worker, then written in
//! input order.

mod options;
mod report;
mod worker;

pub use options::{RowVerdicts, ScoreOptions};
pub use report::ScoreReport;

use super::Pass;
use super::drift::DriftSample;
use super::events::{EventPlan, FindingNotes};
use super::ordered::Run;
use super::reasons::Reasoner;
use super::sample::Gathered;
use super::score_file::ScoreWriter;
use super::tally::Stages;
use super::writer::Writer;
use crate::detectors::{Assessment, Ranking};
use crate::device::Device;
use crate::findings::Collector;
use crate::flows::Rejected;
use crate::flows::sink::Sink;
use crate::flows::source::Input;
use crate::model::Model;
use crate::{Error, Result};
use std::time::Instant;
use worker::Worker;

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
    // Where no record could be used, an earlier output stays.
    let is_of_none = report.tally.rows == 0 && report.tally.n_rejected() > 0;
    report.written = writer.filter(|_| !is_of_none).map(Writer::finish).transpose()?;
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
