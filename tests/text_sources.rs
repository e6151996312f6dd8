//! Text inputs as a user meets them: real logs of several makers, folders, compression, damage, standard input.

use arrow_array::Array;
use arrow_array::cast::AsArray;
use oddflow::Error;
use oddflow::flows::source::{Compression, Damage, Format, Input, InputOptions, Source, preset};
use oddflow::flows::{Batch, Reject};
use std::collections::BTreeMap;
use std::fs;
use std::io::{Cursor, Read, Write};
use std::path::{Path, PathBuf};

/// The real logs; `None` (and a word why) where they are not at hand.
fn shared(file: &str) -> Option<String> {
    let root = std::env::var_os("ODDFLOW_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    let path = root.join("data").join(file);
    if path.exists() {
        return Some(path.display().to_string());
    }
    println!("skipped: {} is not there (ODDFLOW_SHARED names the folder with the real logs)", path.display());
    None
}

fn nsl_kdd() -> InputOptions {
    let names = preset("nsl-kdd").unwrap().iter().map(|name| (*name).to_owned()).collect();
    InputOptions { column_names: Some(names), ..InputOptions::default() }
}

fn open(inputs: &[&str], options: &InputOptions) -> oddflow::Result<Input> {
    Input::open(&inputs.iter().map(|&input| input.to_owned()).collect::<Vec<_>>(), options)
}

fn open_stdin(text: &[u8], options: &InputOptions) -> oddflow::Result<Input> {
    Input::open_with_stdin(&["-".into()], options, Box::new(Cursor::new(text.to_vec())))
}

/// All batches, and the error that ended them.
fn drain(mut source: Box<dyn Source>) -> (Vec<Batch>, Option<Error>) {
    let mut batches = Vec::new();
    loop {
        match source.next_chunk() {
            Ok(Some(chunk)) => batches.push(chunk.parse().unwrap()),
            Ok(None) => return (batches, None),
            Err(error) => {
                assert!(source.next_chunk().unwrap().is_none(), "after an error the source is at its end");
                return (batches, Some(error));
            }
        }
    }
}

fn read(input: &Input) -> Vec<Batch> {
    let (batches, error) = drain(input.source().unwrap());
    assert!(error.is_none(), "{error:?}");
    batches
}

fn rows(batches: &[Batch]) -> usize {
    batches.iter().map(Batch::n_rows).sum()
}

fn rejections(batches: &[Batch]) -> BTreeMap<Reject, usize> {
    let mut counts = BTreeMap::new();
    batches.iter().flat_map(|batch| &batch.rejected).for_each(|r| *counts.entry(r.reason).or_default() += 1);
    counts
}

fn types(input: &Input) -> Vec<String> {
    input.schema.fields().iter().map(|field| format!("{} {}", field.name(), field.data_type())).collect()
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

/// 10,000 rows with a header; the column `n` counts from 0.
fn table() -> Vec<u8> {
    let mut text = String::from("n,proto,bytes\n");
    (0..10_000).for_each(|i| text.push_str(&format!("{i},{},{}\n", ["tcp", "udp", "icmp"][i % 3], i * i)));
    text.into_bytes()
}

#[test]
fn nsl_kdd_is_read_under_its_preset() {
    for (file, n) in [("nsl-kdd/KDDTest+.txt", 22_544), ("nsl-kdd/KDDTrain+_20Percent.txt", 25_192)] {
        let Some(file) = shared(file) else { return };
        let input = open(&[&file], &nsl_kdd()).unwrap();
        assert_eq!(input.files[0].description, "CSV, delimiter ',', no header, 43 columns");
        let batches = read(&input);
        assert_eq!((rows(&batches), rejections(&batches).len()), (n, 0));
        let text: Vec<_> =
            input.schema.fields().iter().filter(|f| f.data_type().is_string()).map(|f| f.name()).collect();
        assert_eq!(text, ["protocol_type", "service", "flag", "attack"]);
    }
}

#[test]
fn cicflowmeter_is_read_with_its_quirks() {
    let Some(folder) = shared("cic-ids-2017") else { return };
    let input = open(&[&folder], &InputOptions::default()).unwrap();
    let batches = read(&input);
    assert_eq!((rows(&batches), rejections(&batches).len(), input.schema.fields().len()), (10_180, 0, 79));
    let types = types(&input);
    // BOM and padding are gone, the repeated name is told apart, Infinity and NaN make real numbers.
    assert_eq!(types[0], "Destination Port Int64");
    assert!(types.contains(&"Fwd Header Length Int64".into()) && types.contains(&"Fwd Header Length.1 Int64".into()));
    assert!(types.contains(&"Flow Bytes/s Float64".into()) && types.contains(&"Flow Packets/s Float64".into()));
    let mut infinite = 0;
    for batch in &batches {
        let rate = batch.columns.column_by_name("Flow Packets/s").unwrap();
        infinite +=
            rate.as_primitive::<arrow_array::types::Float64Type>().iter().flatten().filter(|v| v.is_infinite()).count();
    }
    assert!(infinite > 0);
}

#[test]
fn argus_is_read_with_comma_and_tab() {
    let cases = [("netflow/test2-malicious.binetflow", "','", 6751), ("netflow/test5-mixed.binetflow", "tab", 299)];
    for (file, delimiter, n) in cases {
        let Some(file) = shared(file) else { return };
        let input = open(&[&file], &InputOptions::default()).unwrap();
        assert_eq!(input.files[0].description, format!("Argus, CSV, delimiter {delimiter}, header, 16 columns"));
        let batches = read(&input);
        assert_eq!((rows(&batches), rejections(&batches).len()), (n, 0));
        // Ports in hexadecimal stay as they are.
        assert!(types(&input).contains(&"Sport Utf8".to_owned()), "{:?}", types(&input));
    }
    let (Some(a), Some(b)) = (shared(cases[0].0), shared(cases[1].0)) else { return };
    let input = open(&[&a, &b], &InputOptions::default()).unwrap();
    let batches = read(&input);
    assert_eq!(rows(&batches), 7050);
    // The one that begins in 1970 comes first. Positions in the stream go on where the first file ended, and no column is
    // doubled.
    let last = batches.last().unwrap();
    assert!(input.files[0].name.ends_with("test5-mixed.binetflow"));
    assert_eq!((last.file, last.stream_position(last.n_rows() - 1)), (1, 7050));
    assert_eq!(input.schema.fields().len(), 16);
}

#[test]
fn zeek_and_suricata_json_are_read() {
    let cases = [
        ("zeek/json/conn.log", 29, 21),
        ("zeek/json/day1_NASHUA_conn.log", 479, 0),
        ("zeek/json/day2_NEWYORK_conn.log", 314, 0),
        ("suricata/eve.json", 3512, 33),
    ];
    for (file, n, columns) in cases {
        let Some(file) = shared(file) else { return };
        let input = open(&[&file], &InputOptions::default()).unwrap();
        assert_eq!(input.files[0].format, Format::Ndjson);
        let batches = read(&input);
        assert_eq!((rows(&batches), rejections(&batches).len()), (n, 0), "{file}");
        assert!(columns == 0 || input.schema.fields().len() == columns, "{file}: {:?}", types(&input));
        assert!(input.unknown_keys().is_empty());
    }
}

#[test]
fn a_file_of_another_kind_is_looked_at_closely() {
    let (Some(zeek), Some(eve)) = (shared("zeek/json/conn.log"), shared("suricata/eve.json")) else { return };
    let input = open(&[&zeek, &eve], &InputOptions::default()).unwrap();
    assert_eq!(rows(&read(&input)), 29 + 3512);
    assert_eq!(input.unknown_keys(), []);
}

#[test]
fn what_is_no_table_is_named() {
    let cases = [("zeek/damaged/not_a_log.conn.log", "Lorem ipsum"), ("zeek/damaged/corrupt.log.gz", "Zeek")];
    for (file, word) in cases {
        let Some(file) = shared(file) else { return };
        let error = open(&[&file], &InputOptions::default()).unwrap_err().to_string();
        assert!(error.contains(&file) && error.contains(word), "{error}");
    }
    let Some(folder) = shared("zeek") else { return };
    let options = InputOptions { skip_errors: true, ..InputOptions::default() };
    let input = open(&[&folder], &options).unwrap();
    // 58 records stand before the damage of one.
    assert_eq!(rows(&read(&input)), 29 + 479 + 314 + 31_391 + 23_145 + 58);
    assert_eq!(input.damages().len(), 1);
    assert!(input.notes.iter().any(|note| note.starts_with("1 file passed over")), "{:?}", input.notes);
    assert!(input.notes.iter().any(|note| note == "1 other log passed over: http"), "{:?}", input.notes);
}

#[test]
fn real_logs_cut_anywhere_end_in_words() {
    for file in ["netflow/test5-mixed.binetflow", "zeek/json/conn.log"] {
        let Some(file) = shared(file) else { return };
        let whole = fs::read(file).unwrap();
        for cut in (0..whole.len()).step_by(97) {
            let Ok(input) = open_stdin(&whole[..cut], &InputOptions::default()) else { continue };
            let batches = read(&input);
            let lines = whole[..cut].split(|&b| b == b'\n').filter(|line| !line.is_empty()).count();
            // A record about Argus itself is no flow.
            let passed: u64 = input.passed_over().iter().map(|(_, n)| n).sum();
            let header = usize::from(input.files[0].format == Format::Csv) + passed as usize;
            let read = rows(&batches) + batches.iter().map(|b| b.rejected.len()).sum::<usize>();
            assert_eq!(read + header, lines, "cut at {cut}");
            assert!(batches.iter().map(|b| b.rejected.len()).sum::<usize>() <= 1);
        }
    }
}

#[test]
fn compressed_files_are_the_same_table() {
    let folder = tempfile::tempdir().unwrap();
    let text = table();
    let (head, tail) = text.split_at(54_321);
    let members = [gzip(head), gzip(b""), gzip(tail)].concat();
    let frames = [zstd::encode_all(head, 1).unwrap(), zstd::encode_all(tail, 1).unwrap()].concat();
    let files = [
        ("a.csv", text, Compression::None),
        ("b.csv.gz", members, Compression::Gzip),
        ("c.csv.zst", frames, Compression::Zstd),
    ];
    for (name, bytes, compression) in &files {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        let input =
            open(&[path.to_str().unwrap()], &InputOptions { batch_rows: 777, ..InputOptions::default() }).unwrap();
        assert_eq!(input.files[0].compression, *compression);
        let mut source = input.source().unwrap();
        let (mut n, mut stored) = (0, 0);
        while let Some(chunk) = source.next_chunk().unwrap() {
            stored += chunk.source_bytes;
            let batch = chunk.parse().unwrap();
            assert!(batch.n_rows() <= 777);
            let column = batch.columns.column(0).as_primitive::<arrow_array::types::Int64Type>();
            for row in 0..batch.n_rows() {
                assert_eq!((column.value(row), batch.numbers.get(row)), (n, n as u64 + 1));
                n += 1;
            }
        }
        assert_eq!((n, stored), (10_000, bytes.len() as u64), "{name}");
    }
    // All three as one stream.
    let input = open(&[folder.path().to_str().unwrap()], &InputOptions::default()).unwrap();
    let batches = read(&input);
    assert_eq!(rows(&batches), 30_000);
    assert_eq!(batches.last().unwrap().stream_offset, 20_000);
}

#[test]
fn what_comes_before_damage_is_delivered() {
    let folder = tempfile::tempdir().unwrap();
    let text = table();
    let whole = gzip(&text);
    let cut = folder.path().join("1.csv.gz");
    fs::write(&cut, &whole[..whole.len() / 2]).unwrap();
    let broken = folder.path().join("2.csv.zst");
    let (head, tail) = text.split_at(text.len() / 2);
    let first = zstd::encode_all(head, 1).unwrap();
    let second = zstd::encode_all(tail, 1).unwrap();
    fs::write(&broken, [&first[..], &second[..second.len() / 2]].concat()).unwrap();
    let good = folder.path().join("3.csv");
    fs::write(&good, &text).unwrap();
    for (path, word) in [(&cut, "gzip"), (&broken, "Zstandard")] {
        let input =
            open(&[path.to_str().unwrap()], &InputOptions { batch_rows: 100, ..InputOptions::default() }).unwrap();
        let (batches, error) = drain(input.source().unwrap());
        let n = rows(&batches) as u64;
        match error {
            Some(Error::Damaged { file, records, reason }) => {
                assert_eq!((file.as_str(), records), (path.to_str().unwrap(), n));
                assert!(reason.contains(word), "{reason}");
            }
            other => panic!("{other:?}"),
        }
        assert!((1000..9999).contains(&n), "{n}");
        assert_eq!(rejections(&batches).len(), 0, "half a record before the damage is no record");
    }
    let options = InputOptions { skip_errors: true, ..InputOptions::default() };
    let input = open(&[folder.path().to_str().unwrap()], &options).unwrap();
    for _pass in 0..2 {
        let batches = read(&input);
        let damages: Vec<Damage> = input.damages();
        let before: u64 = damages.iter().map(|damage| damage.records).sum();
        assert!(damages.len() == 2 && damages[0].file.ends_with("1.csv.gz"), "{damages:?}");
        assert_eq!(rows(&batches) as u64, 10_000 + before);
        assert_eq!(batches.last().unwrap().stream_offset, before);
    }
}

#[test]
fn a_file_cut_in_a_row_has_one_bad_record() {
    let text = table();
    let cut = &text[..text.len() - 12];
    let batches = read(&open_stdin(cut, &InputOptions::default()).unwrap());
    assert_eq!((rows(&batches), rejections(&batches)), (9_999, BTreeMap::from([(Reject::TooFewFields, 1)])));
}

#[test]
fn folders_patterns_and_names_are_found_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    fs::create_dir_all(root.join("2024/b")).unwrap();
    fs::create_dir_all(root.join(".hidden")).unwrap();
    let file = |name: &str, text: &str| {
        fs::write(root.join(name), text).unwrap();
        root.join(name).display().to_string()
    };
    file("2024/b/2.csv", "a,b\n1,x\n");
    file("2024/1.csv", "b,a\ny,2.5\n");
    file("notes.txt", "some words\nabout, all these files\nand nothing else here\n");
    file("out.manifest.json", "{\"a\":1}\n");
    file(".hidden/3.csv", "a,b\n1,x\n");
    file(".4.csv", "a,b\n1,x\n");
    file("empty.csv", "");
    let star = file("z[1].csv", "a,c\n3,4\n");
    file("z1.csv", "a,c\n5,6\n");
    let root_name = root.display().to_string();
    let input = open(&[&root_name], &InputOptions::default()).unwrap();
    let names: Vec<_> = input.files.iter().map(|file| file.name.strip_prefix(&root_name).unwrap()).collect();
    assert_eq!(names, ["/2024/1.csv", "/2024/b/2.csv", "/empty.csv", "/z1.csv", "/z[1].csv"]);
    let passed_over: Vec<_> = input.notes.iter().filter(|note| note.contains("passed over")).collect();
    assert!(
        matches!(passed_over.as_slice(), [note] if note.contains("1 file passed over") && note.contains("notes.txt")),
        "{:?}",
        input.notes
    );
    // By name, in order of first appearance; the widest type; what a file lacks is null.
    assert_eq!(types(&input), ["b Utf8", "a Float64", "c Int64"]);
    assert!(input.files[0].description.ends_with("without c (null)"), "{}", input.files[0].description);
    let batches = read(&input);
    let numbers: Vec<f64> = batches
        .iter()
        .flat_map(|b| b.columns.column(1).as_primitive::<arrow_array::types::Float64Type>().values().to_vec())
        .collect();
    assert_eq!(numbers, [2.5, 1.0, 5.0, 3.0]);
    assert_eq!(batches[0].columns.column(2).null_count(), 1);
    // A name with pattern characters is that file; the pattern without one finds files.
    assert_eq!(open(&[&star], &InputOptions::default()).unwrap().files[0].name, star);
    let pattern = format!("{root_name}/2024/**/*.csv");
    assert_eq!(open(&[&pattern], &InputOptions::default()).unwrap().files.len(), 2);
    let twice = open(&[&star, &root_name], &InputOptions::default()).unwrap();
    assert_eq!(twice.files.len(), 5);
    assert!(twice.notes.iter().any(|note| note.contains("more than once")));
}

#[test]
fn nothing_found_is_said_with_what_was_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().display().to_string();
    let message = |inputs: &[&str]| open(inputs, &InputOptions::default()).unwrap_err().to_string();
    assert!(message(&[&root]).contains(&root));
    assert!(message(&[&format!("{root}/*.csv")]).contains("no file matches"));
    assert!(message(&[&format!("{root}/none.csv")]).contains("none.csv"));
    assert!(message(&[]).contains("no input"));
    fs::write(folder.path().join("e.csv"), "").unwrap();
    assert!(message(&[&format!("{root}/e.csv")]).contains("is empty: 0 records"));
    for (name, bytes, word) in [
        ("u.csv", &b"\xff\xfea\0,\0b\0"[..], "UTF-16"),
        ("p.csv.gz", &gzip(b"PAR1 and so on"), "unpack"),
        ("x.csv", b"\x00\x01\x02\x03binary", "binary"),
        ("a.json", b"[{\"a\": 1}]", "jq -c '.[]'"),
        ("m.csv", b"a,b\r1,2\r3,4\r", "carriage returns"),
        ("z.log", b"#separator \\x09\n", "Zeek"),
        ("c.csv.gz", &gzip(&table())[..12], "damaged after 0 records"),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        let message = message(&[path.to_str().unwrap()]);
        assert!(message.contains(name) && message.contains(word), "{message}");
    }
    // A header alone is a table without rows.
    fs::write(folder.path().join("h.csv"), "a,b\n").unwrap();
    let input = open(&[&format!("{root}/h.csv")], &InputOptions::default()).unwrap();
    assert_eq!((rows(&read(&input)), input.schema.fields().len()), (0, 2));
}

