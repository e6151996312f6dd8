//! Ensembles against single detectors on real network sets, by the program: a table of AUROC. What it says is not
//! demanded, only that every run ends well; the README draws the conclusion.

use crate::{Bench, shared};

const DETECTORS: [&str; 9] = [
    "iforest",
    "lof",
    "knn",
    "ocsvm",
    "iforest,knn",
    "iforest,ocsvm",
    "iforest,lof,ocsvm",
    "knn,ocsvm",
    "iforest,lof,knn,ocsvm",
];
const SEEDS: [&str; 3] = ["0", "1", "2"];

/// A way to fit and score: the arguments of `detect` but for the detector.
struct Case {
    name: &'static str,
    args: Vec<String>,
}

#[test]
#[ignore = "162 runs over real files, some minutes: run with --release -- --ignored"]
fn network_sets_by_ensembles_and_single_detectors() {
    let Some(data) = shared("data") else { return };
    let bench = Bench::empty();
    let file = |name: &str| data.join(name).to_str().unwrap().to_owned();
    let words = |args: &[&str]| args.iter().map(|arg| (*arg).to_owned()).collect::<Vec<_>>();
    let kdd = std::fs::read_to_string(data.join("nsl-kdd/KDDTrain+_20Percent.txt")).unwrap();
    let normal: Vec<&str> = kdd.lines().filter(|line| line.split(',').nth(41) == Some("normal")).collect();
    bench.write("normal.csv", normal.join("\n") + "\n");
    let cic = file("cic-ids-2017/cicids_sample_webattacks_thursday.csv");
    let (clean, rest) = first_benign(&std::fs::read(&cic).unwrap(), 4_000);
    bench.write("clean.csv", clean);
    bench.write("rest.csv", rest);
    let test = file("nsl-kdd/KDDTest+.txt");
    let iot = file("zeek/labelled/CTU-IoT-Malware-Capture-34-1.conn.log.labeled");
    let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/data/flows_10k.csv");
    let cases = [
        Case {
            name: "NSL-KDD, fit on normals",
            args: words(&[&test, "--baseline", "normal.csv", "--columns", "nsl-kdd"]),
        },
        Case { name: "NSL-KDD as is", args: words(&[&test, "--columns", "nsl-kdd"]) },
        Case { name: "IoT-23 34-1, capped sample", args: words(&[&iot]) },
        Case { name: "CIC, fit on 4,000 benign", args: words(&["rest.csv", "--baseline", "clean.csv"]) },
        Case { name: "CIC as is", args: words(&[&cic]) },
        Case { name: "the sample as is", args: words(&[sample]) },
    ];
    println!("{:<28}{}", "", DETECTORS.map(|name| format!("{name:>24}")).concat());
    for Case { name, args } in cases {
        let aurocs = DETECTORS.map(|detector| {
            let of_seed = |seed: &&str| {
                let more = ["--detector", detector, "--seed", seed, "--device", "cpu", "--top", "1"];
                let args: Vec<&str> =
                    ["detect"].into_iter().chain(args.iter().map(String::as_str)).chain(more).collect();
                let ran = bench.run(&args);
                assert!(ran.code <= 1, "{args:?}: {}", ran.stderr);
                auroc(&ran.stderr)
            };
            SEEDS.iter().map(of_seed).sum::<f64>() / SEEDS.len() as f64
        });
        println!("{name:<28}{}", aurocs.map(|auroc| format!("{auroc:>24.4}")).concat());
    }
}

fn auroc(stderr: &str) -> f64 {
    let after = stderr.split("AUROC ").nth(1).unwrap_or_else(|| panic!("no AUROC in {stderr}"));
    after.split([',', ' ', ';']).next().unwrap().parse().unwrap()
}

/// The file as two: the first `n` benign records, and all others, each under the header. Its labels are not UTF-8.
fn first_benign(file: &[u8], n: usize) -> (Vec<u8>, Vec<u8>) {
    let mut lines = file.split_inclusive(|byte| *byte == b'\n');
    let header = lines.next().unwrap();
    let (mut clean, mut rest, mut taken) = (header.to_vec(), header.to_vec(), 0);
    for line in lines {
        let benign = line.trim_ascii_end().ends_with(b",BENIGN");
        if benign && taken < n {
            taken += 1;
            clean.extend(line);
        } else {
            rest.extend(line);
        }
    }
    assert_eq!(taken, n);
    (clean, rest)
}
