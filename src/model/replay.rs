//! A few training rows and their scores, replayed on the CPU when a model is loaded: a model that would score
//! differently here than where it was fitted does not load.
//!
//! Only the columns that features are made of are kept (no address or name of a host gets into a model this way), in
//! four plain types; the stored scores are those of the rows so reduced.

use crate::features::FeaturePlan;
use crate::words::counted;
use crate::{Error, Result};
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type};
use arrow_array::{
    Array, ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, RecordBatchOptions, StringArray,
};
use arrow_schema::{DataType, Field, Schema};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Most rows that are stored.
pub const MAX_ROWS: usize = 16;

/// Rows and their scores.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Replay {
    pub columns: Vec<ReplayColumn>,
    pub scores: Vec<f64>,
}

/// One column's values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReplayColumn {
    name: String,
    values: Values,
}

/// Values in one of four plain types; text stands for every kind of string.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Values {
    Integer(Vec<Option<i64>>),
    Number(Vec<Option<f64>>),
    Boolean(Vec<Option<bool>>),
    Text(Vec<Option<String>>),
}

impl Replay {
    /// The columns of `rows` (the first [`MAX_ROWS`]) that `features` are made of, with no scores yet.
    pub(super) fn new(features: &FeaturePlan, rows: &RecordBatch) -> Result<Self> {
        let rows = rows.slice(0, rows.num_rows().min(MAX_ROWS));
        let mut columns = Vec::new();
        for summary in features.columns().iter().filter(|column| column.n_features > 0) {
            let Some(array) = rows.column_by_name(&summary.name) else {
                return Err(Error::Schema(format!(
                    "column `{}` of the features is not in the training rows",
                    summary.name
                )));
            };
            columns.push(ReplayColumn { name: summary.name.clone(), values: Values::of(array)? });
        }
        Ok(Self { columns, scores: Vec::new() })
    }

    /// The rows as a batch.
    pub(super) fn batch(&self) -> Result<RecordBatch, String> {
        let n_rows = self.columns.first().map_or(0, |column| column.values.len());
        if n_rows == 0 || n_rows > MAX_ROWS || self.columns.iter().any(|column| column.values.len() != n_rows) {
            return Err(format!("its rows to replay must be 1 to {MAX_ROWS}, in columns of equal length"));
        }
        let arrays: Vec<ArrayRef> = self.columns.iter().map(|column| column.values.array()).collect();
        let field =
            |(column, array): (&ReplayColumn, &ArrayRef)| Field::new(&column.name, array.data_type().clone(), true);
        let fields: Vec<Field> = self.columns.iter().zip(&arrays).map(field).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(n_rows));
        RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options).map_err(|e| e.to_string())
    }

    /// Compares scores, bit for bit.
    pub(super) fn check(&self, scores: &[f64]) -> Result<(), String> {
        let differs = |(a, b): (&f64, &f64)| a.to_bits() != b.to_bits();
        if scores.len() != self.scores.len() {
            return Err(format!(
                "it stores {} for {} to replay",
                counted(self.scores.len(), "score"),
                counted(scores.len(), "row")
            ));
        }
        match scores.iter().zip(&self.scores).position(|pair| differs((pair.0, pair.1))) {
            None => Ok(()),
            Some(row) => Err(format!(
                "its training row {} scores {} here and {} where it was fitted: it was altered, or this oddflow encodes or scores \
                 differently; fit again",
                row + 1,
                scores.get(row).copied().unwrap_or_default(),
                self.scores.get(row).copied().unwrap_or_default(),
            )),
        }
    }
}

impl Values {
    fn of(array: &dyn Array) -> Result<Self> {
        let to = |data_type: &DataType| {
            arrow_cast::cast(array, data_type)
                .map_err(|e| Error::Schema(format!("a training row cannot be stored: {e}")))
        };
        Ok(match array.data_type() {
            DataType::Boolean => Self::Boolean(array.as_boolean().iter().collect()),
            t if t.is_integer() || t.is_temporal() => {
                Self::Integer(to(&DataType::Int64)?.as_primitive::<Int64Type>().iter().collect())
            }
            t if t.is_numeric() => {
                let finite = |value: Option<f64>| value.filter(|value| value.is_finite());
                Self::Number(to(&DataType::Float64)?.as_primitive::<Float64Type>().iter().map(finite).collect())
            }
            _ => {
                let owned = |value: Option<&str>| value.map(str::to_owned);
                Self::Text(to(&DataType::Utf8)?.as_string::<i32>().iter().map(owned).collect())
            }
        })
    }

    fn len(&self) -> usize {
        match self {
            Self::Integer(values) => values.len(),
            Self::Number(values) => values.len(),
            Self::Boolean(values) => values.len(),
            Self::Text(values) => values.len(),
        }
    }

    fn array(&self) -> ArrayRef {
        match self {
            Self::Integer(values) => Arc::new(Int64Array::from(values.clone())),
            Self::Number(values) => Arc::new(Float64Array::from(values.clone())),
            Self::Boolean(values) => Arc::new(BooleanArray::from(values.clone())),
            Self::Text(values) => Arc::new(StringArray::from(values.clone())),
        }
    }
}
