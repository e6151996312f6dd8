//! `oddflow drift`: how far an input is from the rows that a model was fitted on.

use super::Done;
use super::args::Drift;
use super::look::look;
use super::run::Session;
use super::scoring::known_types;
use super::settings::Config;
use super::summary;
use super::talk::{count, percent, plural, say};
use crate::detectors::Detector;
use crate::features::flow::{FlowSet, LEFT_ONE_OUT};
use crate::features::{ColumnDrift, Drift as Drifted, HoursDrift};
use crate::flows::sink::printable;
use crate::flows::source::Input;
use crate::model::{InputDigest, Model};
use crate::pipeline::{Digests, ScoreOptions, ScoreReport};
use crate::{Error, Result};
use comfy_table::{Cell, CellAlignment, Table, presets};
use std::collections::HashSet;

/// Most rows that are looked at: they are kept in memory.
const MOST_ROWS: usize = 10_000_000;
/// Columns that are printed of rows of hours without training rows.
const TOP_ELSEWHERE: usize = 5;

pub fn run(args: &Drift) -> Result<Done> {
    let config = Config::load(args.run.config.as_deref())?;
    if !(1..=MOST_ROWS).contains(&args.rows) {
        return Err(Error::parameter("--rows", args.rows, "it must lie between 1 and 10,000,000"));
    }
    if let Some(limit) = args.fail_above.filter(|limit| !(limit.is_finite() && *limit >= 0.0)) {
        return Err(Error::parameter("--fail-above", limit, "it must be a number from 0 up, such as 0.25"));
    }
    let model = Model::load(&args.model)?;
    if model.training.is_none() {
        let reason = "it keeps no statistics of its training rows, as models of earlier versions: fit again".to_owned();
        return Err(Error::Model { path: args.model.clone(), reason });
    }
    let session = Session::start(config.running(&args.run)?)?;
    summary::model_title(&session, &model, &args.model, &model.digest()?);
    let mut options = config.input(&args.input, &session.running)?;
    options.known_types = known_types(&model);
    let mut input = session.open(&args.input, &options, model.flows.is_some())?;
    let digests = Digests::start(&input.files);
    let report = session.settled(&mut input, |input| {
        look(&session, &model, input, |options| ScoreOptions { drift_rows: args.rows, ..options })
    })?;
    summary::records(&session, &report.tally, &input);
    let Some(drift) = &report.drift else {
        return Err(Error::NoInput(format!("no row to compare: {}", report.tally.rejected_in_words())));
    };
    let known = Known::of(&model, &digests.finish());
    if args.json {
        print_json(args, &model, &input, &report, (drift, &known))?
    } else {
        print(args, &session, &report, drift)?
    }
    known.say(&session, input.files.len());
    if args.fail_above.is_some_and(|limit| drift.worst(&known.columns) > limit) {
        return Ok(Done::Drifted);
    }
    let clean = report.tally.n_rejected() == 0 && input.damages().is_empty();
    Ok(if clean { Done::Clean } else { Done::WithRejects })
}

/// What of an input was fitted on: training took each of its rows as if it did not know it, and drift cannot.
struct Known {
    /// Files that the model was fitted on.
    files: usize,
    /// What differs on their rows without any change.
    columns: Vec<&'static str>,
}

impl Known {
    fn of(model: &Model, inputs: &[InputDigest]) -> Self {
        let fitted: HashSet<&str> = model.provenance.inputs.iter().filter_map(|i| i.blake3.as_deref()).collect();
        let is_known = |input: &&InputDigest| input.blake3.as_deref().is_some_and(|digest| fitted.contains(digest));
        let files = inputs.iter().filter(is_known).count();
        let derived = model.flows.as_ref().is_some_and(|flows| flows.set == FlowSet::Default);
        let of_neighbors =
            |one: &Detector| matches!(one, Detector::LocalOutlierFactor(_) | Detector::NearestNeighbors(_));
        let by_neighbors = model.detector.parts().iter().any(of_neighbors);
        // A score is made of what the features say.
        let columns = [(derived, LEFT_ONE_OUT), (derived || by_neighbors, "score")];
        let columns = columns.into_iter().filter(|(learned, _)| *learned && files > 0).map(|(_, column)| column);
        Self { files, columns: columns.collect() }
    }

    fn say(&self, session: &Session, files: usize) {
        if !self.columns.is_empty() {
            let (of, names) = (plural(files, "file"), self.columns.join(" and "));
            let text = format!(
                "the model was fitted on {} of {of}: {names} of rows that it knows differ without any change, and raise no alarm",
                count(self.files as u64)
            );
            session.talk.line("known", &text);
        }
    }
}

