//! Points of ROC and precision-recall curves.

use super::table::{ScoreTable, cumulated};
use serde::Serialize;

/// Scores up to which every one is a point.
const ALL: usize = 4_096;
/// Beyond, a point follows where either rate has grown by this; the first scores are points all the same.
const STEP: f64 = 1.0 / 2_048.0;
const FIRST: usize = 1_024;

/// What calling every row from a score up an anomaly would come to.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct CurvePoint {
    /// The lowest score that is called so.
    pub score: f64,
    /// Anomalous rows that are called so.
    pub true_positives: u64,
    /// Normal rows that are called so.
    pub false_positives: u64,
    /// Share of the anomalous rows: recall, the y of a ROC curve and the x of a precision-recall curve.
    pub true_positive_rate: f64,
    /// Share of the normal rows: the x of a ROC curve.
    pub false_positive_rate: f64,
    /// Share of what is called so that is anomalous: the y of a precision-recall curve.
    pub precision: f64,
}

/// The curve of some kinds' rows against all normal ones, from the largest score down.
pub(super) fn curve(table: &ScoreTable, cells: &[(u32, u64)]) -> Vec<CurvePoint> {
    let positives: u64 = cells.iter().map(|cell| cell.1).sum();
    let negatives = cumulated(table.negatives.iter().copied());
    let n_negatives = negatives.last().copied().unwrap_or(0);
    let rate = |part: u64, whole: u64| if whole == 0 { 0.0 } else { part as f64 / whole as f64 };
    let mut points: Vec<CurvePoint> = Vec::new();
    let (mut found, mut next) = (0, cells.iter().peekable());
    let n_scores = table.scores.len();
    for (i, (&score, &false_positives)) in table.scores.iter().zip(&negatives).enumerate() {
        while let Some(cell) = next.next_if(|cell| cell.0 as usize <= i) {
            found += cell.1;
        }
        let point = CurvePoint {
            score,
            true_positives: found,
            false_positives,
            true_positive_rate: rate(found, positives),
            false_positive_rate: rate(false_positives, n_negatives),
            precision: rate(found, found + false_positives),
        };
        let last = points.last();
        let same = |p: &CurvePoint| (p.true_positives, p.false_positives) == (found, false_positives);
        let far = last.is_none_or(|p| {
            point.true_positive_rate - p.true_positive_rate >= STEP
                || point.false_positive_rate - p.false_positive_rate >= STEP
        });
        let wanted = n_scores <= ALL || i < FIRST || i + 1 == n_scores || far;
        // Scores that only rows of other kinds have add nothing.
        if wanted && found + false_positives > 0 && !last.is_some_and(same) {
            points.push(point);
        }
    }
    points
}
