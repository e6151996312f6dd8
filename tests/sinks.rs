//! Whole outputs, read back by other readers than ours: the csv crate, serde_json, parquet's and arrow-ipc's own.

use arrow_array::builder::{Decimal128Builder, StringDictionaryBuilder};
use arrow_array::cast::AsArray;
use arrow_array::types::*;
use arrow_array::*;
use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};
use oddflow::flows::sink::{Encoded, OutputFormat, SideFile, Sink, SinkOptions, Target, is_formula, same_file};
use oddflow::flows::source::Compression;
use oddflow::flows::{Reject, Rejected};
use proptest::prelude::*;
use std::fs;
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};

const EVERY_TARGET: [&str; 13] = [
    "x.parquet",
    "x.csv",
    "x.tsv",
    "x.ndjson",
    "x.jsonl",
    "x.arrow",
    "x.arrows",
    "x.csv.gz",
    "x.csv.zst",
    "x.tsv.gz",
    "x.ndjson.gz",
    "x.ndjson.zst",
    "x.tsv.zst",
];

fn target(path: &Path) -> Target {
    Target::parse(path.to_str().unwrap()).unwrap()
}

fn options(guard_formulas: bool) -> SinkOptions {
    SinkOptions { guard_formulas, ..SinkOptions::default() }
}

fn write_with(path: &Path, schema: &SchemaRef, batches: &[RecordBatch], options: &SinkOptions) -> u64 {
    let mut sink = Sink::create(&target(path), schema, options).unwrap();
    let encoder = sink.encoder();
    for batch in batches {
        sink.write(encoder.encode(batch).unwrap()).unwrap();
    }
    let written = sink.finish().unwrap();
    assert_eq!(written.bytes, fs::metadata(path).unwrap().len());
    written.rows
}

fn write(path: &Path, batches: &[RecordBatch]) {
    let rows = write_with(path, &batches[0].schema(), batches, &options(true));
    assert_eq!(rows, batches.iter().map(|b| b.num_rows() as u64).sum::<u64>());
}

/// The file as text, unpacked by decoders that know of members and frames.
fn unpacked(path: &Path) -> String {
    let bytes = fs::read(path).unwrap();
    let mut text = String::new();
    match path.extension().and_then(|e| e.to_str()) {
        Some("gz") => drop(flate2::bufread::MultiGzDecoder::new(&bytes[..]).read_to_string(&mut text).unwrap()),
        Some("zst") => text = String::from_utf8(zstd::decode_all(&bytes[..]).unwrap()).unwrap(),
        _ => text = String::from_utf8(bytes).unwrap(),
    }
    text
}

fn csv_records(text: &str, delimiter: u8) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).delimiter(delimiter).from_reader(text.as_bytes());
    reader.records().map(|r| r.unwrap().iter().map(str::to_string).collect()).collect()
}

fn parquet_batches(path: &Path) -> (SchemaRef, Vec<RecordBatch>) {
    let file = fs::File::open(path).unwrap();
    let builder = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    (builder.schema().clone(), builder.build().unwrap().collect::<Result<_, _>>().unwrap())
}

fn arrow_batches(path: &Path) -> (SchemaRef, Vec<RecordBatch>) {
    let bytes = io::Cursor::new(fs::read(path).unwrap());
    if path.extension().unwrap() == "arrows" {
        let reader = arrow_ipc::reader::StreamReader::try_new(bytes, None).unwrap();
        return (reader.schema(), reader.collect::<Result<_, _>>().unwrap());
    }
    let reader = arrow_ipc::reader::FileReader::try_new(bytes, None).unwrap();
    (reader.schema(), reader.collect::<Result<_, _>>().unwrap())
}

