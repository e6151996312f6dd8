//! Real files, where they are at hand: every one ends with a sensible table.

use crate::{Bench, shared};
use std::path::Path;

fn auroc(stderr: &str) -> f64 {
    let line = stderr.lines().find(|l| l.starts_with("labels")).unwrap_or_else(|| panic!("no labels in {stderr}"));
    let after = line.split("AUROC ").nth(1).unwrap_or_else(|| panic!("no AUROC in {line}"));
    after.split([',', ' ', ';']).next().unwrap().parse().unwrap()
}

#[test]
fn nsl_kdd_fitted_on_normal_rows_finds_the_attacks() {
    let Some(data) = shared("data/nsl-kdd") else { return };
    let bench = Bench::empty();
    let train = std::fs::read_to_string(data.join("KDDTrain+_20Percent.txt")).unwrap();
    let normal: Vec<&str> = train.lines().filter(|l| l.split(',').nth(41) == Some("normal")).collect();
    assert_eq!(normal.len(), 13_449);
    bench.write("normal.csv", normal.join("\n") + "\n");
    bench.ok(&["fit", "normal.csv", "--columns", "nsl-kdd", "-o", "kdd.model"]);
    let test = data.join("KDDTest+.txt");
    let test = test.to_str().unwrap();
    let ran = bench.ok(&["score", "-m", "kdd.model", test, "--columns", "nsl-kdd", "-o", "one.csv", "--threads", "1"]);
    let auroc = auroc(&ran.stderr);
    println!("NSL-KDD AUROC {auroc}");
    assert!(auroc >= 0.940, "AUROC {auroc}");
    bench.ok(&["score", "-m", "kdd.model", test, "--columns", "nsl-kdd", "-o", "two.csv", "--threads", "2"]);
    assert_eq!(bench.read("one.csv"), bench.read("two.csv"));
    if std::env::var("ODDFLOW_GPU").as_deref() == Ok("require") {
        let gpu = ["score", "-m", "kdd.model", test, "--columns", "nsl-kdd", "-o", "gpu.csv", "--device", "gpu"];
        let ran = bench.ok(&gpu);
        assert!(!ran.stderr.lines().next().unwrap().contains("cpu ("), "{}", ran.stderr);
        assert_eq!(bench.read("one.csv"), bench.read("gpu.csv"));
    }
}

#[test]
fn nsl_kdd_by_neighbours_and_machines() {
    let Some(data) = shared("data/nsl-kdd") else { return };
    let bench = Bench::empty();
    let train = std::fs::read_to_string(data.join("KDDTrain+_20Percent.txt")).unwrap();
    let normal: Vec<&str> = train.lines().filter(|l| l.split(',').nth(41) == Some("normal")).collect();
    bench.write("normal.csv", normal.join("\n") + "\n");
    let test = data.join("KDDTest+.txt");
    for (detector, least) in [("knn", 0.965), ("ocsvm", 0.945), ("lof", 0.85)] {
        let fit = ["fit", "normal.csv", "--columns", "nsl-kdd", "-o", "kdd.model", "--detector", detector];
        bench.ok(&fit);
        let ran = bench.ok(&["score", "-m", "kdd.model", test.to_str().unwrap(), "--columns", "nsl-kdd"]);
        let auroc = auroc(&ran.stderr);
        println!("NSL-KDD {detector} AUROC {auroc}");
        assert!(auroc >= least, "{detector}: AUROC {auroc}");
    }
}

