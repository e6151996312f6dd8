//! Arrow IPC, file and stream.
//!
//! Dictionary columns are written as plain text: an IPC file can hold one dictionary a column only, and every batch
//! may bring its own.

use arrow_array::RecordBatch;
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef};
use std::sync::Arc;

/// The schema with every dictionary and run-end encoding dissolved.
pub(super) fn flat_schema(schema: &Schema) -> Schema {
    let flat = |field: &Arc<Field>| match field.data_type() {
        DataType::Dictionary(_, values) => Arc::new(field.as_ref().clone().with_data_type(values.as_ref().clone())),
        DataType::RunEndEncoded(_, values) => {
            Arc::new(field.as_ref().clone().with_data_type(values.data_type().clone()))
        }
        _ => field.clone(),
    };
    Schema::new_with_metadata(schema.fields().iter().map(flat).collect::<Vec<_>>(), schema.metadata().clone())
}

/// The batch with its dictionaries dissolved.
pub(super) fn flat_batch(batch: &RecordBatch, flat: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    let columns = batch.columns().iter().zip(flat.fields()).map(|(column, field)| {
        if column.data_type() == field.data_type() {
            return Ok(column.clone());
        }
        arrow_cast::cast(column, field.data_type())
    });
    let options = arrow_array::RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(flat.clone(), columns.collect::<Result<_, _>>()?, &options)
}
