//! Inputs as they come: other formats, standard input, bad rows, damage.

use crate::{Bench, csv_column, damaged};
use std::io::Write;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn every_format_gives_the_same_scores() {
    let bench = Bench::with_flows(3_000);
    bench.ok(&["detect", "flows.csv", "-o", "want.csv"]);
    let want = csv_column(&bench.path("want.csv"), "anomaly_score");
    for name in ["f.parquet", "f.arrow", "f.ndjson", "f.tsv", "f.csv.gz", "f.csv.zst", "f.ndjson.gz"] {
        bench.ok(&["generate", "--rows", "3000", "--seed", "7", "-o", name]);
        bench.ok(&["detect", name, "-o", "got.csv"]);
        assert_eq!(want, csv_column(&bench.path("got.csv"), "anomaly_score"), "{name}");
    }
}

#[test]
fn many_gzip_members_are_one_file() {
    let bench = Bench::with_flows(2_000);
    let text = bench.read("flows.csv");
    let middle = text.len() / 2;
    let members = [gzip(&text.as_bytes()[..middle]), gzip(&text.as_bytes()[middle..])].concat();
    bench.write("flows.csv.gz", members);
    bench.ok(&["detect", "flows.csv", "-o", "a.csv"]);
    bench.ok(&["detect", "flows.csv.gz", "-o", "b.csv"]);
    assert_eq!(bench.read("a.csv"), bench.read("b.csv"));
}

/// As tapes and some archives leave them; gzip reads on too.
/// A log beside its packed self, and a rotated one that overlaps it: the first of equal records counts.
#[test]
fn copies_of_records_are_kept_and_not_scored() {
    let bench = Bench::empty();
    crate::kept::logs(&bench);
    bench.ok(&["detect", "logs", "-o", "once.csv", "--device", "cpu"]);
    let (first, second) = (bench.read("logs/conn.00.log"), bench.read("logs/conn.01.log"));
    bench.write("logs/conn.00.log.gz", gzip(first.as_bytes()));
    let header: String =
        second.lines().take_while(|line| line.starts_with('#')).map(|line| format!("{line}\n")).collect();
    let tail: String = second.lines().skip(40).map(|line| format!("{line}\n")).collect();
    bench.write("logs/conn.02.log", header + &tail);
    let n_copies = 360 + tail.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).count();
    let ran = bench.ok(&["detect", "logs", "-o", "twice.csv", "--device", "cpu"]);
    assert!(ran.stderr.contains(&format!("{n_copies} copies of records that were met before")), "{}", ran.stderr);
    let [once, twice] = ["once.csv", "twice.csv"].map(|name| crate::kept::manifest(&bench, name));
    assert_eq!(twice["rows_superseded"], n_copies);
    assert_eq!(twice["rows_scored"], once["rows_scored"]);
    // Findings are those of one copy: which rows were drawn is another matter, and with it their scores.
    let ids = |manifest: &serde_json::Value| -> std::collections::BTreeMap<String, u64> {
        let list = manifest["findings"]["list"].as_array().unwrap().clone();
        list.iter().map(|f| (f["id"].as_str().unwrap().to_owned(), f["flows"].as_u64().unwrap())).collect()
    };
    assert_eq!(ids(&twice), ids(&once));
    let whole = bench.read("twice.csv");
    bench.ok(&["detect", "logs", "-o", "twice.csv", "--device", "cpu", "--threads", "1", "--batch-rows", "7"]);
    assert_eq!(bench.read("twice.csv"), whole);
}

