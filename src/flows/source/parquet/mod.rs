//! Apache Parquet: row groups, or spans of large ones, are decoded on the workers.
//!
//! How rows are cut into spans, and spans into batches, is in [`spans`]; this module finds the columns,
//! chooses how text is decoded, and hands out the chunks.

mod damage;
mod fields;
mod footer;
mod headers;
pub(super) mod pages;
mod spans;
mod thrift;

use crate::flows::source::conform::Readable;
use crate::flows::source::contain::contained;
use crate::flows::source::positioned::PositionedFile;
use crate::flows::source::{Chunk, FileReader, OpenFile, Probe};
use crate::words::counted;
use crate::{Error, Result};
use arrow_schema::{DataType, Field, Schema};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::basic::Encoding;
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData};
use spans::{Decoding, SpanDecoder, Spans};
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

/// Columns of a Parquet file, from its footer.
///
/// # Errors
/// If it is no Parquet file or its footer is damaged.
pub(crate) fn probe(name: &str, path: &Path) -> Result<Probe> {
    let (_, footer) = footer(name, path)?;
    let readable = Readable::of(footer.schema());
    let (rows, groups) = (footer.metadata().file_metadata().num_rows(), footer.metadata().num_row_groups());
    let description = format!(
        "Parquet, {} in {}, {}{}",
        counted(rows.max(0), "row"),
        counted(groups, "row group"),
        counted(readable.kept.len(), "column"),
        readable.left_out()
    );
    let mut schema = readable.schema.clone();
    schema.fields = readable
        .kept
        .iter()
        .zip(readable.schema.fields())
        .map(|(&column, field)| match field.data_type() {
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View if in_dictionaries(&footer, column) => {
                Arc::new(field.as_ref().clone().with_data_type(text_dictionary()))
            }
            _ => field.clone(),
        })
        .collect();
    Ok(Probe { schema, description })
}

/// Opens a Parquet file for reading in chunks.
///
/// # Errors
/// As [`probe`].
pub(crate) fn open(path: &Path, place: OpenFile) -> Result<Box<dyn FileReader>> {
    let (file, footer) = footer(&place.name, path)?;
    let readable = Readable::of(footer.schema());
    let decoded = contained(|| reading_types(&footer, &readable, &place.schema).map_err(|e| e.to_string()))
        .map_err(|reason| Error::Damaged { file: place.name.clone(), records: 0, reason })?;
    let projection = ProjectionMask::roots(decoded.parquet_schema(), readable.kept.iter().copied());
    let rows: Vec<u64> =
        decoded.metadata().row_groups().iter().map(|g| u64::try_from(g.num_rows()).unwrap_or(0)).collect();
    let total = rows.iter().fold(0_u64, |sum, &rows| sum.saturating_add(rows));
    let spans = Spans::new(rows, place.batch_rows);
    let first_damage = Default::default();
    let shared = Arc::new(Decoding { file, footer: decoded, projection, readable, place, first_damage });
    Ok(Box::new(ParquetReader { shared, spans, span: None, total, records: 0 }))
}

struct ParquetReader {
    shared: Arc<Decoding>,
    spans: Spans,
    /// The span being handed out, and how many of its batches are.
    span: Option<(Arc<SpanDecoder>, usize)>,
    /// Rows of the file, as the footer has it.
    total: u64,
    records: u64,
}

impl ParquetReader {
    /// The next batch's decoder, its index within the span, and its rows.
    fn next_batch(&mut self) -> Option<(Arc<SpanDecoder>, usize, u64)> {
        loop {
            if let Some((decoder, given)) = &mut self.span
                && let Some(&rows) = decoder.span.batches.get(*given)
            {
                *given += 1;
                return Some((decoder.clone(), *given - 1, rows));
            }
            let span = self.spans.next()?;
            self.span = Some((Arc::new(SpanDecoder::new(self.shared.clone(), span, self.records)), 0));
        }
    }
}

