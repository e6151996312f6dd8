//! The conversations that hold most flows, in little memory.

use crate::features::windows::Event;
use crate::findings::{Common, HostNames, Rows, spoken};
use crate::flows::record::{Flows, Host};
use foldhash::fast::RandomState;
use std::collections::HashMap;

/// Conversations that are counted at once.
const MOST: usize = 1 << 16;
/// Conversations of a batch that are known by name: among them are all that hold more than a 21st of its flows.
const NAMED: usize = 20;
/// Conversations whose names are kept before those are dropped that hold less than a 40th of all.
const MOST_NAMES: usize = 4_096;

/// Counts of the largest groups (Misra & Gries 1982): each is too small by at most a part in so many as are counted at once; which
/// depends on the order of what is counted alone.
#[derive(Debug)]
struct Counts {
    of: HashMap<u64, u64, RandomState>,
    all: u64,
    most: usize,
}

impl Counts {
    fn new(most: usize) -> Self {
        Self { of: HashMap::default(), all: 0, most }
    }

    fn count(&mut self, key: u64) {
        self.all += 1;
        if self.of.len() < self.most || self.of.contains_key(&key) {
            *self.of.entry(key).or_default() += 1;
            return;
        }
        self.of.retain(|_, n| {
            *n -= 1;
            *n > 0
        });
    }
}

/// The names of a batch's largest conversations.
#[derive(Debug, Default)]
pub(super) struct Names(Vec<(u64, String)>);

impl Names {
    /// Of flows with these `events`; `hosts` are the texts of those that are more than an address.
    pub fn of(events: &[Event], flows: &Flows, hosts: &[(Host, String)]) -> Self {
        let mut counts = Counts::new(NAMED);
        events.iter().filter_map(Event::conversation).for_each(|key| counts.count(key));
        let (mut names, mut texts) = (Vec::with_capacity(counts.of.len()), HostNames::default());
        let rows = Rows { flows, severity: &[], claimed: &[] };
        for (row, event) in events.iter().enumerate() {
            let Some(key) = event.conversation().filter(|key| counts.of.remove(key).is_some()) else { continue };
            if names.is_empty() {
                hosts.iter().for_each(|(host, text)| texts.learn(*host, text));
            }
            names.push((key, spoken(&Common::of_row(&rows.flow(row)).conversation, &texts)));
            if counts.of.is_empty() {
                break;
            }
        }
        Self(names)
    }
}

/// The ten largest conversations of an input.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TenLargest {
    /// Flows that they hold together.
    pub flows: u64,
    /// Flows of all conversations.
    pub all: u64,
    /// The largest and its flows, where it holds a 20th of all or more.
    pub first: Option<(String, u64)>,
}

impl TenLargest {
    /// The share that they hold, 0 to 1.
    pub fn share(&self) -> f64 {
        self.share_of(self.flows)
    }

    /// The share that so many flows are.
    pub fn share_of(&self, flows: u64) -> f64 {
        flows as f64 / self.all.max(1) as f64
    }
}

/// The largest conversations of an input.
#[derive(Debug)]
pub(super) struct Heavy {
    counts: Counts,
    names: HashMap<u64, String, RandomState>,
}

impl Default for Heavy {
    fn default() -> Self {
        Self { counts: Counts::new(MOST), names: HashMap::default() }
    }
}

impl Heavy {
    /// Takes in a flow of this conversation.
    pub fn count(&mut self, key: u64) {
        self.counts.count(key);
    }

    /// Takes in the names of the batch that was counted last.
    pub fn learn(&mut self, Names(names): Names) {
        self.names.extend(names);
        if self.names.len() > MOST_NAMES {
            // Whoever holds a 20th of all in the end will hold as much of a batch that is yet to come.
            let Counts { of, all, .. } = &self.counts;
            self.names.retain(|key, _| of.get(key).is_some_and(|n| n * 40 >= *all));
        }
    }

    /// The ten largest.
    pub fn ten_largest(&self) -> TenLargest {
        let mut largest: Vec<(u64, u64)> = self.counts.of.iter().map(|(key, n)| (*n, *key)).collect();
        largest.sort_unstable_by(|a, b| b.cmp(a));
        largest.truncate(10);
        let all = self.counts.all;
        let first = largest.first().filter(|(n, _)| n * 20 >= all);
        let named = first.and_then(|(n, key)| Some((self.names.get(key)?.clone(), *n)));
        TenLargest { flows: largest.iter().map(|(n, _)| n).sum(), all, first: named }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_are_counted_among_ever_new_ones() {
        let mut heavy = Heavy::default();
        for i in 0..300_000u64 {
            heavy.count(if i % 3 == 0 { i % 2 } else { i + 10 });
        }
        // Two hold a third; of the others each is met once.
        let share = heavy.ten_largest().share();
        assert!((0.32..=0.334).contains(&share), "{share}");
        assert_eq!(Heavy::default().ten_largest(), TenLargest::default());
    }

    /// Whatever else there is, and wherever batches begin, who holds a 20th of all is known by name.
    #[test]
    fn the_largest_has_its_name() {
        let key = |i: u64| if i % 19 == 3 { 7 } else { 1_000 + i };
        for size in [1, 50, 999, 40_000] {
            let mut heavy = Heavy::default();
            for first in (0..40_000).step_by(size) {
                let events: Vec<u64> = (first..(first + size as u64).min(40_000)).map(key).collect();
                let mut counts = Counts::new(NAMED);
                events.iter().for_each(|&key| counts.count(key));
                events.iter().for_each(|&key| heavy.count(key));
                heavy.learn(Names(counts.of.into_keys().map(|key| (key, key.to_string())).collect()));
            }
            let (name, flows) = heavy.ten_largest().first.unwrap();
            assert_eq!((name.as_str(), flows), ("7", 40_000_u64.div_ceil(19)), "{size}");
        }
    }
}
