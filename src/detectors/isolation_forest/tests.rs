#![allow(clippy::disallowed_methods, reason = "an oracle may use std's")]

use super::*;
use crate::device::Device;
use crate::ops::path_length::{Node, PathLength, Tree, leaf_path};
use ndarray::{Array2, ArrayView1, array};
use proptest::prelude::*;

fn params(n_trees: usize, sample_size: usize) -> IsolationForestParams {
    IsolationForestParams { n_trees, sample_size, ..Default::default() }
}

/// A matrix with ties, a constant column and heavy tails.
fn rows(n: usize) -> Array2<f32> {
    Array2::from_shape_fn((n, 5), |(i, j)| {
        let hash = (i as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (7 * j);
        match j {
            0 => (hash % 3) as f32,
            1 => 7.0,
            2 => ((hash % 1000) as f32).powi(4),
            _ => (hash % 100_000) as f32 / 1000.0 - 50.0,
        }
    })
}

/// Rows of a training set that a node holds, found by walking them all: every split must separate rows, and every leaf
/// must state the path of what it holds.
fn check_tree(tree: &Tree, rows: &[ArrayView1<'_, f32>], node: usize, depth: u32, limit: u32) {
    match tree.nodes[node] {
        Node::Leaf { path } => {
            assert_eq!(path, leaf_path(depth, rows.len() as u64));
            let alike = rows.windows(2).all(|pair| pair[0] == pair[1]);
            assert!(depth == limit || alike, "a leaf at depth {depth} holds {} different rows", rows.len());
        }
        Node::Split { feature, threshold, left, right } => {
            assert!(depth < limit);
            let (l, r): (Vec<_>, Vec<_>) = rows.iter().partition(|row| row[feature as usize] <= threshold);
            assert!(!l.is_empty() && !r.is_empty(), "threshold {threshold} of feature {feature} separates nothing");
            check_tree(tree, &l, left as usize, depth + 1, limit);
            check_tree(tree, &r, right as usize, depth + 1, limit);
        }
    }
}

#[test]
fn trees_over_all_rows_keep_the_rules() {
    for n in [1, 2, 3, 5, 64, 65, 200] {
        let rows = rows(n);
        let forest = IsolationForest::fit(rows.view(), &params(20, 256)).unwrap();
        assert_eq!(forest.sample_size(), n);
        let limit = (n.max(2) as f64).log2().ceil() as u32;
        for tree in forest.forest().trees() {
            check_tree(tree, &rows.outer_iter().collect::<Vec<_>>(), 0, 0, limit);
        }
    }
}

#[test]
fn the_same_for_any_number_of_threads() {
    let rows = rows(3000);
    let fit = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| IsolationForest::fit(rows.view(), &params(37, 100)).unwrap())
    };
    let one = fit(1);
    assert_eq!(one, fit(2));
    assert_eq!(one, fit(3));
    assert_eq!(one, fit(8));
}

#[test]
fn seeds_and_trees_differ() {
    let rows = rows(3000);
    let a = IsolationForest::fit(rows.view(), &params(10, 64)).unwrap();
    let b = IsolationForest::fit(rows.view(), &IsolationForestParams { seed: 1, ..params(10, 64) }).unwrap();
    assert_ne!(a.forest(), b.forest());
    let trees = a.forest().trees();
    assert!(trees.windows(2).all(|pair| pair[0] != pair[1]));
}

#[test]
fn more_trees_only_add() {
    let rows = rows(500);
    let few = IsolationForest::fit(rows.view(), &params(5, 64)).unwrap();
    let many = IsolationForest::fit(rows.view(), &params(9, 64)).unwrap();
    assert_eq!(few.forest().trees(), &many.forest().trees()[..5]);
}

#[test]
fn strides_do_not_matter() {
    let rows = rows(300);
    let mut columnwise = Array2::zeros((5, 300));
    columnwise.assign(&rows.t());
    let a = IsolationForest::fit(rows.view(), &params(10, 64)).unwrap();
    assert_eq!(a, IsolationForest::fit(columnwise.t(), &params(10, 64)).unwrap());
}

