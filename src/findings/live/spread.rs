//! Findings with many hosts on one side: sweeps, blocks and floods.

use super::record::Record;
use crate::findings::HOUR;
use crate::findings::key::Port;
use crate::findings::pool::{CROWD, FEW, MANY, few_of_crowd};
use crate::flows::record::Host;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// They are looked at again when they have grown by this part.
const GROWTH: u64 = 16;

/// Rows that wait until a finding is looked at.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
struct Waiting(u64);

impl Waiting {
    /// Whether a finding of such a size is to be looked at, which then waits anew.
    fn is_over(&mut self, size: usize) -> bool {
        let is_due = self.0 > size as u64 / GROWTH;
        if is_due {
            self.0 = 0;
        }
        is_due
    }
}

/// What one source does on one port to many destinations.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Sweep {
    /// Rows for each destination.
    destinations: BTreeMap<Option<Host>, u64>,
    /// Of these, destinations with few.
    small: usize,
    waiting: Waiting,
    pub told: Option<Record>,
}

impl Sweep {
    /// Takes a row for a destination in: `None` if it is none of a sweep, else whether the sweep is to be looked at.
    pub fn add(&mut self, destination: Option<Host>) -> Option<bool> {
        let flows = self.destinations.entry(destination).or_default();
        *flows += 1;
        self.small += usize::from(*flows == 1);
        self.small -= usize::from(*flows == FEW + 1);
        let is_part = *flows <= FEW && self.is_one();
        self.waiting.0 += 1;
        is_part.then(|| self.waiting.is_over(self.small))
    }

    /// Destinations with few rows.
    pub fn small(&self) -> impl Iterator<Item = Option<Host>> {
        self.destinations.iter().filter(|(_, flows)| **flows <= FEW).map(|(host, _)| *host)
    }

    /// Whether it is more than a few conversations.
    pub fn is_one(&self) -> bool {
        self.small > MANY
    }

    /// Counts anew, by the rows of each destination that are remembered; whether any are left.
    pub fn retain(&mut self, rows: impl Fn(Option<Host>) -> u64) -> bool {
        self.destinations.retain(|host, flows| {
            *flows = rows(*host);
            *flows > 0
        });
        self.small = self.small().count();
        !self.destinations.is_empty()
    }
}

/// A protocol and port.
type Service = (Option<u8>, Port);

/// The scans and sweeps of one source.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Block {
    /// Destinations of which many ports were touched.
    pub scans: BTreeSet<Option<Host>>,
    /// Ports that were touched at many destinations.
    pub sweeps: BTreeSet<Service>,
    waiting: Waiting,
    pub told: Option<Record>,
}

impl Block {
    /// Takes a scan of a destination in: as [`Sweep::add`].
    pub fn add_scan(&mut self, destination: Option<Host>) -> Option<bool> {
        self.scans.insert(destination);
        self.is_due()
    }

    /// Takes a sweep of a port in.
    pub fn add_sweep(&mut self, service: Service) -> Option<bool> {
        self.sweeps.insert(service);
        self.is_due()
    }

    fn len(&self) -> usize {
        self.scans.len() + self.sweeps.len()
    }

    /// Whether it is more than a few scans and sweeps.
    fn is_one(&self) -> bool {
        self.len() as u64 > FEW
    }

    fn is_due(&mut self) -> Option<bool> {
        self.waiting.0 += 1;
        let n = self.len();
        self.is_one().then(|| self.waiting.is_over(n))
    }

    /// Forgets scans and sweeps that are none any more; whether any are left.
    pub fn retain(&mut self, is_scan: impl Fn(Option<Host>) -> bool, is_sweep: impl Fn(Service) -> bool) -> bool {
        self.scans.retain(|host| is_scan(*host));
        self.sweeps.retain(|service| is_sweep(*service));
        !self.scans.is_empty() || !self.sweeps.is_empty()
    }
}

/// What many sources do to one destination, to no avail.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Flood {
    /// Rows of each source.
    sources: BTreeMap<Option<Host>, u64>,
    /// The latest begin of its rows.
    last: Option<i64>,
    /// Whether there were as many sources as a flood has.
    is_crowd: bool,
    waiting: Waiting,
    pub told: Option<Record>,
}

impl Flood {
    /// Takes a row in that came to nothing: `None` if it is none of a flood, else whether the flood is to be looked at. A silence of
    /// `pause` ends what is none yet, and an hour what is one.
    pub fn add(&mut self, source: Option<Host>, start: i64, pause: i64) -> Option<bool> {
        let silence = if self.is_crowd { HOUR } else { pause };
        if self.last.is_some_and(|last| start.saturating_sub(last) >= silence) {
            (self.sources, self.is_crowd, self.waiting) = Default::default();
        }
        self.last = self.last.max(Some(start));
        let flows = self.sources.entry(source).or_default();
        *flows += 1;
        let flows = *flows;
        let n = self.sources.len();
        self.is_crowd |= n > CROWD;
        let is_part = self.is_crowd && flows <= few_of_crowd(n);
        self.waiting.0 += 1;
        is_part.then(|| self.waiting.is_over(n))
    }

    /// Its sources.
    pub fn sources(&self) -> impl Iterator<Item = Option<Host>> {
        self.sources.keys().copied()
    }

    /// Forgets sources that are not met any more; whether any are left.
    pub fn retain(&mut self, is_met: impl Fn(Option<Host>) -> bool) -> bool {
        self.sources.retain(|host, _| is_met(*host));
        !self.sources.is_empty()
    }
}

/// The first small findings of one port of one destination that are told while they follow each other as floods do.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(super) struct Trickle {
    /// When the last of them was met.
    pub at: i64,
    told: u32,
}

impl Trickle {
    /// Takes one in that is met `now`; whether it is among the first `most` without such a `pause`.
    pub fn is_told(&mut self, now: i64, pause: i64, most: u32) -> bool {
        if now.saturating_sub(self.at) >= pause {
            self.told = 0;
        }
        (self.at, self.told) = (now, self.told.saturating_add(1));
        self.told <= most
    }
}
