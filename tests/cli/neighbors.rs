//! Detectors of neighbours from outside: outlier mode, novelty mode, their options, memory that changes nothing.

use crate::{Bench, csv_column};

const DETECTORS: [&[&str]; 3] = [
    &["--detector", "lof"],
    &["--detector", "knn"],
    &["--detector", "knn", "--distance", "median", "--neighbors", "8"],
];

fn with<'a>(args: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    args.iter().chain(more).copied().collect()
}

fn scores(bench: &Bench, name: &str) -> Vec<f64> {
    csv_column(&bench.path(name), "anomaly_score").iter().map(|text| text.parse().unwrap()).collect()
}

#[test]
fn threads_batches_and_memory_change_nothing() {
    let bench = Bench::with_flows(6_000);
    for detector in DETECTORS {
        let mut outputs = Vec::new();
        for run in [
            ["--threads", "1", "--batch-rows", "65536", "--memory", "4G"],
            ["--threads", "2", "--batch-rows", "1000", "--memory", "2M"],
            ["--threads", "8", "--batch-rows", "777", "--memory", "2.5M"],
        ] {
            let detect = with(&["detect", "flows.csv", "-o", "out.csv", "--reference-rows", "3000"], detector);
            bench.ok(&with(&detect, &run));
            outputs.push((bench.read("out.csv"), bench.ok(&["inspect", "out.csv.model"]).stdout));
        }
        let facts = |text: &str| {
            let keep =
                |l: &&str| !["created", "digest", "device", "file"].iter().any(|w| l.trim_start().starts_with(w));
            text.lines().filter(keep).map(str::to_owned).collect::<Vec<_>>()
        };
        assert!(outputs.windows(2).all(|w| w[0].0 == w[1].0), "{detector:?}: output bytes differ");
        assert!(outputs.windows(2).all(|w| facts(&w[0].1) == facts(&w[1].1)), "{detector:?}: models differ");
    }
}

#[test]
fn rows_of_the_sample_leave_themselves_out_and_others_are_new() {
    let bench = Bench::with_flows(2_000);
    for detector in DETECTORS {
        // All rows are references: outlier mode.
        let ran = bench.ok(&with(&["detect", "flows.csv", "-o", "whole.csv"], detector));
        assert!(ran.stderr.contains("2,000 of 2,000 rows"), "{}", ran.stderr);
        // A sample: the rows of it were scored in outlier mode among the sample, the others by the saved model.
        let part = ["detect", "flows.csv", "-o", "part.csv", "--reference-rows", "1200"];
        bench.ok(&with(&part, detector));
        bench.ok(&["score", "-m", "part.csv.model", "flows.csv", "-o", "new.csv"]);
        let (part, new) = (scores(&bench, "part.csv"), scores(&bench, "new.csv"));
        let differ = part.iter().zip(&new).filter(|(a, b)| a != b).count();
        assert!((1_000..=1_200).contains(&differ), "{differ} rows differ");
        // A threshold that rests on scores in outlier mode flags no more of them than was asked for.
        let whole = with(&["detect", "flows.csv", "-o", "whole.csv", "--contamination", "0.05"], detector);
        bench.ok(&whole);
        let flagged = csv_column(&bench.path("whole.csv"), "anomaly").iter().filter(|v| v.as_str() == "1").count();
        assert!((80..=100).contains(&flagged), "{flagged} rows are flagged");
    }
}

#[test]
fn a_row_that_finds_itself_is_nearer_to_its_neighbours() {
    let bench = Bench::with_flows(1_500);
    let first = ["detect", "flows.csv", "-o", "part.csv", "--detector", "knn", "--reference-rows", "700"];
    bench.ok(&first);
    bench.ok(&["score", "-m", "part.csv.model", "flows.csv", "-o", "new.csv"]);
    let (part, new) = (scores(&bench, "part.csv"), scores(&bench, "new.csv"));
    // With k = 5 a row that finds itself has its 4th neighbour's distance, which is never larger.
    assert!(part.iter().zip(&new).all(|(a, b)| a >= b));
    assert!(part.iter().zip(&new).filter(|(a, b)| a > b).count() > 600);
}

