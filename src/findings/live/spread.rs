//! Findings with many hosts on one side: sweeps and floods.

use super::record::Record;
use crate::findings::pool::{CROWD, FEW, MANY, PAUSE};
use crate::flows::record::Host;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// They are looked at again when they have grown by this part.
const GROWTH: u64 = 16;

/// The hosts of one side.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Hosts {
    /// Rows of each.
    flows: BTreeMap<Option<Host>, u64>,
    /// Of these, hosts with few.
    small: usize,
    /// Rows since the finding was looked at.
    waiting: u64,
}

impl Hosts {
    /// Takes a row of a host in: `None` if it is of no finding with more than `most` hosts, else whether that is to be looked at.
    fn add(&mut self, host: Option<Host>, most: usize) -> Option<bool> {
        let flows = self.flows.entry(host).or_default();
        *flows += 1;
        self.small += usize::from(*flows == 1);
        self.small -= usize::from(*flows == FEW + 1);
        self.waiting += 1;
        if *flows > FEW || self.small <= most {
            return None;
        }
        let is_due = self.waiting > self.small as u64 / GROWTH;
        if is_due {
            self.waiting = 0;
        }
        Some(is_due)
    }

    /// Hosts with few rows.
    fn small(&self) -> impl Iterator<Item = Option<Host>> {
        self.flows.iter().filter(|(_, flows)| **flows <= FEW).map(|(host, _)| *host)
    }

    /// Forgets hosts that are not met any more; whether any are left.
    fn retain(&mut self, is_met: impl Fn(Option<Host>) -> bool) -> bool {
        self.flows.retain(|host, _| is_met(*host));
        self.small = self.small().count();
        !self.flows.is_empty()
    }
}

/// What one source does on one port to many destinations.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Sweep {
    destinations: Hosts,
    pub told: Option<Record>,
}

impl Sweep {
    /// Takes a row for a destination in: `None` if it is none of a sweep, else whether the sweep is to be looked at.
    pub fn add(&mut self, destination: Option<Host>) -> Option<bool> {
        self.destinations.add(destination, MANY)
    }

    /// Destinations with few rows.
    pub fn small(&self) -> impl Iterator<Item = Option<Host>> {
        self.destinations.small()
    }

    /// Forgets destinations that are not met any more; whether any are left.
    pub fn retain(&mut self, is_met: impl Fn(Option<Host>) -> bool) -> bool {
        self.destinations.retain(is_met)
    }
}

/// What many sources do on one port of one destination, to no avail.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Flood {
    sources: Hosts,
    /// The latest begin of its rows.
    last: Option<i64>,
    pub told: Option<Record>,
}

impl Flood {
    /// Takes a row in that came to nothing: `None` if it is none of a flood, else whether the flood is to be looked at.
    pub fn add(&mut self, source: Option<Host>, start: i64) -> Option<bool> {
        if self.last.is_some_and(|last| start.saturating_sub(last) >= PAUSE) {
            self.sources = Hosts::default();
        }
        self.last = self.last.max(Some(start));
        self.sources.add(source, CROWD)
    }

    /// Sources with few rows.
    pub fn small(&self) -> impl Iterator<Item = Option<Host>> {
        self.sources.small()
    }

    /// Forgets sources that are not met any more; whether any are left.
    pub fn retain(&mut self, is_met: impl Fn(Option<Host>) -> bool) -> bool {
        self.sources.retain(is_met)
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
    /// Takes one in that is met `now`; whether it is among the first `most`.
    pub fn is_told(&mut self, now: i64, most: u32) -> bool {
        if now.saturating_sub(self.at) >= PAUSE {
            self.told = 0;
        }
        (self.at, self.told) = (now, self.told.saturating_add(1));
        self.told <= most
    }
}
