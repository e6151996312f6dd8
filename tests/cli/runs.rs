//! Runs that succeed: the same answers however they are made.

use crate::{Bench, csv_column};

#[test]
fn detect_prints_the_oddest_rows_and_writes_every_row() {
    let bench = Bench::with_flows(5_000);
    let ran = bench.ok(&["detect", "flows.csv", "-o", "out.csv", "--top", "5"]);
    let table: Vec<&str> = ran.stdout.lines().collect();
    assert!(table[0].contains("sev") && table[0].contains("record"), "{}", ran.stdout);
    assert!(table[1].trim_start().starts_with('1') && table[5].trim_start().starts_with('5'), "{}", ran.stdout);
    assert!(ran.stderr.contains("5,000 read   0 rejected"), "{}", ran.stderr);
    assert_eq!(csv_column(&bench.path("out.csv"), "anomaly_score").len(), 5_000);
    assert_eq!(csv_column(&bench.path("out.csv"), "src_bytes"), csv_column(&bench.path("flows.csv"), "src_bytes"));
    assert_eq!(bench.files(), ["flows.csv", "out.csv", "out.csv.manifest.json", "out.csv.model"]);
}

#[test]
fn the_table_shows_the_rows_with_the_largest_scores() {
    let bench = Bench::with_flows(3_000);
    let ran = bench.ok(&["detect", "flows.csv", "-o", "out.csv", "--top", "3"]);
    let scores: Vec<f64> =
        csv_column(&bench.path("out.csv"), "anomaly_score").iter().map(|s| s.parse().unwrap()).collect();
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]).then(a.cmp(&b)));
    for (line, &row) in ran.stdout.lines().skip(1).zip(&order[..3]) {
        let fields: Vec<&str> = line.split_whitespace().collect();
        assert_eq!(fields[2], format!("{:.4}", scores[row]), "{line}");
        assert_eq!(fields[3], (row + 1).to_string(), "{line}");
    }
}

#[test]
fn threads_and_batches_change_nothing() {
    let bench = Bench::with_flows(20_000);
    let mut outputs = Vec::new();
    for (threads, batch) in [("1", "65536"), ("2", "1000"), ("3", "777"), ("8", "20000")] {
        bench.ok(&["detect", "flows.csv", "-o", "out.csv", "--threads", threads, "--batch-rows", batch]);
        outputs.push((bench.read("out.csv"), model_without_date(&bench)));
    }
    assert!(outputs.windows(2).all(|w| w[0].0 == w[1].0), "output bytes differ");
    assert!(outputs.windows(2).all(|w| w[0].1 == w[1].1), "models differ");
}

#[test]
fn a_model_has_the_same_bytes_at_any_thread_count() {
    let bench = Bench::with_flows(5_000);
    for detector in ["iforest", "lof", "ocsvm"] {
        for (name, threads) in [("one.model", "1"), ("three.model", "3")] {
            bench.ok(&[
                "fit",
                "flows.csv",
                "--detector",
                detector,
                "-o",
                name,
                "--threads",
                threads,
                "--device",
                "cpu",
            ]);
        }
        let bytes = |name: &str| std::fs::read(bench.path(name)).unwrap();
        assert!(bytes("one.model") == bytes("three.model"), "{detector}");
    }
}

#[test]
fn numbers_below_zero_are_values() {
    let bench = Bench::with_flows(500);
    for (args, said) in [
        (&["detect", "flows.csv", "--contamination", "-0.1"][..], "contamination is -0.1; it is the share"),
        (&["detect", "flows.csv", "--threshold", "-1"], "threshold is `-1`; use high-precision"),
        (&["detect", "flows.csv", "--trees", "-5"], "invalid value '-5' for '--trees"),
        (&["detect", "flows.csv", "--nonsense", "-5"], "unexpected argument '--nonsense'"),
    ] {
        let ran = bench.run(args);
        assert!(ran.code == 2 && ran.stderr.contains(said), "{args:?}\n{}", ran.stderr);
    }
    bench.ok(&["detect", "flows.csv", "--threshold", "score:-1"]);
}

fn model_without_date(bench: &Bench) -> String {
    let text = bench.ok(&["inspect", "out.csv.model"]).stdout;
    let keep = |l: &&str| !["created", "digest", "device", "file"].iter().any(|w| l.trim_start().starts_with(w));
    text.lines().filter(keep).collect::<Vec<_>>().join("\n")
}

