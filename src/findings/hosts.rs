//! What each source did on each day.

use super::DAY;
use super::group::{Grouped, port_number};
use super::rhythm::Rhythm;
use super::starts::Starts;
use super::tally::Tally;
use crate::flows::record::Host;
use std::collections::{BTreeMap, HashSet};

/// Gaps below which a conversation has no beat.
const BEAT_GAPS: usize = 8;
/// Hours of a day, as entries count them.
const DAY_HOURS: i64 = DAY / super::HOUR;

/// A finding, and the index of one of its entries.
type Member = (usize, usize);

/// A source on a day.
#[derive(Debug, Clone, PartialEq)]
pub struct HostDay {
    /// The best rank among the findings it has flows in on that day; the first is 1. `None`: none of them is ranked.
    pub rank: Option<usize>,
    /// Who.
    pub source: Host,
    /// Days since 1970, UTC; `None` where times are not known.
    pub day: Option<i64>,
    /// The largest severity of a row.
    pub severity: f64,
    /// Flows that it began.
    pub flows: u64,
    /// Ports it touched, each once whatever the protocol, as a finding counts them.
    pub ports: u64,
    /// Destinations it touched.
    pub hosts: u64,
    /// The share of its flows that failed, 0 to 1.
    pub failed_share: f64,
    /// Bytes out.
    pub bytes_out: u64,
    /// The regularity of its most regular finding: 1 for a clock, 0 without one of nine flows within an hour.
    pub beat: f64,
}

/// All sources and days, best rank first, then oddest rows, then most flows. `ranks` has the rank of each finding, the first 1.
pub fn host_days(grouped: &Grouped, ranks: &[Option<usize>]) -> Vec<HostDay> {
    let mut members: BTreeMap<(Host, Option<i64>), Vec<Member>> = BTreeMap::new();
    for (at, (cell, finding)) in grouped.cells().keys().zip(grouped.findings_of_cells()).enumerate() {
        let day = cell.hour.map(|hour| hour.div_euclid(DAY_HOURS));
        if let Some(source) = cell.key.conversation.source {
            members.entry((source, day)).or_default().push((finding, at));
        }
    }
    let mut days: Vec<HostDay> = members.into_iter().map(|(of, own)| host_day(grouped, of, &own, ranks)).collect();
    let key = |host: &HostDay| (host.rank.unwrap_or(usize::MAX), std::cmp::Reverse(host.flows), host.source, host.day);
    days.sort_by(|a, b| {
        let by_rank = a.rank.unwrap_or(usize::MAX).cmp(&b.rank.unwrap_or(usize::MAX));
        by_rank.then_with(|| b.severity.total_cmp(&a.severity)).then_with(|| key(a).cmp(&key(b)))
    });
    days
}

fn host_day(grouped: &Grouped, (source, day): (Host, Option<i64>), own: &[Member], ranks: &[Option<usize>]) -> HostDay {
    let mut tally = Tally::default();
    let mut failed = 0;
    let (mut ports, mut hosts) = (HashSet::new(), HashSet::new());
    let mut beats: BTreeMap<usize, BTreeMap<Option<i64>, Starts>> = BTreeMap::new();
    for (finding, entry) in own.iter().filter_map(|&(finding, at)| Some((finding, grouped.cells().get(at)?))) {
        let key = entry.key.key;
        tally.absorb(&entry.tally);
        failed += if key.state.failed() { entry.tally.flows } else { 0 };
        ports.insert(port_number(key.conversation.port));
        hosts.insert(key.conversation.destination);
        beats.entry(finding).or_default().entry(entry.key.hour).or_default().join(&entry.starts);
    }
    HostDay {
        rank: own.iter().filter_map(|(finding, _)| ranks.get(*finding).copied().flatten()).min(),
        source,
        day,
        severity: tally.severity_max,
        flows: tally.flows,
        ports: ports.len() as u64,
        hosts: hosts.len() as u64,
        failed_share: failed as f64 / tally.flows.max(1) as f64,
        bytes_out: tally.bytes_out,
        beat: beats.into_values().map(regularity).fold(0.0, f64::max),
    }
}

fn regularity(hours: BTreeMap<Option<i64>, Starts>) -> f64 {
    let runs: Vec<Vec<i64>> = hours.into_values().map(|starts| starts.sorted()).collect();
    Rhythm::of(&runs).filter(|rhythm| rhythm.gaps >= BEAT_GAPS).map_or(0.0, |rhythm| rhythm.regularity)
}
