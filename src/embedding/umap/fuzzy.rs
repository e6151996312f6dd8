//! The fuzzy simplicial set: how much each row belongs to each neighbour's surroundings (McInnes et al. 2018, §3.1).

use crate::Result;
use crate::features::math;
use crate::ops::neighbors::NeighborLists;
use crate::ops::umap::Graph;
use rayon::prelude::*;

/// How closely the sum of memberships meets log₂ k, as umap-learn has it.
const TOLERANCE: f64 = 1e-5;
const MAX_STEPS: usize = 64;
/// σ is at least this share of the mean distance, as umap-learn has it.
const LEAST_SCALE: f64 = 1e-3;

/// The scale of each row's surroundings.
#[derive(Debug, Clone, PartialEq)]
pub struct Memberships {
    /// Distance to the nearest neighbour that is not equal to the row.
    pub rhos: Vec<f64>,
    /// With which `Σ exp(−max(0, d − ρ) / σ)` over the neighbours is log₂ of their number, the row itself counted.
    pub sigmas: Vec<f64>,
}

impl Memberships {
    /// From each row's neighbours, nearest first, itself left out.
    pub fn new(lists: &NeighborLists) -> Self {
        let n = lists.n_rows();
        let distances = |row: usize| lists.row(row).1.iter().map(|d| d.sqrt());
        // The row itself counts, at distance 0.
        let k = lists.n_neighbors() + 1;
        let mean = |row: usize| distances(row).sum::<f64>() / k as f64;
        let means: Vec<f64> = (0..n).into_par_iter().map(mean).collect();
        let overall = means.iter().sum::<f64>() / n.max(1) as f64;
        let scale = |row: usize| {
            let distances: Vec<f64> = distances(row).collect();
            let least = |rho: f64| LEAST_SCALE * if rho > 0.0 { means[row] } else { overall };
            scale(&distances, k, least)
        };
        let (rhos, sigmas) = (0..n).into_par_iter().map(scale).unzip();
        Self { rhos, sigmas }
    }

    /// How much a row belongs to the surroundings of a neighbour of `row` at distance `d`.
    pub fn membership(&self, row: usize, d: f64) -> f64 {
        match (self.rhos.get(row), self.sigmas.get(row)) {
            (Some(rho), Some(sigma)) => membership(d, *rho, *sigma),
            _ => 0.0,
        }
    }
}

fn membership(d: f64, rho: f64, sigma: f64) -> f64 {
    if d <= rho || sigma == 0.0 { 1.0 } else { math::exp(-(d - rho) / sigma) }
}

/// ρ and σ of ascending distances, the row itself left out.
fn scale(distances: &[f64], k: usize, least: impl Fn(f64) -> f64) -> (f64, f64) {
    let rho = distances.iter().copied().find(|&d| d > 0.0).unwrap_or(0.0);
    let target = math::log2(k as f64);
    let sum = |sigma: f64| -> f64 {
        distances.iter().map(|&d| if d - rho > 0.0 { math::exp(-(d - rho) / sigma) } else { 1.0 }).sum()
    };
    let (mut low, mut high, mut sigma) = (0.0, f64::INFINITY, 1.0);
    for _ in 0..MAX_STEPS {
        let met = sum(sigma);
        if (met - target).abs() < TOLERANCE {
            break;
        }
        if met > target {
            high = sigma;
            sigma = (low + high) / 2.0;
        } else {
            low = sigma;
            sigma = if high.is_infinite() { sigma * 2.0 } else { (low + high) / 2.0 };
        }
    }
    (rho, sigma.max(least(rho)))
}

/// Memberships of a new row in the surroundings of its neighbours, (index, squared distance) nearest first.
pub(super) fn memberships_of_new(list: &[(u32, f64)]) -> Vec<f64> {
    let distances: Vec<f64> = list.iter().map(|(_, sq_dist)| sq_dist.sqrt()).collect();
    let mean = distances.iter().sum::<f64>() / distances.len().max(1) as f64;
    // Nothing is surely connected to a new row: its nearest neighbour may be far.
    let sum = |sigma: f64| distances.iter().map(|d| math::exp(-d / sigma)).sum::<f64>();
    let target = math::log2(distances.len().max(2) as f64);
    let (mut low, mut high, mut sigma) = (0.0, f64::INFINITY, 1.0);
    for _ in 0..MAX_STEPS {
        let met = sum(sigma);
        if (met - target).abs() < TOLERANCE {
            break;
        }
        if met > target {
            high = sigma;
            sigma = (low + high) / 2.0;
        } else {
            low = sigma;
            sigma = if high.is_infinite() { sigma * 2.0 } else { (low + high) / 2.0 };
        }
    }
    let sigma = sigma.max(LEAST_SCALE * mean);
    distances.iter().map(|&d| membership(d, 0.0, sigma)).collect()
}

/// The graph of all rows: the fuzzy union `A + Aᵀ − A ∘ Aᵀ` of the memberships A, mixed with their intersection `A ∘ Aᵀ`
/// where `mix` is below 1.
///
/// # Errors
/// None that the data could cause.
pub fn fuzzy_graph(lists: &NeighborLists, memberships: &Memberships, mix: f64) -> Result<Graph> {
    let n = lists.n_rows();
    let mut both: Vec<Vec<(u32, f64, f64)>> = (0..n)
        .into_par_iter()
        .map(|row| {
            let (index, sq_dist) = lists.row(row);
            let own = index.iter().zip(sq_dist).map(|(&j, d)| (j, memberships.membership(row, d.sqrt()), 0.0));
            own.collect()
        })
        .collect();
    for row in 0..n {
        let (index, sq_dist) = lists.row(row);
        for (&j, d) in index.iter().zip(sq_dist) {
            let value = memberships.membership(row, d.sqrt());
            if let Some(other) = both.get_mut(j as usize) {
                other.push((row as u32, 0.0, value));
            }
        }
    }
    let joined = |mut row: Vec<(u32, f64, f64)>| -> Vec<(u32, f32)> {
        row.sort_by_key(|&(j, _, _)| j);
        row.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            if same {
                (kept.1, kept.2) = (kept.1 + next.1, kept.2 + next.2);
            }
            same
        });
        let weight = |(j, a, b): (u32, f64, f64)| (j, (mix * (a + b - a * b) + (1.0 - mix) * a * b).min(1.0) as f32);
        row.into_iter().map(weight).filter(|&(_, weight)| weight > 0.0).collect()
    };
    Graph::new(both.into_par_iter().map(joined).collect())
}
