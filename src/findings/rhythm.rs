//! How evenly a group's flows follow each other.

use super::starts::KEPT;
use crate::features::math::ln_1p;
use std::cmp::Reverse;

/// Fewer gaps than these have no rhythm.
pub const LEAST_GAPS: usize = 4;

/// Flows of a burst begin within so many µs.
const WITHIN_A_SECOND: i64 = 1_000_000;

/// The flows that came closest together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Burst {
    /// The most that began within a second.
    pub flows: usize,
    /// Seconds from the first of them to the last; the shortest where as many came more than once.
    pub seconds: f64,
    /// The last of them is the last that was kept of its hour: there may be more of them.
    pub is_cut: bool,
}

/// The gaps between the starts of a group's flows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rhythm {
    /// Gaps that were looked at: the first 32 of each hour; where these are fewer than four, those between the hours too.
    pub gaps: usize,
    /// First quartile, median and third quartile, in seconds.
    pub quartiles: [f64; 3],
    /// Mean of ln(1 + gap in seconds).
    pub mean_ln_gap: f64,
    /// 1 / (1 + standard deviation of ln(1 + gap in seconds)): 1 for a clock, 0 below four gaps.
    pub regularity: f64,
    /// Of the starts that are kept: the first 33 of each hour.
    pub densest: Burst,
}

impl Rhythm {
    /// Of starts in µs, sorted, each run of them without a hole. `None` without a gap.
    pub fn of(runs: &[Vec<i64>]) -> Option<Self> {
        let between = |pair: &[i64]| match pair {
            [earlier, later] => later.saturating_sub(*earlier),
            _ => 0,
        };
        let mut gaps: Vec<i64> = runs.iter().flat_map(|run| run.windows(2).map(between)).collect();
        if gaps.is_empty() {
            return None;
        }
        // Sorted, so that the sums do not depend on the order of the runs.
        gaps.sort_unstable();
        let n = gaps.len() as f64;
        let logs: Vec<f64> = gaps.iter().map(|&gap| ln_1p(seconds(gap))).collect();
        let mean = logs.iter().sum::<f64>() / n;
        let variance = logs.iter().map(|log| (log - mean) * (log - mean)).sum::<f64>() / n;
        let regularity = if gaps.len() < LEAST_GAPS { 0.0 } else { 1.0 / (1.0 + variance.sqrt()) };
        let quartiles = [1, 2, 3].map(|q| seconds(gaps.get((gaps.len() - 1) * q / 4).copied().unwrap_or(0)));
        Some(Self { gaps: gaps.len(), quartiles, mean_ln_gap: mean, regularity, densest: densest(runs) })
    }
}

fn densest(runs: &[Vec<i64>]) -> Burst {
    let mut most = (0, Reverse(0), false);
    for run in runs {
        let mut earliest = run.iter().enumerate().peekable();
        for (at, &last) in run.iter().enumerate() {
            while earliest.next_if(|&(_, &first)| last.saturating_sub(first) > WITHIN_A_SECOND).is_some() {}
            if let Some(&(from, &first)) = earliest.peek() {
                most = most.max((at + 1 - from, Reverse(last.saturating_sub(first)), at + 1 == KEPT));
            }
        }
    }
    let (flows, Reverse(micros), is_cut) = most;
    Burst { flows, seconds: seconds(micros), is_cut }
}

fn seconds(micros: i64) -> f64 {
    micros as f64 / 1e6
}
