//! `oddflow evaluate`.

use crate::{Bench, csv_column, shared};
use serde_json::Value;

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("no number: {value}"))
}

/// Every pair.
fn auroc(positive: &[f64], negative: &[f64]) -> f64 {
    let won = |a: &f64, b: &f64| {
        if a > b {
            1.0
        } else if a == b {
            0.5
        } else {
            0.0
        }
    };
    positive.iter().map(|a| negative.iter().map(|b| won(a, b)).sum::<f64>()).sum::<f64>()
        / (positive.len() * negative.len()) as f64
}

fn json(bench: &Bench, args: &[&str]) -> Value {
    serde_json::from_str(&bench.ok(args).stdout).unwrap()
}

#[test]
fn measures_are_those_of_the_scored_rows() {
    let bench = Bench::with_flows(4_000);
    bench.ok(&["fit", "flows.csv", "-o", "a.model"]);
    bench.ok(&["score", "-m", "a.model", "flows.csv", "-o", "scored.csv"]);
    let column = |name: &str| csv_column(&bench.path("scored.csv"), name);
    let scores: Vec<f64> = column("anomaly_score").iter().map(|s| s.parse().unwrap()).collect();
    let (labels, attacks, called) = (column("label"), column("attack"), column("anomaly"));
    let of = |wanted: &dyn Fn(usize) -> bool| -> Vec<f64> {
        (0..scores.len()).filter(|&i| wanted(i)).map(|i| scores[i]).collect()
    };
    let negative = of(&|i| labels[i] == "0");
    let found = json(
        &bench,
        &[
            &["evaluate", "-m", "a.model", "flows.csv", "--json", "--bootstrap", "200"][..],
            &["--curves", "curves.csv", "--curves", "curves.svg", "--curves", "curves.png"],
        ]
        .concat(),
    );
    let picture = bench.read("curves.svg");
    for said in ["flows.csv", "all rows (0.", "false positive rate", "precision", "the threshold", "ddos (0."] {
        assert!(picture.contains(said), "{said}");
    }
    assert!(std::fs::read(bench.path("curves.png")).unwrap().starts_with(b"\x89PNG"));
    let measured = &found["measured"];
    assert!((number(&measured["auroc"]["value"]) - auroc(&of(&|i| labels[i] == "1"), &negative)).abs() < 1e-9);
    let right = (0..scores.len()).filter(|&i| labels[i] == "1" && called[i] == "1").count() as f64;
    let all_called = called.iter().filter(|c| *c == "1").count() as f64;
    assert!(all_called > 0.0 && (number(&measured["precision"]["value"]) - right / all_called).abs() < 1e-12);
    let kinds = measured["kinds"].as_array().unwrap();
    assert_eq!((kinds.len(), found["kind"].as_str()), (5, Some("attack")));
    for kind in kinds {
        let name = kind["kind"].as_str().unwrap();
        let positive = of(&|i| labels[i] == "1" && attacks[i] == name);
        assert_eq!(kind["positives"].as_u64(), Some(positive.len() as u64));
        assert!((number(&kind["auroc"]["value"]) - auroc(&positive, &negative)).abs() < 1e-9, "{name}");
        assert!(number(&kind["auroc"]["low"]) <= number(&kind["auroc"]["high"]));
    }
    // The area under the written ROC curve, by trapezoids, is the AUROC.
    let curve = |name: &str| csv_column(&bench.path("curves.csv"), name);
    let (of_kind, x, y) = (curve("kind"), curve("false_positive_rate"), curve("true_positive_rate"));
    let (mut area, mut last) = (0.0, (0.0, 0.0));
    for i in (0..x.len()).filter(|&i| of_kind[i].is_empty()) {
        let point: (f64, f64) = (x[i].parse().unwrap(), y[i].parse().unwrap());
        area += (point.0 - last.0) * (point.1 + last.1) / 2.0;
        last = point;
    }
    assert!((area - number(&measured["auroc"]["value"])).abs() < 1e-9 && last == (1.0, 1.0));
    let again = json(
        &bench,
        &[
            "evaluate",
            "-m",
            "a.model",
            "flows.csv",
            "--json",
            "--bootstrap",
            "200",
            "--threads",
            "2",
            "--batch-rows",
            "100",
        ],
    );
    assert_eq!(*measured, again["measured"]);
}

