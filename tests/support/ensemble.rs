//! Several detectors on one set, their severities put together: is that better than the best of them alone?
//!
//! A row's severities s of the detectors become −ln(1 − s), which grows by ln 2 for each halving of the distance to 1, so that
//! a row that one detector finds one in a thousand is not outvoted; their mean, or their largest, is the ensemble's score.

use super::{auroc, integers, params, read, split};
use arrow_array::cast::AsArray;
use arrow_schema::DataType;
use ndarray::Array2;
use oddflow::detectors::{Detector, Severity};
use oddflow::device::Device;
use std::path::Path;

/// The single detectors, in the order of a line.
pub const SINGLE: [&str; 4] = ["IForest", "LOF", "KNN", "OCSVM"];
/// Ensembles: a name, which of [`SINGLE`] they have, and whether the largest counts instead of the mean.
pub const ENSEMBLES: [(&str, &[usize], bool); 5] = [
    ("mean of iforest, lof, ocsvm", &[0, 1, 3], false),
    ("mean of all four", &[0, 1, 2, 3], false),
    ("mean of iforest, knn", &[0, 2], false),
    ("mean of iforest, ocsvm", &[0, 3], false),
    ("largest of iforest, lof, ocsvm", &[0, 1, 3], true),
];

/// Of each test row −ln(1 − severity).
fn surprise(name: &str, seed: u64, train: &Array2<f32>, test: &Array2<f32>) -> (Vec<f64>, Vec<f64>) {
    let detector = Detector::fit(train.view(), &params(name, seed)).unwrap();
    let severity = Severity::fit(&detector.training_scores(train.view(), &Device::Cpu).unwrap()).unwrap();
    let scores = detector.scorer(&Device::Cpu, test.nrows()).unwrap().score(test.view()).unwrap();
    let surprise = scores.iter().map(|&score| -oddflow::features::math::ln_1p(-severity.of(score))).collect();
    (scores, surprise)
}

/// AUROC in percent of each of [`SINGLE`], then of each of [`ENSEMBLES`], mean over the three splits.
pub fn of_set(folder: &Path, set: &str) -> Vec<f64> {
    let data = read(&folder.join(format!("{set}.parquet")));
    let splits = read(&folder.join(format!("{set}.splits.parquet")));
    let (seeds, rows) = (integers(&splits, "seed"), integers(&splits, "row"));
    let parts = arrow_cast::cast(splits.column_by_name("part").unwrap(), &DataType::Utf8).unwrap();
    let parts = parts.as_string::<i32>();
    let of = |seed: i64, part: &str| -> Vec<usize> {
        (0..rows.len()).filter(|&i| seeds[i] == seed && parts.value(i) == part).map(|i| rows[i] as usize).collect()
    };
    let mut sums = vec![0.0; SINGLE.len() + ENSEMBLES.len()];
    for seed in 1..=3 {
        let (train, test, labels) = split(&data, &of(seed, "train"), &of(seed, "test"));
        let found: Vec<_> = SINGLE.iter().map(|name| surprise(name, seed as u64, &train, &test)).collect();
        let single = found.iter().map(|(scores, _)| auroc(scores, &labels));
        let ensembles = ENSEMBLES.iter().map(|(_, members, largest)| {
            let of_row = |row: usize| {
                let all = members.iter().map(|&member| found[member].1[row]);
                if *largest { all.fold(0.0, f64::max) } else { all.sum::<f64>() / members.len() as f64 }
            };
            auroc(&(0..labels.len()).map(of_row).collect::<Vec<_>>(), &labels)
        });
        for (sum, auroc) in sums.iter_mut().zip(single.chain(ensembles)) {
            *sum += 100.0 * auroc / 3.0;
        }
    }
    sums
}
