//! `oddflow embed`: draw rows from the input, make features of them, lay them out, draw the picture.

mod layout;
mod output;

pub use layout::Layout;
pub use output::staged;

use super::Done;
use super::args::Embed;
use super::outputs::{check_distinct, check_output};
use super::run::{Session, total_bytes};
use super::scoring::{flow_logs, known_types};
use super::settings::Config;
use super::summary;
use super::talk::{count, plural, seconds};
use crate::features::{FeaturePlan, infer_roles};
use crate::flows::source::Input;
use crate::model::Model;
use crate::pipeline::{DerivedColumns, DrawOptions, FlowFit, FlowLogs, PictureFlows, PictureRows};
use crate::{Error, Result};
use arrow_array::RecordBatch;
use ndarray::Array2;
use output::{Output, Picture};

/// Rows drawn unless it is said how many.
const DEFAULT_ROWS: usize = 10_000;
/// Fewer make no map.
const LEAST_ROWS: usize = 5;
/// Input files that a picture names.
const NAMED_INPUTS: usize = 20;

pub fn run(args: &Embed) -> Result<Done> {
    let config = Config::load(args.run.config.as_deref())?;
    let layout = Layout::new(args)?;
    let picture = Picture::new(args)?;
    let outputs = args.output.iter().map(|text| Output::parse(text)).collect::<Result<Vec<_>>>()?;
    let n_rows = args.rows.unwrap_or(DEFAULT_ROWS);
    if n_rows < LEAST_ROWS {
        return Err(Error::parameter("--rows", n_rows, format!("a map needs at least {LEAST_ROWS}")));
    }
    if let Some(limit) = outputs.iter().filter_map(Output::most_rows).min().filter(|&limit| n_rows > limit) {
        let limit = format!("a page holds at most {}; write .png, .svg or a table for more", count(limit as u64));
        return Err(Error::parameter("--rows", n_rows, limit));
    }
    let fit = config.flows_of_map(args)?;
    let session = Session::start(config.running(&args.run)?)?;
    let model = args.model.as_deref().map(Model::load).transpose()?;
    session.talk.line(
        "oddflow",
        &format!("{}, {}, seed {}", env!("CARGO_PKG_VERSION"), session.device.describe(), layout.seed()),
    );
    let mut options = config.input(&args.input, &session.running)?;
    if let Some(model) = &model {
        options.known_types = known_types(model);
    }
    let twice = model.as_ref().is_none_or(|model| model.flows.is_some());
    let mut input = session.open(&args.input, &options, twice)?;
    let paths: Vec<_> = outputs.iter().filter_map(Output::path).collect();
    paths.iter().try_for_each(|path| check_output("-o", path, &input))?;
    let mut named: Vec<_> = paths.iter().map(|path| ("-o", Some(*path))).collect();
    named.extend([("-m", args.model.as_deref()), ("--rejected", args.rejected.as_deref())]);
    check_distinct(&named)?;

    let source = Source { model: model.as_ref(), fit: fit.as_ref(), n_rows, seed: layout.seed() };
    let drawn = draw(args, &session, &mut input, &source)?;
    let all = drawn.tally.rows;
    let odd =
        if drawn.n_odd > 0 { format!(", {} of them the oddest", count(drawn.n_odd as u64)) } else { String::new() };
    let n_drawn = drawn.rows.num_rows();
    session.talk.line("drawn", &format!("{} of {}{odd}", count(n_drawn as u64), plural(all, "row")));
    if drawn.superseded > 0 {
        let replaced = plural(drawn.superseded, "older snapshot");
        session.talk.line("", &format!("{replaced} of open flows left out"));
    }
    if n_drawn < LEAST_ROWS {
        return Err(Error::NoInput(format!("a map needs at least {LEAST_ROWS} rows: {n_drawn} could be drawn")));
    }
    picture.check(&drawn.rows)?;
    let features = features(&session, &config, &drawn.rows, drawn.derived.as_ref(), model.as_ref())?;
    let map = layout.carry_out(features.view(), &session)?;
    session.talk.line("map", &format!("{}, {}", map.described, seconds(map.seconds)));

    let rows = format!("{} of {}", count(n_drawn as u64), count(all));
    let mut facts = vec![("map".to_owned(), map.described.clone()), ("rows".to_owned(), rows)];
    facts.extend(model_facts(model.as_ref(), args)?);
    facts.extend(run_facts(&session, &input, layout.seed()));
    for output in &outputs {
        let bytes = output.write(&picture, &map.points, &drawn.rows, &title(&input), &facts, args.keep_formulas)?;
        if let Some(path) = output.path() {
            session.talk.line("wrote", &format!("{} ({})", path.display(), super::talk::bytes(bytes)));
        }
    }
    summary::records(&session, &drawn.tally, &input);
    match drawn.tally.n_rejected() == 0 && input.damages().is_empty() {
        true => Ok(Done::Clean),
        false => Ok(Done::WithRejects),
    }
}