#[test]
fn standard_input_is_read_once_or_spooled() {
    for text in [table(), gzip(&table())] {
        let input = open_stdin(&text, &InputOptions::default()).unwrap();
        assert_eq!((input.files[0].name.as_str(), rows(&read(&input))), ("-", 10_000));
        let (batches, error) = drain(input.source().unwrap());
        assert!(batches.is_empty() && error.unwrap().to_string().contains("read already"));

        let options = InputOptions { spool: Some(1 << 20), ..InputOptions::default() };
        let input = open_stdin(&text, &options).unwrap();
        let path = input.files[0].path.clone().unwrap();
        assert_eq!((rows(&read(&input)), rows(&read(&input))), (10_000, 10_000));
        drop(input);
        assert!(!path.exists());
    }
    let options = InputOptions { spool: Some(1000), ..InputOptions::default() };
    let error = open_stdin(&table(), &options).unwrap_err().to_string();
    assert!(error.contains("1000 bytes"), "{error}");
}

#[test]
fn a_long_pipe_goes_on_where_recognition_stopped() {
    // More than what is looked at, in small pieces.
    struct Pieces(u64, Vec<u8>);
    impl Read for Pieces {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            if self.1.is_empty() && self.0 < 900_000 {
                self.1 = if self.0 == 0 { b"n,x\n".to_vec() } else { Vec::new() };
                (0..1000).for_each(|i| self.1.extend_from_slice(format!("{},ab\n", self.0 + i).as_bytes()));
                self.0 += 1000;
            }
            let n = buffer.len().min(self.1.len()).min(1111);
            buffer[..n].copy_from_slice(&self.1[..n]);
            self.1.drain(..n);
            Ok(n)
        }
    }
    let input =
        Input::open_with_stdin(&["-".into()], &InputOptions::default(), Box::new(Pieces(0, Vec::new()))).unwrap();
    let mut next = 0;
    for batch in read(&input) {
        for &value in batch.columns.column(0).as_primitive::<arrow_array::types::Int64Type>().values() {
            assert_eq!(value, next);
            next += 1;
        }
    }
    assert_eq!(next, 900_000);
}