#[test]
fn fit_then_score_gives_what_detect_gives() {
    let bench = Bench::with_flows(4_000);
    bench.ok(&["detect", "flows.csv", "-o", "detect.csv"]);
    bench.ok(&["fit", "flows.csv", "-o", "flows.model"]);
    bench.ok(&["score", "-m", "flows.model", "flows.csv", "-o", "score.csv"]);
    assert_eq!(bench.read("detect.csv"), bench.read("score.csv"));
}

#[test]
fn a_split_into_files_changes_nothing() {
    let bench = Bench::with_flows(3_000);
    let text = bench.read("flows.csv");
    let lines: Vec<&str> = text.lines().collect();
    std::fs::create_dir(bench.path("parts")).unwrap();
    for (i, part) in lines[1..].chunks(700).enumerate() {
        bench.write(&format!("parts/{i}.csv"), format!("{}\n{}\n", lines[0], part.join("\n")));
    }
    bench.ok(&["detect", "flows.csv", "-o", "one.csv"]);
    bench.ok(&["detect", "parts", "-o", "many.csv"]);
    assert_eq!(bench.read("one.csv"), bench.read("many.csv"));
}

#[test]
fn seeds_decide() {
    let bench = Bench::with_flows(3_000);
    for (name, seed) in [("a.csv", "1"), ("b.csv", "1"), ("c.csv", "2")] {
        bench.ok(&["detect", "flows.csv", "-o", name, "--seed", seed]);
    }
    assert_eq!(bench.read("a.csv"), bench.read("b.csv"));
    assert_ne!(bench.read("a.csv"), bench.read("c.csv"));
}

#[test]
fn a_threshold_or_a_contamination_sets_the_verdict() {
    let bench = Bench::with_flows(5_000);
    let share = |args: &[&str]| {
        let mut all = vec!["detect", "flows.csv", "-o", "out.csv", "--quiet", "--top", "0"];
        all.extend(args);
        bench.ok(&all);
        let verdicts = csv_column(&bench.path("out.csv"), "anomaly");
        verdicts.iter().filter(|v| v.as_str() == "1").count()
    };
    assert_eq!(share(&["--contamination", "0.1"]), 500);
    let (precision, recall) = (share(&["--threshold", "high-precision"]), share(&["--threshold", "high-recall"]));
    assert!((40..=50).contains(&precision), "about 1 % of 5,000, was {precision}");
    assert!((450..=500).contains(&recall), "about 10 % of 5,000, was {recall}");
    assert_eq!(share(&[]), precision);
    assert_eq!(share(&["--threshold", "score:2"]), 0);
}

#[test]
fn a_configuration_file_sets_options_and_roles_and_flags_win() {
    let bench = Bench::with_flows(2_000);
    bench.write("oddflow.toml", "trees = 20\nseed = 5\n[roles]\nduration = \"ignored\"\n");
    bench.ok(&["detect", "flows.csv", "--config", "oddflow.toml", "-o", "out.csv", "--trees", "30"]);
    let model = bench.ok(&["inspect", "out.csv.model"]).stdout;
    assert!(model.contains("30 trees"), "{model}");
    assert!(model.contains("seed 5"), "{model}");
    let line = model.lines().find(|l| l.trim_start().starts_with("duration")).unwrap();
    assert!(line.contains("ignored"), "{line}");
    bench.write("bad.toml", "treees = 20\n");
    let ran = bench.run(&["detect", "flows.csv", "--config", "bad.toml"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("treees"), "{}", ran.stderr);
}

#[test]
fn quiet_says_nothing() {
    let bench = Bench::with_flows(1_000);
    let ran = bench.ok(&["detect", "flows.csv", "-o", "out.csv", "--quiet", "--top", "0"]);
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("", ""));
}

#[test]
fn every_help_names_its_options() {
    let bench = Bench::empty();
    let top = bench.ok(&["--help"]).stdout;
    for command in ["detect", "fit", "score", "inspect", "generate", "devices", "bench", "shaders"] {
        assert!(top.contains(command), "{top}");
        let help = bench.ok(&[command, "--help"]).stdout;
        assert!(help.contains("Usage:") && help.lines().all(|l| l.chars().count() <= 100), "{help}");
    }
}