fn names_in(directory: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(directory).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// One column of every type that a source can hand on, with a null in each.
fn every_type() -> RecordBatch {
    let mut words = StringDictionaryBuilder::<Int32Type>::new();
    words.extend([Some("tcp"), None, Some("u,d\"p"), Some("tcp")]);
    let mut sums = Decimal128Builder::new().with_precision_and_scale(30, 2).unwrap();
    sums.extend([Some(12_345), None, Some(-5), Some(10_i128.pow(28))]);
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("i8", Arc::new(Int8Array::from(vec![Some(i8::MIN), None, Some(0), Some(i8::MAX)]))),
        ("i16", Arc::new(Int16Array::from(vec![Some(i16::MIN), None, Some(0), Some(i16::MAX)]))),
        ("i32", Arc::new(Int32Array::from(vec![Some(i32::MIN), None, Some(0), Some(i32::MAX)]))),
        ("i64", Arc::new(Int64Array::from(vec![Some(i64::MIN), None, Some(0), Some(i64::MAX)]))),
        ("u8", Arc::new(UInt8Array::from(vec![Some(0), None, Some(1), Some(u8::MAX)]))),
        ("u16", Arc::new(UInt16Array::from(vec![Some(0), None, Some(1), Some(u16::MAX)]))),
        ("u32", Arc::new(UInt32Array::from(vec![Some(0), None, Some(1), Some(u32::MAX)]))),
        ("u64", Arc::new(UInt64Array::from(vec![Some(0), None, Some(1), Some(u64::MAX)]))),
        ("f32", Arc::new(Float32Array::from(vec![Some(0.1), None, Some(-0.0), Some(f32::MAX)]))),
        ("f64", Arc::new(Float64Array::from(vec![Some(0.1), None, Some(5e-324), Some(1e300)]))),
        ("truth", Arc::new(BooleanArray::from(vec![Some(true), None, Some(false), Some(true)]))),
        ("text", Arc::new(StringArray::from(vec![Some("a\nb"), None, Some(""), Some("=1+1")]))),
        ("large", Arc::new(LargeStringArray::from(vec![Some("数"), None, Some("-7"), Some("-")]))),
        (
            "view",
            Arc::new(StringViewArray::from(vec![
                Some("short"),
                None,
                Some("a text longer than twelve bytes"),
                Some("\t"),
            ])),
        ),
        ("word", Arc::new(words.finish())),
        (
            "time",
            Arc::new(
                TimestampMicrosecondArray::from(vec![Some(0), None, Some(-1), Some(1_764_054_600_000_000)])
                    .with_timezone("UTC"),
            ),
        ),
        ("day", Arc::new(Date32Array::from(vec![Some(0), None, Some(-1), Some(20_417)]))),
        ("clock", Arc::new(Time64MicrosecondArray::from(vec![Some(0), None, Some(1), Some(25_800_000_000)]))),
        ("took", Arc::new(DurationMillisecondArray::from(vec![Some(0), None, Some(1_500), Some(-1)]))),
        ("sum", Arc::new(sums.finish())),
        ("nothing", Arc::new(NullArray::new(4))),
    ];
    let fields: Vec<Field> = columns.iter().map(|(n, c)| Field::new(*n, c.data_type().clone(), true)).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns.into_iter().map(|(_, c)| c).collect()).unwrap()
}

#[test]
fn csv_of_every_type() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("all.csv");
    write(&path, &[every_type()]);
    let records = csv_records(&unpacked(&path), b',');
    let column = |name: &str| -> Vec<&str> {
        let index = records[0].iter().position(|n| n == name).unwrap();
        records[1..].iter().map(|r| r[index].as_str()).collect()
    };
    assert_eq!(column("i8"), ["-128", "", "0", "127"]);
    assert_eq!(column("i64"), ["-9223372036854775808", "", "0", "9223372036854775807"]);
    assert_eq!(column("u64"), ["0", "", "1", "18446744073709551615"]);
    assert_eq!(column("f32"), ["0.1", "", "-0.0", "3.4028235e38"]);
    assert_eq!(column("f64"), ["0.1", "", "5e-324", "1e300"]);
    assert_eq!(column("truth"), ["1", "", "0", "1"]);
    assert_eq!(column("text"), ["a\nb", "", "", "'=1+1"]);
    assert_eq!(column("large"), ["数", "", "-7", "-"]);
    assert_eq!(column("view"), ["short", "", "a text longer than twelve bytes", "'\t"]);
    assert_eq!(column("word"), ["tcp", "", "u,d\"p", "tcp"]);
    assert_eq!(column("time")[3], "2025-11-25T07:10:00.000000Z");
    assert_eq!(column("time")[2], "1969-12-31T23:59:59.999999Z");
    assert_eq!(column("day"), ["1970-01-01", "", "1969-12-31", "2025-11-25"]);
    assert_eq!(column("clock")[3], "07:10:00.000000");
    assert_eq!(column("took"), ["0.000", "", "1.500", "-0.001"]);
    assert_eq!(column("sum"), ["123.45", "", "-0.05", "100000000000000000000000000.00"]);
    assert_eq!(column("nothing"), ["", "", "", ""]);
    // An empty text differs from a null in the bytes.
    assert!(unpacked(&path).contains(",\"\","));
}

