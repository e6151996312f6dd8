//! The CPU body.

use super::Expansion;
use crate::features::math;
use ndarray::{Array2, ArrayView1, ArrayView2};
use rayon::prelude::*;

#[derive(Debug)]
pub(super) struct RbfCpu {
    expansion: Expansion,
}

impl RbfCpu {
    pub fn prepare(expansion: &Expansion) -> Self {
        Self { expansion: expansion.clone() }
    }

    pub fn sums(&self, rows: ArrayView2<'_, f32>) -> Vec<f64> {
        let e = &self.expansion;
        let sum = |row: ArrayView1<'_, f32>| {
            let vectors = e.vectors();
            vectors.outer_iter().zip(e.coefficients()).map(|(v, a)| a * kernel(row, v, e.gamma())).sum::<f64>()
        };
        (0..rows.nrows()).into_par_iter().map(|i| sum(rows.row(i))).collect()
    }
}

fn kernel(a: ArrayView1<'_, f32>, b: ArrayView1<'_, f32>, gamma: f64) -> f64 {
    let sq_dist = a.iter().zip(b).fold(0.0, |sum, (&a, &b)| sum + (f64::from(a) - f64::from(b)).powi(2));
    math::exp(-gamma * sq_dist)
}

#[derive(Debug)]
pub(super) struct TrainingCpu {
    rows: Array2<f32>,
    gamma: f64,
}

impl TrainingCpu {
    pub fn prepare(rows: ArrayView2<'_, f32>, gamma: f64, _cache: u64) -> Self {
        Self { rows: rows.to_owned(), gamma }
    }

    pub fn n_rows(&self) -> usize {
        self.rows.nrows()
    }

    pub fn add_products(&mut self, chosen: &[u32], coefficients: &[f64], sums: &mut [f64]) {
        for (sum, product) in sums.iter_mut().zip(self.exact_products(chosen, coefficients)) {
            *sum += product;
        }
    }

    pub fn block(&self, chosen: &[u32]) -> Array2<f32> {
        let row = |i: usize| chosen.get(i).map_or(self.rows.row(0), |&i| self.rows.row(i as usize));
        Array2::from_shape_fn((chosen.len(), chosen.len()), |(i, j)| kernel(row(i), row(j), self.gamma) as f32)
    }

    pub fn exact_products(&self, chosen: &[u32], coefficients: &[f64]) -> Vec<f64> {
        let product = |j: usize| {
            let pairs = chosen.iter().zip(coefficients);
            pairs.map(|(&i, a)| a * kernel(self.rows.row(i as usize), self.rows.row(j), self.gamma)).sum()
        };
        (0..self.rows.nrows()).into_par_iter().map(product).collect()
    }
}