impl FileReader for ParquetReader {
    fn next_chunk(&mut self) -> Result<Option<Chunk>> {
        let Some((decoder, index, rows)) = self.next_batch() else { return Ok(None) };
        let before = self.records;
        self.records = before.saturating_add(rows);
        let share = |rows: u64| {
            (u128::from(self.shared.file.bytes()) * u128::from(rows) / u128::from(self.total.max(1))) as u64
        };
        let source_bytes = share(self.records).saturating_sub(share(before));
        Ok(Some(Chunk::new(source_bytes, move || decoder.batch(index))))
    }

    fn records(&self) -> u64 {
        self.records
    }
}

/// The file and its footer, with the types that Arrow's own metadata in it tells.
fn footer(name: &str, path: &Path) -> Result<(PositionedFile, ArrowReaderMetadata)> {
    let file = PositionedFile::open(path).map_err(|e| Error::io(path, e))?;
    let mut magic = [0; 4];
    let begins = file.from(0).read_exact(&mut magic).is_ok();
    if !begins || &magic != b"PAR1" {
        return Err(Error::UnknownFormat {
            file: name.into(),
            reason: "does not begin like a Parquet file (`PAR1`)".into(),
        });
    }
    let damaged = |reason| Error::Damaged { file: name.into(), records: 0, reason };
    footer::check(&file).map_err(damaged)?;
    let load = || ArrowReaderMetadata::load(&file, ArrowReaderOptions::new()).map_err(|e| e.to_string());
    let footer = contained(load).map_err(damaged)?;
    if let Some(group) = footer.metadata().row_groups().iter().position(|g| g.num_rows() < 0) {
        return Err(damaged(format!("row group {group} claims a negative number of rows")));
    }
    Ok((file, footer))
}

/// The footer again, with text columns decoded straight into what the input as a whole has them as.
fn reading_types(
    footer: &ArrowReaderMetadata,
    readable: &Readable,
    input: &Schema,
) -> parquet::errors::Result<ArrowReaderMetadata> {
    let mut fields: Vec<Arc<Field>> = footer.schema().fields().to_vec();
    for (&column, field) in readable.kept.iter().zip(readable.schema.fields()) {
        let Some(meant) = input.fields().iter().find(|f| f.name() == field.name()) else { continue };
        if let Some(slot) = fields.get_mut(column).filter(|f| is_text(f.data_type()) && is_text(meant.data_type())) {
            *slot = Arc::new(slot.as_ref().clone().with_data_type(meant.data_type().clone()));
        }
    }
    let schema = Schema::new_with_metadata(fields, footer.schema().metadata().clone());
    let metadata: Arc<ParquetMetaData> = footer.metadata().clone();
    ArrowReaderMetadata::try_new(metadata, ArrowReaderOptions::new().with_schema(Arc::new(schema)))
}

fn is_text(data_type: &DataType) -> bool {
    match data_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        DataType::Dictionary(_, values) => matches!(values.as_ref(), DataType::Utf8 | DataType::LargeUtf8),
        _ => false,
    }
}

fn text_dictionary() -> DataType {
    DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8))
}

/// Whether every data page of a column is dictionary-encoded: then, and only then, reading it as a dictionary saves
/// work. `column` counts top-level columns.
fn in_dictionaries(footer: &ArrowReaderMetadata, column: usize) -> bool {
    let descriptor = footer.parquet_schema();
    let Some(leaf) = (0..descriptor.num_columns()).find(|&leaf| descriptor.get_column_root_idx(leaf) == column) else {
        return false;
    };
    let groups = footer.metadata().row_groups();
    !groups.is_empty() && groups.iter().all(|group| group.columns().get(leaf).is_some_and(only_dictionary_pages))
}

fn only_dictionary_pages(chunk: &ColumnChunkMetaData) -> bool {
    let index = [Encoding::PLAIN_DICTIONARY, Encoding::RLE_DICTIONARY];
    match chunk.page_encoding_stats_mask() {
        Some(pages) => index.iter().any(|&encoding| pages.is_only(encoding)),
        None => false,
    }
}
