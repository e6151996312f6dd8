//! The arrays of a detector of neighbours: its sections of a model file.
//!
//! - `rows`: f32 a value, the reference rows one after the other;
//! - `k_dist`: f64 a reference row, the distance to its k-th neighbour (local outlier factor);
//! - `lrd`: f64 a reference row, its local reachability density (local outlier factor).

use super::container::Sections;
use super::numbers::{from_f32s, from_f64s, to_f32s, to_f64s};
use crate::detectors::{LocalOutlierFactor, LocalOutlierFactorParams, NearestNeighbors, NearestNeighborsParams};
use ndarray::Array2;

const REFERENCE_ROWS: &str = "reference rows";

const ROWS: &str = "rows";
const K_DISTANCE: &str = "k_dist";
const LRD: &str = "lrd";

/// The sections of a local outlier factor.
pub(super) fn pack_factor(detector: &LocalOutlierFactor) -> [(&'static str, Vec<u8>); 3] {
    [
        (ROWS, from_f32s(detector.references())),
        (K_DISTANCE, from_f64s(detector.k_distance())),
        (LRD, from_f64s(detector.lrd())),
    ]
}

/// The sections of a detector of nearest neighbours.
pub(super) fn pack_nearest(detector: &NearestNeighbors) -> [(&'static str, Vec<u8>); 1] {
    [(ROWS, from_f32s(detector.references()))]
}

/// The local outlier factor of the sections.
pub(super) fn unpack_factor(
    params: LocalOutlierFactorParams,
    shape: (usize, usize),
    sections: &mut Sections<'_>,
) -> Result<LocalOutlierFactor, String> {
    let [rows, k_distance, lrd] = sections.take([ROWS, K_DISTANCE, LRD])?;
    let cut = |name: &str| format!("its section `{name}` is cut off");
    let k_distance = to_f64s(k_distance).ok_or_else(|| cut(K_DISTANCE))?.collect();
    let lrd = to_f64s(lrd).ok_or_else(|| cut(LRD))?.collect();
    LocalOutlierFactor::from_parts(matrix(REFERENCE_ROWS, shape, rows)?.view(), k_distance, lrd, params)
        .map_err(|e| e.to_string())
}

/// The detector of nearest neighbours of the sections.
pub(super) fn unpack_nearest(
    params: NearestNeighborsParams,
    shape: (usize, usize),
    sections: &mut Sections<'_>,
) -> Result<NearestNeighbors, String> {
    let [rows] = sections.take([ROWS])?;
    NearestNeighbors::from_parts(matrix(REFERENCE_ROWS, shape, rows)?.view(), params).map_err(|error| error.to_string())
}

/// The reference rows; that they are finite is checked where they are made ready for the replay.
pub(super) fn matrix(what: &str, (n_rows, n_features): (usize, usize), bytes: &[u8]) -> Result<Array2<f32>, String> {
    let values = to_f32s(bytes).ok_or_else(|| format!("its {what} are cut off"))?;
    if n_rows.checked_mul(n_features) != Some(values.len()) {
        return Err(format!("it has {} values for {n_rows} {what} of {n_features} features", values.len()));
    }
    Array2::from_shape_vec((n_rows, n_features), values.collect()).map_err(|error| error.to_string())
}
