//! Findings: groups of rows that belong together, and the finding of each row.

use super::cells::Cells;
use super::collect::Entry;
use super::extent::Extent;
use super::key::{CellKey, Conversation, Port};
use super::names::HostNames;
use super::pool::{self, Unit};
use super::rhythm::{LEAST_GAPS, Rhythm};
use super::rows::Rows;
use super::starts::Starts;
use super::subject::{FindingId, Kind, Subject};
use super::tally::Tally;
use crate::flows::record::StateGroup;
use foldhash::fast::RandomState;
use rayon::prelude::*;
use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::sync::OnceLock;

/// State groups there are.
pub const STATES: [StateGroup; 6] = [
    StateGroup::Established,
    StateGroup::Refused,
    StateGroup::NoReply,
    StateGroup::Reset,
    StateGroup::MidStream,
    StateGroup::Unknown,
];

/// Fewer units than these are not worth the threads: a stream's are looked at every few milliseconds.
const MANY_UNITS: usize = 1_024;

/// Rows that an analyst reads as one thing.
#[derive(Debug, Clone)]
pub struct Finding {
    /// Its name.
    pub id: FindingId,
    /// What it is about.
    pub subject: Subject,
    /// What was counted of its rows.
    pub tally: Tally,
    /// Destination ports it touches (ICMP: types and codes).
    pub ports: u64,
    /// Destinations it touches.
    pub hosts: u64,
    /// Sources it comes from: 1 but in floods, and 0 where the log names none.
    pub sources: u64,
    /// Rows in each of [`STATES`].
    pub states: [u64; 6],
    /// Stretches of time without a silence of an hour.
    pub stretches: u64,
    /// How its rows follow each other; `None` for one row, and where times are not known.
    pub rhythm: Option<Rhythm>,
}

impl Finding {
    /// The share of its rows that failed to come about, 0 to 1.
    pub fn failed_share(&self) -> f64 {
        let failed: u64 = STATES.iter().zip(self.states).filter(|(state, _)| state.failed()).map(|(_, n)| n).sum();
        failed as f64 / self.tally.flows.max(1) as f64
    }

    /// The state of most rows and its share of them.
    pub fn main_state(&self) -> (StateGroup, f64) {
        let most = STATES.into_iter().zip(self.states).rev().max_by_key(|&(_, n)| n);
        let (state, n) = most.unwrap_or((StateGroup::Unknown, 0));
        (state, n as f64 / self.tally.flows.max(1) as f64)
    }
}

/// All rows in findings. The findings are in the order of their subjects; [`super::rank`] ranks them.
#[derive(Debug)]
pub struct Grouped {
    cells: Cells,
    finding_of_entry: Vec<u32>,
    findings: Vec<Finding>,
    names: HostNames,
    left_out: Option<(i64, i64)>,
    extent: OnceLock<Extent>,
}

impl Grouped {
    /// Of settled cells.
    pub(super) fn new(cells: Cells, names: HostNames) -> Self {
        let made_of = |unit: Unit| (summary(&cells, &unit), unit.cells);
        let units = pool::units(&cells);
        let mut made: Vec<(Finding, _)> = if units.len() < MANY_UNITS {
            units.into_iter().map(made_of).collect()
        } else {
            units.into_par_iter().map(made_of).collect()
        };
        // Two may begin at once where a stray state joined the later; their cells tell them apart.
        made.par_sort_by_cached_key(|(finding, own)| {
            (finding.subject, finding.tally.first(), finding.id, own.iter().min().copied())
        });
        let mut finding_of_entry = vec![0; cells.len()];
        for (at, (_, own)) in made.iter().enumerate() {
            for &cell in own {
                if let Some(slot) = finding_of_entry.get_mut(cell as usize) {
                    *slot = at as u32;
                }
            }
        }
        let findings = made.into_iter().map(|(finding, _)| finding).collect();
        Self { cells, finding_of_entry, findings, names, left_out: None, extent: OnceLock::new() }
    }

    /// The same, where flows that begin in a span (from and before, µs since 1970) were left out: days do not count it.
    pub fn without(self, span: Option<(i64, i64)>) -> Self {
        Self { left_out: span, extent: OnceLock::new(), ..self }
    }

    /// The findings.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// The texts of hosts that are more than an address.
    pub fn names(&self) -> &HostNames {
        &self.names
    }

    /// The groups by the hour, in the order of their keys.
    pub(super) fn cells(&self) -> &Cells {
        &self.cells
    }

    /// The index of the finding of each.
    pub(super) fn findings_of_cells(&self) -> impl Iterator<Item = usize> {
        self.finding_of_entry.iter().map(|&at| at as usize)
    }

