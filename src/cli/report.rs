//! `oddflow report`: read what was scored once, put it together with its manifest, write the page.

use super::Done;
use super::args::Report as Args;
use super::embed::{Layout, command_line, features, fitted, staged, title};
use super::outputs::{check_distinct, check_output};
use super::run::{Session, total_bytes};
use super::settings::Config;
use super::summary;
use super::talk::{bytes, count, plural, seconds};
use crate::device::DeviceChoice;
use crate::features::{infer_roles, label_column};
use crate::findings::{Opinions, Ranked, rank};
use crate::flows::record::FlowOptions;
use crate::flows::source::{Input, InputOptions};
use crate::model::columns_of_scored;
use crate::pipeline::{DrawOptions, FlowFit, FlowReading, ScoredColumns, ToldRun, draw, manifest_path};
use crate::report::{FINDINGS_WITH_ROWS, GatherOptions, Gathered, MOST_ROWS, Map, Report, gather};
use crate::{Error, Result};
use arrow_array::RecordBatch;
use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

/// Rows of a map unless it is said how many.
const MAP_ROWS: usize = 5_000;
/// Rows of a map that is given.
const GIVEN_MAP_ROWS: usize = 10_000;
/// Fewer make no map.
const LEAST_MAP_ROWS: usize = 5;
/// Seed of what is drawn where none is given.
const DEFAULT_SEED: u64 = 0;

pub fn run(args: &Args) -> Result<Done> {
    let config = Config::load(args.run.config.as_deref())?;
    let sizes = Sizes::new(args)?;
    let zone = args.tz.as_deref().map(FlowOptions::of_zone).transpose()?;
    let mut running = config.running(&args.run)?;
    if !args.map {
        // Nothing is computed that a GPU would do.
        running.device = DeviceChoice::Cpu;
    }
    let session = Session::start(running)?;
    let prefix = args.prefix.clone().unwrap_or_default();
    let mut options = config.input(&args.input, &session.running)?;
    options.columns_of_empty = columns_of_scored(&prefix);
    let mut input = session.open(&args.input, &options, args.map)?;
    check_outputs(args, &input)?;
    let scored = ScoredColumns::find(&input.schema, &prefix)?;
    let scored_file = scored_file(&input);
    let reading = zone.or_else(|| scored_file.map(ToldRun::zone_beside)).unwrap_or_default();
    let manifest = scored_file.map(manifest_path);
    let (told, notes) = told(manifest.as_deref());
    let seed = args.seed.unwrap_or(DEFAULT_SEED);
    let label = label(&input, &scored);
    let options = GatherOptions {
        prefix: prefix.clone(),
        label: label.clone(),
        listed: listed(told.as_ref()),
        most_rows: sizes.rows,
        seed,
        reading,
    };
    let gathered = gathered(args, &session, &mut input, &options)?;
    let ranked = ranked(&session, &gathered, told.as_ref())?;
    let asked = MapAsked { prefix: &prefix, seed, n_rows: sizes.map, reading };
    let map = map(args, &session, &config, &input, &gathered, &asked)?;
    say(&session, &gathered, told.as_ref(), manifest.as_deref(), &notes);
    let title = args.title.clone().unwrap_or_else(|| title(&input));
    let report = Report {
        title: &title,
        made_by: &command_line(),
        gathered: &gathered,
        told: told.as_ref(),
        ranked: &ranked,
        notes: &notes,
        prefix: &prefix,
        label: label.as_deref(),
        map: map.as_ref(),
    };
    let written = staged(&args.output, |out| report.html(out))?;
    session.talk.line("wrote", &format!("{} ({})", args.output.display(), bytes(written)));
    summary::records(&session, &gathered.tally, &input);
    match gathered.tally.n_rejected() == 0 && input.damages().is_empty() {
        true => Ok(Done::Clean),
        false => Ok(Done::WithRejects),
    }
}

