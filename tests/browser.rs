//! The page of an embedding in a real browser: what is pointed at is shown, regions are selected and exported, colours change,
//! hostile values stay text, nothing is asked of a network.

#[path = "support/browser.rs"]
mod support;

use arrow_array::{
    ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use ndarray::Array2;
use oddflow::picture::Scatter;
use std::sync::Arc;
use support::{HOSTILE, browser, nothing_acted, probe};

const WEBGL: &[&str] = &["--use-angle=swiftshader", "--enable-unsafe-swiftshader"];
const NO_WEBGL: &[&str] = &["--disable-gpu", "--disable-3d-apis"];

fn table(n: usize) -> RecordBatch {
    let text = |i: usize| HOSTILE[i % HOSTILE.len()];
    let long = "x".repeat(10_000);
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("service", Arc::new(StringArray::from_iter_values((0..n).map(text)))),
        ("<i>bytes</i>", Arc::new(Int64Array::from_iter((0..n as i64).map(|i| (i % 11 != 0).then_some(i * 1000))))),
        ("id", Arc::new(Int64Array::from_iter_values((0..n as i64).map(|i| i64::MAX - i)))),
        ("ts", Arc::new(TimestampMicrosecondArray::from_iter_values((0..n as i64).map(|i| 1_700_000_000_000_000 + i)))),
        ("note", Arc::new(StringArray::from_iter((0..n).map(|i| (i == 3).then_some(long.as_str()))))),
        ("anomaly_score", Arc::new(Float64Array::from_iter_values((0..n).map(|i| i as f64 + 0.123_456)))),
        // One that was not scored.
        ("severity", Arc::new(Float64Array::from_iter((0..n).map(|i| (i != 2).then_some(i as f64 / n as f64))))),
        ("anomaly", Arc::new(BooleanArray::from_iter((0..n).map(|i| Some(i + 5 >= n))))),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}

/// A square of rows, ten to a line; and so on upwards.
fn points(n: usize, dims: usize) -> Array2<f32> {
    Array2::from_shape_fn((n, dims), |(i, c)| [i % 10, i / 10 % 10, i / 100][c] as f32)
}

fn page(n: usize, points: &Array2<f32>) -> String {
    let facts =
        [("command".to_owned(), "oddflow embed '<b>x</b>'".to_owned()), ("model".to_owned(), "abc123".to_owned())];
    let table = table(n);
    let mut page = Vec::new();
    Scatter::new(points.view(), &table, None, "flows </title><b>", &facts).unwrap().html(&mut page).unwrap();
    String::from_utf8(page).unwrap()
}

#[test]
fn a_flow_is_shown_where_the_pointer_is_and_a_region_is_exported() {
    let Some(browser) = browser() else { return };
    let probe_text = r##"
        const plot = oddflow.plot, { xaxis, yaxis } = plot._fullLayout;
        const drag = plot.querySelector(".nsewdrag"), box = plot.getBoundingClientRect();
        const at = (x, y) => ({ bubbles: true, view: window, clientX: box.left + xaxis._offset + xaxis.l2p(x), clientY: box.top + yaxis._offset + yaxis.l2p(y) });
        const rows = () => [...document.querySelectorAll("#flow tr")].map((row) => row.textContent);
        await wait(500);
        drag.dispatchEvent(new MouseEvent("mousemove", at(3, 0)));
        await wait(500);
        found.hovered = rows();
        found.title = document.getElementById("title").textContent;
        found.made = document.getElementById("made").textContent;
        await Plotly.relayout(plot, { dragmode: "select" });
        drag.dispatchEvent(new MouseEvent("mousedown", at(1.5, 2.5)));
        for (const step of [0.5, 1]) {
            const target = document.querySelector(".dragcover") ?? document;
            target.dispatchEvent(new MouseEvent("mousemove", at(1.5 + 2 * step, 2.5 + 2 * step)));
            await wait(200);
        }
        (document.querySelector(".dragcover") ?? document).dispatchEvent(new MouseEvent("mouseup", at(3.5, 4.5)));
        await wait(500);
        found.chosen = oddflow.chosen();
        found.selected = document.getElementById("selected").textContent;
        window.Blob = class { constructor(parts) { found.csv = parts.join(""); } };
        URL.createObjectURL = () => "#";
        document.getElementById("export").click();
        document.getElementById("clear").click();
        await wait(200);
        found.cleared = oddflow.chosen().length;
    "##;
    let found = probe(&browser, &page(100, &points(100, 2)), probe_text, WEBGL);
    nothing_acted(&found);
    let hovered: Vec<&str> = found["hovered"].as_array().unwrap().iter().map(|row| row.as_str().unwrap()).collect();
    assert_eq!(hovered.len(), 8, "{found}");
    assert_eq!(hovered[0], "serviceline\u{2028}separator, and\nnewline");
    assert_eq!(hovered[1], "<i>bytes</i>3000");
    assert_eq!(hovered[2], "id9223372036854775804");
    assert!(hovered[3].starts_with("ts2023-11-14T22:13:20.000003"), "{}", hovered[3]);
    assert_eq!(found["title"], "flows </title><b>");
    assert!(found["made"].as_str().unwrap().contains("oddflow embed '<b>x</b>'"));
    // Lines 3 and 4, columns 2 and 3.
    assert_eq!(found["chosen"], serde_json::json!([32, 33, 42, 43]), "{found}");
    assert_eq!(found["selected"], "4 flows, 0 anomalous");
    let csv = found["csv"].as_str().unwrap();
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    assert_eq!(reader.headers().unwrap().iter().nth(1), Some("<i>bytes</i>"));
    let records: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(records.len(), 4);
    let service = |row: usize| match HOSTILE[row % 7] {
        formula if formula.starts_with('=') => format!("'{formula}"),
        text => text.to_owned(),
    };
    for (record, row) in records.iter().zip([32, 33, 42, 43]) {
        assert_eq!(&record[0], service(row));
        assert_eq!(&record[2], (i64::MAX - row as i64).to_string());
    }
    assert_eq!(found["cleared"], 100);
}

#[test]
fn colours_and_theme_change_and_categories_hide() {
    let Some(browser) = browser() else { return };
    let probe_text = r##"
        const select = document.getElementById("color");
        const legend = () => [...document.querySelectorAll("#legend button")].map((entry) => entry.textContent);
        const colours = () => oddflow.plot.data.map((trace) => trace.marker.color);
        found.severity = [legend(), colours()];
        const paint = async (name) => {
            select.value = [...select.options].find((option) => option.textContent === name).value;
            select.dispatchEvent(new Event("change"));
            await wait(300);
        };
        await paint("service");
        found.service = legend();
        document.querySelector("#legend button").click();
        await wait(300);
        found.left = oddflow.chosen().length;
        await paint("anomaly_score");
        found.ends = document.querySelector(".ends")?.textContent;
        await paint("<i>bytes</i>");
        found.bytes = [legend(), document.querySelector(".ends")?.textContent, colours().length];
        await paint("anomaly");
        found.anomaly = legend();
        const background = () => getComputedStyle(document.body).backgroundColor;
        const before = background();
        document.getElementById("theme").click();
        await wait(300);
        found.backgrounds = [before, background(), oddflow.plot.layout.plot_bgcolor];
    "##;
    let found = probe(&browser, &page(100, &points(100, 2)), probe_text, WEBGL);
    nothing_acted(&found);
    let severity = serde_json::json!([
        [
            "above 0.9: one in a thousand9",
            "0.7–0.9: one in a hundred20",
            "0.3–0.7: one in ten40",
            "up to 0.330",
            "none1"
        ],
        ["#8b95a1", "#8b95a1", "#56b4e9", "#e69f00", "#d55e00"]
    ]);
    assert_eq!(found["severity"], severity);
    assert_eq!(found["service"][0], format!("{}15", HOSTILE[0]));
    assert_eq!(found["service"].as_array().unwrap().len(), 7);
    assert_eq!(found["left"], 85);
    assert_eq!(found["ends"], "0.12399.123");
    assert_eq!(found["bytes"], serde_json::json!([["none10"], "100098000", 2]));
    assert_eq!(found["anomaly"], serde_json::json!(["false95", "true5"]));
    let backgrounds = found["backgrounds"].as_array().unwrap();
    assert!(backgrounds[0] == "rgb(255, 255, 255)" && backgrounds[1] == "rgb(18, 22, 28)", "{found}");
    assert_eq!(backgrounds[2], "#12161c");
}

#[test]
fn fifty_thousand_flows_are_drawn_and_respond() {
    let Some(browser) = browser() else { return };
    let points = Array2::from_shape_fn((50_000, 2), |(i, c)| if c == 0 { (i % 250) as f32 } else { (i / 250) as f32 });
    let probe_text = r##"
        found.n = oddflow.n;
        found.ready = performance.now();
        found.drawn = oddflow.plot.data.reduce((sum, trace) => sum + trace.x.length, 0);
        const begin = performance.now();
        await Plotly.relayout(oddflow.plot, { "xaxis.range": [10, 60], "yaxis.range": [10, 60] });
        found.zoomed = performance.now() - begin;
        found.kind = oddflow.plot.data[0].type;
    "##;
    let found = probe(&browser, &page(50_000, &points), probe_text, WEBGL);
    nothing_acted(&found);
    println!("ready after {} ms, zoomed in {} ms", found["ready"], found["zoomed"]);
    assert_eq!((&found["n"], &found["drawn"], &found["kind"]), (&50_000.into(), &50_000.into(), &"scattergl".into()));
}

#[test]
fn three_dimensions_turn_and_a_browser_without_webgl_draws_two() {
    let Some(browser) = browser() else { return };
    let page = page(6000, &points(6000, 3));
    let probe_text = r##"
        await wait(500);
        found.kinds = [...new Set(oddflow.plot.data.map((trace) => trace.type))];
        found.drawn = oddflow.plot.data.reduce((sum, trace) => sum + trace.x.length, 0);
        found.notice = document.getElementById("notice").textContent;
        oddflow.show(5);
        found.shown = document.querySelector("#flow td").textContent;
    "##;
    let found = probe(&browser, &page, probe_text, WEBGL);
    nothing_acted(&found);
    assert_eq!((&found["kinds"], &found["drawn"]), (&serde_json::json!(["scatter3d"]), &6000.into()), "{found}");
    assert_eq!(found["shown"], HOSTILE[5]);
    let found = probe(&browser, &page, probe_text, NO_WEBGL);
    nothing_acted(&found);
    assert_eq!((&found["kinds"], &found["drawn"]), (&serde_json::json!(["scatter"]), &5000.into()), "{found}");
    assert!(found["notice"].as_str().unwrap().contains("5000 of 6000"), "{found}");
}
