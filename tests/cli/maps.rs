//! `oddflow embed` from outside: what it draws, what it writes, what it refuses.

use crate::kept::logs;
use crate::{Bench, csv_column};

const FAST: [&str; 4] = ["--steps", "60", "--device", "cpu"];

fn with<'a>(args: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    args.iter().chain(more).copied().collect()
}

#[test]
fn one_run_makes_a_page_pictures_and_a_table() {
    let bench = Bench::with_flows(400);
    let outputs = ["-o", "map.html", "-o", "map.png", "-o", "map.svg", "-o", "map.csv"];
    let said = bench.ok(&with(&with(&["embed", "flows.csv"], &outputs), &FAST)).stderr;
    assert!(said.contains("400 of 400 rows") && said.contains("t-SNE, perplexity 30, 60 steps, KL "), "{said}");
    let page = bench.read("map.html");
    assert!(page.contains("oddflow embed flows.csv") && page.contains("plotly.js"));
    assert!(std::fs::read(bench.path("map.png")).unwrap().starts_with(b"\x89PNG"));
    assert!(bench.read("map.svg").starts_with("<svg"));
    let table = bench.read("map.csv");
    let header = table.lines().next().unwrap();
    assert!(header.starts_with("embedding_x,embedding_y,duration,"), "{header}");
    assert_eq!(table.lines().count(), 401);
    assert_eq!(bench.files(), ["flows.csv", "map.csv", "map.html", "map.png", "map.svg"]);
}

#[test]
fn of_many_rows_the_oddest_stay() {
    let bench = Bench::with_flows(5_000);
    bench.ok(&["detect", "flows.csv", "-o", "scored.csv", "-m", "week.model", "--device", "cpu"]);
    let scores = |name: &str| {
        let mut scores: Vec<f64> =
            csv_column(&bench.path(name), "anomaly_score").iter().map(|score| score.parse().unwrap()).collect();
        scores.sort_by(|a, b| b.total_cmp(a));
        scores
    };
    // From a model, and from a scored input.
    let runs = [&["embed", "flows.csv", "-m", "week.model"][..], &["embed", "scored.csv"]];
    for run in runs {
        let said = bench.ok(&with(&with(run, &["--rows", "300", "-o", "map.csv"]), &FAST)).stderr;
        assert!(said.contains("300 of 5,000 rows, 30 of them the oddest"), "{said}");
        let (all, drawn) = (scores("scored.csv"), scores("map.csv"));
        assert_eq!((drawn.len(), &drawn[..30]), (300, &all[..30]));
        assert!(drawn[150] < all[1000]);
    }
    // Which rows are drawn, and where they lie, depends on the seed alone.
    let read = |threads: &str, batch: &str, seed: &str| {
        let args = ["embed", "flows.csv", "-m", "week.model", "--rows", "300", "-o", "again.csv", "--seed", seed];
        bench.ok(&with(&with(&args, &["--threads", threads, "--batch-rows", batch]), &FAST));
        bench.read("again.csv")
    };
    let first = read("1", "65536", "3");
    assert_eq!(first, read("2", "100", "3"));
    assert_ne!(first, read("2", "100", "4"));
}

#[test]
fn umap_and_three_dimensions() {
    let bench = Bench::with_flows(300);
    let umap = ["embed", "flows.csv", "--method", "umap", "--dims", "3", "--epochs", "30", "--device", "cpu"];
    let said =
        bench.ok(&with(&umap, &["-o", "map.csv", "-o", "map.html", "-o", "map.svg", "--color", "attack"])).stderr;
    assert!(said.contains("UMAP, 15 neighbors, min_dist 0.1, 30 epochs from "), "{said}");
    assert!(bench.read("map.csv").starts_with("embedding_x,embedding_y,embedding_z,"));
    assert!(bench.read("map.svg").contains(">attack<"));
    let first = bench.read("map.csv");
    bench.ok(&with(&umap, &["-o", "map.csv", "--threads", "1"]));
    assert_eq!(first, bench.read("map.csv"));
}

#[test]
fn what_makes_no_map_is_refused() {
    let bench = Bench::with_flows(100);
    let refused = |more: &[&str], says: &str| {
        let ran = bench.run(&with(&["embed", "flows.csv", "--device", "cpu"], more));
        assert_eq!(ran.code, 2, "{more:?}");
        assert!(ran.stderr.contains(says), "{more:?}: {}", ran.stderr);
    };
    refused(&["-o", "map.gif"], ".html, .png, .svg");
    refused(&["-o", "map.html", "--method", "pca"], "tsne or umap");
    refused(&["-o", "map.html", "--min-dist", "0.3"], "--method umap");
    refused(&["-o", "map.html", "--method", "umap", "--perplexity", "5"], "--method tsne");
    refused(&["-o", "map.html", "--perplexity", "60"], "(n_rows − 1) / 3");
    refused(&["-o", "map.html", "--color", "colour"], "the rows have duration");
    refused(&["-o", "map.html", "--rows", "60000"], "at most 50,000");
    refused(&["-o", "map.png", "--size", "12"], "1200x900");
    refused(&["-o", "map.csv", "-o", "map.png", "--size", "100x100"], "320 to 8000");
    refused(&["-o", "map.csv", "--perplexity", "0.5"], "above 1");
    refused(&["-o", "map.csv", "--rows", "0"], "at least 5");
    refused(&["-o", "flows.csv"], "it is the input");
    refused(&["-o", "a.html", "-o", "a.html"], "the same file");
    refused(&["-o", "map.html", "--theme", "blue"], "light or dark");
    assert_eq!(bench.files(), ["flows.csv"]);
}

