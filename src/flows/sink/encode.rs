//! The parallel half of a sink: a batch becomes bytes (text), a row group (Parquet) or a flat batch (Arrow); events are bytes
//! already.

use super::arrow::flat_batch;
use super::compress::pack;
use super::ndjson::JsonLines;
use super::parquet::{ParquetEncoder, RowGroup};
use super::text::Delimited;
use crate::flows::source::Compression;
use crate::{Error, Result};
use arrow_array::RecordBatch;
use arrow_schema::{ArrowError, Schema, SchemaRef};
use std::sync::Arc;

/// Encodes batches for one [`super::Sink`]; cheap to clone, used from any number of threads at once. What a batch
/// becomes depends on the batch alone.
#[derive(Clone)]
pub struct RowEncoder {
    inner: Arc<Inner>,
}

struct Inner {
    schema: SchemaRef,
    form: Form,
}

enum Form {
    Text(TextForm, Compression),
    Parquet(ParquetEncoder),
    Arrow(SchemaRef),
    /// Whole records for parts, or for one stream.
    Events {
        in_parts: bool,
        compression: Compression,
    },
}

/// The text formats.
pub(super) enum TextForm {
    Delimited(Delimited),
    JsonLines(JsonLines),
}

/// A batch that only needs to be written.
pub struct Encoded {
    pub(super) rows: u64,
    pub(super) piece: Piece,
}

pub(super) enum Piece {
    /// From a batch without rows: no row group, no empty gzip member.
    Nothing,
    Bytes(Vec<u8>),
    RowGroup(RowGroup),
    Batch(RecordBatch),
    Records(Records),
}

/// Records as bytes, each whole with its line ends.
#[derive(Debug, Default)]
pub(crate) struct Records {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Records {
    /// Adds what `write` appends as one record.
    pub fn push(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        write(&mut self.bytes);
        self.ends.push(self.bytes.len());
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Each record's bytes.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, &end)| self.bytes.get(start..end).unwrap_or_default())
    }
}

impl Encoded {
    /// Rows in it.
    pub fn rows(&self) -> u64 {
        self.rows
    }
}

impl TextForm {
    /// What stands before all rows, packed.
    pub fn head(&self, schema: &Schema, compression: Compression) -> std::io::Result<Vec<u8>> {
        match self {
            Self::Delimited(form) => pack(form.header(schema), compression),
            Self::JsonLines(_) => pack(Vec::new(), compression),
        }
    }

    fn rows(&self, batch: &RecordBatch) -> Result<Vec<u8>, ArrowError> {
        match self {
            Self::Delimited(form) => form.rows(batch),
            Self::JsonLines(form) => form.rows(batch),
        }
    }
}

impl RowEncoder {
    /// Whether small batches make a bad file: each is a row group of its own.
    pub fn wants_large_batches(&self) -> bool {
        matches!(self.inner.form, Form::Parquet(_))
    }

    pub(super) fn text(schema: SchemaRef, form: TextForm, compression: Compression) -> Self {
        Self { inner: Arc::new(Inner { schema, form: Form::Text(form, compression) }) }
    }

    pub(super) fn parquet(schema: SchemaRef, encoder: ParquetEncoder) -> Self {
        Self { inner: Arc::new(Inner { schema, form: Form::Parquet(encoder) }) }
    }

    pub(super) fn arrow(schema: SchemaRef, flat: SchemaRef) -> Self {
        Self { inner: Arc::new(Inner { schema, form: Form::Arrow(flat) }) }
    }

    pub(super) fn events(schema: SchemaRef, in_parts: bool, compression: Compression) -> Self {
        Self { inner: Arc::new(Inner { schema, form: Form::Events { in_parts, compression } }) }
    }

    /// Encodes events for a sink of events.
    ///
    /// # Errors
    /// If the sink is one of rows.
    pub(crate) fn records(&self, records: Records) -> Result<Encoded> {
        let Form::Events { in_parts, compression } = self.inner.form else {
            return Err(Error::Schema("the output takes rows, not events".into()));
        };
        let rows = records.len() as u64;
        let piece = match rows {
            0 => Piece::Nothing,
            _ if in_parts => Piece::Records(records),
            _ => Piece::Bytes(pack(records.bytes, compression).map_err(|e| refused(&e))?),
        };
        Ok(Encoded { rows, piece })
    }

    /// Encodes a batch: all of the work that is worth a thread.
    ///
    /// # Errors
    /// If the batch's columns are not those that the sink was created with.
    pub fn encode(&self, batch: &RecordBatch) -> Result<Encoded> {
        self.check(batch)?;
        if batch.num_rows() == 0 {
            return Ok(Encoded { rows: 0, piece: Piece::Nothing });
        }
        let piece = match &self.inner.form {
            Form::Text(form, compression) => {
                let text = form.rows(batch).map_err(|e| refused(&e))?;
                Piece::Bytes(pack(text, *compression).map_err(|e| refused(&e))?)
            }
            Form::Parquet(encoder) => Piece::RowGroup(encoder.row_group(batch).map_err(|e| refused(&e))?),
            Form::Events { .. } => return Err(Error::Schema("the output takes events, not rows".into())),
            Form::Arrow(flat) => Piece::Batch(flat_batch(batch, flat).map_err(|e| refused(&e))?),
        };
        Ok(Encoded { rows: batch.num_rows() as u64, piece })
    }

    fn check(&self, batch: &RecordBatch) -> Result<()> {
        let (met, meant) = (batch.schema_ref().fields(), self.inner.schema.fields());
        let same = met.len() == meant.len()
            && met.iter().zip(meant).all(|(a, b)| a.name() == b.name() && a.data_type() == b.data_type());
        if same {
            return Ok(());
        }
        let list = |fields: &arrow_schema::Fields| {
            fields.iter().map(|f| format!("{} {}", f.name(), f.data_type())).collect::<Vec<_>>().join(", ")
        };
        Err(Error::Schema(format!("the output was opened for columns {}; a batch has {}", list(meant), list(met))))
    }
}

fn refused(error: &dyn std::fmt::Display) -> Error {
    Error::Schema(format!("a batch cannot be written: {error}"))
}
