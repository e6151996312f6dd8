//! Severity: how rare a score is among the training scores, on one scale for all detectors.
//!
//! With the `n` training scores in ascending order, the score at position `i` (0-based; equal scores share their mean
//! position) is exceeded by a tail of `t = (n − i − ½) / n` of them. This is the convention of
//! `numpy.percentile(…, method="hazen")`: of ten rows the largest is the 95th percentile, so that few rows never claim
//! great rarity. A fixed map takes the tail to the severity, piecewise linear in −log₁₀ t:
//!
//! | percentile of the score | tail t | severity | in words |
//! |---|---|---|---|
//! | 0 | 1 | 0 | as common as can be |
//! | 50 | 0.5 | 0.09 | |
//! | 90 | 0.1 | **0.3** | one in ten |
//! | 95 | 0.05 | 0.42 | |
//! | 99 | 0.01 | **0.7** | one in a hundred |
//! | 99.9 | 0.001 | **0.9** | one in a thousand |
//! | 99.99 | 0.0001 | 0.95 | from here, each further power of ten halves the distance to 1 |
//! | beyond the largest | | → 1 | `S + (1 − S) d / (d + w)`: d above the largest score, w = largest − median |
//!
//! **Ties.** A run of equal scores that covers one of the three percentiles has that percentile's severity, the lowest
//! if it covers several: so `severity > 0.7` flags at most n / 100 + ½ of the n training rows, whatever the ties.
//! Elsewhere it has the severity of its mean position. One score, or all scores equal, follow the same rule.
//!
//! **Stored.** At most [`MAX_KNOTS`] knots, interpolated linearly in the score. Up to that many distinct scores each is
//! a knot; beyond, knots follow each other by at most 1/2,000 of severity wherever scores lie between, so that is the
//! largest error; they are dense in the tail, where severity is steep, and exact at the three percentiles. Severity is
//! strictly increasing as far as f64 can tell scores and severities apart, monotone always, and never NaN.

mod fit;
mod grid;
#[cfg(test)]
mod tests;

use super::order;
use crate::Result;
use grid::Grid;

/// Most knots that are stored.
pub const MAX_KNOTS: usize = 4_096;
/// The largest severity: the largest f64 below 1.
const MAX_SEVERITY: f64 = 1.0 - f64::EPSILON / 2.0;
/// Training scores must lie within ±this, so that differences cannot overflow.
const MAX_SCORE: f64 = 1e300;

/// The map from scores to severities, fitted on training scores.
#[derive(Debug, Clone, PartialEq)]
pub struct Severity {
    n_scores: u64,
    width: f64,
    scores: Vec<f64>,
    severities: Vec<f64>,
    grid: Grid,
}

/// A line of [`Severity::table`].
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct SeverityRow {
    /// Percentile of the training scores, in (0, 100).
    pub percentile: f64,
    /// The score there.
    pub score: f64,
    /// Its severity.
    pub severity: f64,
}

impl Severity {
    /// Fits the map on the scores of training rows, in any order.
    ///
    /// # Errors
    /// If there are no scores, or one of them is not a number within ±1e300.
    pub fn fit(scores: &[f64]) -> Result<Self> {
        fit::fit(scores)
    }

    /// The severity of `score`, in [0, 1); monotone. A NaN, which no detector gives, counts as the lowest score: 0.
    pub fn of(&self, score: f64) -> f64 {
        if score.is_nan() {
            return 0.0;
        }
        let above = self.grid.above(&self.scores, score);
        match (self.knot(above.wrapping_sub(1)), self.knot(above)) {
            (Some((x0, y0)), Some((x1, y1))) => (y0 + (y1 - y0) * ((score - x0) / (x1 - x0))).clamp(y0, y1),
            (None, Some((x1, y1))) => y1 * self.nearness(x1 - score),
            (Some((x0, y0)), None) => (y0 + (1.0 - y0) * (1.0 - self.nearness(score - x0))).min(MAX_SEVERITY),
            (None, None) => 0.0,
        }
    }

