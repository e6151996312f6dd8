//! Outputs: formats, columns, and that nothing half-written ever appears.

use crate::{Bench, csv_column};
use std::time::{Duration, Instant};

#[test]
fn every_format_holds_the_same_rows() {
    let bench = Bench::with_flows(2_000);
    bench.ok(&["detect", "flows.csv", "-o", "want.csv", "-m", "m.model"]);
    for name in ["o.parquet", "o.arrow", "o.ndjson", "o.tsv", "o.csv.gz", "o.csv.zst", "o.ndjson.zst"] {
        bench.ok(&["score", "-m", "m.model", "flows.csv", "-o", name]);
        // The scored file is itself an input; its columns are replaced, and that is said.
        let ran = bench.ok(&["score", "-m", "m.model", name, "-o", "again.csv"]);
        assert!(ran.stderr.contains("anomaly_score"), "{name}: {}", ran.stderr);
        for column in ["src_bytes", "service", "anomaly_score", "severity", "label"] {
            let (want, got) =
                (csv_column(&bench.path("want.csv"), column), csv_column(&bench.path("again.csv"), column));
            assert_eq!(want, got, "{name}: {column}");
        }
    }
}

#[test]
fn rows_and_columns_can_be_chosen() {
    let bench = Bench::with_flows(2_000);
    bench.ok(&["detect", "flows.csv", "-o", "some.csv", "--only-anomalies", "--contamination", "0.05"]);
    assert_eq!(csv_column(&bench.path("some.csv"), "anomaly"), vec!["1"; 100]);
    bench.ok(&["detect", "flows.csv", "-o", "thin.csv", "--scores-only", "--prefix", "odd_"]);
    assert!(bench.read("thin.csv").starts_with("odd_anomaly_score,odd_severity,odd_anomaly\n"));
}

#[test]
fn formulas_are_guarded_unless_asked_not_to() {
    let bench = Bench::empty();
    let rows: String = (0..200).map(|i| format!("{},{},\"=HYPERLINK(\"\"x{}\"\")\"\n", i, i % 7, i % 3)).collect();
    bench.write("f.csv", format!("bytes,packets,note\n{rows}"));
    bench.ok(&["detect", "f.csv", "-o", "guarded.csv"]);
    bench.ok(&["detect", "f.csv", "-o", "kept.csv", "--keep-formulas"]);
    assert!(csv_column(&bench.path("guarded.csv"), "note")[0].starts_with("'="));
    assert!(csv_column(&bench.path("kept.csv"), "note")[0].starts_with('='));
}

#[test]
fn the_manifest_tells_the_run() {
    let bench = Bench::with_flows(2_000);
    bench.ok(&["detect", "flows.csv", "-o", "out.parquet"]);
    let manifest: serde_json::Value = serde_json::from_str(&bench.read("out.parquet.manifest.json")).unwrap();
    let bytes = std::fs::read(bench.path("flows.csv")).unwrap();
    assert_eq!(manifest["inputs"][0]["blake3"], blake3::hash(&bytes).to_hex().to_string());
    assert_eq!(manifest["inputs"][0]["bytes"], bytes.len());
    assert_eq!(manifest["rows_scored"], 2_000);
    let model = std::fs::read(bench.path("out.parquet.model")).unwrap();
    assert_eq!(manifest["model"]["blake3"], blake3::hash(&model).to_hex().to_string());
    assert!(manifest["seconds_score"]["wall"].as_f64().unwrap() > 0.0);
    assert!(manifest["quality"]["auroc"].as_f64().unwrap() > 0.7, "{manifest}");
}