#[test]
fn the_first_pass_settles_types_for_the_second() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    let mut text = String::from("n,m\n");
    (0..700_000).for_each(|i| text.push_str(&format!("{i},{i}\n")));
    text.push_str("0.5,1\n0.25,x\n");
    fs::write(&path, text).unwrap();
    let mut input = open(&[path.to_str().unwrap()], &InputOptions::default()).unwrap();
    assert_eq!(types(&input), ["n Int64", "m Int64"]);
    let (surveyed, _) = drain(input.survey_source().unwrap());
    assert_eq!((rows(&surveyed), rejections(&surveyed)), (700_001, BTreeMap::from([(Reject::BadNumber, 1)])));
    assert!(!input.wants_wider());
    assert_eq!(input.settle().iter().map(|w| w.column.as_str()).collect::<Vec<_>>(), ["n"]);
    assert_eq!(types(&input), ["n Float64", "m Int64"]);
    let batches = read(&input);
    assert_eq!(rows(&batches), 700_001);
    assert!(batches.iter().all(|batch| batch.columns.schema() == input.schema));
    assert_eq!(batches.last().unwrap().rejected[0].record, 700_002);
    // Without a survey the record does not fit and is rejected, until another pass; known types need none.
    let mut input = open(&[path.to_str().unwrap()], &InputOptions::default()).unwrap();
    assert_eq!(rejections(&read(&input)), BTreeMap::from([(Reject::BadNumber, 2)]));
    assert!(input.wants_wider());
    let said: Vec<String> = input.settle().iter().map(ToString::to_string).collect();
    assert_eq!(said, ["n holds numbers with fractions from record 700001 on: read again as float64"]);
    assert_eq!(rejections(&read(&input)), BTreeMap::from([(Reject::BadNumber, 1)]));
    assert!(!input.wants_wider());
    let known = vec![("n".to_owned(), arrow_schema::DataType::Float32)];
    let input =
        open(&[path.to_str().unwrap()], &InputOptions { known_types: known, ..InputOptions::default() }).unwrap();
    assert_eq!(types(&input), ["n Float64", "m Int64"]);
}

