//! Files of 20 row groups or record batches of 100 rows each, with damage in number 9.

use arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow_ipc::writer::{FileWriter, IpcWriteOptions};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::ParquetMetaDataReader;
use parquet::file::properties::{WriterProperties, WriterPropertiesBuilder};
use std::path::Path;
use std::sync::Arc;

/// Rows of the whole file; `id` counts from 0.
fn rows() -> RecordBatch {
    let mix = |i: u64| i.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(23);
    let ids: Int64Array = (0..2_000).map(Some).collect();
    let service: StringArray = (0..2_000).map(|i| Some(["http", "dns", "ssh"][mix(i) as usize % 3])).collect();
    let rate: Float64Array = (0..2_000).map(|i| Some((mix(i) % 100_003) as f64 / 7.0)).collect();
    let columns: Vec<(&str, ArrayRef)> =
        vec![("id", Arc::new(ids)), ("service", Arc::new(service)), ("rate", Arc::new(rate))];
    RecordBatch::try_from_iter(columns).unwrap()
}

/// Parquet, four pages a column and row group; in `rate` of row group 9 the last pages, or all, are overwritten.
pub fn parquet(path: &Path, only_last_pages: bool) {
    let properties = WriterProperties::builder()
        .set_data_page_row_count_limit(25)
        .set_write_batch_size(25)
        .set_dictionary_enabled(false)
        .set_compression(Compression::ZSTD(ZstdLevel::default()));
    parquet_of(path, properties, only_last_pages);
}

/// The same with pages of any kind.
pub fn parquet_of(path: &Path, properties: WriterPropertiesBuilder, only_last_pages: bool) {
    let properties = properties.set_max_row_group_row_count(Some(100));
    let mut writer = ArrowWriter::try_new(Vec::new(), rows().schema(), Some(properties.build())).unwrap();
    writer.write(&rows()).unwrap();
    let mut bytes = writer.into_inner().unwrap();
    let footer = ParquetMetaDataReader::new().parse_and_finish(&bytes::Bytes::from(bytes.clone())).unwrap();
    assert_eq!(footer.num_row_groups(), 20);
    let (start, length) = footer.row_group(9).column(2).byte_range();
    let from = if only_last_pages { start + length * 7 / 10 } else { start };
    bytes[from as usize..(start + length) as usize].fill(0x5a);
    std::fs::write(path, bytes).unwrap();
}

/// An Arrow file, compressed; the body of record batch 9 is overwritten.
pub fn arrow(path: &Path) {
    let options = IpcWriteOptions::default().try_with_compression(Some(arrow_ipc::CompressionType::LZ4_FRAME)).unwrap();
    let mut writer = FileWriter::try_new_with_options(Vec::new(), &rows().schema(), options).unwrap();
    (0..20).for_each(|i| writer.write(&rows().slice(i * 100, 100)).unwrap());
    let mut bytes = writer.into_inner().unwrap();
    let tail = bytes.len() - 10;
    let length = u32::from_le_bytes(bytes[tail..tail + 4].try_into().unwrap()) as usize;
    let footer = arrow_ipc::root_as_footer(&bytes[tail - length..tail]).unwrap();
    let block = *footer.recordBatches().unwrap().get(9);
    let body = block.offset() as usize + block.metaDataLength() as usize;
    bytes[body + 8..body + block.bodyLength() as usize].fill(0x5a);
    std::fs::write(path, bytes).unwrap();
}
