//! Parquet and Arrow IPC through [`Input`]: our own outputs read back, several files as one stream, real files, threads.

#[path = "support/damaged.rs"]
mod damaged;

use arrow_array::cast::AsArray;
use arrow_array::*;
use arrow_schema::{DataType, SchemaRef};
use oddflow::Stop;
use oddflow::flows::Batch;
use oddflow::flows::sink::{Sink, SinkOptions, Target};
use oddflow::flows::source::{Format, Input, InputOptions};
use oddflow::pipeline::{Progress, Run};
use oddflow::{Error, Result};
use parquet::file::properties::WriterProperties;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

fn rows(first: usize, n: usize) -> RecordBatch {
    let mix = |i: usize| ((first + i) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(23);
    let ids: Int64Array = (0..n).map(|i| Some((first + i) as i64)).collect();
    let services = ["http", "dns", "", "ssh", "数"];
    let service: StringArray = (0..n).map(|i| (mix(i) % 11 > 0).then(|| services[mix(i) as usize % 5])).collect();
    let rate: Float64Array = (0..n).map(|i| (mix(i) % 3 > 0).then(|| mix(i) as f64 / 1e18)).collect();
    let flag: BooleanArray = (0..n).map(|i| (mix(i) % 7 > 0).then(|| mix(i) % 2 == 0)).collect();
    let columns: Vec<(&str, ArrayRef, bool)> = vec![
        ("id", Arc::new(ids), true),
        ("service", Arc::new(service), true),
        ("rate", Arc::new(rate), true),
        ("flag", Arc::new(flag), true),
    ];
    RecordBatch::try_from_iter_with_nullable(columns).unwrap()
}

fn write(path: &Path, batches: &[RecordBatch]) {
    let target = Target::parse(path.to_str().unwrap()).unwrap();
    let mut sink = Sink::create(&target, &batches[0].schema(), &SinkOptions::default()).unwrap();
    for batch in batches {
        sink.write(sink.encoder().encode(batch).unwrap()).unwrap();
    }
    sink.finish().unwrap();
}

fn open(paths: &[PathBuf], batch_rows: usize) -> Input {
    let names: Vec<String> = paths.iter().map(|p| p.to_str().unwrap().to_string()).collect();
    Input::open(&names, &InputOptions { batch_rows, ..InputOptions::default() }).unwrap()
}

/// All batches, parsed by `threads` threads as they get hold of chunks.
fn read(input: &Input, threads: usize) -> Vec<Batch> {
    let source = Mutex::new((0_usize, input.source().unwrap()));
    let parsed = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let (index, chunk) = {
                        let mut source = source.lock().unwrap();
                        let Some(chunk) = source.1.next_chunk().unwrap() else { break };
                        source.0 += 1;
                        (source.0, chunk)
                    };
                    let batch = chunk.parse().unwrap();
                    parsed.lock().unwrap().push((index, batch));
                }
            });
        }
    });
    let mut parsed = parsed.into_inner().unwrap();
    parsed.sort_by_key(|(index, _)| *index);
    parsed.into_iter().map(|(_, batch)| batch).collect()
}

fn joined(schema: &SchemaRef, batches: &[Batch]) -> RecordBatch {
    arrow_select::concat::concat_batches(schema, batches.iter().map(|b| &b.columns)).unwrap()
}

fn assert_rows(read: &RecordBatch, written: &RecordBatch) {
    assert_eq!(read.num_rows(), written.num_rows());
    for (field, column) in written.schema().fields().iter().zip(written.columns()) {
        let met = arrow_cast::cast(read.column_by_name(field.name()).unwrap(), field.data_type()).unwrap();
        assert_eq!(&met, column, "{}", field.name());
    }
}

