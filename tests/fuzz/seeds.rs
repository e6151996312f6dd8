//! Seeds that are made rather than kept: tables as Parquet and Arrow, models, packed text, and cuts of real logs.

use arrow_array::types::Int32Type;
use arrow_array::{
    ArrayRef, BooleanArray, DictionaryArray, Float64Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow_ipc::CompressionType;
use arrow_ipc::writer::{FileWriter, IpcWriteOptions, StreamWriter};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{WriterProperties, WriterVersion};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

/// Bytes of a cut: a few dozen records.
const CUT: usize = 3_000;

/// Puts seeds into a folder a target.
pub fn make(at: &Path) {
    columnar(at);
    models(at);
    cuts(at);
}

fn put(at: &Path, target: &str, name: &str, bytes: &[u8]) {
    let folder = at.join(target);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(name), bytes).unwrap();
}

/// Columns of many types under the names of flows.
fn table(n: usize) -> RecordBatch {
    let every = |k: usize| move |i: usize| (!i.is_multiple_of(k)).then_some(i);
    let starts = (0..n).map(|i| Some(1_700_000_000_000_000 + 250_000 * i as i64));
    let hosts = |first: usize| (0..n).map(move |i| Some(format!("10.0.{first}.{}", i % 9))).collect::<StringArray>();
    let service: DictionaryArray<Int32Type> = (0..n).map(|i| ["dns", "http", "ssh"][i % 3]).collect();
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("ts", Arc::new(TimestampMicrosecondArray::from_iter(starts).with_timezone("UTC"))),
        ("src_ip", Arc::new(hosts(1))),
        ("dst_ip", Arc::new(hosts(2))),
        ("dst_port", Arc::new((0..n).map(|i| Some(i as i64 * 53 % 70_000)).collect::<Int64Array>())),
        ("service", Arc::new(service)),
        ("duration", Arc::new((0..n).map(|i| every(3)(i).map(|i| i as f64 / 7.0)).collect::<Float64Array>())),
        ("bytes_out", Arc::new((0..n).map(|i| every(5)(i).map(|i| 1_i64 << (i % 50))).collect::<Int64Array>())),
        ("answered", Arc::new((0..n).map(|i| every(7)(i).map(|i| i % 2 == 0)).collect::<BooleanArray>())),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}

fn columnar(at: &Path) {
    let table = table(24);
    let kinds = [
        ("plain", Compression::UNCOMPRESSED, WriterVersion::PARQUET_1_0, true),
        ("snappy", Compression::SNAPPY, WriterVersion::PARQUET_2_0, false),
        ("zstd", Compression::ZSTD(ZstdLevel::default()), WriterVersion::PARQUET_1_0, false),
        ("lz4", Compression::LZ4_RAW, WriterVersion::PARQUET_2_0, true),
    ];
    for (name, compression, version, dictionary) in kinds {
        let properties = WriterProperties::builder()
            .set_compression(compression)
            .set_writer_version(version)
            .set_dictionary_enabled(dictionary)
            .set_max_row_group_row_count(Some(10))
            .build();
        let mut writer = ArrowWriter::try_new(Vec::new(), table.schema(), Some(properties)).unwrap();
        writer.write(&table).unwrap();
        put(at, "parquet_file", name, &writer.into_inner().unwrap());
    }
    for (name, packed) in
        [("plain", None), ("lz4", Some(CompressionType::LZ4_FRAME)), ("zstd", Some(CompressionType::ZSTD))]
    {
        let options = || IpcWriteOptions::default().try_with_compression(packed).unwrap();
        let mut file = FileWriter::try_new_with_options(Vec::new(), &table.schema(), options()).unwrap();
        let mut stream = StreamWriter::try_new_with_options(Vec::new(), &table.schema(), options()).unwrap();
        for piece in [table.slice(0, 10), table.slice(10, 14)] {
            file.write(&piece).unwrap();
            stream.write(&piece).unwrap();
        }
        put(at, "arrow_file", name, &file.into_inner().unwrap());
        put(at, "arrow_stream", name, &stream.into_inner().unwrap());
    }
}

