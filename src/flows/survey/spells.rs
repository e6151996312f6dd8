//! Times, kept as spells: enough to tell the gaps between them.

use std::collections::BTreeMap;

/// Spells kept.
const MOST: usize = 65_536;
/// Ten minutes, in µs: the width of a spell to begin with.
const WIDTH: i64 = 600_000_000;

/// Times by spells of equal width, of each the first and last. Where there are too many, the width doubles: which width is
/// the last depends on the times alone, not on their order.
#[derive(Debug, Clone, Default)]
pub(super) struct Spells {
    doublings: u32,
    spells: BTreeMap<i64, (i64, i64)>,
    /// The spell of the latest time: most times fall where the one before did.
    latest: Option<(i64, i64, i64)>,
}

impl Spells {
    fn spell_of(&self, time: i64) -> i64 {
        time.div_euclid(WIDTH) >> self.doublings
    }

    pub fn add(&mut self, time: i64) {
        let spell = self.spell_of(time);
        match &mut self.latest {
            Some((of, first, last)) if *of == spell => {
                *first = time.min(*first);
                *last = time.max(*last);
            }
            _ => {
                // This may widen the spells.
                self.flush();
                self.latest = Some((self.spell_of(time), time, time));
            }
        }
    }

    fn flush(&mut self) {
        if let Some((spell, first, last)) = self.latest.take() {
            self.insert(spell, first, last);
        }
    }

    fn insert(&mut self, spell: i64, first: i64, last: i64) {
        let kept = self.spells.entry(spell).or_insert((first, last));
        *kept = (kept.0.min(first), kept.1.max(last));
        while self.spells.len() > MOST {
            self.widen();
        }
    }

    fn widen(&mut self) {
        self.doublings += 1;
        for (spell, (first, last)) in std::mem::take(&mut self.spells) {
            let kept = self.spells.entry(spell >> 1).or_insert((first, last));
            *kept = (kept.0.min(first), kept.1.max(last));
        }
    }

    pub fn merge(&mut self, mut other: Self) {
        self.flush();
        other.flush();
        while self.doublings < other.doublings {
            self.widen();
        }
        for (first, last) in other.spells.into_values() {
            // Both lie in one spell of the other's, which is no wider than ours.
            let spell = self.spell_of(first);
            self.insert(spell, first, last);
        }
    }

    fn all(&self) -> impl Iterator<Item = (i64, i64)> {
        let mut spells: Vec<(i64, i64)> = self.spells.values().copied().collect();
        spells.extend(self.latest.map(|(_, first, last)| (first, last)));
        spells.sort_unstable();
        spells.into_iter()
    }

    /// The first and the last time.
    pub fn span(&self) -> Option<(i64, i64)> {
        self.all().reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
    }

    /// Where no time lies for more than `least`: the times before and after. Exact as long as spells are no wider than that;
    /// what lies within a wider one is not seen.
    pub fn gaps(&self, least: i64) -> Vec<(i64, i64)> {
        let (mut gaps, mut until) = (Vec::new(), None::<i64>);
        for (first, last) in self.all() {
            if let Some(until) = until
                && first - until > least
            {
                gaps.push((until, first));
            }
            until = Some(until.map_or(last, |until| until.max(last)));
        }
        gaps
    }
}
