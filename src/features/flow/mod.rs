//! Features of a flow alone, and the sets of features that detectors are given.
//!
//! [`FlowCounts`] counts the fit's sample, [`FlowStatistics`] keeps what was usual there, and [`derive()`] makes the
//! columns: [`DEFINITIONS`], then those of [`super::windows`]. [`basic()`] makes [`BASIC`], from
//! the eight columns of a KDD record.

mod basic;
mod bloom;
mod definitions;
mod locality;
mod phrases;
mod set;
mod statistics;
#[cfg(test)]
mod tests;
mod values;

pub use basic::{BASIC, N_BASIC, basic};
pub use definitions::{DEFINITIONS, N_FEATURES};
pub use locality::Locality;
pub use phrases::{BASIC_PHRASES, PHRASES, phrase_of};
pub use set::{FlowFeatures, FlowSet};
pub use statistics::{FlowCounts, FlowStatistics};

use super::Definition;
use super::windows;
use crate::flows::record::Flows;
use crate::{Error, Result};
use arrow_array::{Array, ArrayRef, Float32Array, RecordBatch, StringArray};
use arrow_schema::{Field, Schema};
use std::sync::Arc;

/// The feature whose values on rows that were fitted on leave the row itself out.
pub const LEFT_ONE_OUT: &str = "first_seen";

/// The columns of [`derive()`], in order.
pub fn definitions() -> impl Iterator<Item = &'static Definition> {
    DEFINITIONS.iter().chain(&windows::DEFINITIONS)
}

/// The default features: [`definitions`] as Float32 columns, null where missing.
///
/// `windows` is what [`windows::WindowFeatures::batch`] gives for the same rows. `was_counted`: whether row i is one of
/// those that the statistics were counted on, so that it does not make itself known; `|_| false` for new flows.
///
/// # Errors
/// If `windows` has not as many rows as `flows`.
pub fn derive(
    flows: &Flows,
    windows: &RecordBatch,
    statistics: &FlowStatistics,
    locality: &Locality,
    was_counted: impl Fn(usize) -> bool,
) -> Result<RecordBatch> {
    let n_rows = flows.start.len();
    let mut columns: Vec<Vec<Option<f32>>> = (0..N_FEATURES).map(|_| Vec::with_capacity(n_rows)).collect();
    for row in 0..n_rows {
        let values = values::values(flows, row, statistics, locality, was_counted(row));
        for (column, value) in columns.iter_mut().zip(values) {
            column.push((!value.is_nan()).then_some(value as f32));
        }
    }
    let alone = DEFINITIONS.iter().zip(columns);
    let alone = alone.map(|(d, values)| (d.name.to_owned(), Arc::new(Float32Array::from(values)) as ArrayRef));
    let schema = windows.schema();
    let around = schema.fields().iter().zip(windows.columns());
    let around = around.map(|(field, column)| (field.name().clone(), Arc::clone(column)));
    batch(alone.chain(around).collect())
}

fn batch(columns: Vec<(String, ArrayRef)>) -> Result<RecordBatch> {
    let fields: Vec<Field> = columns.iter().map(|(name, c)| Field::new(name, c.data_type().clone(), true)).collect();
    let columns = columns.into_iter().map(|(_, column)| column).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).map_err(|error| Error::Internal(error.to_string()))
}

fn text(column: &StringArray, row: usize) -> Option<&str> {
    (row < column.len() && column.is_valid(row)).then(|| column.value(row))
}
