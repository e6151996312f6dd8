//! `oddflow explain`: why rows are odd.

mod json;
mod print;

use super::args::Explain;
use super::kept::named;
use super::run::{Session, total_bytes};
use super::scoring::{flow_logs, known_types};
use super::settings::Config;
use super::{Done, summary};
use crate::detectors::Detector;
use crate::detectors::explanation::Method;
use crate::findings::FindingId;
use crate::model::Model;
use crate::ops::path_length::average_path_length;
use crate::pipeline::{Chosen, ExplainOptions, ExplainReport, MOST_ROWS, ToldRun};
use crate::{Error, Result};
use std::path::Path;

/// Rows explained unless it is said how many or which.
const DEFAULT_TOP: usize = 10;

pub fn run(args: &Explain) -> Result<Done> {
    let config = Config::load(args.run.config.as_deref())?;
    let (chosen, method) = (chosen(args)?, method(&args.method)?);
    let session = Session::start(config.running(&args.run)?)?;
    let model = Model::load(&args.model)?;
    summary::model_title(&session, &model, &args.model, &model.digest()?);
    let mut input_options = config.input(&args.input, &session.running)?;
    input_options.known_types = known_types(&model);
    let mut input = session.open(&args.input, &input_options, true)?;
    let flows = flow_logs(&session, &model, &input)?;
    if flows.is_none() {
        model.features.bind(&input.schema)?;
    }
    let told = if args.json { model.features.encoded_columns().len() } else { args.reasons };
    let options = ExplainOptions { chosen, method, told, flows, batch_rows: session.running.batch_rows };
    let report = session.settled(&mut input, |input| {
        session.pass("explain", total_bytes(input), |run| {
            crate::pipeline::explain(&model, input, &session.device, &options, run)
        })
    })?;
    summary::records(&session, &report.tally, &input);
    found_any(&report, &options.chosen)?;
    session.talk.line("explained", &quantity(&model, &report));
    match args.json {
        true => json::print(&report, &model, &input)?,
        false => print::print(&report, &model, &input)?,
    }
    match report.tally.n_rejected() == 0 && input.damages().is_empty() {
        true => Ok(Done::Clean),
        false => Ok(Done::WithRejects),
    }
}

fn chosen(args: &Explain) -> Result<Chosen> {
    if let Some(text) = &args.finding {
        return finding(text.trim(), &args.input.inputs).map(Chosen::Finding);
    }
    if let Some(text) = &args.row {
        // Names of files contain colons; the number is behind the last.
        let (file, number) = match text.rsplit_once(':') {
            Some((file, number)) => (Some(file.to_owned()), number),
            None => (None, text.as_str()),
        };
        let number = number.trim().replace(',', "").parse::<u64>().ok().filter(|&n| n > 0);
        let limit = "it must be a record's number from 1 on, or FILE:NUMBER";
        let record = number.ok_or_else(|| Error::parameter("--row", format!("`{text}`"), limit))?;
        return Ok(Chosen::Record { file, record });
    }
    match args.top.unwrap_or(DEFAULT_TOP) {
        n @ 1..=MOST_ROWS => Ok(Chosen::Top(n)),
        n => Err(Error::parameter("--top", n, format!("it must lie between 1 and {MOST_ROWS}"))),
    }
}

/// The name of the finding that is asked for by its name, or by its place in the table of the one input.
fn finding(text: &str, inputs: &[String]) -> Result<String> {
    if let Some(id) = FindingId::parse(text) {
        return Ok(id.to_string());
    }
    let limit = "a finding goes by its name, 16 hexadecimal digits as in the column finding_id, or by its place in the table of one \
                 scored file";
    match inputs {
        [output] if text.parse::<u64>().is_ok() => {
            let told = ToldRun::beside(Path::new(output))?.unwrap_or_default();
            named("--finding", output, text, &told).map(|(id, _)| id)
        }
        _ => Err(Error::parameter("--finding", format!("`{text}`"), limit)),
    }
}

fn method(text: &str) -> Result<Method> {
    match text {
        "exact" => Ok(Method::Exact),
        "path" => Ok(Method::Path),
        _ => Err(Error::parameter("--method", format!("`{text}`"), "it must be exact or path")),
    }
}

fn found_any(report: &ExplainReport, chosen: &Chosen) -> Result<()> {
    if !report.rows.is_empty() {
        return Ok(());
    }
    let read =
        format!("{} read, {}", super::talk::plural(report.tally.records, "record"), report.tally.rejected_in_words());
    Err(Error::NoInput(match chosen {
        Chosen::Top(_) => format!("no row to explain: {read}"),
        Chosen::Record { record, .. } => {
            format!("no scored row is record {record}: {read}; it may be rejected, or replaced by a later record")
        }
        Chosen::Finding(id) => format!("no row belongs to finding {id}: {read}"),
    }))
}

/// What is split, and how the score follows from it.
fn quantity(model: &Model, report: &ExplainReport) -> String {
    let what = model.detector.explained_quantity();
    let base = report.rows.first().map_or(0.0, |row| row.reasons.base);
    match &model.detector {
        Detector::IsolationForest(forest) => {
            let usual = average_path_length(forest.sample_size() as u64);
            format!("{what}: base {base:.3}; score = 2^(value / {usual:.3})")
        }
        Detector::OneClassSvm(_) => format!("{what}, against the typical row: base {base:.4}"),
        Detector::Ensemble(_) => {
            format!(
                "{what} ({}), each member's contributions on this scale: base {base:.4}",
                model.detector.short_name()
            )
        }
        _ => format!("{what}: base {base}"),
    }
}
