//! Flow logs in, findings out: the real logs, where they are at hand.

use crate::kept::{logs, manifest};
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
    let held = "           ten conversations hold ";
    let line = ran.stderr.lines().find(|line| line.starts_with(held)).unwrap_or_else(|| panic!("{}", ran.stderr));
    assert!(line.ends_with("% of all flows (120.245.134.197 -> 64.225.56.201:30003 alone 17%)"), "{line}");
    // All rows are there; those that others replace have no score.
    let scores = csv_column(&bench.path("day.csv"), "anomaly_score");
    assert_eq!((scores.len(), scores.iter().filter(|score| score.is_empty()).count()), (31_391, 23));
    let ids: HashSet<String> = csv_column(&bench.path("day.csv"), "finding_id").into_iter().collect();
    assert!(ids.contains("") && ids.iter().all(|id| id.is_empty() || id.len() == 16));
    let flagged = csv_column(&bench.path("day.csv"), "anomaly").iter().filter(|verdict| *verdict == "1").count();
    let manifest: serde_json::Value = serde_json::from_str(&bench.read("day.csv.manifest.json")).unwrap();
    assert_eq!(manifest["findings"]["flows_flagged"], flagged);
    let told = &manifest["flow_logs"];
    let share = told["share_of_ten_largest_conversations"].as_f64().unwrap();
    assert!(line.contains(&format!("hold {:.0}% of", share * 100.0)) && share < 0.5, "{told}");
    assert_eq!(told["largest_conversation"]["name"], "120.245.134.197 -> 64.225.56.201:30003");
    assert_eq!((&told["flows_without_usable_time"], &told["zone_assumed"]), (&0.into(), &serde_json::Value::Null));
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