#[test]
fn ndjson_of_every_type() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("all.ndjson");
    write(&path, &[every_type()]);
    let rows: Vec<serde_json::Value> = unpacked(&path).lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(rows.len(), 4);
    let names: Vec<&String> = rows[0].as_object().unwrap().keys().collect();
    assert_eq!(names.len(), every_type().num_columns());
    assert!(rows[1].as_object().unwrap().values().all(serde_json::Value::is_null));
    assert_eq!(rows[0]["i64"].as_i64(), Some(i64::MIN));
    assert_eq!(rows[3]["u64"].as_u64(), Some(u64::MAX));
    assert_eq!(rows[2]["f64"].as_f64(), Some(5e-324));
    assert_eq!(rows[0]["truth"], true);
    assert_eq!(rows[3]["text"], "=1+1");
    assert_eq!(rows[2]["word"], "u,d\"p");
    assert_eq!(rows[3]["time"], "2025-11-25T07:10:00.000000Z");
    assert_eq!(rows[2]["took"], 1.5);
    assert_eq!(rows[0]["sum"], 123.45);
}

#[test]
fn floats_that_are_no_numbers() {
    let directory = tempfile::tempdir().unwrap();
    let odd = Float64Array::from(vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY]);
    let batch = RecordBatch::try_from_iter([("x", Arc::new(odd) as ArrayRef)]).unwrap();
    let (csv, json) = (directory.path().join("x.csv"), directory.path().join("x.ndjson"));
    write(&csv, std::slice::from_ref(&batch));
    write(&json, std::slice::from_ref(&batch));
    assert_eq!(unpacked(&csv), "x\nNaN\ninf\n-inf\n");
    assert_eq!(unpacked(&json), "{\"x\":null}\n".repeat(3));
}

#[test]
fn parquet_and_arrow_give_back_every_type() {
    let directory = tempfile::tempdir().unwrap();
    let batch = every_type();
    for name in ["x.parquet", "x.arrow", "x.arrows"] {
        let path = directory.path().join(name);
        write(&path, &[batch.clone(), batch.clone()]);
        let (schema, batches) = if name == "x.parquet" { parquet_batches(&path) } else { arrow_batches(&path) };
        let back = arrow_select::concat::concat_batches(&schema, &batches).unwrap();
        assert_eq!(back.num_rows(), 8);
        for (index, field) in batch.schema().fields().iter().enumerate() {
            let expected = match field.data_type() {
                DataType::Dictionary(_, values) => arrow_cast::cast(batch.column(index), values).unwrap(),
                _ => batch.column(index).clone(),
            };
            assert_eq!(&back.column(index).slice(4, 4), &expected, "{name} {}", field.name());
        }
    }
}

#[test]
fn outputs_without_rows_are_valid() {
    let directory = tempfile::tempdir().unwrap();
    let batch = every_type();
    for name in EVERY_TARGET {
        for batches in [vec![], vec![batch.slice(0, 0)]] {
            let path = directory.path().join(name);
            assert_eq!(write_with(&path, &batch.schema(), &batches, &options(true)), 0);
            match name {
                "x.parquet" => assert_eq!(parquet_batches(&path).0.fields().len(), batch.num_columns()),
                "x.arrow" | "x.arrows" => assert_eq!(arrow_batches(&path).0.fields().len(), batch.num_columns()),
                name if name.contains("json") => assert_eq!(unpacked(&path), ""),
                name => {
                    let delimiter = if name.contains("tsv") { b'\t' } else { b',' };
                    let records = csv_records(&unpacked(&path), delimiter);
                    assert_eq!(records.len(), 1);
                    assert_eq!(records[0].len(), batch.num_columns());
                }
            }
        }
    }
}

#[test]
fn batches_without_rows_leave_no_trace() {
    let directory = tempfile::tempdir().unwrap();
    let batch = every_type();
    for name in EVERY_TARGET {
        let (with, without) = (directory.path().join("with").join(name), directory.path().join("without").join(name));
        fs::create_dir_all(with.parent().unwrap()).unwrap();
        fs::create_dir_all(without.parent().unwrap()).unwrap();
        write(&with, &[batch.slice(0, 0), batch.clone(), batch.slice(1, 0), batch.clone()]);
        write(&without, &[batch.clone(), batch.clone()]);
        assert_eq!(fs::read(with).unwrap(), fs::read(without).unwrap(), "{name}");
    }
}