#[test]
fn parts_of_a_split_file_share_the_header() {
    let folder = tempfile::tempdir().unwrap();
    let text = table();
    let half = text.len() / 2 + text[text.len() / 2..].iter().position(|&b| b == b'\n').unwrap() + 1;
    fs::write(folder.path().join("xaa"), &text[..half]).unwrap();
    fs::write(folder.path().join("xab"), &text[half..]).unwrap();
    let input = open(&[folder.path().to_str().unwrap()], &InputOptions::default()).unwrap();
    assert_eq!(types(&input), ["n Int64", "proto Utf8", "bytes Int64"]);
    assert!(input.files[1].description.contains("named as in"), "{}", input.files[1].description);
    assert_eq!(rows(&read(&input)), 10_000);
}

#[test]
fn single_byte_dashes_cost_no_records() {
    // As the original CIC-IDS-2017 labels are.
    let mut text = b"n,Label\n".to_vec();
    (0..100).for_each(|i| text.extend_from_slice(&[i.to_string().as_bytes(), b",Web Attack \x96 XSS\n"].concat()));
    text.extend_from_slice("1,Größe\n2,\u{e9}\n".as_bytes());
    text.extend_from_slice(b"3,\x81\n4,\x01\x96\n");
    let input = open_stdin(&text, &InputOptions::default()).unwrap();
    let batches = read(&input);
    assert_eq!((rows(&batches), rejections(&batches)), (102, BTreeMap::from([(Reject::NotUtf8, 2)])));
    assert_eq!(batches[0].columns.column(1).as_string::<i32>().value(7), "Web Attack – XSS");
    assert_eq!(input.recoded_lines(), 100);
}

