//! `oddflow detect`: fit on a seeded sample of the input, score all of it, print the oddest rows.

use super::Done;
use super::args::{Detect, InputArgs};
use super::baseline;
use super::found::{self, Asked};
use super::outputs::{check_distinct, check_output, check_parts, output_target};
use super::run::Session;
use super::scoring::{Scoring, events, finish, flow_logs};
use super::settings::Config;
use super::summary;
use crate::Result;
use crate::flows::source::Input;
use crate::pipeline::{Digests, FitOptions, FitReport, RunFacts, beside, manifest_path};
use std::sync::Arc;

pub fn run(args: &Detect) -> Result<Done> {
    let config = Config::load(args.run.config.as_deref())?;
    let mut options = config.fit(&args.fit, &args.verdict, &args.flows, !args.baseline.is_empty())?;
    let span = baseline::span(&args.baseline, options.flows.as_ref())?;
    if let Some(flows) = &mut options.flows {
        flows.reading.baseline = span;
    }
    let clean: &[String] = if span.is_some() { &[] } else { &args.baseline };
    let grouping = Asked::new(&args.findings, &args.verdict, &config)?;
    let session = Session::start(config.running(&args.run)?)?;
    summary::title(&session, &options);
    let grouping = grouping.opened(&args.findings, &session)?;
    let mut input = session.open(&args.input, &config.input(&args.input, &session.running)?, true)?;
    let target = output_target(&args.output, &input)?;
    let output = target.as_ref().and_then(|t| t.path.clone());
    let model_path = args.model.clone().or_else(|| output.as_ref().map(|o| beside(o, "model")));
    if let Some(path) = &model_path {
        check_output("-m", path, &input)?;
    }
    let manifest = output.as_deref().map(manifest_path);
    check_distinct(&[
        ("-o", output.as_deref()),
        ("-m", model_path.as_deref()),
        ("the manifest", manifest.as_deref()),
        ("--rejected", args.output.rejected.as_deref()),
    ])?;
    target.iter().try_for_each(|target| check_parts(target, [("-m", model_path.as_deref())]))?;
    let mut digests = Some(Digests::start(&input.files));

    let mut fitted = match clean {
        [] => fit(&session, &mut input, &options)?,
        paths => {
            let paths = InputArgs { inputs: paths.to_vec(), ..args.input.clone() };
            let mut clean = session.open(&paths, &config.input(&args.input, &session.running)?, false)?;
            let digests = Digests::start(&clean.files);
            let mut fitted = fit(&session, &mut clean, &options)?;
            fitted.model.provenance.inputs = digests.finish();
            // What is known of the baseline's records is not of the input's.
            FitReport { known: None, flows: None, ..fitted }
        }
    };
    match &fitted.flows {
        Some(flows) => found::logs(&session, &input, flows, options.flows.as_ref()),
        None => found::table(&session, &input, options.flows.as_ref()),
    }
    summary::fitted(&session, &fitted);
    let mut model = fitted.model;
    if fitted.flows.is_none() {
        fitted.flows = flow_logs(&session, &model, &input)?;
        if let Some(flows) = &fitted.flows {
            found::logs(&session, &input, flows, None);
        }
    }
    let grouping = grouping.checked(found::have_findings(fitted.flows.as_ref()), &args.findings, &session)?;
    let mut scoring = Scoring::new(&args.output, &config, &session, &model, &input, grouping.is_some())?;
    scoring.options.known = fitted.known.map(Arc::new);
    scoring.options.flows = fitted.flows;
    let mut inputs = Vec::new();
    if args.output.format.is_some() {
        // Events name the model by its digest, and the model names what it was fitted on.
        inputs = digests.take().map(Digests::finish).unwrap_or_default();
        if clean.is_empty() {
            model.provenance.inputs = inputs.clone();
        }
        scoring.options.events = events(target.as_ref(), &model, &model.digest()?, &input)?;
    }
    let (report, found) = scoring.carry_out(grouping, &args.output, &session, &model, &mut input, target.as_ref())?;

    inputs = digests.map_or(inputs, Digests::finish);
    if clean.is_empty() {
        model.provenance.inputs = inputs.clone();
    }
    if let Some(path) = &model_path {
        model.save(path)?;
    }
    let facts = RunFacts {
        command: "detect".to_owned(),
        inputs,
        output,
        model_digest: model.digest()?,
        model_path,
        fit: Some(fitted.stages),
        ..scoring.facts(&session)
    };
    finish(&session, &scoring, &input, &model, &report, found.as_ref(), facts)
}

/// Rejected records are kept in the second pass, which sees all that the first did.
fn fit(session: &Session, input: &mut Input, options: &FitOptions) -> Result<FitReport> {
    session.settled(input, |input| session.fit(input, options, |_, _| Ok(())))
}
