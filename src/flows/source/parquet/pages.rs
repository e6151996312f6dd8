//! Pages of Parquet files on their way to the decoder, which allocates what they claim to hold: a claim that the rows of the
//! group, the page's header or its size contradict is an error here, where it would be the end of the program there.

use super::headers::PageFile;
use super::spans::Decoding;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, RowGroups, RowSelection};
use parquet::arrow::parquet_to_arrow_field_levels;
use parquet::basic::{Encoding, Type};
use parquet::column::page::{Page, PageIterator, PageMetadata, PageReader};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};
use parquet::file::serialized_reader::SerializedPageReader;
use parquet::schema::types::ColumnDescriptor;
use std::ops::Range;
use std::sync::Arc;

impl Decoding {
    /// Decodes row groups in batches of up to `batch_rows`; with `selection` some of their rows.
    pub fn reader(
        &self,
        groups: Range<usize>,
        batch_rows: usize,
        selection: Option<RowSelection>,
    ) -> std::result::Result<ParquetRecordBatchReader, String> {
        let footer = &self.footer;
        let hint = Some(footer.schema().fields());
        let levels = parquet_to_arrow_field_levels(footer.parquet_schema(), self.projection.clone(), hint)
            .map_err(|e| e.to_string())?;
        let groups =
            Groups { file: Arc::new(PageFile(self.file.clone())), metadata: footer.metadata().clone(), groups };
        // Memory is set aside for a batch before it is known how many rows there are.
        let batch_rows = batch_rows.min(groups.num_rows()).max(1);
        ParquetRecordBatchReader::try_new_with_row_groups(&levels, &groups, batch_rows, selection)
            .map_err(|e| e.to_string())
    }
}

/// Consecutive row groups of a file.
struct Groups {
    file: Arc<PageFile>,
    metadata: Arc<ParquetMetaData>,
    groups: Range<usize>,
}

impl Groups {
    fn of_group(&self, group: usize) -> &RowGroupMetaData {
        self.metadata.row_group(group)
    }
}

impl RowGroups for Groups {
    fn num_rows(&self) -> usize {
        let rows = |group| usize::try_from(self.of_group(group).num_rows()).unwrap_or(0);
        self.groups.clone().map(rows).fold(0, usize::saturating_add)
    }

    fn column_chunks(&self, column: usize) -> Result<Box<dyn PageIterator>> {
        let Self { file, metadata, groups } = self;
        Ok(Box::new(Chunks { file: file.clone(), metadata: metadata.clone(), groups: groups.clone(), column }))
    }

    fn row_groups(&self) -> Box<dyn Iterator<Item = &RowGroupMetaData> + '_> {
        Box::new(self.groups.clone().map(|group| self.of_group(group)))
    }

    fn metadata(&self) -> &ParquetMetaData {
        &self.metadata
    }
}

/// A column's chunks, one in each row group.
struct Chunks {
    file: Arc<PageFile>,
    metadata: Arc<ParquetMetaData>,
    groups: Range<usize>,
    column: usize,
}

impl Chunks {
    fn open(&self, group: usize) -> Result<Checked> {
        let of_group = self.metadata.row_group(group);
        let chunk = of_group.columns().get(self.column).ok_or_else(|| general("a row group lacks a column"))?;
        let places = self.metadata.offset_index().and_then(|index| index.get(group)?.get(self.column));
        let places = places.map(|index| index.page_locations.clone());
        let rows = usize::try_from(of_group.num_rows()).unwrap_or(0);
        let pages = SerializedPageReader::new(self.file.clone(), chunk, rows, places)?;
        Ok(Checked { pages, column: chunk.column_descr_ptr(), rows: rows as u64 })
    }
}

impl Iterator for Chunks {
    type Item = Result<Box<dyn PageReader>>;

    fn next(&mut self) -> Option<Self::Item> {
        let group = self.groups.next()?;
        Some(self.open(group).map(|pages| Box::new(pages) as _))
    }
}

impl PageIterator for Chunks {}

/// Pages that were looked at.
struct Checked {
    pages: SerializedPageReader<PageFile>,
    column: Arc<ColumnDescriptor>,
    /// Of the row group.
    rows: u64,
}

impl Iterator for Checked {
    type Item = Result<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}

impl PageReader for Checked {
    fn get_next_page(&mut self) -> Result<Option<Page>> {
        let page = self.pages.get_next_page()?;
        page.iter().try_for_each(|page| check(page, &self.column, self.rows))?;
        Ok(page)
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
        self.pages.peek_next_page()
    }

    fn skip_next_page(&mut self) -> Result<()> {
        self.pages.skip_next_page()
    }

    fn at_record_boundary(&mut self) -> Result<bool> {
        self.pages.at_record_boundary()
    }
}

