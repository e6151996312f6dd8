//! Forests.

use super::super::forest::ForestPaths;
use super::super::{Columns, Method};
use super::{close, plain, rng, rows, shapley};
use crate::detectors::{Detector, IsolationForest, IsolationForestParams};
use crate::device::Device;
use crate::ops::path_length::{Forest, LEAF_ONE, Node, PathLength, Tree, leaf_path};
use ndarray::{Array2, ArrayView1, Axis, array};

/// How many of `seen` each node of a tree saw, by running them down.
fn counts(tree: &Tree, seen: &Array2<f32>) -> Vec<f64> {
    let mut counts = vec![0.0; tree.nodes.len()];
    for row in seen.rows() {
        let mut at = 0;
        loop {
            counts[at] += 1.0;
            match tree.nodes[at] {
                Node::Leaf { .. } => break,
                Node::Split { feature, threshold, left, right } => {
                    at = if row[feature as usize] <= threshold { left } else { right } as usize;
                }
            }
        }
    }
    counts
}

/// The expected path length where the features in `known` are the row's, the others those of the training rows.
fn expected(tree: &Tree, counts: &[f64], row: ArrayView1<'_, f32>, known: u32, at: usize) -> f64 {
    match tree.nodes[at] {
        Node::Leaf { path } => f64::from(path) / LEAF_ONE as f64,
        Node::Split { feature, threshold, left, right } => {
            let go = |child: u32| expected(tree, counts, row, known, child as usize);
            if known >> feature & 1 == 1 {
                return go(if row[feature as usize] <= threshold { left } else { right });
            }
            (counts[left as usize] * go(left) + counts[right as usize] * go(right)) / counts[at]
        }
    }
}

/// Exact and along the path, against the definition, for rows that were trained on and rows that were not.
fn check(forest: &Forest, seen: &Array2<f32>, rows: &Array2<f32>) {
    let paths = ForestPaths::new(forest).unwrap();
    let counts: Vec<Vec<f64>> = forest.trees().iter().map(|tree| counts(tree, seen)).collect();
    let n_trees = forest.trees().len() as f64;
    let worth = |row: ArrayView1<'_, f32>, known: u32| {
        let each = forest.trees().iter().zip(&counts).map(|(tree, counts)| expected(tree, counts, row, known, 0));
        -each.sum::<f64>() / n_trees
    };
    let mut worst = 0.0f64;
    let sums = PathLength::prepare(forest, &Device::Cpu, rows.nrows()).unwrap().sums(rows.view()).unwrap();
    for (row, sum) in rows.rows().into_iter().zip(sums) {
        let of_row = row.to_vec();
        let known = shapley(forest.n_features(), |known| worth(row, known));
        let found = paths.shapley(&of_row);
        assert!(close(paths.base(), worth(row, 0), 1.0), "base {} for {}", paths.base(), worth(row, 0));
        assert!(known.iter().zip(&found).all(|(a, b)| close(*a, *b, 1.0)), "{found:?} for {known:?}");
        worst = known.iter().zip(&found).map(|(a, b)| (a - b).abs()).fold(worst, f64::max);
        let value = -(sum as f64) / (LEAF_ONE as f64 * n_trees);
        for parts in [found, paths.along(&of_row)] {
            let total = paths.base() + parts.iter().sum::<f64>();
            assert!(close(total, value, value.abs()), "{total} for {value}");
        }
    }
    println!("{} trees: off by {worst:.1e} splits at most", forest.trees().len());
}

fn params(n_trees: usize, max_features: f64, seed: u64) -> IsolationForestParams {
    IsolationForestParams { n_trees, sample_size: 65_536, max_features, seed }
}

#[test]
fn fitted_forests_agree_with_all_coalitions() {
    for (seed, n_rows, n_features, max_features) in
        [(1, 40, 5, 1.0), (2, 64, 8, 0.4), (3, 200, 6, 2.0), (4, 7, 3, 1.0), (5, 90, 7, 0.2), (6, 2, 2, 0.5)]
    {
        let mut rng = rng(seed);
        let seen = rows(&mut rng, n_rows, n_features);
        // Every tree takes all rows, so that nodes' counts are known from outside.
        let forest = IsolationForest::fit(seen.view(), &params(6, max_features, seed)).unwrap();
        let mut asked = rows(&mut rng, 5, n_features);
        asked.row_mut(0).fill(1e9);
        asked.row_mut(1).assign(&seen.row(0));
        check(forest.forest(), &seen, &asked);
    }
}

