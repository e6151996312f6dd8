//! `oddflow score`: score input with a saved model.

use super::args::Score;
use super::found::{self, Asked};
use super::outputs::{check_distinct, check_parts, output_target};
use super::run::Session;
use super::scoring::{Scoring, events, finish, flow_logs, known_types};
use super::settings::Config;
use super::{Done, summary};
use crate::Result;
use crate::detectors::Threshold;
use crate::model::Model;
use crate::pipeline::{Digests, RunFacts, manifest_path};

pub fn run(args: &Score) -> Result<Done> {
    let config = Config::load(args.run.config.as_deref())?;
    let grouping = Asked::new(&args.findings, &args.verdict, &config)?;
    let session = Session::start(config.running(&args.run)?)?;
    let mut model = Model::load(&args.model)?;
    let model_digest = model.digest()?;
    summary::model_title(&session, &model, &args.model, &model_digest);
    if let Some(rule) = config.rule(&args.verdict)? {
        model.threshold = Threshold::resolve_from_severity(rule, &model.severity)?;
    }
    let grouping = grouping.opened(&args.findings, &session)?;
    let mut options = config.input(&args.input, &session.running)?;
    options.known_types = known_types(&model);
    // Windows need a pass of their own, findings another.
    let mut input = session.open(&args.input, &options, model.flows.is_some())?;
    let target = output_target(&args.output, &input)?;
    let output = target.as_ref().and_then(|t| t.path.clone());
    let manifest = output.as_deref().map(manifest_path);
    check_distinct(&[
        ("-m", Some(&args.model)),
        ("-o", output.as_deref()),
        ("the manifest", manifest.as_deref()),
        ("--rejected", args.output.rejected.as_deref()),
    ])?;
    target.iter().try_for_each(|target| check_parts(target, [("-m", Some(args.model.as_path()))]))?;
    let digests = Digests::start(&input.files);

    let flows = flow_logs(&session, &model, &input)?;
    if let Some(flows) = &flows {
        found::logs(&session, &input, flows, None);
    }
    let grouping = grouping.checked(found::have_findings(flows.as_ref()), &args.findings, &session)?;
    let mut scoring = Scoring::new(&args.output, &config, &session, &model, &input, grouping.is_some())?;
    scoring.options.flows = flows;
    scoring.options.events = events(target.as_ref(), &model, &model_digest, &input)?;
    let (report, found) = scoring.carry_out(grouping, &args.output, &session, &model, &mut input, target.as_ref())?;
    let facts = RunFacts {
        command: "score".to_owned(),
        inputs: digests.finish(),
        output,
        model_digest,
        model_path: Some(args.model.clone()),
        ..scoring.facts(&session)
    };
    finish(&session, &scoring, &input, &model, &report, found.as_ref(), facts)
}