/// Whether a page of a column in a group of `rows` rows may hold what it claims. Columns of lists are not read, so a row has one
/// value.
pub(in crate::flows::source) fn check(page: &Page, column: &ColumnDescriptor, rows: u64) -> Result<()> {
    let (buffer, n_values) = (page.buffer(), u64::from(page.num_values()));
    match page {
        // Whatever encoding is said, dictionaries are plain.
        Page::DictionaryPage { .. } => {
            let least = n_values.saturating_mul(bits_of_value(column)).div_ceil(8);
            match least <= buffer.len() as u64 {
                true => Ok(()),
                false => {
                    let met = format!("a dictionary of {} bytes claims {n_values} values", buffer.len());
                    Err(general(met))
                }
            }
        }
        _ if n_values > rows => Err(general(format!("a page claims {n_values} of a row group's {rows} rows"))),
        _ => {
            let sections = match page.encoding() {
                Encoding::DELTA_LENGTH_BYTE_ARRAY => 1,
                Encoding::DELTA_BYTE_ARRAY => 2,
                _ => return Ok(()),
            };
            let mut data = behind_levels(page, column).and_then(|at| buffer.get(at..)).unwrap_or_default();
            for _ in 0..sections {
                let Some(section) = DeltaSection::of(data) else { return Ok(()) };
                if section.n_values > n_values {
                    let met = format!("a page of {n_values} values claims {} of them are stored", section.n_values);
                    return Err(general(met));
                }
                let rest = section.end().and_then(|end| data.get(end..));
                data = rest.ok_or_else(|| general("a page ends before the lengths of its texts do"))?;
            }
            Ok(())
        }
    }
}

/// The least that a plain value takes.
fn bits_of_value(column: &ColumnDescriptor) -> u64 {
    match column.physical_type() {
        Type::BOOLEAN => 1,
        Type::INT32 | Type::FLOAT | Type::BYTE_ARRAY => 32,
        Type::INT64 | Type::DOUBLE => 64,
        Type::INT96 => 96,
        Type::FIXED_LEN_BYTE_ARRAY => 8 * u64::try_from(column.type_length()).unwrap_or(0),
    }
}

/// Where a page's values begin: behind its repetition levels, of which what is read has none, and its definition levels.
fn behind_levels(page: &Page, column: &ColumnDescriptor) -> Option<usize> {
    match page {
        Page::DataPage { buf, num_values, def_level_encoding, rep_level_encoding, .. } => {
            let mut at = 0_usize;
            let levels = [(column.max_rep_level(), rep_level_encoding), (column.max_def_level(), def_level_encoding)];
            for (most, encoding) in levels.into_iter().filter(|(most, _)| *most > 0) {
                #[expect(deprecated, reason = "old files have it")]
                let length = match encoding {
                    Encoding::BIT_PACKED => {
                        let width = u64::from(16 - most.leading_zeros());
                        usize::try_from((u64::from(*num_values) * width).div_ceil(8)).ok()?
                    }
                    _ => {
                        let length = buf.get(at..at.checked_add(4)?)?.try_into().ok()?;
                        usize::try_from(u32::from_le_bytes(length)).ok()?.checked_add(4)?
                    }
                };
                at = at.checked_add(length)?;
            }
            Some(at)
        }
        Page::DataPageV2 { def_levels_byte_len, rep_levels_byte_len, .. } => {
            usize::try_from(u64::from(*def_levels_byte_len) + u64::from(*rep_levels_byte_len)).ok()
        }
        Page::DictionaryPage { .. } => Some(0),
    }
}

/// A section of DELTA_BINARY_PACKED integers (Parquet's Encodings.md), of which the numbers themselves are not read.
struct DeltaSection<'a> {
    bytes: Cursor<'a>,
    n_values: u64,
    block: u64,
    blocks_in_block: u64,
}

/// Bytes, and how far they were read.
struct Cursor<'a> {
    all: &'a [u8],
    at: usize,
}

impl Cursor<'_> {
    /// An unsigned LEB128.
    fn number(&mut self) -> Option<u64> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = *self.all.get(self.at)?;
            self.at += 1;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }
}

impl<'a> DeltaSection<'a> {
    /// `None`: no whole header, or one that no decoder takes.
    fn of(data: &'a [u8]) -> Option<Self> {
        let mut bytes = Cursor { all: data, at: 0 };
        let (block, blocks_in_block, n_values) = (bytes.number()?, bytes.number()?, bytes.number()?);
        let _first = bytes.number()?;
        let is_whole = blocks_in_block > 0 && block.is_multiple_of(blocks_in_block.saturating_mul(32));
        is_whole.then_some(Self { bytes, n_values, block, blocks_in_block })
    }

    /// Its length in bytes; `None` where the bytes end before it does.
    fn end(self) -> Option<usize> {
        let Self { mut bytes, n_values, block, blocks_in_block } = self;
        let in_each = block / blocks_in_block;
        let mut left = n_values.saturating_sub(1);
        while left > 0 && block > 0 {
            let _least = bytes.number()?;
            let begin = bytes.at.checked_add(usize::try_from(blocks_in_block).ok()?)?;
            let widths = bytes.all.get(bytes.at..begin)?;
            let mut at = begin as u64;
            for &width in widths {
                // Of blocks behind the last value nothing is stored.
                at = if left > 0 { at.checked_add(u64::from(width).checked_mul(in_each / 8)?)? } else { at };
                left = left.saturating_sub(in_each);
            }
            bytes.at = usize::try_from(at).ok()?;
        }
        Some(bytes.at)
    }
}

fn general(what: impl Into<String>) -> ParquetError {
    ParquetError::General(what.into())
}
