//! What is remembered of all keys, and what it says around one flow.

use super::series::{Amounts, Distinct, Times};
use crate::features::windows::N_FEATURES;
use crate::features::windows::event::Stored;
use crate::features::windows::hour::HOUR;
use crate::features::windows::recent::{Counts, Destination, Source, TWO_SECONDS, WINDOW, source_port};
use crate::features::windows::rhythm::{GAPS, of_starts};
use crate::features::windows::slide::features;
use crate::features::windows::tally::{Table, entry_bytes};

/// Starts of a conversation that are kept whenever they were: twice as many as a rhythm is of, so that late ones find the
/// starts around them.
const BEATS: usize = 2 * (GAPS + 1);

/// What is remembered, by keys.
#[derive(Debug, Default)]
pub(super) struct Around {
    sources: Table<OfSource>,
    destinations: Table<OfDestination>,
    services: Table<Times>,
    conversations: Table<Times>,
    pairs: Table<Amounts>,
    source_ports: Table<Times>,
    /// Times and amounts that are kept, of all keys but conversations.
    pub held: usize,
    /// Of conversations.
    pub beats: usize,
}

#[derive(Debug, Default)]
struct OfSource {
    flows: Amounts,
    failed: Times,
    /// Flows without a destination.
    alone: Times,
    endpoints: Distinct,
    destinations: Distinct,
    ports: Distinct,
}

#[derive(Debug, Default)]
struct OfDestination {
    flows: Times,
    /// Flows without a source.
    alone: Times,
    sources: Distinct,
}

/// Up to which times flows are forgotten: for ten minutes, two seconds and an hour.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub window: i64,
    pub two_seconds: i64,
    pub hour: i64,
}

impl Bounds {
    /// No flow that is still to come begins before `earliest` or at it; what begins up to `forgotten` is let go of anyhow.
    pub fn new(earliest: i64, forgotten: i64) -> Self {
        let before = |window: i64| earliest.saturating_sub(window).max(forgotten);
        Self { window: before(WINDOW), two_seconds: before(TWO_SECONDS), hour: before(HOUR) }
    }
}

impl Around {
    /// Adds a flow; its features by all flows that were added before and began no later.
    pub fn observe(&mut self, event: &Stored, bounds: &Bounds) -> [f32; N_FEATURES] {
        let t = event.start;
        let mut counts = Counts::default();
        let mut beat = (f64::NAN, f64::NAN);
        let of_conversation = event.conversation().map(|key| {
            let times = self.conversations.entry(key).or_default();
            let neighbors = times.insert(t);
            self.beats += 1;
            self.beats -= times.forget(bounds.window, BEATS);
            counts.conversation = Some(times.within(t, WINDOW));
            beat = of_starts(times.last(GAPS + 1, t));
            neighbors
        });
        let of_pair = event.pair().map(|key| {
            let flows = self.pairs.entry(key).or_default();
            let neighbors = flows.insert(t, event.bytes_out);
            self.held += 1;
            self.held -= flows.forget(bounds.window);
            counts.pair_bytes = Some(u128::from(flows.sum(t, WINDOW)));
            neighbors
        });
        counts.service = event.service().map(|key| {
            let times = self.services.entry(key).or_default();
            times.insert(t);
            self.held += 1;
            self.held -= times.forget(bounds.two_seconds, 0);
            times.within(t, TWO_SECONDS)
        });
        let mut hour = None;
        if let Some(key) = event.source() {
            let ports = self.source_ports.entry(source_port(key, event)).or_default();
            let of_port = ports.insert(t);
            let source = self.sources.entry(key).or_default();
            let held = source.len() + ports.len() - 1;
            source.flows.insert(t, event.bytes_out);
            if event.failed() {
                source.failed.insert(t);
            }
            source.ports.note(t, of_port, WINDOW);
            match (of_pair, of_conversation) {
                (Some(of_pair), Some(of_conversation)) => {
                    source.destinations.note(t, of_pair, WINDOW);
                    source.endpoints.note(t, of_conversation, WINDOW);
                }
                _ => drop(source.alone.insert(t)),
            }
            ports.forget(bounds.window, 0);
            source.forget(bounds);
            counts.source = Some(source.at(t));
            hour = Some(u128::from(source.flows.sum(t, HOUR)));
            self.held += source.len() + ports.len();
            self.held -= held;
        }
        counts.destination = event.destination().map(|key| {
            let destination = self.destinations.entry(key).or_default();
            let held = destination.len();
            destination.flows.insert(t);
            match of_pair {
                Some(of_pair) => destination.sources.note(t, of_pair, WINDOW),
                None => drop(destination.alone.insert(t)),
            }
            destination.forget(bounds);
            self.held += destination.len();
            self.held -= held;
            destination.at(t)
        });
        features(&counts, beat, hour)
    }

