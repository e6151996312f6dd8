//! Fitting: one pass that draws the sample, then features, detector, severity and threshold on it.

mod options;

pub use options::{FitOptions, FitWatch, FlowFit};

use super::Pass;
use super::flow_logs::{FlowGatherer, FlowReader, FlowScoring};
use super::known::KnownScores;
use super::ordered::Run;
use super::sample::{Gathered, Sample};
use super::tally::{Stages, Tally};
use super::training_rows::{EVEN_ROWS, FittedRows, TrainingRows, flow_rows, profile};
use crate::detectors::{Detector, FitContext, Severity, Threshold};
use crate::device::Device;
use crate::features::flow::FlowFeatures;
use crate::features::{FeaturePlan, infer_roles};
use crate::flows::Rejected;
use crate::flows::source::{Input, LEFT_OUT};
use crate::model::{InputDigest, Model, Provenance};
use crate::ops::neighbors::Watch;
use crate::words::counted;
use crate::{Error, Result};
use ndarray::ArrayView2;
use std::sync::Arc;
use std::time::Instant;

/// Rows kept in the model to be replayed when it is loaded.
const REPLAY_ROWS: usize = 16;

/// What fitting gave.
pub struct FitReport {
    /// The fitted model.
    pub model: Model,
    /// The scores of the training rows, where scoring them like others would give other ones.
    pub known: Option<KnownScores>,
    /// The logs as they were read, where they were read as flow logs.
    pub flows: Option<FlowScoring>,
    /// Most rows of one conversation and state that the sample has, where it was held to that.
    pub cap: Option<usize>,
    /// Training rows whose verdict half precision turned, where vectors are stored so.
    pub flips: Option<u64>,
    /// What was read.
    pub tally: Tally,
    /// How long it took.
    pub stages: Stages,
}

/// Reads the whole input once and fits a model on a seeded sample of it. `rejected` sees every rejected record with its
/// file's index, in input order. Where a column turns out to be text, its earlier values were read as numbers and its
/// texts rejected: such an input is to be read again, if it can be (a standard input that was not spooled keeps the
/// rejections).
///
/// # Errors
/// Whatever reading meets; an input without rows; rows without a usable feature; parameters out of range.
pub fn fit(
    input: &mut Input,
    options: &FitOptions,
    device: &Device,
    run: &Run<'_>,
    watch: FitWatch<'_>,
    mut rejected: impl FnMut(usize, &Rejected) -> Result<()>,
) -> Result<Pass<FitReport>> {
    let start = Instant::now();
    let (mut tally, mut stages) = (Tally::default(), Stages::default());
    let reader = reader(input, options)?;
    // Without addresses there is no conversation to cap.
    let can_cap = reader.as_ref().is_some_and(FlowReader::tells_who_and_when);
    let cap = options.flows.as_ref().and_then(|flows| flows.cap).filter(|_| can_cap);
    let sample = Sample::new(options.seed, options.fit_rows).capped(cap.unwrap_or(usize::MAX));
    let even = cap.map(|_| Sample::new(options.seed, EVEN_ROWS));
    let (mut gathered, mut gathered_evenly) = (Gathered::default(), Gathered::default());
    let windows = options.flows.clone().unwrap_or_default().reading.windows;
    let mut gatherer = FlowGatherer::new(&windows);
    let source = input.survey_source()?;
    let shared: &Input = input;
    stages.read = run.each(
        source,
        |batch| {
            let look = reader.as_ref().map(|reader| reader.look(shared, &batch)).transpose()?;
            let candidates = match &look {
                None => sample.candidates(&batch)?,
                Some(look) => sample.candidates_in(&batch, |row| look.groups.get(row).copied().flatten())?,
            };
            let evenly = match (&even, &look) {
                (Some(even), Some(look)) => {
                    let is_flow = |row: usize| look.groups.get(row).copied().flatten().map(|_| None);
                    Some(even.candidates_in(&batch, is_flow)?)
                }
                _ => None,
            };
            Ok((candidates, evenly, look, batch.file, batch.rejected))
        },
        |done| {
            let (candidates, evenly, look, file, bad) = done.value;
            stages.parse += Stages::seconds(done.parse);
            tally.add(done.rows, &bad);
            bad.iter().try_for_each(|r| rejected(file, r))?;
            let copies = look.map_or_else(|| Ok(Vec::new()), |look| gatherer.take(look))?;
            if let (Some(even), Some(evenly)) = (&even, evenly) {
                even.gather(&mut gathered_evenly, evenly.without(&copies))?;
            }
            sample.gather(&mut gathered, candidates.without(&copies))
        },
    )?;
    if input.wants_wider() {
        return Ok(Pass::ReadAgain);
    }
    input.settle();
    let drawn = sample.finish(gathered, &input.schema)?;
    if drawn.rows.num_rows() == 0 {
        return Err(nothing(input, options, &tally));
    }
    let evenly = even.map(|even| even.finish(gathered_evenly, &input.schema)).transpose()?;
    run.stop.check()?;
    let logs = reader.map(|reader| gatherer.finish(reader, &run.stop)).transpose()?;
    let context = FitContext {
        device,
        memory: options.memory,
        cache: options.cache,
        watch: Watch { stop: &run.stop, progress: watch.progress },
        plan: watch.plan,
        solver: watch.solver,
    };
    let (training, flows) = match (logs, &options.flows) {
        (Some(logs), Some(flows)) => {
            let (training, features) = flow_rows(&logs, &drawn, evenly.as_ref(), flows)?;
            let counted = Arc::new(drawn.positions.clone());
            (training, Some(FlowScoring { logs: Arc::new(logs), features, counted }))
        }
        _ => {
            let rows = FittedRows { table: drawn.rows, starts: Vec::new(), positions: drawn.positions.clone() };
            (TrainingRows { rows, evenly: None, features: None }, None)
        }
    };
    let (mut model, flips) = fit_rows(&training, input, options, &context, &mut stages)?;
    model.provenance.rows_read = tally.rows;
    let known = model.detector.known_scores().map(|scores| KnownScores::new(training.rows.positions, scores.to_vec()));
    stages.wall = Stages::seconds(start.elapsed());
    Ok(Pass::Done(FitReport { model, known, flows, cap, flips, tally, stages }))
}

