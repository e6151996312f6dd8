//! The training rows that a detector of neighbours keeps, made ready once for each device.

use crate::device::Device;
use crate::ops::neighbors::Neighbors;
use crate::words::counted;
use crate::{Error, Result};
use ndarray::{Array2, ArrayView2};
use std::sync::{Arc, Mutex, PoisonError};

/// Most bytes of reference rows with what is kept for each: what a model file of 4 GiB holds beside a header and a
/// severity table of the largest size.
const MAX_BYTES: u64 = (4 << 30) - (128 << 20);

/// Reference rows (`n_references × n_features`) and, for each device that was asked for, the search structure over them:
/// making it ready is dear, and the fit, the replay and the scorer use the same.
#[derive(Debug)]
pub(super) struct ReferenceSet {
    rows: Array2<f32>,
    ready: Mutex<Vec<(Device, Arc<Neighbors>)>>,
}

impl ReferenceSet {
    /// Copies `rows`. `bytes_a_row` is what a model keeps for each row beside its features.
    ///
    /// # Errors
    /// If there are fewer than two rows or no features, or more than a model file holds.
    pub fn new(rows: ArrayView2<'_, f32>, bytes_a_row: u64) -> Result<Self> {
        let (n_rows, n_features) = rows.dim();
        if n_rows < 2 {
            return Err(Error::parameter(
                "n_rows",
                n_rows,
                "a row's neighbours are other rows: at least two are needed",
            ));
        }
        if n_features == 0 {
            return Err(Error::parameter("n_features", 0, "distances need at least one feature"));
        }
        let bytes = row_bytes(n_features) + bytes_a_row;
        if n_rows as u64 > MAX_BYTES / bytes {
            let limit = format!(
                "a model keeps them, {bytes} bytes each with {}, and its file has room for {}: use fewer (--reference-rows)",
                counted(n_features, "feature"),
                MAX_BYTES / bytes
            );
            return Err(Error::parameter("reference rows", n_rows, limit));
        }
        Ok(Self { rows: rows.as_standard_layout().into_owned(), ready: Mutex::default() })
    }

    pub fn rows(&self) -> ArrayView2<'_, f32> {
        self.rows.view()
    }

    pub fn n_rows(&self) -> usize {
        self.rows.nrows()
    }

    /// The neighbours each row is given of `asked`: there are never more than the other rows.
    pub fn n_neighbors(&self, asked: usize) -> usize {
        asked.min(self.n_rows().saturating_sub(1))
    }

    /// The search structure on `device`.
    ///
    /// # Errors
    /// If a value is not finite, or the device cannot take the rows.
    pub fn prepare(&self, device: &Device) -> Result<Arc<Neighbors>> {
        let mut ready = self.ready.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, neighbors)) = ready.iter().find(|(other, _)| is_same(other, device)) {
            return Ok(Arc::clone(neighbors));
        }
        let neighbors = Arc::new(Neighbors::prepare(self.rows.view(), device)?);
        ready.push((device.clone(), Arc::clone(&neighbors)));
        Ok(neighbors)
    }
}

/// Bytes of a row's features.
pub(super) fn row_bytes(n_features: usize) -> u64 {
    (n_features * size_of::<f32>()) as u64
}

fn is_same(a: &Device, b: &Device) -> bool {
    match (a, b) {
        (Device::Cpu, Device::Cpu) => true,
        (Device::Gpu(a), Device::Gpu(b)) => Arc::ptr_eq(a, b),
        _ => false,
    }
}
