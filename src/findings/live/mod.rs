//! Findings of a stream: told once each, as soon as they are odd, with news when they grow.
//!
//! The groups, the rules that make findings of them and the names of findings are those of a log ([`super::Grouped`]), of the last 25
//! hours: a row is looked at with the rows of its conversation, of its source and destination (scans), of its source
//! (sweeps, blocks), of its destination (floods). What is large is looked at again when it has grown by a sixteenth, so that the work for a row does not grow with what was
//! before it. That depends on the rows and their order alone, not on how they come in batches: the same rows give the same alerts.
//!
//! A finding is told when it is as odd as those that were asked for of an earlier log ([`Reference`]); without one, when a row of it is
//! an anomaly by the model's threshold. Of small findings of flows that failed, two of a source and hour are told, and eight of a
//! destination, on one port or on any, that follow each other as those of a flood: these are how scans and floods begin. What was told
//! keeps its name as it grows. A conversation that was told and turns out to be part of a scan is told once more, as the scan; and so are three scans
//! of a block.
//!
//! Memory: some 2 kB (estimated) a group and hour, at most as many of them as were asked for; beyond, the oldest hours are forgotten, and
//! counted; where one hour alone is too much, all.

mod alert;
mod forget;
mod hours;
mod judge;
mod look;
mod pair;
mod record;
mod reference;
mod spread;

pub use alert::{Alert, Occasion};
pub use reference::Reference;

use super::allow::AllowList;
use super::collect::Entry;
use super::group::Finding;
use super::key::{CellKey, Conversation, Port};
use super::names::HostNames;
use super::pool::{came_to_nothing, is_ordinary_talk};
use super::rows::Rows;
use super::services::Services;
use super::tables::{COLUMNS, columns};
use super::tally::Tally;
use super::{HOUR, Surroundings};
use crate::Result;
use crate::flows::record::Host;
use hours::Hours;
use look::Met;
use pair::Pair;
use serde::{Deserialize, Serialize};
use spread::{Block, Flood, Sweep, Trickle};
use std::borrow::Cow;
use std::collections::HashMap;

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
    /// latest begin that was believed by then. Rows without a severity, a time or an address, and those that claim to begin after
    /// the clock, are passed over. Rows that are allowed are counted with the others, and no finding is told because of one.
    ///
    /// # Errors
    /// None but of the program's own making.
    pub fn observe(&mut self, rows: &Rows<'_>, clocks: &[Option<i64>], allow: &AllowList) -> Result<Vec<Alert>> {
        let (mut candidates, mut alerts) = (Vec::new(), Vec::new());
        for (row, clock) in clocks.iter().enumerate() {
            if let Some(clock) = clock {
                // What was told is looked up before it is forgotten.
                if self.will_forget(*clock) {
                    alerts.extend(self.judged(&mut candidates)?);
                }
                candidates.extend(self.take(rows, row, *clock, allow));
            }
        }
        alerts.extend(self.judged(&mut candidates)?);
        Ok(alerts)
    }

    fn take(&mut self, rows: &Rows<'_>, row: usize, now: i64, allow: &AllowList) -> Option<Candidate> {
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
        pair.count(key, &tally, start);
        self.state.groups += (pair.cells.len() - before) as u64;
        if key.key.gap || allow.rule_of(&flow).is_some() {
            return None;
        }
        let due = pair.met(&key, start, end, HOUR);
        let is_talk = is_ordinary_talk(&key.key, (flow.is_source_local(), flow.is_destination_local()));
        let met = Met { key, start, due, is_talk, is_vain: came_to_nothing(key.key.state, &tally) };
        let (finding, entries) = self.look_at(&met)?;
        let line = self.line(&entries, hour, now);
        Some(Candidate { row, key, finding, line, now, around: self.around() })
    }

    /// What a finding did in an hour.
    fn line(&self, entries: &[Entry], hour: i64, now: i64) -> [f32; COLUMNS.len()] {
        let Some(reference) = &self.reference else { return [0.0; COLUMNS.len()] };
        let of_hour = entries.iter().filter(|entry| entry.key.hour == Some(hour)).map(Cow::Borrowed);
        let hours = &self.state.hours;
        let of_port = |protocol, port| hours.of_port((hour, now), protocol, port, Some(reference));
        columns(of_hour, hours.all(hour, now, Some(reference)), of_port).1.map(|value| value as f32)
    }
}
