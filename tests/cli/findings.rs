//! Flow logs in, findings out: the real logs, where they are at hand.

use crate::{Bench, csv_column, shared};
use std::collections::HashSet;
use std::path::Path;

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn auroc(stderr: &str) -> f64 {
    let line = stderr.lines().find(|l| l.starts_with("labels")).unwrap_or_else(|| panic!("no labels in {stderr}"));
    line.split("AUROC ").nth(1).unwrap().split(',').next().unwrap().parse().unwrap()
}

/// The ranks of the table's lines that tell of this.
fn ranks(stdout: &str, what: &str) -> Vec<String> {
    let lines = stdout.lines().filter(|line| line.contains(what));
    lines.map(|line| line.split_whitespace().next().unwrap().to_owned()).collect()
}

#[test]
fn a_day_of_zeek_has_its_scanner_and_its_guessers_among_the_first_ten() {
    let Some(day) = shared("data/zeek/rita-day") else { return };
    let bench = Bench::empty();
    let args = ["detect", text(&day), "-o", "day.csv", "--device", "cpu", "--threads"];
    let ran = bench.ok(&[&args[..], &["2"]].concat());
    for seen in ["165.154.254.36 ->", "170.64.237.193 ->", "120.245.134.197 ->"] {
        let met = ranks(&ran.stdout, seen);
        assert!(met.iter().any(|rank| rank.parse::<u32>().is_ok_and(|rank| rank <= 10)), "{seen}\n{}", ran.stdout);
    }
    assert_eq!(ranks(&ran.stdout, "1.96 GB claimed, 84 B seen"), ["!"], "{}", ran.stdout);
    for said in ["31,391 read", "23 older snapshots of 1 open flow", "31,368 rows", "no gaps over 1 h", "20% of lines"]
    {
        assert!(ran.stderr.contains(said), "{said}\n{}", ran.stderr);
    }
    // All rows are there; those that others replace have no score.
    let scores = csv_column(&bench.path("day.csv"), "anomaly_score");
    assert_eq!((scores.len(), scores.iter().filter(|score| score.is_empty()).count()), (31_391, 23));
    let ids: HashSet<String> = csv_column(&bench.path("day.csv"), "finding_id").into_iter().collect();
    assert!(ids.contains("") && ids.iter().all(|id| id.is_empty() || id.len() == 16));
    let flagged = csv_column(&bench.path("day.csv"), "anomaly").iter().filter(|verdict| *verdict == "1").count();
    let manifest: serde_json::Value = serde_json::from_str(&bench.read("day.csv.manifest.json")).unwrap();
    assert_eq!(manifest["findings"]["flows_flagged"], flagged);
    assert_eq!((&manifest["rows_superseded"], &manifest["rows_scored"]), (&23.into(), &31_368.into()));

    // Neither threads nor batches change a byte, and a loaded model groups alike.
    let whole = bench.read("day.csv");
    let again = bench.ok(&[&args[..], &["1", "--batch-rows", "777"]].concat());
    assert!(bench.read("day.csv") == whole && again.stdout == ran.stdout, "{}", again.stdout);
    let rescored = bench.ok(&["score", "-m", "day.csv.model", text(&day), "-o", "again.csv", "--device", "cpu"]);
    for seen in ["165.154.254.36 ->", "170.64.237.193 ->"] {
        assert!(!ranks(&rescored.stdout, seen).is_empty(), "{seen}\n{}", rescored.stdout);
    }
}

#[test]
fn one_file_and_many_give_the_same_findings() {
    let Some(log) = shared("data/zeek/labelled/CTU-IoT-Malware-Capture-34-1.conn.log.labeled") else { return };
    let bench = Bench::empty();
    let log = std::fs::read_to_string(log).unwrap();
    let (header, rows): (Vec<&str>, Vec<&str>) = log.lines().partition(|line| line.starts_with('#'));
    std::fs::create_dir(bench.path("parts")).unwrap();
    for (i, part) in rows.chunks(1_000).enumerate() {
        bench.write(&format!("parts/conn.{i:03}.log"), format!("{}\n{}\n", header.join("\n"), part.join("\n")));
    }
    bench.write("whole.log", format!("{}\n{}\n", header.join("\n"), rows.join("\n")));
    let run = |input: &str, out: &str| bench.ok(&["detect", input, "-o", out, "--device", "cpu"]).stdout;
    let findings = |out: &str| csv_column(&bench.path(out), "finding_id");
    assert_eq!(run("whole.log", "whole.csv"), run("parts/*.log", "parts.csv"));
    let of = |out: &str| -> HashSet<(String, String)> {
        csv_column(&bench.path(out), "uid").into_iter().zip(findings(out)).collect()
    };
    assert_eq!(of("whole.csv"), of("parts.csv"));
}

