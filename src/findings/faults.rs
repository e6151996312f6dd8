//! Faults of the capture: what is wrong with the sensor, never with the hosts.

use super::group::{Finding, Grouped};
use super::quantity::{bytes, count, instant, percent};
use super::subject::Kind;
use super::tally::Tally;
use super::{DAY, HOUR};
use crate::flows::record::LogZone;
use std::collections::BTreeMap;

/// Hours are missed only where half of the others have at least so many flows: by chance one of them would be empty once
/// in e³⁰.
const BUSY_HOUR: u64 = 30;
/// From this share of all flows on, in thousandths, gaps are told as a whole.
const GAPS: u64 = 1;
/// The same for flows of which one side only was seen.
const ONE_SIDED: u64 = 50;
/// The same for wrong checksums.
const BAD_CHECKSUMS: u64 = 10;
/// The same for flows that begin in the same microsecond as another of their conversation.
const TWICE: u64 = 50;

/// Something that is wrong with the capture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// A finding of kind [`Kind::Data`], by its index: a volume that was claimed and not seen.
    Contradiction(usize),
    /// Flows of which the sensor missed a part.
    Gaps {
        /// How many.
        flows: u64,
        /// Of so many.
        of: u64,
        /// Bytes that are claimed and were not seen.
        missed: u64,
    },
    /// Flows of which one side only was seen although the other must have spoken.
    OneSided {
        /// How many.
        flows: u64,
        /// Of so many.
        of: u64,
    },
    /// Flows with wrong checksums.
    BadChecksums {
        /// How many.
        flows: u64,
        /// Of so many.
        of: u64,
    },
    /// Whole hours without a flow in a log that has many in the others.
    MissingHours {
        /// When it fell silent: µs since 1970, UTC, a full hour.
        from: i64,
        /// How many hours.
        hours: i64,
    },
    /// Flows that seem to be logged twice.
    Twice {
        /// How many of those looked at.
        flows: u64,
        /// Flows looked at.
        of: u64,
    },
}

impl Fault {
    /// Whether it is one of the whole capture, and not of a single finding.
    pub fn is_of_the_whole(&self) -> bool {
        !matches!(self, Self::Contradiction(_))
    }

    /// The flows that show it; none of hours without any.
    pub fn flows(&self, grouped: &Grouped) -> u64 {
        match self {
            Self::Contradiction(at) => grouped.findings().get(*at).map_or(0, |finding| finding.tally.flows),
            Self::Gaps { flows, .. }
            | Self::OneSided { flows, .. }
            | Self::BadChecksums { flows, .. }
            | Self::Twice { flows, .. } => *flows,
            Self::MissingHours { .. } => 0,
        }
    }

    /// The hours that are missed, from and to in µs since 1970; `None` of what has no time of its own.
    pub fn span(&self) -> Option<(i64, i64)> {
        match self {
            Self::MissingHours { from, hours } => Some((*from, from.saturating_add(hours.saturating_mul(HOUR)))),
            _ => None,
        }
    }

    /// In words, with the way to mend it where there is one.
    pub fn words(&self, grouped: &Grouped) -> String {
        let share =
            |flows: &u64, of: &u64| format!("{} of {} flows ({})", count(*flows), count(*of), percent(*flows, *of));
        match self {
            Self::Contradiction(at) => {
                let tally = grouped.findings().get(*at).map(|finding| &finding.tally);
                format!("{} claimed that were not seen", bytes(tally.map_or(0, |tally| tally.missed)))
            }
            Self::Gaps { flows, of, missed } => {
                let missed = if *missed > 0 { format!(": {} in all", bytes(*missed)) } else { String::new() };
                format!("the sensor missed a part of {}{missed}", share(flows, of))
            }
            Self::OneSided { flows, of } => {
                format!("one side only of {}: a mirror port or a route that leaves one direction out", share(flows, of))
            }
            Self::BadChecksums { flows, of } => {
                format!("wrong checksums in {}: usually checksums offloaded on the sensor's own host", share(flows, of))
            }
            Self::MissingHours { .. } => {
                let (from, end) = self.span().unwrap_or_default();
                format!("no flows from {} to {} UTC", minute(from), minute(end))
            }
            Self::Twice { flows, of } => {
                format!(
                    "{} begin when another of their conversation does: two sensors, or a file twice",
                    share(flows, of)
                )
            }
        }
    }
}

fn minute(micros: i64) -> String {
    let text = instant(micros);
    text.strip_suffix(":00").unwrap_or(&text).replace('T', " ")
}

