//! Detectors of neighbours.

use super::super::{Columns, Method};
use super::{close, rng, rows};
use crate::detectors::{
    Detector, KnnDistance, LocalOutlierFactor, LocalOutlierFactorParams, NearestNeighbors, NearestNeighborsParams,
};
use crate::device::Device;
use ndarray::Array2;

const K: usize = 4;

/// Five features in three columns.
fn columns() -> Columns {
    Columns::new(3, vec![0, 1, 1, 2, 1], vec![0.0; 5]).unwrap()
}

/// The k nearest of `references`: each one's squared differences, summed to columns.
fn nearest(row: &[f32], references: &Array2<f32>, left_out: Option<usize>) -> Vec<[f64; 3]> {
    let mut all: Vec<(f64, usize, [f64; 3])> = Vec::new();
    for (at, other) in references.rows().into_iter().enumerate().filter(|(at, _)| Some(*at) != left_out) {
        let squares: Vec<f64> = row.iter().zip(other).map(|(x, y)| (f64::from(*x) - f64::from(*y)).powi(2)).collect();
        let parts = [squares[0], squares[1] + squares[2] + squares[4], squares[3]];
        all.push((squares.iter().sum(), at, parts));
    }
    all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    all.into_iter().take(K).map(|(_, _, parts)| parts).collect()
}

#[test]
fn distances_are_split_by_columns() {
    let mut rng = rng(3);
    let references = rows(&mut rng, 60, 5);
    let asked = rows(&mut rng, 20, 5);
    for distance in [KnnDistance::Largest, KnnDistance::Mean, KnnDistance::Median] {
        let params = NearestNeighborsParams { n_neighbors: K, distance };
        let detector = Detector::from(NearestNeighbors::fit(references.view(), &params).unwrap());
        let scores = detector.scorer(&Device::Cpu, 20).unwrap().score(asked.view()).unwrap();
        let explainer = detector.explainer(&columns(), Method::Exact, &Device::Cpu).unwrap();
        for ((explained, score), row) in
            explainer.explain(asked.view(), &[]).unwrap().iter().zip(scores).zip(asked.rows())
        {
            assert!(explained.base == 0.0 && close(explained.value(), score, score), "{explained:?} for {score}");
            let lists = nearest(&row.to_vec(), &references, None);
            let weights = match distance {
                KnnDistance::Largest => [0.0, 0.0, 0.0, 1.0],
                KnnDistance::Mean => [0.25; 4],
                KnnDistance::Median => [0.0, 0.5, 0.5, 0.0],
            };
            for column in 0..3 {
                let of = |parts: &[f64; 3]| {
                    let d = parts.iter().sum::<f64>().sqrt();
                    if d > 0.0 { parts[column] / d } else { 0.0 }
                };
                let known: f64 = lists.iter().zip(weights).map(|(parts, weight)| weight * of(parts)).sum();
                assert!(close(explained.contributions[column], known, score), "{distance}: {explained:?}");
            }
        }
    }
}

#[test]
fn a_factor_is_split_by_the_parts_of_the_distances() {
    let mut rng = rng(8);
    let mut references = rows(&mut rng, 50, 5);
    for copy in 0..8 {
        let row = references.row(0).to_owned();
        references.row_mut(copy).assign(&row);
    }
    let params = LocalOutlierFactorParams { n_neighbors: K };
    let fitted = LocalOutlierFactor::fit(references.view(), &params).unwrap();
    let training = fitted.training_scores().unwrap().to_vec();
    let detector = Detector::from(fitted);
    let explainer = detector.explainer(&columns(), Method::Exact, &Device::Cpu).unwrap();
    let own: Vec<Option<u32>> = (0..50).map(Some).collect();
    for (at, explained) in explainer.explain(references.view(), &own).unwrap().iter().enumerate() {
        let (value, score) = (explained.value(), training[at]);
        assert!(close(value, score, score), "row {at}: {value} for {score}");
        let lists = nearest(&references.row(at).to_vec(), &references, Some(at));
        let sum: f64 = lists.iter().map(|parts| parts.iter().sum::<f64>().sqrt()).sum();
        if sum == 0.0 {
            assert!(explained.base == score && explained.contributions.iter().all(|c| *c == 0.0));
            continue;
        }
        for column in 0..3 {
            let of = |parts: &[f64; 3]| {
                let d = parts.iter().sum::<f64>().sqrt();
                if d > 0.0 { parts[column] / d } else { 0.0 }
            };
            let share = lists.iter().map(of).sum::<f64>() / sum;
            assert!(close(explained.contributions[column], (score - 1.0) * share, score.abs()), "row {at}");
        }
    }
}
