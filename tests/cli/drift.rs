//! `oddflow drift`, and drift in manifests.

use crate::{Bench, shared};
use oddflow::model::Model;
use serde_json::Value;

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn psi(column: &Value) -> f64 {
    column["psi"].as_f64().unwrap()
}

/// The rows with `src_bytes` a hundredfold, and a tenth of the services never heard of.
fn shifted(text: &str) -> String {
    let mut lines = text.lines();
    let header = lines.next().unwrap();
    let at = |name: &str| header.split(',').position(|h| h == name).unwrap();
    let (bytes, service) = (at("src_bytes"), at("service"));
    let row = |(i, line): (usize, &str)| {
        let mut fields: Vec<String> = line.split(',').map(str::to_owned).collect();
        let value: f64 = fields[bytes].parse().unwrap();
        fields[bytes] = (value * 100.0 + 7.0).to_string();
        if i % 10 == 0 {
            fields[service] = "gopher".to_owned();
        }
        fields.join(",")
    };
    let rows: Vec<String> = lines.enumerate().map(row).collect();
    format!("{header}\n{}\n", rows.join("\n"))
}

#[test]
fn an_input_is_near_itself_and_far_from_what_was_changed() {
    let bench = Bench::with_flows(5_000);
    bench.ok(&["fit", "flows.csv", "-o", "a.model"]);
    let same = bench.ok(&["drift", "-m", "a.model", "flows.csv", "--json", "--fail-above", "0.01"]);
    let same = json(&same.stdout);
    for column in same["drift"]["columns"].as_array().unwrap().iter().chain([&same["drift"]["score"]]) {
        assert!(psi(column) < 0.01, "{column}");
    }
    bench.write("later.csv", shifted(&bench.read("flows.csv")));
    let ran = bench.run(&["drift", "-m", "a.model", "later.csv", "--json", "--fail-above", "0.25"]);
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    let found = json(&ran.stdout);
    let columns = found["drift"]["columns"].as_array().unwrap();
    assert_eq!((columns[0]["column"].as_str(), columns[1]["column"].as_str()), (Some("src_bytes"), Some("service")));
    assert_eq!(columns[1]["unseen_values"][0], serde_json::json!(["gopher", 500]));
    assert!((columns[1]["unseen"].as_f64().unwrap() - 0.1).abs() < 1e-12);
    assert!(columns[2..].iter().all(|column| psi(column) < 0.01));
    assert!(psi(&found["drift"]["score"]) > 0.1, "{}", found["drift"]["score"]);
    // Without a limit nothing fails; batches and threads do not matter.
    let again = bench.ok(&["drift", "-m", "a.model", "later.csv", "--json", "--batch-rows", "77", "--threads", "3"]);
    assert_eq!(json(&again.stdout)["drift"], found["drift"]);
    let said = bench.ok(&["drift", "-m", "a.model", "later.csv"]).stdout;
    assert!(said.contains("`gopher` 500"), "{said}");
    // The same figures are in the manifest of a score.
    bench.ok(&["score", "-m", "a.model", "later.csv", "-o", "out.csv"]);
    let manifest = json(&bench.read("out.csv.manifest.json"));
    assert_eq!(manifest["drift"]["worst_columns"][0], columns[0]);
    assert_eq!(manifest["drift"]["score"], found["drift"]["score"]);
}

#[test]
fn a_sample_of_the_rows_is_near_all_of_them() {
    let bench = Bench::with_flows(5_000);
    bench.ok(&["fit", "flows.csv", "-o", "a.model"]);
    let found = |rows: &str| json(&bench.ok(&["drift", "-m", "a.model", "flows.csv", "--json", "--rows", rows]).stdout);
    let some = found("1000");
    assert_eq!(some["drift"]["rows"].as_u64(), Some(1_000));
    for column in some["drift"]["columns"].as_array().unwrap() {
        assert!(psi(column) < 3.0 * column["psi_by_chance"].as_f64().unwrap(), "{column}");
    }
}

#[test]
fn models_of_earlier_versions_load_and_say_that_they_know_no_training_rows() {
    let bench = Bench::with_flows(1_000);
    bench.ok(&["fit", "flows.csv", "-o", "a.model"]);
    let mut model = Model::load(&bench.path("a.model")).unwrap();
    assert!(model.training.is_some());
    model.training = None;
    model.save(&bench.path("old.model")).unwrap();
    let ran = bench.run(&["drift", "-m", "old.model", "flows.csv"]);
    assert!(ran.code == 2 && ran.stderr.contains("fit again"), "{}", ran.stderr);
    bench.ok(&["score", "-m", "old.model", "flows.csv", "-o", "out.csv"]);
    assert!(json(&bench.read("out.csv.manifest.json"))["drift"].is_null());
    let ran = bench.run(&["drift", "-m", "a.model", "flows.csv", "--fail-above=-1"]);
    assert!(ran.code == 2 && ran.stderr.contains("--fail-above"), "{}", ran.stderr);
}

#[test]
fn a_log_of_flows_tells_its_hours() {
    let Some(data) = shared("data/zeek/rita-day") else { return };
    let bench = Bench::empty();
    let day = data.to_str().unwrap();
    bench.ok(&["fit", day, "-o", "day.model"]);
    let ran = bench.ok(&["drift", "-m", "day.model", day, "--json", "--fail-above", "0.01"]);
    assert!(ran.stderr.contains("fitted on 48 of 48 files: first_seen and score of rows"), "{}", ran.stderr);
    let found = json(&ran.stdout);
    assert_eq!(found["raise_no_alarm"], serde_json::json!(["first_seen", "score"]));
    let drift = &found["drift"];
    assert_eq!(drift["hours"]["outside"].as_f64(), Some(0.0), "{}", drift["hours"]);
    assert!(drift["hours"]["training"].as_str().unwrap().contains("Fri"), "{}", drift["hours"]);
    // What training knows of a conversation it learned from these very rows, so `first_seen` does change, and is no alarm.
    for column in drift["columns"].as_array().unwrap() {
        println!("{} {:.4} {}", column["column"], psi(column), column["change"]);
        let learned = column["column"] == "first_seen";
        assert!(learned || psi(column) < 0.01, "{column}");
    }
    println!("score {}", drift["score"]);
}

/// Neighbours of a training row are counted without itself at the fit, and with it here.
#[test]
fn the_training_rows_of_a_detector_of_neighbors_raise_no_alarm() {
    let bench = Bench::with_flows(2_000);
    bench.ok(&["fit", "flows.csv", "--detector", "knn", "--neighbors", "1", "-o", "a.model", "--device", "cpu"]);
    let drift = ["drift", "-m", "a.model", "--json", "--fail-above", "0.1", "--device", "cpu"];
    let ran = bench.ok(&[&drift[..], &["flows.csv"]].concat());
    assert!(psi(&json(&ran.stdout)["drift"]["score"]) > 0.1, "nothing is tested: {}", ran.stdout);
    assert!(ran.stderr.contains("score of rows that it knows differ"), "{}", ran.stderr);
    // The same rows in a file that is another.
    bench.write("other.csv", bench.read("flows.csv") + "\n");
    assert_eq!(bench.run(&[&drift[..], &["other.csv"]].concat()).code, 3);
}
