//! Measures with their intervals.

use serde::Serialize;

/// How a sample is drawn anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Resampling {
    /// How often. 0: not at all.
    pub replicates: usize,
    /// Of what is random.
    pub seed: u64,
}

/// A measure and where it would lie in 95 of 100 samples like this one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Estimate {
    /// The measure. `None`: there is nothing to measure.
    pub value: Option<f64>,
    /// It is off by no more than this, where scores were counted in bins; 0 where it is exact.
    pub error: f64,
    /// The 2.5th percentile over the replicates that had a value.
    pub low: Option<f64>,
    /// The 97.5th percentile.
    pub high: Option<f64>,
}

/// How well scores and verdicts agree with labels.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Measures {
    /// Rows labelled anomalous.
    pub positives: u64,
    /// Rows labelled normal.
    pub negatives: u64,
    /// Rows called anomalous.
    pub called: u64,
    /// The chance that an anomalous row scores above a normal one, ties counting half.
    pub auroc: Estimate,
    /// Σ (Rₖ − Rₖ₋₁) Pₖ.
    pub average_precision: Estimate,
    /// Share of anomalous rows among the n largest scores, n being the number of anomalous rows; ties are taken evenly.
    pub precision_at_n: Estimate,
    /// Share of the verdicts that are right.
    pub precision: Estimate,
    /// Share of the anomalous rows that were called so.
    pub recall: Estimate,
    /// Harmonic mean of the two.
    pub f1: Estimate,
}

/// How intervals were found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Bootstrap {
    /// The method in words.
    pub method: &'static str,
    /// Replicates: B.
    pub replicates: usize,
    /// The seed.
    pub seed: u64,
    /// Share of samples that an interval is to hold for.
    pub level: f64,
    /// Scores that were told apart.
    pub scores: usize,
    /// Whether these are bins of nearly equal scores.
    pub binned: bool,
}

/// What is said of the method.
pub(super) const METHOD: &str = "percentile; each row counts Poisson(1) times, not stratified";
/// Share of samples that an interval is to hold for.
pub(super) const LEVEL: f64 = 0.95;

/// The measures in one order: AUROC, average precision, precision at n, precision, recall, F1.
pub(super) type Values = [Option<f64>; 6];

impl Measures {
    pub(super) fn estimates(&mut self) -> [&mut Estimate; 6] {
        [
            &mut self.auroc,
            &mut self.average_precision,
            &mut self.precision_at_n,
            &mut self.precision,
            &mut self.recall,
            &mut self.f1,
        ]
    }

    pub(super) fn values(&self) -> Values {
        [self.auroc, self.average_precision, self.precision_at_n, self.precision, self.recall, self.f1].map(|e| e.value)
    }
}

/// Precision, recall and F1 of so many right, wrong and missed verdicts.
pub(super) fn of_verdicts(right: u64, wrong: u64, missed: u64) -> [Option<f64>; 3] {
    use super::share;
    [share(right, right + wrong), share(right, right + missed), share(2 * right, 2 * right + wrong + missed)]
}

/// The interval of a measure over replicates, `None` where no replicate had a value.
pub(super) fn interval(values: impl Iterator<Item = Option<f64>>) -> (Option<f64>, Option<f64>) {
    let mut values: Vec<f64> = values.flatten().collect();
    values.sort_unstable_by(f64::total_cmp);
    let at = |q: f64| (!values.is_empty()).then(|| crate::features::quantile(&values, q));
    (at((1.0 - LEVEL) / 2.0), at((1.0 + LEVEL) / 2.0))
}