#[test]
fn max_features_limits_each_tree() {
    let rows = rows(1000);
    for (max_features, expected) in [(0.01, 1), (0.5, 2), (0.99, 4), (1.0, 5), (3.0, 3), (5.0, 5)] {
        let params = IsolationForestParams { max_features, ..params(60, 256) };
        let forest = IsolationForest::fit(rows.view(), &params).unwrap();
        let mut met = std::collections::BTreeSet::new();
        for tree in forest.forest().trees() {
            let used: std::collections::BTreeSet<u32> = tree
                .nodes
                .iter()
                .filter_map(|node| match node {
                    Node::Split { feature, .. } => Some(*feature),
                    Node::Leaf { .. } => None,
                })
                .collect();
            assert!(used.len() <= expected, "{max_features}: {used:?}");
            met.extend(used);
        }
        // Every feature but the constant one is drawn by some tree.
        assert_eq!(met.into_iter().collect::<Vec<_>>(), [0, 2, 3, 4], "{max_features}");
    }
}

#[test]
fn features_and_thresholds_are_drawn_evenly() {
    // Two features, one of them scaled: at the root each is taken by half of the trees, and thresholds fill the range.
    let rows = Array2::from_shape_fn((100, 2), |(i, j)| if j == 0 { i as f32 } else { (i * 37 % 100) as f32 * 1e6 });
    let forest = IsolationForest::fit(rows.view(), &params(4000, 256)).unwrap();
    let (mut first, mut shares) = (0, Vec::new());
    for tree in forest.forest().trees() {
        if let Node::Split { feature, threshold, .. } = tree.nodes[0] {
            first += usize::from(feature == 0);
            shares.push(f64::from(threshold) / if feature == 0 { 99.0 } else { 99e6 });
        }
    }
    // Five standard deviations: 2000 ± 5 · 31.6.
    assert!((1842..=2158).contains(&first), "{first}");
    shares.sort_by(f64::total_cmp);
    let gap = shares.iter().enumerate().map(|(i, s)| (s - i as f64 / 4000.0).abs()).fold(0.0, f64::max);
    // Kolmogorov–Smirnov at a level of 1e-5: 2.47 / √4000.
    assert!(gap < 0.039, "{gap}");
}

#[test]
fn samples_are_distinct_and_even() {
    use rand::SeedableRng;
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(3);
    let mut counts = [0u32; 10];
    for _ in 0..10_000 {
        let drawn = grow::distinct(&mut rng, 10, 4);
        assert_eq!(drawn.iter().collect::<std::collections::BTreeSet<_>>().len(), 4);
        for number in drawn {
            counts[number] += 1;
        }
    }
    // 4000 each, standard deviation 49.
    assert!(counts.iter().all(|c| (3755..=4245).contains(c)), "{counts:?}");
}

#[test]
fn extreme_values_split() {
    let rows = array![[f32::MAX], [-f32::MAX], [0.0], [-0.0], [1e-45], [f32::MIN_POSITIVE]];
    let forest = IsolationForest::fit(rows.view(), &params(200, 256)).unwrap();
    for tree in forest.forest().trees() {
        check_tree(tree, &rows.outer_iter().collect::<Vec<_>>(), 0, 0, 3);
    }
    // Neighbouring floats: the only threshold is the lower one.
    let rows = array![[1.0f32], [1.0f32.next_up()]];
    let forest = IsolationForest::fit(rows.view(), &params(50, 256)).unwrap();
    for tree in forest.forest().trees() {
        assert!(matches!(tree.nodes[0], Node::Split { threshold: 1.0, .. }));
    }
}

#[test]
fn a_single_row_scores_one_half() {
    let forest = IsolationForest::fit(array![[1.0f32, 2.0]].view(), &params(10, 256)).unwrap();
    assert_eq!(forest.forest().trees()[0].nodes, [Node::Leaf { path: 0 }]);
    assert_eq!(forest.score_of_sum(0), 0.5);
}