/// How many rows go where: all of them together fit a page.
struct Sizes {
    rows: usize,
    map: usize,
}

impl Sizes {
    fn new(args: &Args) -> Result<Self> {
        let most = args.rows.unwrap_or(MOST_ROWS);
        if !(1..=MOST_ROWS).contains(&most) {
            let limit = format!("a page holds 1 to {} rows", count(MOST_ROWS as u64));
            return Err(Error::parameter("--rows", most, limit));
        }
        let map = match (args.map, &args.embedding) {
            (true, _) => args.map_rows.unwrap_or(MAP_ROWS),
            (false, Some(_)) => GIVEN_MAP_ROWS,
            (false, None) => 0,
        };
        let limit = MOST_ROWS / 2;
        if args.map && !(LEAST_MAP_ROWS..=limit).contains(&map) {
            let limit = format!("a map in a report has {LEAST_MAP_ROWS} to {} rows", count(limit as u64));
            return Err(Error::parameter("--map-rows", map, limit));
        }
        Ok(Self { rows: most.min(MOST_ROWS - map), map })
    }
}

fn check_outputs(args: &Args, input: &Input) -> Result<()> {
    if args.output.extension().is_none_or(|extension| !extension.eq_ignore_ascii_case("html")) {
        return Err(Error::parameter(
            "-o",
            args.output.display(),
            "a report is a page: give it a name that ends in .html",
        ));
    }
    check_output("-o", &args.output, input)?;
    check_distinct(&[
        ("-o", Some(args.output.as_path())),
        ("--embedding", args.embedding.as_deref()),
        ("--rejected", args.rejected.as_deref()),
    ])
}

/// The file that was scored, beside which its manifest is: none of several files, and of a pipe.
fn scored_file(input: &Input) -> Option<&Path> {
    match input.files.as_slice() {
        [file] if file.name != "-" => file.path.as_deref(),
        _ => None,
    }
}

/// A manifest that cannot be read is no reason to do without the page.
fn told(path: Option<&Path>) -> (Option<ToldRun>, Vec<String>) {
    match path.map(ToldRun::load).transpose() {
        Ok(told) => (told.flatten(), Vec::new()),
        Err(error) => (None, vec![format!("The manifest cannot be read: {error}")]),
    }
}

/// The findings that are shown with rows.
fn listed(told: Option<&ToldRun>) -> Option<HashSet<String>> {
    let mut list: Vec<_> =
        told?.list()?.iter().filter_map(|f| Some((f.rank.is_none(), f.rank, f.id.clone()?))).collect();
    list.sort();
    Some(list.into_iter().take(FINDINGS_WITH_ROWS).map(|(_, _, id)| id).collect())
}

/// The column with the truth, by the names of the columns that scoring did not add.
fn label(input: &Input, scored: &ScoredColumns) -> Option<String> {
    let kept: Vec<usize> =
        (0..input.schema.fields().len()).filter(|&at| !scored.names.contains(input.schema.field(at).name())).collect();
    let schema = input.schema.project(&kept).ok()?;
    let roles = infer_roles(&RecordBatch::new_empty(Arc::new(schema)), &Default::default()).ok()?;
    label_column(&roles).map(str::to_owned)
}

fn gathered(args: &Args, session: &Session, input: &mut Input, options: &GatherOptions) -> Result<Gathered> {
    session.keeping_rejects(args.rejected.as_deref(), input, |input, rejects| {
        session.pass("report", total_bytes(input), |run| {
            gather(input, options, run, |file, record| rejects.keep(file, record))
        })
    })
}

/// Where no manifest lists the findings, they are ranked again as they were when the rows were scored.
fn ranked(session: &Session, gathered: &Gathered, told: Option<&ToldRun>) -> Result<Vec<Ranked>> {
    let listed = told.and_then(ToldRun::list).is_some() || gathered.counts.found.is_empty();
    let Some(grouped) = gathered.grouped.as_ref().filter(|_| !listed) else { return Ok(Vec::new()) };
    let seed = told.and_then(|told| told.model.as_ref()?.seed).unwrap_or(DEFAULT_SEED);
    rank(grouped, &Opinions::ask(grouped, seed, &session.device, session.stop())?)
}

