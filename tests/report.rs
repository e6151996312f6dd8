//! `oddflow report` from outside, and its page in a real browser: what is counted is shown, findings open, tables sort and
//! filter, hostile values stay text, the page prints.

#[path = "support/browser.rs"]
mod support;

use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;
use support::{HOSTILE, browser, nothing_acted, probe};

const N: usize = 120;

/// A scored Zeek log: 40 flows of a scan, 30 of a guesser, one of what no manifest names, the others ordinary; hostile texts all
/// over; every tenth row was replaced by a later record.
fn scored_log() -> String {
    let row = |i: usize| {
        let (finding, port, anomaly) = match i {
            0..40 => ("aaaaaaaaaaaaaaaa", 1000 + i, true),
            40..70 => ("bbbbbbbbbbbbbbbb", 22, true),
            70 => ("cccccccccccccccc", 80, true),
            _ => ("dddddddddddddddd", 443, false),
        };
        let superseded = i % 10 == 9;
        let known = |value: Value| if superseded { Value::Null } else { value };
        json!({
            "ts": 1_700_000_000.25 + 60.0 * i as f64, "uid": format!("C{i}"),
            "id.orig_h": "192.0.2.7", "id.orig_p": 40_000 + i, "id.resp_h": "10.0.0.1", "id.resp_p": port,
            "proto": "tcp", "service": HOSTILE[i % HOSTILE.len()], "duration": 0.5, "orig_bytes": 10 * i, "resp_bytes": 5,
            "conn_state": "SF", "missed_bytes": 0, "history": "ShADadFf", "orig_pkts": 4, "orig_ip_bytes": 10 * i + 160,
            "resp_pkts": 4, "resp_ip_bytes": 165, "<i>note</i>": HOSTILE[(i + 3) % HOSTILE.len()],
            "label": if i < 70 { "Malicious" } else { "Benign" },
            "anomaly_score": known(json!(if anomaly { 0.6 + 0.001 * i as f64 } else { 0.3 + 0.001 * i as f64 })),
            "severity": known(json!(if anomaly { 0.95 } else { 0.1 })),
            "anomaly": known(json!(anomaly)), "finding_id": known(json!(finding)), "allowed": Value::Null,
        })
        .to_string()
    };
    (0..N).map(row).collect::<Vec<_>>().join("\n") + "\n"
}

fn manifest() -> Value {
    let finding = |rank: Option<u64>, id: &str, kind: &str, flows: u64, why: Value, severity: Value| {
        json!({
            "rank": rank, "id": id, "kind": kind, "severity": severity, "flows": flows, "source": "192.0.2.7",
            "destination": HOSTILE[0], "protocol": "tcp", "port": "22", "service": HOSTILE[1],
            "first": "2023-11-14T22:13:20Z", "last": "2023-11-14T22:52:20Z", "duration": "39 min", "why": why,
            "hint": "port scan T1046", "anomaly": kind != "data",
        })
    };
    json!({
        "oddflow_version": "0.1.0", "command": "detect", "finished": "2023-11-15T00:00:00Z", "device": "cpu", "threads": 2,
        "inputs": [{ "name": HOSTILE[0], "bytes": 12345, "blake3": "00ff", "format": "Zeek conn" }],
        "model": { "path": "x.model", "blake3": "ab".repeat(32), "detector": "isolation_forest",
                   "threshold_rule": "severity:0.7", "threshold_score": 0.55, "seed": 7 },
        "records_read": 123, "rows_written": N, "rejected": { "bad number": 2, "too few fields": 1 },
        "findings": {
            "findings": 4, "flagged": 3, "flows_flagged": 64, "days": 0.1, "verdict": "100/day",
            "faults": [format!("the sensor missed {}", HOSTILE[0])],
            "list": [
                finding(None, "dddddddddddddddd", "data", 49, json!(["1.96 GB claimed, 84 B seen"]), Value::Null),
                finding(Some(2), "bbbbbbbbbbbbbbbb", "conversation", 27, json!([HOSTILE[0], "guessing"]), json!(0.71)),
                finding(Some(1), "aaaaaaaaaaaaaaaa", "scan", 36, json!(["40 ports (typical 1)"]), json!(0.97)),
            ],
        },
        "drift": { "columns": [{ "name": "duration", "psi": 0.31, "ks": 0.2 }, { "name": HOSTILE[0], "psi": 0.01, "ks": 0.02 }],
                   "score": { "psi": 0.12, "ks": 0.09 } },
    })
}

