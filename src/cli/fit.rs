//! `oddflow fit`: fit a model on a seeded sample of the input and save it.

use super::args::Fit;
use super::outputs::{check_distinct, check_output};
use super::run::Session;
use super::settings::Config;
use super::summary;
use super::{Done, found};
use crate::Result;
use crate::pipeline::Digests;

pub fn run(args: &Fit) -> Result<Done> {
    let config = Config::load(args.run.config.as_deref())?;
    let options = config.fit(&args.fit, &args.verdict, &args.flows, false)?;
    let session = Session::start(config.running(&args.run)?)?;
    summary::title(&session, &options);
    let mut input = session.open(&args.input, &config.input(&args.input, &session.running)?, false)?;
    check_output("-o", &args.output, &input)?;
    check_distinct(&[("-o", Some(&args.output)), ("--rejected", args.rejected.as_deref())])?;
    let digests = Digests::start(&input.files);
    let fitted = session.keeping_rejects(args.rejected.as_deref(), &mut input, |input, rejects| {
        session.fit(input, &options, |file, record| rejects.keep(file, record))
    })?;
    match &fitted.flows {
        Some(flows) => found::logs(&session, &input, flows, options.flows.as_ref()),
        None => found::table(&session, &input, options.flows.as_ref()),
    }
    summary::fitted(&session, &fitted);
    let mut model = fitted.model;
    model.provenance.inputs = digests.finish();
    model.save(&args.output)?;
    summary::records(&session, &fitted.tally, &input);
    session.talk.line("wrote", &format!("{}  (score with: oddflow score -m {0} FLOWS)", args.output.display()));
    let clean = fitted.tally.n_rejected() == 0 && input.damages().is_empty();
    Ok(if clean { Done::Clean } else { Done::WithRejects })
}
