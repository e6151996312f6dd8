//! `oddflow show`: the original records of a finding.

use super::Done;
use super::args::Show;
use super::kept::Asked;
use super::run::Session;
use super::talk::{count, plural};
use crate::findings::Filters;
use crate::findings::quantity;
use crate::flows::sink::printable;
use crate::flows::source::{Input, InputOptions};
use crate::pipeline::{ListedFinding, RowPlace, begin_digest};
use crate::{Error, Result};
use arrow_schema::TimeUnit;
use std::collections::BTreeSet;
use std::io::{BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

pub fn run(args: &Show) -> Result<Done> {
    let session = Session::reading(None, args.quiet)?;
    let asked = Asked::find(&args.output, &args.finding, args.limit, &session)?;
    match &asked.told {
        Some(told) => describe(&session, &asked, told),
        None => session.talk.line("finding", &format!("{}, {}", asked.id, plural(asked.rows.flows, "flow"))),
    }
    say_filters(args, &session, &asked)?;
    let places = &asked.rows.places;
    if (places.len() as u64) < asked.rows.flows {
        let all = asked.rows.flows;
        session.talk.line("records", &format!("{} of {} (--limit {all}: all)", places.len(), count(all)));
    }
    if places.is_empty() && args.limit > 0 {
        return Err(Error::Schema(format!(
            "{}: source_file and source_record are empty; score the logs again",
            args.output
        )));
    }
    let files = files(places);
    let paths: Vec<PathBuf> = files.iter().map(|(file, _)| unchanged(args, &asked, file)).collect::<Result<_>>()?;
    let mut named = paths.iter().zip(files);
    named.try_for_each(|(path, (file, records))| print_file(args, &session, path, file, &records))?;
    Ok(Done::Clean)
}

/// The filter for each tool, and what they select beyond the finding.
fn say_filters(args: &Show, session: &Session, asked: &Asked) -> Result<()> {
    let rows = &asked.rows;
    let filters = rows.common.as_ref().and_then(|common| Filters::of(common, &rows.names, &rows.states));
    if let Some(query) = asked.scored.duckdb_of(&args.output, &asked.id) {
        session.talk.line("output", &query);
    }
    let Some(filters) = filters.filter(|_| !args.quiet) else { return Ok(()) };
    // What is not known to be anything else may be.
    let may_be_tsv = rows.files.is_empty() || rows.files.iter().any(|file| is_tsv(asked, file) != Some(false));
    if let Some(between) = rows.habits.zeek_names() {
        if may_be_tsv {
            session.talk.line("zeek-cut", &filters.zeek_cut());
        }
        // Where an output has dates of Zeek's TSV, the log itself has seconds.
        let times = rows.habits.times().or(may_be_tsv.then_some(TimeUnit::Second));
        session.talk.line("DuckDB", &filters.duckdb(between, times));
    } else if rows.habits.are_eve() {
        session.talk.line("DuckDB", &filters.duckdb_eve());
    }
    let (kql, spl) = match rows.habits.are_eve() {
        true => (filters.kql_eve(), filters.spl_eve()),
        false => (filters.kql(), filters.spl()),
    };
    session.talk.line("Kibana", &kql);
    session.talk.line("Splunk", &spl);
    let (of_others, of_none) = asked.others(session, |flow, state| filters.select(flow, state))?;
    let parts = [(of_others, "of other findings"), (of_none, "of none (replaced by later ones, or not scored)")];
    let told: Vec<String> =
        parts.iter().filter(|(n, _)| *n > 0).map(|(n, which)| format!("{} {which}", count(*n))).collect();
    if !told.is_empty() {
        let more = plural(of_others + of_none, "more record");
        session.talk.line("filters", &format!("they select {more}: {}", told.join(", ")));
    }
    Ok(())
}

/// Whether a file was read as Zeek's TSV; `None`: that is not told.
fn is_tsv(asked: &Asked, file: &str) -> Option<bool> {
    asked.kept.input(file)?.format.as_ref().map(|format| format.contains("TSV"))
}

/// What was told of the finding.
fn describe(session: &Session, asked: &Asked, told: &ListedFinding) {
    let rank = told.rank.map_or("data".to_owned(), |rank| format!("{rank}"));
    let side = |side: &Option<String>, many: Option<u64>| {
        side.clone().unwrap_or_else(|| many.map_or_else(|| "?".to_owned(), |many| plural(many, "host")))
    };
    let spans_ports = told.port.as_deref() == Some("*");
    let port = match told.port.as_deref() {
        None | Some("-") => String::new(),
        Some("*") => format!(" {}", plural(told.ports.unwrap_or(0), "port")),
        Some(port) => format!(" {} {port}", told.protocol.as_deref().unwrap_or("port")),
    };
    let service = told.service.as_ref().filter(|_| !spans_ports).map_or(String::new(), |s| format!(" {s}"));
    let sides =
        format!("{} -> {}{port}{service}", side(&told.source, told.sources), side(&told.destination, told.hosts));
    let flows = plural(told.flows.unwrap_or(asked.rows.flows), "flow");
    session.talk.line("finding", &format!("{rank}, {}, {flows}   {sides}", asked.id));
    let times = told.first.iter().chain(told.last.as_ref().filter(|last| told.first.as_ref() != Some(last)));
    let times: Vec<&str> = times.map(String::as_str).collect();
    let severity =
        told.severity.map_or(String::new(), |severity| format!("severity {}   ", quantity::severity(severity, 3)));
    session.talk.line("", &format!("{severity}{}", times.join(" to ")));
    session.talk.line("why", &told.why.clone().unwrap_or_default().join(", "));
}

/// The records of each file, files in the order of their first rows.
fn files(places: &[RowPlace]) -> Vec<(&str, BTreeSet<u64>)> {
    let mut files: Vec<(&str, BTreeSet<u64>)> = Vec::new();
    for place in places {
        match files.iter_mut().find(|(file, _)| *file == place.file) {
            Some((_, records)) => drop(records.insert(place.record)),
            None => files.push((&place.file, BTreeSet::from([place.record]))),
        }
    }
    files
}

fn print_file(args: &Show, session: &Session, path: &Path, file: &str, records: &BTreeSet<u64>) -> Result<()> {
    session.talk.line("file", &format!("{file}, {}", numbers(records)));
    let options = InputOptions { stop: session.stop().clone(), ..InputOptions::default() };
    let input = Input::open(&[path.display().to_string()], &options);
    session.stop().check()?;
    let input = input?;
    let originals = input.originals(0, records)?;
    let mut out = BufWriter::new(std::io::stdout().lock());
    let is_terminal = std::io::stdout().is_terminal();
    let failed = |error| Error::io("standard output", error);
    for (number, text) in originals {
        if args.number {
            write!(out, "{file}:{number}:").map_err(failed)?;
        }
        // What is piped on is untouched; on a terminal nothing in it acts.
        match is_terminal {
            true => writeln!(out, "{}", printable(&String::from_utf8_lossy(&text))).map_err(failed)?,
            false => out.write_all(&text).and_then(|()| out.write_all(b"\n")).map_err(failed)?,
        }
    }
    out.flush().map_err(failed)
}

/// Where a file is now. Records of one that is not what was scored would be shown as evidence and be others'; one that has grown since begins
/// as it did.
fn unchanged(args: &Show, asked: &Asked, file: &str) -> Result<PathBuf> {
    if file == "-" {
        let limit = "the records came by standard input and were not kept; save the logs, and score the files";
        return Err(Error::parameter("OUT", &args.output, limit));
    }
    let path = args.root.as_ref().map_or_else(|| PathBuf::from(file), |root| below(root, file));
    let size = std::fs::metadata(&path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Error::NoInput(format!(
            "{} is not there: give the folder that names begin in with --root, or run this where the logs were scored",
            path.display()
        )),
        _ => Error::io(&path, error),
    })?;
    let same = match asked.kept.input(file).map(|then| (then.bytes, &then.blake3)) {
        Some((Some(bytes), _)) if size.len() < bytes => false,
        Some((Some(bytes), Some(digest))) => begin_digest(&path, bytes)? == *digest,
        _ => true,
    };
    let told = "has changed since it was scored, and its records may be others; give the folder that has it as it was with --root, or score it \
                again";
    if same { Ok(path) } else { Err(Error::NoInput(format!("{} {told}", path.display()))) }
}

/// A file below `root`: by its whole name, else by as much of the end of it as is there.
fn below(root: &Path, file: &str) -> PathBuf {
    let mut rest = Path::new(file).components();
    let whole = root.join(rest.as_path());
    loop {
        let path = root.join(rest.as_path());
        if path.is_file() {
            return path;
        }
        if rest.next().is_none() {
            return whole;
        }
    }
}

/// `record 7`, `records 1-3, 8`.
fn numbers(records: &BTreeSet<u64>) -> String {
    let mut runs: Vec<(u64, u64)> = Vec::new();
    for &record in records {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == record => *last = record,
            _ => runs.push((record, record)),
        }
    }
    let run = |&(first, last): &(u64, u64)| if first == last { first.to_string() } else { format!("{first}-{last}") };
    let word = if records.len() == 1 { "record" } else { "records" };
    format!("{word} {}", runs.iter().map(run).collect::<Vec<_>>().join(", "))
}