/// Rows whose text a log's author chose with care, and numbers of every size.
fn rows(n: usize, seed: u64) -> RecordBatch {
    let mix = |i: usize| (i as u64 ^ seed).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
    let words = ["http", "=cmd|' /C calc'!A0", "a,b", "q\"q", "l1\nl2", "\x1b[31m", "", "数", "-", "+1", "\u{202e}x"];
    let text: StringArray = (0..n).map(|i| (mix(i) % 13 > 0).then(|| words[mix(i) as usize % words.len()])).collect();
    let unique: StringArray = (0..n).map(|i| Some(format!("host-{:x}", mix(i)))).collect();
    let small: Int64Array = (0..n).map(|i| (mix(i) % 7 > 0).then(|| (mix(i) % 20) as i64)).collect();
    let wide: Int64Array = (0..n).map(|i| Some(mix(i) as i64)).collect();
    let score: Float64Array = (0..n).map(|i| Some(mix(i) as f64 / u64::MAX as f64)).collect();
    let anomaly: BooleanArray = (0..n).map(|i| Some(mix(i) % 10 == 0)).collect();
    let columns: Vec<(&str, ArrayRef, bool)> = vec![
        ("service", Arc::new(text), true),
        ("host", Arc::new(unique), true),
        ("count", Arc::new(small), true),
        ("src_bytes", Arc::new(wide), true),
        ("anomaly_score", Arc::new(score), true),
        ("anomaly", Arc::new(anomaly), true),
    ];
    RecordBatch::try_from_iter_with_nullable(columns).unwrap()
}

#[test]
fn bytes_do_not_depend_on_threads() {
    let directory = tempfile::tempdir().unwrap();
    let batches: Vec<RecordBatch> = (0..9).map(|i| rows(1_000 + 777 * i, i as u64)).collect();
    for name in EVERY_TARGET {
        let serial = directory.path().join(name);
        write(&serial, &batches);
        let parallel = directory.path().join(format!("parallel-{name}"));
        let mut sink = Sink::create(&target(&parallel), &batches[0].schema(), &options(true)).unwrap();
        let done: Mutex<Vec<Option<Encoded>>> = Mutex::new(batches.iter().map(|_| None).collect());
        std::thread::scope(|scope| {
            for start in 0..3 {
                let (encoder, batches, done) = (sink.encoder(), &batches, &done);
                scope.spawn(move || {
                    for index in (start..batches.len()).step_by(3).rev() {
                        let encoded = encoder.encode(&batches[index]).unwrap();
                        done.lock().unwrap()[index] = Some(encoded);
                    }
                });
            }
        });
        for encoded in done.into_inner().unwrap() {
            sink.write(encoded.unwrap()).unwrap();
        }
        sink.finish().unwrap();
        assert_eq!(fs::read(&serial).unwrap(), fs::read(&parallel).unwrap(), "{name}");
    }
}

#[test]
fn row_order_is_the_order_of_writes() {
    let directory = tempfile::tempdir().unwrap();
    let batches: Vec<RecordBatch> = (0..5).map(|i| rows(2_000, i)).collect();
    let whole = arrow_select::concat::concat_batches(&batches[0].schema(), &batches).unwrap();
    for name in ["x.parquet", "x.arrow", "x.arrows"] {
        let path = directory.path().join(name);
        write(&path, &batches);
        let (schema, back) = if name == "x.parquet" { parquet_batches(&path) } else { arrow_batches(&path) };
        let back = arrow_select::concat::concat_batches(&schema, &back).unwrap();
        assert_eq!(back.columns(), whole.columns(), "{name}");
    }
    for name in ["x.csv", "x.tsv.gz", "x.ndjson.zst"] {
        let path = directory.path().join(name);
        write(&path, &batches);
        let wide = whole.column(3).as_primitive::<Int64Type>();
        let text = unpacked(&path);
        let back: Vec<i64> = if name.contains("json") {
            let value = |l: &str| serde_json::from_str::<serde_json::Value>(l).unwrap()["src_bytes"].as_i64().unwrap();
            text.lines().map(value).collect()
        } else {
            let delimiter = if name.contains("tsv") { b'\t' } else { b',' };
            csv_records(&text, delimiter)[1..].iter().map(|r| r[3].parse().unwrap()).collect()
        };
        assert_eq!(back, wide.values().to_vec(), "{name}");
    }
}

