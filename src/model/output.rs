//! The columns that scoring adds to a table, and what happens where their names are taken.

use super::Scored;
use crate::{Error, Result};
use arrow_array::{ArrayRef, BooleanArray, Float64Array, RecordBatch, RecordBatchOptions};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use std::sync::Arc;

/// Names of the added columns, before any prefix: score (f64), severity (f64 in [0, 1)), verdict (boolean).
pub const ADDED: [&str; 3] = ["anomaly_score", "severity", "anomaly"];

/// How scored tables look.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct OutputColumns {
    /// Put before the names of the added columns.
    pub prefix: String,
    /// Leave the input's columns out.
    pub scores_only: bool,
}

/// The output's schema, worked out once for all batches of an input schema.
#[derive(Debug, Clone)]
pub struct OutputPlan {
    schema: SchemaRef,
    kept: Vec<usize>,
    replaced: Vec<String>,
}

impl OutputPlan {
    /// Input columns in their order, then the added ones. An input column that has the name of an added one is left
    /// out, and named by [`OutputPlan::replaced`].
    ///
    /// # Errors
    /// If the prefix has a control character, which no format carries well in a name.
    pub fn new(input: &Schema, options: &OutputColumns) -> Result<Self> {
        if options.prefix.contains(char::is_control) {
            let met = options.prefix.escape_debug();
            return Err(Error::parameter("prefix", format!("`{met}`"), "it may not contain control characters"));
        }
        let names = ADDED.map(|name| format!("{}{name}", options.prefix));
        let is_taken = |index: &usize| input.fields().get(*index).is_some_and(|field| names.contains(field.name()));
        let (replaced, kept): (Vec<usize>, Vec<usize>) = match options.scores_only {
            true => (Vec::new(), Vec::new()),
            false => (0..input.fields().len()).partition(is_taken),
        };
        let field = |index: &usize| input.fields().get(*index).cloned();
        let mut fields: Vec<Arc<Field>> = kept.iter().filter_map(field).collect();
        let types = [DataType::Float64, DataType::Float64, DataType::Boolean];
        fields
            .extend(names.into_iter().zip(types).map(|(name, data_type)| Arc::new(Field::new(name, data_type, false))));
        let schema = Arc::new(Schema::new_with_metadata(fields, input.metadata().clone()));
        let replaced = replaced.iter().filter_map(field).map(|field| field.name().clone()).collect();
        Ok(Self { schema, kept, replaced })
    }

    /// The output's schema.
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// Input columns that give way to added ones of the same name.
    pub fn replaced(&self) -> &[String] {
        &self.replaced
    }

    /// Adds `scored` to the rows it was made from.
    ///
    /// # Errors
    /// If `batch` has another schema than the plan was made for, or another number of rows than `scored`.
    pub fn attach(&self, batch: &RecordBatch, scored: Scored) -> Result<RecordBatch> {
        let schema_error =
            |error: arrow_schema::ArrowError| Error::Schema(format!("scored rows do not fit their table: {error}"));
        let mut columns: Vec<ArrayRef> = batch.project(&self.kept).map_err(schema_error)?.columns().to_vec();
        columns.push(Arc::new(Float64Array::from(scored.score)));
        columns.push(Arc::new(Float64Array::from(scored.severity)));
        columns.push(Arc::new(BooleanArray::from(scored.anomaly)));
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        RecordBatch::try_new_with_options(self.schema(), columns, &options).map_err(schema_error)
    }
}