    /// Bytes that all of it is counted with, conversations aside.
    pub fn bytes(&self) -> usize {
        2 * self.held * size_of::<(i64, u64)>()
            + self.sources.len() * entry_bytes::<OfSource>()
            + self.destinations.len() * entry_bytes::<OfDestination>()
            + (self.services.len() + self.source_ports.len()) * entry_bytes::<Times>()
            + self.pairs.len() * entry_bytes::<Amounts>()
    }

    /// Bytes that conversations are counted with.
    pub fn conversation_bytes(&self) -> usize {
        2 * self.beats * size_of::<i64>() + self.conversations.len() * entry_bytes::<Times>()
    }

    /// Forgets what no flow to come needs, of all keys.
    pub fn sweep(&mut self, bounds: &Bounds) {
        let mut held = 0;
        let mut is_met = |len: usize, latest: Option<i64>, bound: i64| {
            let is_met = latest.is_some_and(|latest| latest > bound);
            held += if is_met { len } else { 0 };
            is_met
        };
        self.sources.retain(|_, source| {
            source.forget(bounds);
            is_met(source.len(), source.flows.latest(), bounds.hour)
        });
        self.destinations.retain(|_, destination| {
            destination.forget(bounds);
            is_met(destination.len(), destination.flows.latest(), bounds.window)
        });
        self.pairs.retain(|_, flows| {
            flows.forget(bounds.window);
            is_met(flows.len(), flows.latest(), bounds.window)
        });
        self.services.retain(|_, times| {
            times.forget(bounds.two_seconds, 0);
            is_met(times.len(), times.latest(), bounds.two_seconds)
        });
        self.source_ports.retain(|_, times| {
            times.forget(bounds.window, 0);
            is_met(times.len(), times.latest(), bounds.window)
        });
        self.held = held;
        self.beats = 0;
        for times in self.conversations.values_mut() {
            times.forget(bounds.window, BEATS);
            self.beats += times.len();
        }
    }

    /// Forgets the half of the conversations that were not met for longest, but none that a window may hold; how many.
    pub fn forget_conversations(&mut self, bounds: &Bounds) -> u64 {
        let mut latest: Vec<i64> = self.conversations.values().filter_map(Times::latest).collect();
        let middle = latest.len() / 2;
        let bound = match latest.get_mut(..) {
            Some(all) if !all.is_empty() => (*all.select_nth_unstable(middle).1).min(bounds.window),
            _ => return 0,
        };
        let before = self.conversations.len();
        let beats = &mut self.beats;
        self.conversations.retain(|_, times| {
            let keep = times.latest().is_some_and(|latest| latest > bound);
            *beats -= if keep { 0 } else { times.len() };
            keep
        });
        (before - self.conversations.len()) as u64
    }

    /// Starts of conversations up to `bound`.
    pub fn beats_up_to(&self, bound: i64) -> Vec<(u64, Vec<i64>)> {
        let beats = self.conversations.iter().map(|(&key, times)| (key, times.up_to(bound)));
        let mut beats: Vec<_> = beats.filter(|(_, times)| !times.is_empty()).collect();
        beats.sort_unstable();
        beats
    }

    /// Puts such starts back; they are sorted.
    pub fn restore_beats(&mut self, beats: Vec<(u64, Vec<i64>)>) {
        for (key, times) in beats {
            self.beats += times.len();
            self.conversations.insert(key, times.into_iter().collect());
        }
    }
}

impl OfSource {
    fn len(&self) -> usize {
        let distinct = self.endpoints.len() + self.destinations.len() + self.ports.len();
        self.flows.len() + self.failed.len() + self.alone.len() + distinct
    }

    fn forget(&mut self, bounds: &Bounds) {
        self.flows.forget(bounds.hour);
        self.failed.forget(bounds.window, 0);
        self.alone.forget(bounds.window, 0);
        for distinct in [&mut self.endpoints, &mut self.destinations, &mut self.ports] {
            distinct.forget(bounds.window);
        }
    }

    fn at(&self, t: i64) -> Source {
        let met = self.flows.met(t);
        let with_destination = met.saturating_sub(self.alone.met(t));
        Source {
            bytes: u128::from(self.flows.sum(t, WINDOW)),
            flows: self.flows.within(t, WINDOW),
            failed: self.failed.within(t, WINDOW),
            endpoints: self.endpoints.at(t, with_destination),
            destinations: self.destinations.at(t, with_destination),
            ports: self.ports.at(t, met),
        }
    }
}

impl OfDestination {
    fn len(&self) -> usize {
        self.flows.len() + self.alone.len() + self.sources.len()
    }

    fn forget(&mut self, bounds: &Bounds) {
        self.flows.forget(bounds.window, 0);
        self.alone.forget(bounds.window, 0);
        self.sources.forget(bounds.window);
    }

    fn at(&self, t: i64) -> Destination {
        let met = self.flows.met(t).saturating_sub(self.alone.met(t));
        Destination {
            flows: self.flows.within(t, WINDOW),
            of_two_seconds: self.flows.within(t, TWO_SECONDS),
            sources: self.sources.at(t, met),
        }
    }
}
