//! Ensembles from outside: `--detector iforest,lof,ocsvm`.
#![allow(clippy::disallowed_methods, reason = "an oracle may use std's")]

use crate::{Bench, csv_column, shared};
use oddflow::model::Model;

fn numbers(bench: &Bench, file: &str, column: &str) -> Vec<f64> {
    csv_column(&bench.path(file), column).iter().map(|text| text.parse().unwrap()).collect()
}

/// Members alone, with the same seed, options and rows, tell by their severities what the ensemble must say.
#[test]
fn the_score_is_the_mean_over_models_of_one_detector() {
    let bench = Bench::with_flows(3_000);
    bench.ok(&["generate", "--rows", "1000", "--seed", "8", "-o", "new.csv"]);
    let options = |names: &[&'static str]| {
        let of = |name: &str| match name {
            "iforest" => vec!["--trees", "30", "--sample-size", "128"],
            "lof" => vec!["--neighbors", "12"],
            "knn" => vec!["--distance", "mean"],
            _ => vec!["--nu", "0.2", "--gamma", "0.05"],
        };
        let seed = ["--seed", "5", "--device", "cpu"];
        names.iter().flat_map(|name| of(name)).chain(seed).collect::<Vec<_>>()
    };
    for names in [&["iforest", "lof", "ocsvm"][..], &["knn", "iforest"], &["ocsvm", "iforest"]] {
        let mut sums = vec![0.0; 1_000];
        for name in names {
            bench.ok(&[&["fit", "flows.csv", "-o", "one.model", "--detector", name], &options(&[name])[..]].concat());
            bench.ok(&["score", "-m", "one.model", "new.csv", "-o", "one.csv", "--device", "cpu"]);
            for (sum, severity) in sums.iter_mut().zip(numbers(&bench, "one.csv", "severity")) {
                *sum -= (1.0 - severity).ln() / names.len() as f64;
            }
        }
        let all = names.join(",");
        let said =
            bench.ok(&[&["fit", "flows.csv", "-o", "all.model", "--detector", &all], &options(names)[..]].concat());
        assert!(said.stderr.contains("ensemble: isolation forest, 30 trees of 128 rows, seed 5; "), "{}", said.stderr);
        bench.ok(&["score", "-m", "all.model", "new.csv", "-o", "all.csv", "--device", "cpu"]);
        for (row, (found, by_hand)) in numbers(&bench, "all.csv", "anomaly_score").iter().zip(&sums).enumerate() {
            assert!((found - by_hand).abs() < 1e-9 * by_hand.max(1.0), "{all}, row {row}: {found}, by hand {by_hand}");
        }
        // Its severity is its own: among the training rows one in a hundred is above 0.7, whatever the members say.
        bench.ok(&[&["detect", "flows.csv", "-o", "seen.csv", "--detector", &all], &options(names)[..]].concat());
        let rare = numbers(&bench, "seen.csv", "severity").iter().filter(|severity| **severity > 0.7).count();
        assert!((20..=31).contains(&rare), "{all}: {rare} of 3,000");
    }
}

#[test]
fn the_order_of_names_threads_and_batches_change_no_byte() {
    let bench = Bench::with_flows(2_500);
    let mut outputs = Vec::new();
    for run in [
        ["--detector", "iforest,lof,ocsvm", "--threads", "1", "--batch-rows", "65536", "--memory", "4G"],
        ["--detector", "ocsvm,lof,iforest", "--threads", "2", "--batch-rows", "1000", "--memory", "20M"],
        ["--detector", "lof, iforest, ocsvm", "--threads", "8", "--batch-rows", "777", "--memory", "1G"],
    ] {
        let detect = ["detect", "flows.csv", "-o", "out.csv", "--reference-rows", "1500", "--device", "cpu"];
        bench.ok(&[&detect[..], &run].concat());
        // The model without its provenance, which names the threads.
        let model = Model::load(&bench.path("out.csv.model")).unwrap();
        outputs.push((bench.read("out.csv"), model.identity().unwrap()));
    }
    assert!(outputs.windows(2).all(|pair| pair[0] == pair[1]), "output or model differ");
    // With fewer reference rows than rows most are new to the model, and a saved one scores them the same.
    bench.ok(&["score", "-m", "out.csv.model", "flows.csv", "-o", "again.csv", "--device", "cpu"]);
    let (fitted, again) = (numbers(&bench, "out.csv", "anomaly_score"), numbers(&bench, "again.csv", "anomaly_score"));
    let equal = fitted.iter().zip(&again).filter(|(a, b)| a == b).count();
    assert!((1_000..2_500).contains(&equal), "{equal}");
}

