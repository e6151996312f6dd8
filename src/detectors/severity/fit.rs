//! From training scores to the knots of the severity map.

use super::{MAX_KNOTS, MAX_SCORE, Severity};
use crate::features::math;
use crate::{Error, Result};
use rayon::slice::ParallelSliceMut;

/// Percentiles with a fixed severity, in thousandths: positions are compared in integers.
const ANCHORS: [(i64, f64); 3] = [(900, 0.3), (990, 0.7), (999, 0.9)];
/// Severity between stored knots when not every distinct score is one: two knots a step at most, so ≤ 4,000 in all.
const STEP: f64 = 1.0 / 2_000.0;

pub(super) fn fit(scores: &[f64]) -> Result<Severity> {
    if scores.is_empty() {
        return Err(Error::parameter("n_rows", 0, "severity needs at least one training row with a score"));
    }
    if let Some(bad) = scores.iter().find(|score| score.is_nan() || score.abs() > MAX_SCORE) {
        return Err(Error::parameter("score", bad, "training scores must be numbers within ±1e300"));
    }
    // + 0.0 turns −0 into 0, so that equal scores are equal bits.
    let mut sorted: Vec<f64> = scores.iter().map(|score| score + 0.0).collect();
    sorted.par_sort_unstable_by(f64::total_cmp);
    let (largest, median) = match (sorted.last(), sorted.get((sorted.len() - 1) / 2)) {
        (Some(&largest), Some(&median)) => (largest, median),
        _ => (0.0, 0.0),
    };
    let width = [largest - median, largest.abs()].into_iter().find(|w| w.is_normal()).unwrap_or(1.0);
    let knots = knots(&sorted);
    Severity::from_parts(sorted.len() as u64, width, knots.scores, knots.severities)
        .map_err(|reason| Error::parameter("scores", "not usable", reason))
}

/// Walks the runs of equal scores upwards, and the anchors in the gaps between them.
fn knots(sorted: &[f64]) -> Knots {
    let n = sorted.len() as i64;
    let runs = || sorted.chunk_by(|a, b| a == b);
    let all = runs().take(MAX_KNOTS - ANCHORS.len() + 1).count() <= MAX_KNOTS - ANCHORS.len();
    let mut knots = Knots::new(if all { 0.0 } else { STEP });
    // Positions of the anchors, in thousandths: n p − ½.
    let anchors = ANCHORS.map(|(percentile, severity)| (percentile * n - 500, severity));
    let mut first: i64 = 0;
    let mut before = f64::NEG_INFINITY;
    for run in runs() {
        let Some(&score) = run.first() else { continue };
        let last = first + run.len() as i64 - 1;
        for (place, severity) in anchors {
            if first > 0 && 1000 * (first - 1) < place && place < 1000 * first {
                let fraction = (place - 1000 * (first - 1)) as f64 / 1000.0;
                knots.push_exact(before + fraction * (score - before), severity);
            }
        }
        match anchors.iter().find(|(place, _)| (1000 * first..=1000 * last).contains(place)) {
            Some(&(_, severity)) => knots.push_exact(score, severity),
            None => {
                knots.push(score, (2 * n - (first + last) - 1) as f64 / (2 * n) as f64);
                if first == 0 {
                    knots.settle();
                }
            }
        }
        (before, first) = (score, last + 1);
    }
    knots.settle();
    knots
}

/// The fixed map: from the share `tail` in (0, 1] of training scores beyond a score to its severity.
pub(super) fn severity_of_tail(tail: f64) -> f64 {
    let decades = -math::log10(tail);
    if decades < 1.0 {
        0.3 * decades
    } else if decades < 2.0 {
        0.3 + 0.4 * (decades - 1.0)
    } else if decades < 3.0 {
        0.7 + 0.2 * (decades - 2.0)
    } else {
        1.0 - 0.1 * math::exp2(3.0 - decades)
    }
}

/// Its inverse, to rounding; 0 from severity 1 on.
fn tail_of_severity(severity: f64) -> f64 {
    let decades = if severity < 0.3 {
        severity / 0.3
    } else if severity < 0.7 {
        1.0 + (severity - 0.3) / 0.4
    } else if severity < 0.9 {
        2.0 + (severity - 0.7) / 0.2
    } else {
        3.0 - math::log2((1.0 - severity).max(0.0) / 0.1)
    };
    math::exp2(-decades * std::f64::consts::LOG2_10)
}

/// Knots being collected. One candidate is held back until the next shows whether it is needed.
struct Knots {
    step: f64,
    scores: Vec<f64>,
    severities: Vec<f64>,
    /// A score and its tail.
    held: Option<(f64, f64)>,
    /// A candidate with a smaller tail than this is more than a step past the last knot. Comparing tails saves a
    /// logarithm for every training row.
    next_tail: f64,
}

impl Knots {
    fn new(step: f64) -> Self {
        Self { step, scores: Vec::new(), severities: Vec::new(), held: None, next_tail: 1.0 }
    }

    fn push(&mut self, score: f64, tail: f64) {
        if tail < self.next_tail {
            self.settle();
        }
        self.held = Some((score, tail));
    }

    /// Keeps a knot whatever its distance from the last.
    fn push_exact(&mut self, score: f64, severity: f64) {
        if tail_of_severity(severity) < self.next_tail {
            self.settle();
        }
        self.held = None;
        self.keep(score, severity);
    }

    fn settle(&mut self) {
        if let Some((score, tail)) = self.held.take() {
            self.keep(score, severity_of_tail(tail));
        }
    }

    /// Adds a knot if it is above the last (rounding may have merged two).
    fn keep(&mut self, score: f64, severity: f64) {
        if self.scores.last().is_none_or(|&last| last < score)
            && self.severities.last().is_none_or(|&last| last < severity)
        {
            self.scores.push(score);
            self.severities.push(severity);
            self.next_tail = if self.step > 0.0 { tail_of_severity(severity + self.step) } else { 1.0 };
        }
    }
}