    /// The groups by the hour, each with the index of its finding.
    pub fn entries(&self) -> impl Iterator<Item = (Cow<'_, Entry>, usize)> {
        self.cells.iter().zip(self.findings_of_cells())
    }

    /// Days from the first start to the last, by the minute, at least 1. A silence counts for one day at most, so that a stray time adds no
    /// years; groups of nothing but flows that were still open, which may have begun long before the log did, do not count.
    pub fn days(&self) -> f64 {
        self.extent().days()
    }

    /// See [`Grouped::without`].
    pub(super) fn left_out(&self) -> Option<(i64, i64)> {
        self.left_out
    }

    /// The same without the least of a day: at least an hour.
    pub fn length(&self) -> f64 {
        self.extent().length()
    }

    /// Whether it is a log of less than a day, which counts as one.
    pub fn is_of_part_of_a_day(&self) -> bool {
        self.extent().is_part_of_a_day()
    }

    fn extent(&self) -> &Extent {
        self.extent.get_or_init(|| Extent::of(&self.cells, self.left_out))
    }

    /// The index of the finding that each row of a batch is in. `None` for a row that was not scored or names no address,
    /// or that was not observed.
    pub fn findings_of(&self, rows: &Rows<'_>) -> Vec<Option<usize>> {
        (0..rows.len())
            .map(|row| {
                let flow = rows.flow(row);
                let key = CellKey::of(&flow).filter(|_| !flow.severity.is_nan())?;
                let at = self.cells.find(&key)?;
                self.finding_of_entry.get(at).map(|&at| at as usize)
            })
            .collect()
    }
}

fn summary(cells: &Cells, unit: &Unit) -> Finding {
    let mut tally = Tally::default();
    let mut states = [0; 6];
    let mut hours: BTreeMap<i64, Starts> = BTreeMap::new();
    for cell in unit.cells.iter().filter_map(|&at| cells.get(at as usize)) {
        tally.absorb(&cell.tally);
        let state = STATES.iter().position(|&state| state == cell.key.key.state);
        if let Some(count) = state.and_then(|at| states.get_mut(at)) {
            *count += cell.tally.flows;
        }
        if let Some(hour) = cell.key.hour {
            hours.entry(hour).or_default().join(&cell.starts);
        }
    }
    let distinct = |of: fn(&Conversation) -> u64| {
        let keys = unit.cells.iter().filter_map(|&at| cells.key(at as usize));
        keys.map(|key| of(&key.key.conversation)).collect::<HashSet<_, RandomState>>().len() as u64
    };
    let runs: Vec<Vec<i64>> = hours.into_values().map(|starts| starts.sorted()).collect();
    // What comes less than twice an hour has its rhythm between the hours; so few starts were all kept.
    let rhythm = Rhythm::of(&runs).filter(|rhythm| rhythm.gaps >= LEAST_GAPS).or_else(|| Rhythm::of(&[runs.concat()]));
    let ports = distinct(|c| port_number(c.port));
    let subject = subject(unit, ports > 1);
    Finding {
        id: FindingId::new(&subject, tally.first()),
        subject,
        ports,
        hosts: distinct(|c| c.destination.map_or(0, |host| host.key())),
        sources: if matches!(unit.kind, Kind::Flood | Kind::Multicast) {
            distinct(|c| c.source.map_or(0, |host| host.key()))
        } else {
            u64::from(subject.conversation.source.is_some())
        },
        states,
        stretches: unit.stretches,
        rhythm,
        tally,
    }
}

/// Ports of different protocols count once: 53 over TCP and UDP is one port.
pub(super) fn port_number(port: Port) -> u64 {
    match port {
        Port::None | Port::Many => 1 << 32,
        Port::Number(port) => u64::from(port),
        Port::Icmp(kind, code) => 1 << 16 | u64::from(kind) << 8 | u64::from(code),
    }
}

fn subject(unit: &Unit, has_many_ports: bool) -> Subject {
    let own = unit.key.conversation;
    let conversation = match unit.kind {
        Kind::Scan => Conversation { protocol: None, port: Port::Many, ..own },
        Kind::Sweep => Conversation { destination: None, ..own },
        Kind::Block => Conversation { destination: None, protocol: None, port: Port::Many, ..own },
        Kind::Flood if has_many_ports => Conversation { source: None, port: Port::Many, ..own },
        Kind::Flood | Kind::Multicast => Conversation { source: None, ..own },
        Kind::Conversation | Kind::Data => own,
    };
    let state = matches!(unit.kind, Kind::Conversation | Kind::Data).then_some(unit.key.state);
    Subject { kind: unit.kind, conversation, state }
}
