//! Parts, streams, names, and options that do not go together.

use crate::{Bench, HEC_PART, bulk, envelopes, events};

const ROWS: u64 = 3_000;

fn bench() -> Bench {
    let bench = Bench::empty();
    bench.ok(&["generate", "--rows", &ROWS.to_string(), "--seed", "7", "-o", "flows.csv"]);
    bench.ok(&["fit", "flows.csv", "-o", "m.model"]);
    bench
}

/// Of the true limit, filled: the next record would not have gone in.
#[test]
fn parts_are_as_large_as_they_may_be() {
    let bench = bench();
    let said = bench.ok(&["score", "-m", "m.model", "flows.csv", "--format", "splunk-hec", "-o", "hec.ndjson"]);
    let parts = bench.parts("hec");
    assert!(parts.len() > 1 && envelopes(&parts).len() == ROWS as usize, "{}", parts.len());
    for pair in parts.windows(2) {
        let next = pair[1].lines().next().unwrap().len() + 1;
        assert!(pair[0].len() + next > HEC_PART, "{} bytes and {next} more", pair[0].len());
    }
    assert!(said.contains(&format!("hec.0001.ndjson to hec.{:04}.ndjson (3,000 rows", parts.len())), "{said}");
    let manifest: serde_json::Value = serde_json::from_str(&bench.read("hec.ndjson.manifest.json")).unwrap();
    assert_eq!(manifest["parts_written"], parts.len());
    assert_eq!(manifest["rows_written"], ROWS);
    assert_eq!(manifest["bytes_written"], parts.iter().map(String::len).sum::<usize>());
    assert!(!bench.path("hec.ndjson").exists());

    // Threads and batches do not matter, and an earlier run's parts are replaced.
    bench.write("hec.0099.ndjson", "not in a row");
    bench.write(&format!("hec.{:04}.ndjson", parts.len() + 1), "left behind");
    let more = ["--threads", "1", "--batch-rows", "97"];
    let mut args = vec!["score", "-m", "m.model", "flows.csv", "--format", "splunk-hec", "-o", "hec.ndjson"];
    args.extend(more);
    bench.ok(&args);
    // Rows without a time have that of their run, in the same number of digits.
    let sizes = |parts: &[String]| parts.iter().map(String::len).collect::<Vec<_>>();
    assert_eq!(sizes(&bench.parts("hec")), sizes(&parts));
    assert!(bench.path("hec.0099.ndjson").exists());
}

#[test]
fn parts_are_packed_one_by_one() {
    let bench = bench();
    bench.ok(&["score", "-m", "m.model", "flows.csv", "--format", "elastic-bulk", "-o", "b.ndjson.gz"]);
    bench.ok(&["score", "-m", "m.model", "flows.csv", "--format", "elastic-bulk", "-o", "b.ndjson"]);
    let mut text = String::new();
    let file = std::fs::File::open(bench.path("b.0001.ndjson.gz")).unwrap();
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(file), &mut text).unwrap();
    assert_eq!(bulk(&[text]).len(), bulk(&bench.parts("b")).len());
}

#[test]
fn standard_output_is_one_stream() {
    let bench = bench();
    for format in ["splunk-hec", "elastic-bulk", "ecs", "cef"] {
        let (code, out, said) = bench.run(&["score", "-m", "m.model", "flows.csv", "--format", format, "-o", "-"]);
        assert_eq!(code, 0, "{said}");
        let per_row = if format == "elastic-bulk" { 2 } else { 1 };
        assert_eq!(out.lines().count() as u64, per_row * ROWS, "{format}");
    }
}

#[test]
fn anomalies_alone_are_alerts() {
    let bench = bench();
    let args =
        ["detect", "flows.csv", "--format", "ecs", "-o", "e.ndjson", "--only-anomalies", "--contamination", "0.05"];
    bench.ok(&args);
    let events = events(&bench.read("e.ndjson"));
    assert_eq!(events.len(), 150);
    assert!(events.iter().all(|event| event["event.kind"] == "alert"));
    bench.ok(&["score", "-m", "m.model", "flows.csv", "--format", "elastic-bulk", "-o", "b.ndjson"]);
    let none = ["--only-anomalies", "--threshold", "score:2"];
    let mut args = vec!["score", "-m", "m.model", "flows.csv", "--format", "elastic-bulk", "-o", "b.ndjson"];
    args.extend(none);
    let said = bench.ok(&args);
    assert!(bench.parts("b").is_empty() && said.contains("no part of b.ndjson (0 rows"), "{said}");
}

#[test]
fn the_model_of_a_detection_is_named_as_it_is_saved() {
    let bench = bench();
    bench.ok(&["detect", "flows.csv", "--format", "ecs", "-o", "e.ndjson"]);
    let digest = blake3::hash(&std::fs::read(bench.path("e.ndjson.model")).unwrap()).to_hex().to_string();
    let events = events(&bench.read("e.ndjson"));
    assert!(events.iter().all(|event| event["rule.version"] == digest.as_str()));
    let manifest: serde_json::Value = serde_json::from_str(&bench.read("e.ndjson.manifest.json")).unwrap();
    assert_eq!(manifest["model"]["blake3"], digest.as_str());
    assert!(events.iter().all(|event| event["rule.name"] == "oddflow-iforest"));
}

#[test]
fn what_does_not_go_together_is_said() {
    let bench = bench();
    let refused = |args: &[&str], why: &str| {
        let mut all = vec!["score", "-m", "m.model", "flows.csv"];
        all.extend(args);
        let (code, _, said) = bench.run(&all);
        assert!(code == 2 && said.contains(why), "{args:?}: {said}");
    };
    refused(&["--format", "ecs"], "--output");
    refused(&["--format", "leef", "-o", "x"], "ecs, cef, splunk-hec, elastic-bulk");
    refused(&["--format", "cef", "-o", "x.parquet"], "not Parquet");
    refused(&["--format", "ecs", "-o", "x.csv"], "not CSV");
    refused(&["--format", "ecs", "-o", "x.log", "--scores-only"], "cannot be used");
    refused(&["--format", "splunk-hec", "-o", "x.ndjson", "--rejected", "x.0001.ndjson"], "x.0001.ndjson");
    std::fs::copy(bench.path("flows.csv"), bench.path("flows.0001.csv.json")).unwrap();
    std::fs::copy(bench.path("m.model"), bench.path("m.0001.json")).unwrap();
    let (code, _, said) =
        bench.run(&["score", "-m", "m.0001.json", "flows.csv", "--format", "splunk-hec", "-o", "m.json"]);
    assert!(code == 2 && said.contains("m.0001.json"), "{said}");
    std::fs::copy(bench.path("flows.csv"), bench.path("f.0003.txt")).unwrap();
    let (code, _, said) = bench.run(&["score", "-m", "m.model", "f.0003.txt", "--format", "splunk-hec", "-o", "f.txt"]);
    assert!(code == 2 && said.contains("f.0003.txt"), "{said}");
}
