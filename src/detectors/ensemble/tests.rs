//! Against detectors that were fitted alone.
#![allow(clippy::disallowed_methods, reason = "an oracle may use std's")]

use super::super::{
    Detector, DetectorParams, IsolationForestParams, LocalOutlierFactorParams, NearestNeighborsParams,
    OneClassSvmParams, Severity,
};
use super::{Ensemble, EnsembleParams};
use crate::device::Device;
use ndarray::{Array2, Axis, s};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn forest() -> DetectorParams {
    DetectorParams::IsolationForest(IsolationForestParams { n_trees: 20, seed: 3, ..Default::default() })
}

fn factor() -> DetectorParams {
    DetectorParams::LocalOutlierFactor(LocalOutlierFactorParams { n_neighbors: 7 })
}

fn nearest() -> DetectorParams {
    DetectorParams::NearestNeighbors(NearestNeighborsParams { n_neighbors: 3, ..Default::default() })
}

fn machine() -> DetectorParams {
    DetectorParams::OneClassSvm(OneClassSvmParams { nu: 0.2, ..Default::default() })
}

fn ensemble(members: &[DetectorParams]) -> DetectorParams {
    DetectorParams::Ensemble(EnsembleParams::new(members.to_vec()).unwrap())
}

/// Clouds of three widths, a few rows twice, a few far away.
fn rows(n: usize, seed: u64) -> Array2<f32> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut uniform = || (rng.next_u32() >> 8) as f32 / (1 << 24) as f32;
    let mut rows = Array2::from_shape_fn((n, 4), |(row, column)| {
        let width = [1.0, 3.0, 0.2][row % 3];
        let far = if row % 53 == 52 { 9.0 } else { 0.0 };
        width * (uniform() + uniform() - 1.0) + far + (row % 3 * column) as f32
    });
    for row in (10..n).step_by(17) {
        let copy = rows.row(row - 3).to_owned();
        rows.row_mut(row).assign(&copy);
    }
    rows
}

fn score(detector: &Detector, rows: &Array2<f32>) -> Vec<f64> {
    detector.scorer(&Device::Cpu, rows.nrows()).unwrap().score(rows.view()).unwrap()
}

/// By hand from detectors that were fitted alone: training rows as their fits found them, and other rows.
fn by_hand(members: &[DetectorParams], train: &Array2<f32>, test: &Array2<f32>) -> [Vec<f64>; 2] {
    let mut sums = [vec![0.0; train.nrows()], vec![0.0; test.nrows()]];
    for member in members {
        let alone = Detector::fit(train.view(), member).unwrap();
        let of_training = alone.training_scores(train.view(), &Device::Cpu).unwrap().into_owned();
        let severity = Severity::fit(&of_training).unwrap();
        for (sums, scores) in sums.iter_mut().zip([&of_training, &score(&alone, test)]) {
            for (sum, score) in sums.iter_mut().zip(scores) {
                *sum += -(1.0 - severity.of(*score)).ln() / members.len() as f64;
            }
        }
    }
    sums
}

fn close(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    for (row, (a, b)) in found.iter().zip(expected).enumerate() {
        assert!((a - b).abs() <= 1e-9 * b.max(1.0), "row {row}: {a}, by hand {b}");
    }
}

#[test]
fn the_score_is_the_mean_of_what_members_say_alone() {
    let (train, test) = (rows(400, 1), rows(150, 2));
    for members in [
        vec![forest(), factor(), machine()],
        vec![forest(), nearest()],
        vec![forest(), machine()],
        vec![forest(), factor(), nearest(), machine()],
    ] {
        let together = Detector::fit(train.view(), &ensemble(&members)).unwrap();
        let [of_training, of_test] = by_hand(&members, &train, &test);
        close(&together.training_scores(train.view(), &Device::Cpu).unwrap(), &of_training);
        close(&score(&together, &test), &of_test);
        let spread = of_test.iter().fold(0.0, |a: f64, b| a.max(*b)) - of_test.iter().fold(99.0, |a: f64, b| a.min(*b));
        assert!(spread > 1.0, "scores that say nothing");
    }
}

