//! How near rows are to each other, as probabilities (van der Maaten and Hinton 2008, equations 1 and 2; restricted to
//! nearest neighbours as in van der Maaten 2014).
//!
//! `p(j|i) = exp(-beta_i d²_ij) / Σ_k exp(-beta_i d²_ik)`, with `beta_i = 1 / (2 sigma_i²)` such that the entropy
//! `-Σ_j p(j|i) ln p(j|i)` is `ln(perplexity)`; then `P = (C + Cᵀ) / 2n`.

use crate::features::math;
use crate::ops::neighbors::NeighborLists;
use crate::ops::tsne::Affinities;
use crate::{Error, Result};
use rayon::prelude::*;

/// Rows that a thread merges at a time, and how many such parts are held before they are joined.
const CHUNK: usize = 1024;
const CHUNKS: usize = 16;
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

/// Conditional probabilities `p(j|i)` of each row's nearest neighbours j; each row sums to 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Conditional {
    /// `beta_i`, one a row; infinite where at least `perplexity` neighbours share the least distance, which then share
    /// the probability evenly (the limit: no finite beta has so small an entropy).
    pub betas: Vec<f64>,
    /// Neighbours of a row, by ascending number, and their probabilities, row by row.
    columns: Vec<u32>,
    values: Vec<f64>,
}

impl Conditional {
    /// From each row's nearest neighbours, [`n_neighbors`] or more of them, itself left out.
    ///
    /// # Errors
    /// As [`n_neighbors`]; and lists shorter than that.
    pub fn new(lists: &NeighborLists, perplexity: f64) -> Result<Self> {
        let n_rows = lists.n_rows();
        let needed = n_neighbors(perplexity, n_rows)?;
        let n_listed = lists.n_neighbors();
        if n_listed < needed {
            let limit = format!("perplexity {perplexity} needs at least {needed}");
            return Err(Error::parameter("n_neighbors", n_listed, limit));
        }
        let entropy = math::ln(perplexity);
        let mut conditional = Self {
            betas: vec![0.0; n_rows],
            columns: vec![0; n_rows * n_listed],
            values: vec![0.0; n_rows * n_listed],
        };
        let columns = conditional.columns.par_chunks_exact_mut(n_listed);
        let rows = columns.zip(conditional.values.par_chunks_exact_mut(n_listed)).zip(&mut conditional.betas);
        rows.enumerate().for_each_init(Vec::new, |sorted: &mut Vec<(u32, f64)>, (row, ((columns, values), beta))| {
            let (index, sq_dist) = lists.row(row);
            *beta = solve(sq_dist, perplexity, entropy, values);
            sorted.clear();
            sorted.extend(index.iter().copied().zip(values.iter().copied()));
            sorted.sort_unstable_by_key(|&(column, _)| column);
            for ((column, value), (j, p)) in columns.iter_mut().zip(values).zip(sorted.iter()) {
                (*column, *value) = (*j, *p);
            }
        });
        Ok(conditional)
    }

    /// A row's neighbours j, by ascending number, and `p(j|i)` of each.
    pub fn row(&self, row: usize) -> (&[u32], &[f64]) {
        let n = self.columns.len() / self.betas.len().max(1);
        (
            self.columns.get(row * n..(row + 1) * n).unwrap_or_default(),
            self.values.get(row * n..(row + 1) * n).unwrap_or_default(),
        )
    }

