//! Findings of a stream: told once each, as soon as they are odd, with news when they grow.
//!
//! The groups, the rules that make findings of them and the names of findings are those of a log ([`super::Grouped`]), of the last 25
//! hours: a row is looked at with the rows of its conversation, of its source and destination (scans), of its source
//! (sweeps, blocks), of its destination (floods). What is large is looked at again when it has grown by a sixteenth, so that the work for a row does not grow with what was
//! before it. That depends on the rows and their order alone, not on how they come in batches: the same rows give the same alerts.
//!
//! A finding is told when it is as odd as those that were asked for of an earlier log ([`Reference`]); without one, when a row of it is
//! an anomaly by the model's threshold. Of small findings of flows that failed, two of a source and hour are told, and eight of a
//! destination and port that follow each other as those of a flood: these are how scans and floods begin. What was told keeps its name
//! as it grows. A conversation that was told and turns out to be part of a scan is told once more, as the scan; and so are three scans
//! of a block.
//!
//! Memory: some 2 kB (estimated) a group and hour, at most as many of them as were asked for; beyond, the oldest hours are forgotten, and
//! counted; where one hour alone is too much, all.

mod alert;
mod forget;
mod hours;
mod judge;
mod pair;
mod record;
mod reference;
mod spread;

pub use alert::{Alert, Occasion};
pub use reference::Reference;

use super::collect::Entry;
use super::group::Finding;
use super::key::{CellKey, Conversation, Port};
use super::names::HostNames;
use super::pool::{PAUSE, PAUSE_OF_PORTS, came_to_nothing, is_ordinary_talk};
use super::rows::Rows;
use super::services::Services;
use super::subject::Kind;
use super::tables::{COLUMNS, columns};
use super::tally::Tally;
use super::{HOUR, Surroundings};
use crate::Result;
use crate::flows::record::Host;
use hours::Hours;
use pair::{Due, Pair};
use serde::{Deserialize, Serialize};
use spread::{Block, Flood, Sweep, Trickle};
use std::collections::{BTreeMap, HashMap};

/// The findings of a stream.
#[derive(Debug)]
pub struct LiveFindings {
    state: LiveFindingsState,
    /// The severity above which a row is an anomaly by itself.
    threshold: f64,
    reference: Option<Reference>,
    services: Services,
    names: HostNames,
    most_groups: u64,
}

/// What is remembered of a stream's findings, to go on from.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct LiveFindingsState {
    pairs: HashMap<(Option<Host>, Option<Host>), Pair>,
    /// By source, protocol and port.
    sweeps: HashMap<(Option<Host>, Option<u8>, Port), Sweep>,
    /// By source.
    blocks: HashMap<Option<Host>, Block>,
    /// By destination, protocol and port; [`Port::Many`] for those of any port.
    floods: HashMap<(Option<Host>, Option<u8>, Port), Flood>,
    hours: Hours,
    /// Of each source the hour in which small findings were told, and how many.
    small: HashMap<Option<Host>, (i64, u32)>,
    /// The same of destinations, protocols and ports.
    trickles: HashMap<(Option<Host>, Option<u8>, Port), Trickle>,
    names: Vec<(Host, String)>,
    groups: u64,
    clock: Option<i64>,
    longest: i64,
    forgotten: u64,
}

/// A finding to be judged.
struct Candidate {
    row: usize,
    key: CellKey,
    finding: Finding,
    line: [f32; COLUMNS.len()],
    now: i64,
    around: Surroundings,
}

impl LiveFindings {
    /// Bytes (estimated) that a group of rows within an hour takes.
    pub const GROUP_BYTES: usize = 2_048;

    /// Going on from `state`; `threshold` is the severity above which a row is an anomaly by itself. At most so many groups of
    /// rows by the hour are remembered.
    pub fn new(state: LiveFindingsState, threshold: f64, most_groups: usize, reference: Option<Reference>) -> Self {
        let mut names = HostNames::default();
        state.names.iter().for_each(|(host, text)| names.learn(*host, text));
        let most_groups = most_groups.max(1) as u64;
        Self { state, threshold, reference, services: Services::default(), names, most_groups }
    }

