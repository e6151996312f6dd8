//! Two models on the same rows. Rows are drawn anew with both of their scores, so that what the models have in common
//! cancels out of the difference.

use super::assessment::Judged;
use super::estimates::{Estimate, Measures, Resampling, Values, interval, of_verdicts};
use super::rank_key;
use super::table::{Cells, cumulated, ranked};
use super::weights::Weights;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::Serialize;

/// Rows that are compared at most. Of more, those with the smallest [`Judged::lot`] are.
pub const PAIRED_ROWS: usize = 1 << 20;

/// Two models on the same rows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// Rows that were compared.
    pub rows: u64,
    /// Labelled rows of which these were drawn.
    pub of_rows: u64,
    /// The model's measures on these rows; without intervals.
    pub model: Measures,
    /// The other model's measures on these rows; without intervals.
    pub rival: Measures,
    /// The model's measures less the other's, with paired intervals. Counts are those of `model`.
    pub difference: Measures,
    /// How it was drawn anew.
    pub bootstrap: Resampling,
}

/// A row with both scores.
#[derive(Debug, Clone, Copy)]
struct Pair {
    lot: u64,
    keys: [u64; 2],
    called: [bool; 2],
    label: bool,
}

/// Collects rows with both scores.
#[derive(Debug)]
pub(super) struct Pairs {
    most: usize,
    seen: u64,
    rows: Vec<Pair>,
}

/// Rows of one model: the index of each row's score, from the largest down.
struct Side {
    places: Vec<u32>,
    n_scores: usize,
}

impl Pairs {
    pub(super) fn new() -> Self {
        Self { most: PAIRED_ROWS, seen: 0, rows: Vec::new() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub(super) fn push(&mut self, row: &Judged<'_>, (score, called): (f64, bool)) {
        self.seen += 1;
        self.rows.push(Pair {
            lot: row.lot,
            keys: [rank_key(row.score), rank_key(score)],
            called: [row.called, called],
            label: row.label,
        });
        if self.rows.len() > 2 * self.most {
            self.shrink();
        }
    }

    fn shrink(&mut self) {
        if self.rows.len() > self.most && self.most > 0 {
            self.rows.select_nth_unstable_by_key(self.most - 1, |row| row.lot);
            self.rows.truncate(self.most);
        }
    }

    pub(super) fn compare(mut self, how: Resampling) -> Comparison {
        self.shrink();
        // An order of its own, so that weights do not depend on the order in which rows came.
        self.rows.par_sort_unstable_by_key(|row| row.lot);
        let sides = [0, 1].map(|of| Side::new(&self.rows, of));
        let ones = vec![1; self.rows.len()];
        let [model, rival] = [0, 1].map(|of| self.measures(&sides, of, &ones));
        let weights = Weights::new();
        let one = |replicate: usize| -> Values {
            let mut random = ChaCha8Rng::seed_from_u64(how.seed);
            random.set_stream(replicate as u64);
            let drawn: Vec<u32> = self.rows.iter().map(|_| weights.draw(1, &mut random) as u32).collect();
            let [a, b] = [0, 1].map(|of| self.measures(&sides, of, &drawn).values());
            less(a, b)
        };
        let replicates: Vec<Values> = (0..how.replicates).into_par_iter().map(one).collect();
        let mut difference = model;
        let values = less(model.values(), rival.values());
        for (at, (estimate, value)) in difference.estimates().into_iter().zip(values).enumerate() {
            let (low, high) = interval(replicates.iter().map(|values| values.get(at).copied().flatten()));
            *estimate = Estimate { value, error: 0.0, low, high };
        }
        Comparison { rows: self.rows.len() as u64, of_rows: self.seen, model, rival, difference, bootstrap: how }
    }

    /// The measures of one model, where each row counts `weights` times.
    fn measures(&self, sides: &[Side; 2], of: usize, weights: &[u32]) -> Measures {
        let Some(side) = sides.get(of) else { return Measures::default() };
        let (mut positives, mut negatives) = (vec![0u64; side.n_scores], vec![0u64; side.n_scores]);
        let (mut right, mut wrong, mut missed) = (0, 0, 0);
        for ((row, &place), &weight) in self.rows.iter().zip(&side.places).zip(weights) {
            let weight = u64::from(weight);
            let counts = if row.label { &mut positives } else { &mut negatives };
            if let Some(count) = counts.get_mut(place as usize) {
                *count += weight;
            }
            match (row.called.get(of).copied().unwrap_or(false), row.label) {
                (true, true) => right += weight,
                (true, false) => wrong += weight,
                (false, true) => missed += weight,
                (false, false) => {}
            }
        }
        let cells: Cells = (0u32..).zip(positives).filter(|cell| cell.1 > 0).collect();
        let negatives = cumulated(negatives.into_iter());
        let ranked = ranked(&cells, &negatives);
        let [precision, recall, f1] = of_verdicts(right, wrong, missed);
        let mut measures = Measures {
            positives: right + missed,
            negatives: negatives.last().copied().unwrap_or(0),
            called: right + wrong,
            ..Measures::default()
        };
        let values = [ranked.auroc, ranked.average_precision, ranked.precision_at_n, precision, recall, f1];
        for (estimate, value) in measures.estimates().into_iter().zip(values) {
            estimate.value = value;
        }
        measures
    }
}

impl Side {
    fn new(rows: &[Pair], of: usize) -> Self {
        let key = |row: &Pair| row.keys.get(of).copied().unwrap_or(0);
        let mut keys: Vec<u64> = rows.iter().map(key).collect();
        keys.par_sort_unstable_by(|a, b| b.cmp(a));
        keys.dedup();
        let place = |row: &Pair| keys.binary_search_by(|met| key(row).cmp(met)).unwrap_or(0) as u32;
        Self { places: rows.par_iter().map(place).collect(), n_scores: keys.len() }
    }
}

fn less(a: Values, b: Values) -> Values {
    let mut values = a;
    for (value, b) in values.iter_mut().zip(b) {
        *value = value.zip(b).map(|(a, b)| a - b);
    }
    values
}
