//! One schema for several files: columns by name, in order of first appearance, each as wide as its widest type.

use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};
use std::collections::HashMap;
use std::sync::Arc;

/// The columns of the files so far.
#[derive(Debug, Default)]
pub(super) struct Union {
    fields: Vec<(String, DataType)>,
    places: HashMap<String, usize>,
}

impl Union {
    /// The columns of one file.
    #[cfg(test)]
    pub fn of(schema: &Schema) -> Self {
        let mut union = Self::default();
        union.add(schema);
        union
    }

    /// Takes in a file's columns.
    pub fn add(&mut self, schema: &Schema) {
        for field in schema.fields() {
            match self.places.get(field.name()) {
                Some(&place) => {
                    let (_, data_type) = &mut self.fields[place];
                    *data_type = wider(data_type, field.data_type());
                }
                None => {
                    self.places.insert(field.name().clone(), self.fields.len());
                    self.fields.push((field.name().clone(), field.data_type().clone()));
                }
            }
        }
    }

    /// Whether `schema` has columns that none had so far.
    pub fn lacks(&self, schema: &Schema) -> bool {
        schema.fields().iter().any(|field| !self.places.contains_key(field.name()))
    }

    /// Columns that `schema` lacks.
    pub fn missing_in<'a>(&'a self, schema: &'a Schema) -> impl Iterator<Item = &'a str> {
        self.fields.iter().map(|(name, _)| name.as_str()).filter(|name| schema.index_of(name).is_err())
    }

    /// The united schema. A column that has no value anywhere is text.
    pub fn finish(&self) -> SchemaRef {
        let settled = |data_type: &DataType| if data_type.is_null() { DataType::Utf8 } else { data_type.clone() };
        let fields = self.fields.iter().map(|(name, data_type)| Field::new(name, settled(data_type), true));
        Arc::new(Schema::new(fields.collect::<Vec<_>>()))
    }
}

/// What a type is among the four that text has.
fn plain(data_type: &DataType) -> Option<DataType> {
    use DataType::*;
    match data_type {
        Int8 | Int16 | Int32 | Int64 | UInt8 | UInt16 | UInt32 => Some(Int64),
        UInt64 | Float16 | Float32 | Float64 | Decimal32(..) | Decimal64(..) | Decimal128(..) | Decimal256(..) => {
            Some(Float64)
        }
        Utf8 | LargeUtf8 | Utf8View => Some(Utf8),
        Dictionary(_, values) => plain(values),
        Boolean => Some(Boolean),
        _ => None,
    }
}

/// The type that holds the values of both.
fn wider(a: &DataType, b: &DataType) -> DataType {
    use DataType::*;
    if a == b {
        return a.clone();
    }
    match (a, b) {
        // No number type of the text formats holds all of these integers, and they are ids as often as not.
        (UInt64, UInt8 | UInt16 | UInt32) | (UInt8 | UInt16 | UInt32, UInt64) => UInt64,
        (UInt64, Null) | (Null, UInt64) => Utf8,
        (UInt64, other) | (other, UInt64) if plain(other) == Some(Int64) => Utf8,
        (Null, known) | (known, Null) => plain(known).unwrap_or_else(|| known.clone()),
        (Timestamp(unit_a, zone_a), Timestamp(unit_b, zone_b)) => {
            // The coarser unit reaches further; below a microsecond flow records say nothing.
            let fine = *unit_a == TimeUnit::Nanosecond && *unit_b == TimeUnit::Nanosecond;
            let unit = if fine { TimeUnit::Nanosecond } else { TimeUnit::Microsecond };
            Timestamp(unit, zone_a.clone().or_else(|| zone_b.clone()))
        }
        _ => match (plain(a), plain(b)) {
            (Some(a), Some(b)) if a == b => a,
            (Some(Int64 | Float64), Some(Int64 | Float64)) => Float64,
            _ => Utf8,
        },
    }
}

/// The type that a text format reads a column as, given what is known and what its head suggests: the wider of the two,
/// so that neither a head without fractions nor a training file without them costs a record.
pub(super) fn known_as_text(known: &DataType, suggested: &DataType) -> DataType {
    match (plain(known), suggested) {
        // An unsigned or decimal column of whole numbers stays whole.
        (Some(DataType::Float64), DataType::Int64) if !known.is_floating() => DataType::Int64,
        (Some(DataType::Int64), DataType::Float64) => DataType::Float64,
        (Some(DataType::Int64 | DataType::Float64), DataType::Utf8 | DataType::Boolean) => DataType::Utf8,
        (Some(plain), _) => plain,
        (None, _) => suggested.clone(),
    }
}
