//! What each source sent within an hour.

use super::event::Stored;
use super::tally::{Table, entry_bytes};
use std::collections::VecDeque;
use std::collections::hash_map::Entry;

pub(super) use crate::flows::record::when::HOUR;

/// Sums of bytes over (t − 1 h, t]. Flows that sent nothing take no room. Beyond the budget the oldest flows are
/// forgotten before their hour is over.
#[derive(Debug)]
pub(super) struct Hour {
    flows: VecDeque<Sent>,
    sums: Table<u128>,
    budget: usize,
    pub forgotten: u64,
}

#[derive(Debug, Clone, Copy)]
struct Sent {
    start: i64,
    source: u64,
    bytes: u64,
}

impl Hour {
    pub fn new(budget: usize) -> Self {
        Self { flows: VecDeque::new(), sums: Table::default(), budget, forgotten: 0 }
    }

    fn bytes(&self) -> usize {
        2 * self.flows.len() * size_of::<Sent>() + self.sums.len() * entry_bytes::<u128>()
    }

    /// Adds a flow that began no earlier than those before; what its source sent in the hour up to now.
    pub fn observe(&mut self, event: &Stored) -> Option<u128> {
        while self.flows.front().is_some_and(|sent| sent.start <= event.start.saturating_sub(HOUR)) {
            self.leave();
        }
        let source = event.source()?;
        if event.bytes_out > 0 {
            *self.sums.entry(source).or_insert(0) += u128::from(event.bytes_out);
            self.flows.push_back(Sent { start: event.start, source, bytes: event.bytes_out });
        }
        let sum = self.sums.get(&source).copied().unwrap_or(0);
        while self.bytes() > self.budget && !self.flows.is_empty() {
            self.leave();
            self.forgotten += 1;
        }
        Some(sum)
    }

    fn leave(&mut self) {
        let Some(sent) = self.flows.pop_front() else { return };
        if let Entry::Occupied(mut entry) = self.sums.entry(sent.source) {
            *entry.get_mut() -= u128::from(sent.bytes);
            if *entry.get() == 0 {
                entry.remove();
            }
        }
    }
}
