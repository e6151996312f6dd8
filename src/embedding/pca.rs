//! Principal components (Pearson 1901), from which layouts start.

use crate::{Error, Result};
use nalgebra::{DMatrix, SymmetricEigen};
use ndarray::{Array1, Array2, ArrayView2, Axis};
use rayon::prelude::*;

/// Rows over which a part of the covariance is summed.
const CHUNK: usize = 4096;

/// Scores of the first `n_components` components, `n_rows × n_components`: centred, not scaled, columns beyond the number of
/// features 0. The sign of a component is such that its largest loading is positive.
///
/// # Errors
/// If there are no rows, or values that are not finite.
pub fn pca(rows: ArrayView2<'_, f32>, n_components: usize) -> Result<Array2<f64>> {
    let (n_rows, n_features) = rows.dim();
    if n_rows == 0 {
        return Err(Error::parameter("n_rows", 0, "principal components need at least one row"));
    }
    if let Some(x) = rows.iter().find(|x| !x.is_finite()) {
        return Err(Error::parameter("value", x, "principal components need finite values"));
    }
    let chunks = || rows.axis_chunks_iter(Axis(0), CHUNK).into_par_iter().map(|chunk| chunk.mapv(f64::from));
    let sums: Vec<Array1<f64>> = chunks().map(|chunk| chunk.sum_axis(Axis(0))).collect();
    let mean = sums.into_iter().fold(Array1::<f64>::zeros(n_features), |sum, part| sum + part) / n_rows as f64;
    let parts: Vec<Array2<f64>> = chunks()
        .map(|chunk| {
            let centred = chunk - &mean;
            centred.t().dot(&centred)
        })
        .collect();
    let covariance = parts.into_iter().fold(Array2::<f64>::zeros((n_features, n_features)), |sum, part| sum + part);

    let loadings = loadings(&covariance, n_components);
    let scores: Vec<Array2<f64>> = chunks().map(|chunk| (chunk - &mean).dot(&loadings)).collect();
    let mut all = Array2::zeros((n_rows, n_components));
    for (mut to, from) in all.axis_chunks_iter_mut(Axis(0), CHUNK).zip(&scores) {
        to.assign(from);
    }
    Ok(all)
}

/// Eigenvectors of the largest eigenvalues, by column.
fn loadings(covariance: &Array2<f64>, n_components: usize) -> Array2<f64> {
    let n = covariance.nrows();
    let mut loadings = Array2::zeros((n, n_components));
    if n == 0 {
        return loadings;
    }
    let eigen = SymmetricEigen::new(DMatrix::from_fn(n, n, |i, j| covariance[[i, j]]));
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&a, &b| eigen.eigenvalues[b].total_cmp(&eigen.eigenvalues[a]));
    for (mut loading, &at) in loadings.columns_mut().into_iter().zip(&order) {
        let vector = eigen.eigenvectors.column(at);
        let largest = vector.iter().fold(0f64, |largest, x| if x.abs() > largest.abs() { *x } else { largest });
        loading.iter_mut().zip(vector.iter()).for_each(|(to, x)| *to = x * largest.signum());
    }
    loadings
}

#[cfg(test)]
mod tests;