#[test]
fn what_reads_a_model_reads_an_ensemble() {
    let bench = Bench::with_flows(2_000);
    bench.ok(&["detect", "flows.csv", "--detector", "iforest,knn", "-o", "out.csv", "--explain"]);
    let told = bench.ok(&["inspect", "out.csv.model"]).stdout;
    for words in [
        "detector    ensemble: members 2",
        "member    isolation_forest: n_trees 100",
        "member    nearest_neighbors: n_neighbors 5",
        "trees       100 trees",
        "references  2,000 rows",
    ] {
        assert!(told.contains(words), "{told}");
    }
    assert!(csv_column(&bench.path("out.csv"), "reasons").iter().any(|reasons| !reasons.is_empty()));
    let manifest: serde_json::Value = serde_json::from_str(&bench.read("out.csv.manifest.json")).unwrap();
    assert_eq!(manifest["model"]["detector"], "ensemble");
    assert!(manifest["settled"].is_object() && manifest["drift"].is_object(), "{manifest}");
    let said = bench.ok(&["explain", "-m", "out.csv.model", "flows.csv", "--top", "1"]);
    assert!((said.stderr.clone() + &said.stdout).contains("(iforest,knn)"), "{}{}", said.stderr, said.stdout);
    bench.ok(&["evaluate", "-m", "out.csv.model", "flows.csv", "--bootstrap", "20"]);
    bench.ok(&["drift", "-m", "out.csv.model", "flows.csv"]);
    bench.ok(&["report", "out.csv", "-o", "report.html"]);
    for (form, name) in [("ecs", "oddflow-iforest,knn"), ("cef", "iforest,knn")] {
        bench.ok(&["score", "-m", "out.csv.model", "flows.csv", "--format", form, "-o", "events.log"]);
        let events = bench.read("events.log");
        assert!(events.lines().next().is_some_and(|line| line.contains(name)), "{:?}", events.lines().next());
    }
}

#[test]
fn findings_of_logs_come_from_ensembles_too() {
    let Some(data) = shared("data/zeek/rita-day") else { return };
    let bench = Bench::empty();
    let detect = ["detect", data.to_str().unwrap(), "--detector", "iforest,knn", "-o", "day.csv", "--reference-rows"];
    bench.ok(&[&detect[..], &["5000"]].concat());
    let shown = bench.ok(&["show", "day.csv", "1"]).stdout;
    assert!(!shown.is_empty());
}

#[test]
fn lists_that_make_no_ensemble_are_refused() {
    let bench = Bench::with_flows(300);
    for (args, words) in [
        (&["--detector", "iforest,pca"][..], &["--detector is pca", "iforest, lof, knn, ocsvm"][..]),
        (&["--detector", "lof,iforest,lof"], &["lof,iforest,lof", "lof is named twice"]),
        (&["--detector", "lof,local-outlier-factor"], &["lof is named twice"]),
        (&["--detector", "iforest,"], &["`iforest,`", "a name is missing", "two or more"]),
        (&["--detector", ",lof"], &["`,lof`", "a name is missing"]),
        (&["--detector", "iforest,,lof"], &["a name is missing"]),
        (&["--detector", "iforest,lof", "--fit-rows", "100"], &["--fit-rows", "iforest,lof", "--reference-rows"]),
        (&["--detector", "iforest,ocsvm", "--reference-rows", "100"], &["--reference-rows", "--fit-rows"]),
        (&["--detector", "iforest,ocsvm", "--neighbors", "3"], &["--neighbors", "iforest,ocsvm"]),
        (&["--detector", "iforest,lof", "--nu", "0.1"], &["only ocsvm"]),
        (&["--detector", "iforest,knn", "--reference-rows", "5"], &["--reference-rows", "--neighbors below 5"]),
        (&["--detector", "iforest,ocsvm", "--nu", "2"], &["--nu"]),
        (&["--detector", "lof\u{1b}[2J,iforest"], &["--detector"]),
    ] {
        let ran = bench.run(&[&["fit", "flows.csv", "-o", "no.model"][..], args].concat());
        assert_eq!(ran.code, 2, "{args:?}: {}", ran.stderr);
        assert!(words.iter().all(|word| ran.stderr.contains(word)), "{args:?}: {}", ran.stderr);
        assert!(!ran.stderr.contains('\u{1b}'), "{args:?}");
    }
    bench.write("two.toml", "detector = \"lof,iforest\"\nneighbors = 9\ntrees = 11\n");
    let said = bench.ok(&["detect", "flows.csv", "--config", "two.toml"]).stderr;
    assert!(
        said.contains("ensemble: isolation forest, 11 trees of 256 rows, seed 0; local outlier factor, 9 neighbors"),
        "{said}"
    );
    bench.write("one.toml", "detector = \"lof,iforest\"\nnu = 0.2\n");
    let ran = bench.run(&["detect", "flows.csv", "--config", "one.toml"]);
    assert!(ran.code == 2 && ran.stderr.contains("only ocsvm"), "{}", ran.stderr);
}

#[test]
fn a_gpu_gives_what_its_members_give() {
    if std::env::var("ODDFLOW_GPU").as_deref() != Ok("require") {
        return;
    }
    let bench = Bench::with_flows(2_000);
    for (device, name) in [("cpu", "cpu.csv"), ("gpu", "gpu.csv")] {
        let detect = ["detect", "flows.csv", "-o", name, "--device", device, "--reference-rows", "1200", "--detector"];
        bench.ok(&[&detect[..], &["iforest,lof,knn"]].concat());
    }
    assert_eq!(bench.read("cpu.csv"), bench.read("gpu.csv"), "members with the same bits");
    // A machine's score is off by rounding on a GPU; its severity, and the surprise, by what their slope makes of it.
    let fit =
        ["fit", "flows.csv", "-o", "two.model", "--device", "cpu", "--detector", "iforest,ocsvm", "--solver", "exact"];
    bench.ok(&fit);
    for (device, name) in [("cpu", "cpu.csv"), ("gpu", "gpu.csv")] {
        bench.ok(&["score", "-m", "two.model", "flows.csv", "-o", name, "--device", device]);
    }
    let (cpu, gpu) = (numbers(&bench, "cpu.csv", "anomaly_score"), numbers(&bench, "gpu.csv", "anomaly_score"));
    let most = cpu.iter().zip(&gpu).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    println!("iforest,ocsvm: scores differ by {most:.1e} at most");
    assert!(most < 0.05, "{most:e}");
}