#[cfg(unix)]
#[test]
fn a_named_pipe_is_read_once_and_a_loop_of_links_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("a/b");
    fs::create_dir_all(&inner).unwrap();
    std::os::unix::fs::symlink(folder.path(), inner.join("loop")).unwrap();
    fs::write(inner.join("t.csv"), table()).unwrap();
    let input = open(&[folder.path().to_str().unwrap()], &InputOptions::default()).unwrap();
    assert_eq!((input.files.len(), rows(&read(&input))), (1, 10_000));

    let pipe = folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let writer = std::thread::spawn({
        let pipe = pipe.clone();
        move || fs::write(pipe, table()).unwrap()
    });
    let input = open(&[pipe.to_str().unwrap()], &InputOptions::default()).unwrap();
    assert_eq!(rows(&read(&input)), 10_000);
    writer.join().unwrap();
    let (_, error) = drain(input.source().unwrap());
    assert!(error.unwrap().to_string().contains("read already"));
}

#[test]
fn keys_that_come_up_late_are_counted() {
    let mut text = String::new();
    (0..200_000).for_each(|i| text.push_str(&format!("{{\"n\": {i}, \"id\": {{\"h\": \"10.0.0.1\"}}}}\n")));
    text.push_str("{\"n\": 1, \"late\": 2, \"id\": {\"late\": 3}}\n{\"late\": 1}\n");
    let options = InputOptions { spool: Some(1 << 30), ..InputOptions::default() };
    let input = open_stdin(text.as_bytes(), &options).unwrap();
    for _pass in 0..2 {
        assert_eq!(rows(&read(&input)), 200_002);
        assert_eq!(input.unknown_keys(), [("id.late".to_owned(), 1), ("late".to_owned(), 2)]);
    }
}