#[test]
fn sums_of_the_largest_forest_carry() {
    // ψ = 65,536 × 2,000 trees, all rows equal: every tree is one leaf of c(65,536), their sum far beyond u32.
    let rows = Array2::from_elem((MAX_SAMPLE_SIZE, 1), 3.5f32);
    let forest = IsolationForest::fit(rows.view(), &params(2000, MAX_SAMPLE_SIZE)).unwrap();
    assert!(forest.forest().trees().iter().all(|tree| tree.nodes.len() == 1));
    let operation = PathLength::prepare(forest.forest(), &Device::Cpu, 1000).unwrap();
    let sums = operation.sums(rows.slice(ndarray::s![..1000, ..])).unwrap();
    let expected = 2000 * (average_path_length(65_536) * LEAF_ONE as f64).round() as u64;
    assert!(expected > 10 * u64::from(u32::MAX));
    assert_eq!(sums, vec![expected; 1000]);
    assert!((forest.score_of_sum(expected) - 0.5).abs() < 1e-7);
}

#[test]
fn scores_follow_the_formula() {
    let forest = IsolationForest::fit(rows(400).view(), &params(10, 256)).unwrap();
    let c = 2.0 * (255.0f64.ln() + 0.577_215_664_901_532_9) - 2.0 * 255.0 / 256.0;
    for mean in [0.0, 1.0, c, 18.0] {
        let sum = (mean * 10.0 * LEAF_ONE as f64).round() as u64;
        assert!((forest.score_of_sum(sum) - (-mean / c).exp2()).abs() < 1e-6);
    }
}

#[test]
fn errors_say_what_was_met() {
    let rows = rows(10);
    let message = |params: IsolationForestParams| IsolationForest::fit(rows.view(), &params).unwrap_err().to_string();
    assert!(message(params(0, 256)).starts_with("n_trees is 0; it must be at least 1"));
    assert!(message(params(10, 0)).starts_with("sample_size is 0; it must be between 1 and 65536"));
    assert!(message(params(10, 65_537)).starts_with("sample_size is 65537;"));
    for bad in [0.0, -0.5, 1.5, f64::NAN, f64::INFINITY] {
        let params = IsolationForestParams { max_features: bad, ..params(10, 8) };
        assert!(message(params).starts_with(&format!("max_features is {bad}; it must be a share")));
    }
    let many = IsolationForestParams { max_features: 6.0, ..params(10, 8) };
    assert!(message(many).starts_with("max_features is 6; the rows have 5 features"));
    for empty in [Array2::<f32>::zeros((0, 3)), Array2::zeros((3, 0))] {
        assert!(IsolationForest::fit(empty.view(), &params(1, 1)).is_err());
    }
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut rows = rows.clone();
        rows[[7, 3]] = bad;
        let error = IsolationForest::fit(rows.view(), &params(10, 256)).unwrap_err().to_string();
        assert!(error.starts_with(&format!("row 7, feature 3 is {bad}; ")), "{error}");
    }
}

#[test]
fn parts_must_agree() {
    let forest = IsolationForest::fit(rows(100).view(), &params(10, 64)).unwrap();
    let parts =
        |n_trees, sample_size| IsolationForest::from_parts(forest.forest().clone(), sample_size, params(n_trees, 64));
    assert_eq!(parts(10, 64).unwrap(), forest);
    assert!(parts(11, 64).is_err());
    assert!(parts(10, 0).is_err());
    assert!(parts(10, 65).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_finite_rows_give_a_forest(
        values in prop::collection::vec(prop::num::f32::NORMAL | prop::num::f32::SUBNORMAL | prop::num::f32::ZERO, 1..120),
        width in 1usize..4,
        sample_size in 1usize..40,
        seed: u64,
    ) {
        let n = values.len() / width;
        prop_assume!(n > 0);
        let rows = Array2::from_shape_vec((n, width), values[..n * width].to_vec()).unwrap();
        let params = IsolationForestParams { n_trees: 5, sample_size, max_features: 1.0, seed };
        let forest = IsolationForest::fit(rows.view(), &params).unwrap();
        if sample_size >= n {
            let limit = (n.max(2) as f64).log2().ceil() as u32;
            for tree in forest.forest().trees() {
                check_tree(tree, &rows.outer_iter().collect::<Vec<_>>(), 0, 0, limit);
            }
        }
    }
}