/// Beside its own copy a log gives what it gives alone: copies are neither learned from nor scored nor counted.
#[test]
fn the_same_log_twice_gives_what_it_gives_once() {
    let Some(log) = shared("data/zeek/labelled/CTU-IoT-Malware-Capture-34-1.conn.log.labeled") else { return };
    let bench = Bench::empty();
    std::fs::create_dir(bench.path("twice")).unwrap();
    for copy in ["once.log", "twice/conn.1.log", "twice/conn.2.log"] {
        std::fs::copy(&log, bench.path(copy)).unwrap();
    }
    let told = |input: &str, out: &str| {
        let ran = bench.ok(&["detect", input, "-o", out, "--device", "cpu"]);
        let manifest = manifest(&bench, out);
        (ran.stdout, manifest["rows_scored"].clone(), manifest["imputed_values"].clone())
    };
    let once = told("once.log", "once.csv");
    assert!(once.2.as_u64().unwrap() > 0, "{once:?}");
    assert_eq!(told("twice/", "twice.csv"), once);
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
        (
            &["detect", log, "--tz", "Berlin"][..],
            "or a place of IANA's database such as Europe/Berlin; there is Europe/Berlin",
        ),
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

/// 240 flows of 120 conversations, one a minute from midnight on, each as `write` puts it.
fn flows(write: impl Fn(usize, &str, &str, u16) -> String) -> String {
    let one = |i: usize| {
        let (from, to) = (format!("10.0.0.{}", i % 40), format!("192.0.2.{}", i % 30));
        write(i, &from, &to, [80, 443, 22][i % 3])
    };
    (0..240).map(one).collect()
}

fn argus() -> String {
    let line = |i: usize, from: &str, to: &str, port: u16| {
        let (at, bytes) = (format!("2019/04/04 {:02}:{:02}:01.000000", i / 60, i % 60), 300 + i % 5);
        format!("{at},0.5,tcp,{from},{},   ->,{to},{port},FSPA_FSPA,0,0,9,{},{bytes}\n", 40_000 + i, bytes + 400)
    };
    let header = "StartTime,Dur,Proto,SrcAddr,Sport,Dir,DstAddr,Dport,State,sTos,dTos,TotPkts,TotBytes,SrcBytes\n";
    header.to_owned() + &flows(line)
}

fn eve() -> String {
    let line = |i: usize, from: &str, to: &str, port: u16| {
        let at = |second| format!("2019-04-04T{:02}:{:02}:{second:02}.000000+0000", i / 60, i % 60);
        let flow = serde_json::json!({
            "pkts_toserver": 5, "pkts_toclient": 4, "bytes_toserver": 300 + i % 5, "bytes_toclient": 400,
            "start": at(1), "end": at(2), "age": 1, "state": "closed", "reason": "timeout", "alerted": false,
        });
        let event = serde_json::json!({
            "timestamp": at(2), "flow_id": i + 1, "event_type": "flow", "proto": "TCP", "flow": flow,
            "src_ip": from, "src_port": 40_000 + i, "dest_ip": to, "dest_port": port,
        });
        format!("{event}\n")
    };
    flows(line)
}

#[test]
fn what_the_largest_conversations_hold_is_said_with_and_without_alarm() {
    let bench = Bench::empty();
    logs(&bench);
    let held = "ten conversations hold 88% of all flows (10.0.0.5 -> 192.0.2.53:53 alone 71%)";
    let ran = bench.ok(&["detect", "logs", "-o", "out.csv", "--device", "cpu"]);
    assert!(ran.stderr.contains(&format!("\nwarning    {held}; the fit's sample")), "{}", ran.stderr);
    assert_eq!(ran.stderr.matches("ten conversations").count(), 1, "{}", ran.stderr);
    // No sample is drawn that they could flood.
    let ran = bench.ok(&["score", "-m", "out.csv.model", "logs", "-o", "scored.csv", "--device", "cpu"]);
    assert!(ran.stderr.contains(&format!("\n           {held}\n")), "{}", ran.stderr);
    for out in ["out.csv", "scored.csv"] {
        let told = &manifest(&bench, out)["flow_logs"];
        let share = told["share_of_ten_largest_conversations"].as_f64().unwrap();
        assert!((share - 368.0 / 420.0).abs() < 1e-9, "{told}");
        assert!((told["largest_conversation"]["share"].as_f64().unwrap() - 300.0 / 420.0).abs() < 1e-9, "{told}");
    }
    bench.write("even.binetflow", argus());
    let ran = bench.ok(&["detect", "even.binetflow", "-o", "even.csv", "--device", "cpu"]);
    assert!(ran.stderr.contains("\n           ten conversations hold 8% of all flows\n"), "{}", ran.stderr);
    assert!(manifest(&bench, "even.csv")["flow_logs"]["largest_conversation"].is_null());
    // A table has no conversations.
    let plain = Bench::with_flows(500);
    let ran = plain.ok(&["detect", "flows.csv", "-o", "out.csv"]);
    assert!(!ran.stderr.contains("conversations hold") && manifest(&plain, "out.csv")["flow_logs"].is_null());
}

#[test]
fn the_zone_that_is_assumed_is_said_where_one_is() {
    let bench = Bench::empty();
    logs(&bench);
    bench.write("a.binetflow", argus());
    let zone = |args: &[&str]| {
        let ran = bench.ok(&[&["detect", "a.binetflow", "-o", "out.csv", "--device", "cpu"], args].concat());
        let told = manifest(&bench, "out.csv")["flow_logs"]["zone_assumed"].as_str().unwrap().to_owned();
        (ran.stderr, told)
    };
    let (said, told) = zone(&[]);
    assert!(
        said.contains("times without a zone are read as UTC (--tz Europe/Berlin or +02:00 for another)\n"),
        "{said}"
    );
    assert!(said.contains("2019-04-04 00:00:01 to") && told == "UTC", "{said}\n{told}");
    let (said, told) = zone(&["--tz", "europe/berlin"]);
    assert!(said.contains("times without a zone are read as Europe/Berlin\n"), "{said}");
    assert!(said.contains("2019-04-03 22:00:01 to") && told == "Europe/Berlin", "{said}\n{told}");
    let ran = bench.ok(&["score", "-m", "out.csv.model", "a.binetflow", "--device", "cpu"]);
    assert!(
        ran.stderr.contains("are read as Europe/Berlin\n") && ran.stderr.contains("2019-04-03 22:00:01 to"),
        "{}",
        ran.stderr
    );
    bench.ok(&["report", "out.csv", "-o", "out.html"]);
    assert!(bench.read("out.html").contains("2019-04-03T22:00:01"));
    let (said, told) = zone(&["--tz=-03:30"]);
    assert!(said.contains("times without a zone are read as -03:30\n"), "{said}");
    assert!(said.contains("2019-04-04 03:30:01 to") && told == "-03:30", "{said}\n{told}");
    // The model says it to whoever scores with it.
    let ran = bench.ok(&["score", "-m", "out.csv.model", "a.binetflow", "--device", "cpu"]);
    assert!(ran.stderr.contains("times without a zone are read as -03:30\n"), "{}", ran.stderr);
    // What is asked of an output has it from wherever the model was.
    let findings = ran.stdout;
    bench.ok(&["fit", "a.binetflow", "--tz=-03:30", "-o", "elsewhere.model", "--device", "cpu"]);
    bench.ok(&["score", "-m", "elsewhere.model", "a.binetflow", "-o", "far.csv", "--device", "cpu"]);
    let hosts = bench.ok(&["hosts", "far.csv"]).stdout;
    assert!(hosts.lines().nth(1).unwrap().trim_start().starts_with("1 "), "{hosts}\n{findings}");
    let shown = bench.ok(&["show", "far.csv", "1", "--limit", "0"]).stderr;
    let severity = shown.split_once("severity ").unwrap().1;
    let time = severity.split_whitespace().nth(1).unwrap().trim_end_matches('Z');
    assert!(shown.contains(&format!("@timestamp >= \"{time}")), "{shown}");
    bench.ok(&["report", "far.csv", "-o", "far.html"]);
    assert!(
        bench.read("far.html").contains("2019-04-04T03:30:01")
            && !bench.read("far.html").contains("2019-04-04T00:00:01")
    );
    // A manifest that cannot be read is no reason to do without.
    bench.write("far.csv.manifest.json", "junk");
    bench.ok(&["report", "far.csv", "-o", "far.html"]);
    let idle = "--tz changes nothing: the logs' times have a zone";
    let ran = bench.ok(&["detect", "logs", "--device", "cpu", "--tz", "+02:00"]);
    assert!(ran.stderr.contains(idle) && !ran.stderr.contains("without a zone"), "{}", ran.stderr);
    let ran = bench.ok(&["detect", "logs", "--device", "cpu"]);
    assert!(!ran.stderr.contains(idle) && !ran.stderr.contains("without a zone"), "{}", ran.stderr);
}

#[test]
fn an_hour_that_clocks_showed_twice_is_no_fault_of_the_capture() {
    let bench = Bench::empty();
    // A flow each 20 s from midnight in Berlin, the clocks put back from three to two.
    let line = |i: usize| {
        let second = i * 20 - if i * 20 < 3 * 3_600 { 0 } else { 3_600 };
        let at = format!("2024/10/27 {:02}:{:02}:{:02}.000000", second / 3_600, second / 60 % 60, second % 60);
        let bytes = 300 + i % 5;
        format!(
            "{at},0.5,tcp,10.0.0.{},{},   ->,192.0.2.8,443,FSPA_FSPA,0,0,9,{},{bytes}\n",
            i % 9,
            40_000 + i,
            bytes + 400
        )
    };
    let header = argus().lines().next().unwrap().to_owned() + "\n";
    bench.write("night.binetflow", header + &(0..1_440).map(line).collect::<String>());
    let ran = bench.ok(&["detect", "night.binetflow", "--tz", "Europe/Berlin", "--device", "cpu"]);
    let (said, told) = (&ran.stderr, &ran.stdout);
    assert!(said.contains("2024-10-26 22:00:00 to 2024-10-27 05:59:40 UTC    no gaps over 1 h\n"), "{said}");
    assert!(said.contains("Europe/Berlin; the hour that its clocks showed twice is read as one\n"), "{said}");
    assert!(!told.contains("no flows from"), "{told}");
    // Another place had no such hour: what its clocks show is read as it stands.
    let ran = bench.ok(&["detect", "night.binetflow", "--tz", "Africa/Algiers", "--device", "cpu"]);
    assert!(!ran.stderr.contains("showed twice") && ran.stderr.contains("no gaps over 1 h"), "{}", ran.stderr);
}

#[test]
fn flows_without_a_usable_time_are_counted() {
    let bench = Bench::empty();
    logs(&bench);
    let line = "-\tC99999\t10.0.0.6\t40000\t192.0.2.80\t443\ttcp\tssl\t0.5\t100\t200\tSF\n";
    bench.write("logs/conn.00.log", bench.read("logs/conn.00.log") + line);
    let ran = bench.ok(&["detect", "logs", "-o", "out.csv", "--device", "cpu"]);
    assert!(ran.stderr.contains("1 flow without a usable time"), "{}", ran.stderr);
    assert_eq!(manifest(&bench, "out.csv")["flow_logs"]["flows_without_usable_time"], 1);
}

#[test]
fn labels_that_nobody_named_and_that_tell_nothing_are_not_spoken_of() {
    let bench = Bench::empty();
    bench.write("eve.json", eve());
    let ran = bench.ok(&["detect", "eve.json", "-o", "out.csv", "--device", "cpu"]);
    for word in ["labels", "AUROC", "flow.alerted", "undefined"] {
        assert!(!ran.stderr.contains(word), "{word}\n{}", ran.stderr);
    }
    assert!(manifest(&bench, "out.csv")["quality"].is_null());
    // One alert is something to be measured by; and who names a column is told what it holds.
    bench.write("one.json", eve().replacen("\"alerted\":false", "\"alerted\":true", 1));
    let ran = bench.ok(&["detect", "one.json", "--device", "cpu"]);
    assert!(ran.stderr.contains("flow.alerted: AUROC ") && ran.stderr.contains("1 of 240 rows is"), "{}", ran.stderr);
    bench.write("roles.toml", "[roles]\n\"flow.alerted\" = \"label\"\n");
    let ran = bench.ok(&["detect", "eve.json", "--device", "cpu", "--config", "roles.toml"]);
    assert!(ran.stderr.contains("AUROC undefined") && ran.stderr.contains("calls no row anomalous"), "{}", ran.stderr);
    let ran = bench.ok(&["evaluate", "-m", "out.csv.model", "eve.json", "--device", "cpu", "--bootstrap", "0"]);
    assert!(ran.stderr.contains("calls no row anomalous"), "{}", ran.stderr);
}

#[test]
fn a_baseline_that_leaves_nothing_to_score_is_warned_about() {
    let bench = Bench::empty();
    logs(&bench);
    let all = "the span of --baseline covers all records: none is left to score";
    let ran = bench.ok(&["detect", "logs", "--device", "cpu", "--baseline", "2024-04-19..2024-04-19"]);
    assert!(ran.stderr.contains("scored     0 rows") && ran.stderr.contains(all), "{}", ran.stderr);
    let ran = bench.ok(&["detect", "logs", "--device", "cpu", "--baseline", "2024-04-19..2024-04-19T00:30"]);
    assert!(!ran.stderr.contains(all), "{}", ran.stderr);
    let ran = bench.run(&["detect", "logs", "--device", "cpu", "--baseline", "2024-04-19"]);
    assert!(ran.code == 2 && ran.stderr.contains("2024-04-19..2024-04-19 is that day"), "{}", ran.stderr);
    // A folder of that name is no span.
    std::fs::rename(bench.path("logs"), bench.path("2024-04-19")).unwrap();
    bench.ok(&["detect", "2024-04-19", "--device", "cpu", "--baseline", "2024-04-19"]);
}

/// A threshold in the configuration is for rows, and a number of findings on the command line is what was asked for now.
#[test]
fn a_number_of_findings_wins_over_the_configuration() {
    let bench = Bench::empty();
    logs(&bench);
    for rule in ["threshold = \"severity:0.999\"", "contamination = 0.2"] {
        bench.write("oddflow.toml", rule);
        let run = |more: &[&str]| {
            bench.ok(&[&["detect", "logs", "--config", "oddflow.toml", "--device", "cpu"], more].concat()).stderr
        };
        assert!(run(&["--alerts", "2/day"]).contains("flagged    2 findings"), "{}", run(&["--alerts", "2/day"]));
        assert!(!run(&[]).contains("100/day asked"), "{}", run(&[]));
    }
}

/// Tables that tell addresses and times are taken as tables, and that is said.
#[test]
fn a_table_that_could_be_flows_is_said_to_be_one() {
    let bench = Bench::empty();
    let row = |i: usize| {
        format!("10.0.0.{},192.0.2.1,{},tcp,2024-04-19 00:{:02}:00,{}\n", i % 9, 80 + i % 3, i % 60, i * 7 % 100)
    };
    bench.write(
        "t.csv",
        "src_ip,dst_ip,dst_port,proto,timestamp,bytes\n".to_owned() + &(0..200).map(row).collect::<String>(),
    );
    let said = "--features default takes its rows as flows";
    let ran = bench.ok(&["detect", "t.csv", "--device", "cpu"]);
    assert!(ran.stderr.contains(said), "{}", ran.stderr);
    let ran = bench.ok(&["detect", "t.csv", "--device", "cpu", "--features", "default"]);
    assert!(!ran.stderr.contains(said) && ran.stderr.contains(" findings, "), "{}", ran.stderr);
    logs(&bench);
    let ran = bench.ok(&["detect", "logs", "--device", "cpu"]);
    assert!(!ran.stderr.contains(said), "{}", ran.stderr);
}

#[test]
fn an_earlier_output_that_cannot_be_used_is_known_before_the_work() {
    let bench = Bench::empty();
    logs(&bench);
    bench.write("no_output.csv", "a,b\n1,2\n3,4\n");
    bench.ok(&["fit", "logs", "-o", "m.model", "--device", "cpu"]);
    for (since, said) in
        [("missing.parquet", "missing.parquet"), ("no_output.csv", "name an output of detect or score")]
    {
        for run in [&["detect", "logs"][..], &["score", "-m", "m.model", "logs"]] {
            let ran = bench.run(&[run, &["--device", "cpu", "--since", since]].concat());
            assert!(ran.code == 2 && ran.stderr.contains(said), "{run:?}\n{}", ran.stderr);
            assert!(!ran.stderr.contains("inputs") && !ran.stderr.contains("fit on"), "{run:?}\n{}", ran.stderr);
        }
    }
}
