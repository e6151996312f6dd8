//! Kernel sums split into contributions of columns.
//!
//! A Gaussian kernel is a product over the columns, exp(−γ Σ_c ‖x_c − s_c‖²). With a coalition of columns as in the row and
//! all others as in the typical row r, each kernel of the machine is the product of what the ones and the others have: the
//! baseline game of Sundararajan & Najmi, "The Many Shapley Values for Model Explanation" (ICML 2020), whose Shapley values
//! [`super::quadrature`] gives without going through coalitions. Columns that are as in the typical row have none.

use super::quadrature::Quadrature;
use super::{Columns, Explained};
use crate::detectors::OneClassSvm;
use crate::features::math;
use ndarray::{ArrayView1, ArrayView2};
use std::sync::Arc;

/// Points at most: exact up to 128 columns that are not as in the typical row, and to the last digits beyond, since the
/// factors are positive and at most 1.
const MOST_POINTS: usize = 64;

/// A machine made ready.
pub struct KernelTerms {
    machine: Arc<OneClassSvm>,
    columns: Columns,
    /// The typical row's kernel factors: `n_columns` a vector.
    of_typical: Vec<f64>,
    base: f64,
}

impl KernelTerms {
    pub fn new(machine: &Arc<OneClassSvm>, columns: &Columns) -> Self {
        let expansion = machine.expansion();
        let n = columns.n_columns();
        let mut of_typical = Vec::with_capacity(expansion.vectors().nrows() * n);
        let mut sum = 0.0;
        for (vector, weight) in expansion.vectors().rows().into_iter().zip(expansion.coefficients()) {
            let factors = factors(columns.typical(), vector, columns, expansion.gamma());
            sum += weight * factors.iter().product::<f64>();
            of_typical.extend(factors);
        }
        Self { machine: Arc::clone(machine), columns: columns.clone(), of_typical, base: machine.rho() - sum }
    }

    pub fn explain(&self, row: &[f32]) -> Explained {
        let n = self.columns.n_columns();
        let mut differs = vec![false; n];
        let values = row.iter().zip(self.columns.typical());
        for (&column, (value, typical)) in self.columns.of_feature().iter().zip(values) {
            differs[column] |= value != typical;
        }
        let players: Vec<usize> = (0..n).filter(|&column| differs[column]).collect();
        let rule = Quadrature::for_players(players.len().min(2 * MOST_POINTS));
        let expansion = self.machine.expansion();
        let vectors: ArrayView2<'_, f32> = expansion.vectors();
        let mut contributions = vec![0.0; n];
        let mut rest = vec![0.0; players.len()];
        for (i, (vector, weight)) in vectors.rows().into_iter().zip(expansion.coefficients()).enumerate() {
            let known = factors(row, vector, &self.columns, expansion.gamma());
            let unknown = &self.of_typical[i * n..(i + 1) * n];
            let common: f64 = unknown.iter().zip(&differs).filter(|(_, differs)| !**differs).map(|(k, _)| k).product();
            let pairs: Vec<(f64, f64)> = players.iter().map(|&column| (known[column], unknown[column])).collect();
            rest.fill(0.0);
            for (p, w) in rule.points.iter().zip(&rule.weights) {
                add_products_of_others(&pairs, *p, *w, &mut rest);
            }
            for ((&column, (a, b)), rest) in players.iter().zip(&pairs).zip(&rest) {
                // A larger kernel makes a row more usual.
                contributions[column] += weight * common * (b - a) * rest;
            }
        }
        Explained { base: self.base, contributions }
    }
}

/// Adds `w` Π_{j ≠ i} (p a_j + (1 − p) b_j) to each i, without a division, which 0 would forbid.
fn add_products_of_others(pairs: &[(f64, f64)], p: f64, w: f64, sums: &mut [f64]) {
    let factor = |(a, b): &(f64, f64)| p * a + (1.0 - p) * b;
    let mut before = Vec::with_capacity(pairs.len());
    let mut product = w;
    for pair in pairs {
        before.push(product);
        product *= factor(pair);
    }
    let mut after = 1.0;
    for ((pair, before), sum) in pairs.iter().zip(&before).zip(sums).rev() {
        *sum += before * after;
        after *= factor(pair);
    }
}

/// exp(−γ ‖x_c − s_c‖²) of each column c.
fn factors(row: &[f32], vector: ArrayView1<'_, f32>, columns: &Columns, gamma: f64) -> Vec<f64> {
    let mut sq_dists = vec![0.0; columns.n_columns()];
    for ((&column, x), s) in columns.of_feature().iter().zip(row).zip(vector) {
        let difference = f64::from(*x) - f64::from(*s);
        sq_dists[column] += difference * difference;
    }
    sq_dists.iter_mut().for_each(|sq| *sq = if *sq == 0.0 { 1.0 } else { math::exp(-gamma * *sq) });
    sq_dists
}
