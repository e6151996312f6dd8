//! Ranks: each value replaced by the number of its feature's thresholds below it, so that trees compare integers.
//!
//! `x <= threshold ⇔ rank(x) <= rank(threshold)` holds exactly, for every float: no rounding is involved, the rank is a
//! count. NaN and +∞ rank after every (finite) threshold, hence go right at every node; −0 equals 0.
//!
//! A value finds its rank by a table over buckets of its float bits, then by a few branchless halving steps within the
//! bucket. Buckets of plain float bits serve heavy tails well and values around zero badly (half of all floats lie
//! below 1), equal-width buckets the other way round. So the table is laid over `±bits(|x| + knee)`: linear below the
//! knee, logarithmic above it. The map is monotone for any knee (rounding preserves order), hence the ranks are exact
//! for any knee; the knee only decides how evenly the thresholds fill the buckets.

use super::{Forest, Node};
use ndarray::ArrayView1;
use rayon::prelude::*;

/// Buckets a feature. 4 KiB of table, which stays in L1 while a block of one column is ranked.
const BUCKETS: usize = 2048;

/// Values ranked in one go: their bucket numbers are found by vector instructions, then each is looked up.
const BLOCK: usize = 64;

/// The integer type that ranks are wanted in.
pub(super) trait RankWord: Copy + Default + Ord + Send + Sync + 'static {
    /// The largest rank it holds.
    const MAX: usize;
    /// `rank`, which is at most [`Self::MAX`].
    fn from_rank(rank: usize) -> Self;
    /// The rank as an index.
    fn to_index(self) -> usize;
}

impl RankWord for u16 {
    const MAX: usize = u16::MAX as usize;
    #[inline(always)]
    fn from_rank(rank: usize) -> Self {
        rank as Self
    }
    #[inline(always)]
    fn to_index(self) -> usize {
        self as usize
    }
}

impl RankWord for u32 {
    const MAX: usize = u32::MAX as usize;
    #[inline(always)]
    fn from_rank(rank: usize) -> Self {
        rank as Self
    }
    #[inline(always)]
    fn to_index(self) -> usize {
        self as usize
    }
}

/// The distinct thresholds of every feature of a forest.
#[derive(Debug)]
pub(super) struct Ranks {
    features: Vec<FeatureRanks>,
}

impl Ranks {
    /// Collects the thresholds of `forest`.
    pub fn new(forest: &Forest) -> Self {
        let mut thresholds = vec![Vec::new(); forest.n_features()];
        for node in forest.trees().iter().flat_map(|tree| &tree.nodes) {
            if let Node::Split { feature, threshold, .. } = *node {
                // Adding 0 turns −0 into 0.
                thresholds[feature as usize].push(threshold + 0.0);
            }
        }
        Self { features: thresholds.into_par_iter().map(FeatureRanks::new).collect() }
    }

    /// Columns that rows have.
    pub fn n_features(&self) -> usize {
        self.features.len()
    }

    /// Distinct thresholds of a feature; its ranks are `0..=n_thresholds`.
    pub fn n_thresholds(&self, feature: usize) -> usize {
        self.features[feature].n
    }

    /// The most thresholds that any feature has: what decides the integer type.
    pub fn max_thresholds(&self) -> usize {
        self.features.iter().map(|f| f.n).max().unwrap_or(0)
    }

    /// The rank of a threshold of the forest: `x <= threshold ⇔ rank(x) <= threshold_rank`. `None` if no node of the
    /// forest compares this feature with it.
    pub fn threshold_rank(&self, feature: usize, threshold: f32) -> Option<u32> {
        let thresholds = self.features[feature].thresholds();
        let rank = thresholds.partition_point(|&t| t < threshold);
        (thresholds.get(rank) == Some(&threshold)).then_some(rank as u32)
    }

    /// The rank of a threshold of which it is known that some node compares it.
    pub fn known_rank(&self, feature: usize, threshold: f32) -> u32 {
        debug_assert!(self.threshold_rank(feature, threshold).is_some(), "{threshold} is no threshold");
        self.features[feature].thresholds().partition_point(|&t| t < threshold) as u32
    }

