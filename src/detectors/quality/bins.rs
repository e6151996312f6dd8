//! Scores counted in bins of equal leading bits.

use super::MAX_BINS;
use super::curve::{Curve, Group};
use std::collections::HashMap;

/// Bits of a key dropped at first: sign, exponent and 16 bits of the mantissa remain, a relative width of 2⁻¹⁶.
const DROPPED_BITS: u32 = 36;

/// Counts by `key >> shift`. The final shift is the smallest at which all keys fit, whatever order they came in.
#[derive(Debug, Clone)]
pub(super) struct Bins {
    shift: u32,
    counts: HashMap<u64, Group>,
}

impl Bins {
    pub(super) fn new() -> Self {
        Self { shift: DROPPED_BITS, counts: HashMap::new() }
    }

    pub(super) fn add(&mut self, key: u64, positives: u64, negatives: u64) {
        self.count(key >> self.shift, Group { positives, negatives });
        self.fit();
    }

    pub(super) fn merge(&mut self, other: Self) {
        while self.shift < other.shift {
            self.coarsen();
        }
        for (bin, group) in other.counts {
            self.count(bin >> (self.shift - other.shift), group);
        }
        self.fit();
    }

    /// Bits dropped from keys.
    pub(super) fn shift(&self) -> u32 {
        self.shift
    }

    /// The bins in use, in no order.
    pub(super) fn groups(&self) -> impl Iterator<Item = (u64, Group)> {
        self.counts.iter().map(|(&bin, &group)| (bin, group))
    }

    /// The groups from the largest score down.
    pub(super) fn curve(self) -> Curve {
        let mut groups: Vec<(u64, Group)> = self.counts.into_iter().collect();
        groups.sort_unstable_by_key(|group| std::cmp::Reverse(group.0));
        let mut curve = Curve::default();
        groups.into_iter().for_each(|(_, group)| curve.add(group));
        curve
    }

    fn count(&mut self, bin: u64, more: Group) {
        let group = self.counts.entry(bin).or_default();
        group.positives += more.positives;
        group.negatives += more.negatives;
    }

    fn fit(&mut self) {
        while self.counts.len() > MAX_BINS {
            self.coarsen();
        }
    }

    fn coarsen(&mut self) {
        self.shift += 1;
        for (bin, group) in std::mem::take(&mut self.counts) {
            self.count(bin >> 1, group);
        }
    }
}