/// All faults, the contradictions first and by what was missed, then the rest. `zone` is that of times that state none: an hour that its
/// clocks showed twice is read as its first, and not missed where the second would be.
pub fn faults(grouped: &Grouped, zone: LogZone) -> Vec<Fault> {
    let mut contradictions: Vec<(usize, &Finding)> =
        grouped.findings().iter().enumerate().filter(|(_, finding)| finding.subject.kind == Kind::Data).collect();
    contradictions.sort_by_key(|(at, finding)| (std::cmp::Reverse(finding.tally.missed), *at));
    let mut faults: Vec<Fault> = contradictions.into_iter().map(|(at, _)| Fault::Contradiction(at)).collect();
    faults.extend(of_the_whole(grouped));
    let is_missed = |fault: &Fault| fault.span().is_none_or(|(from, to)| zone.repeated(from, to) < to - from);
    faults.extend(missing_hours(grouped).into_iter().filter(is_missed));
    faults.extend(twice(grouped));
    faults
}

fn of_the_whole(grouped: &Grouped) -> Vec<Fault> {
    let mut whole = Tally::default();
    grouped.entries().for_each(|(entry, _)| whole.absorb(&entry.tally));
    let Tally { flows: of, gaps: flows, missed, one_sided, bad_checksums: bad, .. } = whole;
    let mut faults = Vec::new();
    if reaches(flows, of, GAPS) {
        faults.push(Fault::Gaps { flows, of, missed });
    }
    if reaches(one_sided, of, ONE_SIDED) {
        faults.push(Fault::OneSided { flows: one_sided, of });
    }
    if reaches(bad, of, BAD_CHECKSUMS) {
        faults.push(Fault::BadChecksums { flows: bad, of });
    }
    faults
}

fn reaches(part: u64, of: u64, thousandths: u64) -> bool {
    part > 0 && u128::from(part) * 1_000 >= u128::from(of) * u128::from(thousandths)
}

fn missing_hours(grouped: &Grouped) -> Vec<Fault> {
    let mut flows: BTreeMap<i64, u64> = BTreeMap::new();
    for (entry, _) in grouped.entries() {
        if let Some(hour) = entry.key.hour {
            *flows.entry(hour).or_default() += entry.tally.flows;
        }
    }
    let mut sizes: Vec<u64> = flows.values().copied().collect();
    sizes.sort_unstable();
    if sizes.get(sizes.len() / 2).is_none_or(|&median| median < BUSY_HOUR) {
        return Vec::new();
    }
    // A log begins and ends with its first and last busy hour: a flow that was open before it began makes no hole.
    let busy = || flows.iter().filter(|(_, n)| **n >= BUSY_HOUR).map(|(hour, _)| *hour);
    let (Some(first), Some(last)) = (busy().next(), busy().next_back()) else { return Vec::new() };
    let hours: Vec<i64> = flows.range(first..=last).map(|(hour, _)| *hour).collect();
    // A hole of more than a month is no fault but two logs.
    let is_hole = |(before, after): &(i64, i64)| after - before > 1 && after - before < 31 * DAY / HOUR;
    let holes = hours.iter().copied().zip(hours.iter().skip(1).copied()).filter(is_hole);
    let parts = holes.flat_map(|(before, after)| around(before + 1, after, grouped.left_out()));
    parts.map(|(from, to)| Fault::MissingHours { from: from.saturating_mul(HOUR), hours: to - from }).collect()
}

/// The hours `from..to` but for those that a span of µs touches, which are not there because they were left out.
fn around(from: i64, to: i64, left_out: Option<(i64, i64)>) -> impl Iterator<Item = (i64, i64)> {
    let touched = left_out.map(|(begin, end)| (begin.div_euclid(HOUR), end.saturating_sub(1).div_euclid(HOUR) + 1));
    let (begin, end) = touched.unwrap_or((to, to));
    [(from, to.min(begin)), (from.max(end), to)].into_iter().filter(|(from, to)| from < to)
}

/// Equal starts among those that are kept of each conversation and hour; only where the log tells less than milliseconds
/// apart, since in coarser ones equal starts mean nothing.
fn twice(grouped: &Grouped) -> Option<Fault> {
    let (mut flows, mut of, mut fine) = (0, 0, false);
    for (entry, _) in grouped.entries() {
        let starts = entry.starts.sorted();
        fine |= starts.iter().any(|start| start % 1_000 != 0);
        flows += starts.windows(2).filter(|pair| pair.first() == pair.last()).count() as u64;
        of += starts.len() as u64;
    }
    (fine && reaches(flows, of, TWICE)).then_some(Fault::Twice { flows, of })
}
