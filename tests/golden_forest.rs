//! Forests that scikit-learn fitted give its scores; forests fitted here score as its forests do, seed spread considered.

#[path = "support/golden.rs"]
mod golden;

use golden::{golden, gpus, matrix, scalar, vector};
use ndarray::{Array1, ArrayView2};
use ndarray_npy::NpzReader;
use oddflow::detectors::{IsolationForest, IsolationForestParams};
use oddflow::device::Device;
use oddflow::ops::path_length::{Forest, Node, PathLength, Tree, average_path_length, leaf_path};
use std::fs::File;

/// The largest f32 that is not above: `f64::from(x) <= threshold` is then `x <= threshold_f32`.
fn down(threshold: f64) -> f32 {
    let nearest = threshold as f32;
    if f64::from(nearest) > threshold { nearest.next_down() } else { nearest }
}

fn forest(file: &mut NpzReader<File>, n_features: usize) -> Forest {
    let offsets = vector::<i32>(file, "tree_offset");
    let features = vector::<i32>(file, "feature");
    let thresholds = vector::<f64>(file, "threshold");
    let (lefts, rights) = (vector::<i32>(file, "left"), vector::<i32>(file, "right"));
    let n_node_samples = vector::<i32>(file, "n_node_samples");
    let estimator_features = matrix::<i32>(file, "estimator_features");
    let tree = |t: usize| {
        let range = offsets[t] as usize..offsets[t + 1] as usize;
        let mut depths = vec![0u32; range.len()];
        let nodes = range.enumerate().map(|(i, node)| {
            if lefts[node] < 0 {
                return Node::Leaf { path: leaf_path(depths[i], n_node_samples[node] as u64) };
            }
            let (left, right) = (lefts[node] as u32, rights[node] as u32);
            depths[left as usize] = depths[i] + 1;
            depths[right as usize] = depths[i] + 1;
            let feature = estimator_features[[t, features[node] as usize]] as u32;
            Node::Split { feature, threshold: down(thresholds[node]), left, right }
        });
        Tree { nodes: nodes.collect() }
    };
    Forest::new(n_features, (0..offsets.len() - 1).map(tree).collect()).unwrap()
}

/// Scores on the CPU, after every adapter gave the same sums.
fn scores(forest: &IsolationForest, rows: ArrayView2<'_, f32>) -> Vec<f64> {
    let operation = PathLength::prepare(forest.forest(), &Device::Cpu, 4096).unwrap();
    let sums = operation.sums(rows).unwrap();
    for device in gpus() {
        let operation = PathLength::prepare(forest.forest(), &device, 4096).unwrap();
        assert_eq!(operation.sums(rows).unwrap(), sums, "{}", device.describe());
    }
    sums.into_iter().map(|sum| forest.score_of_sum(sum)).collect()
}

/// scikit-learn's scores (negated: larger = more anomalous) from its own trees. Leaves are rounded to 2⁻²¹, which allows
/// `ln 2 · 2⁻²¹ / c(ψ)` < 6e-8 in a score; 1e-6 is what the contract promises.
fn check_scores(name: &str) {
    let Some(mut file) = golden(name) else { return };
    let rows = matrix::<f32>(&mut file, "X_test");
    let forest = forest(&mut file, rows.ncols());
    let sample_size = scalar::<i32>(&mut file, "max_samples") as usize;
    let params = IsolationForestParams { n_trees: forest.trees().len(), sample_size, ..Default::default() };
    let forest = IsolationForest::from_parts(forest, sample_size, params).unwrap();
    let expected = vector::<f64>(&mut file, "score_samples");
    let ours = scores(&forest, rows.view());
    assert_eq!(ours.len(), expected.len());
    let worst = ours.iter().zip(&expected).map(|(a, b)| (a + b).abs()).fold(0.0, f64::max);
    println!("{name}: {} rows, largest difference {worst:.1e}", ours.len());
    assert!(worst < 6e-8, "{name}: {worst}");

    // Tree by tree for the first rows, the extreme ones.
    let depths = matrix::<f64>(&mut file, "depths64");
    for (t, tree) in forest.forest().trees().iter().enumerate() {
        let single = Forest::new(rows.ncols(), vec![tree.clone()]).unwrap();
        let operation = PathLength::prepare(&single, &Device::Cpu, 64).unwrap();
        let sums = operation.sums(rows.slice(ndarray::s![..depths.nrows(), ..])).unwrap();
        for (row, sum) in sums.into_iter().enumerate() {
            let path = sum as f64 / f64::from(1 << 20);
            assert!((path - depths[[row, t]]).abs() < 1e-6, "{name}, row {row}, tree {t}: {path}");
        }
    }
}