struct Case {
    folder: tempfile::TempDir,
}

impl Case {
    /// With `scored.ndjson`, and its manifest where one is given.
    fn new(manifest: Option<Value>) -> Self {
        let case = Self { folder: tempfile::tempdir().unwrap() };
        case.write("scored.ndjson", &scored_log());
        if let Some(manifest) = manifest {
            case.write("scored.ndjson.manifest.json", &manifest.to_string());
        }
        case
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    /// Exit code and stderr.
    fn run(&self, args: &[&str]) -> (i32, String) {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("oddflow"));
        let output = command.arg("report").args(args).current_dir(self.folder.path()).output().unwrap();
        (output.status.code().unwrap(), String::from_utf8_lossy(&output.stderr).into_owned())
    }

    fn page(&self, args: &[&str]) -> String {
        let (code, said) = self.run(&[args, &["-o", "report.html"]].concat());
        assert_eq!(code, 0, "{said}");
        std::fs::read_to_string(self.path("report.html")).unwrap()
    }
}

fn texts(found: &Value) -> Vec<String> {
    found.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_page_shows_what_was_counted_and_findings_open_sort_and_filter() {
    let Some(browser) = browser() else { return };
    let page = Case::new(Some(manifest())).page(&["scored.ndjson", "--title", HOSTILE[0]]);
    let probe_text = r##"
        const all = (selector, within = document) => [...within.querySelectorAll(selector)].map((node) => node.textContent);
        const table = document.querySelector("#findings-table table");
        const ranks = () => [...table.querySelectorAll("tbody > tr.expandable > td:first-child")].map((cell) => cell.textContent);
        const heading = (at) => table.querySelectorAll("thead button")[at];
        found.title = document.getElementById("title").textContent;
        found.tiles = all("#tiles dd:first-of-type");
        found.sections = all("#nav a");
        found.ranks = ranks();
        heading(2).click();
        found.byFlows = ranks();
        found.sorted = table.querySelectorAll("th")[2].getAttribute("aria-sort");
        heading(2).click();
        found.byFlowsUp = ranks();
        heading(0).click();
        found.why = table.querySelectorAll("tbody tr.expandable")[1].querySelector(".why").textContent;
        const opener = table.querySelector(".opener");
        opener.focus();
        opener.click();
        found.expanded = opener.getAttribute("aria-expanded");
        const detail = table.querySelector("td.detail");
        found.caption = detail.querySelector("h3").textContent;
        found.opened = detail.querySelectorAll(".cells tbody tr").length;
        found.first = detail.querySelector(".cells tbody td").textContent;
        found.markup = all(".cells th", detail).filter((text) => text.includes("note"));
        opener.click();
        found.closed = table.querySelector("td.detail") === null;
        const box = document.querySelector("#findings-table input");
        box.value = "guess";
        box.dispatchEvent(new Event("input"));
        await wait(300);
        found.filtered = ranks();
        found.faults = all("#faults li");
        found.facts = all("#capture-facts dd");
        found.quality = document.getElementById("quality-note").textContent;
        found.curves = document.querySelectorAll("#curves svg").length;
        found.drift = [...document.querySelectorAll("#drift-table tbody tr")].map((row) => row.firstChild.textContent);
        found.services = document.querySelectorAll("#services tbody tr").length;
        found.hosts = all("#hosts tbody td");
        const chart = document.querySelector("#timeline-chart svg");
        chart.focus();
        chart.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight" }));
        found.readout = document.querySelector("#timeline-chart .readout").textContent;
        found.flows = oddflow.n;
        const search = document.querySelector("#flows-table input[type=search]");
        search.value = "c113";
        search.dispatchEvent(new Event("input"));
        await wait(300);
        found.searched = all("#flows-table tbody td:first-child");
        const background = () => getComputedStyle(document.body).backgroundColor;
        const before = background();
        document.getElementById("theme").click();
        found.backgrounds = [before, background()];
        found.wide = document.documentElement.scrollWidth <= innerWidth;
        found.ready = Number(document.documentElement.dataset.ready) > 0;
    "##;
    let found = probe(&browser, &page, probe_text, &[]);
    nothing_acted(&found);
    assert_eq!(found["title"], HOSTILE[0]);
    // 120 rows, twelve of them replaced; 64 of the first 71 flagged.
    assert_eq!(texts(&found["tiles"])[..3], ["108", "3", "64"]);
    assert_eq!(texts(&found["tiles"])[4..], ["3", "1"]);
    let sections = texts(&found["sections"]);
    for section in ["Findings", "When", "Drift", "Against the labels", "Capture and reading", "Flows"] {
        assert!(sections.iter().any(|text| text == section), "{sections:?}");
    }
    assert!(!sections.iter().any(|text| text == "Map"), "{sections:?}");
    assert_eq!(texts(&found["ranks"]), ["1", "2", "!"]);
    assert_eq!(texts(&found["byFlows"]), ["!", "1", "2"]);
    assert_eq!(found["sorted"], "descending");
    assert_eq!(texts(&found["byFlowsUp"]), ["2", "1", "!"]);
    assert_eq!(found["why"], format!("{}, guessinghint: port scan T1046", HOSTILE[0]));
    assert_eq!((&found["expanded"], &found["closed"]), (&json!("true"), &json!(true)));
    assert_eq!(found["caption"], "The first 20 of 36 flows");
    assert_eq!((&found["opened"], &found["first"]), (&json!(20), &json!("1")));
    assert_eq!(texts(&found["markup"]), ["<i>note</i>"]);
    assert_eq!(texts(&found["filtered"]), ["2"]);
    assert_eq!(texts(&found["faults"]), [format!("the sensor missed {}", HOSTILE[0])]);
    assert_eq!(
        texts(&found["facts"]),
        ["12 older snapshots of flows that a later record replaces", "bad number 2, too few fields 1"]
    );
    // The flow of finding c is benign and scored above all: 1 - 1/45 with 45 benign ones.
    assert!(
        found["quality"].as_str().unwrap().contains("63 of 108 labelled flows are anomalous. AUROC 0.978"),
        "{found}"
    );
    assert_eq!(found["curves"], 2);
    assert_eq!(texts(&found["drift"]), ["duration", "score", HOSTILE[0]]);
    assert_eq!(found["services"], 7);
    // The names of these findings are made up, so that no source has a ranked one.
    assert_eq!(texts(&found["hosts"])[..4], ["–", "192.0.2.7", "2023-11-14", "97"]);
    assert_eq!(found["readout"], "2023-11-14 22:13–22:14 UTC: 1 flow, 1 flagged");
    assert_eq!(found["flows"], N);
    assert_eq!(texts(&found["searched"]), ["114"]);
    assert_eq!(texts(&found["backgrounds"]), ["rgb(255, 255, 255)", "rgb(18, 22, 28)"]);
    assert_eq!((&found["wide"], &found["ready"]), (&json!(true), &json!(true)));
}

#[test]
fn without_a_manifest_the_rows_tell_what_they_can() {
    let Some(browser) = browser() else { return };
    let page = Case::new(None).page(&["scored.ndjson"]);
    let probe_text = r##"
        const all = (selector) => [...document.querySelectorAll(selector)].map((node) => node.textContent);
        found.doubts = all("#doubts p");
        found.tiles = all("#tiles dd:first-of-type");
        found.findings = document.querySelectorAll("#findings-table tbody tr.expandable").length;
        found.narrow = document.documentElement.scrollWidth <= innerWidth;
        found.sections = all("#nav a");
    "##;
    let found = probe(&browser, &page, probe_text, &["--window-size=390,800"]);
    nothing_acted(&found);
    assert!(texts(&found["doubts"])[0].starts_with("No manifest stands beside"), "{found}");
    assert_eq!(texts(&found["tiles"])[..3], ["108", "3", "64"]);
    assert_eq!(found["findings"], 3);
    assert!(!texts(&found["sections"]).contains(&"Drift".to_owned()), "{found}");
    assert_eq!(found["narrow"], true);
}

#[test]
fn a_map_that_was_made_before_is_shown() {
    let Some(browser) = browser() else { return };
    let case = Case::new(None);
    let points: Vec<String> = (0..30)
        .map(|i| format!("{},{},{},{}", i % 6, i / 6, f64::from(i) / 40.0, HOSTILE[0].replace('"', "")))
        .collect();
    case.write("map.csv", &format!("embedding_x,embedding_y,severity,note\n{}\n", points.join("\n")));
    let page = case.page(&["scored.ndjson", "--embedding", "map.csv"]);
    let probe_text = r##"
        const svg = document.querySelector("#map-view svg");
        found.points = [...svg.querySelectorAll("path")].reduce((sum, path) => sum + path.getAttribute("d").split("M").length - 1, 0);
        const box = svg.getBoundingClientRect();
        const ring = svg.querySelector("circle");
        svg.dispatchEvent(new PointerEvent("pointermove", { clientX: box.left + box.width / 2, clientY: box.top + 16, bubbles: true }));
        found.near = ring.getAttribute("visibility");
        for (let x = 0; x < box.width && ring.getAttribute("visibility") !== "visible"; x += 5)
            svg.dispatchEvent(new PointerEvent("pointermove", { clientX: box.left + x, clientY: box.top + 16, bubbles: true }));
        found.shown = [...document.querySelectorAll("#map-view aside dd")].map((node) => node.textContent);
    "##;
    let found = probe(&browser, &page, probe_text, &[]);
    nothing_acted(&found);
    assert_eq!(found["points"], 30);
    assert_eq!(texts(&found["shown"]).last().unwrap(), HOSTILE[0]);
}

#[test]
fn it_prints() {
    let Some(browser) = browser() else { return };
    let case = Case::new(Some(manifest()));
    case.page(&["scored.ndjson"]);
    let pdf = case.path("report.pdf");
    let print = || {
        Command::new(&browser)
            .args(["--headless", "--no-sandbox", "--disable-dev-shm-usage", "--no-first-run", "--disable-gpu"])
            .args(["--disable-background-networking", "--virtual-time-budget=20000", "--no-pdf-header-footer"])
            .arg(format!("--user-data-dir={}", case.path("profile").display()))
            .arg(format!("--print-to-pdf={}", pdf.display()))
            .arg(format!("file://{}", case.path("report.html").display()))
            .output()
            .unwrap();
        n_pages(&pdf)
    };
    let pages = (0..3).map(|_| print()).find(|&n| n > 0).unwrap_or(0);
    assert!((2..=6).contains(&pages), "{pages} pages");
}

/// Pages of a PDF, 0 where there is none.
fn n_pages(pdf: &Path) -> usize {
    let Ok(bytes) = std::fs::read(pdf) else { return 0 };
    let text = String::from_utf8_lossy(&bytes).into_owned();
    text.matches("/Type /Page").count() - text.matches("/Type /Pages").count()
}

#[test]
fn what_is_no_scored_file_is_said_with_the_way_out() {
    let case = Case::new(None);
    case.write("plain.csv", "src_bytes,flag\n1,SF\n2,S0\n");
    case.write("other.csv", "a,x_anomaly_score,x_severity,x_anomaly\n1,0.5,0.1,false\n2,0.7,0.9,true\n");
    case.write("words.csv", "anomaly_score,severity,anomaly\nhigh,low,true\nhigh,low,true\n");
    let failed = |args: &[&str]| {
        let (code, said) = case.run(args);
        assert_eq!(code, 2, "{said}");
        said
    };
    let said = failed(&["plain.csv", "-o", "r.html"]);
    assert!(said.contains("no column `anomaly_score`; score it first: oddflow detect"), "{said}");
    assert!(failed(&["other.csv", "-o", "r.html"]).contains("give --prefix 'x_'"));
    assert!(failed(&["words.csv", "-o", "r.html"]).contains("column `anomaly_score` is Utf8"));
    assert!(failed(&["scored.ndjson", "-o", "r.pdf"]).contains("ends in .html"));
    assert!(failed(&["scored.ndjson", "-o", "r.html", "--rows", "60000"]).contains("1 to 50,000 rows"));
    assert!(failed(&["scored.ndjson", "-o", "r.html", "--embedding", "plain.csv"]).contains("no column `embedding_x`"));
    assert!(!case.path("r.html").exists());
    let (code, said) = case.run(&["other.csv", "-o", "r.html", "--prefix", "x_"]);
    assert_eq!(code, 0, "{said}");
    case.write("scored.ndjson.manifest.json", "{ no manifest");
    let (code, said) = case.run(&["scored.ndjson", "-o", "r.html"]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("The manifest cannot be read"), "{said}");
    assert!(std::fs::read_to_string(case.path("r.html")).unwrap().contains("The manifest cannot be read"));
}
