//! `oddflow detect`: fit on a seeded sample of the input, score all of it, print the oddest rows.

use super::Done;
use super::args::Detect;
use super::run::{Session, check_distinct, check_output, output_target};
use super::score::{Scoring, finish};
use super::settings::Config;
use super::summary;
use crate::Result;
use crate::pipeline::{Digests, Pass, RunFacts, beside, manifest_path};
use std::sync::Arc;

pub fn run(args: &Detect) -> Result<Done> {
    let config = Config::load(args.run.config.as_deref())?;
    let options = config.fit(&args.fit, &args.verdict)?;
    let session = Session::start(config.running(&args.run)?)?;
    summary::title(&session, &options);
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
    let digests = Digests::start(&input.files);

    // Rejected records are kept in the second pass, which sees all that the first did.
    let fitted = loop {
        match session.fit(&mut input, &options, |_, _| Ok(()))? {
            Pass::Done(fitted) => break fitted,
            Pass::ReadAgain => session.settle(&mut input),
        }
    };
    summary::fitted(&session, &fitted);
    let mut model = fitted.model;

    let mut scoring = Scoring::new(&args.output, &config, &session, &model, &input)?;
    scoring.options.known = fitted.known.map(Arc::new);
    let report = scoring.run(&args.output, &session, &model, &mut input, target.as_ref())?;

    let inputs = digests.finish();
    model.provenance.inputs = inputs.clone();
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
    finish(&session, &scoring, &input, &model, &report, facts)
}
