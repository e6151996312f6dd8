//! Two tables of the same columns, far smaller than the rows: what each source did in each hour, and what each finding did
//! in each hour. A flood, a scan and a clock are common as rows and odd as lines here.

use super::cells::Cells;
use super::collect::Entry;
use super::group::Grouped;
use super::key::Port;
use super::rhythm::Rhythm;
use super::starts::Starts;
use super::tally::Tally;
use crate::features::math::ln_1p;
use crate::flows::record::Host;
use foldhash::fast::RandomState;
use ndarray::Array2;
use rayon::prelude::*;
use smallvec::SmallVec;
use std::borrow::Cow;
use std::collections::HashMap;

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
    /// The line that each of [`Grouped::entries`] is in; beyond the last: in none of this table.
    pub(super) line_of_entry: Vec<u32>,
}

/// Which lines a table has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    /// One a source and hour.
    Hosts,
    /// One a finding and hour.
    Conversations,
}

/// An entry's place in a table: lines are in the order of their subjects and hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Member {
    /// The number of the line's subject.
    subject: u32,
    hour: Option<i64>,
    entry: u32,
}

impl Table {
    /// The lines whose sources are `local` (one of ours) or not. Faults of the capture are left out.
    pub fn new(grouped: &Grouped, whole: &Whole, of: Of, local: bool) -> Self {
        let cells = grouped.cells();
        let (mut members, subjects) = members(grouped, of, local);
        members.par_sort_unstable();
        let groups: Vec<&[Member]> = members.chunk_by(|a, b| (a.subject, a.hour) == (b.subject, b.hour)).collect();
        let mut values = vec![0f32; groups.len() * COLUMNS.len()];
        let mut flows = vec![0; groups.len()];
        (values.par_chunks_mut(COLUMNS.len()), &mut flows, &groups).into_par_iter().for_each(|(line, flows, group)| {
            let (n, columns) = whole.columns(cells, group);
            *flows = n;
            line.iter_mut().zip(columns).for_each(|(slot, value)| *slot = value as f32);
        });
        let subject = |member: &Member| subjects.get(member.subject as usize).map(|line| (*line, member.hour));
        let mut line_of_entry = vec![u32::MAX; cells.len()];
        for (line, group) in groups.iter().enumerate() {
            for member in *group {
                line_of_entry.get_mut(member.entry as usize).into_iter().for_each(|slot| *slot = line as u32);
            }
        }
        let lines = groups.iter().filter_map(|group| group.first().and_then(subject)).collect();
        let shape = (flows.len(), COLUMNS.len());
        let values = Array2::from_shape_vec(shape, values).unwrap_or_else(|_| Array2::zeros((0, COLUMNS.len())));
        Self { lines, flows, values, line_of_entry }
    }
}

/// The entries of a table, and its subjects in their order.
fn members(grouped: &Grouped, of: Of, local: bool) -> (Vec<Member>, Vec<Line>) {
    let mut subjects = Vec::new();
    if of == Of::Conversations {
        subjects.extend((0..grouped.findings().len()).map(Line::Finding));
    }
    let mut members = Vec::new();
    let cells = grouped.cells();
    for (at, (cell, finding)) in cells.keys().zip(grouped.findings_of_cells()).enumerate() {
        if cell.key.gap || cells.is_source_local(at) != local {
            continue;
        }
        let subject = if of == Of::Conversations {
            finding
        } else {
            // Entries come in the order of their sources.
            let source = Line::Source(cell.key.conversation.source);
            if subjects.last() != Some(&source) {
                subjects.push(source);
            }
            subjects.len() - 1
        };
        members.push(Member { subject: subject as u32, hour: cell.hour, entry: at as u32 });
    }
    (members, subjects)
}

/// Flows of each hour, and of each port in it.
#[derive(Debug)]
pub struct Whole {
    hours: HashMap<Option<i64>, u64, RandomState>,
    ports: HashMap<(Option<i64>, Option<u8>, Port), u64, RandomState>,
}

impl Whole {
    /// Of all rows.
    pub fn of(grouped: &Grouped) -> Self {
        let mut whole = Self { hours: HashMap::default(), ports: HashMap::default() };
        let cells = grouped.cells();
        for (at, cell) in cells.keys().enumerate() {
            let conversation = cell.key.conversation;
            *whole.hours.entry(cell.hour).or_default() += cells.flows(at);
            *whole.ports.entry((cell.hour, conversation.protocol, conversation.port)).or_default() += cells.flows(at);
        }
        whole
    }

    /// Flows and [`COLUMNS`] of a line, whose entries are of one hour.
    fn columns(&self, cells: &Cells, line: &[Member]) -> (u64, [f64; COLUMNS.len()]) {
        let hour = line.first().and_then(|member| member.hour);
        let in_hour = self.hours.get(&hour).copied().unwrap_or(0);
        let of_port = |protocol, port| self.ports.get(&(hour, protocol, port)).copied().unwrap_or(0);
        columns(line.iter().filter_map(|member| cells.get(member.entry as usize)), in_hour, of_port)
    }
}

/// Flows and [`COLUMNS`] of the entries of a line, which are of one hour: in it are so many flows in all, and so many of each
/// protocol and port.
pub(super) fn columns<'a>(
    entries: impl Iterator<Item = Cow<'a, Entry>>,
    in_hour: u64,
    flows_of_port: impl Fn(Option<u8>, Port) -> u64,
) -> (u64, [f64; COLUMNS.len()]) {
    let mut tally = Tally::default();
    let mut failed = 0;
    let mut starts = Starts::default();
    // Most lines have one entry.
    let mut ports: SmallVec<[_; 1]> = SmallVec::new();
    let mut destinations: SmallVec<[_; 1]> = SmallVec::new();
    for entry in entries {
        let key = entry.key.key;
        tally.absorb(&entry.tally);
        failed += if key.state.failed() { entry.tally.flows } else { 0 };
        starts.join(&entry.starts);
        ports.push((key.conversation.protocol, key.conversation.port));
        destinations.push(key.conversation.destination);
    }
    ports.sort_unstable();
    ports.dedup();
    destinations.sort_unstable();
    destinations.dedup();
    let of_port: u64 = ports.iter().map(|&(protocol, port)| flows_of_port(protocol, port)).sum();
    let rhythm = Rhythm::of(&[starts.sorted()]);
    let share = |part: u64, all: u64| part as f64 / all.max(1) as f64;
    let columns = [
        ln_1p(tally.flows as f64),
        ln_1p(ports.len() as f64),
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