#[test]
fn zeros_behind_gzip_are_padding_and_other_bytes_damage() {
    let bench = Bench::with_flows(2_000);
    let packed = gzip(bench.read("flows.csv").as_bytes());
    bench.ok(&["detect", "flows.csv", "-o", "want.csv"]);
    for zeros in [1, 512, (256 << 10) - packed.len() % (256 << 10), 1 << 20] {
        bench.write("flows.csv.gz", [packed.as_slice(), &vec![0; zeros]].concat());
        bench.ok(&["detect", "flows.csv.gz", "-o", "got.csv"]);
        assert_eq!(bench.read("got.csv"), bench.read("want.csv"), "{zeros}");
    }
    let ran = bench.run_with_stdin(&["detect", "-", "-o", "-"], &[packed.as_slice(), &[0; 700]].concat());
    assert_eq!((ran.code, ran.stdout), (0, bench.read("want.csv")), "{}", ran.stderr);
    for other in [&b"more"[..], b"\0\0\0more"] {
        bench.write("flows.csv.gz", [packed.as_slice(), other].concat());
        let ran = bench.run(&["detect", "flows.csv.gz", "-o", "got.csv"]);
        assert!(ran.code == 2 && ran.stderr.contains("damaged after 2000 records"), "{other:?}: {}", ran.stderr);
    }
}

#[test]
fn an_empty_file_is_called_so_packed_or_not() {
    let bench = Bench::with_flows(500);
    bench.write("nothing.csv", "");
    bench.write("nothing.csv.gz", gzip(b""));
    let ran = bench.ok(&["detect", "flows.csv", "nothing.csv", "nothing.csv.gz"]);
    assert!(ran.stderr.contains("3 files: 1 CSV, 2 empty"), "{}", ran.stderr);
}

#[test]
fn standard_input_is_scored_and_even_detected() {
    let bench = Bench::with_flows(2_000);
    let flows = std::fs::read(bench.path("flows.csv")).unwrap();
    bench.ok(&["detect", "flows.csv", "-o", "want.csv", "-m", "m.model"]);
    let want = bench.read("want.csv");
    for args in [vec!["detect", "-", "-o", "-"], vec!["score", "-m", "m.model", "-", "-o", "-"]] {
        let ran = bench.run_with_stdin(&args, &flows);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        assert_eq!(ran.stdout, want, "{args:?}");
    }
}

#[test]
fn an_arrow_stream_from_another_program_is_scored() {
    let bench = Bench::with_flows(2_000);
    bench.ok(&["detect", "flows.csv", "-o", "want.csv", "-m", "m.model"]);
    bench.ok(&["generate", "--rows", "2000", "--seed", "7", "-o", "flows.arrow"]);
    let file = std::fs::File::open(bench.path("flows.arrow")).unwrap();
    let reader = arrow_ipc::reader::FileReader::try_new(file, None).unwrap();
    let mut stream = arrow_ipc::writer::StreamWriter::try_new(Vec::new(), &reader.schema()).unwrap();
    reader.for_each(|batch| stream.write(&batch.unwrap()).unwrap());
    stream.finish().unwrap();
    let ran = bench.run_with_stdin(&["score", "-m", "m.model", "-", "-o", "-"], stream.get_ref());
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(ran.stdout, bench.read("want.csv"));
}