#[test]
fn our_own_outputs_come_back() {
    let directory = tempfile::tempdir().unwrap();
    let batches: Vec<RecordBatch> = (0..5).map(|i| rows(i * 3_000, 3_000)).collect();
    let written = arrow_select::concat::concat_batches(&batches[0].schema(), &batches).unwrap();
    for (name, format) in
        [("x.parquet", Format::Parquet), ("x.arrow", Format::ArrowFile), ("x.arrows", Format::ArrowStream)]
    {
        let path = directory.path().join(name);
        write(&path, &batches);
        for batch_rows in [100, 4_096, 65_536] {
            let input = open(std::slice::from_ref(&path), batch_rows);
            assert_eq!(input.files[0].format, format);
            for threads in [1, 3] {
                assert_rows(&joined(&input.schema, &read(&input, threads)), &written);
            }
        }
    }
}

#[test]
fn files_of_several_formats_are_one_stream() {
    let directory = tempfile::tempdir().unwrap();
    let names = ["a.parquet", "b.arrow", "c.arrows", "d.csv", "e.parquet"];
    let paths: Vec<PathBuf> = names.iter().map(|n| directory.path().join(n)).collect();
    for (i, path) in paths.iter().enumerate() {
        write(path, &[rows(i * 1_000, 600), rows(i * 1_000 + 600, 400)]);
    }
    let input = open(&paths, 256);
    let batches = read(&input, 2);
    let mut expected = 0;
    for batch in &batches {
        for row in 0..batch.n_rows() {
            assert_eq!(batch.stream_position(row), expected);
            expected += 1;
        }
    }
    assert_eq!(expected, 5_000);
    let met = joined(&input.schema, &batches);
    let ids = arrow_cast::cast(met.column_by_name("id").unwrap(), &DataType::Int64).unwrap();
    assert_eq!(&ids, rows(0, 5_000).column(0));
    // CSV tells an empty text from a missing one only by its quotes: compare what both are to a reader.
    let words = |column: &ArrayRef| -> Vec<String> {
        let text = arrow_cast::cast(column, &DataType::Utf8).unwrap();
        text.as_string::<i32>().iter().map(|word| word.unwrap_or_default().to_string()).collect()
    };
    assert_eq!(words(met.column_by_name("service").unwrap()), words(rows(0, 5_000).column(1)));
}

#[test]
fn benchmark_files_of_the_field_open() {
    let shared = std::env::var("ODDFLOW_SHARED")
        .map_or_else(|_| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    let Ok(files) = std::fs::read_dir(shared.join("data/adbench")) else {
        println!("skipped: no data/adbench in {} (set ODDFLOW_SHARED)", shared.display());
        return;
    };
    let mut opened = 0;
    for path in files.map(|f| f.unwrap().path()).filter(|p| p.extension().is_some_and(|e| e == "parquet")) {
        let input = open(std::slice::from_ref(&path), 1_000);
        let batches = read(&input, 2);
        let file = std::fs::File::open(&path).unwrap();
        let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
        let plain: Vec<RecordBatch> = reader.build().unwrap().map(Result::unwrap).collect();
        let written = arrow_select::concat::concat_batches(&plain[0].schema(), &plain).unwrap();
        assert_rows(&joined(&input.schema, &batches), &written);
        opened += 1;
    }
    assert!(opened > 20, "only {opened} files");
}

/// A pass as the program makes it: the numbers in the stream of the rows consumed, and the rows told as progress.
fn pass(input: &Input, threads: usize) -> (Vec<u64>, u64, Result<()>) {
    let (mut positions, told) = (Vec::new(), Mutex::new(Progress::default()));
    let run = Run { threads, stop: Stop::new(), progress: &|at| *told.lock().unwrap() = at };
    let outcome = run.each(
        input.source().unwrap(),
        |batch| Ok((0..batch.n_rows()).map(|row| batch.stream_position(row)).collect::<Vec<_>>()),
        |done| {
            positions.extend(done.value);
            Ok(())
        },
    );
    let told = told.lock().unwrap().rows;
    (positions, told, outcome.map(drop))
}

#[test]
fn of_a_damaged_file_what_comes_before_the_damage_is_kept_however_it_is_read() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    damaged::parquet(&path("page.parquet"), true);
    damaged::parquet(&path("column.parquet"), false);
    damaged::arrow(&path("x.arrow"));
    write(&path("behind.parquet"), &[rows(0, 300)]);
    for name in ["page.parquet", "column.parquet", "x.arrow"] {
        let files = [path(name), path("behind.parquet")].map(|p| p.to_str().unwrap().to_string());
        let expected: Vec<u64> = (0..900).chain(2_000..2_300).collect();
        for (batch_rows, threads) in [30, 50, 99, 100, 130, 250, 65_536].into_iter().flat_map(|b| [(b, 1), (b, 3)]) {
            let case = format!("{name}, {batch_rows} rows a batch, {threads} threads");
            let options = InputOptions { batch_rows, skip_errors: true, ..InputOptions::default() };
            let input = Input::open(&files, &options).unwrap();
            for _ in 0..2 {
                let (met, told, outcome) = pass(&input, threads);
                outcome.unwrap();
                assert!(met == expected && told == 1_200, "{case}: {} rows, {told} told", met.len());
                let damages = input.damages();
                assert_eq!(damages.iter().map(|d| d.records).collect::<Vec<_>>(), [900], "{case}");
                assert_eq!(damages[0].file, files[0]);
            }
            let input = Input::open(&files, &InputOptions { batch_rows, ..InputOptions::default() }).unwrap();
            let Err(Error::Damaged { records, file, .. }) = pass(&input, threads).2 else { panic!("{case}: no error") };
            assert_eq!((records, &file), (900, &files[0]), "{case}");
        }
    }
}