/// What a picture is made of.
struct Source<'a> {
    model: Option<&'a Model>,
    /// How flow logs become features where no model says it; `None`: as any table does.
    fit: Option<&'a FlowFit>,
    n_rows: usize,
    seed: u64,
}

/// The rows of the picture, scored where there is a model; else a log that was scored has its own scores and findings.
fn draw(args: &Embed, session: &Session, input: &mut Input, source: &Source<'_>) -> Result<PictureRows> {
    session.keeping_rejects(args.rejected.as_deref(), input, |input, rejects| {
        let flows = match source.model {
            Some(model) => flow_logs(session, model, input)?.map(PictureFlows::OfModel),
            None => fitted(session, input, source.fit)?,
        };
        let rows = session.running.batch_rows;
        let schema = match &flows {
            Some(PictureFlows::OfModel(flows)) => flows.schema(&input.schema)?,
            _ => input.schema.clone(),
        };
        let scorer = source.model.map(|model| model.scorer(&session.device, &schema, rows)).transpose()?;
        let options = DrawOptions { n_rows: source.n_rows, seed: source.seed, flows };
        session.pass("draw", total_bytes(input), |run| {
            let scorer = scorer.map(|scorer| scorer.until(&run.stop));
            crate::pipeline::draw(input, &options, scorer.as_ref(), run, |file, record| rejects.keep(file, record))
        })
    })
}

/// Flow logs read through once, where the input is one and `fit` says how its flows become features.
pub fn fitted(session: &Session, input: &Input, fit: Option<&FlowFit>) -> Result<Option<PictureFlows>> {
    let Some(fit) = fit else { return Ok(None) };
    let Some(reader) = fit.reader(input)? else { return Ok(None) };
    let windows = fit.reading.windows.clone();
    let logs = session.pass("windows", total_bytes(input), |run| FlowLogs::gather(input, reader, &windows, run))?;
    Ok(Some(PictureFlows::Fitted(Box::new(logs), fit.clone())))
}

/// The model's features, or those that the drawn rows themselves suggest; scores are never features.
pub fn features(
    session: &Session,
    config: &Config,
    rows: &RecordBatch,
    derived: Option<&DerivedColumns>,
    model: Option<&Model>,
) -> Result<Array2<f32>> {
    let table = derived.map_or(rows, |derived| &derived.columns);
    if let Some(model) = model {
        summary::features(session, &model.features, derived.is_some(), false);
        return Ok(model.features.bind(table.schema_ref())?.encode(table)?.matrix);
    }
    let roles = match derived {
        Some(derived) => derived.features.roles(),
        None => config.roles(),
    };
    let plan = FeaturePlan::fit(table, &infer_roles(table, &roles)?, &config.features())?;
    summary::features(session, &plan, derived.is_some(), true);
    Ok(plan.bind(table.schema_ref())?.encode(table)?.matrix)
}

pub fn title(input: &Input) -> String {
    match input.files.as_slice() {
        [file] => file.name.clone(),
        [first, ..] => format!("{} and {} more", first.name, plural(input.files.len() - 1, "file")),
        [] => "flows".to_owned(),
    }
}

/// What the picture says about the model.
fn model_facts(model: Option<&Model>, args: &Embed) -> Result<Vec<(String, String)>> {
    let Some(model) = model else { return Ok(Vec::new()) };
    let mut facts =
        vec![("detector".to_owned(), model.detector.name().to_owned()), ("model".to_owned(), model.digest()?)];
    facts.extend(args.model.iter().map(|path| ("model file".to_owned(), path.display().to_string())));
    Ok(facts)
}

/// What the picture says about the run.
fn run_facts(session: &Session, input: &Input, seed: u64) -> Vec<(String, String)> {
    let mut facts = vec![
        ("seed".to_owned(), seed.to_string()),
        ("device".to_owned(), session.device.describe()),
        ("oddflow".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
        ("command".to_owned(), command_line()),
    ];
    facts.extend(input.files.iter().take(NAMED_INPUTS).map(|file| ("input".to_owned(), file.name.clone())));
    facts
}

/// As it could be typed again.
pub fn command_line() -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./=,:@+%".contains(c);
    let word = |word: String| match word.chars().all(plain) && !word.is_empty() {
        true => word,
        false => format!("'{}'", word.replace('\'', r"'\''")),
    };
    let words = std::env::args_os().skip(1).map(|text| word(text.to_string_lossy().into_owned()));
    std::iter::once("oddflow".to_owned()).chain(words).collect::<Vec<_>>().join(" ")
}
