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

/// A Zeek log of these hours, counted from a Monday: by night backups, by day the web, a megabyte against kilobytes.
fn conn_log(hours: impl Iterator<Item = i64>, factor: i64) -> String {
    let mut text = "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n\
        #fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\tduration\torig_bytes\tresp_bytes\tconn_state\torig_pkts\tresp_pkts\n\
        #types\ttime\tstring\taddr\tport\taddr\tport\tenum\tstring\tinterval\tcount\tcount\tstring\tcount\tcount\n"
        .to_owned();
    let mut state = 1u64;
    let mut below = |n: i64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 33) as i64) % n
    };
    for hour in hours {
        for flow in 0..60 {
            let night = if hour % 24 < 6 { below(10) > 0 } else { below(10) == 0 };
            let (port, service) = if night { (873, "-") } else { (80, "http") };
            let bytes = factor * if night { 1_000_000 + below(500_000) } else { 300 + below(3_000) };
            text += &format!(
                "{}.000000\tC{hour}x{flow}\t10.0.0.{}\t{}\t10.1.0.{}\t{port}\ttcp\t{service}\t{}.5\t{bytes}\t{}\tSF\t{}\t9\n",
                1_713_139_200 + hour * 3_600 + flow * 60,
                1 + below(20),
                20_000 + below(40_000),
                1 + below(3),
                1 + below(5),
                400 + below(400),
                10 + bytes / 1_400,
            );
        }
    }
    text
}

#[test]
fn nights_are_compared_with_nights() {
    let bench = Bench::empty();
    bench.write("week.log", conn_log(0..168, 1));
    bench.ok(&["fit", "week.log", "-o", "week.model"]);
    let nights = |week: i64| (week * 168..week * 168 + 168).filter(|hour| hour % 24 < 6);
    bench.write("nights.log", conn_log(nights(1), 1));
    bench.write("grown.log", conn_log(nights(1), 20));
    let of = |document: &Value, name: &str| {
        let columns = document["drift"]["columns"].as_array().unwrap();
        columns.iter().find(|column| column["column"] == name).unwrap_or_else(|| panic!("{document:#}")).clone()
    };
    let same = json(&bench.ok(&["drift", "-m", "week.model", "nights.log", "--json"]).stdout);
    let hours = &same["drift"]["hours"]["same"];
    assert!(hours["used"] == true && hours["share"] == 1.0 && hours["too_few"] == "", "{hours}");
    let bytes = of(&same, "bytes_out");
    println!("nights: bytes_out {bytes}, score {}", same["drift"]["score"]);
    assert!(psi(&bytes) < 0.1 && bytes["psi_all_hours"].as_f64().unwrap() > 0.5, "{bytes}");
    let grown = json(&bench.ok(&["drift", "-m", "week.model", "grown.log", "--json"]).stdout);
    assert!(psi(&of(&grown, "bytes_out")) > 0.25, "{grown:#}");
    let ran = bench.run(&["drift", "-m", "week.model", "grown.log", "--fail-above", "0.25"]);
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("of the same hours, each hour by its part") && ran.stdout.contains("all hours"),
        "{}",
        ran.stderr
    );
    // Batches and threads do not matter, and the manifest of a score has the same.
    let again = bench.ok(&["drift", "-m", "week.model", "grown.log", "--json", "--batch-rows", "97", "--threads", "3"]);
    assert_eq!(json(&again.stdout)["drift"], grown["drift"]);
    bench.ok(&["score", "-m", "week.model", "grown.log", "-o", "out.csv"]);
    let manifest = json(&bench.read("out.csv.manifest.json"));
    assert_eq!(manifest["drift"]["hours"], grown["drift"]["hours"]);
    assert_eq!(manifest["drift"]["against"], grown["drift"]["against"]);
    assert_eq!(manifest["drift"]["worst_columns"][0], grown["drift"]["columns"][0]);
    // A Sunday added: what training of a day does not cover is compared with all, and said.
    bench.write("monday.log", conn_log(0..24, 1));
    bench.ok(&["fit", "monday.log", "-o", "monday.model"]);
    bench.write("days.log", conn_log((168..192).chain(312..322), 1));
    let said = bench.ok(&["drift", "-m", "monday.model", "days.log"]);
    assert!(said.stdout.contains("600 rows of other hours, against all training rows"), "{}", said.stdout);
    assert!(
        said.stderr.contains("29.4 % of these rows lie in hours of the week that training did not see"),
        "{}",
        said.stderr
    );
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