/// The text of a column, whatever its type.
fn texts(batches: &[Batch], column: usize) -> Vec<String> {
    let text = |batch: &Batch| {
        let column = batch.columns.column(column);
        (0..batch.n_rows())
            .map(|row| arrow_cast::display::array_value_to_string(column, row).unwrap())
            .collect::<Vec<_>>()
    };
    batches.iter().flat_map(text).collect()
}

#[test]
fn numbers_that_a_number_would_not_keep_stay_text() {
    let text = b"id,zip,port,sign,n,x\n\
        14052249837599279341,07618,0x867d,+5,1,0.00\n\
        14052249837599279342,10115,80,6,-2,0.5\n";
    let input = open_stdin(text, &InputOptions::default()).unwrap();
    assert_eq!(types(&input), ["id Utf8", "zip Utf8", "port Utf8", "sign Utf8", "n Int64", "x Float64"]);
    let batches = read(&input);
    assert_eq!(texts(&batches, 0), ["14052249837599279341", "14052249837599279342"]);
    assert_eq!(texts(&batches, 1), ["07618", "10115"]);
    assert_eq!(texts(&batches, 2), ["0x867d", "80"]);
    assert_eq!(texts(&batches, 3), ["+5", "6"]);
    assert_eq!(
        (texts(&batches, 4), texts(&batches, 5)),
        (vec!["1".into(), "-2".into()], vec!["0.0".into(), "0.5".into()])
    );
    // The same ids in JSON, and beside a file of unsigned integers.
    let input = open_stdin(b"{\"id\": 14052249837599279341}\n{\"id\": 7}\n", &InputOptions::default()).unwrap();
    assert_eq!(texts(&read(&input), 0), ["14052249837599279341", "7"]);
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.csv"), "id,n\n7,1\n8,2\n").unwrap();
    let ids: arrow_array::ArrayRef = std::sync::Arc::new(arrow_array::UInt64Array::from(vec![14052249837599279341]));
    let batch = arrow_array::RecordBatch::try_from_iter([("id", ids)]).unwrap();
    let mut writer = arrow_ipc::writer::FileWriter::try_new(Vec::new(), &batch.schema()).unwrap();
    writer.write(&batch).unwrap();
    fs::write(folder.path().join("b.arrow"), writer.into_inner().unwrap()).unwrap();
    let input = open(&[folder.path().to_str().unwrap()], &InputOptions::default()).unwrap();
    assert_eq!(texts(&read(&input), 0), ["7", "8", "14052249837599279341"]);
}

