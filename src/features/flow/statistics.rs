//! What was usual in the fit's sample: ports, histories, services of ports, and who talked to whom.

use super::bloom::Bloom;
use super::text;
use crate::features::math;
use crate::features::windows::{Event, port_key};
use crate::flows::record::Flows;
use foldhash::fast::RandomState;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;

/// A protocol with its port, what was spoken, how it went.
type SpokenFlag = (u32, Option<String>, Option<String>);

/// Counts the flows of a sample.
#[derive(Debug, Clone, Default)]
pub struct FlowCounts {
    n_rows: u64,
    ports: HashMap<u32, u64, RandomState>,
    histories: HashMap<String, u64, RandomState>,
    services: HashMap<(u32, Option<String>), u64, RandomState>,
    spoken: HashMap<(u32, Option<String>), u64, RandomState>,
    flags: HashMap<Option<String>, u64, RandomState>,
    spoken_flags: HashMap<SpokenFlag, u64, RandomState>,
    /// Of each (source, destination, port), whether it was met again.
    conversations: HashMap<u64, bool, RandomState>,
}

impl FlowCounts {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts every flow.
    pub fn add(&mut self, flows: &Flows) {
        (0..flows.start.len()).for_each(|row| self.add_row(flows, row));
    }

    /// Counts one flow.
    pub fn add_row(&mut self, flows: &Flows, row: usize) {
        let event = Event::of(flows, row, 0);
        self.n_rows += 1;
        *self.ports.entry(event.port).or_insert(0) += 1;
        if let Some(history) = text(&flows.history, row) {
            match self.histories.get_mut(history) {
                Some(n) => *n += 1,
                None => drop(self.histories.insert(history.to_owned(), 1)),
            }
        }
        let flag = text(&flows.state, row).map(str::to_owned);
        let (port, spoken) = service_of(flows, row);
        let spoken = spoken.map(str::to_owned);
        *self.spoken.entry((port, spoken.clone())).or_insert(0) += 1;
        *self.flags.entry(flag.clone()).or_insert(0) += 1;
        *self.spoken_flags.entry((port, spoken, flag)).or_insert(0) += 1;
        let service = text(&flows.service, row).map(str::to_owned);
        *self.services.entry((event.port, service)).or_insert(0) += 1;
        if let Some(key) = event.conversation() {
            match self.conversations.entry(key) {
                Entry::Occupied(mut entry) => *entry.get_mut() = true,
                Entry::Vacant(entry) => drop(entry.insert(false)),
            }
        }
    }

    /// What features need of it.
    pub fn finish(self) -> FlowStatistics {
        let again: Vec<u64> = self.conversations.iter().filter(|(_, again)| **again).map(|(key, _)| *key).collect();
        FlowStatistics {
            n_rows: self.n_rows,
            ports: met_again(self.ports),
            histories: met_again(self.histories),
            services: met_again(self.services),
            spoken: met_again(self.spoken),
            flags: met_again(self.flags),
            spoken_flags: met_again(self.spoken_flags),
            conversations: Bloom::of(self.conversations.into_keys().collect::<Vec<_>>().into_iter()),
            conversations_again: Bloom::of(again.into_iter()),
        }
    }
}

/// What a flow speaks: protocol and service, or protocol and destination port (ICMP's type and code) where no service is
/// known.
pub(super) fn service_of(flows: &Flows, row: usize) -> (u32, Option<&str>) {
    match text(&flows.service, row) {
        Some(name) => (port_key(flows.protocol.get(row).copied().flatten(), None, None), Some(name)),
        None => (Event::of(flows, row, 0).port, None),
    }
}

/// In the order of keys. What was met once counts as what was not met, so it need not be kept.
fn met_again<K: Ord + Hash>(counts: HashMap<K, u64, RandomState>) -> Vec<(K, u64)> {
    let mut counts: Vec<_> = counts.into_iter().filter(|(_, n)| *n > 1).collect();
    counts.sort_unstable();
    counts
}

/// What was usual in the fit's sample. It holds no address and no text but of services, flags and
/// histories.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FlowStatistics {
    n_rows: u64,
    ports: Vec<(u32, u64)>,
    histories: Vec<(String, u64)>,
    services: Vec<((u32, Option<String>), u64)>,
    spoken: Vec<((u32, Option<String>), u64)>,
    flags: Vec<(Option<String>, u64)>,
    spoken_flags: Vec<(SpokenFlag, u64)>,
    conversations: Bloom,
    conversations_again: Bloom,
}

