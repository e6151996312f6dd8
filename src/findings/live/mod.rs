//! Findings of a stream: told once each, as soon as they are odd, with news when they grow.
//!
//! The groups, the rules that make findings of them and the names of findings are those of a log ([`super::Grouped`]), of the last 25
//! hours: a row is looked at with the rows of its conversation, of its source and destination (scans), of its source and port
//! (sweeps). What is large is looked at again when it has grown by a sixteenth, so that the work for a row does not grow with what was
//! before it. That depends on the rows and their order alone, not on how they come in batches: the same rows give the same alerts.
//!
//! A finding is told when it is as odd as those that were asked for of an earlier log ([`Reference`]); without one, when a row of it is
//! an anomaly by the model's threshold. Of small findings of flows that failed, two of a source and hour are told: these are how scans
//! begin. What was told keeps its name as it grows. A conversation that was told and turns
//! out to be part of a scan is told once more, as the scan.
//!
//! Memory: some 2 kB (estimated) a group and hour, at most as many of them as were asked for; beyond, the oldest hours are forgotten, and
//! counted; where one hour alone is too much, all.

mod hours;
mod pair;
mod record;
mod reference;

pub use reference::Reference;

use super::group::Finding;
use super::key::{CellKey, Conversation, Port};
use super::names::HostNames;
use super::pool::FEW;
use super::rows::Rows;
use super::subject::Kind;
use super::tables::{COLUMNS, columns};
use super::tally::Tally;
use super::{FindingId, HOUR, Surroundings};
use crate::flows::record::{Host, StateGroup};
use crate::{Result, findings::collect::Entry};
use hours::Hours;
use pair::{Due, Pair, Sweep};
use record::Record;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::Arc;

/// Hours that are remembered before the one that the clock is in.
const HOURS: i64 = 25;

/// Findings of a few failed flows that are told of a source in an hour.
const MOST_SMALL: u32 = 2;

/// Why a finding is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occasion {
    /// For the first time.
    New,
    /// It has so many times the flows: 10 or 100.
    Grown(u64),
    /// It is still going on, so many days after it was told.
    StillGoing(u64),
}

impl std::fmt::Display for Occasion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::New => f.write_str("new"),
            Self::Grown(times) => write!(f, "grown × {times}"),
            Self::StillGoing(days) => write!(f, "day {}", days + 1),
        }
    }
}

/// A finding that is to be told.
#[derive(Debug, Clone)]
pub struct Alert {
    /// The row of the batch that made it so.
    pub row: usize,
    /// The finding as it is now.
    pub finding: Finding,
    /// Its name, the one that it was first told under.
    pub id: FindingId,
    /// Why it is told.
    pub occasion: Occasion,
    /// In [0, 1).
    pub severity: f64,
    /// What it is compared with in words, as of its row.
    pub around: Surroundings,
}

/// The findings of a stream.
#[derive(Debug)]
pub struct LiveFindings {
    state: LiveFindingsState,
    /// The severity above which a row is an anomaly by itself.
    threshold: f64,
    reference: Option<Reference>,
    services: std::collections::HashSet<Arc<str>>,
    names: HostNames,
    most_groups: u64,
}

