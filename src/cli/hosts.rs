//! `oddflow hosts`: what each source did on each day.

use super::Done;
use super::args::Hosts;
use super::run::Session;
use super::talk::{count, say};
use crate::findings::quantity::{bytes, instant, severity};
use crate::findings::{Grouped, HostDay, host_days};
use crate::flows::record::when::DAY;
use crate::pipeline::{ScoredLog, ToldRun};
use crate::{Error, Result};
use comfy_table::{Cell, CellAlignment, Table, presets};
use serde::Serialize;
use std::collections::HashMap;
use std::path::Path;

/// A line as JSON.
#[derive(Serialize)]
struct Line {
    rank: Option<usize>,
    source: String,
    day: Option<String>,
    severity: f64,
    flows: u64,
    ports: u64,
    hosts: u64,
    failed_share: f64,
    bytes_out: u64,
    beat: f64,
}

pub fn run(args: &Hosts) -> Result<Done> {
    let session = Session::reading(args.threads, args.quiet)?;
    let kept = ToldRun::beside(Path::new(&args.output))?.unwrap_or_default();
    let scored = ScoredLog::open(&args.output, session.stop())?;
    let grouped = session.pass("read", None, |run| scored.grouped(run))?;
    let list = kept.list().unwrap_or_default();
    let ranks: HashMap<&str, u64> = list.iter().filter_map(|told| Some((told.id.as_deref()?, told.rank?))).collect();
    let rank = |id: String| ranks.get(id.as_str()).map(|&rank| rank as usize);
    let ranks: Vec<Option<usize>> = grouped.findings().iter().map(|finding| rank(finding.id.to_string())).collect();
    let lines: Vec<Line> = host_days(&grouped, &ranks).iter().map(|day| line(day, &grouped)).collect();
    if args.json {
        let text = |line: &Line| serde_json::to_string(line).map_err(|e| Error::Internal(format!("JSON: {e}")));
        lines.iter().try_for_each(|line| say(&text(line)?))?;
        return Ok(Done::Clean);
    }
    let shown = if args.top == 0 { lines.len() } else { args.top.min(lines.len()) };
    table(lines.get(..shown).unwrap_or_default()).lines().try_for_each(say)?;
    if lines.is_empty() {
        session.talk.line("hosts", "none: the output has no rows");
    }
    if shown < lines.len() {
        let more = count((lines.len() - shown) as u64);
        session.talk.line("", &format!("and {more} more sources and days (--top 0: all)"));
    }
    Ok(Done::Clean)
}

fn line(day: &HostDay, grouped: &Grouped) -> Line {
    let date = |day: i64| instant(day.saturating_mul(DAY)).split('T').next().unwrap_or_default().to_owned();
    Line {
        rank: day.rank,
        source: grouped.names().shown(&day.source),
        day: day.day.map(date),
        severity: day.severity,
        flows: day.flows,
        ports: day.ports,
        hosts: day.hosts,
        failed_share: day.failed_share,
        bytes_out: day.bytes_out,
        beat: day.beat,
    }
}

fn table(lines: &[Line]) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    let right = |text: String| Cell::new(text).set_alignment(CellAlignment::Right);
    let heads = ["finding", "source", "day", "flows", "ports", "hosts", "failed", "bytes out", "beat", "oddest"];
    table.set_header(heads.iter().enumerate().map(|(i, head)| match i {
        1 | 2 => Cell::new(head),
        _ => right((*head).to_owned()),
    }));
    for line in lines {
        table.add_row([
            right(line.rank.map_or("-".to_owned(), |rank| count(rank as u64))),
            Cell::new(&line.source),
            Cell::new(line.day.as_deref().unwrap_or("-")),
            right(count(line.flows)),
            right(count(line.ports)),
            right(count(line.hosts)),
            right(format!("{:.0}%", 100.0 * line.failed_share)),
            right(bytes(line.bytes_out)),
            right(if line.beat > 0.0 { format!("{:.2}", line.beat) } else { "-".to_owned() }),
            right(severity(line.severity, 3)),
        ]);
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.trim_fmt()
}
