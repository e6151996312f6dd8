//! What happened within ten minutes and within two seconds of a flow.

use super::event::Stored;
use super::tally::{Table, Tally, entry_bytes};
use crate::flows::record::mix;
use std::collections::VecDeque;
use std::collections::hash_map::Entry;

/// W: ten minutes, in µs.
pub(super) const WINDOW: i64 = 600_000_000;
/// KDD's window: two seconds, in µs.
pub(super) const TWO_SECONDS: i64 = 2_000_000;

/// The flows of the last ten minutes and what is counted of them. Every flow that enters leaves again by the same steps
/// backwards, in integers, so that no sum drifts. Beyond the budget the oldest flows are forgotten before their ten
/// minutes are over.
#[derive(Debug)]
pub(super) struct Recent {
    flows: VecDeque<Stored>,
    /// How many of the oldest are out of the two seconds.
    past_two_seconds: usize,
    conversations: Tally,
    source_ports: Tally,
    services: Tally,
    pairs: Table<Pair>,
    sources: Table<Source>,
    destinations: Table<Destination>,
    budget: usize,
    pub forgotten: u64,
}

#[derive(Debug, Clone, Copy, Default)]
struct Pair {
    bytes: u128,
    flows: u32,
}

/// Of a source: flows, and of these the failed; distinct (destination, port), destinations and ports; bytes.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Source {
    pub bytes: u128,
    pub flows: u32,
    pub failed: u32,
    pub endpoints: u32,
    pub destinations: u32,
    pub ports: u32,
}

/// Of a destination: flows, those of the last two seconds, distinct sources.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Destination {
    pub flows: u32,
    pub of_two_seconds: u32,
    pub sources: u32,
}

/// The counts around one flow, itself included; `None` where the flow lacks what is counted.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counts {
    pub source: Option<Source>,
    pub destination: Option<Destination>,
    /// Flows of its (source, destination, port).
    pub conversation: Option<u32>,
    /// Bytes of its (source, destination).
    pub pair_bytes: Option<u128>,
    /// Flows of its service in the last two seconds.
    pub service: Option<u32>,
}

pub(super) fn source_port(source: u64, event: &Stored) -> u64 {
    mix(mix(6, source), u64::from(event.port))
}

impl Recent {
    pub fn new(budget: usize) -> Self {
        Self {
            flows: VecDeque::new(),
            past_two_seconds: 0,
            conversations: Tally::default(),
            source_ports: Tally::default(),
            services: Tally::default(),
            pairs: Table::default(),
            sources: Table::default(),
            destinations: Table::default(),
            budget,
            forgotten: 0,
        }
    }

    fn bytes(&self) -> usize {
        2 * self.flows.len() * size_of::<Stored>()
            + self.conversations.bytes()
            + self.source_ports.bytes()
            + self.services.bytes()
            + self.pairs.len() * entry_bytes::<Pair>()
            + self.sources.len() * entry_bytes::<Source>()
            + self.destinations.len() * entry_bytes::<Destination>()
    }

    /// Adds a flow that began no earlier than those before; what is around it.
    pub fn observe(&mut self, event: &Stored) -> Counts {
        while self.flows.front().is_some_and(|flow| flow.start <= event.start.saturating_sub(WINDOW)) {
            self.leave();
        }
        while let Some(flow) = self.flows.get(self.past_two_seconds).copied()
            && flow.start <= event.start.saturating_sub(TWO_SECONDS)
        {
            self.leave_two_seconds(&flow);
            self.past_two_seconds += 1;
        }
        self.flows.push_back(*event);
        let counts = self.enter(event);
        while self.bytes() > self.budget && !self.flows.is_empty() {
            self.leave();
            self.forgotten += 1;
        }
        counts
    }

    fn enter(&mut self, event: &Stored) -> Counts {
        let mut counts = Counts { service: event.service().map(|key| self.services.raise(key)), ..Counts::default() };
        counts.conversation = event.conversation().map(|key| self.conversations.raise(key));
        let pair = event.pair().map(|key| {
            let pair = self.pairs.entry(key).or_default();
            pair.flows += 1;
            pair.bytes += u128::from(event.bytes_out);
            *pair
        });
        counts.pair_bytes = pair.map(|pair| pair.bytes);
        let first_of_pair = u32::from(pair.is_some_and(|pair| pair.flows == 1));
        counts.source = event.source().map(|key| {
            let first_of_port = self.source_ports.raise(source_port(key, event)) == 1;
            let source = self.sources.entry(key).or_default();
            source.bytes += u128::from(event.bytes_out);
            source.flows += 1;
            source.failed += u32::from(event.failed());
            source.endpoints += u32::from(counts.conversation == Some(1));
            source.destinations += first_of_pair;
            source.ports += u32::from(first_of_port);
            *source
        });
        counts.destination = event.destination().map(|key| {
            let destination = self.destinations.entry(key).or_default();
            destination.flows += 1;
            destination.of_two_seconds += 1;
            destination.sources += first_of_pair;
            *destination
        });
        counts
    }

    /// The oldest flow goes.
    fn leave(&mut self) {
        let Some(event) = self.flows.pop_front() else { return };
        match self.past_two_seconds.checked_sub(1) {
            Some(fewer) => self.past_two_seconds = fewer,
            None => self.leave_two_seconds(&event),
        }
        let last_of_conversation = event.conversation().is_some_and(|key| self.conversations.lower(key) == 0);
        let last_of_pair = u32::from(event.pair().is_some_and(|key| self.leave_pair(key, event.bytes_out)));
        if let Some(key) = event.source() {
            let last_of_port = self.source_ports.lower(source_port(key, &event)) == 0;
            if let Entry::Occupied(mut entry) = self.sources.entry(key) {
                let source = entry.get_mut();
                source.bytes -= u128::from(event.bytes_out);
                source.flows -= 1;
                source.failed -= u32::from(event.failed());
                source.endpoints -= u32::from(last_of_conversation);
                source.destinations -= last_of_pair;
                source.ports -= u32::from(last_of_port);
                if source.flows == 0 {
                    entry.remove();
                }
            }
        }
        if let Some(key) = event.destination()
            && let Entry::Occupied(mut entry) = self.destinations.entry(key)
        {
            let destination = entry.get_mut();
            destination.flows -= 1;
            destination.sources -= last_of_pair;
            if destination.flows == 0 {
                entry.remove();
            }
        }
    }

    /// Whether it was the pair's last flow.
    fn leave_pair(&mut self, key: u64, bytes: u64) -> bool {
        let Entry::Occupied(mut entry) = self.pairs.entry(key) else { return false };
        let pair = entry.get_mut();
        pair.bytes -= u128::from(bytes);
        pair.flows -= 1;
        let is_last = pair.flows == 0;
        if is_last {
            entry.remove();
        }
        is_last
    }

    fn leave_two_seconds(&mut self, event: &Stored) {
        if let Some(key) = event.service() {
            self.services.lower(key);
        }
        if let Some(key) = event.destination()
            && let Some(destination) = self.destinations.get_mut(&key)
        {
            destination.of_two_seconds -= 1;
        }
    }
}
