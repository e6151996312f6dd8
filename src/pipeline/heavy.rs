//! The conversations that hold most flows, in little memory.

use foldhash::fast::RandomState;
use std::collections::HashMap;

/// Conversations that are counted at once.
const MOST: usize = 1 << 16;

/// Counts of the largest groups (Misra & Gries 1982): each is too small by at most a 65,536th of all; which depends on the order of
/// what is counted alone.
#[derive(Debug, Default)]
pub(super) struct Heavy {
    counts: HashMap<u64, u64, RandomState>,
    all: u64,
}

impl Heavy {
    pub fn count(&mut self, key: u64) {
        self.all += 1;
        if self.counts.len() < MOST || self.counts.contains_key(&key) {
            *self.counts.entry(key).or_default() += 1;
            return;
        }
        self.counts.retain(|_, n| {
            *n -= 1;
            *n > 0
        });
    }

    /// The share that the `n` largest hold together, 0 to 1.
    pub fn share_of(&self, n: usize) -> f64 {
        let mut counts: Vec<u64> = self.counts.values().copied().collect();
        counts.sort_unstable();
        counts.iter().rev().take(n).sum::<u64>() as f64 / self.all.max(1) as f64
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
        let share = heavy.share_of(2);
        assert!((0.32..=0.334).contains(&share), "{share}");
        assert_eq!(Heavy::default().share_of(10), 0.0);
    }
}
