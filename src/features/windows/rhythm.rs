//! How regularly a conversation comes back.

use super::tally::{Table, entry_bytes};
use crate::features::math;
use std::collections::hash_map::Entry;

/// Gaps that are kept of a conversation.
pub(super) const GAPS: usize = 32;
/// Under so many gaps nothing is called regular.
pub(super) const LEAST_GAPS: usize = 4;
/// ln(1 + gap) is kept in units of 2⁻²⁶: the longest gap an i64 of µs can hold is below 2⁵ × 2²⁶, and sums are exact.
const UNITS: f64 = (1u32 << 26) as f64;

/// The last gaps of every conversation, in two generations: what is met again moves to the young one, and when that
/// holds half the budget, what is left of the old one is evicted and the young one becomes the old one. So at least the
/// conversations that were met last, up to half the budget, are known.
#[derive(Debug)]
pub(super) struct Rhythm {
    young: Table<Beat>,
    old: Table<Beat>,
    young_bytes: usize,
    budget: usize,
    pub evicted: u64,
}

#[derive(Debug, Default)]
struct Beat {
    last: i64,
    gaps: Vec<u32>,
    oldest: u8,
}

impl Beat {
    /// Bytes it is counted with.
    fn bytes(&self) -> usize {
        let room = self.gaps.len().next_power_of_two().max(4);
        entry_bytes::<Self>() + if self.gaps.is_empty() { 0 } else { 16 + room * size_of::<u32>() }
    }

    fn add(&mut self, gap: u32) {
        if self.gaps.len() < GAPS {
            self.gaps.push(gap);
        } else if let Some(oldest) = self.gaps.get_mut(usize::from(self.oldest)) {
            *oldest = gap;
            self.oldest = (self.oldest + 1) % GAPS as u8;
        }
    }

    fn features(&self) -> (f64, f64) {
        of_gaps(&self.gaps)
    }
}

/// Regularity, and the mean of ln(1 + gap) (NaN without a gap).
fn of_gaps(gaps: &[u32]) -> (f64, f64) {
    let n = gaps.len() as u128;
    if n == 0 {
        return (0.0, f64::NAN);
    }
    let sum: u128 = gaps.iter().map(|&gap| u128::from(gap)).sum();
    let squares: u128 = gaps.iter().map(|&gap| u128::from(gap) * u128::from(gap)).sum();
    let deviation = ((n * squares - sum * sum) as f64).sqrt() / n as f64 / UNITS;
    let regularity = if gaps.len() < LEAST_GAPS { 0.0 } else { 1.0 / (1.0 + deviation) };
    (regularity, sum as f64 / n as f64 / UNITS)
}

/// The same of starts in their order, up to [`GAPS`] + 1 of them.
pub(super) fn of_starts(starts: impl Iterator<Item = i64>) -> (f64, f64) {
    let mut before = None;
    let between = |start: i64| before.replace(start).map(|before| gap(before, start));
    of_gaps(&starts.filter_map(between).collect::<Vec<u32>>())
}

impl Rhythm {
    pub fn new(budget: usize) -> Self {
        Self { young: Table::default(), old: Table::default(), young_bytes: 0, budget, evicted: 0 }
    }

    /// Notes that `conversation` came at `start`, not before it came last; its regularity and mean gap.
    pub fn observe(&mut self, conversation: u64, start: i64) -> (f64, f64) {
        let beat = match self.young.entry(conversation) {
            Entry::Occupied(entry) => {
                let beat = entry.into_mut();
                self.young_bytes -= beat.bytes();
                beat.add(gap(beat.last, start));
                beat
            }
            Entry::Vacant(entry) => entry.insert(match self.old.remove(&conversation) {
                Some(mut beat) => {
                    beat.add(gap(beat.last, start));
                    beat
                }
                None => Beat::default(),
            }),
        };
        beat.last = start;
        self.young_bytes += beat.bytes();
        let features = beat.features();
        if self.young_bytes > self.budget / 2 {
            self.evicted += self.old.len() as u64;
            self.old = std::mem::take(&mut self.young);
            self.young_bytes = 0;
        }
        features
    }
}

fn gap(last: i64, start: i64) -> u32 {
    let seconds = start.saturating_sub(last).max(0) as f64 / 1e6;
    (math::ln_1p(seconds) * UNITS).round() as u32
}
