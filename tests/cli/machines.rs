//! One-class support vector machines from outside: fit, save, score, options, and what changes nothing.

use crate::{Bench, csv_column};

const OCSVM: [&str; 2] = ["--detector", "ocsvm"];

fn with<'a>(args: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    args.iter().chain(more).copied().collect()
}

#[test]
fn threads_batches_and_cache_change_nothing() {
    let bench = Bench::with_flows(4_000);
    for solver in ["exact", "nystroem"] {
        let mut outputs = Vec::new();
        for run in [
            ["--threads", "1", "--batch-rows", "65536", "--cache", "200M"],
            ["--threads", "2", "--batch-rows", "1000", "--cache", "1M"],
            ["--threads", "8", "--batch-rows", "777", "--cache", "5M"],
        ] {
            let detect = ["detect", "flows.csv", "-o", "out.csv", "--solver", solver, "--device", "cpu"];
            bench.ok(&with(&with(&detect, &OCSVM), &run));
            outputs.push(bench.read("out.csv"));
        }
        assert!(outputs.windows(2).all(|pair| pair[0] == pair[1]), "{solver}: output bytes differ");
    }
}

#[test]
fn a_saved_machine_scores_as_the_fitted_one() {
    let bench = Bench::with_flows(3_000);
    for more in [
        &["--solver", "exact"][..],
        &["--solver", "nystroem"],
        &["--nu", "0.05", "--gamma", "0.02"],
        &["--storage", "f16"],
    ] {
        let detect = with(&["detect", "flows.csv", "-o", "whole.csv", "--device", "cpu"], &with(&OCSVM, more));
        let said = bench.ok(&detect).stderr;
        assert!(said.contains("one-class SVM, nu 0.") && said.contains("working sets, gap"), "{said}");
        bench.ok(&["score", "-m", "whole.csv.model", "flows.csv", "-o", "again.csv", "--device", "cpu"]);
        assert_eq!(bench.read("whole.csv"), bench.read("again.csv"), "{more:?}");
    }
    let told = bench.ok(&["inspect", "whole.csv.model"]).stdout;
    assert!(told.contains("one_class_svm: nu 0.5, gamma ") && told.contains("(scale)"), "{told}");
}

#[test]
fn the_machines_own_verdict_is_a_threshold_of_zero() {
    let bench = Bench::with_flows(3_000);
    let detect = ["detect", "flows.csv", "-o", "out.csv", "--nu", "0.1", "--threshold", "score:0", "--device", "cpu"];
    bench.ok(&with(&detect, &OCSVM));
    let flagged =
        csv_column(&bench.path("out.csv"), "anomaly").iter().filter(|verdict| verdict.as_str() == "1").count();
    // At most ν n lie outside, and nearly as many; those on the edge may fall to either side by the tolerance.
    assert!((270..=310).contains(&flagged), "{flagged}");
}

#[test]
fn auto_says_what_it_chose_and_f16_what_it_turned() {
    let bench = Bench::with_flows(9_000);
    let said = |more: &[&str]| bench.ok(&with(&["fit", "flows.csv", "-o", "m.model"], &with(&OCSVM, more))).stderr;
    let many = said(&[]);
    assert!(many.contains("nystroem,") && many.contains("--solver exact would keep at least 4,500 vectors"), "{many}");
    let few = said(&["--nu", "0.1"]);
    assert!(few.contains("exact,") && few.contains("support vectors"), "{few}");
    let half = said(&["--nu", "0.1", "--storage", "f16"]);
    assert!(half.contains("f16 turn the verdict of") && half.contains("of 9,000 training rows"), "{half}");
    let never = said(&["--nu", "0.05", "--fit-rows", "500", "--tolerance", "1e-30"]);
    assert!(never.contains("NOT CONVERGED: gap") && never.contains("--tolerance"), "{never}");
    let quiet = ["--nu", "0.05", "--fit-rows", "500", "--tolerance", "1e-30", "--quiet", "--cache", "900000G"];
    assert!(said(&quiet).contains("NOT CONVERGED"), "a warning is not silenced");
    assert!(bench.ok(&["inspect", "m.model"]).stdout.contains("NOT CONVERGED"));
    bench.ok(&["score", "-m", "m.model", "flows.csv", "-o", "out.csv"]);
    let manifest: serde_json::Value = serde_json::from_str(&bench.read("out.csv.manifest.json")).unwrap();
    assert_eq!(manifest["solver"]["converged"], false);
}