    /// What is remembered.
    pub fn state(&mut self) -> &LiveFindingsState {
        self.state.names = self.names.kept();
        &self.state
    }

    /// The texts of hosts that are more than an address.
    pub fn names(&self) -> &HostNames {
        &self.names
    }

    /// Keeps such texts.
    pub fn learn(&mut self, names: &[(Host, String)]) {
        names.iter().for_each(|(host, text)| self.names.learn(*host, text));
    }

    /// Groups that were forgotten for want of room.
    pub fn forgotten(&self) -> u64 {
        self.state.forgotten
    }

    /// What findings are compared with in words.
    pub fn around(&self) -> Surroundings {
        let typical = self.reference.as_ref().map_or(
            Surroundings { typical_flows: 1, typical_ports: 1, typical_hosts: 1, ..Surroundings::default() },
            Reference::around,
        );
        let flows = self.state.hours.flows();
        Surroundings { flows, span: None, longest: self.state.longest.max(typical.longest), ..typical }
    }

    /// Takes the rows of a batch in, in their order; the findings that are to be told. `clocks` say when each row came: the
    /// latest begin that was believed by then. Rows without a severity, a time or an address, those that claim to begin after
    /// the clock, and those that are `left_out`, are passed over.
    ///
    /// # Errors
    /// None but of the program's own making.
    pub fn observe(
        &mut self,
        rows: &Rows<'_>,
        clocks: &[Option<i64>],
        left_out: impl Fn(usize) -> bool,
    ) -> Result<Vec<Alert>> {
        let (mut candidates, mut alerts) = (Vec::new(), Vec::new());
        for (row, clock) in clocks.iter().enumerate() {
            if let (Some(clock), false) = (clock, left_out(row)) {
                // What was told is looked up before it is forgotten.
                if self.will_forget(*clock) {
                    alerts.extend(self.judged(&mut candidates)?);
                }
                candidates.extend(self.take(rows, row, *clock));
            }
        }
        alerts.extend(self.judged(&mut candidates)?);
        Ok(alerts)
    }

    fn take(&mut self, rows: &Rows<'_>, row: usize, now: i64) -> Option<Candidate> {
        let flow = rows.flow(row);
        let (key, start) = (CellKey::of(&flow)?, flow.start?);
        let hour = key.hour?;
        if flow.severity.is_nan() || start > now {
            return None;
        }
        self.pass_time(now);
        let service = flow.service.map(|name| self.services.shared(name));
        let Conversation { source, destination, protocol, port } = key.key.conversation;
        let end = start.saturating_add(flow.duration.unwrap_or(0).max(0));
        self.state.hours.count(hour, protocol, port);
        self.state.longest = self.state.longest.max(flow.duration.unwrap_or(0));
        let pair = self.state.pairs.entry((source, destination)).or_default();
        let before = pair.cells.len();
        let tally = Tally::of(&flow, service);
        let due = pair.add(key, &tally, start, end, HOUR);
        self.state.groups += (pair.cells.len() - before) as u64;
        if key.key.gap {
            return None;
        }
        let is_talk = is_ordinary_talk(&key.key, (flow.is_source_local(), flow.is_destination_local()));
        let mut found = if due == Due::Pair { pair.finding(&key, due) } else { None };
        let is_scan = found.as_ref().is_some_and(|(finding, _)| finding.subject.kind == Kind::Scan);
        if source.is_some() && port != Port::None && !is_talk && !is_scan {
            let about = (source, protocol, port);
            match self.state.sweeps.entry(about).or_default().add(destination) {
                Some(true) => found = self.sweep(&key),
                Some(false) => return None,
                None => {}
            }
        }
        if let Some((finding, _)) = &found {
            let block = self.state.blocks.entry(source).or_default();
            let is_due = match (finding.subject.kind, port) {
                (Kind::Scan, _) => block.add_scan(destination),
                (Kind::Sweep, Port::Number(_)) => block.add_sweep((protocol, port)),
                _ => None,
            };
            match is_due {
                Some(true) => found = self.block(&key),
                Some(false) => return None,
                None => {}
            }
        }
        if found.is_none() && source.is_some() && came_to_nothing(key.key.state, &tally) {
            for (of, pause) in [(port, PAUSE), (Port::Many, PAUSE_OF_PORTS)] {
                match self.state.floods.entry((destination, protocol, of)).or_default().add(source, start, pause) {
                    Some(true) => found = self.flood(&key, of).filter(|(of, _)| of.subject.kind == Kind::Flood),
                    Some(false) if of != Port::Many => return None,
                    Some(false) | None => {}
                }
                if found.is_some() {
                    break;
                }
            }
        }
        if found.is_none() && due == Due::Conversation {
            found = self.state.pairs.get_mut(&(source, destination))?.finding(&key, due);
        }
        let (finding, entries) = found?;
        let line = self.line(&entries, hour, now);
        Some(Candidate { row, key, finding, line, now, around: self.around() })
    }