#[test]
fn parquet_row_groups_follow_the_batches() {
    use parquet::basic::Encoding;
    use parquet::file::reader::{FileReader, SerializedFileReader};
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.parquet");
    let batches = [rows(5_000, 1), rows(7_000, 2)];
    let metadata = vec![("oddflow.model".to_string(), "abc".to_string())];
    write_with(&path, &batches[0].schema(), &batches, &SinkOptions { metadata, ..SinkOptions::default() });
    let reader = SerializedFileReader::new(fs::File::open(&path).unwrap()).unwrap();
    let footer = reader.metadata();
    assert_eq!(footer.row_groups().iter().map(|g| g.num_rows()).collect::<Vec<_>>(), [5_000, 7_000]);
    let pairs = footer.file_metadata().key_value_metadata().unwrap();
    assert!(pairs.iter().any(|p| p.key == "oddflow.model" && p.value.as_deref() == Some("abc")));
    let dictionary =
        |column: usize| footer.row_group(0).column(column).encodings().any(|e| e == Encoding::RLE_DICTIONARY);
    let kept: Vec<bool> = (0..6).map(dictionary).collect();
    assert_eq!(kept, [true, false, true, false, false, false], "service and count repeat; the others do not");
    assert!(footer.row_group(0).column(4).statistics().is_some_and(|s| s.max_bytes_opt().is_some()));
}

#[test]
fn nothing_appears_before_the_end() {
    let directory = tempfile::tempdir().unwrap();
    let batch = rows(100, 1);
    for name in EVERY_TARGET {
        let path = directory.path().join(name);
        fs::write(&path, "old").unwrap();
        let mut sink = Sink::create(&target(&path), &batch.schema(), &options(true)).unwrap();
        sink.write(sink.encoder().encode(&batch).unwrap()).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        assert!(
            names_in(directory.path())
                .iter()
                .filter(|n| *n != name)
                .all(|n| n.starts_with('.') && n.ends_with(".part"))
        );
        drop(sink);
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(names_in(directory.path()), [name]);
        write(&path, std::slice::from_ref(&batch));
        assert_ne!(fs::read(&path).unwrap(), b"old");
        fs::remove_file(&path).unwrap();
    }
}

#[test]
fn wrong_targets_are_said_before_any_work() {
    let directory = tempfile::tempdir().unwrap();
    let schema = every_type().schema();
    let create =
        |path: &Path| Sink::create(&target(path), &schema, &options(true)).map(|_| ()).unwrap_err().to_string();
    let missing = directory.path().join("no/such/x.csv");
    assert!(create(&missing).contains("no such directory"), "{}", create(&missing));
    let folder = directory.path().join("folder.csv");
    fs::create_dir(&folder).unwrap();
    assert!(create(&folder).contains("is a directory"));
    assert_eq!(names_in(directory.path()), ["folder.csv"]);
    let fixed = directory.path().join("fixed.csv");
    fs::write(&fixed, "").unwrap();
    let mut permissions = fs::metadata(&fixed).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&fixed, permissions).unwrap();
    assert!(create(&fixed).contains("write-protected"));
}

#[test]
fn a_batch_of_other_columns_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.csv");
    let sink = Sink::create(&target(&path), &every_type().schema(), &options(true)).unwrap();
    let said = sink.encoder().encode(&rows(3, 1)).map(|_| ()).unwrap_err().to_string();
    assert!(said.contains("service"), "{said}");
}

