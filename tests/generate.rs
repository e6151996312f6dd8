//! Generated flows: the same rows whatever the batches, the right shares and ranges, and neither too easy nor too hard.

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type};
use arrow_array::{Array, RecordBatch};
use arrow_select::concat::concat_batches;
use oddflow::detectors::{Detector, IsolationForest, IsolationForestParams, Ranking};
use oddflow::device::Device;
use oddflow::features::{FeatureOptions, FeaturePlan, RoleOverrides, infer_roles};
use oddflow::flows::generate::{BLOCK_ROWS, GenerateOptions, Generator};
use std::collections::BTreeMap;

fn table(options: GenerateOptions) -> RecordBatch {
    let generator = Generator::new(options).unwrap();
    let blocks: Vec<RecordBatch> = generator.blocks().collect::<Result<_, _>>().unwrap();
    concat_batches(&generator.schema(), &blocks).unwrap()
}

fn rows(n_rows: u64, seed: u64) -> RecordBatch {
    table(GenerateOptions { n_rows, seed, ..Default::default() })
}

fn texts<'a>(table: &'a RecordBatch, name: &str) -> Vec<&'a str> {
    table.column_by_name(name).unwrap().as_string::<i32>().iter().flatten().collect()
}

fn integers(table: &RecordBatch, name: &str) -> Vec<i64> {
    table.column_by_name(name).unwrap().as_primitive::<Int64Type>().values().to_vec()
}

fn durations(table: &RecordBatch) -> Vec<f64> {
    table.column_by_name("duration").unwrap().as_primitive::<Float64Type>().values().to_vec()
}

#[test]
fn rows_depend_on_seed_and_number_alone() {
    let long = rows(20_000, 7);
    for n in [0, 1, 1_000, BLOCK_ROWS, BLOCK_ROWS + 1, 20_000] {
        let short = rows(n, 7);
        assert_eq!(short, long.slice(0, n as usize), "the first {n} rows");
    }
    let generator = Generator::new(GenerateOptions { n_rows: 20_000, seed: 7, ..Default::default() }).unwrap();
    let third = generator.block(2).unwrap();
    assert_eq!(third, long.slice(2 * BLOCK_ROWS as usize, third.num_rows()), "blocks in any order");
    assert_eq!(generator.block(3).unwrap().num_rows(), 0);
    assert_eq!(generator.block(u64::MAX).unwrap().num_rows(), 0);
    assert_ne!(rows(1_000, 8), rows(1_000, 7));
}

#[test]
fn the_rows_are_pinned() {
    // Changes whenever generated files do: then say so in the change log, and remake data/.
    let mut hash = blake3::Hasher::new();
    for column in rows(20_000, 1).columns() {
        for buffer in column.to_data().buffers() {
            hash.update(buffer.as_slice());
        }
    }
    assert_eq!(hash.finalize().to_hex().as_str(), include_str!("generate.blake3").trim());
}

#[test]
fn shares_and_ranges() {
    let table = rows(200_000, 0);
    let (labels, attacks) = (integers(&table, "label"), texts(&table, "attack"));
    let share = labels.iter().sum::<i64>() as f64 / 200_000.0;
    assert!((share - 0.1).abs() < 0.003, "{share}");
    assert!(labels.iter().zip(&attacks).all(|(label, attack)| (*label == 0) == (*attack == "normal")));
    let mut kinds = BTreeMap::new();
    attacks.iter().for_each(|attack| *kinds.entry(*attack).or_insert(0) += 1);
    assert_eq!(
        kinds.keys().copied().collect::<Vec<_>>(),
        ["brute_force", "data_exfiltration", "ddos", "malware_communication", "normal", "port_scan"]
    );
    assert!(kinds.values().all(|n| *n > 2_000));
    for name in ["count", "srv_count"] {
        assert!(integers(&table, name).iter().all(|n| (1..=511).contains(n)));
    }
    for name in ["src_bytes", "dst_bytes"] {
        let bytes = integers(&table, name);
        assert!(bytes.iter().all(|n| (0..1 << 45).contains(n)));
        assert!(bytes.iter().filter(|n| **n == 0).count() > 5_000, "{name}: zeros");
    }
    let durations = durations(&table);
    assert!(
        durations.iter().all(|d| d.is_finite() && *d >= 0.0 && (d * 1e6 - (d * 1e6).round()).abs() < 1e-3 * d.max(1.0))
    );
    assert!(durations.iter().filter(|d| **d == 0.0).count() > 10_000);
    let udp_flags: Vec<&str> = texts(&table, "protocol_type")
        .into_iter()
        .zip(texts(&table, "flag"))
        .filter_map(|(protocol, flag)| (protocol != "tcp").then_some(flag))
        .collect();
    assert!(udp_flags.iter().all(|flag| ["SF", "S0"].contains(flag)), "only TCP has resets");
    for (attempt, bytes) in texts(&table, "flag").iter().zip(integers(&table, "dst_bytes")) {
        assert!(!["S0", "REJ", "SH"].contains(attempt) || bytes == 0, "an attempt has no answer");
    }
}