    /// The finding of a group among those of its source and port.
    fn sweep(&self, key: &CellKey) -> Option<(Finding, Vec<Entry>)> {
        let Conversation { source, protocol, port, .. } = key.key.conversation;
        let sweep = self.state.sweeps.get(&(source, protocol, port))?;
        let of = |destination| {
            let pair = self.state.pairs.get(&(source, destination))?;
            Some(pair.entries_of(Conversation { source, destination, protocol, port }))
        };
        pair::finding_of(sweep.small().filter_map(of).flatten().collect(), key)
    }

    /// The finding of a group among those of the scans and sweeps of its source.
    fn block(&self, key: &CellKey) -> Option<(Finding, Vec<Entry>)> {
        let source = key.key.conversation.source;
        let block = self.state.blocks.get(&source)?;
        let scanned =
            block.scans.iter().filter_map(|host| self.state.pairs.get(&(source, *host))).flat_map(Pair::entries);
        let swept = block.sweeps.iter().flat_map(|&(protocol, port)| {
            let hosts = self.state.sweeps.get(&(source, protocol, port)).into_iter().flat_map(Sweep::small);
            let of = move |destination| {
                let pair = self.state.pairs.get(&(source, destination))?;
                Some(pair.entries_of(Conversation { source, destination, protocol, port }))
            };
            hosts.filter_map(of).flatten()
        });
        // Some are of a scan and of a sweep.
        let entries: BTreeMap<CellKey, Entry> = scanned.chain(swept).map(|entry| (entry.key, entry)).collect();
        pair::finding_of(entries.into_values().collect(), key)
    }

    /// The finding of a group among those of its destination and port, or of any port.
    fn flood(&self, key: &CellKey, port: Port) -> Option<(Finding, Vec<Entry>)> {
        let Conversation { destination, protocol, .. } = key.key.conversation;
        let flood = self.state.floods.get(&(destination, protocol, port))?;
        let pairs = flood.sources().filter_map(|source| self.state.pairs.get(&(source, destination)));
        let is_of = |entry: &Entry| {
            let own = entry.key.key.conversation;
            own.protocol == protocol && (port == Port::Many || own.port == port)
        };
        pair::finding_of(pairs.flat_map(Pair::entries).filter(is_of).collect(), key)
    }

    /// What a finding did in an hour.
    fn line(&self, entries: &[Entry], hour: i64, now: i64) -> [f32; COLUMNS.len()] {
        let Some(reference) = &self.reference else { return [0.0; COLUMNS.len()] };
        let of_hour: Vec<&Entry> = entries.iter().filter(|entry| entry.key.hour == Some(hour)).collect();
        let hours = &self.state.hours;
        let of_port = |protocol, port| hours.of_port((hour, now), protocol, port, Some(reference));
        columns(&of_hour, hours.all(hour, now, Some(reference)), of_port).1.map(|value| value as f32)
    }
}