    /// `#{ j : t_j < x }`; NaN ranks after every threshold.
    #[allow(dead_code)] // for the GPU body
    pub fn rank(&self, feature: usize, x: f32) -> u32 {
        let thresholds = self.features[feature].thresholds();
        if x.is_nan() { thresholds.len() as u32 } else { thresholds.partition_point(|&t| t < x) as u32 }
    }

    /// Ranks a whole column: `out[i] = rank(feature, column[i])` for the shorter of both lengths.
    /// `W` must hold [`Self::n_thresholds`] of the feature.
    #[allow(dead_code)] // for the GPU body
    pub fn rank_column<W: RankWord>(&self, feature: usize, column: ArrayView1<'_, f32>, out: &mut [W]) {
        let mut column = column.iter().copied();
        let mut values = [0.0f32; BLOCK];
        for out in out.chunks_mut(BLOCK) {
            let mut n = 0;
            for (value, x) in values.iter_mut().zip(column.by_ref().take(out.len())) {
                *value = x;
                n += 1;
            }
            self.rank_slice(feature, &values[..n], &mut out[..n]);
        }
    }

    /// [`Self::rank_column`] of values that lie side by side.
    #[inline(always)]
    pub fn rank_slice<W: RankWord>(&self, feature: usize, values: &[f32], out: &mut [W]) {
        let ranks = &self.features[feature];
        debug_assert!(ranks.n <= W::MAX, "{} thresholds do not fit the rank type", ranks.n);
        let (blocks, rest) = values.as_chunks::<BLOCK>();
        let (out_blocks, out_rest) = out.split_at_mut(blocks.len() * BLOCK);
        for (values, out) in blocks.iter().zip(out_blocks.as_chunks_mut::<BLOCK>().0) {
            ranks.rank_block(values, out);
        }
        if !rest.is_empty() {
            let (mut padded, mut ranked) = ([0.0; BLOCK], [W::default(); BLOCK]);
            padded[..rest.len()].copy_from_slice(rest);
            ranks.rank_block(&padded, &mut ranked);
            out_rest.copy_from_slice(&ranked[..rest.len()]);
        }
    }
}

/// One feature's thresholds and the table that finds ranks among them.
#[derive(Debug)]
struct FeatureRanks {
    n: usize,
    /// The `n` distinct thresholds, ascending, then +∞ for the halving steps to run into (no value is above it).
    padded: Vec<f32>,
    /// Thresholds in earlier buckets, of each bucket; all 0 if they do not fit, when the halving steps do the work.
    first: Box<[u16; BUCKETS]>,
    map: BucketMap,
    /// Halving steps that find a rank within the fullest bucket.
    steps: u32,
}

impl FeatureRanks {
    fn new(mut thresholds: Vec<f32>) -> Self {
        thresholds.sort_unstable_by(f32::total_cmp);
        thresholds.dedup();
        let n = thresholds.len();
        let map = BucketMap::fit(&thresholds);
        let mut first = Box::new([0u16; BUCKETS]);
        let mut fullest = n;
        if n <= usize::from(u16::MAX) {
            let counts = map.counts(&thresholds);
            fullest = usize::from(counts.iter().copied().max().unwrap_or(0));
            let mut before = 0;
            for (first, count) in first.iter_mut().zip(counts.iter()) {
                *first = before;
                before += count;
            }
        }
        // 2^steps − 1 candidates are told apart.
        let steps = usize::BITS - fullest.leading_zeros();
        thresholds.resize(n + (1 << steps), f32::INFINITY);
        Self { n, padded: thresholds, first, map, steps }
    }

    fn thresholds(&self) -> &[f32] {
        &self.padded[..self.n]
    }

