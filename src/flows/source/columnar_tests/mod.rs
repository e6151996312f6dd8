//! Parquet and Arrow IPC: what comes out against what other writers put in, and damage of every kind.

mod arrow_files;
mod columns;
mod damage;
mod pages;
mod parquet_files;

use super::conform::{Readable, conform};
use super::{FileReader, OpenFile, Probe, ipc, parquet};
use crate::Error;
use crate::flows::{Batch, RecordNumbers};
use ::parquet::arrow::ArrowWriter;
use ::parquet::basic::{Compression, ZstdLevel};
use ::parquet::file::properties::{WriterProperties, WriterPropertiesBuilder};
use arrow_array::types::*;
use arrow_array::*;
use arrow_ipc::CompressionType;
use arrow_ipc::writer::{DictionaryHandling, FileWriter, IpcWriteOptions, StreamWriter};
use arrow_schema::{DataType, Field, Fields, Schema, SchemaRef, TimeUnit};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::HashSet;
use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Rows whose values tell their place: `id` counts from `first`.
fn rows(first: usize, n: usize) -> RecordBatch {
    let mix = |i: usize| ((first + i) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(23);
    let ids: Int64Array = (0..n).map(|i| Some((first + i) as i64)).collect();
    let services = ["http", "dns", "", "ssh", "数"];
    let service: StringArray = (0..n).map(|i| (mix(i) % 11 > 0).then(|| services[mix(i) as usize % 5])).collect();
    let host: StringArray = (0..n).map(|i| Some(format!("host-{:x}", mix(i)))).collect();
    let count: Int32Array = (0..n).map(|i| (mix(i) % 5 > 0).then(|| (mix(i) % 300) as i32)).collect();
    let rate: Float64Array = (0..n).map(|i| (mix(i) % 3 > 0).then(|| mix(i) as f64 / 1e18)).collect();
    let flag: BooleanArray = (0..n).map(|i| (mix(i) % 7 > 0).then(|| mix(i) % 2 == 0)).collect();
    let columns: Vec<(&str, ArrayRef, bool)> = vec![
        ("id", Arc::new(ids), true),
        ("service", Arc::new(service), true),
        ("host", Arc::new(host), true),
        ("count", Arc::new(count), true),
        ("rate", Arc::new(rate), true),
        ("flag", Arc::new(flag), true),
    ];
    RecordBatch::try_from_iter_with_nullable(columns).unwrap()
}

fn place(schema: SchemaRef, batch_rows: usize) -> OpenFile {
    OpenFile {
        file: 3,
        name: "named".into(),
        schema,
        stream_offset: 1_000,
        batch_rows,
        skip_errors: false,
        quotes: None,
    }
}

/// Reads to the end, parsing chunks in an order that is not theirs; the error, if any, comes with what was before it.
fn drain(mut reader: Box<dyn FileReader>) -> (Vec<Batch>, Option<Error>) {
    let mut chunks = Vec::new();
    let failure = loop {
        match reader.next_chunk() {
            Ok(Some(chunk)) => chunks.push(chunk),
            Ok(None) => break None,
            Err(failure) => break Some(failure),
        }
        assert!(chunks.len() < 100_000, "chunks without end");
    };
    assert!(failure.is_none() || reader.next_chunk().unwrap().is_none(), "after an error a source is at its end");
    let mut parsed: Vec<_> = chunks.into_iter().rev().map(|chunk| chunk.parse()?.undamaged()).collect();
    parsed.reverse();
    let (mut batches, mut first) = (Vec::new(), None);
    for batch in parsed {
        match batch {
            Ok(batch) if first.is_none() => batches.push(batch),
            Ok(_) => {}
            Err(failure) => drop(first.get_or_insert(failure)),
        }
    }
    (batches, first.or(failure))
}

fn whole(batches: &[Batch], schema: &SchemaRef) -> RecordBatch {
    let mut next = 1;
    for batch in batches {
        assert_eq!(batch.numbers, RecordNumbers::Run { first: next });
        assert_eq!((batch.file, batch.stream_offset, batch.rejected.len()), (3, 1_000, 0));
        assert_eq!(batch.columns.schema_ref(), schema);
        assert!(batch.n_rows() > 0);
        next += batch.n_rows() as u64;
    }
    arrow_select::concat::concat_batches(schema, batches.iter().map(|b| &b.columns)).unwrap()
}

fn same_rows(read: &RecordBatch, written: &RecordBatch) {
    assert_eq!(read.num_rows(), written.num_rows());
    for (field, column) in written.schema().fields().iter().zip(written.columns()) {
        let met = read.column_by_name(field.name()).unwrap();
        assert_eq!(&arrow_cast::cast(met, field.data_type()).unwrap(), column, "{}", field.name());
    }
}

/// Columns that hold no single number or text, two of one name, and one of every kind that is kept.
fn awkward() -> RecordBatch {
    let inner = Fields::from(vec![Field::new("a", DataType::Int32, true)]);
    let nested = StructArray::new(inner, vec![Arc::new(Int32Array::from(vec![1, 2, 3]))], None);
    let list = ListArray::from_iter_primitive::<Int32Type, _, _>(vec![Some(vec![Some(1)]), None, Some(vec![])]);
    let times = TimestampMicrosecondArray::from(vec![Some(0), None, Some(5)]).with_timezone("UTC");
    let words: DictionaryArray<Int8Type> = vec![Some("a"), None, Some("a")].into_iter().collect();
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("nested", Arc::new(nested)),
        ("x", Arc::new(UInt64Array::from(vec![Some(u64::MAX), None, Some(1)]))),
        ("list", Arc::new(list)),
        ("time", Arc::new(times)),
        ("raw", Arc::new(BinaryArray::from(vec![Some(&b"\xff"[..]), None, Some(b"")]))),
        ("word", Arc::new(words)),
        ("large", Arc::new(LargeStringArray::from(vec![Some("l"), None, Some("")]))),
        ("view", Arc::new(StringViewArray::from(vec![Some("v"), None, Some("longer than twelve bytes")]))),
        ("day", Arc::new(Date32Array::from(vec![Some(1), None, Some(-1)]))),
    ];
    let fields: Vec<Field> = columns.iter().map(|(n, c)| Field::new(*n, c.data_type().clone(), true)).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns.into_iter().map(|(_, c)| c).collect()).unwrap()
}

