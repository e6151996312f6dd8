//! Why rows are odd, from outside.

use crate::{Bench, csv_column, shared};
use serde_json::Value;

const DETECTORS: [&[&str]; 6] = [
    &["--detector", "iforest", "--trees", "20", "--max-features", "0.5"],
    &["--detector", "lof"],
    &["--detector", "knn", "--distance", "mean"],
    &["--detector", "ocsvm", "--fit-rows", "400"],
    &["--detector", "iforest,ocsvm", "--fit-rows", "400"],
    &["--detector", "iforest,lof,knn", "--reference-rows", "1000", "--trees", "20"],
];

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

/// Derived features are told as what they are of, not as their logarithms under the names of the table's columns.
#[test]
fn the_basic_set_is_told_in_phrases() {
    let bench = Bench::with_flows(1_500);
    bench.ok(&["fit", "flows.csv", "--features", "basic", "-o", "a.model", "--device", "cpu"]);
    let explain = ["explain", "-m", "a.model", "flows.csv", "--top", "1", "--device", "cpu"];
    let ran = bench.ok(&[&explain[..], &["--reasons", "17"]].concat());
    assert!(!ran.stdout.contains("src_bytes") && !ran.stdout.contains("srv_count"), "{}", ran.stdout);
    let document: Value = serde_json::from_str(&bench.ok(&[&explain[..], &["--json"]].concat()).stdout).unwrap();
    let (row, record) = (&document["rows"][0], document["rows"][0]["record"].as_u64().unwrap() as usize - 1);
    let seconds: f64 = csv_column(&bench.path("flows.csv"), "duration")[record].parse().unwrap();
    let reasons = row["reasons"].as_array().unwrap();
    let words =
        |name: &str| reasons.iter().find(|r| r["column"] == name).unwrap()["words"].as_str().unwrap().to_owned();
    assert!(words("duration").starts_with("lasted "), "{}", words("duration"));
    assert!(
        seconds < 60.0 || !words("duration").contains(&format!("{:.2}", libm::log1p(seconds))),
        "{}",
        words("duration")
    );
    assert!(words("service_rarity").contains("of the training rows"), "{}", words("service_rarity"));
    let flows: f64 = csv_column(&bench.path("flows.csv"), "count")[record].parse().unwrap();
    assert!(words("count").starts_with(&format!("{flows} flow")), "{} of {flows}", words("count"));
}

#[test]
fn contributions_sum_to_what_the_detector_says_of_the_oddest_rows() {
    let bench = Bench::with_flows(1_500);
    for detector in DETECTORS {
        bench.ok(&[&["fit", "flows.csv", "-o", "a.model"][..], detector].concat());
        bench.ok(&["score", "-m", "a.model", "flows.csv", "-o", "scored.csv"]);
        let mut scores: Vec<f64> =
            csv_column(&bench.path("scored.csv"), "anomaly_score").iter().map(|s| s.parse().unwrap()).collect();
        let of_record = scores.clone();
        scores.sort_by(|a, b| b.total_cmp(a));
        let ran = bench.ok(&["explain", "-m", "a.model", "flows.csv", "--top", "5", "--json"]);
        let document: Value = serde_json::from_str(&ran.stdout).unwrap();
        let rows = document["rows"].as_array().unwrap();
        assert_eq!(rows.len(), 5);
        for (row, score) in rows.iter().zip(&scores) {
            let reasons = row["reasons"].as_array().unwrap();
            let sum: f64 = reasons.iter().map(|reason| number(&reason["contribution"])).sum();
            let (base, value) = (number(&row["base"]), number(&row["value"]));
            assert!((base + sum - value).abs() < 1e-9 * value.abs().max(1.0), "{detector:?}: {base} + {sum} = {value}");
            assert_eq!(number(&row["score"]), *score);
            assert_eq!(of_record[row["record"].as_u64().unwrap() as usize - 1], *score);
            if document["detector"] == "isolation_forest" {
                // c(256), of Liu et al. 2008, eq. 1.
                let usual = 2.0 * (libm::log(255.0) + 0.577_215_664_901_532_9) - 2.0 * 255.0 / 256.0;
                assert!((libm::exp2(value / usual) - score).abs() < 1e-9, "{value} is no {score}");
            } else {
                assert!((value - score).abs() < 1e-3 * score.abs().max(1.0), "{detector:?}: {value} is no {score}");
            }
            let shares: f64 = reasons.iter().map(|reason| number(&reason["share"])).sum();
            assert!((shares - 1.0).abs() < 1e-9);
            // Eight columns of a KDD record, one-hot groups and rarities summed back.
            let mut columns: Vec<&str> = reasons.iter().map(|reason| reason["column"].as_str().unwrap()).collect();
            columns.sort_unstable();
            let kdd = ["count", "dst_bytes", "duration", "flag", "protocol_type", "service", "src_bytes", "srv_count"];
            assert_eq!(columns, kdd);
            let of_service = &reasons[0]["standing"]["of_service"];
            assert!(number(&of_service["flows"]) >= 1.0 && of_service["equal"].as_u64() >= Some(1), "{row}");
        }
    }
}

