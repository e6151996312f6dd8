//! The CPU body against a walk that is obviously right, for forests and rows chosen to be awkward.

#![allow(clippy::disallowed_methods, reason = "an oracle may use std's")]

use super::cpu::{Instructions, PathLengthCpu};
use super::*;
use ndarray::{Array1, Array2, ArrayView1, Axis, s};
use proptest::prelude::*;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// One row through one tree.
fn walk(tree: &Tree, row: ArrayView1<'_, f32>) -> u64 {
    let mut at = 0;
    loop {
        match tree.nodes[at] {
            Node::Leaf { path } => return path.into(),
            Node::Split { feature, threshold, left, right } => {
                at = if f64::from(row[feature as usize]) <= f64::from(threshold) { left } else { right } as usize;
            }
        }
    }
}

fn oracle(forest: &Forest, rows: ArrayView2<'_, f32>) -> Vec<u64> {
    rows.outer_iter().map(|row| forest.trees().iter().map(|tree| walk(tree, row)).sum()).collect()
}

/// How random trees look.
#[derive(Debug, Clone, Copy)]
struct Kind {
    n_features: usize,
    /// Splits of a tree, at most.
    n_splits: usize,
    /// Chance in percent that a new split goes below the last one: 0 gives bushes, 100 a single branch.
    stretch: u64,
    /// Distinct leaf values.
    n_paths: u64,
}

fn below(rng: &mut ChaCha8Rng, n: u64) -> u64 {
    rng.next_u64() % n
}

/// A value that floats treat in a special way now and then, else one of a few or of many ordinary ones.
fn value(rng: &mut ChaCha8Rng) -> f32 {
    const SPECIAL: [f32; 12] =
        [0.0, -0.0, 1e-45, -1e-45, f32::MIN_POSITIVE, f32::MAX, -f32::MAX, 1.0, 1.000_000_1, -1.0, 1e30, 1e-30];
    match below(rng, 4) {
        0 => SPECIAL[below(rng, 12) as usize],
        1 => below(rng, 100) as f32 - 50.0,
        2 => ((below(rng, 1 << 24) as f32) / 1e6 - 8.0).exp(),
        _ => below(rng, 1 << 24) as f32 / 1e6 - 8.0,
    }
}

fn tree(rng: &mut ChaCha8Rng, kind: Kind) -> Tree {
    let leaf = |rng: &mut ChaCha8Rng| Node::Leaf { path: (below(rng, kind.n_paths) * 104_729 % (1 << 27)) as u32 };
    let mut nodes = vec![leaf(rng)];
    let mut leaves = vec![0usize];
    let n_splits = if kind.n_features == 0 { 0 } else { below(rng, kind.n_splits as u64 + 1) };
    for _ in 0..n_splits {
        let last = leaves.len() as u64 - 1;
        let pick = if below(rng, 100) < kind.stretch { last } else { below(rng, last + 1) };
        let at = leaves.swap_remove(pick as usize);
        let left = nodes.len();
        let pair = [leaf(rng), leaf(rng)];
        nodes.extend(pair);
        let feature = below(rng, kind.n_features as u64) as u32;
        nodes[at] = Node::Split { feature, threshold: value(rng), left: left as u32, right: left as u32 + 1 };
        leaves.extend(if below(rng, 2) == 0 { [left, left + 1] } else { [left + 1, left] });
    }
    Tree { nodes }
}

fn forest(rng: &mut ChaCha8Rng, n_trees: usize, kind: Kind) -> Forest {
    Forest::new(kind.n_features, (0..n_trees).map(|_| tree(rng, kind)).collect()).unwrap()
}

/// Rows that meet thresholds exactly, their neighbours, NaN, infinities and more.
fn rows(rng: &mut ChaCha8Rng, n: usize, forest: &Forest) -> Array2<f32> {
    let mut thresholds = vec![vec![0.0]; forest.n_features()];
    for node in forest.trees().iter().flat_map(|t| &t.nodes) {
        if let Node::Split { feature, threshold, .. } = *node {
            thresholds[feature as usize].push(threshold);
        }
    }
    Array2::from_shape_fn((n, forest.n_features()), |(_, feature)| {
        let own = &thresholds[feature];
        let threshold = own[below(rng, own.len() as u64) as usize];
        match below(rng, 9) {
            0..3 => threshold,
            3 => threshold.next_up(),
            4 => threshold.next_down(),
            5 => [f32::NAN, -f32::NAN, f32::INFINITY, f32::NEG_INFINITY][below(rng, 4) as usize],
            6 => f32::from_bits(rng.next_u32()),
            _ => value(rng),
        }
    })
}

