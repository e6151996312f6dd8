//! Hosts that logs know by names show by them; filters say their states; rules are refused that cannot be.

use crate::kept::{logs, manifest};
use crate::{Bench, shared};

const HEADER: &str = "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n\
    #fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\tduration\torig_bytes\tresp_bytes\tconn_state\n";

/// A printer that is refused and served by turns, at the same port and time, among others.
fn mixed(bench: &Bench) {
    let mut text = HEADER.to_owned();
    for i in 0..240 {
        let (from, state) = match i % 4 {
            0 => ("printer.example", "REJ"),
            1 => ("printer.example", "SF"),
            2 => ("printer.example", "S1"),
            _ => ("10.0.0.7", "SF"),
        };
        let ts = 1_713_484_800.0 + f64::from(i) * 7.0;
        text += &format!(
            "{ts:.6}\tC{i:05}\t{from}\t{}\t192.0.2.9\t631\ttcp\t-\t0.5\t{}\t20\t{state}\n",
            40_000 + i,
            90 + i % 9
        );
    }
    bench.write("conn.log", text);
}

fn columns(bench: &Bench, name: &str, column: &str) -> Vec<String> {
    crate::csv_column(&bench.path(name), column)
}

#[test]
fn named_hosts_show_as_names_and_filters_select_their_findings() {
    let bench = Bench::empty();
    mixed(&bench);
    bench.ok(&["detect", "conn.log", "-o", "out.csv", "--device", "cpu"]);
    let list = manifest(&bench, "out.csv")["findings"]["list"].clone();
    let list = list.as_array().unwrap();
    let of_printer: Vec<_> = list.iter().filter(|told| told["source"] == "printer.example").collect();
    assert_eq!(of_printer.len(), 2, "{list:?}");
    let ids = columns(&bench, "out.csv", "finding_id");
    for told in &of_printer {
        let rank = told["rank"].to_string();
        let ran = bench.ok(&["show", "out.csv", &rank, "--limit", "1"]);
        let filter = ran.stderr.lines().find_map(|line| line.strip_prefix("DuckDB")).unwrap().trim();
        bench.ok(&[
            "score",
            "-m",
            "out.csv.model",
            "conn.log",
            "--where",
            filter,
            "-o",
            "again.csv",
            "--device",
            "cpu",
        ]);
        let all = columns(&bench, "out.csv", "uid");
        let of_finding = all.iter().zip(&ids).filter(|(_, id)| told["id"] == id.as_str()).map(|(uid, _)| uid);
        assert!(columns(&bench, "again.csv", "uid").iter().eq(of_finding), "{filter}");
    }
    // `explain` takes the place too, and says the name.
    let rank = of_printer[0]["rank"].to_string();
    let ran = bench.ok(&["explain", "-m", "out.csv.model", "out.csv", "--finding", &rank, "--device", "cpu"]);
    assert!(ran.stdout.contains("printer.example -> 192.0.2.9 tcp 631"), "{}", ran.stdout);
    let ran = bench.run(&["explain", "-m", "out.csv.model", "out.csv", "--finding", "99"]);
    assert!(ran.code == 2 && ran.stderr.contains("--finding is 99; out.csv has findings up to"), "{}", ran.stderr);
    // So does the page, with its manifest and without.
    bench.ok(&["report", "out.csv", "-o", "page.html", "--device", "cpu"]);
    assert!(bench.read("page.html").contains(&format!("[{rank},\"printer.example\",\"2024-04-19\"")));
    std::fs::remove_file(bench.path("out.csv.manifest.json")).unwrap();
    bench.ok(&["report", "out.csv", "-o", "page.html", "--device", "cpu"]);
    assert!(bench.read("page.html").contains("\"source\":\"printer.example\""));
}

#[test]
fn sources_of_rows_that_were_judged_alone_go_by_severity() {
    let bench = Bench::empty();
    logs(&bench);
    bench.ok(&["detect", "logs", "-o", "out.csv", "--device", "cpu", "--group", "none"]);
    let ran = bench.ok(&["hosts", "out.csv", "--json"]);
    let lines: Vec<serde_json::Value> = ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let severities: Vec<f64> = lines.iter().map(|line| line["severity"].as_f64().unwrap()).collect();
    assert!(severities.len() == 3 && severities.is_sorted_by(|a, b| a >= b), "{severities:?}");
    let most = columns(&bench, "out.csv", "severity").iter().map(|s| s.parse::<f64>().unwrap()).fold(0.0, f64::max);
    assert!((severities[0] - most).abs() < 1e-9, "{severities:?} {most}");
}

#[test]
fn rules_that_cannot_be_are_refused() {
    let bench = Bench::empty();
    logs(&bench);
    bench.ok(&["detect", "logs", "-o", "out.csv", "--device", "cpu", "--alerts", "3/day"]);
    let allow = ["allow", "out.csv", "1", "--reason", "ours"];
    let ran = bench.run(&[&allow[..], &["--expires", "2020-02-29"]].concat());
    assert!(ran.code == 2 && ran.stderr.contains("that day is over"), "{}", ran.stderr);
    let ran = bench.run(&[&allow[..], &["--to", "nodir/allow.toml"]].concat());
    assert!(ran.code == 2 && ran.stdout.is_empty() && ran.stderr.contains("nodir"), "{}{}", ran.stdout, ran.stderr);
    assert!(!bench.path("allow.toml").exists());
    bench.ok(&[&allow[..], &["--expires", "2099-01-31"]].concat());
    let list = bench.read("allow.toml");
    for less in
        [&["--expires", "2099-01-31"][..], &["--expires", "2098-01-31"], &["--dry-run", "--expires", "2099-01-31"]]
    {
        let ran = bench.ok(&[&allow[..], less].concat());
        assert!(
            ran.stdout.is_empty() && ran.stderr.contains("allow.toml, line 1, allows it until 2099-01-31 (ours)"),
            "{}",
            ran.stderr
        );
        assert_eq!(bench.read("allow.toml"), list);
    }
    // For longer is more.
    bench.ok(&allow);
    assert_eq!(bench.read("allow.toml").matches("[[allow]]").count(), 2);
    bench.ok(&[&allow[..], &["--expires", "2100-01-31"]].concat());
    assert_eq!(bench.read("allow.toml").matches("[[allow]]").count(), 2);
}

#[test]
fn a_fault_of_the_capture_needs_no_rule() {
    let Some(day) = shared("data/zeek/rita-day") else { return };
    let bench = Bench::empty();
    bench.ok(&["detect", day.to_str().unwrap(), "-o", "day.parquet", "--device", "cpu"]);
    let list = manifest(&bench, "day.parquet")["findings"]["list"].clone();
    let fault = list.as_array().unwrap().iter().find(|told| told["kind"] == "data").unwrap()["id"].clone();
    let allow = ["allow", "day.parquet", fault.as_str().unwrap(), "--reason", "x"];
    for manifest in [true, false] {
        let ran = bench.run(&allow);
        assert!(ran.code == 2 && ran.stderr.contains("a fault of the capture"), "{manifest}: {}", ran.stderr);
        let _ = std::fs::remove_file(bench.path("day.parquet.manifest.json"));
    }
    assert!(!bench.path("allow.toml").exists());
}