    /// The inverse: the largest score whose severity is at most `severity`. So `score > score_at(x)` exactly when
    /// `of(score) > x`, for every finite score (the verdict by score and the one by severity are the same verdict).
    /// Severities that no score stays within give −`f64::MAX`, severities that none exceeds give `f64::MAX`.
    pub fn score_at(&self, severity: f64) -> f64 {
        if self.of(f64::MAX) <= severity {
            return f64::MAX;
        }
        let (mut within, mut beyond) = (order::key(f64::MIN), order::key(f64::MAX));
        while beyond - within > 1 {
            let middle = within + (beyond - within) / 2;
            if self.of(order::from_key(middle)) <= severity {
                within = middle;
            } else {
                beyond = middle;
            }
        }
        order::from_key(within)
    }

    /// The score that about this `share` of the training rows exceeds, `share` in (0, 1).
    pub fn score_of_share(&self, share: f64) -> f64 {
        self.inside(fit::severity_of_tail(share))
    }

    /// How many training scores the map was fitted on.
    pub fn n_scores(&self) -> u64 {
        self.n_scores
    }

    /// The smallest and the largest training score.
    pub fn range(&self) -> (f64, f64) {
        let ends = (self.scores.first(), self.scores.last());
        (ends.0.copied().unwrap_or(0.0), ends.1.copied().unwrap_or(0.0))
    }

    /// The scores and severities at percentiles worth knowing: as many as the training scores reach.
    pub fn table(&self) -> Vec<SeverityRow> {
        let reached = |percentile: &f64| (100.0 - percentile) / 100.0 * self.n_scores as f64 >= 0.5;
        [1.0, 10.0, 25.0, 50.0, 75.0, 90.0, 95.0, 99.0, 99.5, 99.9, 99.99, 99.999]
            .into_iter()
            .filter(reached)
            .map(|percentile| {
                let severity = fit::severity_of_tail((100.0 - percentile) / 100.0);
                SeverityRow { percentile, score: self.inside(severity), severity }
            })
            .collect()
    }

    /// The stored knots: scores and their severities, both strictly increasing.
    pub(crate) fn knots(&self) -> (&[f64], &[f64]) {
        (&self.scores, &self.severities)
    }

    /// How far beyond the training scores severity keeps half of what was left.
    pub(crate) fn width(&self) -> f64 {
        self.width
    }

    /// A map from stored parts, which are checked.
    pub(crate) fn from_parts(
        n_scores: u64,
        width: f64,
        scores: Vec<f64>,
        severities: Vec<f64>,
    ) -> Result<Self, &'static str> {
        let rising = |v: &[f64]| v.windows(2).all(|pair| matches!(pair, [a, b] if a < b));
        if scores.is_empty() || scores.len() > MAX_KNOTS || scores.len() != severities.len() {
            return Err("the severity table must have 1 to 4096 knots");
        }
        if !scores.iter().all(|s| s.abs() <= MAX_SCORE) || !rising(&scores) {
            return Err("the scores of the severity table must be finite and strictly increasing");
        }
        if !severities.iter().all(|s| (0.0..1.0).contains(s)) || !rising(&severities) {
            return Err("the severities of the severity table must be strictly increasing in [0, 1)");
        }
        if !(width.is_finite() && width > 0.0) || n_scores == 0 {
            return Err("the severity table must have a positive width and number of scores");
        }
        let grid = Grid::new(&scores);
        Ok(Self { n_scores, width, scores, severities, grid })
    }

    fn knot(&self, index: usize) -> Option<(f64, f64)> {
        Some((*self.scores.get(index)?, *self.severities.get(index)?))
    }

    /// 1 at distance 0, ½ at the width, towards 0 beyond.
    fn nearness(&self, distance: f64) -> f64 {
        self.width / (self.width + distance)
    }

    /// [`Severity::score_at`] kept within the training scores.
    fn inside(&self, severity: f64) -> f64 {
        let (smallest, largest) = self.range();
        self.score_at(severity).clamp(smallest, largest)
    }
}