#[test]
fn nothing_is_overwritten_by_mistake() {
    let bench = Bench::with_flows(1_000);
    bench.ok(&["fit", "flows.csv", "-o", "week.model"]);
    let before = ["flows.csv", "week.model"].map(|name| std::fs::read(bench.path(name)).unwrap());
    for (args, words) in [
        (vec!["detect", "flows.csv", "-o", "./flows.csv"], "is the input"),
        (vec!["detect", "flows.csv", "-m", "flows.csv"], "is the input"),
        (vec!["detect", "flows.csv", "--rejected", "flows.csv"], "is the input"),
        (vec!["fit", "flows.csv", "-o", "flows.csv"], "is the input"),
        (vec!["score", "-m", "week.model", "flows.csv", "--rejected", "week.model"], "names the same file"),
        (vec!["detect", "flows.csv", "-o", "d.csv", "-m", "./d.csv"], "names the same file"),
        (vec!["detect", "flows.csv", "-o", "d.csv", "--rejected", "d.csv"], "names the same file"),
        (vec!["detect", "flows.csv", "-o", "d.csv", "-m", "no/such.model"], "does not exist"),
        (vec!["fit", "flows.csv", "-o", "no/such.model"], "does not exist"),
    ] {
        let ran = bench.run(&args);
        assert_eq!(ran.code, 2, "{args:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(words), "{args:?}: {}", ran.stderr);
    }
    // The model beside an output has the output's whole name, so a baseline of a like name is safe.
    bench.ok(&["detect", "flows.csv", "-o", "week.csv"]);
    assert_eq!(before, ["flows.csv", "week.model"].map(|name| std::fs::read(bench.path(name)).unwrap()));
    let week = ["flows.csv", "week.csv", "week.csv.manifest.json", "week.csv.model", "week.model"];
    assert_eq!(bench.files(), week);
}

#[test]
fn small_batches_make_no_tiny_row_groups() {
    let bench = Bench::with_flows(20_000);
    bench.ok(&["detect", "flows.csv", "-o", "out.parquet", "--batch-rows", "10"]);
    let file = std::fs::File::open(bench.path("out.parquet")).unwrap();
    let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    assert_eq!(reader.metadata().num_row_groups(), 1);
}

/// Without a session's environment, as in a container: what loads with a driver has said things there.
#[test]
fn graphics_drivers_write_nothing_amid_the_programs_lines() {
    let bench = Bench::empty();
    let output =
        bench.command(&["devices"]).env_remove("XDG_RUNTIME_DIR").env_remove("NODEVICE_SELECT").output().unwrap();
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
}

#[cfg(unix)]
#[test]
fn what_is_printed_into_a_closed_pipe_ends_quietly() {
    let bench = Bench::with_flows(1_000);
    for args in [vec!["inspect", "flows.csv"], vec!["devices"], vec!["detect", "flows.csv"]] {
        let mut child = bench
            .command(&args)
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

/// Whoever reads the table may have enough of it before it is written: what belongs beside the output is there by then.
#[cfg(unix)]
#[test]
fn an_output_has_its_manifest_though_nobody_reads_the_table() {
    let bench = Bench::with_flows(1_000);
    let mut child = bench
        .command(&["detect", "flows.csv", "-o", "out.csv", "-q"])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let manifest: serde_json::Value = serde_json::from_str(&bench.read("out.csv.manifest.json")).unwrap();
    assert_eq!(manifest["rows_written"], 1_000);
}

#[test]
fn an_input_without_a_usable_record_leaves_an_earlier_output_as_it_is() {
    let bench = Bench::with_flows(1_000);
    bench.ok(&["fit", "flows.csv", "-o", "m.model"]);
    bench.ok(&["score", "-m", "m.model", "flows.csv", "-o", "out.csv"]);
    let before = ["out.csv", "out.csv.manifest.json"].map(|name| bench.read(name));
    let header = bench.read("flows.csv").lines().next().unwrap().to_owned();
    bench.write("bad.csv", format!("{header}\n{}", "1,2,3,4,5,6,7,8,9\n".repeat(20)));
    let ran = bench.run(&["score", "-m", "m.model", "bad.csv", "-o", "out.csv", "--rejected", "bad.ndjson"]);
    assert!(ran.code == 2 && ran.stderr.contains("no record could be used"), "{}", ran.stderr);
    assert!(["out.csv", "out.csv.manifest.json"].map(|name| bench.read(name)) == before);
    assert_eq!(bench.read("bad.ndjson").lines().count(), 20);
}

#[test]
fn nothing_in_a_name_acts_on_the_terminal() {
    let bench = Bench::empty();
    let rows: String = (0..100).map(|i| format!("{i},{}\n", i % 7)).collect();
    bench.write("a.csv", format!("bytes\x1b[31m,packets\n{rows}"));
    bench.write("b.csv", format!("bytes,packets\n{rows}"));
    for args in [vec!["inspect", "a.csv", "b.csv"], vec!["detect", "a.csv", "b.csv"]] {
        let ran = bench.run(&args);
        assert!(!ran.stdout.contains('\x1b') && !ran.stderr.contains('\x1b'), "{}{}", ran.stdout, ran.stderr);
        assert!(ran.stdout.contains("\\x1b"), "{}", ran.stdout);
    }
}

#[test]
fn an_unknown_extension_is_refused_before_any_work() {
    let bench = Bench::with_flows(1_000);
    let ran = bench.run(&["detect", "flows.csv", "-o", "out.xlsx"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains(".parquet"), "{}", ran.stderr);
}

#[test]
fn a_reader_that_has_enough_is_no_failure() {
    let bench = Bench::with_flows(50_000);
    bench.ok(&["fit", "flows.csv", "-o", "m.model"]);
    let mut child = bench
        .command(&["score", "-m", "m.model", "flows.csv", "-o", "-", "--quiet"])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

/// Standard input stays open, so the run cannot end by itself.
#[cfg(unix)]
fn interrupt_while_reading(bench: &Bench, args: &[&str], input: &[u8], begun: impl Fn() -> bool) {
    use std::io::{BufRead, BufReader, Read, Write};
    use std::process::Stdio;
    let mut child = bench.command(args).stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut talk = BufReader::new(child.stderr.take().unwrap());
    let mut stderr = String::new();
    // The first line comes after Ctrl-C is caught.
    talk.read_line(&mut stderr).unwrap();
    stdin.write_all(input).unwrap();
    stdin.flush().unwrap();
    let start = Instant::now();
    while !begun() && start.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(20));
    }
    let kill = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(kill.success());
    let status = child.wait().unwrap();
    drop(stdin);
    talk.read_to_string(&mut stderr).unwrap();
    assert_eq!(status.code(), Some(2), "{stderr}");
    assert!(stderr.contains("interrupted"), "{stderr}");
}

#[cfg(unix)]
#[test]
fn an_interrupt_leaves_no_file() {
    let bench = Bench::with_flows(150_000);
    bench.ok(&["fit", "flows.csv", "-o", "m.model"]);
    let before = bench.files();
    let flows = bench.read("flows.csv").into_bytes();
    let args = ["score", "-m", "m.model", "-", "-o", "out.csv"];
    // Enough to be recognised: the run is at work, its hidden temporary file shows it.
    assert!(flows.len() > 5 << 20, "{}", flows.len());
    interrupt_while_reading(&bench, &args, &flows, || bench.files().len() > before.len());
    assert_eq!(bench.files(), before);
    // Too little to be recognised: the run still waits for the beginning.
    interrupt_while_reading(&bench, &args, &flows[..1000], || true);
    assert_eq!(bench.files(), before);
}
