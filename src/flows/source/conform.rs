//! Columns as a file has them → columns as the whole input has them: by name, in the input's order, missing ones null,
//! narrower types widened. Equal columns are handed on without a copy.

use super::csv::names::unique;
use crate::flows::instant::{Zone, push_timestamp};
use crate::{Error, Result};
use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type};
use arrow_array::{ArrayRef, DictionaryArray, RecordBatch, RecordBatchOptions, StringArray, new_null_array};
use arrow_cast::CastOptions;
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef, TimeUnit};
use std::collections::HashMap;
use std::sync::Arc;

/// Brings a batch to `schema`.
///
/// # Errors
/// If a column cannot be represented in the input's type for it.
pub(crate) fn conform(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
    if batch.schema_ref() == schema {
        return Ok(batch.clone());
    }
    let met = batch.schema_ref();
    let by_name: HashMap<&str, usize> =
        met.fields().iter().enumerate().rev().map(|(index, field)| (field.name().as_str(), index)).collect();
    let columns = schema
        .fields()
        .iter()
        .map(|field| match by_name.get(field.name().as_str()) {
            Some(&index) => widen(batch.column(index), field),
            None => Ok(new_null_array(field.data_type(), batch.num_rows())),
        })
        .collect::<Result<Vec<_>>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(schema.clone(), columns, &options).map_err(|e| Error::Schema(e.to_string()))
}

fn widen(column: &ArrayRef, field: &Field) -> Result<ArrayRef> {
    if column.data_type() == field.data_type() {
        return Ok(column.clone());
    }
    if let DataType::Timestamp(unit, zone) = column.data_type()
        && let Some(instants) = instants(column, *unit, zone.as_deref(), field.data_type())
    {
        return instants.map_err(|e| refused(column, field, &e));
    }
    cast(column, field.data_type()).map_err(|e| refused(column, field, &e))
}

fn refused(column: &ArrayRef, field: &Field, why: &ArrowError) -> Error {
    let (name, met, meant) = (field.name(), column.data_type(), field.data_type());
    Error::Schema(format!("column `{name}` is {met} here and {meant} in the input as a whole: {why}"))
}

/// Timestamps as text, or in another unit or zone, without the time-zone database that arrow-cast asks for. `None` for
/// any other target.
fn instants(
    column: &ArrayRef,
    unit: TimeUnit,
    zone: Option<&str>,
    target: &DataType,
) -> Option<std::result::Result<ArrayRef, ArrowError>> {
    // The numbers themselves: instants, whatever the zone; times of no stated zone are taken as UTC.
    let raw = || cast(column, &DataType::Int64);
    match target {
        DataType::Timestamp(to, _) => Some(
            raw()
                .and_then(|raw| cast(&raw, &DataType::Timestamp(unit, None)))
                .and_then(|unzoned| cast(&unzoned, &DataType::Timestamp(*to, None)))
                .and_then(|unzoned| cast(&unzoned, &DataType::Int64))
                .and_then(|raw| cast(&raw, target)),
        ),
        DataType::Utf8 => Some(raw().map(|raw| {
            let zone = Zone::of(zone);
            let written = raw.as_primitive::<Int64Type>().iter().map(|value| {
                value.map(|value| {
                    let mut text = Vec::with_capacity(32);
                    push_timestamp(value, unit, &zone, &mut text);
                    String::from_utf8_lossy(&text).into_owned()
                })
            });
            Arc::new(written.collect::<StringArray>()) as ArrayRef
        })),
        _ => None,
    }
}

fn cast(column: &ArrayRef, target: &DataType) -> std::result::Result<ArrayRef, ArrowError> {
    arrow_cast::cast_with_options(column, target, &CastOptions { safe: false, ..CastOptions::default() })
}

/// What columns of a file are read, and under which names and types.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Readable {
    /// Positions among the file's columns.
    pub kept: Vec<usize>,
    /// The columns kept: unique names (as text formats make them), nullable, dictionaries and run-ends of text and numbers dissolved into types
    /// that features know.
    pub schema: Schema,
    /// Names of nested and binary columns, which hold no single number or text.
    pub dropped: Vec<String>,
}

impl Readable {
    /// Sorts the columns of a file.
    pub fn of(file: &Schema) -> Self {
        let names = unique(&file.fields().iter().map(|field| field.name().clone()).collect::<Vec<_>>());
        let (mut kept, mut fields, mut dropped) = (Vec::new(), Vec::new(), Vec::new());
        for ((index, field), name) in file.fields().iter().enumerate().zip(names) {
            let Some(data_type) = readable_type(field.data_type()) else {
                dropped.push(name);
                continue;
            };
            kept.push(index);
            fields.push(Field::new(name, data_type, true));
        }
        Self { kept, schema: Schema::new(fields), dropped }
    }

    /// A batch of the kept columns, as decoded, under these names and with its own types.
    pub fn name(&self, batch: &RecordBatch) -> std::result::Result<RecordBatch, String> {
        let columns = batch.columns().iter().map(as_it_says).collect::<std::result::Result<Vec<_>, _>>();
        let columns = columns.map_err(|e| e.to_string())?;
        let fields: Vec<Arc<Field>> = self
            .schema
            .fields()
            .iter()
            .zip(&columns)
            .map(|(field, column)| Arc::new(Field::new(field.name(), column.data_type().clone(), true)))
            .collect();
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &options).map_err(|e| e.to_string())
    }

    /// `; nested or binary columns left out: a, b`, or nothing.
    pub fn left_out(&self) -> String {
        match self.dropped.as_slice() {
            [] => String::new(),
            names => format!("; nested or binary columns left out: {}", names.join(", ")),
        }
    }
}

/// A dictionary of the values that its type says: the parquet crate makes one of bytes and says that it is of text, where the file's Arrow schema
/// calls text what its own calls bytes.
fn as_it_says(column: &ArrayRef) -> std::result::Result<ArrayRef, ArrowError> {
    let DataType::Dictionary(_, values) = column.data_type() else { return Ok(column.clone()) };
    match column.as_dictionary_opt::<Int32Type>() {
        Some(dictionary) if dictionary.values().data_type() != values.as_ref() => {
            let values = cast(dictionary.values(), values)?;
            Ok(Arc::new(DictionaryArray::try_new(dictionary.keys().clone(), values)?))
        }
        _ => Ok(column.clone()),
    }
}

/// The type under which a column is read, or `None` for one that is not.
fn readable_type(data_type: &DataType) -> Option<DataType> {
    use DataType::*;
    match data_type {
        Struct(_) | List(_) | LargeList(_) | FixedSizeList(..) | ListView(_) | LargeListView(_) | Map(..)
        | Union(..) => None,
        Binary | LargeBinary | BinaryView | FixedSizeBinary(_) => None,
        Dictionary(_, values) => match values.as_ref() {
            Utf8 | LargeUtf8 | Utf8View => Some(Dictionary(Box::new(Int32), Box::new(Utf8))),
            Dictionary(..) => None,
            other => readable_type(other),
        },
        RunEndEncoded(_, values) => readable_type(values.data_type()),
        flat => Some(flat.clone()),
    }
}
