//! What a pass meets in columns that have no room for it, and the types that have.

use super::text::columns::Misfit;
use crate::words::counted;
use arrow_array::{Array, ArrayRef};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Of so many values of a column of numbers, one that is no number is a broken record; more are what the column holds.
const VALUES_A_BROKEN_ONE: u64 = 1000;

/// A column whose type turned out too narrow.
#[derive(Debug, Clone, PartialEq)]
pub struct Widening {
    /// Its name.
    pub column: String,
    /// The type that has room for its values.
    pub data_type: DataType,
    /// What was met.
    pub reason: String,
}

impl fmt::Display for Widening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let data_type = if self.data_type == DataType::Float64 { "float64" } else { "text" };
        write!(f, "{} {}: read again as {data_type}", self.column, self.reason)
    }
}

/// Values of one kind: how many, and the place in the input of the first.
#[derive(Debug)]
struct Met {
    n: AtomicU64,
    first: AtomicU64,
}

impl Met {
    fn new() -> Self {
        Self { n: AtomicU64::new(0), first: AtomicU64::new(u64::MAX) }
    }

    fn note(&self, record: u64) {
        self.n.fetch_add(1, Relaxed);
        self.first.fetch_min(record, Relaxed);
    }

    fn any(&self) -> bool {
        self.n.load(Relaxed) > 0
    }

    fn from(&self) -> String {
        format!("from record {} on", self.first.load(Relaxed))
    }
}

/// The values of one column.
#[derive(Debug)]
struct Marks {
    values: AtomicU64,
    reals: Met,
    codes: Met,
    texts: Met,
}

/// What one pass met in each column of the input; noted from any thread.
#[derive(Debug)]
pub(super) struct Widened {
    /// Whether integer columns become real numbers on the way.
    pub survey: bool,
    columns: Vec<Marks>,
}

impl Widened {
    /// Nothing was met yet.
    pub fn new(n_columns: usize, survey: bool) -> Self {
        let marks = |_| Marks { values: AtomicU64::new(0), reals: Met::new(), codes: Met::new(), texts: Met::new() };
        Self { survey, columns: (0..n_columns).map(marks).collect() }
    }

    /// Notes a batch: the values of its columns, and those that did not fit (column, why, place in the input). Returns
    /// the schema that the columns have.
    pub fn note(
        &self,
        schema: &SchemaRef,
        columns: &[ArrayRef],
        misfits: &[(usize, Misfit, u64)],
        first: u64,
    ) -> SchemaRef {
        for (marks, column) in self.columns.iter().zip(columns) {
            marks.values.fetch_add((column.len() - column.null_count()) as u64, Relaxed);
        }
        for &(column, misfit, record) in misfits {
            let Some(marks) = self.columns.get(column) else { continue };
            // It stands in its column as null.
            marks.values.fetch_add(1, Relaxed);
            match misfit {
                Misfit::Real => marks.reals.note(record),
                Misfit::Code => marks.codes.note(record),
                Misfit::Text => marks.texts.note(record),
                // A declared time stays one.
                Misfit::Time => {}
            }
        }
        let same = |(field, column): (&Arc<Field>, &ArrayRef)| field.data_type() == column.data_type();
        if schema.fields().iter().zip(columns).all(same) {
            return SchemaRef::clone(schema);
        }
        for (marks, pair) in self.columns.iter().zip(schema.fields().iter().zip(columns)) {
            if !same(pair) {
                marks.reals.note(first);
            }
        }
        let fields = schema.fields().iter().zip(columns);
        let fields = fields.map(|(field, column)| field.as_ref().clone().with_data_type(column.data_type().clone()));
        Arc::new(Schema::new_with_metadata(fields.collect::<Vec<_>>(), schema.metadata().clone()))
    }

    /// Whether records were rejected, or lost digits, that another pass with the wider schema would keep. What a survey
    /// makes real numbers on the way needs none.
    pub fn wants_another_pass(&self, schema: &SchemaRef) -> bool {
        self.widenings(schema).any(|(_, widening)| !(self.survey && widening.data_type == DataType::Float64))
    }

    /// The schema with room for what was met, and the columns that changed.
    pub fn settle(&self, schema: &SchemaRef) -> (SchemaRef, Vec<Widening>) {
        let mut fields: Vec<Field> = schema.fields().iter().map(|field| field.as_ref().clone()).collect();
        let mut widenings = Vec::new();
        for (place, widening) in self.widenings(schema) {
            fields[place].set_data_type(widening.data_type.clone());
            widenings.push(widening);
        }
        (Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone())), widenings)
    }

    fn widenings(&self, schema: &SchemaRef) -> impl Iterator<Item = (usize, Widening)> {
        schema.fields().iter().zip(&self.columns).enumerate().filter_map(|(place, (field, marks))| {
            let (data_type, reason) = marks.verdict(field.data_type())?;
            Some((place, Widening { column: field.name().clone(), data_type, reason }))
        })
    }
}

impl Marks {
    fn verdict(&self, data_type: &DataType) -> Option<(DataType, String)> {
        if !matches!(data_type, DataType::Int64 | DataType::Float64 | DataType::Boolean) {
            return None;
        }
        let (values, texts) = (self.values.load(Relaxed), self.texts.n.load(Relaxed));
        if self.codes.any() {
            let from = self.codes.from();
            Some((DataType::Utf8, format!("holds numbers {from} that would lose digits (ids, leading zeros)")))
        } else if texts.saturating_mul(VALUES_A_BROKEN_ONE) > values {
            let from = self.texts.from();
            Some((DataType::Utf8, format!("holds text {from} ({texts} of {})", counted(values, "value"))))
        } else if *data_type == DataType::Int64 && self.reals.any() {
            Some((DataType::Float64, format!("holds numbers with fractions {}", self.reals.from())))
        } else {
            None
        }
    }
}
