//! The spectrum of a graph (Belkin & Niyogi 2003): smooth coordinates from which a layout starts.

use super::normal::normal;
use crate::ops::umap::Graph;
use nalgebra::{DMatrix, SymmetricEigen};
use ndarray::Array2;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

/// Vectors of the Krylov space. A start need not be an eigenvector to the last digit: more change no layout visibly.
const N_VECTORS: usize = 64;
/// Rows that a thread takes at a time, and over which products are summed.
const ROWS: usize = 1024;

/// Whether every vertex is reached from the first.
pub fn is_connected(graph: &Graph) -> bool {
    let n = graph.n_vertices();
    let mut seen = vec![false; n];
    let mut waiting: Vec<usize> = (0..n.min(1)).collect();
    let mut n_seen = waiting.len();
    seen.iter_mut().take(1).for_each(|first| *first = true);
    while let Some(vertex) = waiting.pop() {
        for &other in graph.row(vertex).0 {
            if let Some(met @ false) = seen.get_mut(other as usize) {
                *met = true;
                n_seen += 1;
                waiting.push(other as usize);
            }
        }
    }
    n_seen == n
}

/// The eigenvectors of the `n_dims` largest eigenvalues, but the trivial one, of `D^−½ W D^−½`, `n_vertices × n_dims`: by
/// Lanczos (1950) with full orthogonalisation from a random vector, on `(1 + D^−½ W D^−½) / 2`, whose eigenvalues are not
/// negative.
pub fn spectrum(graph: &Graph, n_dims: usize, random: &mut ChaCha8Rng) -> Array2<f64> {
    let n = graph.n_vertices();
    let degrees: Vec<f64> = (0..n).map(|i| graph.row(i).1.iter().map(|&w| f64::from(w)).sum()).collect();
    let roots: Vec<f64> = degrees.iter().map(|d| if *d > 0.0 { 1.0 / d.sqrt() } else { 0.0 }).collect();
    let apply = |v: &[f64]| -> Vec<f64> {
        let row = |i: usize| {
            let (columns, weights) = graph.row(i);
            let sum: f64 =
                columns.iter().zip(weights).map(|(&j, &w)| f64::from(w) * roots[j as usize] * v[j as usize]).sum();
            0.5 * (v[i] + roots[i] * sum)
        };
        (0..n).into_par_iter().with_min_len(ROWS).map(row).collect()
    };
    // The trivial one is known: the square roots of the degrees. It is kept out throughout.
    let trivial = unit(degrees.iter().map(|d| d.sqrt()).collect());
    let mut basis: Vec<Vec<f64>> = Vec::new();
    let mut next: Vec<f64> = (0..n).map(|_| normal(random)).collect();
    for _ in 0..N_VECTORS.min(n.saturating_sub(1)) {
        for _ in 0..2 {
            remove(&mut next, std::iter::once(&trivial).chain(&basis));
        }
        if dot(&next, &next) < 1e-24 {
            break;
        }
        let vector = unit(next);
        next = apply(&vector);
        basis.push(vector);
    }
    let m = basis.len();
    let images: Vec<Vec<f64>> = basis.iter().map(|v| apply(v)).collect();
    let small = DMatrix::from_fn(m, m, |i, j| dot(&basis[i], &images[j]));
    let eigen = SymmetricEigen::new((&small + small.transpose()) * 0.5);
    let mut order: Vec<usize> = (0..m).collect();
    order.sort_by(|&a, &b| eigen.eigenvalues[b].total_cmp(&eigen.eigenvalues[a]));
    let mut points = Array2::zeros((n, n_dims));
    for (c, &at) in order.iter().take(n_dims).enumerate() {
        for (j, vector) in basis.iter().enumerate() {
            let weight = eigen.eigenvectors[(j, at)];
            points.column_mut(c).iter_mut().zip(vector).for_each(|(to, x)| *to += weight * x);
        }
    }
    points
}

/// In parts that the data fix, so that threads do not show.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let part = |(a, b): (&[f64], &[f64])| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let parts: Vec<f64> = a.par_chunks(ROWS).zip(b.par_chunks(ROWS)).map(part).collect();
    parts.iter().sum()
}

fn unit(mut v: Vec<f64>) -> Vec<f64> {
    let length = dot(&v, &v).sqrt();
    v.iter_mut().for_each(|x| *x /= length.max(f64::MIN_POSITIVE));
    v
}

/// Makes `v` orthogonal to unit vectors.
fn remove<'a>(v: &mut [f64], others: impl Iterator<Item = &'a Vec<f64>>) {
    for other in others {
        let along = dot(v, other);
        v.iter_mut().zip(other).for_each(|(x, o)| *x -= along * o);
    }
}
