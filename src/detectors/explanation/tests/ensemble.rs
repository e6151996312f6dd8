//! Ensembles: additivity on the ensemble's scale, and what each member's contributions become.
#![allow(clippy::disallowed_methods, reason = "an oracle may use std's")]

use super::super::{Columns, Explained, Method};
use super::{close, rng, rows};
use crate::detectors::{
    Detector, DetectorParams, EnsembleParams, IsolationForestParams, LocalOutlierFactorParams, NearestNeighborsParams,
    OneClassSvmParams, Severity,
};
use crate::device::Device;
use ndarray::Array2;

fn members() -> [DetectorParams; 4] {
    [
        DetectorParams::IsolationForest(IsolationForestParams { n_trees: 15, seed: 2, ..Default::default() }),
        DetectorParams::LocalOutlierFactor(LocalOutlierFactorParams { n_neighbors: 4 }),
        DetectorParams::NearestNeighbors(NearestNeighborsParams { n_neighbors: 3, ..Default::default() }),
        DetectorParams::OneClassSvm(OneClassSvmParams { nu: 0.3, ..Default::default() }),
    ]
}

fn columns() -> Columns {
    Columns::new(3, vec![0, 1, 1, 2, 1], vec![1.0; 5]).unwrap()
}

fn explain(detector: &Detector, asked: &Array2<f32>, method: Method, excluded: &[Option<u32>]) -> Vec<Explained> {
    detector.explainer(&columns(), method, &Device::Cpu).unwrap().explain(asked.view(), excluded).unwrap()
}

#[test]
fn contributions_sum_to_the_score_less_the_base() {
    let mut rng = rng(11);
    let (seen, asked) = (rows(&mut rng, 120, 5), rows(&mut rng, 40, 5));
    for chosen in [vec![0, 1, 3], vec![0, 2], vec![0, 1, 2, 3], vec![0, 3]] {
        let params = chosen.iter().map(|&member| members()[member].clone()).collect();
        let params = DetectorParams::Ensemble(EnsembleParams::new(params).unwrap());
        let detector = Detector::fit(seen.view(), &params).unwrap();
        let scorer = detector.scorer(&Device::Cpu, 40).unwrap();
        for method in [Method::Exact, Method::Path] {
            let scores = scorer.score(asked.view()).unwrap();
            for (explained, score) in explain(&detector, &asked, method, &[]).iter().zip(scores) {
                assert!(close(explained.value(), score, score.max(1.0)), "{chosen:?}: {explained:?} for {score}");
                assert!(explained.base >= 0.0 && explained.contributions.iter().all(|c| c.is_finite()));
            }
        }
        // Training rows that may not find themselves.
        let itself: Vec<Option<u32>> = (0..120).map(Some).collect();
        let scores = scorer.score_excluding(seen.view(), &itself).unwrap();
        for (explained, score) in explain(&detector, &seen, Method::Exact, &itself).iter().zip(scores) {
            assert!(close(explained.value(), score, score.max(1.0)), "{explained:?} for {score}");
        }
    }
}

/// A member's contributions, from the member alone, times one number that makes them its part of the score.
#[test]
fn each_member_adds_its_own_contributions_by_one_factor() {
    let mut rng = rng(12);
    let (seen, asked) = (rows(&mut rng, 120, 5), rows(&mut rng, 25, 5));
    let chosen = [members()[2].clone(), members()[3].clone()];
    let params = DetectorParams::Ensemble(EnsembleParams::new(chosen.to_vec()).unwrap());
    let together = Detector::fit(seen.view(), &params).unwrap();
    let mut expected = vec![[0.0; 3]; 25];
    for params in &chosen {
        let alone = Detector::fit(seen.view(), params).unwrap();
        let scale = Severity::fit(&alone.training_scores(seen.view(), &Device::Cpu).unwrap()).unwrap();
        let surprise = |score: f64| -(1.0 - scale.of(score)).ln();
        for (sums, own) in expected.iter_mut().zip(explain(&alone, &asked, Method::Exact, &[])) {
            // Of these two the value is the score.
            let whole = (surprise(own.value()) - surprise(own.base)) / 2.0;
            let sum: f64 = own.contributions.iter().sum();
            assert!(
                sum.abs() > 1e-3 * own.contributions.iter().map(|c| c.abs()).sum::<f64>(),
                "a case of the other rule"
            );
            sums.iter_mut().zip(&own.contributions).for_each(|(to, c)| *to += c / sum * whole);
        }
    }
    for (explained, expected) in explain(&together, &asked, Method::Exact, &[]).iter().zip(expected) {
        let all = explained.contributions.iter().zip(expected);
        // A machine scores in f32, and its contributions are summed in f64.
        all.for_each(|(a, b)| assert!((a - b).abs() < 1e-6, "{explained:?} {expected:?}"));
    }
}