#[test]
fn trees_without_a_split_and_chains_of_one_feature() {
    let seen = Array2::from_elem((5, 3), 2.5f32);
    let forest = IsolationForest::fit(seen.view(), &params(3, 1.0, 0)).unwrap();
    assert!(forest.forest().trees().iter().all(|tree| tree.nodes.len() == 1));
    check(forest.forest(), &seen, &array![[0.0, 2.5, 9.0]]);

    // One feature again and again, another between: 1 row, then 2, 3, 1 of 7.
    let split = |feature, threshold, left, right| Node::Split { feature, threshold, left, right };
    let leaf = |depth, n| Node::Leaf { path: leaf_path(depth, n) };
    let nodes = vec![
        split(0, 1.0, 1, 2),
        leaf(1, 1),
        split(0, 5.0, 3, 4),
        split(1, 0.0, 5, 6),
        leaf(2, 1),
        leaf(3, 2),
        split(0, 3.0, 7, 8),
        leaf(4, 2),
        leaf(4, 1),
    ];
    let forest = Forest::new(2, vec![Tree { nodes }]).unwrap();
    let seen = array![[0.0, 0.0], [2.0, -1.0], [3.0, 0.0], [2.0, 1.0], [3.0, 1.0], [4.0, 1.0], [9.0, 0.0f32]];
    check(&forest, &seen, &array![[0.0, 9.0], [1.0, 0.0], [1.5, 0.0], [3.0, 0.5], [4.0, 7.0], [6.0, 0.0f32]]);
}

/// With samples of fewer rows than there are, where counts come from the leaves alone.
#[test]
fn contributions_sum_to_the_score() {
    let mut rng = rng(9);
    let seen = rows(&mut rng, 3_000, 12);
    for (sample_size, max_features) in [(256, 1.0), (256, 0.3), (2_048, 1.0), (1, 1.0)] {
        let params = IsolationForestParams { sample_size, n_trees: 30, max_features, seed: 4 };
        let detector = Detector::from(IsolationForest::fit(seen.view(), &params).unwrap());
        let Detector::IsolationForest(forest) = &detector else { unreachable!() };
        let scores = detector.scorer(&Device::Cpu, 100).unwrap().score(seen.slice(ndarray::s![..100, ..])).unwrap();
        for method in [Method::Exact, Method::Path] {
            let explainer = detector.explainer(&plain(12), method, &Device::Cpu).unwrap();
            let all = explainer.explain(seen.slice(ndarray::s![..100, ..]), &[]).unwrap();
            for (explained, score) in all.iter().zip(&scores) {
                let sum = (-explained.value() * LEAF_ONE as f64 * 30.0).round() as u64;
                assert_eq!(forest.score_of_sum(sum), *score, "{method:?}");
            }
            let one = explainer.explain(seen.slice(ndarray::s![7..8, ..]), &[]).unwrap();
            assert_eq!(one[0], all[7], "batches make a difference");
        }
    }
}

#[test]
fn features_are_summed_to_their_columns() {
    let mut rng = rng(5);
    let seen = rows(&mut rng, 60, 4);
    let detector = Detector::from(IsolationForest::fit(seen.view(), &params(5, 1.0, 1)).unwrap());
    let columns = Columns::new(3, vec![2, 0, 2, 0], vec![0.0; 4]).unwrap();
    let of = |columns: &Columns| {
        detector.explainer(columns, Method::Exact, &Device::Cpu).unwrap().explain(seen.view(), &[]).unwrap()
    };
    for (summed, single) in of(&columns).iter().zip(of(&plain(4))) {
        let known =
            [single.contributions[1] + single.contributions[3], 0.0, single.contributions[0] + single.contributions[2]];
        assert!(summed.contributions.iter().zip(known).all(|(a, b)| close(*a, b, 1.0)));
    }
    assert!(detector.explainer(&plain(5), Method::Exact, &Device::Cpu).is_err());
    let explainer = detector.explainer(&plain(4), Method::Exact, &Device::Cpu).unwrap();
    assert!(explainer.explain(seen.select(Axis(1), &[0, 1]).view(), &[]).is_err());
}

#[test]
fn trees_beyond_any_fit_are_refused() {
    let mut nodes = Vec::new();
    for depth in 0..65u32 {
        nodes.push(Node::Split { feature: depth, threshold: 0.0, left: 2 * depth + 1, right: 2 * depth + 2 });
        nodes.push(Node::Leaf { path: leaf_path(depth + 1, 1) });
    }
    nodes.push(Node::Leaf { path: leaf_path(65, 1) });
    let forest = Forest::new(65, vec![Tree { nodes }]).unwrap();
    assert!(ForestPaths::new(&forest).is_err_and(|error| error.to_string().contains("65")));
}
