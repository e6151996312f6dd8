//! Two tables of the same columns, far smaller than the rows: what each source did in each hour, and what each finding did
//! in each hour. A flood, a scan and a clock are common as rows and odd as lines here.

use super::collect::Entry;
use super::group::Grouped;
use super::key::Port;
use super::rhythm::Rhythm;
use super::starts::Starts;
use super::tally::Tally;
use crate::features::math::ln_1p;
use crate::flows::record::Host;
use ndarray::Array2;
use std::collections::{HashMap, HashSet};

/// The columns: `ln` stands for ln(1 + x), gaps and durations are in seconds.
pub const COLUMNS: [&str; 12] = [
    "ln flows",
    "ln distinct ports",
    "ln distinct destinations",
    "failed share",
    "ln bytes out",
    "ln bytes in",
    "ln packets",
    "mean ln gap",
    "regularity",
    "share of all flows in the hour",
    "ln longest duration",
    "share of all flows of the port in the hour",
];

/// Seconds: the gap of a line with one flow, which came once in the hour.
const ONCE: f64 = 3_600.0;

/// What a line is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Line {
    /// A source; `None` where the log names none.
    Source(Option<Host>),
    /// A finding, by its index.
    Finding(usize),
}

/// A line's subject and its hour since 1970.
pub type LineHour = (Line, Option<i64>);

/// A table: one line a source or finding and hour, [`COLUMNS`] wide.
#[derive(Debug, Clone)]
pub struct Table {
    /// What each line is about and its hour (since 1970; `None`: times not known), in this order.
    pub lines: Vec<LineHour>,
    /// Flows of each line.
    pub flows: Vec<u64>,
    /// `lines.len()` × 12.
    pub values: Array2<f32>,
}

/// Which lines a table has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    /// One a source and hour.
    Hosts,
    /// One a finding and hour.
    Conversations,
}

impl Table {
    /// The lines whose sources are `local` (one of ours) or not. Faults of the capture are left out.
    pub fn new(grouped: &Grouped, of: Of, local: bool) -> Self {
        let mut members: Vec<(LineHour, usize, &Entry)> = grouped
            .entries()
            .enumerate()
            .filter(|(_, (entry, _))| entry.tally.local.0 == local && !entry.key.key.gap)
            .map(|(at, (entry, finding))| {
                let line = match of {
                    Of::Hosts => Line::Source(entry.key.key.conversation.source),
                    Of::Conversations => Line::Finding(finding),
                };
                ((line, entry.key.hour), at, entry)
            })
            .collect();
        members.sort_unstable_by_key(|&(line, at, _)| (line, at));
        let whole = Whole::of(grouped);
        let mut table = Self { lines: Vec::new(), flows: Vec::new(), values: Array2::zeros((0, COLUMNS.len())) };
        let mut values = Vec::new();
        for group in members.chunk_by(|a, b| a.0 == b.0) {
            let entries: Vec<&Entry> = group.iter().map(|(_, _, entry)| *entry).collect();
            let (flows, columns) = whole.columns(&entries);
            table.lines.extend(group.first().map(|(line, _, _)| *line));
            table.flows.push(flows);
            values.extend(columns.map(|value| value as f32));
        }
        let shape = (table.lines.len(), COLUMNS.len());
        table.values = Array2::from_shape_vec(shape, values).unwrap_or_else(|_| Array2::zeros((0, COLUMNS.len())));
        table
    }
}

/// Flows of each hour, and of each port in it.
struct Whole {
    hours: HashMap<Option<i64>, u64>,
    ports: HashMap<(Option<i64>, Option<u8>, Port), u64>,
}

impl Whole {
    fn of(grouped: &Grouped) -> Self {
        let mut whole = Self { hours: HashMap::new(), ports: HashMap::new() };
        for (entry, _) in grouped.entries() {
            let conversation = entry.key.key.conversation;
            let port = (entry.key.hour, conversation.protocol, conversation.port);
            *whole.hours.entry(entry.key.hour).or_default() += entry.tally.flows;
            *whole.ports.entry(port).or_default() += entry.tally.flows;
        }
        whole
    }

    /// Flows and [`COLUMNS`] of the entries of a line, which are of one hour.
    fn columns(&self, entries: &[&Entry]) -> (u64, [f64; COLUMNS.len()]) {
        let hour = entries.first().and_then(|entry| entry.key.hour);
        let in_hour = self.hours.get(&hour).copied().unwrap_or(0);
        let of_port = |protocol, port| self.ports.get(&(hour, protocol, port)).copied().unwrap_or(0);
        columns(entries, in_hour, of_port)
    }
}

/// Flows and [`COLUMNS`] of the entries of a line, which are of one hour: in it are so many flows in all, and so many of each
/// protocol and port.
pub(super) fn columns(
    entries: &[&Entry],
    in_hour: u64,
    flows_of_port: impl Fn(Option<u8>, Port) -> u64,
) -> (u64, [f64; COLUMNS.len()]) {
    let mut tally = Tally::default();
    let mut failed = 0;
    let mut of_port = 0;
    let mut counted = HashSet::new();
    for entry in entries {
        tally.absorb(&entry.tally);
        failed += if entry.key.key.state.failed() { entry.tally.flows } else { 0 };
        let conversation = entry.key.key.conversation;
        if counted.insert((conversation.protocol, conversation.port)) {
            of_port += flows_of_port(conversation.protocol, conversation.port);
        }
    }
    let rhythm = Rhythm::of(&[Starts::union(entries.iter().map(|entry| &entry.starts))]);
    let destinations: HashSet<_> = entries.iter().map(|entry| entry.key.key.conversation.destination).collect();
    let share = |part: u64, all: u64| part as f64 / all.max(1) as f64;
    let columns = [
        ln_1p(tally.flows as f64),
        ln_1p(counted.len() as f64),
        ln_1p(destinations.len() as f64),
        share(failed, tally.flows),
        ln_1p(tally.bytes_out as f64),
        ln_1p(tally.bytes_in as f64),
        ln_1p(tally.packets as f64),
        rhythm.map_or(ln_1p(ONCE), |r| r.mean_ln_gap),
        rhythm.map_or(0.0, |r| r.regularity),
        share(tally.flows, in_hour),
        ln_1p(tally.longest as f64 / 1e6),
        share(tally.flows, of_port),
    ];
    (tally.flows, columns)
}
