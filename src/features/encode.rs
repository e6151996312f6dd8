//! A plan bound to a schema: batches in, matrices out.

use super::categorical::{self, Lookup};
use super::numbers::{self, Numbers};
use super::numeric::NumericEncoder;
use super::plan::{ColumnEncoder, FeaturePlan};
use super::texts;
use crate::{Error, Result};
use arrow_array::RecordBatch;
use arrow_schema::{DataType, Schema};
use ndarray::Array2;

/// Rows encoded column after column before the next ones are begun: as many as keep their part of the matrix in cache.
const BLOCK: usize = 256;

/// A plan bound to the columns of a schema. `Send + Sync`; encoding takes `&self`, so batches are encoded in parallel.
#[derive(Debug)]
pub struct RowsToMatrix {
    n_features: usize,
    columns: Vec<BoundColumn>,
    unseen_columns: Vec<String>,
}

#[derive(Debug)]
struct BoundColumn {
    name: String,
    /// Its place in the schema.
    index: usize,
    /// Its first feature's place in a row of the matrix.
    offset: usize,
    encoder: BoundEncoder,
}

#[derive(Debug)]
enum BoundEncoder {
    Numeric(NumericEncoder),
    /// With its place in [`Encoded::unseen_by_column`].
    Categorical(Lookup, usize),
}

/// An encoded batch.
#[derive(Debug, Clone, PartialEq)]
pub struct Encoded {
    /// Row-major, one row per row of the batch, finite everywhere.
    pub matrix: Array2<f32>,
    /// Missing numeric values that took the sample's median.
    pub imputed: u64,
    /// Categorical values that the sample did not hold.
    pub unseen: u64,
    /// The same by column, parallel to [`RowsToMatrix::unseen_columns`].
    pub unseen_by_column: Vec<u64>,
}

impl FeaturePlan {
    /// Finds the plan's columns in a schema, by name. Types may differ from the sample's: numeric columns take any type of
    /// number, or text that is numbers; categorical ones any type of text or number.
    ///
    /// # Errors
    /// [`Error::Schema`] if columns are missing (it lists them, and what is there) or have types that cannot be read.
    pub fn bind(&self, schema: &Schema) -> Result<RowsToMatrix> {
        let place = |name: &str| schema.fields().iter().position(|field| field.name() == name);
        let absent: Vec<&str> =
            self.encoders().iter().map(ColumnEncoder::name).filter(|name| place(name).is_none()).collect();
        if !absent.is_empty() {
            return Err(absent_columns(&absent, schema));
        }
        let mut bound = RowsToMatrix { n_features: 0, columns: Vec::new(), unseen_columns: Vec::new() };
        for encoder in self.encoders() {
            let Some(index) = place(encoder.name()) else { continue };
            let data_type = schema.field(index).data_type();
            let name = encoder.name().to_owned();
            let offset = bound.n_features;
            bound.n_features += encoder.n_features();
            let encoder = match encoder {
                ColumnEncoder::Numeric(encoder) => {
                    check_numeric_type(&name, data_type)?;
                    BoundEncoder::Numeric(encoder.clone())
                }
                ColumnEncoder::Categorical(encoder) => {
                    categorical::check_type(&name, data_type)?;
                    bound.unseen_columns.push(name.clone());
                    BoundEncoder::Categorical(encoder.lookup(), bound.unseen_columns.len() - 1)
                }
            };
            bound.columns.push(BoundColumn { name, index, offset, encoder });
        }
        Ok(bound)
    }
}

fn absent_columns(absent: &[&str], schema: &Schema) -> Error {
    let list = |names: &[&str]| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let present: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    Error::Schema(format!(
        "the features need column{} {}, which the input does not have; it has {}",
        if absent.len() == 1 { "" } else { "s" },
        list(absent),
        if present.is_empty() { "no columns".to_owned() } else { list(&present) }
    ))
}

fn check_numeric_type(name: &str, data_type: &DataType) -> Result<()> {
    let temporal = matches!(
        data_type,
        DataType::Timestamp(..) | DataType::Date32 | DataType::Date64 | DataType::Time32(_) | DataType::Time64(_)
    );
    if numbers::is_number(data_type) || texts::is_text(data_type) || temporal || *data_type == DataType::Null {
        return Ok(());
    }
    Err(Error::Schema(format!("column `{name}` has type {data_type}, where the features need numbers")))
}

impl RowsToMatrix {
    /// Columns of the matrix.
    pub fn n_features(&self) -> usize {
        self.n_features
    }

    /// The categorical columns, to which [`Encoded::unseen_by_column`] is parallel.
    pub fn unseen_columns(&self) -> &[String] {
        &self.unseen_columns
    }

    /// Encodes a batch whose schema is the bound one.
    ///
    /// # Errors
    /// [`Error::Schema`] if it is not.
    pub fn encode(&self, batch: &RecordBatch) -> Result<Encoded> {
        let n_rows = batch.num_rows();
        let width = self.n_features;
        let mut values = vec![0.0_f32; n_rows * width];
        let mut unseen_by_column = vec![0; self.unseen_columns.len()];
        let mut imputed = 0;
        let mut columns = Vec::with_capacity(self.columns.len());
        for column in &self.columns {
            columns.push((column.offset, column.prepare(batch)?));
        }
        let (mut numbers, mut codes) = ([0.0_f64; BLOCK], [0_u32; BLOCK]);
        for (i, block) in values.chunks_mut((BLOCK * width).max(1)).enumerate() {
            let n = block.len() / width.max(1);
            let (Some(numbers), Some(codes)) = (numbers.get_mut(..n), codes.get_mut(..n)) else { continue };
            for (offset, column) in &columns {
                match column {
                    Prepared::Numeric(encoder, reader) => {
                        imputed += encoder.encode(reader, i * BLOCK, block, width, *offset, numbers);
                    }
                    Prepared::Categorical(lookup, column, place) => {
                        let unseen = lookup.encode(column, i * BLOCK, block, width, *offset, codes)?;
                        if let Some(count) = unseen_by_column.get_mut(*place) {
                            *count += unseen;
                        }
                    }
                }
            }
        }
        let matrix = Array2::from_shape_vec((n_rows, width), values)
            .map_err(|e| Error::Schema(format!("a batch of {n_rows} rows gave no matrix of {width} features: {e}")))?;
        Ok(Encoded { matrix, imputed, unseen: unseen_by_column.iter().sum(), unseen_by_column })
    }
}

/// A bound column and a batch's values of it.
enum Prepared<'a> {
    Numeric(&'a NumericEncoder, Numbers<'a>),
    Categorical(&'a Lookup, categorical::Coded<'a>, usize),
}

impl BoundColumn {
    fn prepare<'a>(&'a self, batch: &'a RecordBatch) -> Result<Prepared<'a>> {
        let schema = batch.schema_ref();
        let array = schema
            .fields()
            .get(self.index)
            .filter(|field| *field.name() == self.name)
            .and(batch.columns().get(self.index));
        let array = array.ok_or_else(|| absent_columns(&[&self.name], schema))?.as_ref();
        Ok(match &self.encoder {
            BoundEncoder::Numeric(encoder) => Prepared::Numeric(encoder, Numbers::new(array)?),
            BoundEncoder::Categorical(lookup, place) => Prepared::Categorical(lookup, lookup.prepare(array)?, *place),
        })
    }
}