/// A model of each detector on few rows, and one of a flow log.
fn models(at: &Path) {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let oddflow = |arguments: &[&str], output: &Path| {
        let status =
            Command::new(env!("CARGO_BIN_EXE_oddflow")).args(arguments).arg("-o").arg(output).arg("-q").output();
        let output = status.unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    };
    let rows = path("rows.csv");
    oddflow(&["generate", "--rows", "64"], &rows);
    let rows = rows.to_str().unwrap();
    let logs = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/seeds/zeek/conn");
    let fits: [(&str, &[&str]); 5] = [
        ("iforest", &["fit", rows, "--trees", "2", "--sample-size", "16"]),
        ("lof", &["fit", rows, "--detector", "lof", "--neighbors", "3", "--reference-rows", "12"]),
        ("knn", &["fit", rows, "--detector", "knn", "--neighbors", "3", "--reference-rows", "12"]),
        ("ocsvm", &["fit", rows, "--detector", "ocsvm", "--fit-rows", "12"]),
        ("flows", &["fit", logs.to_str().unwrap(), "--trees", "2", "--sample-size", "16"]),
    ];
    for (name, arguments) in fits {
        let model = path(name);
        oddflow(arguments, &model);
        put(at, "model", name, &fs::read(model).unwrap());
    }
}

/// The beginnings of real logs, and pieces from within them behind their headers, where they are at hand.
fn cuts(at: &Path) {
    let shared = std::env::var_os("ODDFLOW_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    let logs = [
        ("csv", "cic-ids-2017/cicids_sample_webattacks_thursday.csv"),
        ("csv", "netflow/test2-malicious.binetflow"),
        ("tables", "cic-ids-2017/cicids_sample_webattacks_thursday.csv"),
        ("tables", "nsl-kdd/KDDTest+.txt"),
        ("ndjson", "zeek/json/conn.log"),
        ("ndjson", "zeek/json/day1_NASHUA_conn.log"),
        ("ndjson", "zeek/json/day2_NEWYORK_conn.log"),
        ("zeek", "zeek/labelled/CTU-IoT-Malware-Capture-34-1.conn.log.labeled"),
        ("zeek", "zeek/damaged/truncated.conn.log"),
        ("zeek", "zeek/rita-day/conn.00:00:00-01:00:00.log.gz"),
        ("zeek", "zeek/rita-day/open_conn.00:00:00-01:00:00.log.gz"),
        ("eve", "suricata/eve.json"),
        ("argus", "netflow/test2-malicious.binetflow"),
        ("argus", "netflow/test5-mixed.binetflow"),
    ];
    for (i, (target, file)) in logs.into_iter().enumerate() {
        let Ok(stored) = fs::read(shared.join("data").join(file)) else {
            println!("skipped: {file} is not at hand");
            continue;
        };
        let text = unpacked(&stored);
        let lines: Vec<&[u8]> = text.split_inclusive(|&byte| byte == b'\n').collect();
        let head = lines.iter().take_while(|line| line.starts_with(b"#")).count().max(1);
        for (k, begin) in [head, lines.len() / 3, lines.len() * 2 / 3].into_iter().enumerate() {
            let mut cut = lines[..head].concat();
            for line in lines.iter().skip(begin.max(head)) {
                if cut.len() + line.len() > CUT && cut.len() > 1_500 {
                    break;
                }
                cut.extend_from_slice(line);
            }
            put(at, target, &format!("cut{i}_{k}"), &cut);
            put(at, "packed", &format!("cut{i}_{k}"), &gzip(&cut));
            put(at, "packed", &format!("how{i}_{k}"), &[&[i as u8 * 17, 128, 1], cut.as_slice()].concat());
        }
    }
}

fn unpacked(stored: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    if stored.starts_with(&[0x1f, 0x8b]) {
        let mut reader = flate2::read::MultiGzDecoder::new(stored);
        std::io::Read::read_to_end(&mut reader, &mut text).unwrap();
    } else {
        text.extend_from_slice(stored);
    }
    text
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}