/// What is remembered of a stream's findings, to go on from.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct LiveFindingsState {
    pairs: HashMap<(Option<Host>, Option<Host>), Pair>,
    sweeps: HashMap<(Option<Host>, Option<u8>, Port), Sweep>,
    hours: Hours,
    /// Of each source the hour in which small findings were told, and how many.
    small: HashMap<Option<Host>, (i64, u32)>,
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
        Self { state, threshold, reference, services: Default::default(), names, most_groups }
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

    /// Judges the candidates so far.
    fn judged(&mut self, candidates: &mut Vec<Candidate>) -> Result<Vec<Alert>> {
        let lines = self.lines(candidates)?;
        let judged = candidates.drain(..).zip(lines).collect::<Vec<_>>();
        Ok(judged.into_iter().filter_map(|(candidate, line)| self.judge(candidate, line)).collect())
    }

    fn take(&mut self, rows: &Rows<'_>, row: usize, now: i64) -> Option<Candidate> {
        let flow = rows.flow(row);
        let (key, start) = (CellKey::of(&flow)?, flow.start?);
        let hour = key.hour?;
        if flow.severity.is_nan() || start > now {
            return None;
        }
        self.pass_time(now);
        let service = flow.service.map(|name| self.service(name));
        let Conversation { source, destination, protocol, port } = key.key.conversation;
        let end = start.saturating_add(flow.duration.unwrap_or(0).max(0));
        self.state.hours.count(hour, protocol, port);
        self.state.longest = self.state.longest.max(flow.duration.unwrap_or(0));
        let pair = self.state.pairs.entry((source, destination)).or_default();
        let before = pair.cells.len();
        let due = pair.add(key, &Tally::of(&flow, service), start, end, HOUR);
        self.state.groups += (pair.cells.len() - before) as u64;
        if key.key.gap {
            return None;
        }
        let is_talk = matches!(key.key.state, StateGroup::Established | StateGroup::Unknown)
            && matches!(port, Port::Number(_))
            && flow.is_source_local()
            && !flow.is_destination_local();
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

    /// What a finding did in an hour.
    fn line(&self, entries: &[Entry], hour: i64, now: i64) -> [f32; COLUMNS.len()] {
        let Some(reference) = &self.reference else { return [0.0; COLUMNS.len()] };
        let of_hour: Vec<&Entry> = entries.iter().filter(|entry| entry.key.hour == Some(hour)).collect();
        let hours = &self.state.hours;
        let of_port = |protocol, port| hours.of_port((hour, now), protocol, port, Some(reference));
        columns(&of_hour, hours.all(hour, now, Some(reference)), of_port).1.map(|value| value as f32)
    }

    /// The severities of the candidates' lines, all at once.
    fn lines(&self, candidates: &[Candidate]) -> Result<Vec<Option<f64>>> {
        let mut severities = vec![None; candidates.len()];
        let Some(reference) = &self.reference else { return Ok(severities) };
        for local in [false, true] {
            let of = |(_, candidate): &(usize, &Candidate)| candidate.finding.tally.local.0 == local;
            let (places, lines): (Vec<usize>, Vec<_>) =
                candidates.iter().enumerate().filter(of).map(|(at, candidate)| (at, candidate.line)).unzip();
            if lines.is_empty() {
                continue;
            }
            for (at, severity) in places.into_iter().zip(reference.lines(&lines, local)?.into_iter().flatten()) {
                severities.get_mut(at).into_iter().for_each(|slot| *slot = Some(severity));
            }
        }
        Ok(severities)
    }

    fn judge(&mut self, candidate: Candidate, line: Option<f64>) -> Option<Alert> {
        let Candidate { row, key, finding, now, around, .. } = candidate;
        let (severity, is_odd) = match &self.reference {
            Some(reference) => reference.judge(&finding, line),
            None => (finding.tally.severity_max, finding.tally.severity_max > self.threshold),
        };
        let news = self.told(&key, &finding).map(|record| (record.id, record.update(&finding, now)));
        let (id, occasion) = match news {
            Some((id, occasion)) => (id, occasion?),
            None if is_odd && !self.is_held_back(&finding, now) => {
                self.keep(&key, &finding, Record::new(&finding, now));
                (finding.id, Occasion::New)
            }
            None => return None,
        };
        Some(Alert { row, finding, id, occasion, severity, around })
    }

    /// Whether a finding is not told yet: a few flows that failed are how scans and sweeps begin, so only the first of them of a
    /// source and hour are told by themselves.
    fn is_held_back(&mut self, finding: &Finding, now: i64) -> bool {
        let (state, _) = finding.main_state();
        let failed = state.failed() || state == StateGroup::Reset;
        if finding.subject.kind != Kind::Conversation || finding.tally.flows > FEW || !failed {
            return false;
        }
        let hour = now.div_euclid(HOUR);
        let (of, told) = self.state.small.entry(finding.subject.conversation.source).or_insert((hour, 0));
        if *of != hour {
            (*of, *told) = (hour, 0);
        }
        *told += 1;
        *told > MOST_SMALL
    }

    /// What was told of a finding.
    fn told(&mut self, key: &CellKey, finding: &Finding) -> Option<&mut Record> {
        let Conversation { source, destination, protocol, port } = key.key.conversation;
        let pair = || (source, destination);
        let record = match finding.subject.kind {
            Kind::Sweep => self.state.sweeps.get_mut(&(source, protocol, port))?.told.as_mut(),
            Kind::Scan => self.state.pairs.get_mut(&pair())?.scan.as_mut(),
            Kind::Conversation | Kind::Data => {
                let told = &mut self.state.pairs.get_mut(&pair())?.conversations.get_mut(&(protocol, port))?.told;
                told.iter_mut().find(|(state, _)| Some(*state) == finding.subject.state).map(|(_, record)| record)
            }
        };
        record.filter(|record| record.is_of(finding))
    }

    fn keep(&mut self, key: &CellKey, finding: &Finding, record: Record) {
        let Conversation { source, destination, protocol, port } = key.key.conversation;
        match finding.subject.kind {
            Kind::Sweep => self.state.sweeps.entry((source, protocol, port)).or_default().told = Some(record),
            Kind::Scan => self.state.pairs.entry((source, destination)).or_default().scan = Some(record),
            Kind::Conversation | Kind::Data => {
                let pair = self.state.pairs.entry((source, destination)).or_default();
                let told = &mut pair.conversations.entry((protocol, port)).or_default().told;
                told.retain(|(state, _)| Some(*state) != finding.subject.state);
                told.push((finding.subject.state.unwrap_or_default(), record));
            }
        }
    }

    fn is_new_hour(&self, now: i64) -> bool {
        self.state.clock.is_none_or(|clock| clock.div_euclid(HOUR) < now.div_euclid(HOUR))
    }

    /// Whether something is forgotten when the clock comes to `now`.
    fn will_forget(&self, now: i64) -> bool {
        self.is_new_hour(now) || self.state.groups > self.most_groups
    }

    /// Forgets what lies too far back, when an hour is over; more of it, where there is too much.
    fn pass_time(&mut self, now: i64) {
        let hour = now.div_euclid(HOUR);
        let is_new_hour = self.is_new_hour(now);
        self.state.clock = Some(now);
        if is_new_hour {
            self.forget_before(hour - HOURS);
        }
        let mut kept = HOURS;
        while self.state.groups > self.most_groups && kept > 0 {
            let before = self.state.groups;
            kept /= 2;
            self.forget_before(hour - kept);
            self.state.forgotten += before - self.state.groups;
        }
        if self.state.groups > self.most_groups {
            // One hour alone is too much.
            self.state.forgotten += self.state.groups;
            (self.state.pairs, self.state.sweeps, self.state.groups) = Default::default();
        }
    }

    fn forget_before(&mut self, hour: i64) {
        let state = &mut self.state;
        state.pairs.retain(|_, pair| pair.forget_before(hour));
        state.groups = state.pairs.values().map(|pair| pair.cells.len() as u64).sum();
        let pairs = &state.pairs;
        state.sweeps.retain(|(source, ..), sweep| sweep.retain(|host| pairs.contains_key(&(*source, host))));
        state.hours.forget_before(hour);
        state.small.retain(|_, (of, _)| *of >= hour);
    }

    fn service(&mut self, name: &str) -> Arc<str> {
        if let Some(known) = self.services.get(name) {
            return Arc::clone(known);
        }
        let shared: Arc<str> =
            if self.services.len() < super::collect::MOST_SERVICES { name.into() } else { "other".into() };
        self.services.insert(Arc::clone(&shared));
        shared
    }
}