#[cfg(unix)]
#[test]
fn links_and_permissions_survive() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    let (real, link) = (directory.path().join("real.csv"), directory.path().join("link.csv"));
    fs::write(&real, "old").unwrap();
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink("real.csv", &link).unwrap();
    write(&link, &[rows(3, 1)]);
    assert!(fs::symlink_metadata(&link).unwrap().file_type().is_symlink());
    assert!(fs::read_to_string(&real).unwrap().starts_with("service,"));
    assert_eq!(fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o640);
    let (new, plain) = (directory.path().join("new.csv"), directory.path().join("plain"));
    write(&new, &[rows(3, 1)]);
    fs::write(&plain, "").unwrap();
    assert_eq!(fs::metadata(&new).unwrap().permissions().mode(), fs::metadata(&plain).unwrap().permissions().mode());
    assert!(same_file(&link, &real) && !same_file(&link, &new) && !same_file(&link, Path::new("none")));
    let hard = directory.path().join("hard.csv");
    fs::hard_link(&real, &hard).unwrap();
    assert!(same_file(&hard, &real));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error_that_says_so() {
    let batch = rows(50_000, 1);
    for format in [OutputFormat::Csv, OutputFormat::Parquet, OutputFormat::ArrowFile, OutputFormat::Ndjson] {
        let target = Target { path: Some("/dev/full".into()), format, compression: Compression::None };
        let failed = (|| {
            let mut sink = Sink::create(&target, &batch.schema(), &options(true))?;
            sink.write(sink.encoder().encode(&batch)?)?;
            sink.finish()
        })();
        let oddflow::Error::Io { path, source } = failed.unwrap_err() else { panic!("not an I/O error") };
        assert_eq!(source.kind(), io::ErrorKind::StorageFull);
        assert_eq!(path, Path::new("/dev/full"));
    }
}