#[test]
fn fit_score_and_inspect_work_with_both() {
    let bench = Bench::with_flows(1_500);
    for (name, said, title) in [
        ("lof", "local_outlier_factor: n_neighbors 20", "local outlier factor, 20 neighbors"),
        (
            "knn",
            "nearest_neighbors: n_neighbors 5, distance largest",
            "nearest neighbors, largest distance of 5 neighbors",
        ),
    ] {
        let fit = bench.ok(&["fit", "flows.csv", "-o", "flows.model", "--detector", name, "--reference-rows", "800"]);
        assert!(fit.stderr.contains(title) && fit.stderr.contains("800 of 1,500 rows"), "{}", fit.stderr);
        let told = bench.ok(&["inspect", "flows.model"]).stdout;
        assert!(told.contains(said) && told.contains("references  800 rows"), "{told}");
        let score = bench.ok(&["score", "-m", "flows.model", "flows.csv", "-o", "out.csv", "--verbose"]);
        assert!(score.stderr.contains(title) && score.stderr.contains("nearest of 800 references"), "{}", score.stderr);
        let manifest: serde_json::Value = serde_json::from_str(&bench.read("out.csv.manifest.json")).unwrap();
        assert!(manifest["settled"]["near_ties"].is_u64() && manifest["settled"]["searched_on_host"].is_u64());
    }
    bench.ok(&["detect", "flows.csv", "-o", "out.csv"]);
    let manifest: serde_json::Value = serde_json::from_str(&bench.read("out.csv.manifest.json")).unwrap();
    assert!(manifest["settled"].is_null(), "a forest settles nothing");
}

#[test]
fn the_plan_is_said_to_those_who_ask() {
    let bench = Bench::with_flows(1_500);
    let detect = ["detect", "flows.csv", "--detector", "lof", "--top", "0"];
    let plan = |more: &[&str]| {
        let said = bench.ok(&with(&detect, more)).stderr;
        said.lines().find(|l| l.starts_with("plan")).map(str::to_owned)
    };
    assert_eq!(plan(&[]), None);
    let said = plan(&["--verbose"]).unwrap();
    assert!(said.contains("1500 rows") && said.contains("1 pass") && said.contains("of 4096.0 MiB"), "{said}");
    let said = plan(&["-v", "--memory", "1M", "--neighbors", "60"]).unwrap();
    assert!(said.contains("3 passes") && said.contains("of 1.0 MiB"), "{said}");
}

#[test]
fn small_inputs_have_fewer_neighbours() {
    let bench = Bench::with_flows(9);
    let ran = bench.ok(&["detect", "flows.csv", "--detector", "lof"]);
    assert!(ran.stderr.contains("8 instead of 20: there are only 9 rows"), "{}", ran.stderr);
}