/// Statistics of normal flows: heavy tails, ties, and columns that know of each other.
#[test]
#[allow(clippy::disallowed_methods)]
fn normal_flows_look_like_flows() {
    let table = table(GenerateOptions { n_rows: 200_000, seed: 3, anomaly_share: 0.0 });
    assert_eq!(integers(&table, "label").iter().sum::<i64>(), 0);
    for name in ["src_bytes", "dst_bytes"] {
        let mut bytes: Vec<f64> = integers(&table, name).iter().map(|b| *b as f64).collect();
        bytes.sort_by(f64::total_cmp);
        let at = |p: f64| bytes[(p * 200_000.0) as usize];
        assert!(at(0.999) > 100.0 * at(0.9), "{name}: heavy tail: {} {}", at(0.999), at(0.9));
        let top: f64 = bytes[198_000..].iter().sum();
        assert!(top > 0.5 * bytes.iter().sum::<f64>(), "{name}: one flow in a hundred has most of the bytes");
        let distinct = bytes.chunk_by(|a, b| a == b).count();
        assert!(distinct < 60_000, "{name}: {distinct} distinct of 200,000");
    }
    let (src, dst) = (integers(&table, "src_bytes"), integers(&table, "dst_bytes"));
    let pairs = src.iter().zip(&dst).filter(|(s, d)| **s > 0 && **d > 0);
    let logs: Vec<(f64, f64)> = pairs.map(|(s, d)| ((*s as f64).ln(), (*d as f64).ln())).collect();
    let n = logs.len() as f64;
    let (ms, md) = (logs.iter().map(|l| l.0).sum::<f64>() / n, logs.iter().map(|l| l.1).sum::<f64>() / n);
    let covariance = logs.iter().map(|l| (l.0 - ms) * (l.1 - md)).sum::<f64>();
    let variances =
        logs.iter().map(|l| (l.0 - ms).powi(2)).sum::<f64>() * logs.iter().map(|l| (l.1 - md).powi(2)).sum::<f64>();
    let r = covariance / variances.sqrt();
    assert!((0.5..0.95).contains(&r), "correlation of sizes {r}");
}

/// What each kind is known by, as the median of its flows against normal ones.
#[test]
fn kinds_are_what_they_say() {
    let table = rows(300_000, 5);
    let attacks = texts(&table, "attack");
    let median = |name: &str, kind: &str| {
        let values = if name == "duration" {
            durations(&table)
        } else {
            integers(&table, name).iter().map(|v| *v as f64).collect()
        };
        let mut of_kind: Vec<f64> =
            values.into_iter().zip(&attacks).filter(|(_, a)| **a == kind).map(|(v, _)| v).collect();
        of_kind.sort_by(f64::total_cmp);
        of_kind[of_kind.len() / 2]
    };
    assert_eq!(median("src_bytes", "port_scan"), 0.0);
    assert!(median("count", "port_scan") > 10.0 * median("count", "normal"));
    assert!(median("srv_count", "port_scan") <= 3.0);
    assert!(median("count", "ddos") > 100.0 && median("srv_count", "ddos") > 100.0);
    assert!(median("src_bytes", "malware_communication") < 300.0 && median("count", "malware_communication") <= 2.0);
    assert!(median("src_bytes", "data_exfiltration") > 1e6 && median("duration", "data_exfiltration") > 10.0);
    assert!((0.5..10.0).contains(&median("duration", "brute_force")));
    let logins = ["ssh", "ftp", "telnet", "rdp"];
    let services = texts(&table, "service");
    assert!(services.iter().zip(&attacks).all(|(s, a)| *a != "brute_force" || logins.contains(s)));
}

/// An isolation forest finds most anomalies and not all.
#[test]
fn neither_too_easy_nor_too_hard() {
    let table = rows(60_000, 0);
    let roles = infer_roles(&table, &RoleOverrides::new()).unwrap();
    let plan = FeaturePlan::fit(&table, &roles, &FeatureOptions::default()).unwrap();
    let matrix = plan.bind(&table.schema()).unwrap().encode(&table).unwrap().matrix;
    let (mut overall, mut by_kind) = (Vec::new(), BTreeMap::<&str, Vec<f64>>::new());
    for seed in 0..3 {
        let params = IsolationForestParams { seed, ..Default::default() };
        let detector: Detector = IsolationForest::fit(matrix.view(), &params).unwrap().into();
        let scores = detector.scorer(&Device::Cpu, 60_000).unwrap().score(matrix.view()).unwrap();
        let attacks = texts(&table, "attack");
        let auroc = |kind: Option<&str>| {
            let mut ranking = Ranking::new();
            for (score, attack) in scores.iter().zip(&attacks) {
                if *attack == "normal" || kind.is_none_or(|kind| kind == *attack) {
                    ranking.push(*score, false, *attack != "normal");
                }
            }
            ranking.finish().auroc.unwrap()
        };
        overall.push(auroc(None));
        for kind in ["port_scan", "ddos", "malware_communication", "data_exfiltration", "brute_force"] {
            by_kind.entry(kind).or_default().push(auroc(Some(kind)));
        }
    }
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    println!("AUROC {:.3} {overall:.3?}", mean(&overall));
    by_kind.iter().for_each(|(kind, values)| println!("  {kind:24} {:.3} {values:.3?}", mean(values)));
    assert!((0.90..0.98).contains(&mean(&overall)), "{overall:?}");
    assert!(by_kind.values().all(|values| (0.75..0.999).contains(&mean(values))), "{by_kind:?}");
}