#[test]
fn one_row_in_words() {
    let bench = Bench::with_flows(1_500);
    bench.ok(&["fit", "flows.csv", "-o", "a.model"]);
    let ran = bench.ok(&["explain", "-m", "a.model", "flows.csv", "--row", "17", "--reasons", "8"]);
    assert!(ran.stdout.contains("record 17"), "{}", ran.stdout);
    assert!(ran.stdout.contains("(typical "), "{}", ran.stdout);
    assert!(ran.stdout.contains(" flows of "), "{}", ran.stdout);
    for (row, said) in [("0", "from 1 on"), ("x", "from 1 on"), ("1501", "record 1501")] {
        let ran = bench.run(&["explain", "-m", "a.model", "flows.csv", "--row", row]);
        assert!(ran.code == 2 && ran.stderr.contains(said), "{}", ran.stderr);
    }
    for (option, value, said) in [
        ("--top", "0", "between 1"),
        ("--finding", "12x", "16 hex"),
        ("--finding", "12", "places are kept in"),
        ("--finding", "0123456789abcdef", "finding_id"),
        ("--method", "x", "exact or path"),
    ] {
        let ran = bench.run(&["explain", "-m", "a.model", "flows.csv", option, value]);
        assert!(ran.code == 2 && ran.stderr.contains(said), "{}", ran.stderr);
    }
}

#[test]
fn threads_and_batches_change_no_reason() {
    let bench = Bench::with_flows(2_500);
    bench.ok(&["fit", "flows.csv", "-o", "a.model"]);
    let mut all = Vec::new();
    for (threads, batch) in [("1", "65536"), ("3", "311")] {
        let run = ["--threads", threads, "--batch-rows", batch];
        let score = ["score", "-m", "a.model", "flows.csv", "-o", "out.csv", "--explain=all"];
        bench.ok(&[&score[..], &run].concat());
        let explained = bench.ok(&[&["explain", "-m", "a.model", "flows.csv"][..], &run].concat()).stdout;
        let table = bench.ok(&[&["score", "-m", "a.model", "flows.csv", "--explain"][..], &run].concat()).stdout;
        all.push((bench.read("out.csv"), explained, table));
    }
    assert!(all[0] == all[1], "bytes differ");
    assert!(all[0].2.contains("why: "), "{}", all[0].2);
}

#[test]
fn reasons_are_a_column_of_anomalies_or_of_all() {
    let bench = Bench::with_flows(1_200);
    for detector in [DETECTORS[0], DETECTORS[1]] {
        bench.ok(&[&["detect", "flows.csv", "-o", "odd.csv", "--explain"][..], detector].concat());
        let (reasons, odd) =
            (csv_column(&bench.path("odd.csv"), "reasons"), csv_column(&bench.path("odd.csv"), "anomaly"));
        assert!(odd.iter().any(|odd| odd == "1"));
        assert!(reasons.iter().zip(&odd).all(|(reason, odd)| reason.is_empty() == (odd != "1")));
        bench.ok(&[&["detect", "flows.csv", "-o", "all.csv", "--explain=all"][..], detector].concat());
        let all = csv_column(&bench.path("all.csv"), "reasons");
        assert!(all.iter().filter(|reason| !reason.is_empty()).count() > 500);
        assert!(reasons.iter().zip(&all).all(|(some, all)| some.is_empty() || some == all));
    }
    let ran = bench.run(&["detect", "flows.csv", "--explain=some"]);
    assert!(ran.code == 2 && ran.stderr.contains("anomalies or all"), "{}", ran.stderr);
}

