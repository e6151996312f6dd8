//! Outputs without rows: of `--only-anomalies` on a quiet day.

use crate::Bench;
use crate::kept::{logs, manifest};

#[test]
fn an_output_without_rows_is_an_output() {
    let bench = Bench::empty();
    logs(&bench);
    for out in ["out.csv", "out.tsv", "out.ndjson", "out.parquet", "out.arrow", "out.ndjson.gz"] {
        let quiet = ["--only-anomalies", "--threshold", "score:0.99", "--device", "cpu", "-q"];
        bench.ok(&[&["detect", "logs", "-o", out][..], &quiet].concat());
        assert_eq!(manifest(&bench, out)["rows_written"], 0);
        let ran = bench.ok(&["hosts", out]);
        assert!(
            ran.stdout.lines().count() == 1 && ran.stderr.contains("the output has no rows"),
            "{out} {}",
            ran.stderr
        );
        let ran = bench.ok(&["detect", "logs", "--since", out, "--device", "cpu"]);
        assert!(ran.stdout.contains("new: 60 ports") && !ran.stdout.contains("seen: "), "{out}\n{}", ran.stdout);
        let ran = bench.ok(&["report", out, "-o", "page.html"]);
        assert!(ran.stderr.contains("0 rows, 0 flagged"), "{out}\n{}", ran.stderr);
        assert!(bench.read("page.html").contains("\"rows\":0"));
        let ran = bench.run(&["show", out, "1"]);
        assert!(ran.code == 2 && ran.stderr.contains("has no row of it"), "{out}\n{}", ran.stderr);
    }
    // What is no output stays refused.
    bench.write("empty.ndjson", "");
    bench.write("bad.csv", "anomaly_score,severity,anomaly\nx,y,1\n");
    for (args, said) in [
        (&["detect", "empty.ndjson"][..], "is empty"),
        (&["report", "bad.csv", "-o", "bad.html"], "has to be the numbers"),
    ] {
        let ran = bench.run(args);
        assert!(ran.code == 2 && ran.stderr.contains(said), "{args:?}\n{}", ran.stderr);
    }
}