fn print(args: &Drift, session: &Session, report: &ScoreReport, drift: &Drifted) -> Result<()> {
    let of = plural(report.tally.rows - report.superseded, "row");
    let rows = format!("{} of {of} against {}", count(drift.rows), plural(drift.training_rows, "training row"));
    session.talk.line("compared", &rows);
    if let Some(hours) = &drift.hours {
        tell_hours(session, hours, drift);
    }
    print_table(&drift.score, &drift.columns, args.top)?;
    let Some(elsewhere) = &drift.elsewhere else { return Ok(()) };
    say("")?;
    say(&format!(
        "{} of other hours, against all training rows: a difference may be the hour's, and no change",
        plural(elsewhere.rows, "row")
    ))?;
    print_table(&elsewhere.score, &elsewhere.columns, args.top.min(TOP_ELSEWHERE))
}

/// Which hours of the week there are, and what is compared with what.
fn tell_hours(session: &Session, hours: &HoursDrift, drift: &Drifted) {
    session.talk.line("hours", &format!("the training rows are of {} (UTC); these of {}", hours.training, hours.rows));
    if hours.outside > 0.0 {
        let text = format!(
            "{} of these rows lie in hours of the week that training did not see: a difference may be the hour's, and no change",
            percent(hours.outside)
        );
        session.talk.line("", &text);
    }
    let Some(same) = &hours.same else { return };
    let text = if same.used {
        format!(
            "{} of these rows are compared with {} of the same hours, each hour by its part of these rows (worth {} evenly drawn)",
            percent(same.share),
            plural(same.training_rows, "training row"),
            count(same.worth as u64)
        )
    } else {
        format!("only {} of these rows lie in hours with training rows enough: {}", percent(same.share), drift.against)
    };
    session.talk.line("", &text);
    if !same.too_few.is_empty() {
        session.talk.line("", &format!("too few training rows to compare with in {}", same.too_few));
    }
}

/// The scores and the first `top` columns.
fn print_table(score: &ColumnDrift, columns: &[ColumnDrift], top: usize) -> Result<()> {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    let by_hours = score.psi_all_hours.is_some();
    let numbers = if by_hours { 1..=6 } else { 1..=5 };
    let cell = |(i, text): (usize, String)| {
        Cell::new(text).set_alignment(if numbers.contains(&i) { CellAlignment::Right } else { CellAlignment::Left })
    };
    let mut headings: Vec<String> =
        ["column", "PSI", "by chance", "KS", "missing", "unseen", "what changed most"].map(str::to_owned).into();
    if by_hours {
        headings.insert(3, "all hours".to_owned());
    }
    table.set_header(headings.into_iter().enumerate().map(cell));
    for column in [score].into_iter().chain(columns.iter().take(top)) {
        table.add_row(line(column).into_iter().enumerate().map(cell));
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.trim_fmt().lines().try_for_each(say)?;
    match columns.len().saturating_sub(top) {
        0 => Ok(()),
        more => say(&format!("and {} with less", plural(more, "column"))),
    }
}

fn line(column: &ColumnDrift) -> Vec<String> {
    let mut change = column.change.clone();
    if let Some(n) = column.unseen_values.first().map(|_| column.unseen_values.len()) {
        let values: Vec<String> =
            column.unseen_values.iter().map(|(text, rows)| format!("`{text}` {}", count(*rows))).collect();
        change += &format!("; unseen{}: {}", if n > 1 { ", most often" } else { "" }, values.join(", "));
    }
    let mut cells = vec![
        printable(&column.column).chars().take(40).collect(),
        format!("{:.3}", column.psi),
        format!("{:.3}", column.psi_by_chance),
        column.ks.map_or(String::new(), |ks| format!("{ks:.3}")),
        percent(column.missing),
        column.unseen.map_or(String::new(), percent),
        printable(&change).into_owned(),
    ];
    if let Some(psi) = column.psi_all_hours {
        cells.insert(3, format!("{psi:.3}"));
    }
    cells
}

fn print_json(
    args: &Drift,
    model: &Model,
    input: &Input,
    report: &ScoreReport,
    (drift, known): (&Drifted, &Known),
) -> Result<()> {
    let all = serde_json::json!({
        "oddflow_version": env!("CARGO_PKG_VERSION"),
        "command": "drift",
        "model": { "path": args.model.display().to_string(), "blake3": model.digest()? },
        "inputs": input.files.iter().map(|file| &file.name).collect::<Vec<_>>(),
        "records_read": report.tally.records,
        "rejected": report.tally.n_rejected(),
        "unseen_categories": report.unseen.iter().cloned().collect::<std::collections::BTreeMap<_, _>>(),
        "files_fitted_on": known.files,
        "raise_no_alarm": known.columns,
        "drift": drift,
    });
    let text = serde_json::to_string_pretty(&all).map_err(|e| Error::Internal(format!("drift as JSON: {e}")))?;
    text.lines().try_for_each(say)
}