#[test]
fn hostile_values_do_not_act() {
    let bench = Bench::empty();
    let mut text = String::from("service,bytes,\u{1b}[31mflag\n");
    for row in 0..300 {
        text += &format!("http,{},SF\n", 100 + row % 7);
    }
    text += "\"=cmd|' /C calc'!A0\u{1b}[2J<script>\",9999999,\"S0\r\nx\"\n";
    bench.write("hostile.csv", &text);
    bench.ok(&["fit", "hostile.csv", "-o", "a.model"]);
    let ran = bench.ok(&["explain", "-m", "a.model", "hostile.csv", "--top", "1"]);
    assert!(ran.stdout.contains("record 301") && ran.stdout.contains("9,999,999"), "{}", ran.stdout);
    let acts = |text: &str| text.chars().any(|c| c.is_control() && c != '\n');
    assert!(!acts(&ran.stdout), "{:?}", ran.stdout);
    bench.ok(&["score", "-m", "a.model", "hostile.csv", "-o", "out.csv", "--explain"]);
    let reasons = csv_column(&bench.path("out.csv"), "reasons");
    assert!(reasons.iter().all(|reason| !acts(reason) && !reason.contains('\n')), "{reasons:?}");
}

#[test]
fn a_log_of_flows_and_one_of_its_findings() {
    let Some(log) = shared("data/zeek/json") else { return };
    let Some(file) =
        std::fs::read_dir(&log).unwrap().map(|e| e.unwrap().path()).max_by_key(|p| p.metadata().unwrap().len())
    else {
        return;
    };
    let bench = Bench::empty();
    let file = file.to_str().unwrap();
    bench.ok(&["detect", file, "-o", "out.csv", "--explain"]);
    let path = bench.path("out.csv");
    let (ids, odd) = (csv_column(&path, "finding_id"), csv_column(&path, "anomaly"));
    assert!(csv_column(&path, "reasons").iter().zip(&odd).all(|(reason, odd)| reason.is_empty() == (odd != "1")));
    let id = ids.iter().zip(&odd).find(|(id, odd)| !id.is_empty() && *odd == "1").unwrap().0;
    let rows = ids.iter().filter(|other| *other == id).count();
    let ran = bench.ok(&["explain", "-m", "out.csv.model", "out.csv", "--finding", id, "--json"]);
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(document["finding"]["rows"], rows);
    assert_eq!(document["rows"].as_array().unwrap().len(), 1);
    let mean: f64 = document["finding"]["contributions"].as_array().unwrap().iter().map(|c| number(&c[1])).sum();
    let value = number(&document["rows"][0]["base"]) + mean;
    assert!((value - number(&document["finding"]["value"])).abs() < 1e-9);
    let ran = bench.ok(&["explain", "-m", "out.csv.model", file, "--top", "3"]);
    assert!(ran.stdout.contains(" -> ") && ran.stdout.contains(" flows of "), "{}", ran.stdout);
    // However the columns are called.
    bench.ok(&["detect", file, "-o", "own.csv", "--prefix", "own_"]);
    bench.ok(&["explain", "-m", "own.csv.model", "own.csv", "--finding", "1"]);
    // What is not there cannot be told.
    let ran = bench.run(&["explain", "-m", "out.csv.model", "out.csv", "--finding", "0123456789abcdef"]);
    assert!(ran.code == 2 && ran.stderr.contains("no row belongs"), "{}", ran.stderr);
    let ran = bench.run(&["detect", file, "--explain"]);
    assert!(ran.code == 2 && ran.stderr.contains("-o OUT"), "{}", ran.stderr);
}
