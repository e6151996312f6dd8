//! What a solver asks of a kernel matrix.

use crate::Result;
use crate::ops::rbf::TrainingRows;
use ndarray::Array2;

/// A kernel matrix K of `n_rows × n_rows` that does not exist as such.
pub trait Gram {
    /// Its rows.
    fn n_rows(&self) -> usize;

    /// K of the chosen rows among themselves.
    fn block(&self, chosen: &[u32]) -> Array2<f64>;

    /// `sums[j] += Σ_i coefficients[i] K(chosen[i], j)`, as exact as is cheap.
    ///
    /// # Errors
    /// If the device fails.
    fn add_products(&mut self, chosen: &[u32], coefficients: &[f64], sums: &mut [f64]) -> Result<()>;

    /// The same sums from nothing, in f64 throughout.
    fn exact_products(&self, chosen: &[u32], coefficients: &[f64]) -> Vec<f64>;
}

impl Gram for TrainingRows {
    fn n_rows(&self) -> usize {
        Self::n_rows(self)
    }

    fn block(&self, chosen: &[u32]) -> Array2<f64> {
        Self::block(self, chosen).mapv(f64::from)
    }

    fn add_products(&mut self, chosen: &[u32], coefficients: &[f64], sums: &mut [f64]) -> Result<()> {
        Self::add_products(self, chosen, coefficients, sums)
    }

    fn exact_products(&self, chosen: &[u32], coefficients: &[f64]) -> Vec<f64> {
        Self::exact_products(self, chosen, coefficients)
    }
}