/// Every body that this machine can run: each instruction set, with small trees on the select machine and all walked.
fn bodies(forest: &Forest) -> Vec<(String, PathLengthCpu)> {
    let mut sets = vec![Instructions::Portable, Instructions::detect()];
    sets.dedup();
    sets.into_iter()
        .flat_map(|set| [true, false].map(|select| (format!("{set:?}, select {select}"), set, select)))
        .map(|(name, set, select)| (name, PathLengthCpu::with_instructions(forest, set, select)))
        .collect()
}

fn check(forest: &Forest, rows: ArrayView2<'_, f32>) {
    let expected = oracle(forest, rows);
    for (name, body) in bodies(forest) {
        assert_eq!(body.sums(rows), expected, "{name}, {:?}, {} trees", rows.dim(), forest.trees().len());
    }
}

const BUSHY: Kind = Kind { n_features: 8, n_splits: 120, stretch: 10, n_paths: 30 };

#[test]
fn awkward_numbers_of_rows() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let forest = forest(&mut rng, 30, BUSHY);
    let rows = rows(&mut rng, 4500, &forest);
    for n in [0, 1, 7, 8, 9, 31, 63, 64, 65, 127, 128, 129, 255, 257, 1021, 2047, 2048, 2049, 4500] {
        check(&forest, rows.slice(s![..n, ..]));
    }
}

#[test]
fn awkward_numbers_of_features() {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    for n_features in [0, 1, 2, 7, 8, 9, 16, 17, 40, 1000, 9001] {
        let forest = forest(&mut rng, 20, Kind { n_features, ..BUSHY });
        check(&forest, rows(&mut rng, 150, &forest).view());
    }
}

#[test]
fn awkward_trees() {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    // One-leaf trees, branches, more leaf values, chains and thresholds than the select machine takes, and mixtures.
    for (n_splits, stretch, n_paths) in [
        (0, 0, 5),
        (1, 0, 5),
        (40, 100, 16),
        (63, 100, 64),
        (100, 100, 1000),
        (255, 0, 64),
        (255, 50, 64),
        (600, 0, 40),
        (600, 90, 40),
        (3000, 0, 20),
    ] {
        let kind = Kind { n_features: 3, n_splits, stretch, n_paths };
        let forest = forest(&mut rng, 12, kind);
        check(&forest, rows(&mut rng, 200, &forest).view());
    }
}

#[test]
fn many_trees() {
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    // More groups than a quad has, and more trees than digits can sum before they are carried.
    let forest = forest(&mut rng, 1300, Kind { n_features: 4, n_splits: 30, ..BUSHY });
    check(&forest, rows(&mut rng, 300, &forest).view());
    let none = Forest::new(3, Vec::new()).unwrap();
    check(&none, Array2::zeros((5, 3)).view());
}

#[test]
fn more_thresholds_than_sixteen_bits() {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let forest = forest(&mut rng, 12, Kind { n_features: 1, n_splits: 30_000, stretch: 0, n_paths: 1000 });
    assert!(Ranks::new(&forest).max_thresholds() > 65_535, "the test must reach the wide body");
    check(&forest, rows(&mut rng, 300, &forest).view());
}

#[test]
fn sums_carry_beyond_u32() {
    // ψ = 65,536 × 2,000 trees, all rows equal: each tree is one leaf of c(65,536).
    let leaf = Node::Leaf { path: leaf_path(0, 65_536) };
    let forest = Forest::new(2, vec![Tree { nodes: vec![leaf] }; 2000]).unwrap();
    let rows = Array2::<f32>::zeros((130, 2));
    check(&forest, rows.view());
    let expected = 2000 * (average_path_length(65_536) * LEAF_ONE as f64).round() as u64;
    assert!(expected > u64::from(u32::MAX));
    assert_eq!(PathLengthCpu::prepare(&forest).sums(rows.view()), vec![expected; 130]);
    // The largest leaf there may be.
    let forest = Forest::new(2, vec![Tree { nodes: vec![Node::Leaf { path: (1 << 27) - 1 }] }; 2000]).unwrap();
    check(&forest, rows.view());
}

