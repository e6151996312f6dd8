//! What a row costs; figures, not judgements.

use super::super::{Columns, Explainer, Method};
use super::{rng, rows};
use crate::detectors::{
    Detector, Gamma, IsolationForest, IsolationForestParams, LocalOutlierFactor, LocalOutlierFactorParams,
    NearestNeighbors, NearestNeighborsParams, OneClassSvm, OneClassSvmParams,
};
use crate::device::Device;
use ndarray::{Array2, s};
use std::time::Instant;

fn measure(name: &str, explainer: &Explainer, asked: &Array2<f32>) {
    let start = Instant::now();
    let n = explainer.explain(asked.view(), &[]).unwrap().len();
    let threads = rayon::current_num_threads();
    println!("{name:<40}{:>10.1} µs a row, {threads} threads", start.elapsed().as_secs_f64() * 1e6 / n as f64);
}

/// `cargo test --release --lib explanation::tests::cost -- --ignored --nocapture`
#[test]
#[ignore = "a measurement"]
fn cost_per_row() {
    let mut rng = rng(1);
    let (n_features, cpu) = (49, Device::Cpu);
    let all = rows(&mut rng, 50_000, n_features);
    let asked = all.slice(s![..2_000, ..]).to_owned();
    let columns = Columns::new(n_features, (0..n_features).collect(), vec![0.5; n_features]).unwrap();
    for sample_size in [256, 4_096] {
        let params = IsolationForestParams { sample_size, ..IsolationForestParams::default() };
        let detector = Detector::from(IsolationForest::fit(all.view(), &params).unwrap());
        for method in [Method::Exact, Method::Path] {
            let explainer = detector.explainer(&columns, method, &cpu).unwrap();
            measure(&format!("iforest 100 x {sample_size}, {method:?}"), &explainer, &asked);
        }
    }
    let few = all.slice(s![..10_000, ..]);
    let lof = Detector::from(LocalOutlierFactor::fit(few, &LocalOutlierFactorParams::default()).unwrap());
    measure("lof, k = 20, 10,000 references", &lof.explainer(&columns, Method::Exact, &cpu).unwrap(), &asked);
    let knn = Detector::from(NearestNeighbors::fit(few, &NearestNeighborsParams::default()).unwrap());
    measure("knn, k = 5, 10,000 references", &knn.explainer(&columns, Method::Exact, &cpu).unwrap(), &asked);
    let params = OneClassSvmParams { nu: 0.1, gamma: Gamma::Value(0.01), ..OneClassSvmParams::default() };
    let svm = Detector::from(OneClassSvm::fit(few, &params).unwrap());
    let Detector::OneClassSvm(machine) = &svm else { return };
    let name = format!("ocsvm, {} vectors", machine.expansion().vectors().nrows());
    measure(&name, &svm.explainer(&columns, Method::Exact, &cpu).unwrap(), &asked.slice(s![..200, ..]).to_owned());
}