#[test]
fn scores_of_w1() {
    check_scores("if_w1.npz");
}

#[test]
fn scores_with_feature_subsets() {
    check_scores("if_w2_maxfeat.npz");
}

#[test]
fn scores_with_leaves_of_several_rows() {
    check_scores("if_constant.npz");
}

#[test]
fn average_path_lengths() {
    let Some(mut file) = golden("if_average_path_length.npz") else { return };
    let (n, c) = (vector::<i32>(&mut file, "n"), vector::<f64>(&mut file, "c"));
    for (&n, &c) in n.iter().zip(&c) {
        assert!((average_path_length(n as u64) - c).abs() <= 1e-14 * c.max(1.0), "c({n})");
    }
}

fn auroc(scores: &[f64], labels: &Array1<u8>) -> f64 {
    let (mut wins, mut pairs) = (0.0, 0.0);
    for (a, _) in scores.iter().zip(labels).filter(|(_, l)| **l == 1) {
        for (b, _) in scores.iter().zip(labels).filter(|(_, l)| **l == 0) {
            pairs += 1.0;
            wins += if a > b {
                1.0
            } else if a == b {
                0.5
            } else {
                0.0
            };
        }
    }
    wins / pairs
}

#[test]
fn own_forests_score_like_scikit_learns() {
    const SEEDS: u64 = 100;
    let (Some(mut data), Some(mut spread)) = (golden("if_w1.npz"), golden("if_seed_spread.npz")) else { return };
    let (train, test) = (matrix::<f32>(&mut data, "X_train"), matrix::<f32>(&mut data, "X_test"));
    let labels = vector::<u8>(&mut spread, "y_test");
    let mut means = Array1::<f64>::zeros(test.nrows());
    let mut aurocs = 0.0;
    for seed in 0..SEEDS {
        let forest = IsolationForest::fit(train.view(), &IsolationForestParams { seed, ..Default::default() }).unwrap();
        let scores = scores(&forest, test.view());
        aurocs += auroc(&scores, &labels) / SEEDS as f64;
        means += &(Array1::from(scores) / SEEDS as f64);
    }
    let (mean, std) = (vector::<f64>(&mut spread, "mean"), vector::<f64>(&mut spread, "std"));
    // The difference of the means of 20 and of 100 seeds, in its own standard deviations.
    let error = (1.0f64 / 20.0 + 1.0 / SEEDS as f64).sqrt();
    let off: Vec<f64> = means.iter().zip(&mean).zip(&std).map(|((a, b), s)| (a + b) / (s * error)).collect();
    let worst = off.iter().fold(0.0f64, |worst, z| worst.max(z.abs()));
    let rms = (off.iter().map(|z| z * z).sum::<f64>() / off.len() as f64).sqrt();
    let reference = vector::<f64>(&mut spread, "auc");
    let reference_mean = reference.mean().unwrap();
    let auroc_off = (aurocs - reference_mean) / (reference.std(1.0) * error);
    println!("in standard deviations: rms {rms:.2}, worst {worst:.2}; AUROC {aurocs:.4} ({reference_mean:.4})");
    assert!(worst < 5.0 && rms < 1.5, "worst {worst}, rms {rms}");
    assert!(auroc_off.abs() < 3.0, "AUROC {aurocs}, scikit-learn's {reference_mean}");
}
