//! How many flows began when, in the finest unit that is needed.

use crate::flows::record::when::{DAY, HOUR};
use std::collections::BTreeMap;

/// Units in µs, each a multiple of the one before, and what they are called.
const UNITS: [(i64, &str); 7] = [
    (1_000_000, "second"),
    (10_000_000, "10 seconds"),
    (60_000_000, "minute"),
    (600_000_000, "10 minutes"),
    (HOUR, "hour"),
    (DAY, "day"),
    (864_000_000_000, "10 days"),
];
/// Most spells in use: beyond, the unit is the next.
pub const MOST_SPELLS: usize = 8_192;
/// Most spells that a picture shows.
pub const MOST_SHOWN: usize = 200;
/// One flow in so many may lie before what is shown, and as many behind it.
const STRAY: u64 = 1_000;

/// Flows by the spell of time in which they began.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Timeline {
    unit: usize,
    spells: BTreeMap<i64, [u64; 2]>,
    span: Option<(i64, i64)>,
}

/// What is shown of it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Shown {
    /// The unit in words: `hour`.
    pub unit: &'static str,
    /// Its length in seconds.
    pub seconds: i64,
    /// When the first spell begins: seconds since 1970, UTC.
    pub from: i64,
    /// Flows and anomalies of each spell, empty ones too.
    pub spells: Vec<[u64; 2]>,
    /// Flows that began earlier than what is shown.
    pub before: u64,
    /// Flows that began later.
    pub after: u64,
}

impl Timeline {
    /// One flow that began at `start`, µs since 1970.
    pub fn add(&mut self, start: i64, anomaly: bool) {
        self.count(start.div_euclid(self.length()), [1, u64::from(anomaly)]);
        self.widen_to(start, start);
        self.settle();
    }

    /// All that another counted.
    pub fn merge(&mut self, mut other: Self) {
        while self.unit < other.unit {
            self.coarsen();
        }
        while other.unit < self.unit {
            other.coarsen();
        }
        if let Some((first, last)) = other.span {
            self.widen_to(first, last);
        }
        for (at, counts) in other.spells {
            self.count(at, counts);
        }
        self.settle();
    }

    /// The first and the last start, µs since 1970.
    pub fn span(&self) -> Option<(i64, i64)> {
        self.span
    }

    /// At most `MOST_SHOWN` spells. Where a few flows lie far from all others (one that was open for days), they are counted and
    /// not shown. `None` without any flow.
    pub fn shown(&self) -> Option<Shown> {
        let (first, last) = self.middle()?;
        let (whole_first, whole_last) = (*self.spells.keys().next()?, *self.spells.keys().next_back()?);
        let far = 10 * (last - first + 1) < 9 * (whole_last - whole_first + 1);
        let (first, last) = if far { (first, last) } else { (whole_first, whole_last) };
        let mut coarse = self.clone();
        let (mut from, mut to) = (first * self.length(), last * self.length());
        while to.div_euclid(coarse.length()) - from.div_euclid(coarse.length()) >= MOST_SHOWN as i64
            && coarse.unit + 1 < UNITS.len()
        {
            coarse.coarsen();
        }
        let length = coarse.length();
        from = from.div_euclid(length);
        // Longer than all units are wide: the latest are shown.
        to = to.div_euclid(length);
        from = from.max(to - MOST_SHOWN as i64 + 1);
        Some(Shown {
            unit: UNITS.get(coarse.unit).map_or("", |(_, name)| name),
            seconds: length / 1_000_000,
            from: from * (length / 1_000_000),
            spells: (from..=to).map(|at| coarse.spells.get(&at).copied().unwrap_or_default()).collect(),
            before: coarse.spells.range(..from).map(|(_, [flows, _])| flows).sum(),
            after: coarse.spells.range(to + 1..).map(|(_, [flows, _])| flows).sum(),
        })
    }

    /// The spells between which all but the strays lie.
    fn middle(&self) -> Option<(i64, i64)> {
        let all: u64 = self.spells.values().map(|[flows, _]| flows).sum();
        let stray = all / STRAY;
        Some((reached(self.spells.iter(), stray)?, reached(self.spells.iter().rev(), stray)?))
    }

    fn length(&self) -> i64 {
        UNITS.get(self.unit).map_or(i64::MAX, |(length, _)| *length)
    }

    fn count(&mut self, at: i64, [flows, anomalies]: [u64; 2]) {
        let counts = self.spells.entry(at).or_default();
        counts[0] += flows;
        counts[1] += anomalies;
    }

    fn widen_to(&mut self, from: i64, to: i64) {
        let (first, last) = self.span.unwrap_or((from, to));
        self.span = Some((first.min(from), last.max(to)));
    }

    fn settle(&mut self) {
        while self.spells.len() > MOST_SPELLS && self.unit + 1 < UNITS.len() {
            self.coarsen();
        }
    }

    fn coarsen(&mut self) {
        let before = self.length();
        self.unit = (self.unit + 1).min(UNITS.len() - 1);
        let times = self.length() / before;
        for (at, counts) in std::mem::take(&mut self.spells) {
            self.count(at.div_euclid(times), counts);
        }
    }
}

/// The first spell by which more than `stray` flows have come.
fn reached<'a>(spells: impl Iterator<Item = (&'a i64, &'a [u64; 2])>, stray: u64) -> Option<i64> {
    let mut sum = 0;
    for (at, [flows, _]) in spells {
        sum += flows;
        if sum > stray {
            return Some(*at);
        }
    }
    None
}
