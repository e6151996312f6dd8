//! Files beside each other: which repeat another, which cover the same time.

use super::joined;
use crate::flows::record::{FlowLog, Flows, Host, mix, text_digest};
use arrow_array::Array;
use std::collections::{BTreeMap, HashMap};

/// What is kept of a file.
#[derive(Debug, Clone, Default)]
pub(super) struct FileSurvey {
    log: Option<FlowLog>,
    /// The sensor of its records, as a digest; none while it has no records.
    sensor: Option<Sensor>,
    /// When its first and last records ended, which is when they were written.
    written: Option<(i64, i64)>,
    rows: u64,
    /// Sums over the digests of its records: equal sets have equal ones.
    sums: (u64, u64),
    /// Rows without anything to tell them by.
    nameless: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Sensor {
    One(u64),
    Several,
}

/// A file that holds what another does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repeat {
    /// The file, and the earlier one, as places in [`crate::flows::source::Input::files`].
    pub file: usize,
    /// See [`Repeat::file`].
    pub earlier: usize,
    /// Whether the very bytes are the same; else the flows are.
    pub same_bytes: bool,
}

/// Two files of one log that cover the same time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overlap {
    /// Places in [`crate::flows::source::Input::files`].
    pub files: (usize, usize),
    /// The time that both cover, in µs since 1970, UTC.
    pub time: (i64, i64),
}

impl FileSurvey {
    pub fn of(flows: &Flows, sensors: &[u64], log: Option<FlowLog>) -> Self {
        let mut survey = Self { log, rows: flows.n_rows() as u64, ..Self::default() };
        for row in 0..flows.n_rows() {
            let sensor = sensors.get(row).copied().unwrap_or(0);
            survey.sensor = both(survey.sensor, Some(Sensor::One(sensor)));
            match name(flows, row) {
                Some(name) => survey.count(mix(name, sensor)),
                None => survey.nameless += 1,
            }
            let of = |column: &[Option<i64>]| column.get(row).copied().flatten();
            let end = of(&flows.start).map(|start| start.saturating_add(of(&flows.duration).unwrap_or(0)));
            survey.written = joined(survey.written, end.map(|end| (end, end)));
        }
        survey
    }

    fn count(&mut self, name: u64) {
        self.sums = (self.sums.0.wrapping_add(name), self.sums.1.wrapping_add(mix(name, 1)));
    }

    pub fn merge(&mut self, other: Self) {
        self.log = self.log.or(other.log);
        self.sensor = both(self.sensor, other.sensor);
        self.written = joined(self.written, other.written);
        self.rows += other.rows;
        self.sums = (self.sums.0.wrapping_add(other.sums.0), self.sums.1.wrapping_add(other.sums.1));
        self.nameless += other.nameless;
    }

    fn has_snapshots(&self) -> bool {
        self.log.is_some_and(FlowLog::has_snapshots)
    }
}

fn both(a: Option<Sensor>, b: Option<Sensor>) -> Option<Sensor> {
    match (a, b) {
        (Some(a), Some(b)) if a != b => Some(Sensor::Several),
        (a, b) => a.or(b),
    }
}

/// A digest that tells a record from others: of its name in the log, else of who spoke to whom, when, how much.
fn name(flows: &Flows, row: usize) -> Option<u64> {
    if row < flows.session.len() && flows.session.is_valid(row) {
        return Some(text_digest(flows.session.value(row)));
    }
    let start = flows.start.get(row).copied().flatten()?;
    let key = |hosts: &[Option<Host>]| hosts.get(row).and_then(|host| host.as_ref()).map_or(0, Host::key);
    let port = |ports: &[Option<u16>]| ports.get(row).copied().flatten().map_or(0, |port| u64::from(port) + 1);
    let bytes = |bytes: &[Option<u64>]| bytes.get(row).copied().flatten().unwrap_or(u64::MAX);
    let parts = [
        key(&flows.source),
        key(&flows.destination),
        port(&flows.source_port),
        port(&flows.destination_port),
        bytes(&flows.bytes_out),
        bytes(&flows.bytes_in),
    ];
    Some(parts.into_iter().fold(start as u64, mix))
}

/// Files of which an earlier one has the same bytes or the same records. Snapshot logs repeat the same flows by design.
pub(super) fn repeats(files: &BTreeMap<usize, FileSurvey>, digests: &[Option<String>]) -> Vec<Repeat> {
    let (mut by_bytes, mut by_flows, mut found) = (HashMap::new(), HashMap::new(), Vec::new());
    for (&file, survey) in files {
        let digest = digests.get(file).and_then(Option::as_ref);
        let bytes = digest.and_then(|digest| by_bytes.get(digest).copied());
        let told = survey.rows > 0 && survey.nameless == 0 && !survey.has_snapshots();
        let flows = (survey.sums, survey.rows);
        let same = told.then(|| by_flows.get(&flows).copied()).flatten();
        if let Some(earlier) = bytes.or(same) {
            found.push(Repeat { file, earlier, same_bytes: bytes.is_some() });
        }
        if let Some(digest) = digest {
            by_bytes.entry(digest.clone()).or_insert(file);
        }
        if told {
            by_flows.entry(flows).or_insert(file);
        }
    }
    found
}

/// From when until when a file was written, and which it is.
type Written = ((i64, i64), usize);

/// Logs that follow each other overlap by so many µs at most: a flow is written up to an hour and some minutes after its last
/// packet.
const LAG: i64 = 75 * 60 * 1_000_000;

/// Pairs of files of which the one covers more than half of the time that the other does, and more than [`LAG`].
pub(super) fn overlaps(files: &BTreeMap<usize, FileSurvey>) -> Vec<Overlap> {
    let mut groups: BTreeMap<(Option<FlowLog>, Sensor), Vec<Written>> = BTreeMap::new();
    for (&file, survey) in files {
        if let (Some(span), Some(sensor), false) = (survey.written, survey.sensor, survey.has_snapshots())
            && span.0 < span.1
        {
            groups.entry((survey.log, sensor)).or_default().push((span, file));
        }
    }
    let repeated = repeats(files, &[]);
    let is_repeat = |a: usize, b: usize| repeated.iter().any(|r| (r.earlier, r.file) == (a.min(b), a.max(b)));
    let mut found = Vec::new();
    for group in groups.values_mut() {
        group.sort_unstable();
        // The one of the earlier files that reaches furthest.
        let mut furthest: Option<Written> = None;
        for &(span, file) in group.iter() {
            if let Some((other, earlier)) = furthest {
                let shared = (span.0.max(other.0), span.1.min(other.1));
                let shorter = (span.1 - span.0).min(other.1 - other.0);
                if shared.1.saturating_sub(shared.0) > LAG.max(shorter / 2) && !is_repeat(earlier, file) {
                    found.push(Overlap { files: (earlier.min(file), earlier.max(file)), time: shared });
                }
            }
            if furthest.is_none_or(|(other, _)| span.1 > other.1) {
                furthest = Some((span, file));
            }
        }
    }
    found.sort_by_key(|overlap| overlap.files);
    found
}