/// Eight columns derived do better than all 41.
#[test]
fn nsl_kdd_by_the_basic_set() {
    let Some(data) = shared("data/nsl-kdd") else { return };
    let bench = Bench::empty();
    let train = std::fs::read_to_string(data.join("KDDTrain+_20Percent.txt")).unwrap();
    let normal: Vec<&str> = train.lines().filter(|l| l.split(',').nth(41) == Some("normal")).collect();
    bench.write("normal.csv", normal.join("\n") + "\n");
    let test = data.join("KDDTest+.txt");
    let (test, mut sum) = (test.to_str().unwrap(), 0.0);
    let basic = ["--columns", "nsl-kdd", "--features", "basic"];
    for seed in ["0", "1", "2", "3", "4"] {
        let detect = ["detect", test, "--baseline", "normal.csv", "--seed", seed, "-m", "basic.model"];
        let ran = bench.ok(&[&detect[..], &basic].concat());
        let auroc = auroc(&ran.stderr);
        println!("NSL-KDD basic, seed {seed}: AUROC {auroc}");
        assert!(auroc >= 0.945, "seed {seed}: AUROC {auroc}");
        sum += auroc;
        assert!(ran.stderr.contains("17 from 17 derived columns"), "{}", ran.stderr);
        assert!(!ran.stderr.contains("finding") && !ran.stderr.contains("time  "), "{}", ran.stderr);
    }
    println!("mean {}", sum / 5.0);
    // The model takes the table again by itself, and says what its columns are.
    bench.ok(&["score", "-m", "basic.model", test, "--columns", "nsl-kdd", "-o", "one.csv", "--threads", "1"]);
    bench.ok(&["score", "-m", "basic.model", test, "--columns", "nsl-kdd", "-o", "two.csv", "--batch-rows", "777"]);
    assert!(bench.read("one.csv") == bench.read("two.csv"));
    let said = bench.ok(&["inspect", "basic.model"]).stdout;
    assert!(said.contains("-ln p(service and flag)") && said.contains("the table's own count"), "{said}");
    // Without addresses there is no conversation: as it is, the sample is not capped whatever is asked.
    for sample in ["capped", "uniform"] {
        let output = format!("{sample}.csv");
        let ran = bench.ok(&[&["detect", test, "--sample", sample, "-o", &output][..], &basic].concat());
        assert!(!ran.stderr.contains("at most 5"), "{}", ran.stderr);
    }
    assert!(bench.read("capped.csv") == bench.read("uniform.csv"));
    let alerts = bench.run(&[&["detect", test, "--alerts", "5/day"][..], &basic].concat());
    assert!(alerts.code == 2 && alerts.stderr.contains("addresses and times"), "{}", alerts.stderr);
}

#[test]
fn cic_and_every_adbench_file_end_with_a_table() {
    let Some(data) = shared("data") else { return };
    let mut files = vec![data.join("cic-ids-2017/cicids_sample_webattacks_thursday.csv")];
    let adbench = std::fs::read_dir(data.join("adbench")).unwrap().map(|e| e.unwrap().path());
    files.extend(adbench.filter(|p| {
        let name = p.file_name().unwrap().to_string_lossy();
        name.ends_with(".parquet") && !name.ends_with(".splits.parquet")
    }));
    assert!(files.len() > 20, "{} files", files.len());
    let bench = Bench::empty();
    for file in files {
        let ran = bench.run(&["detect", file.to_str().unwrap(), "--top", "10"]);
        assert!(ran.code <= 1, "{}: {}", file.display(), ran.stderr);
        assert_eq!(
            ran.stdout.lines().filter(|l| starts_with_number(l)).count(),
            10,
            "{}\n{}",
            file.display(),
            ran.stdout
        );
        println!("{}: AUROC {}", name(&file), auroc(&ran.stderr));
    }
}

fn starts_with_number(line: &str) -> bool {
    line.split_whitespace().next().is_some_and(|w| w.parse::<u32>().is_ok())
}

fn name(file: &Path) -> String {
    file.file_name().unwrap().to_string_lossy().into_owned()
}

#[test]
fn labels_are_never_features() {
    let Some(data) = shared("data/cic-ids-2017/cicids_sample_webattacks_thursday.csv") else { return };
    let bench = Bench::empty();
    bench.run(&["detect", data.to_str().unwrap(), "-o", "out.csv"]);
    let model = bench.ok(&["inspect", "out.csv.model"]).stdout;
    let line = model.lines().find(|l| l.trim_start().starts_with("Label ")).unwrap();
    assert!(line.contains("label"), "{line}");
}

#[test]
fn a_kdd_table_without_a_header_is_known() {
    let Some(test) = shared("data/nsl-kdd/KDDTest+.txt") else { return };
    let bench = Bench::empty();
    let said = bench.ok(&["inspect", test.to_str().unwrap()]).stdout;
    let line = said.lines().find(|l| l.starts_with("difficulty")).unwrap_or_else(|| panic!("{said}"));
    assert!(line.contains("label"), "{line}");
}

#[test]
fn labels_of_a_file_are_found_though_the_baseline_had_none() {
    let bench = Bench::with_flows(3_000);
    let text = bench.read("flows.csv");
    let without = |line: &str| line.rsplitn(3, ',').nth(2).map(str::to_owned);
    let lines: Vec<String> = text.lines().filter_map(without).collect();
    bench.write("plain.csv", lines.join("\n") + "\n");
    bench.ok(&["fit", "plain.csv", "-o", "plain.model"]);
    let ran = bench.ok(&["score", "-m", "plain.model", "flows.csv"]);
    assert!(auroc(&ran.stderr) > 0.8, "{}", ran.stderr);
}
