//! What points cost: the Kullback–Leibler divergence.

use super::Affinities;
use super::real::Real;
use crate::features::math;
use rayon::prelude::*;

/// Rows that a thread takes at a time.
const ROWS: usize = 64;

/// What of the divergence does not depend on points.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entropy {
    /// `Σ p_ij ln p_ij`.
    own: f64,
    /// `Σ p_ij`.
    mass: f64,
}

impl Entropy {
    pub fn of(affinities: &Affinities) -> Self {
        let positive = affinities.values().iter().filter(|&&p| p > 0.0);
        let (own, mass) = positive.fold((0.0, 0.0), |(own, mass), &p| (own + p * math::ln(p), mass + p));
        Self { own, mass }
    }
}

/// `KL(P‖Q) = Σ p ln p + Σ p ln(1 + d²) + ln Z Σ p`.
pub(super) fn divergence<const D: usize, F: Real>(
    affinities: &Affinities<F>,
    entropy: Entropy,
    points: &[[f64; D]],
    z: f64,
) -> f64 {
    let row = |i: usize| -> f64 {
        let (columns, values) = affinities.row(i);
        let term = |(&j, &p): (&u32, &F)| {
            let sq_dist: f64 = (0..D).map(|c| (points[i][c] - points[j as usize][c]).powi(2)).sum();
            p.wide() * math::ln_1p(sq_dist)
        };
        columns.iter().zip(values).map(term).sum()
    };
    let rows: Vec<f64> = (0..points.len()).into_par_iter().with_min_len(ROWS).map(row).collect();
    // One point alone has Z = 0, and nothing that diverges.
    let normaliser = if entropy.mass > 0.0 { entropy.mass * math::ln(z) } else { 0.0 };
    entropy.own + rows.iter().sum::<f64>() + normaliser
}
