//! What is remembered of one key: times in order, into which late ones are put where they belong.

use std::collections::VecDeque;

/// Times in order, µs, with a value each.
#[derive(Debug, Default)]
pub(super) struct Series<V> {
    kept: VecDeque<(i64, V)>,
    forgotten: u64,
}

/// Times alone.
pub(super) type Times = Series<()>;
/// Times with an amount each, as the sums of the amounts up to each of them, which wrap around.
pub(super) type Amounts = Series<u64>;

/// The times before and behind a place: of equal ones, what came in later is behind.
#[derive(Debug, Clone, Copy)]
pub(super) struct Neighbors {
    pub before: Option<i64>,
    pub behind: Option<i64>,
}

impl<V> Series<V> {
    /// How many are kept.
    pub fn len(&self) -> usize {
        self.kept.len()
    }

    /// How many of those kept are no later than `time`.
    fn rank(&self, time: i64) -> usize {
        self.kept.partition_point(|&(kept, _)| kept <= time)
    }

    /// How many there ever were up to `time`.
    pub fn met(&self, time: i64) -> u64 {
        self.forgotten + self.rank(time) as u64
    }

    /// How many are in (time − window, time].
    pub fn within(&self, time: i64, window: i64) -> u32 {
        let n = self.rank(time) - self.rank(time.saturating_sub(window));
        u32::try_from(n).unwrap_or(u32::MAX)
    }

    /// The latest of all.
    pub fn latest(&self) -> Option<i64> {
        self.kept.back().map(|&(time, _)| time)
    }

    /// The place of a time, near the end, so that little moves; and the times around it.
    fn place(&self, time: i64) -> (usize, Neighbors) {
        let at = self.rank(time);
        let of = |at: usize| self.kept.get(at).map(|&(time, _)| time);
        (at, Neighbors { before: at.checked_sub(1).and_then(of), behind: of(at) })
    }

    fn forget_first(&mut self, n: usize) -> usize {
        self.kept.drain(..n);
        self.forgotten += n as u64;
        n
    }
}

impl Times {
    /// Puts one where it belongs.
    pub fn insert(&mut self, time: i64) -> Neighbors {
        let (at, neighbors) = self.place(time);
        self.kept.insert(at, (time, ()));
        neighbors
    }

    /// Takes one of these times out; whether there was one.
    pub fn remove(&mut self, time: i64) -> bool {
        let at = self.rank(time).checked_sub(1).filter(|&at| self.kept.get(at) == Some(&(time, ())));
        at.and_then(|at| self.kept.remove(at)).is_some()
    }

    /// Forgets those up to `time`, but not the last `least`; how many.
    pub fn forget(&mut self, time: i64, least: usize) -> usize {
        self.forget_first(self.rank(time).min(self.len().saturating_sub(least)))
    }

    /// The last `n` of those no later than `time`, earliest first.
    pub fn last(&self, n: usize, time: i64) -> impl Iterator<Item = i64> {
        let end = self.rank(time);
        self.kept.range(end.saturating_sub(n)..end).map(|&(time, ())| time)
    }

    /// Those up to `time`.
    pub fn up_to(&self, time: i64) -> Vec<i64> {
        self.last(usize::MAX, time).collect()
    }
}

impl FromIterator<i64> for Times {
    fn from_iter<I: IntoIterator<Item = i64>>(times: I) -> Self {
        Self { kept: times.into_iter().map(|time| (time, ())).collect(), forgotten: 0 }
    }
}

/// A sum of amounts stays below 2⁶⁴ as long as 65,536 of the largest are in a window: 256 TiB each.
const MOST: u64 = 1 << 48;

impl Amounts {
    /// Puts one where it belongs, and adds its amount to the sums behind it.
    pub fn insert(&mut self, time: i64, amount: u64) -> Neighbors {
        let (at, neighbors) = self.place(time);
        let amount = amount.min(MOST);
        self.kept.insert(at, (time, self.sum_of(at).wrapping_add(amount)));
        for (_, sum) in self.kept.range_mut(at + 1..) {
            *sum = sum.wrapping_add(amount);
        }
        neighbors
    }

    /// The sum of the first `n` that are kept, and of what was forgotten.
    fn sum_of(&self, n: usize) -> u64 {
        n.checked_sub(1).and_then(|at| self.kept.get(at)).map_or(0, |&(_, sum)| sum)
    }

    /// The sum of the amounts in (time − window, time], which is not to reach back behind what was forgotten.
    pub fn sum(&self, time: i64, window: i64) -> u64 {
        self.sum_of(self.rank(time)).wrapping_sub(self.sum_of(self.rank(time.saturating_sub(window))))
    }

    /// Forgets those up to `time`, all but the last of them, which tells where sums begin; how many.
    pub fn forget(&mut self, time: i64) -> usize {
        self.forget_first(self.rank(time).saturating_sub(1))
    }
}

/// Of one host: how many distinct others it meets, from when each is no longer met.
///
/// Every flow with an other begins a stretch (t, and W from then on, or until the same other comes again), so that no two
/// stretches of one other overlap; distinct(t) = flows up to t − stretches that ended up to t.
#[derive(Debug, Default)]
pub(super) struct Distinct {
    ends: Times,
}

impl Distinct {
    /// Notes a flow with an other, between its flows before and behind.
    pub fn note(&mut self, time: i64, with: Neighbors, window: i64) {
        let end = |begin: i64, next: Option<i64>| begin.saturating_add(window).min(next.unwrap_or(i64::MAX));
        if let Some(before) = with.before
            && before.saturating_add(window) > time
            // The stretch of a flow that was forgotten is gone too.
            && self.ends.remove(end(before, with.behind))
        {
            self.ends.insert(time);
        }
        self.ends.insert(end(time, with.behind));
    }

    /// How many it meets at `time`, of `met` flows with others up to then.
    pub fn at(&self, time: i64, met: u64) -> u32 {
        u32::try_from(met.saturating_sub(self.ends.met(time))).unwrap_or(u32::MAX)
    }

    pub fn len(&self) -> usize {
        self.ends.len()
    }

    pub fn forget(&mut self, time: i64) -> usize {
        self.ends.forget(time, 0)
    }
}