#[test]
fn the_order_of_names_batches_and_threads_change_no_bit() {
    let (train, test) = (rows(300, 3), rows(101, 4));
    let first = Detector::fit(train.view(), &ensemble(&[forest(), factor(), nearest(), machine()])).unwrap();
    let other = Detector::fit(train.view(), &ensemble(&[machine(), nearest(), factor(), forest()])).unwrap();
    assert_eq!(first.short_name(), "iforest,lof,knn,ocsvm");
    assert_eq!(first.params().to_string(), other.params().to_string());
    let expected = score(&first, &test);
    assert_eq!(score(&other, &test), expected);
    for threads in [1, 2, 3, 8] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let found = pool.install(|| {
            let again = Detector::fit(train.view(), &first.params()).unwrap();
            let scorer = again.scorer(&Device::Cpu, 7).unwrap();
            let parts = [s![..1, ..], s![1..38, ..], s![38.., ..]];
            parts.map(|part| scorer.score(test.slice(part)).unwrap()).concat()
        });
        assert_eq!(found, expected, "{threads} threads");
    }
}

#[test]
fn a_training_row_that_may_not_find_itself_has_its_training_score() {
    let train = rows(200, 5);
    let with = Detector::fit(train.view(), &ensemble(&[forest(), factor()])).unwrap();
    let known = with.known_scores().unwrap().to_vec();
    let itself: Vec<Option<u32>> = (0..200).map(Some).collect();
    let scorer = with.scorer(&Device::Cpu, 200).unwrap();
    assert_eq!(scorer.score_excluding(train.view(), &itself).unwrap(), known);
    assert_ne!(scorer.score(train.view()).unwrap(), known);
    assert!(scorer.settled().is_some() && with.settled_at_fit().is_some());
    // Without neighbours training rows are rows like others.
    let without = Detector::fit(train.view(), &ensemble(&[forest(), machine()])).unwrap();
    assert!(without.known_scores().is_none() && without.settled_at_fit().is_none());
    assert_eq!(*without.training_scores(train.view(), &Device::Cpu).unwrap(), score(&without, &train));
}

#[test]
fn what_is_no_ensemble_is_refused() {
    let refused = |members: Vec<DetectorParams>| EnsembleParams::new(members).unwrap_err().to_string();
    assert!(refused(vec![forest()]).contains("two or more"));
    assert!(refused(vec![forest(), factor(), forest()]).contains("once"));
    assert!(refused(vec![forest(), ensemble(&[forest(), factor()])]).contains("single detectors"));
    assert!(serde_json::from_str::<EnsembleParams>("[]").is_err());
    let text = serde_json::to_string(&ensemble(&[factor(), forest()])).unwrap();
    let again: DetectorParams = serde_json::from_str(&text).unwrap();
    assert_eq!(
        again.to_string(),
        "ensemble: isolation forest, 20 trees of 256 rows, seed 3; local outlier factor, 7 neighbors"
    );
    assert_eq!(again.n_neighbors(), Some(7));

    let train = rows(60, 6);
    let fitted = |params: &DetectorParams| Detector::fit(train.view(), params).unwrap();
    let narrow = train.select(Axis(1), &[0, 1]);
    let scale = Severity::fit(&[1.0, 2.0]).unwrap();
    let parts = |members: Vec<Detector>, n| Ensemble::from_parts(members, vec![scale.clone(); n]);
    assert!(parts(vec![fitted(&forest()), fitted(&factor())], 2).is_ok());
    assert!(parts(vec![fitted(&forest()), fitted(&factor())], 1).is_err(), "a member without a scale");
    assert!(parts(vec![fitted(&factor()), fitted(&forest())], 2).is_err(), "another order");
    let mixed = vec![fitted(&forest()), Detector::fit(narrow.view(), &factor()).unwrap()];
    assert!(parts(mixed, 2).unwrap_err().to_string().contains("another member takes 4"));
}