#[test]
fn a_closed_pipe_keeps_its_kind() {
    struct Closed(usize);
    impl Write for Closed {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if self.0 == 0 {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
            let taken = bytes.len().min(self.0);
            self.0 -= taken;
            Ok(taken)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let batch = rows(20_000, 1);
    for name in ["-", "-.parquet", "-.arrow", "-.ndjson", "-.csv.zst"] {
        let target = Target::parse(name).unwrap();
        for room in [0, 10, 70_000] {
            let failed = (|| {
                let mut sink = Sink::to_writer(Box::new(Closed(room)), &target, &batch.schema(), &options(true))?;
                sink.write(sink.encoder().encode(&batch)?)?;
                sink.finish()
            })();
            let oddflow::Error::Io { source, .. } = failed.unwrap_err() else { panic!("not an I/O error") };
            assert_eq!(source.kind(), io::ErrorKind::BrokenPipe, "{name} {room}");
        }
    }
}

#[test]
fn rejected_records_are_kept_exactly() {
    let directory = tempfile::tempdir().unwrap();
    let reject = |record, text: &[u8]| Rejected {
        record,
        reason: Reject::BadNumber,
        detail: "column src_bytes: \"12x\"".into(),
        text: text.to_vec(),
    };
    for name in ["r.ndjson", "r.ndjson.gz", "r.ndjson.zst"] {
        let path = directory.path().join(name);
        let mut side = SideFile::create(&path).unwrap();
        side.write("a.csv", &reject(7, b"1,12x")).unwrap();
        assert!(!path.exists());
        side.write("b.csv", &reject(9, b"\xff\"\x1b")).unwrap();
        let written = side.finish().unwrap();
        assert_eq!((written.rows, written.bytes), (2, fs::metadata(&path).unwrap().len()));
        let lines: Vec<serde_json::Value> = unpacked(&path).lines().map(|l| serde_json::from_str(l).unwrap()).collect();
        let expected = serde_json::json!({"file": "a.csv", "record": 7, "reason": "bad number",
            "detail": "column src_bytes: \"12x\"", "text": "1,12x"});
        assert_eq!(lines[0], expected);
        assert_eq!((lines[1]["hex"].as_str(), lines[1]["text"].as_str()), (Some("ff221b"), Some("\u{fffd}\"\x1b")));
        // A later run without rejects leaves an empty file and not the old one's lines.
        SideFile::create(&path).unwrap().finish().unwrap();
        assert_eq!(unpacked(&path), "");
    }
    let none = directory.path().join("none.ndjson");
    assert_eq!(SideFile::create(&none).unwrap().finish().unwrap().rows, 0);
    assert!(!none.exists());
    assert!(SideFile::create(&directory.path().join("no/dir.ndjson")).is_err());
}

fn nasty() -> impl Strategy<Value = Option<String>> {
    let special = prop::sample::select(vec![
        "\"", ",", "\n", "\r", "\t", "'", "=", "+", "-", "@", "\\", "\0", "\u{feff}", "\u{2028}", "é", " ",
    ]);
    let mixed = prop::collection::vec(
        prop_oneof![special.prop_map(str::to_string), any::<char>().prop_map(String::from)],
        0..8,
    );
    prop::option::of(mixed.prop_map(|parts| parts.concat()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn any_text_comes_back(values in prop::collection::vec((nasty(), nasty()), 1..30), guard in any::<bool>()) {
        let directory = tempfile::tempdir().unwrap();
        let a: StringArray = values.iter().map(|(a, _)| a.as_deref()).collect();
        let b: DictionaryArray<Int32Type> = values.iter().map(|(_, b)| b.as_deref()).collect();
        let columns: [(&str, ArrayRef, bool); 2] = [("a", Arc::new(a), true), ("b,\"", Arc::new(b), true)];
        let batch = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
        let plain = |cell: &Option<String>| cell.clone().unwrap_or_default();
        let guarded = |cell: &Option<String>| match plain(cell) {
            text if guard && is_formula(&text) => format!("'{text}"),
            text => text,
        };
        for (name, delimiter) in [("x.csv", b','), ("x.tsv", b'\t')] {
            let path = directory.path().join(name);
            write_with(&path, &batch.schema(), std::slice::from_ref(&batch), &options(guard));
            let records = csv_records(&unpacked(&path), delimiter);
            let expected: Vec<Vec<String>> = values.iter().map(|(a, b)| vec![guarded(a), guarded(b)]).collect();
            prop_assert_eq!(&records[0], &["a", "b,\""]);
            prop_assert_eq!(&records[1..], &expected[..]);
        }
        let path = directory.path().join("x.ndjson");
        write(&path, std::slice::from_ref(&batch));
        let lines: Vec<serde_json::Value> = unpacked(&path).split_terminator('\n').map(|l| serde_json::from_str(l).unwrap()).collect();
        let expected: Vec<serde_json::Value> = values.iter().map(|(a, b)| serde_json::json!({"a": a, "b,\"": b})).collect();
        prop_assert_eq!(lines, expected);
    }

    #[test]
    fn any_number_comes_back(values in prop::collection::vec((any::<f64>(), any::<f32>(), any::<i64>(), any::<u64>()), 1..50)) {
        let directory = tempfile::tempdir().unwrap();
        let batch = RecordBatch::try_from_iter([
            ("f64", Arc::new(values.iter().map(|v| Some(v.0)).collect::<Float64Array>()) as ArrayRef),
            ("f32", Arc::new(values.iter().map(|v| Some(v.1)).collect::<Float32Array>())),
            ("i64", Arc::new(values.iter().map(|v| Some(v.2)).collect::<Int64Array>())),
            ("u64", Arc::new(values.iter().map(|v| Some(v.3)).collect::<UInt64Array>())),
        ]).unwrap();
        let path = directory.path().join("x.csv");
        write(&path, std::slice::from_ref(&batch));
        for (record, value) in csv_records(&unpacked(&path), b',')[1..].iter().zip(&values) {
            let (wide, narrow) = (record[0].parse::<f64>().unwrap(), record[1].parse::<f32>().unwrap());
            prop_assert!(wide.to_bits() == value.0.to_bits() || (wide.is_nan() && value.0.is_nan()));
            prop_assert!(narrow.to_bits() == value.1.to_bits() || (narrow.is_nan() && value.1.is_nan()));
            prop_assert_eq!(record[2].parse::<i64>().unwrap(), value.2);
            prop_assert_eq!(record[3].parse::<u64>().unwrap(), value.3);
        }
    }
}

#[test]
fn one_empty_column_is_still_a_record() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.csv");
    let column = StringArray::from(vec![None, Some(""), Some("a")]);
    let batch = RecordBatch::try_from_iter_with_nullable([("x", Arc::new(column) as ArrayRef, true)]).unwrap();
    write(&path, &[batch]);
    assert_eq!(unpacked(&path), "x\n\"\"\n\"\"\na\n");
}

#[test]
fn a_zone_is_kept_in_arrow_formats() {
    let directory = tempfile::tempdir().unwrap();
    let times = TimestampMillisecondArray::from(vec![0, 1]).with_timezone("Europe/Berlin");
    let batch = RecordBatch::try_from_iter([("ts", Arc::new(times) as ArrayRef)]).unwrap();
    for name in ["x.parquet", "x.arrow"] {
        let path = directory.path().join(name);
        write(&path, std::slice::from_ref(&batch));
        let (schema, _) = if name == "x.parquet" { parquet_batches(&path) } else { arrow_batches(&path) };
        assert_eq!(
            schema.field(0).data_type(),
            &DataType::Timestamp(TimeUnit::Millisecond, Some("Europe/Berlin".into()))
        );
    }
}