/// Why there is no row to fit on.
fn nothing(input: &Input, options: &FitOptions, tally: &Tally) -> Error {
    let mut words =
        format!("no row to fit on: {} read, {}", counted(tally.records, "record"), tally.rejected_in_words());
    for (_, n) in input.passed_over().iter().filter(|(kind, _)| kind == LEFT_OUT) {
        words += &format!(", {n} {LEFT_OUT}");
    }
    if options.flows.as_ref().is_some_and(|flows| flows.reading.baseline.is_some()) {
        words += "; none begins within the span of --baseline";
    }
    Error::NoInput(words)
}

/// Reads the input as flow logs, if it is to be and can be.
fn reader(input: &Input, options: &FitOptions) -> Result<Option<FlowReader>> {
    let Some(flows) = &options.flows else { return Ok(None) };
    let reader = flows.reader(input)?;
    let baseline = flows.reading.baseline;
    if baseline.is_some() && !reader.as_ref().is_some_and(FlowReader::tells_who_and_when) {
        let limit =
            "a span of time is for logs of flows (Zeek, Suricata EVE, Argus); name files that are known to be clean";
        return Err(Error::parameter("--baseline", "a span of time", limit));
    }
    Ok(reader.map(|reader| reader.with_baseline(baseline)))
}

fn fit_rows(
    training: &TrainingRows,
    input: &Input,
    options: &FitOptions,
    context: &FitContext<'_>,
    stages: &mut Stages,
) -> Result<(Model, Option<u64>)> {
    let (rows, flows) = (&training.rows.table, training.features.as_ref());
    let overrides = flows.map_or_else(|| options.roles.clone(), FlowFeatures::roles);
    let mut roles = infer_roles(rows, &overrides)?;
    if let Some(flows) = flows {
        flows.explain(&mut roles);
    }
    let start = Instant::now();
    let plan = FeaturePlan::fit(rows, &roles, &options.features)?;
    let matrix = plan.bind(rows.schema_ref())?.encode(rows)?.matrix;
    stages.encode += Stages::seconds(start.elapsed());
    let start = Instant::now();
    let detector = Detector::fit_in(matrix.view(), &options.detector, context)?;
    let scores = detector.training_scores(matrix.view(), context.device)?;
    stages.score += Stages::seconds(start.elapsed());
    let severity = Severity::fit(&scores)?;
    let threshold = Threshold::resolve(options.rule, &scores, &severity)?;
    let flips = flips(&detector, matrix.view(), &scores, threshold, context.device)?;
    let profile = profile(training, &plan, &detector, &scores, context.device)?;
    drop(scores);
    let provenance = Provenance {
        inputs: input
            .files
            .iter()
            .map(|f| InputDigest { name: f.name.clone(), bytes: f.size.unwrap_or(0), blake3: None })
            .collect(),
        device: context.device.name(),
        rows_sampled: rows.num_rows() as u64,
        seed: options.seed,
        column_types: column_types(input),
        options: options.recorded.clone(),
        ..Provenance::default()
    };
    let replay = rows.slice(0, rows.num_rows().min(REPLAY_ROWS));
    let mut model = Model::new(plan, detector, severity, threshold, provenance, &replay)?;
    model.flows = training.features.clone();
    model.training = Some(profile);
    Ok((model, flips))
}

/// Training rows whose verdict would be another with the support vectors unrounded; `None` where they are.
fn flips(
    detector: &Detector,
    rows: ArrayView2<'_, f32>,
    scores: &[f64],
    threshold: Threshold,
    device: &Device,
) -> Result<Option<u64>> {
    let Detector::OneClassSvm(machine) = detector else { return Ok(None) };
    let Some(unrounded) = machine.unrounded() else { return Ok(None) };
    let plain = Detector::from(unrounded).scorer(device, rows.nrows())?.score(rows)?;
    let turned = |(a, b): &(&f64, &f64)| (**a > threshold.score) != (**b > threshold.score);
    Ok(Some(scores.iter().zip(&plain).filter(turned).count() as u64))
}

fn column_types(input: &Input) -> Vec<(String, String)> {
    input.schema.fields().iter().map(|f| (f.name().clone(), f.data_type().to_string())).collect()
}