#[test]
fn options_of_other_detectors_are_refused_with_the_way_out() {
    let bench = Bench::with_flows(200);
    let refused = |args: &[&str]| {
        let ran = bench.run(&with(&["detect", "flows.csv"], args));
        assert_eq!(ran.code, 2, "{args:?}: {}", ran.stderr);
        ran.stderr
    };
    for (args, words) in [
        (&["--detector", "lof", "--trees", "50"][..], ["--trees", "only iforest"]),
        (&["--detector", "knn", "--fit-rows", "50"], ["--fit-rows", "--reference-rows"]),
        (&["--detector", "lof", "--distance", "mean"], ["--distance", "only knn"]),
        (&["--neighbors", "5"], ["--neighbors", "only lof and knn"]),
        (&["--reference-rows", "50"], ["--reference-rows", "--fit-rows"]),
        (&["--detector", "svm"], ["--detector is svm", "iforest, lof, knn, ocsvm"]),
        (&["--detector", "lof", "--neighbors", "0"], ["--neighbors is 0", "at least 1"]),
        (
            &["--detector", "lof", "--neighbors", "50", "--reference-rows", "50"],
            ["--reference-rows is 50", "--neighbors below 50"],
        ),
        (&["--detector", "knn", "--distance", "mode"], ["--distance", "largest, mean or median"]),
        (&["--detector", "lof", "--memory", "2X"], ["--memory", "500M"]),
        (&["--detector", "lof", "--memory", "1K"], ["--memory", "at least 1M"]),
        (&["--detector", "lof", "--memory", "99999999999T"], ["--memory", "no machine"]),
        (&["--memory", "1G"], ["--memory", "only lof and knn"]),
        (&["--detector", "lof", "--reference-rows", "1"], ["--reference-rows is 1", "at least 2"]),
    ] {
        let said = refused(args);
        assert!(words.iter().all(|word| said.contains(word)), "{args:?}: {said}");
    }
    bench.write("lof.toml", "detector = \"lof\"\nneighbors = 7\nreference_rows = 150\nmemory = \"1G\"\n");
    let said = bench.ok(&["detect", "flows.csv", "--config", "lof.toml"]).stderr;
    assert!(said.contains("local outlier factor, 7 neighbors") && said.contains("150 of 200"), "{said}");
    // The command line names the detector: the file may serve several.
    let said = bench.ok(&["detect", "flows.csv", "--config", "lof.toml", "--detector", "iforest"]).stderr;
    assert!(said.contains("isolation forest"), "{said}");
    bench.write("mixed.toml", "detector = \"lof\"\ntrees = 7\n");
    let said = refused(&["--config", "mixed.toml"]);
    assert!(said.contains("trees") && said.contains("only iforest"), "{said}");
}

#[test]
fn memory_that_cannot_suffice_is_refused_with_numbers() {
    let bench = Bench::with_flows(20_000);
    let ran = bench.run(&["detect", "flows.csv", "--detector", "lof", "--memory", "1M"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("memory is 1.0 MiB; 20000 rows"), "{}", ran.stderr);
}

/// Which record is which is told by its place in the stream, rejected records counted.
#[test]
fn files_and_rejected_records_do_not_mix_rows_up() {
    let bench = Bench::with_flows(1_200);
    let text = bench.read("flows.csv");
    let lines: Vec<&str> = text.lines().collect();
    std::fs::create_dir(bench.path("parts")).unwrap();
    for (i, part) in lines[1..].chunks(500).enumerate() {
        let (first, rest) = part.split_at(123);
        let spoiled = [lines[0], &first.join("\n"), "too,few", &rest.join("\n")].join("\n");
        bench.write(&format!("parts/{i}.csv"), spoiled + "\n");
    }
    for detector in DETECTORS {
        bench.ok(&with(&["detect", "flows.csv", "-o", "one.csv"], detector));
        let ran = bench.run(&with(&["detect", "parts", "-o", "many.csv", "--batch-rows", "100"], detector));
        assert_eq!(ran.code, 1, "{}", ran.stderr);
        assert_eq!(bench.read("one.csv"), bench.read("many.csv"));
    }
}

#[test]
fn a_gpu_gives_the_same_bytes() {
    if std::env::var("ODDFLOW_GPU").as_deref() != Ok("require") {
        return;
    }
    let bench = Bench::with_flows(2_500);
    for detector in DETECTORS {
        for (device, name) in [("cpu", "cpu.csv"), ("gpu", "gpu.csv")] {
            let detect = ["detect", "flows.csv", "-o", name, "--device", device, "--reference-rows", "1500"];
            bench.ok(&with(&detect, detector));
        }
        assert_eq!(bench.read("cpu.csv"), bench.read("gpu.csv"));
    }
    // Rows as they ship, all of them: where trees and tiles have most to get wrong.
    let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/data/flows_10k.csv");
    for device in ["cpu", "gpu"] {
        bench.ok(&["detect", sample, "--detector", "knn", "-o", &format!("{device}.csv"), "--device", device]);
    }
    assert_eq!(bench.read("cpu.csv"), bench.read("gpu.csv"));
}