#[test]
fn known_types_give_way_to_what_the_head_shows() {
    use arrow_schema::DataType::{Float64, Int64, Utf8};
    let known = ["a", "b", "c", "d"].map(str::to_owned).into_iter().zip([Int64, Int64, Float64, Utf8]).collect();
    let options = InputOptions { known_types: known, ..InputOptions::default() };
    let input = open_stdin(b"a,b,c,d\n1.5,x,1,1\n2.5,y,2,2\n", &options).unwrap();
    assert_eq!(types(&input), ["a Float64", "b Utf8", "c Float64", "d Utf8"]);
    let batches = read(&input);
    assert_eq!((rows(&batches), rejections(&batches).len()), (2, 0));
}

#[test]
fn a_column_that_becomes_text_later_costs_no_record() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    let mut text = String::from("n,threat,id,few\n");
    (0..400_000).for_each(|i| text.push_str(&format!("{i},0,{i},1\n")));
    (0..1_000).for_each(|i| text.push_str(&format!("{i},DoS,{i},1\n")));
    text.push_str("1,-,0077,1\n2,0,1,oops\n");
    fs::write(&path, &text).unwrap();
    let wanted = [
        "threat holds text from record 400001 on (1000 of 401001 values): read again as text",
        "id holds numbers from record 401001 on that would lose digits (ids, leading zeros): read again as text",
    ];
    for survey in [true, false] {
        let mut input = open(&[path.to_str().unwrap()], &InputOptions::default()).unwrap();
        assert_eq!(types(&input), ["n Int64", "threat Int64", "id Int64", "few Int64"]);
        drain(if survey { input.survey_source().unwrap() } else { input.source().unwrap() });
        assert!(input.wants_wider());
        assert_eq!(input.settle().iter().map(ToString::to_string).collect::<Vec<_>>(), wanted);
        let (batches, _) = drain(if survey { input.survey_source().unwrap() } else { input.source().unwrap() });
        assert!(!input.wants_wider() && input.settle().is_empty());
        assert_eq!((rows(&batches), rejections(&batches)), (401_001, BTreeMap::from([(Reject::BadNumber, 1)])));
        assert_eq!(texts(&batches, 1)[399_999..400_001], ["0", "DoS"]);
        assert_eq!((texts(&batches, 1).pop().unwrap(), texts(&batches, 2).pop().unwrap()), ("-".into(), "0077".into()));
    }
    // What can be read only once keeps its rejected records.
    let input = open_stdin(text.as_bytes(), &InputOptions::default()).unwrap();
    assert_eq!(rejections(&read(&input)), BTreeMap::from([(Reject::BadNumber, 1_002)]));
    assert!(!input.wants_wider());
}

#[test]
fn a_wide_table_comes_in_few_rows_at_once() {
    // Rows have a place in every column: 60,000 short lines of 10,000 columns would take 5 GB at once.
    let keys: Vec<String> = (0..10_000).map(|i| format!("\"k{i}\":1")).collect();
    let text = format!("{{{}}}\n{}", keys.join(","), "{}\n".repeat(4_000));
    let input = open_stdin(text.as_bytes(), &InputOptions::default()).unwrap();
    assert_eq!(input.schema.fields().len(), 10_000);
    let batches = read(&input);
    assert_eq!(rows(&batches), 4_001);
    assert!(batches.len() > 1 && batches.iter().all(|batch| batch.n_rows() * 10_000 <= 1 << 24));
    let narrow = open_stdin(&table(), &InputOptions::default()).unwrap();
    assert_eq!(read(&narrow).len(), 1);
    // More columns than any table has are no table.
    let header = vec!["x"; 10_001].join(",") + "\n";
    let commas = InputOptions { delimiter: Some(b','), ..InputOptions::default() };
    let error = open_stdin(header.as_bytes(), &commas).unwrap_err().to_string();
    assert!(error.contains("10001 fields") && error.contains("at most 10000"), "{error}");
}
