//! Quality: how well scores and verdicts agree with labels, over any number of rows in bounded memory.
//!
//! With P anomalous and N normal rows:
//! - **AUROC** is the chance that an anomalous row scores above a normal one, ties counting half (the Mann-Whitney
//!   statistic over P N; Hanley & McNeil 1982);
//! - **average precision** is Σ (Rₖ − Rₖ₋₁) Pₖ over the distinct scores from the largest down, precision and recall
//!   taken after all rows of that score, as scikit-learn defines it (no interpolation);
//! - **precision, recall, F1** are those of the verdicts.
//!
//! Up to [`EXACT_ROWS`] labelled rows every score is kept and the result is exact. Beyond, scores are counted in bins
//! that share their sign, exponent and leading mantissa bits: 16 bits at first, one fewer whenever more than
//! [`MAX_BINS`] bins are in use. Rows of a bin count as ties. The result depends on the rows only, in any order, and it
//! comes with a bound on its error that is computed from the bins and holds always ([`Quality::auroc_error`]).

mod assessment;
#[cfg(test)]
mod assessment_tests;
mod bins;
mod bootstrap;
mod curve;
mod estimates;
mod paired;
mod points;
mod table;
#[cfg(test)]
mod tests;
mod weights;

pub use assessment::{Assessed, Assessment, Judged, KindAssessed, MAX_KINDS};
pub use estimates::{Bootstrap, Estimate, Measures, Resampling};
pub use paired::{Comparison, PAIRED_ROWS};
pub use points::CurvePoint;

use super::order;
use bins::Bins;
use curve::{Curve, Group};
use rayon::slice::ParallelSliceMut;
use serde::Serialize;

/// Labelled rows up to which the measures are exact (8 bytes each are kept).
pub const EXACT_ROWS: usize = 4_000_000;
/// Most bins beyond that (24 bytes each, and the map's own room).
pub const MAX_BINS: usize = 1 << 18;

/// Collects scores, verdicts and labels.
#[derive(Debug, Clone)]
pub struct Ranking {
    exact_rows: usize,
    scores: Scores,
    verdicts: Verdicts,
}

/// The scores seen, as [`order::key`]s.
#[derive(Debug, Clone)]
enum Scores {
    Kept { positive: Vec<u64>, negative: Vec<u64> },
    Binned(Bins),
}

/// Verdicts against labels.
#[derive(Debug, Clone, Copy, Default)]
struct Verdicts {
    true_positive: u64,
    false_positive: u64,
    false_negative: u64,
    true_negative: u64,
}

/// What a [`Ranking`] found. A measure without a value (no anomalous row, no verdict, …) is `None`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Quality {
    /// Area under the receiver operating characteristic, in [0, 1].
    pub auroc: Option<f64>,
    /// The true AUROC differs by no more than this; 0 when exact.
    pub auroc_error: f64,
    /// Average precision, in [0, 1].
    pub average_precision: Option<f64>,
    /// The true average precision differs by no more than this; 0 when exact.
    pub average_precision_error: f64,
    /// Share of the verdicts that are right.
    pub precision: Option<f64>,
    /// Share of the anomalous rows that were found.
    pub recall: Option<f64>,
    /// Harmonic mean of the two: 2 TP / (2 TP + FP + FN).
    pub f1: Option<f64>,
    /// Rows labelled anomalous.
    pub positives: u64,
    /// Rows labelled normal.
    pub negatives: u64,
    /// Whether AUROC and average precision are exact (to rounding).
    pub exact: bool,
}

impl Default for Ranking {
    fn default() -> Self {
        Self::new()
    }
}

impl Ranking {
    /// An empty one, exact up to 4 million rows.
    pub fn new() -> Self {
        Self::with_exact_rows(EXACT_ROWS)
    }

    /// An empty one, exact up to `exact_rows` labelled rows.
    pub fn with_exact_rows(exact_rows: usize) -> Self {
        let scores = Scores::Kept { positive: Vec::new(), negative: Vec::new() };
        Self { exact_rows, scores, verdicts: Verdicts::default() }
    }

    /// One labelled row: its score, whether it was called an anomaly, and whether it is one. A NaN score, which no
    /// detector gives, ranks below all others.
    pub fn push(&mut self, score: f64, verdict: bool, label: bool) {
        let counter = match (verdict, label) {
            (true, true) => &mut self.verdicts.true_positive,
            (true, false) => &mut self.verdicts.false_positive,
            (false, true) => &mut self.verdicts.false_negative,
            (false, false) => &mut self.verdicts.true_negative,
        };
        *counter += 1;
        let key = rank_key(score);
        match &mut self.scores {
            Scores::Kept { positive, negative } => {
                if label {
                    positive.push(key)
                } else {
                    negative.push(key)
                }
            }
            Scores::Binned(bins) => bins.add(key, u64::from(label), u64::from(!label)),
        }
        self.bin_if_many();
    }

