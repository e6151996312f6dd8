//! One-class support vector machines.

use super::super::{Columns, Method};
use super::{close, rng, rows, shapley};
use crate::detectors::{Detector, Gamma, OneClassSvm, OneClassSvmParams};
use crate::device::Device;
use ndarray::Array2;

fn machine(seen: &Array2<f32>, gamma: f64) -> Detector {
    let params = OneClassSvmParams { nu: 0.3, gamma: Gamma::Value(gamma), ..OneClassSvmParams::default() };
    OneClassSvm::fit(seen.view(), &params).unwrap().into()
}

/// The score from its formula, in f64.
fn score(detector: &Detector, row: &[f32]) -> f64 {
    let Detector::OneClassSvm(machine) = detector else { unreachable!() };
    let expansion = machine.expansion();
    let kernel = |vector: ndarray::ArrayView1<'_, f32>| {
        let sq: f64 = row.iter().zip(vector).map(|(x, s)| (f64::from(*x) - f64::from(*s)).powi(2)).sum();
        libm::exp(-expansion.gamma() * sq)
    };
    let vectors = expansion.vectors();
    let sum: f64 = vectors.rows().into_iter().zip(expansion.coefficients()).map(|(v, a)| a * kernel(v)).sum();
    machine.rho() - sum
}

#[test]
fn machines_agree_with_all_coalitions_of_columns() {
    let mut rng = rng(2);
    let seen = rows(&mut rng, 80, 9);
    // Nine features in seven columns, one of which has none.
    let of_feature = vec![0, 1, 1, 2, 4, 4, 4, 5, 6];
    let typical = seen.row(11).to_vec();
    let columns = Columns::new(7, of_feature.clone(), typical.clone()).unwrap();
    for gamma in [0.02, 0.3, 5.0] {
        let detector = machine(&seen, gamma);
        let mut asked = rows(&mut rng, 6, 9);
        asked.row_mut(0).fill(1e6);
        asked.row_mut(1).assign(&seen.row(11));
        asked[[2, 3]] = typical[3];
        let explainer = detector.explainer(&columns, Method::Exact, &Device::Cpu).unwrap();
        let all = explainer.explain(asked.view(), &[]).unwrap();
        for (explained, row) in all.iter().zip(asked.rows()) {
            let mixed = |known: u32| {
                let value = |feature: usize| {
                    if known >> of_feature[feature] & 1 == 1 { row[feature] } else { typical[feature] }
                };
                score(&detector, &(0..9).map(value).collect::<Vec<f32>>())
            };
            let known = shapley(7, mixed);
            assert!(
                known.iter().zip(&explained.contributions).all(|(a, b)| close(*a, *b, 1.0)),
                "{known:?} for {explained:?}"
            );
            assert!(close(explained.base, mixed(0), 1.0) && close(explained.value(), mixed(127), 1.0));
        }
        // Scores are sums of f32 kernels.
        let scores = detector.scorer(&Device::Cpu, 6).unwrap().score(asked.view()).unwrap();
        assert!(all.iter().zip(scores).all(|(explained, score)| (explained.value() - score).abs() < 1e-3));
    }
}

/// More columns than points are exact for.
#[test]
fn hundreds_of_columns_still_sum_to_the_score() {
    let mut rng = rng(6);
    let seen = rows(&mut rng, 30, 400);
    let columns = Columns::new(400, (0..400).collect(), seen.row(0).to_vec()).unwrap();
    let detector = machine(&seen, 0.002);
    // Of training rows on the margin all scores are 0.
    let asked = rows(&mut rng, 1, 400).mapv(|x| x + 0.7);
    let explained =
        &detector.explainer(&columns, Method::Exact, &Device::Cpu).unwrap().explain(asked.view(), &[]).unwrap()[0];
    assert!(close(explained.value(), score(&detector, &asked.row(0).to_vec()), 1.0));
    assert!((explained.value() - explained.base).abs() > 1e-3);
}