    /// `P = (C + Cᵀ) / 2n`, symmetric to the last bit; all of it sums to 1. Pairs of probability 0 are left out.
    ///
    /// # Errors
    /// None that the data could cause.
    pub fn symmetrised(&self) -> Result<Affinities> {
        let n = self.betas.len();
        let (begins, from) = self.transposed();
        let merged = |row: usize, out: &mut Vec<(u32, f64)>| {
            let (columns, values) = self.row(row);
            let other = from.get(begins[row]..begins[row + 1]).unwrap_or_default();
            merge(columns, values, other, |j, p| out.push((j, p / (2.0 * n as f64))));
        };
        // Chunks fixed by the data, so that only some of them need room beside the result.
        let chunk = |rows: std::ops::Range<usize>| {
            let (mut ends, mut entries) = (Vec::with_capacity(rows.len()), Vec::new());
            for row in rows {
                merged(row, &mut entries);
                ends.push(entries.len());
            }
            (ends, entries)
        };
        let (mut offsets, mut columns, mut values) = (vec![0], Vec::new(), Vec::new());
        let chunks: Vec<_> = (0..n).step_by(CHUNK).map(|begin| begin..n.min(begin + CHUNK)).collect();
        for some in chunks.chunks(CHUNKS) {
            for (ends, entries) in some.par_iter().cloned().map(chunk).collect::<Vec<_>>() {
                let begin = columns.len();
                offsets.extend(ends.into_iter().map(|end| begin + end));
                columns.extend(entries.iter().map(|&(j, _)| j));
                values.extend(entries.iter().map(|&(_, p)| p));
            }
        }
        Affinities::new(offsets, columns, values)
    }

    /// Of each row, where its part begins; and the rows i that have it as a neighbour, ascending, with `p(row|i)`.
    fn transposed(&self) -> (Vec<usize>, Vec<(u32, f64)>) {
        let n = self.betas.len();
        let mut begins = vec![0; n + 1];
        self.columns.iter().for_each(|&j| begins[j as usize + 1] += 1);
        (0..n).for_each(|row| begins[row + 1] += begins[row]);
        let mut next = begins.clone();
        let mut from = vec![(0, 0.0); self.columns.len()];
        for i in 0..n {
            let (columns, values) = self.row(i);
            for (&j, &p) in columns.iter().zip(values) {
                let place = &mut next[j as usize];
                from[*place] = (i as u32, p);
                *place += 1;
            }
        }
        (begins, from)
    }
}

/// Hands the sums of two rows of a sparse matrix to `take`, by ascending column; nothing for sums of 0.
fn merge(columns: &[u32], values: &[f64], other: &[(u32, f64)], mut take: impl FnMut(u32, f64)) {
    let mut own = columns.iter().copied().zip(values.iter().copied()).peekable();
    let mut other = other.iter().copied().peekable();
    loop {
        let (j, p) = match (own.peek().copied(), other.peek().copied()) {
            (None, None) => return,
            (Some(first), Some(second)) if first.0 == second.0 => (first.0, first.1 + second.1),
            (Some(first), Some(second)) => {
                if first.0 < second.0 {
                    first
                } else {
                    second
                }
            }
            (Some(one), None) | (None, Some(one)) => one,
        };
        own.next_if(|&(column, _)| column == j);
        other.next_if(|&(column, _)| column == j);
        if p > 0.0 {
            take(j, p);
        }
    }
}

/// `beta`; the probabilities of one row go to `p`, in the order of its distances.
fn solve(sq_dist: &[f64], perplexity: f64, entropy: f64, p: &mut [f64]) -> f64 {
    let least = sq_dist.iter().copied().fold(f64::INFINITY, f64::min);
    let beyond: Vec<f64> = sq_dist.iter().map(|d| d - least).collect();
    let n_least = beyond.iter().filter(|&&d| d == 0.0).count();
    if n_least as f64 >= perplexity {
        let share = 1.0 / n_least as f64;
        p.iter_mut().zip(&beyond).for_each(|(p, &d)| *p = if d == 0.0 { share } else { 0.0 });
        return f64::INFINITY;
    }
    let mut beta = beyond.len() as f64 / beyond.iter().sum::<f64>();
    let (mut low, mut high) = (0.0, f64::INFINITY);
    for _ in 0..MAX_STEPS {
        let (excess, slope) = weigh(&beyond, beta, entropy, p);
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
    weigh(&beyond, beta, entropy, p);
    beta
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

#[cfg(test)]
mod tests;