#[test]
fn two_models_on_the_same_rows() {
    let bench = Bench::with_flows(4_000);
    bench.ok(&["fit", "flows.csv", "-o", "a.model"]);
    bench.ok(&["fit", "flows.csv", "-o", "b.model", "--trees", "2", "--sample-size", "4"]);
    let one = |model: &str| {
        number(
            &json(&bench, &["evaluate", "-m", model, "flows.csv", "--json", "--bootstrap", "0"])["measured"]["auroc"]["value"],
        )
    };
    let found = json(
        &bench,
        &["evaluate", "-m", "a.model", "flows.csv", "--compare", "b.model", "--json", "--bootstrap", "100"],
    );
    let comparison = &found["measured"]["comparison"];
    let difference = &comparison["difference"]["auroc"];
    assert!((number(&difference["value"]) - (one("a.model") - one("b.model"))).abs() < 1e-9);
    assert!(number(&difference["low"]) > 0.0, "{difference}");
    let said = bench.ok(&["evaluate", "-m", "a.model", "flows.csv", "--compare", "a.model", "--bootstrap", "20"]);
    assert!(said.stdout.contains("no difference shown"), "{}", said.stdout);
}

#[test]
fn what_cannot_be_measured_is_refused() {
    let bench = Bench::with_flows(500);
    bench.ok(&["fit", "flows.csv", "-o", "a.model"]);
    bench.write("flows.toml", "[roles]\nlabel = \"numeric\"\n");
    bench.ok(&["fit", "flows.csv", "-o", "seen.model", "--config", "flows.toml"]);
    let refused = |args: &[&str]| {
        let ran = bench.run(args);
        assert_eq!(ran.code, 2, "{}", ran.stderr);
        ran.stderr
    };
    assert!(
        refused(&["evaluate", "-m", "seen.model", "flows.csv", "--label", "label"])
            .contains("is a feature of the model")
    );
    assert!(refused(&["evaluate", "-m", "a.model", "flows.csv", "--label", "truth"]).contains("no such column"));
    assert!(refused(&["evaluate", "-m", "a.model", "flows.csv", "--kind", "sort"]).contains("no such column"));
    assert!(refused(&["evaluate", "-m", "a.model", "flows.csv", "--curves", "flows.csv"]).contains("--curves"));
    assert!(refused(&["evaluate", "-m", "a.model", "flows.csv", "--curves", "curves.pdf"]).contains(".svg or .png"));
    let text = bench.read("flows.csv");
    let without: Vec<&str> = text.lines().filter_map(|line| line.rsplitn(3, ',').nth(2)).collect();
    bench.write("plain.csv", without.join("\n"));
    assert!(refused(&["evaluate", "-m", "a.model", "plain.csv"]).contains("--label"));
}

#[test]
fn kinds_of_real_attacks() {
    let Some(data) = shared("data") else { return };
    let bench = Bench::empty();
    let train = std::fs::read_to_string(data.join("nsl-kdd/KDDTrain+_20Percent.txt")).unwrap();
    let normal: Vec<&str> = train.lines().filter(|l| l.split(',').nth(41) == Some("normal")).collect();
    bench.write("normal.csv", normal.join("\n") + "\n");
    bench.ok(&["fit", "normal.csv", "--columns", "nsl-kdd", "-o", "kdd.model"]);
    let test = data.join("nsl-kdd/KDDTest+.txt");
    let found = json(
        &bench,
        &[
            "evaluate",
            "-m",
            "kdd.model",
            test.to_str().unwrap(),
            "--columns",
            "nsl-kdd",
            "--json",
            "--bootstrap",
            "100",
        ],
    );
    let kinds = found["measured"]["kinds"].as_array().unwrap();
    assert_eq!(kinds.len(), 37);
    assert_eq!((kinds[0]["kind"].as_str(), kinds[0]["positives"].as_u64()), (Some("neptune"), Some(4_657)));
    assert!(number(&kinds[0]["auroc"]["low"]) > 0.95, "{}", kinds[0]);
    // A log of flows is scored with its windows, as `score` scores it.
    let zeek = std::fs::read_dir(data.join("zeek/labelled")).unwrap().next().unwrap().unwrap().path();
    let zeek = zeek.to_str().unwrap();
    bench.ok(&["fit", zeek, "-o", "zeek.model"]);
    let scored = bench.ok(&["score", "-m", "zeek.model", zeek, "--group", "none"]).stderr;
    let found = json(&bench, &["evaluate", "-m", "zeek.model", zeek, "--json", "--bootstrap", "50"]);
    let auroc = format!("AUROC {:.4}", number(&found["measured"]["auroc"]["value"]));
    assert!(scored.contains(&auroc), "{auroc} in {scored}");
    let kinds: Vec<&str> =
        found["measured"]["kinds"].as_array().unwrap().iter().filter_map(|k| k["kind"].as_str()).collect();
    assert!(kinds.contains(&"PartOfAHorizontalPortScan"), "{kinds:?}");
}
