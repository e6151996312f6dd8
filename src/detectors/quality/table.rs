//! Labelled rows by score, as measures need them: how many normal rows each score has, and which scores anomalous rows have.

use super::{Ranking, order};

/// Most scores that are told apart in a bootstrap; more are put into bins of equal leading bits.
const MAX_SCORES: usize = 1 << 17;

/// Anomalous rows: the index of a score, and how many rows have it.
pub(super) type Cells = Vec<(u32, u64)>;

/// Rows by score, from the largest down.
#[derive(Debug, Clone)]
pub(super) struct ScoreTable {
    /// The scores; of a bin its lowest.
    pub scores: Vec<f64>,
    /// Normal rows of each score.
    pub negatives: Vec<u64>,
    /// Anomalous rows of each kind, by score.
    pub kinds: Vec<Cells>,
    /// Whether scores were put into bins.
    pub binned: bool,
}

/// Measures of a ranking.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Ranked {
    pub auroc: Option<f64>,
    pub average_precision: Option<f64>,
    pub precision_at_n: Option<f64>,
}

impl ScoreTable {
    /// `all` holds the rows of `benign` and of all `kinds`.
    pub(super) fn new(all: &Ranking, benign: &Ranking, kinds: &[&Ranking], most: Option<usize>) -> Self {
        let mut shift = all.shift();
        let mut groups = all.groups(shift);
        if most.is_some_and(|most| groups.len() > most) {
            let mut binned = all.clone();
            binned.bin();
            shift = binned.shift();
            groups = binned.groups(shift);
        }
        let keys: Vec<u64> = groups.iter().map(|(key, _)| *key).collect();
        let place = |key: u64| keys.binary_search_by(|met| key.cmp(met)).unwrap_or(0);
        let mut negatives = vec![0; keys.len()];
        for (key, group) in benign.groups(shift) {
            negatives.iter_mut().skip(place(key)).take(1).for_each(|n| *n += group.negatives);
        }
        let cells = |kind: &&Ranking| {
            let groups = kind.groups(shift).into_iter().filter(|(_, group)| group.positives > 0);
            groups.map(|(key, group)| (place(key) as u32, group.positives)).collect()
        };
        Self {
            scores: keys.iter().map(|key| order::from_key(key << shift)).collect(),
            negatives,
            kinds: kinds.iter().map(cells).collect(),
            binned: shift > 0,
        }
    }

    /// The table of a bootstrap: of at most 131,072 scores.
    pub(super) fn coarse(all: &Ranking, benign: &Ranking, kinds: &[&Ranking]) -> Self {
        Self::new(all, benign, kinds, Some(MAX_SCORES))
    }

    /// The anomalous rows of all kinds together.
    pub(super) fn union(&self) -> Cells {
        union(&self.kinds)
    }
}

/// The cells of all kinds together.
pub(super) fn union(kinds: &[Cells]) -> Cells {
    let mut cells: Cells = kinds.iter().flatten().copied().collect();
    cells.sort_unstable_by_key(|cell| cell.0);
    cells.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        if same {
            kept.1 += next.1;
        }
        same
    });
    cells
}

/// Running sums: of each score the rows that have it or a larger one.
pub(super) fn cumulated(counts: impl Iterator<Item = u64>) -> Vec<u64> {
    let mut sum = 0;
    counts
        .map(|n| {
            sum += n;
            sum
        })
        .collect()
}

/// The measures of `cells` among the normal rows whose running sums are `negatives`.
pub(super) fn ranked(cells: &[(u32, u64)], negatives: &[u64]) -> Ranked {
    let n_negatives = negatives.last().copied().unwrap_or(0);
    let up_to = |score: usize| negatives.get(score).copied().unwrap_or(n_negatives);
    let above = |score: usize| score.checked_sub(1).map_or(0, up_to);
    let (mut positives, mut twice_right, mut precisions) = (0u64, 0u128, 0.0);
    for &(score, n) in cells {
        let (reached, passed) = (up_to(score as usize), above(score as usize));
        positives += n;
        // A normal row below counts twice, one that ties once.
        twice_right += u128::from(n) * u128::from(2 * n_negatives - reached - passed);
        if n > 0 {
            precisions += n as f64 * (positives as f64 / (positives + reached) as f64);
        }
    }
    if positives == 0 {
        return Ranked::default();
    }
    let pairs = positives as f64 * n_negatives as f64;
    Ranked {
        auroc: (n_negatives > 0).then(|| twice_right as f64 / (2.0 * pairs)),
        average_precision: Some(precisions / positives as f64),
        precision_at_n: Some(precision_at(cells, negatives, positives)),
    }
}

/// The share of anomalous rows among the `n` largest scores; of rows that tie across that border, the mean over all ways to
/// take them.
fn precision_at(cells: &[(u32, u64)], negatives: &[u64], n: u64) -> f64 {
    let sums = cumulated(cells.iter().map(|cell| cell.1));
    // Anomalous rows of the scores before this one.
    let found_before = |score: usize| {
        let at = cells.partition_point(|cell| (cell.0 as usize) < score);
        at.checked_sub(1).and_then(|at| sums.get(at)).copied().unwrap_or(0)
    };
    let rows_up_to = |score: usize| found_before(score + 1) + negatives.get(score).copied().unwrap_or(0);
    let (mut low, mut high) = (0, negatives.len());
    while low < high {
        let middle = low + (high - low) / 2;
        if rows_up_to(middle) < n { low = middle + 1 } else { high = middle }
    }
    let (before, here) = (found_before(low), found_before(low + 1) - found_before(low));
    let rows_before = low.checked_sub(1).map_or(0, rows_up_to);
    let rows_here = rows_up_to(low).saturating_sub(rows_before).max(1);
    let taken = n.saturating_sub(rows_before) as f64 / rows_here as f64;
    (before as f64 + here as f64 * taken) / n as f64
}