impl FlowStatistics {
    /// Flows that were counted.
    pub fn n_rows(&self) -> u64 {
        self.n_rows
    }

    /// What is unsound about statistics read from a file.
    pub fn complaint(&self) -> Option<String> {
        let sorted = self.ports.is_sorted_by(|a, b| a.0 < b.0)
            && self.histories.is_sorted_by(|a, b| a.0 < b.0)
            && self.services.is_sorted_by(|a, b| a.0 < b.0)
            && self.spoken.is_sorted_by(|a, b| a.0 < b.0)
            && self.flags.is_sorted_by(|a, b| a.0 < b.0)
            && self.spoken_flags.is_sorted_by(|a, b| a.0 < b.0);
        let counts = self.ports.iter().map(|(_, n)| n).chain(self.histories.iter().map(|(_, n)| n));
        let counts = counts.chain(self.services.iter().map(|(_, n)| n)).chain(self.spoken.iter().map(|(_, n)| n));
        let mut counts =
            counts.chain(self.flags.iter().map(|(_, n)| n)).chain(self.spoken_flags.iter().map(|(_, n)| n));
        if !sorted {
            return Some("the flow statistics are not in order".to_owned());
        }
        (!counts.all(|n| (2..=self.n_rows).contains(n)))
            .then(|| format!("the flow statistics count a value more often than there are flows ({})", self.n_rows))
    }

    /// −ln p of (protocol, destination port).
    pub(super) fn port_rarity(&self, port: u32) -> f64 {
        rarity(self.port_count(port), self.n_rows)
    }

    fn port_count(&self, port: u32) -> u64 {
        let found = self.ports.binary_search_by_key(&port, |(key, _)| *key);
        found.ok().and_then(|at| self.ports.get(at)).map_or(1, |(_, n)| *n)
    }

    /// −ln p of a history.
    pub(super) fn history_rarity(&self, history: &str) -> f64 {
        let found = self.histories.binary_search_by(|(key, _)| key.as_str().cmp(history));
        rarity(found.ok().and_then(|at| self.histories.get(at)).map_or(1, |(_, n)| *n), self.n_rows)
    }

    /// −ln p of a service (`None`: not recognised) on this port; 0 for a port met less than twice.
    pub(super) fn service_mismatch(&self, port: u32, service: Option<&str>) -> f64 {
        let found = self.services.binary_search_by(|((p, s), _)| (*p, s.as_deref()).cmp(&(port, service)));
        rarity(found.ok().and_then(|at| self.services.get(at)).map_or(1, |(_, n)| *n), self.port_count(port))
    }

    /// −ln p of what a flow speaks ([`service_of`]).
    pub(super) fn service_rarity(&self, (port, name): (u32, Option<&str>)) -> f64 {
        let found = self.spoken.binary_search_by(|((p, s), _)| (*p, s.as_deref()).cmp(&(port, name)));
        rarity(found.ok().and_then(|at| self.spoken.get(at)).map_or(1, |(_, n)| *n), self.n_rows)
    }

    /// −ln p of a flag; `None`: the log tells none.
    pub(super) fn flag_rarity(&self, flag: Option<&str>) -> f64 {
        let found = self.flags.binary_search_by(|(f, _)| f.as_deref().cmp(&flag));
        rarity(found.ok().and_then(|at| self.flags.get(at)).map_or(1, |(_, n)| *n), self.n_rows)
    }

    /// −ln p of both together.
    pub(super) fn service_flag_rarity(&self, (port, name): (u32, Option<&str>), flag: Option<&str>) -> f64 {
        let key = (port, name, flag);
        let found = self.spoken_flags.binary_search_by(|((p, s, f), _)| (*p, s.as_deref(), f.as_deref()).cmp(&key));
        rarity(found.ok().and_then(|at| self.spoken_flags.get(at)).map_or(1, |(_, n)| *n), self.n_rows)
    }

    /// Whether a conversation was not met; of a flow that was counted itself, whether it was not met otherwise.
    pub(super) fn is_first(&self, conversation: u64, was_counted: bool) -> bool {
        let met = if was_counted { &self.conversations_again } else { &self.conversations };
        !met.has(conversation)
    }
}

fn rarity(n: u64, of: u64) -> f64 {
    math::ln(of.max(n) as f64 / n as f64)
}
