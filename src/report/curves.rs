//! ROC and precision–recall curves from binned scores: rows of one bin count as ties.

use super::scores::Scores;
use serde::Serialize;

/// Points that a curve is drawn with.
const MOST_POINTS: usize = 400;

/// Both curves, from the largest score down.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Curves {
    /// False positive rate and recall; from (0, 0) to (1, 1).
    pub roc: Vec<[f64; 2]>,
    /// Recall and precision.
    pub precision_recall: Vec<[f64; 2]>,
    /// The share of labelled rows that are anomalies: the precision of chance.
    pub share: f64,
    /// The point of the verdicts: false positive rate, recall, precision.
    pub verdict: Option<[f64; 3]>,
}

/// Labelled rows by verdict: flagged and an anomaly, flagged and not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Verdicts {
    /// Anomalies with the verdict.
    pub hits: u64,
    /// Others with the verdict.
    pub false_alarms: u64,
}

impl Curves {
    /// `None` unless there are labelled rows of both kinds.
    pub fn new(scores: &Scores, verdicts: Verdicts) -> Option<Self> {
        let (odd, normal) =
            scores.bins().fold((0, 0), |(odd, normal), (_, _, bin)| (odd + bin.odd, normal + bin.normal));
        if odd == 0 || normal == 0 {
            return None;
        }
        let share = |part: u64, of: u64| part as f64 / of.max(1) as f64;
        let (mut roc, mut precision_recall) = (vec![[0.0, 0.0]], Vec::new());
        let (mut hits, mut false_alarms) = (0, 0);
        for (_, _, bin) in scores.bins().rev().filter(|(_, _, bin)| bin.odd + bin.normal > 0) {
            hits += bin.odd;
            false_alarms += bin.normal;
            roc.push([share(false_alarms, normal), share(hits, odd)]);
            precision_recall.push([share(hits, odd), share(hits, hits + false_alarms)]);
        }
        let Verdicts { hits, false_alarms } = verdicts;
        let verdict = (hits + false_alarms > 0)
            .then(|| [share(false_alarms, normal), share(hits, odd), share(hits, hits + false_alarms)]);
        let share = share(odd, odd + normal);
        Some(Self { roc: thinned(roc), precision_recall: thinned(precision_recall), share, verdict })
    }
}

/// The first, the last, and those that lie far enough from the one kept before.
fn thinned(points: Vec<[f64; 2]>) -> Vec<[f64; 2]> {
    let least = 2.0 / MOST_POINTS as f64;
    let last = points.len().saturating_sub(1);
    let mut kept: Vec<[f64; 2]> = Vec::new();
    for (at, point) in points.into_iter().enumerate() {
        let far = kept.last().is_none_or(|[x, y]| (point[0] - x).abs() + (point[1] - y).abs() >= least);
        if far || at == last {
            kept.push(point.map(|x| (x * 1e5).round() / 1e5));
        }
    }
    kept
}