    #[inline(always)]
    fn rank_block<W: RankWord>(&self, values: &[f32; BLOCK], out: &mut [W; BLOCK]) {
        let mut x = [0.0f32; BLOCK];
        let mut buckets = [0u32; BLOCK];
        for i in 0..BLOCK {
            x[i] = if values[i].is_nan() { f32::INFINITY } else { values[i] };
            buckets[i] = self.map.bucket(x[i]);
        }
        // The usual numbers of steps, unrolled.
        match self.steps {
            0 => *out = [W::default(); BLOCK],
            1 => self.look_up(&x, &buckets, 1, out),
            2 => self.look_up(&x, &buckets, 2, out),
            3 => self.look_up(&x, &buckets, 3, out),
            steps => self.look_up(&x, &buckets, steps, out),
        }
    }

    /// Ranks values whose buckets are known.
    #[inline(always)]
    fn look_up<W: RankWord>(&self, x: &[f32; BLOCK], buckets: &[u32; BLOCK], steps: u32, out: &mut [W; BLOCK]) {
        for i in 0..BLOCK {
            let mut rank = usize::from(self.first[buckets[i] as usize % BUCKETS]);
            for step in (0..steps).rev() {
                let half = 1 << step;
                // SAFETY: `first` is at most n, the steps before this one added at most 2^steps - 2^(step + 1), and
                // `padded` has n + 2^steps entries.
                let threshold = unsafe { *self.padded.get_unchecked(rank + half - 1) };
                rank += if threshold < x[i] { half } else { 0 };
            }
            out[i] = W::from_rank(rank);
        }
    }
}

/// A monotone map of floats to buckets.
#[derive(Debug, Clone, Copy)]
struct BucketMap {
    knee: f32,
    /// The least and the largest threshold: values beyond belong to the first and the last bucket.
    lowest: f32,
    highest: f32,
    shift: u32,
}

impl BucketMap {
    /// The map, of some that are tried, whose fullest bucket holds the fewest of the thresholds (ascending).
    fn fit(thresholds: &[f32]) -> Self {
        let mut sizes: Vec<f32> = thresholds.iter().map(|t| t.abs()).collect();
        sizes.sort_unstable_by(f32::total_cmp);
        let quantile = |q: usize| sizes.get(sizes.len() * q / 16).copied().unwrap_or(0.0);
        let knees = [0.0, quantile(0), quantile(1), quantile(4), quantile(8), quantile(12), quantile(15)];
        // The largest size doubled is all but linear; halved bounds keep |x| + knee finite for every threshold.
        let largest = sizes.last().map_or(0.0, |s| s.min(f32::MAX / 4.0));
        let candidates = knees.into_iter().chain([largest * 2.0]).map(|knee| Self::with_knee(thresholds, knee));
        candidates.min_by_key(|map| map.fullest(thresholds)).unwrap_or(Self::with_knee(thresholds, 0.0))
    }

    fn with_knee(thresholds: &[f32], knee: f32) -> Self {
        let lowest = thresholds.first().copied().unwrap_or(0.0);
        let highest = thresholds.last().copied().unwrap_or(0.0);
        let mut map = Self { knee, lowest, highest, shift: 0 };
        while map.bucket(highest) as usize >= BUCKETS {
            map.shift += 1;
        }
        map
    }

    /// Ascends with x, in steps that are equal below the knee and proportional to |x| above it.
    #[inline(always)]
    fn spread(&self, x: f32) -> i32 {
        let magnitude = (x.abs() + self.knee).to_bits() as i32 - self.knee.to_bits() as i32;
        if x < 0.0 { -magnitude } else { magnitude }
    }

    /// Bucket of a value that is not NaN.
    #[inline(always)]
    fn bucket(&self, x: f32) -> u32 {
        let x = if x > self.lowest { x } else { self.lowest };
        let x = if x < self.highest { x } else { self.highest };
        (self.spread(x).wrapping_sub(self.spread(self.lowest)) as u32) >> self.shift
    }

    fn counts(&self, thresholds: &[f32]) -> Box<[u16; BUCKETS]> {
        let mut counts = Box::new([0u16; BUCKETS]);
        for &t in thresholds {
            let count = &mut counts[self.bucket(t) as usize % BUCKETS];
            *count = count.saturating_add(1);
        }
        counts
    }

    fn fullest(&self, thresholds: &[f32]) -> u16 {
        self.counts(thresholds).iter().copied().max().unwrap_or(0)
    }
}