#[test]
fn flow_logs_are_laid_out_by_what_is_around_their_flows() {
    let bench = Bench::empty();
    logs(&bench);
    bench.ok(&["detect", "logs", "-o", "out.parquet", "--device", "cpu", "--alerts", "3/day"]);
    let embed = |args: &[&str], out: &str| {
        bench.ok(&with(&with(&["embed"], args), &with(&["-o", out], &FAST)));
        ["embedding_x", "embedding_y", "anomaly_score"].map(|column| csv_column(&bench.path(out), column))
    };
    // Where no record is a snapshot, windows and scores are those of the run that fitted the model, whichever way the logs come.
    let of_logs = embed(&["logs", "-m", "out.parquet.model"], "logs.csv");
    assert_eq!(of_logs[0].len(), 420);
    assert_eq!(embed(&["out.parquet", "-m", "out.parquet.model"], "scored.csv"), of_logs);
    let batches = ["--batch-rows", "50", "--threads", "1"];
    assert_eq!(embed(&with(&["logs", "-m", "out.parquet.model"], &batches), "batches.csv"), of_logs);
    // Wherever the columns of an earlier run stand.
    bench.ok(&["detect", "logs", "-o", "out.csv", "--device", "cpu", "--alerts", "3/day"]);
    let turned = |line: &str| {
        let mut fields: Vec<&str> = line.split(',').collect();
        fields.rotate_right(7);
        fields.join(",") + "\n"
    };
    let text = bench.read("out.csv").lines().map(turned).collect::<String>();
    assert!(text.starts_with("anomaly_score,severity,anomaly,finding_id,"), "{text}");
    bench.write("turned.csv", text);
    assert_eq!(embed(&["turned.csv", "-m", "out.parquet.model"], "turned_map.csv"), of_logs);
    // What was scored keeps its findings.
    assert!(csv_column(&bench.path("scored.csv"), "finding_id").iter().any(|id| id.len() == 16));
    // Without a model features are those that a fit would take: the scanner's flows, which one by one look like others, lie
    // together.
    let own = embed(&["out.parquet"], "own.csv");
    let sources = csv_column(&bench.path("own.csv"), "id.orig_h");
    let at = |row: usize| [&own[0], &own[1]].map(|axis| axis[row].parse::<f64>().unwrap());
    let apart = |a: [f64; 2], b: [f64; 2]| (a[0] - b[0]).powi(2) + (a[1] - b[1]).powi(2);
    let nearest = |row: usize| {
        let others = (0..sources.len()).filter(|&other| other != row);
        others.min_by(|&a, &b| apart(at(row), at(a)).total_cmp(&apart(at(row), at(b)))).unwrap()
    };
    let scanner: Vec<usize> = (0..sources.len()).filter(|&row| sources[row] == "203.0.113.9").collect();
    let together = scanner.iter().filter(|&&row| sources[nearest(row)] == "203.0.113.9").count();
    assert!(scanner.len() == 60 && together >= 57, "{together}");
    assert_ne!(embed(&["out.parquet", "--features", "columns"], "columns.csv"), own);
    bench.ok(&["report", "out.parquet", "-o", "day.html", "--map", "--map-rows", "100", "--device", "cpu"]);
    // Rows of a baseline have no score and are flows all the same; so are those of logs beside an output.
    let span = "2024-04-19T00:00..2024-04-19T01:00";
    bench.ok(&["detect", "logs", "--baseline", span, "-o", "rest.csv", "--device", "cpu"]);
    assert!(csv_column(&bench.path("rest.csv"), "anomaly").iter().all(|verdict| !verdict.is_empty()));
    assert_eq!(embed(&["rest.csv"], "rest_map.csv")[0].len(), 420);
    assert_eq!(embed(&["rest.csv", "logs/conn.01.log"], "both.csv")[0].len(), 480);
    // Where no row is left there is a page without a map.
    let none = ["score", "-m", "out.parquet.model", "logs", "--threshold", "score:0.99", "--only-anomalies"];
    bench.ok(&[&none[..], &["-o", "none.csv", "--device", "cpu"]].concat());
    let said = bench.ok(&["report", "none.csv", "-o", "none.html", "--map", "--device", "cpu"]).stderr;
    assert!(said.contains("map        none: 0 rows"), "{said}");
    let refused = bench.run(&["embed", "logs", "-m", "out.parquet.model", "--features", "basic", "-o", "no.csv"]);
    assert!(refused.code == 2 && refused.stderr.contains("--features"), "{}", refused.stderr);
    let refused = bench.run(&["embed", "logs", "--features", "many", "-o", "no.csv"]);
    assert!(refused.code == 2 && refused.stderr.contains("default, basic or columns"), "{}", refused.stderr);
}