fn parquet_file(directory: &Path, batches: &[RecordBatch], properties: WriterPropertiesBuilder) -> PathBuf {
    let path = directory.join("x.parquet");
    let file = fs::File::create(&path).unwrap();
    let mut writer = ArrowWriter::try_new(file, batches[0].schema(), Some(properties.build())).unwrap();
    for batch in batches {
        writer.write(batch).unwrap();
    }
    writer.close().unwrap();
    path
}

fn read_parquet(path: &Path, batch_rows: usize) -> (Probe, Vec<Batch>, Option<Error>) {
    let probe = parquet::probe("named", path).unwrap();
    let reader = parquet::open(path, place(Arc::new(probe.schema.clone()), batch_rows)).unwrap();
    let (batches, failure) = drain(reader);
    (probe, batches, failure)
}

fn arrow_file(directory: &Path, batches: &[RecordBatch], options: IpcWriteOptions) -> PathBuf {
    let path = directory.join("x.arrow");
    let file = fs::File::create(&path).unwrap();
    let mut writer = FileWriter::try_new_with_options(file, &batches[0].schema(), options).unwrap();
    for batch in batches {
        writer.write(batch).unwrap();
    }
    writer.finish().unwrap();
    path
}

fn read_arrow_file(path: &Path, batch_rows: usize) -> (Probe, Vec<Batch>, Option<Error>) {
    let probe = ipc::probe_file("named", path).unwrap();
    let reader = ipc::open_file(path, place(Arc::new(probe.schema.clone()), batch_rows)).unwrap();
    let (batches, failure) = drain(reader);
    (probe, batches, failure)
}

fn arrow_stream(batches: &[RecordBatch], options: IpcWriteOptions) -> Vec<u8> {
    let mut writer = StreamWriter::try_new_with_options(Vec::new(), &batches[0].schema(), options).unwrap();
    for batch in batches {
        writer.write(batch).unwrap();
    }
    writer.into_inner().unwrap()
}

fn read_arrow_stream(bytes: &[u8], batch_rows: usize) -> (Probe, Vec<Batch>, Option<Error>) {
    let probe = ipc::probe_stream("named", Box::new(Cursor::new(bytes.to_vec()))).unwrap();
    let place = place(Arc::new(probe.schema.clone()), batch_rows);
    let (batches, failure) = drain(ipc::open_stream(Box::new(Cursor::new(bytes.to_vec())), place).unwrap());
    (probe, batches, failure)
}

fn packings() -> [IpcWriteOptions; 4] {
    let packed = |kind| IpcWriteOptions::default().try_with_compression(Some(kind)).unwrap();
    let deltas = IpcWriteOptions::default().with_dictionary_handling(DictionaryHandling::Delta);
    [IpcWriteOptions::default(), packed(CompressionType::LZ4_FRAME), packed(CompressionType::ZSTD), deltas]
}
