//! The program on real logs: a table as a result, or a clear error.

use crate::shared;
use std::path::Path;
use std::process::Command;

struct Ran {
    code: i32,
    stdout: String,
    stderr: String,
}

fn run(args: &[&str]) -> Ran {
    let output = Command::new(assert_cmd::cargo::cargo_bin!("oddflow")).args(args).output().unwrap();
    Ran {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A rank and a severity.
fn ranked(line: &str) -> bool {
    let mut words = line.split_whitespace();
    words.next().is_some_and(|word| word.parse::<u32>().is_ok())
        && words.next().is_some_and(|word| word.starts_with('.'))
}

#[test]
fn every_log_ends_with_a_table() {
    let Some(data) = shared("data") else { return };
    for name in [
        "zeek/rita-day",
        "zeek/labelled",
        "zeek/json",
        "suricata/eve.json",
        "netflow/test2-malicious.binetflow",
        "netflow/test5-mixed.binetflow",
    ] {
        let path = data.join(name);
        let ran = run(&["detect", text(&path), "--top", "5", "--device", "cpu"]);
        assert_eq!(ran.code, 0, "{name}\n{}\n{}", ran.stdout, ran.stderr);
        let rows = ran.stdout.lines().filter(|line| ranked(line));
        assert_eq!(rows.count(), 5, "{name}\n{}", ran.stdout);
    }
}

#[test]
fn a_folder_of_logs_is_described() {
    let Some(day) = shared("data/zeek/rita-day") else { return };
    let ran = run(&["inspect", text(&day)]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stdout.contains("Zeek conn, TSV, gzip, 22 columns"), "{}", ran.stdout);
    let role = |column: &str| {
        let line = ran.stdout.lines().find(|line| line.split_whitespace().next() == Some(column));
        let words: Vec<&str> = line.unwrap_or_else(|| panic!("{column}: {}", ran.stdout)).split_whitespace().collect();
        words[1..3].join(" ")
    };
    assert_eq!(role("ts"), "timestamp time");
    for (column, expected) in
        [("uid", "text identifier"), ("_node_name", "text identifier"), ("id.orig_h", "text identifier")]
    {
        assert_eq!(role(column), expected, "{column}");
    }
    assert_eq!((role("id.resp_p"), role("local_orig")), ("int64 identifier".into(), "boolean numeric".into()));
    assert_eq!((role("duration"), role("conn_state")), ("float64 numeric".into(), "text categorical".into()));
}

#[test]
fn labels_are_found() {
    let Some(data) = shared("data/zeek/labelled") else { return };
    let ran = run(&["detect", text(&data), "--device", "cpu"]);
    assert!(ran.stderr.contains("label: AUROC"), "{}", ran.stderr);
}

#[test]
fn damaged_logs_are_clear_errors() {
    let Some(folder) = shared("data/zeek/damaged") else { return };
    for name in ["truncated.conn.log", "corrupt.log.gz", "not_a_log.conn.log"] {
        let ran = run(&["detect", text(&folder.join(name)), "--device", "cpu"]);
        assert_eq!(ran.code, 2, "{name}: {}", ran.stderr);
        assert!(ran.stderr.contains(name), "{}", ran.stderr);
    }
    let kept = run(&["detect", text(&folder), "--skip-errors", "--device", "cpu"]);
    assert!(kept.code <= 1 && kept.stderr.contains("mid-row"), "{}: {}", kept.code, kept.stderr);
}
