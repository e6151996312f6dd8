//! Rows by severity, and the scores at which its steps lie.

use crate::picture::palette::SEVERITY_STEPS;
use crate::pipeline::Said;

/// Rows of each tier: up to 0.3, 0.7, 0.9, and above.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Tiers {
    /// All of them and those with the verdict.
    pub counts: [[u64; 2]; 4],
    /// At each step the largest score within, and the smallest beyond.
    edges: [[Option<f64>; 2]; 3],
}

impl Tiers {
    /// One row.
    pub fn add(&mut self, said: Said) {
        let tier = SEVERITY_STEPS.iter().filter(|&&step| said.severity > step).count();
        if let Some([flows, anomalies]) = self.counts.get_mut(tier) {
            *flows += 1;
            *anomalies += u64::from(said.anomaly);
        }
        for (step, edge) in SEVERITY_STEPS.iter().zip(&mut self.edges) {
            *edge =
                joined(*edge, if said.severity > *step { [None, Some(said.score)] } else { [Some(said.score), None] });
        }
    }

    /// All that another counted.
    pub fn merge(&mut self, other: Self) {
        for (mine, its) in self.counts.iter_mut().flatten().zip(other.counts.iter().flatten()) {
            *mine += its;
        }
        for (mine, its) in self.edges.iter_mut().zip(other.edges) {
            *mine = joined(*mine, its);
        }
    }

    /// Each step of severity and the score there, where rows lie on both sides of it: a score half way between them.
    pub fn marks(&self) -> Vec<(f64, f64)> {
        let mark = |(&step, [within, beyond]): (&f64, &[Option<f64>; 2])| {
            let (within, beyond) = (*within.as_ref()?, *beyond.as_ref()?);
            (within <= beyond).then(|| (step, within + (beyond - within) / 2.0))
        };
        SEVERITY_STEPS.iter().zip(&self.edges).filter_map(mark).collect()
    }
}

fn joined(a: [Option<f64>; 2], b: [Option<f64>; 2]) -> [Option<f64>; 2] {
    let both = |x: Option<f64>, y: Option<f64>, pick: fn(f64, f64) -> f64| match (x, y) {
        (Some(x), Some(y)) => Some(pick(x, y)),
        (x, y) => x.or(y),
    };
    [both(a[0], b[0], f64::max), both(a[1], b[1], f64::min)]
}
