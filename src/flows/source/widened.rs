//! Integer columns that a survey found to hold other numbers too.

use arrow_array::{Array, ArrayRef};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// One mark a column of the input; set from any thread.
#[derive(Debug)]
pub(super) struct Widened(Vec<AtomicBool>);

impl Widened {
    /// No column is widened yet.
    pub fn new(n_columns: usize) -> Self {
        Self((0..n_columns).map(|_| AtomicBool::new(false)).collect())
    }

    /// The schema of a batch with these columns; integer columns that became real numbers are remembered.
    pub fn note(&self, schema: &SchemaRef, columns: &[ArrayRef]) -> SchemaRef {
        let same = |(field, column): (&Arc<Field>, &ArrayRef)| field.data_type() == column.data_type();
        if schema.fields().iter().zip(columns).all(same) {
            return SchemaRef::clone(schema);
        }
        for (mark, pair) in self.0.iter().zip(schema.fields().iter().zip(columns)) {
            if !same(pair) {
                mark.store(true, Ordering::Relaxed);
            }
        }
        let fields = schema.fields().iter().zip(columns);
        let fields = fields.map(|(field, column)| field.as_ref().clone().with_data_type(column.data_type().clone()));
        Arc::new(Schema::new_with_metadata(fields.collect::<Vec<_>>(), schema.metadata().clone()))
    }

    /// The schema with the widened columns as real numbers.
    pub fn settle(&self, schema: &SchemaRef) -> SchemaRef {
        let fields = schema.fields().iter().zip(&self.0).map(|(field, mark)| {
            let field = field.as_ref().clone();
            if mark.load(Ordering::Relaxed) { field.with_data_type(DataType::Float64) } else { field }
        });
        Arc::new(Schema::new_with_metadata(fields.collect::<Vec<_>>(), schema.metadata().clone()))
    }
}