/// Whatever the damage: bytes overwritten anywhere but in the footer.
#[test]
fn where_a_damaged_file_ends_depends_on_nothing_but_its_bytes() {
    let directory = tempfile::tempdir().unwrap();
    let mut random = ChaCha8Rng::seed_from_u64(5);
    let mut damages = 0;
    for name in ["zstd.parquet", "plain.parquet", "x.arrow"] {
        let path = directory.path().join(name);
        match name {
            "x.arrow" => damaged::arrow(&path),
            // Without compression damage is met, if at all, by the decoder of values, in the middle of a page.
            "plain.parquet" => damaged::parquet_of(&path, WriterProperties::builder(), true),
            _ => damaged::parquet(&path, true),
        }
        let good = std::fs::read(&path).unwrap();
        for round in 0..80 {
            let mut bytes = good.clone();
            let end = bytes.len() / 10 * 7;
            for _ in 0..random.random_range(1..4) {
                let at = random.random_range(8..end);
                let n = random.random_range(1..9);
                random.fill_bytes(&mut bytes[at..at + n]);
            }
            std::fs::remove_file(&path).unwrap();
            std::fs::write(&path, bytes).unwrap();
            let read = |batch_rows, skip_errors| {
                let options = InputOptions { batch_rows, skip_errors, ..InputOptions::default() };
                let input = Input::open(&[path.to_str().unwrap().to_string()], &options).unwrap();
                let (met, _, outcome) = pass(&input, 2);
                let said = match outcome {
                    Err(Error::Damaged { records, .. }) => Some(records),
                    outcome => outcome.map(|()| None).unwrap(),
                };
                (met.len() as u64, said.or(input.damages().first().map(|d| d.records)))
            };
            let whole = read(65_536, true);
            assert_eq!(whole.1.unwrap_or(2_000), whole.0, "{name} {round}");
            damages += usize::from(whole.0 < 900);
            for batch_rows in [7, 50, 130] {
                assert_eq!(read(batch_rows, true), whole, "{name} {round}, {batch_rows} rows a batch");
                assert_eq!(read(batch_rows, false).1, whole.1, "{name} {round}, {batch_rows} rows a batch, strict");
            }
        }
    }
    assert!(damages > 50, "only {damages} were damaged before the damage that was there");
}