#[test]
fn bad_rows_are_rejected_counted_and_kept() {
    let bench = Bench::with_flows(1_000);
    let mut lines: Vec<String> = bench.read("flows.csv").lines().map(str::to_owned).collect();
    lines.insert(10, "1,tcp".into());
    lines.insert(20, format!("{},one,too,many", lines[1]));
    let fields: Vec<String> = lines[1].split(',').map(str::to_owned).collect();
    let at = lines[0].split(',').position(|h| h == "src_bytes").unwrap();
    let bad: Vec<&str> = fields.iter().enumerate().map(|(i, f)| if i == at { "12x" } else { f }).collect();
    lines.insert(30, bad.join(","));
    bench.write("bad.csv", lines.join("\n") + "\n");
    let ran = bench.run(&["detect", "bad.csv", "-o", "out.csv", "--rejected", "rejected.ndjson"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(ran.stderr.contains("1,003 read"), "{}", ran.stderr);
    assert!(ran.stderr.contains("3 rejected: 1 too few fields, 1 too many fields, 1 bad number"), "{}", ran.stderr);
    assert_eq!(csv_column(&bench.path("out.csv"), "anomaly").len(), 1_000);
    let kept: Vec<serde_json::Value> =
        bench.read("rejected.ndjson").lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(kept.iter().map(|k| k["record"].as_u64().unwrap()).collect::<Vec<_>>(), [10, 20, 30]);
    assert_eq!(kept[0]["text"], "1,tcp");
    let manifest: serde_json::Value = serde_json::from_str(&bench.read("out.csv.manifest.json")).unwrap();
    assert_eq!(manifest["rejected"]["bad number"], 1);
}

#[test]
fn a_damaged_file_is_an_error_and_its_good_part_can_be_kept() {
    let bench = Bench::with_flows(5_000);
    let packed = gzip(&std::fs::read(bench.path("flows.csv")).unwrap());
    bench.write("cut.csv.gz", &packed[..packed.len() / 2]);
    let ran = bench.run(&["detect", "cut.csv.gz", "-o", "out.csv"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("damaged after") && ran.stderr.contains("--skip-errors"), "{}", ran.stderr);
    assert_eq!(bench.files(), ["cut.csv.gz", "flows.csv"]);
    let ran = bench.run(&["detect", "cut.csv.gz", "-o", "out.csv", "--skip-errors"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    let n = csv_column(&bench.path("out.csv"), "anomaly").len();
    assert!((1_000..4_500).contains(&n), "{n} rows kept");
}

#[test]
fn of_damaged_columns_the_part_before_is_kept_however_the_file_is_read() {
    let bench = Bench::empty();
    damaged::parquet(&bench.path("page.parquet"), true);
    damaged::parquet(&bench.path("column.parquet"), false);
    damaged::arrow(&bench.path("x.arrow"));
    let inputs = bench.files();
    for name in ["page.parquet", "column.parquet", "x.arrow"] {
        let mut first = None;
        for (rows, threads) in ["50", "100", "65536"].into_iter().flat_map(|r| [(r, "1"), (r, "3")]) {
            let how = ["--batch-rows", rows, "--threads", threads];
            let case = format!("{name} {how:?}");
            let strict = bench.run(&[&["detect", name, "-o", "strict.csv"][..], &how].concat());
            assert_eq!(strict.code, 2, "{case}: {}", strict.stderr);
            assert!(strict.stderr.contains("damaged after 900 records"), "{case}: {}", strict.stderr);
            assert!(bench.files().iter().all(|file| !file.starts_with("strict")), "{case}: {:?}", bench.files());
            let ran = bench.run(&[&["detect", name, "-o", "out.csv", "--skip-errors"][..], &how].concat());
            assert_eq!(ran.code, 1, "{case}: {}", ran.stderr);
            assert!(ran.stderr.contains("900 read"), "{case}: {}", ran.stderr);
            assert!(ran.stderr.contains("900 records kept before the damage"), "{case}: {}", ran.stderr);
            let manifest: serde_json::Value = serde_json::from_str(&bench.read("out.csv.manifest.json")).unwrap();
            assert_eq!((&manifest["damaged"][0]["records"], &manifest["rows_scored"]), (&900.into(), &900.into()));
            let output = bench.read("out.csv");
            assert_eq!(output.lines().count(), 901, "{case}");
            assert!(first.get_or_insert_with(|| output.clone()) == &output, "{case}: other bytes");
        }
        let shown = bench.run(&["inspect", name, "--skip-errors"]);
        assert!(shown.code == 1 && shown.stdout.contains("damaged after 900 records"), "{}", shown.stdout);
        assert!(shown.stdout.contains("looked at the first 900 rows"), "{}", shown.stdout);
        assert_eq!(bench.run(&["inspect", name]).code, 2);
    }
    assert_eq!(bench.files().iter().filter(|file| inputs.contains(file)).count(), 3);
}

#[test]
fn what_cannot_be_read_is_said() {
    let bench = Bench::empty();
    bench.write("empty.csv", "");
    bench.write("noise.bin", (0..5_000u32).map(|i| (i * i % 251) as u8).collect::<Vec<_>>());
    for (args, word) in [
        (vec!["detect", "missing.csv"], "missing.csv"),
        (vec!["detect", "empty.csv"], "empty.csv"),
        (vec!["detect", "noise.bin"], "noise.bin"),
        (vec!["score", "-m", "empty.csv", "empty.csv"], "empty.csv"),
        (vec!["detect", "noise.bin", "--trees", "0"], "trees"),
        (vec!["detect", "noise.bin", "--contamination", "0.9"], "contamination"),
        (vec!["detect", "noise.bin", "--device", "nosuchdevice"], "nosuchdevice"),
    ] {
        let ran = bench.run(&args);
        assert_eq!(ran.code, 2, "{args:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(word), "{args:?}: {}", ran.stderr);
    }
}

#[test]
fn missing_columns_are_listed() {
    let bench = Bench::with_flows(1_000);
    bench.ok(&["fit", "flows.csv", "-o", "m.model"]);
    bench.write("other.csv", "duration,colour\n1,red\n2,blue\n");
    let ran = bench.run(&["score", "-m", "m.model", "other.csv"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("src_bytes"), "{}", ran.stderr);
}

/// Flows with a column more behind the others.
fn with_column(bench: &Bench, name: &str, value: impl Fn(usize) -> String) -> String {
    let flows = bench.read("flows.csv");
    let mut lines = flows.lines();
    let mut text = format!("{},{name}\n", lines.next().unwrap());
    lines.enumerate().for_each(|(i, line)| text.push_str(&format!("{line},{}\n", value(i))));
    text
}

#[test]
fn a_column_that_becomes_text_late_rejects_nothing() {
    let bench = Bench::with_flows(120_000);
    // The head that types are judged by ends before.
    let threat = |i| if i < 119_000 { "0".to_owned() } else { "DoS".to_owned() };
    bench.write("late.csv", with_column(&bench, "threat", threat));
    assert!(std::fs::metadata(bench.path("late.csv")).unwrap().len() > 4 << 20, "longer rows are needed");
    let ran = bench.ok(&["detect", "late.csv", "-o", "out.csv"]);
    assert!(ran.stderr.contains("widened    threat holds text from record 119001 on"), "{}", ran.stderr);
    let threats = csv_column(&bench.path("out.csv"), "threat");
    assert_eq!((threats.len(), threats[0].as_str(), threats[119_999].as_str()), (120_000, "0", "DoS"));
    let ran = bench.ok(&["fit", "late.csv", "-o", "m.model", "--rejected", "r.ndjson"]);
    assert!(ran.stderr.contains("widened") && !bench.path("r.ndjson").exists(), "{}", ran.stderr);
}

#[test]
fn scoring_makes_room_for_what_training_did_not_have() {
    let bench = Bench::with_flows(120_000);
    bench.write("whole.csv", with_column(&bench, "delay", |i| (i % 97).to_string()));
    bench.ok(&["fit", "whole.csv", "-o", "m.model"]);
    // From the first record on, and beyond the head.
    for (name, first) in [("real.csv", 0), ("late.csv", 119_000)] {
        let delay = |i| if i < first { "3".to_owned() } else { format!("{}.5", i % 97) };
        bench.write(name, with_column(&bench, "delay", delay));
        let ran = bench.ok(&["score", "-m", "m.model", name, "-o", "out.csv"]);
        let line = "widened    delay holds numbers with fractions from record 119001 on: read again as float64";
        assert_eq!(ran.stderr.contains(line), first > 0, "{}", ran.stderr);
        let delays = csv_column(&bench.path("out.csv"), "delay");
        assert_eq!((delays.len(), delays[119_999].clone()), (120_000, format!("{}.5", 119_999 % 97)));
    }
    // Standard output is written on the way, and standard input read once.
    let ran = bench.run(&["score", "-m", "m.model", "late.csv", "-o", "-"]);
    assert_eq!((ran.code, ran.stdout.lines().count()), (1, 119_001), "{}", ran.stderr);
    let ran =
        bench.run_with_stdin(&["score", "-m", "m.model", "-", "-o", "out.csv"], bench.read("late.csv").as_bytes());
    assert_eq!((ran.code, csv_column(&bench.path("out.csv"), "delay").len()), (1, 119_000), "{}", ran.stderr);
}

#[test]
fn an_unusual_delimiter_can_be_named() {
    let bench = Bench::with_flows(2_000);
    bench.ok(&["detect", "flows.csv", "-o", "want.csv"]);
    bench.write("caret.txt", bench.read("flows.csv").replace(',', "^"));
    let ran = bench.run(&["detect", "caret.txt"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("--delimiter"), "{}", ran.stderr);
    bench.ok(&["detect", "caret.txt", "--delimiter", "^", "-o", "got.csv"]);
    assert_eq!(bench.read("want.csv"), bench.read("got.csv"));
    assert_eq!(bench.run(&["detect", "caret.txt", "--delimiter", "ab"]).code, 2);
}

/// A folder is scanned again: what the first run left there is no log.
#[test]
fn outputs_in_a_folder_are_not_read_unless_they_are_named() {
    let bench = Bench::with_flows(1_000);
    std::fs::create_dir(bench.path("day")).unwrap();
    std::fs::rename(bench.path("flows.csv"), bench.path("day/flows.csv")).unwrap();
    bench.ok(&["detect", "day", "-o", "want.csv"]);
    bench.ok(&["detect", "day", "-o", "day/out.csv"]);
    bench.ok(&["detect", "day/flows.csv", "-o", "day/scores.ndjson", "--scores-only"]);
    bench.ok(&["detect", "day/flows.csv", "-o", "day/prefixed.parquet", "--prefix", "x_"]);
    // A copy of an output has no manifest, but the columns.
    std::fs::copy(bench.path("day/out.csv"), bench.path("day/copy.csv")).unwrap();
    let ran = bench.ok(&["detect", "day", "-o", "again.csv"]);
    assert!(ran.stderr.contains("4 outputs of earlier runs passed over"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("day/out.csv.model"), "{}", ran.stderr);
    assert!(bench.read("again.csv") == bench.read("want.csv"));
    let ran = bench.ok(&["detect", "day/*.csv", "-o", "again.csv"]);
    assert!(ran.stderr.contains("2 outputs of earlier runs passed over"), "{}", ran.stderr);
    // Named, or alone: they are what is meant.
    let ran = bench.ok(&["report", "day/out.csv", "-o", "page.html"]);
    assert!(ran.stderr.contains("1,000 of 1,000 rows"), "{}", ran.stderr);
    std::fs::remove_file(bench.path("day/flows.csv")).unwrap();
    std::fs::remove_file(bench.path("day/prefixed.parquet")).unwrap();
    std::fs::remove_file(bench.path("day/scores.ndjson")).unwrap();
    let ran = bench.ok(&["report", "day", "-o", "page.html"]);
    assert!(ran.stderr.contains("2,000 of 2,000 rows"), "{}", ran.stderr);
}

#[test]
fn labels_of_one_kind_are_warned_about() {
    let bench = Bench::with_flows(500);
    let text = bench.read("flows.csv");
    let mut lines = text.lines();
    let mut out = format!("{},class\n", lines.next().unwrap().replace("label", "other").replace("attack", "more"));
    for (i, line) in lines.enumerate() {
        out += &format!("{line},{}\n", if i % 10 == 0 { -1 } else { 1 });
    }
    bench.write("signs.csv", out);
    bench.ok(&["fit", "flows.csv", "-o", "m.model"]);
    let ran = bench.run(&["evaluate", "-m", "m.model", "signs.csv", "--label", "class", "--bootstrap", "0"]);
    assert!(ran.stderr.contains("calls no row normal") && ran.stderr.contains("scikit-learn"), "{}", ran.stderr);
}