    /// Adds all that `other` has seen, as if its rows had been pushed here.
    pub fn merge(&mut self, other: Self) {
        self.verdicts.true_positive += other.verdicts.true_positive;
        self.verdicts.false_positive += other.verdicts.false_positive;
        self.verdicts.false_negative += other.verdicts.false_negative;
        self.verdicts.true_negative += other.verdicts.true_negative;
        match (&mut self.scores, other.scores) {
            (Scores::Kept { positive, negative }, Scores::Kept { positive: p, negative: n }) => {
                positive.extend(p);
                negative.extend(n);
            }
            (Scores::Binned(bins), more) => bins.merge(more.into_bins()),
            (kept, Scores::Binned(mut bins)) => {
                bins.merge(std::mem::replace(kept, Scores::Binned(Bins::new())).into_bins());
                *kept = Scores::Binned(bins);
            }
        }
        self.bin_if_many();
    }

    /// The measures over all rows seen.
    pub fn finish(self) -> Quality {
        let v = self.verdicts;
        let (curve, exact) = match self.scores {
            Scores::Kept { positive, negative } => (kept_curve(positive, negative), true),
            Scores::Binned(bins) => (bins.curve(), false),
        };
        let (auroc, auroc_error) = curve.auroc();
        let (average_precision, average_precision_error) = curve.average_precision();
        let bound = |error: f64| if exact { 0.0 } else { error };
        Quality {
            auroc,
            auroc_error: bound(auroc_error),
            average_precision,
            average_precision_error: bound(average_precision_error),
            precision: share(v.true_positive, v.true_positive + v.false_positive),
            recall: share(v.true_positive, v.true_positive + v.false_negative),
            f1: share(2 * v.true_positive, 2 * v.true_positive + v.false_positive + v.false_negative),
            positives: v.true_positive + v.false_negative,
            negatives: v.true_negative + v.false_positive,
            exact,
        }
    }

    /// The dropped bits of the keys that are told apart: 0 where every score is kept.
    fn shift(&self) -> u32 {
        match &self.scores {
            Scores::Kept { .. } => 0,
            Scores::Binned(bins) => bins.shift(),
        }
    }

    /// Rows by `key >> shift`, from the largest down; `shift` is at least [`Ranking::shift`].
    fn groups(&self, shift: u32) -> Vec<(u64, Group)> {
        match &self.scores {
            Scores::Kept { positive, negative } => {
                let rows = positive.iter().map(|&key| (key, Group { positives: 1, negatives: 0 }));
                collected(rows.chain(negative.iter().map(|&key| (key, Group { positives: 0, negatives: 1 }))), shift)
            }
            Scores::Binned(bins) => collected(bins.groups().map(|(bin, group)| (bin << bins.shift(), group)), shift),
        }
    }

    /// Counts scores in bins from now on.
    fn bin(&mut self) {
        if matches!(self.scores, Scores::Kept { .. }) {
            let kept = std::mem::replace(&mut self.scores, Scores::Binned(Bins::new()));
            self.scores = Scores::Binned(kept.into_bins());
        }
    }

    fn rows(&self) -> u64 {
        let Verdicts { true_positive, false_positive, false_negative, true_negative } = self.verdicts;
        true_positive + false_positive + false_negative + true_negative
    }

    fn bin_if_many(&mut self) {
        if let Scores::Kept { positive, negative } = &self.scores
            && positive.len() + negative.len() > self.exact_rows
        {
            self.bin();
        }
    }
}

/// What a score is ranked by. A NaN ranks below all others, and + 0.0 makes −0 equal to 0.
fn rank_key(score: f64) -> u64 {
    if score.is_nan() { 0 } else { order::key(score + 0.0) }
}

/// Adds up what has one `key >> shift`, from the largest down.
fn collected(rows: impl Iterator<Item = (u64, Group)>, shift: u32) -> Vec<(u64, Group)> {
    let mut rows: Vec<(u64, Group)> = rows.map(|(key, group)| (key >> shift, group)).collect();
    rows.par_sort_unstable_by_key(|row| std::cmp::Reverse(row.0));
    rows.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        if same {
            kept.1.positives += next.1.positives;
            kept.1.negatives += next.1.negatives;
        }
        same
    });
    rows
}

impl Scores {
    fn into_bins(self) -> Bins {
        match self {
            Self::Binned(bins) => bins,
            Self::Kept { positive, negative } => {
                let mut bins = Bins::new();
                positive.into_iter().for_each(|key| bins.add(key, 1, 0));
                negative.into_iter().for_each(|key| bins.add(key, 0, 1));
                bins
            }
        }
    }
}

fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// Groups of equal scores, from the largest down.
fn kept_curve(mut positive: Vec<u64>, mut negative: Vec<u64>) -> Curve {
    positive.par_sort_unstable_by(|a, b| b.cmp(a));
    negative.par_sort_unstable_by(|a, b| b.cmp(a));
    let (mut positive, mut negative) = (positive.into_iter().peekable(), negative.into_iter().peekable());
    let mut curve = Curve::default();
    while let Some(key) = positive.peek().copied().max(negative.peek().copied()) {
        let mut group = Group::default();
        while positive.next_if_eq(&key).is_some() {
            group.positives += 1;
        }
        while negative.next_if_eq(&key).is_some() {
            group.negatives += 1;
        }
        curve.add(group);
    }
    curve
}