#[test]
fn options_out_of_range_are_refused_with_the_way_out() {
    let bench = Bench::with_flows(200);
    for (args, words) in [
        (&["--nu", "0"][..], ["--nu is 0", "above 0"]),
        (&["--nu", "1.5"], ["--nu is 1.5", "at most 1"]),
        (&["--gamma", "-1"], ["--gamma", "above 0"]),
        (&["--gamma", "wide"], ["--gamma", "scale, auto"]),
        (&["--tolerance", "0"], ["--tolerance", "above 0"]),
        (&["--solver", "newton"], ["--solver", "nystroem"]),
        (&["--components", "0"], ["--components is 0", "at least 1"]),
        (&["--components", "5000"], ["--components is 5000", "at most 4096"]),
        (&["--gamma", "3e38"], ["--gamma", "normal range"]),
        (&["--cache", "12"], ["--cache", "500M"]),
        (&["--storage", "f8"], ["--storage", "f16"]),
        (&["--trees", "5"], ["--trees", "only iforest"]),
    ] {
        let args: Vec<String> = match args {
            [option, value] => vec![format!("{option}={value}")],
            _ => unreachable!(),
        };
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let ran = bench.run(&with(&["detect", "flows.csv"], &with(&OCSVM, &args)));
        assert_eq!(ran.code, 2, "{args:?}: {}", ran.stderr);
        assert!(words.iter().all(|word| ran.stderr.contains(word)), "{args:?}: {}", ran.stderr);
    }
    let ran = bench.run(&["detect", "flows.csv", "--nu", "0.1"]);
    assert!(ran.code == 2 && ran.stderr.contains("only ocsvm"), "{}", ran.stderr);
    bench.write("few.toml", "detector = \"ocsvm\"\nnu = 0.2\ngamma = 0.1\ncache = \"10M\"\n");
    let said = bench.ok(&["detect", "flows.csv", "--config", "few.toml"]).stderr;
    assert!(said.contains("one-class SVM, nu 0.2, gamma 0.1"), "{said}");
}

#[test]
fn a_gpu_gives_the_same_scores_within_the_bound() {
    if std::env::var("ODDFLOW_GPU").as_deref() != Ok("require") {
        return;
    }
    let bench = Bench::with_flows(3_000);
    let scores = |name: &str| -> Vec<f64> {
        csv_column(&bench.path(name), "anomaly_score").iter().map(|text| text.parse().unwrap()).collect()
    };
    bench.ok(&["fit", "flows.csv", "-o", "cpu.model", "--detector", "ocsvm", "--solver", "exact", "--device", "cpu"]);
    bench.ok(&["fit", "flows.csv", "-o", "gpu.model", "--detector", "ocsvm", "--solver", "exact", "--device", "gpu"]);
    for (model, device, name) in [("cpu", "cpu", "a"), ("cpu", "gpu", "b"), ("gpu", "gpu", "c")] {
        let (model, name) = (format!("{model}.model"), format!("{name}.csv"));
        bench.ok(&["score", "-m", &model, "flows.csv", "-o", &name, "--device", device]);
    }
    let most = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    let (cpu, gpu, fitted) = (scores("a.csv"), scores("b.csv"), scores("c.csv"));
    // 1e-6 of the weights' sum, ν n; a machine fitted elsewhere is as near as the tolerance lets it be.
    assert!(most(&cpu, &gpu) <= 1e-6 * 1_500.0, "{:e}", most(&cpu, &gpu));
    assert!(most(&cpu, &fitted) <= 2.0 * 1e-3 + 1e-6 * 1_500.0, "{:e}", most(&cpu, &fitted));
}
