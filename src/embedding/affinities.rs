//! How near rows are to each other, as probabilities (van der Maaten and Hinton 2008, equations 1 and 2; restricted to
//! nearest neighbours as in van der Maaten 2014).
//!
//! `p(j|i) = exp(-beta_i d²_ij) / Σ_k exp(-beta_i d²_ik)`, with `beta_i = 1 / (2 sigma_i²)` such that the entropy
//! `-Σ_j p(j|i) ln p(j|i)` is `ln(perplexity)`; then `P = (C + Cᵀ) / 2n`.

use crate::features::math;
use crate::ops::neighbors::NeighborLists;
use crate::{Error, Result};
use rayon::prelude::*;

/// How closely the entropy of a row meets `ln(perplexity)`.
const TOLERANCE: f64 = 1e-13;
/// Newton's steps and bisections of one row: more than f64 has halvings of use.
const MAX_STEPS: usize = 200;

/// The neighbours that a row needs: `min(⌈3 perplexity⌉, n_rows - 1)`.
///
/// # Errors
/// A perplexity that is not above 1, or above `(n_rows - 1) / 3`.
pub fn n_neighbors(perplexity: f64, n_rows: usize) -> Result<usize> {
    let most = n_rows.saturating_sub(1) as f64 / 3.0;
    if perplexity.is_nan() || perplexity <= 1.0 {
        return Err(Error::parameter("perplexity", perplexity, "it must be above 1"));
    }
    if perplexity > most {
        // Rounded down, so that the limit that is named is one that is accepted.
        let named = (most * 100.0).floor() / 100.0;
        let limit = format!("with {n_rows} rows it must be at most {named:.2}, (n_rows − 1) / 3");
        return Err(Error::parameter("perplexity", perplexity, limit));
    }
    Ok(((3.0 * perplexity).ceil() as usize).min(n_rows.saturating_sub(1)))
}

/// Conditional probabilities `p(j|i)`; each row sums to 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Conditional {
    /// `beta_i`, one a row; infinite where at least `perplexity` neighbours share the least distance, which then share
    /// the probability evenly (the limit: no finite beta has so small an entropy).
    pub betas: Vec<f64>,
    /// Each row's `(j, p(j|i))`, by ascending `j`.
    pub rows: Vec<Vec<(u32, f64)>>,
}

impl Conditional {
    /// From each row's nearest neighbours, [`n_neighbors`] or more of them, itself left out.
    ///
    /// # Errors
    /// As [`n_neighbors`]; and lists shorter than that.
    pub fn new(lists: &NeighborLists, perplexity: f64) -> Result<Self> {
        let needed = n_neighbors(perplexity, lists.n_rows())?;
        if lists.n_neighbors() < needed {
            let limit = format!("perplexity {perplexity} needs at least {needed}");
            return Err(Error::parameter("n_neighbors", lists.n_neighbors(), limit));
        }
        let entropy = math::ln(perplexity);
        let solve = |row| {
            let (index, sq_dist) = lists.row(row);
            let (beta, p) = solve(sq_dist, perplexity, entropy);
            let mut row: Vec<_> = index.iter().copied().zip(p).collect();
            row.sort_unstable_by_key(|&(j, _)| j);
            (beta, row)
        };
        let (betas, rows) = (0..lists.n_rows()).into_par_iter().map(solve).unzip();
        Ok(Self { betas, rows })
    }

    /// `P = (C + Cᵀ) / 2n`, symmetric to the last bit; all of it sums to 1.
    pub fn symmetrised(&self) -> Affinities {
        let n = self.rows.len();
        let mut both: Vec<Vec<(u32, f64)>> = self.rows.clone();
        for (i, row) in self.rows.iter().enumerate() {
            for &(j, p) in row {
                if let Some(other) = both.get_mut(j as usize) {
                    other.push((i as u32, p));
                }
            }
        }
        let scale = 1.0 / (2.0 * n as f64);
        both.par_iter_mut().for_each(|row| {
            row.sort_by_key(|&(j, _)| j);
            row.dedup_by(|next, kept| {
                let same = next.0 == kept.0;
                kept.1 += if same { next.1 } else { 0.0 };
                same
            });
            row.iter_mut().for_each(|(_, p)| *p *= scale);
        });
        Affinities::from_rows(both)
    }
}

/// `beta` and the probabilities of one row, in the order of its distances.
fn solve(sq_dist: &[f64], perplexity: f64, entropy: f64) -> (f64, Vec<f64>) {
    let least = sq_dist.iter().copied().fold(f64::INFINITY, f64::min);
    let beyond: Vec<f64> = sq_dist.iter().map(|d| d - least).collect();
    let n_least = beyond.iter().filter(|&&d| d == 0.0).count();
    if n_least as f64 >= perplexity {
        let share = 1.0 / n_least as f64;
        return (f64::INFINITY, beyond.iter().map(|&d| if d == 0.0 { share } else { 0.0 }).collect());
    }
    let mut p = vec![0.0; beyond.len()];
    let mut beta = beyond.len() as f64 / beyond.iter().sum::<f64>();
    let (mut low, mut high) = (0.0, f64::INFINITY);
    for _ in 0..MAX_STEPS {
        let (excess, slope) = weigh(&beyond, beta, entropy, &mut p);
        if excess.abs() <= TOLERANCE {
            break;
        }
        if excess > 0.0 {
            low = beta
        } else {
            high = beta
        }
        let newton = beta + excess / slope;
        beta = match newton > low && newton < high {
            true => newton,
            false if high.is_infinite() => beta * 2.0,
            false => 0.5 * (low + high),
        };
    }
    weigh(&beyond, beta, entropy, &mut p);
    (beta, p)
}

/// Fills `p` for `beta`; how far the entropy exceeds what is wanted, and `-dH/dbeta = beta Var(d²)`.
fn weigh(beyond: &[f64], beta: f64, entropy: f64, p: &mut [f64]) -> (f64, f64) {
    let (mut sum, mut first, mut second) = (0.0, 0.0, 0.0);
    for (p, &d) in p.iter_mut().zip(beyond) {
        *p = math::exp(-beta * d);
        sum += *p;
        first += *p * d;
        second += *p * d * d;
    }
    p.iter_mut().for_each(|p| *p /= sum);
    let mean = first / sum;
    (math::ln(sum) + beta * mean - entropy, beta * (second / sum - mean * mean))
}

/// A sparse matrix of joint probabilities by rows (CSR).
#[derive(Debug, Clone, PartialEq)]
pub struct Affinities {
    offsets: Vec<usize>,
    entries: Vec<(u32, f64)>,
}

impl Affinities {
    /// From each row's `(j, p_ij)`.
    pub fn from_rows(rows: Vec<Vec<(u32, f64)>>) -> Self {
        let mut offsets = vec![0];
        let mut entries = Vec::with_capacity(rows.iter().map(Vec::len).sum());
        for row in rows {
            entries.extend(row);
            offsets.push(entries.len());
        }
        Self { offsets, entries }
    }

    /// Rows, and columns.
    pub fn n_rows(&self) -> usize {
        self.offsets.len() - 1
    }

    /// A row's `(j, p_ij)`; empty for a row there is not.
    pub fn row(&self, row: usize) -> &[(u32, f64)] {
        match (self.offsets.get(row), self.offsets.get(row + 1)) {
            (Some(&from), Some(&to)) => self.entries.get(from..to).unwrap_or_default(),
            _ => &[],
        }
    }
}

#[cfg(test)]
mod tests;
