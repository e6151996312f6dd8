//! Training rows made ready for a solver.

use super::cpu::TrainingCpu;
use super::expansion::{check_finite, check_gamma, no_such_row};
use super::gpu::ProductsGpu;
use crate::device::Device;
use crate::{Error, Result};
use ndarray::{Array2, ArrayView2};

/// Training rows made ready on a device, for products with the kernel matrix K(x_i, x_j) of all of them.
#[derive(Debug)]
pub struct TrainingRows {
    host: TrainingCpu,
    /// Where the device is a GPU.
    products: Option<ProductsGpu>,
}

impl TrainingRows {
    /// Prepares `rows` (`n_rows × n_features`) on `device`. On the CPU, columns of the kernel matrix are kept in up to
    /// `cache` bytes; it changes no result.
    ///
    /// # Errors
    /// If a value is not finite, γ is out of range, there are more than 2³² − 1 rows, or the device cannot take them.
    pub fn prepare(rows: ArrayView2<'_, f32>, gamma: f64, device: &Device, cache: u64) -> Result<Self> {
        check_gamma(gamma)?;
        check_finite(rows, "row")?;
        if u32::try_from(rows.nrows()).is_err() {
            return Err(Error::parameter("n_rows", rows.nrows(), "row numbers are u32: fit on fewer rows"));
        }
        let products = match device {
            Device::Cpu => None,
            Device::Gpu(gpu) => Some(ProductsGpu::prepare(rows, gamma, gpu)?),
        };
        // A GPU computes kernels again rather than keep them.
        let cache = if products.is_some() { 0 } else { cache };
        Ok(Self { host: TrainingCpu::prepare(rows, gamma, cache), products })
    }

    /// Number of rows.
    pub fn n_rows(&self) -> usize {
        self.host.n_rows()
    }

    /// Adds `Σ_i coefficients[i] K(x_chosen[i], x_j)` to `sums[j]`, for every row j. Kernel values are f32's, within
    /// [`super::error_bound`]; on the CPU the sums are f64's, in the order of `chosen`, on a GPU those of up to 512 chosen
    /// rows are f32's.
    ///
    /// # Errors
    /// If the device fails, or a chosen row does not exist; on a GPU, `sums` may then have been added to in part.
    ///
    /// `chosen` holds row numbers, with one coefficient each; `sums` has one entry a row.
    pub fn add_products(&mut self, chosen: &[u32], coefficients: &[f64], sums: &mut [f64]) -> Result<()> {
        if let Some(products) = &self.products {
            return products.add_products(chosen, coefficients, sums);
        }
        if let Some(&row) = chosen.iter().find(|&&row| row as usize >= self.n_rows()) {
            return Err(no_such_row(row, self.n_rows()));
        }
        self.host.add_products(chosen, coefficients, sums);
        Ok(())
    }

    /// The GPU body, where there is one: its timings and counters.
    pub fn gpu(&self) -> Option<&ProductsGpu> {
        self.products.as_ref()
    }

    /// The kernel matrix of the `chosen` rows, symmetric to the bit, in f32 arithmetic; on the host.
    pub fn block(&self, chosen: &[u32]) -> Array2<f32> {
        self.host.block(chosen)
    }

    /// The kernels of the `chosen` rows with all rows, `chosen.len() × n_rows`, in f32 arithmetic; on the host.
    pub fn columns(&self, chosen: &[u32]) -> Array2<f32> {
        self.host.columns(chosen)
    }

    /// The same products from nothing and in f64 throughout, on the host: `Σ_i coefficients[i] K(x_chosen[i], x_j)` for
    /// every row j.
    pub fn exact_products(&self, chosen: &[u32], coefficients: &[f64]) -> Vec<f64> {
        self.host.exact_products(chosen, coefficients)
    }
}