/// What a map is made of.
struct MapAsked<'a> {
    prefix: &'a str,
    seed: u64,
    n_rows: usize,
    /// How flow logs are read.
    reading: FlowOptions,
}

/// The map that was asked for, or given.
fn map(
    args: &Args,
    session: &Session,
    config: &Config,
    input: &Input,
    gathered: &Gathered,
    asked: &MapAsked<'_>,
) -> Result<Option<Map>> {
    if let Some(path) = &args.embedding {
        return given_map(session, path, asked).map(Some);
    }
    if !args.map {
        return Ok(None);
    }
    let drawn = Map::pick(&gathered.shown, asked.prefix, asked.n_rows, asked.seed)?;
    let n = drawn.rows.num_rows();
    if n < LEAST_MAP_ROWS {
        let said = format!("none: {} with a score, and a map needs at least {LEAST_MAP_ROWS}", plural(n as u64, "row"));
        session.talk.line("map", &said);
        return Ok(None);
    }
    let reading = FlowReading { options: asked.reading, ..FlowReading::default() };
    let flows = fitted(session, input, Some(&FlowFit { reading, ..FlowFit::default() }))?;
    let derived = flows.map(|flows| flows.derived(&drawn, input)).transpose()?;
    let rows = drawn.rows;
    let matrix = features(session, config, &rows, derived.as_ref(), None)?;
    let laid = Layout::plain(asked.seed).carry_out(matrix.view(), session)?;
    let n = rows.num_rows() as u64;
    session.talk.line("map", &format!("{} of {}, {}", laid.described, plural(n, "row"), seconds(laid.seconds)));
    let axis = |row: ndarray::ArrayView1<'_, f32>, at: usize| row.get(at).map_or(f64::NAN, |x| f64::from(*x));
    let points = laid.points.rows().into_iter().map(|row| [axis(row, 0), axis(row, 1)]).collect();
    Ok(Some(Map { described: laid.described, points, rows }))
}

/// The map in a table that `oddflow embed` wrote.
fn given_map(session: &Session, path: &Path, asked: &MapAsked<'_>) -> Result<Map> {
    let name = path.display().to_string();
    let options = InputOptions { stop: session.stop().clone(), ..InputOptions::default() };
    let input = Input::open(std::slice::from_ref(&name), &options);
    session.stop().check()?;
    let mut input = input?;
    let options = DrawOptions { n_rows: asked.n_rows, seed: asked.seed, flows: None };
    let drawn = session.settled(&mut input, |input| {
        session.pass("map", total_bytes(input), |run| draw(input, &options, None, run, |_, _| Ok(())))
    })?;
    Map::of_table(name, &drawn.rows)
}

fn say(session: &Session, gathered: &Gathered, told: Option<&ToldRun>, manifest: Option<&Path>, notes: &[String]) {
    let talk = &session.talk;
    talk.line(
        "scored",
        &format!("{}, {} flagged", plural(gathered.counts.scored, "row"), count(gathered.counts.anomalies)),
    );
    match (told, manifest) {
        (Some(_), Some(path)) => talk.line("manifest", &path.display().to_string()),
        _ if !notes.is_empty() => talk.lines("manifest", notes.iter().map(String::as_str)),
        (_, Some(path)) => {
            talk.line("manifest", &format!("none at {}: the page says what is not known", path.display()))
        }
        _ => talk.line("manifest", "none: the page says what is not known"),
    }
    let shown = gathered.shown.rows.num_rows() as u64;
    talk.line("shown", &format!("{} of {}", count(shown), plural(gathered.tally.rows, "row")));
}