#[test]
fn threads_batches_and_tree_order_do_not_show() {
    let mut rng = ChaCha8Rng::seed_from_u64(6);
    let kind = Kind { n_features: 5, n_splits: 300, stretch: 30, n_paths: 60 };
    let forest = forest(&mut rng, 40, kind);
    let rows = rows(&mut rng, 5000, &forest);
    let expected = oracle(&forest, rows.view());
    let body = PathLength::prepare(&forest, &Device::Cpu, 1000).unwrap();
    for threads in [1, 2, 3, 8] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        assert_eq!(pool.install(|| body.sums(rows.view())).unwrap(), expected, "{threads} threads");
    }
    for batch in [1, 100, 999, 4096] {
        let sums: Vec<u64> = rows.axis_chunks_iter(Axis(0), batch).flat_map(|rows| body.sums(rows).unwrap()).collect();
        assert_eq!(sums, expected, "batches of {batch}");
    }
    let reversed = Forest::new(5, forest.trees().iter().rev().cloned().collect()).unwrap();
    assert_eq!(PathLengthCpu::prepare(&reversed).sums(rows.view()), expected);
}

#[test]
fn views_of_any_strides() {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let forest = forest(&mut rng, 20, Kind { n_features: 9, ..BUSHY });
    let rows = rows(&mut rng, 300, &forest);
    let columnwise = rows.t().as_standard_layout().into_owned();
    check(&forest, columnwise.t());
    check(&forest, rows.slice(s![..;-1, ..]));
    check(&forest, rows.slice(s![3..;7, ..]));
    check(&forest, rows.slice(s![.., ..;-1]));
    let padded = ndarray::concatenate![Axis(1), rows, rows];
    check(&forest, padded.slice(s![.., ..9]));
    check(&forest, Array1::<f32>::ones(9).broadcast((200, 9)).unwrap());
}

#[test]
fn a_wrong_number_of_columns_names_both() {
    let mut rng = ChaCha8Rng::seed_from_u64(8);
    let body = PathLength::prepare(&forest(&mut rng, 3, BUSHY), &Device::Cpu, 10).unwrap();
    let error = body.sums(Array2::zeros((4, 7)).view()).unwrap_err().to_string();
    assert!(error.contains("is 7") && error.contains('8'), "{error}");
}

#[test]
fn ranks_count_thresholds_below() {
    let mut rng = ChaCha8Rng::seed_from_u64(9);
    for n_splits in [0, 1, 2, 5, 40, 700, 5000] {
        let forest = forest(&mut rng, 15, Kind { n_features: 2, n_splits, stretch: 0, n_paths: 9 });
        let ranks = Ranks::new(&forest);
        let rows = rows(&mut rng, 331, &forest);
        for feature in 0..2 {
            let mut thresholds: Vec<f32> = Vec::new();
            for node in forest.trees().iter().flat_map(|t| &t.nodes) {
                let Node::Split { feature: f, threshold, .. } = *node else { continue };
                if f == feature as u32 && !thresholds.contains(&threshold) {
                    thresholds.push(threshold);
                }
            }
            assert_eq!(ranks.n_thresholds(feature), thresholds.len());
            let column = rows.column(feature);
            let (mut narrow, mut wide) = (vec![0u16; 331], vec![0u32; 331]);
            ranks.rank_column(feature, column, &mut narrow);
            ranks.rank_column(feature, column, &mut wide);
            for (i, &x) in column.iter().enumerate() {
                let expected = thresholds.iter().filter(|&&t| x.is_nan() || t < x).count();
                assert_eq!(ranks.rank(feature, x), expected as u32);
                assert_eq!((usize::from(narrow[i]), wide[i] as usize), (expected, expected), "rank of {x}");
                for &t in &thresholds {
                    let rank = ranks.threshold_rank(feature, t).unwrap();
                    assert_eq!(x <= t, ranks.rank(feature, x) <= rank, "{x} <= {t}");
                }
            }
            assert_eq!(ranks.threshold_rank(feature, 123.456), None);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn any_forest_and_rows_agree(
        seed: u64,
        n_trees in 0usize..40,
        n_features in 1usize..20,
        n_splits in 0usize..400,
        stretch in 0u64..=100,
        n_paths in 1u64..100,
        n_rows in 0usize..300,
    ) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let forest = forest(&mut rng, n_trees, Kind { n_features, n_splits, stretch, n_paths });
        check(&forest, rows(&mut rng, n_rows, &forest).view());
    }
}