#[test]
fn what_floods_a_log_does_not_turn_its_verdicts_round() {
    let Some(log) = shared("data/zeek/labelled/CTU-IoT-Malware-Capture-34-1.conn.log.labeled") else { return };
    let bench = Bench::empty();
    let ran = bench.ok(&["detect", text(&log), "--device", "cpu"]);
    println!("as it is: {}", auroc(&ran.stderr));
    assert!(auroc(&ran.stderr) >= 0.93, "{}", ran.stderr);
    assert!(ran.stderr.contains("ten conversations hold 98"), "{}", ran.stderr);
    let uniform = bench.ok(&["detect", text(&log), "--device", "cpu", "--sample", "uniform"]);
    assert!(auroc(&uniform.stderr) < 0.5 && uniform.stderr.contains("may be turned round"), "{}", uniform.stderr);

    let all = std::fs::read_to_string(&log).unwrap();
    let mut n = 0;
    let half: Vec<&str> = all
        .lines()
        .filter(|line| {
            let benign = line.contains("Benign");
            n += usize::from(benign);
            line.starts_with('#') || (benign && n % 2 == 0)
        })
        .collect();
    bench.write("clean.log", half.join("\n") + "\n");
    let ran = bench.ok(&["detect", text(&log), "--baseline", "clean.log", "--device", "cpu"]);
    println!("with a clean baseline: {}", auroc(&ran.stderr));
    assert!(auroc(&ran.stderr) >= 0.97, "{}", ran.stderr);
}

#[test]
fn rows_can_be_judged_alone_and_rules_allow() {
    let Some(log) = shared("data/zeek/labelled/CTU-IoT-Malware-Capture-34-1.conn.log.labeled") else { return };
    let bench = Bench::empty();
    let log = text(&log);
    let ran = bench.ok(&["detect", log, "--device", "cpu", "--group", "none", "--top", "3", "-o", "rows.csv"]);
    assert!(ran.stdout.contains("score") && !bench.read("rows.csv").contains("finding_id"), "{}", ran.stdout);
    bench.write("allow.toml", "[[allow]]\npair = \"192.168.1.195 > 123.59.209.185\"\nport = 80\nreason = \"ours\"\n");
    let ran = bench.ok(&["detect", log, "--device", "cpu", "--allow", "allow.toml", "-o", "allowed.csv"]);
    assert!(ranks(&ran.stdout, "123.59.209.185:80").is_empty(), "{}", ran.stdout);
    assert!(ran.stderr.contains("line 1, ours: 14,"), "{}", ran.stderr);
    let allowed = csv_column(&bench.path("allowed.csv"), "allowed");
    let verdicts = csv_column(&bench.path("allowed.csv"), "anomaly");
    let ours: Vec<&String> =
        verdicts.iter().zip(&allowed).filter(|(_, rule)| *rule == "ours").map(|(v, _)| v).collect();
    assert!(ours.len() > 10_000 && ours.iter().all(|verdict| *verdict == "0"), "{}", ours.len());
    // What is told is what was written, whether findings or a threshold judge.
    for rule in [&["--allow", "allow.toml"][..], &["--threshold", "severity:0.5"]] {
        let args = ["detect", log, "--device", "cpu", "-o", "told.csv"];
        bench.ok(&[&args[..], rule].concat());
        let verdicts = csv_column(&bench.path("told.csv"), "anomaly");
        let ids = csv_column(&bench.path("told.csv"), "finding_id");
        let odd: Vec<&String> = ids.iter().zip(&verdicts).filter(|(_, v)| *v == "1").map(|(id, _)| id).collect();
        let manifest: serde_json::Value = serde_json::from_str(&bench.read("told.csv.manifest.json")).unwrap();
        let told = &manifest["findings"];
        let findings: HashSet<&String> = odd.iter().copied().collect();
        assert_eq!((&told["flows_flagged"], &told["flagged"]), (&odd.len().into(), &findings.len().into()), "{rule:?}");
        assert!(!odd.is_empty() && odd.len() < verdicts.len(), "{rule:?}: {}", odd.len());
    }
    let few = bench.ok(&["detect", log, "--device", "cpu", "--alerts", "5/day"]);
    assert!(few.stderr.contains("flagged    5 findings"), "{}", few.stderr);
    for (args, said) in [
        (&["detect", log, "--alerts", "many"][..], "100/day, 20/week"),
        (&["detect", log, "--group", "some"][..], "auto or none"),
        (&["detect", log, "--group", "none", "--allow", "allow.toml"][..], "leave out --group none"),
        (&["detect", log, "--features", "all"][..], "default, basic or columns"),
        (&["detect", log, "--sample", "half"][..], "capped or uniform"),
        (&["detect", log, "--local", "10.0.0.0/99"][..], "networks"),
        (&["detect", log, "--tz", "Berlin"][..], "+02:00"),
    ] {
        let ran = bench.run(args);
        assert!(ran.code == 2 && ran.stderr.contains(said), "{args:?}\n{}", ran.stderr);
    }
    let plain = Bench::with_flows(2_000);
    let ran = plain.run(&["detect", "flows.csv", "--alerts", "5/day"]);
    assert!(ran.code == 2 && ran.stderr.contains("Zeek, Suricata EVE, Argus"), "{}", ran.stderr);
    let basic = bench.ok(&["fit", log, "-o", "basic.model", "--features", "basic"]);
    assert!(basic.stderr.contains(" derived columns"), "{}", basic.stderr);
    bench.ok(&["fit", log, "-o", "whole.model"]);
    let wrong = plain.run(&["score", "-m", text(&bench.path("whole.model")), "flows.csv"]);
    assert!(wrong.code == 2 && wrong.stderr.contains("fitted on flow logs"), "{}", wrong.stderr);
    let map = bench.ok(&["embed", log, "-m", "basic.model", "-o", "map.csv", "--rows", "300", "--steps", "20"]);
    assert!(map.stderr.contains("features   16 from 17 derived columns"), "{}", map.stderr);
}
