//! Seeded forests and rows, made to be awkward.

use super::oracle::{self, Plain};
use ndarray::Array2;
use oddflow::ops::path_length::{Forest, Node, Tree};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A forest, rows, and what must come out.
pub struct Case {
    pub name: String,
    pub forest: Forest,
    pub rows: Array2<f32>,
    pub expected: Vec<u64>,
}

/// How trees are grown: what `sample_size` would make of them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Growth {
    /// Uneven splits of this many rows down to the usual depth limit.
    Isolation(u32),
    /// Every leaf at this depth: the most nodes that the depth allows.
    Full(u32),
    /// One leaf, as all rows equal leave it, with this path.
    Leaf(u32),
    /// Each split has a leaf: as deep as it has splits.
    Chain(u32),
}

impl Case {
    pub fn new(seed: u64, growth: Growth, n_features: usize, n_trees: usize, n_rows: usize) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let plain: Vec<Plain> = (0..n_trees).map(|_| grow(&mut rng, growth, n_features)).collect();
        let forest = Forest::new(n_features, plain.iter().map(tree).collect()).expect("a forest");
        let rows = rows(&mut rng, &forest, n_rows);
        let expected =
            rows.rows().into_iter().map(|row| oracle::sum(&plain, row.as_slice().expect("contiguous"))).collect();
        Self {
            name: format!("{growth:?}, {n_features} features, {n_trees} trees, {n_rows} rows"),
            forest,
            rows,
            expected,
        }
    }
}

/// Range of a feature's values: what kind of column it is depends on its number, so that pairs of features differ.
fn range(feature: usize) -> (f64, f64) {
    match feature % 8 {
        0 => (0.0, 1.0),
        1 => (-1.0, 1.0),
        2 => (-1e30, 1e30),
        // Subnormal as f32.
        3 => (-1e-39, 1e-39),
        4 => (0.0, 4.0),
        5 => (1e5, 1e5 + 1.0),
        6 => (-3e38, 3e38),
        _ => (-100.0, -1.0),
    }
}

fn grow(rng: &mut ChaCha8Rng, growth: Growth, n_features: usize) -> Plain {
    let ranges: Vec<_> = (0..n_features).map(range).collect();
    match growth {
        Growth::Leaf(path) => Plain::Leaf(path),
        Growth::Isolation(rows) => split(rng, ranges, 0, rows.next_power_of_two().ilog2(), rows),
        Growth::Full(depth) => split(rng, ranges, 0, depth, u32::MAX),
        Growth::Chain(length) => chain(rng, &ranges, length),
    }
}

/// Splits until `limit`, or until one row is left; `rows == u32::MAX` never runs out.
fn split(rng: &mut ChaCha8Rng, mut ranges: Vec<(f64, f64)>, depth: u32, limit: u32, rows: u32) -> Plain {
    if depth == limit || rows <= 1 {
        return Plain::Leaf(leaf(rng, depth));
    }
    let feature = rng.random_range(0..ranges.len());
    let threshold = threshold(rng, ranges[feature]);
    let (low, high) = ranges[feature];
    let share = if rows == u32::MAX { u32::MAX } else { rng.random_range(1..rows) };
    let rest = if rows == u32::MAX { u32::MAX } else { rows - share };
    ranges[feature] = (low, f64::from(threshold));
    let left = split(rng, ranges.clone(), depth + 1, limit, share);
    ranges[feature] = (f64::from(threshold), high);
    let right = split(rng, ranges, depth + 1, limit, rest);
    Plain::Split { feature, threshold: f64::from(threshold), left: Box::new(left), right: Box::new(right) }
}

fn chain(rng: &mut ChaCha8Rng, ranges: &[(f64, f64)], length: u32) -> Plain {
    if length == 0 {
        return Plain::Leaf(leaf(rng, 0));
    }
    let feature = rng.random_range(0..ranges.len());
    let threshold = f64::from(threshold(rng, ranges[feature]));
    let (end, rest) = (Box::new(Plain::Leaf(leaf(rng, length))), Box::new(chain(rng, ranges, length - 1)));
    let (left, right) = if rng.random() { (end, rest) } else { (rest, end) };
    Plain::Split { feature, threshold, left, right }
}

/// Some thresholds are the numbers that go wrong elsewhere: ±0, the smallest subnormal, the largest finite.
fn threshold(rng: &mut ChaCha8Rng, (low, high): (f64, f64)) -> f32 {
    match rng.random_range(0..20) {
        0 => 0.0,
        1 => -0.0,
        2 => f32::from_bits(1),
        3 => -f32::from_bits(1),
        4 if low < -1e37 => f32::MIN,
        5 if high > 1e37 => f32::MAX,
        _ => (low + (high - low) * rng.random::<f64>()) as f32,
    }
}

/// Any leaf below 2²⁷ is legal; large ones make sums carry early.
fn leaf(rng: &mut ChaCha8Rng, depth: u32) -> u32 {
    let any = rng.random_range(0..1 << 27);
    if rng.random() { any } else { (depth.min(100) << 20) + any % (1 << 20) }
}

fn tree(plain: &Plain) -> Tree {
    let mut nodes = Vec::new();
    push(plain, &mut nodes);
    Tree { nodes }
}

/// Depth first, so the order differs from the one the GPU uses.
fn push(plain: &Plain, nodes: &mut Vec<Node>) -> u32 {
    let at = nodes.len();
    nodes.push(Node::Leaf { path: 0 });
    nodes[at] = match plain {
        Plain::Leaf(path) => Node::Leaf { path: *path },
        Plain::Split { feature, threshold, left, right } => {
            let (left, right) = (push(left, nodes), push(right, nodes));
            Node::Split { feature: *feature as u32, threshold: *threshold as f32, left, right }
        }
    };
    at as u32
}

/// Values within a feature's range, exactly its thresholds and their neighbours, and whatever else an f32 can be.
fn rows(rng: &mut ChaCha8Rng, forest: &Forest, n_rows: usize) -> Array2<f32> {
    let mut thresholds = vec![vec![0.0f32]; forest.n_features()];
    for node in forest.trees().iter().flat_map(|tree| &tree.nodes) {
        if let Node::Split { feature, threshold, .. } = *node {
            thresholds[feature as usize].push(threshold);
        }
    }
    let special = [
        f32::NAN,
        -f32::NAN,
        f32::from_bits(0x7f80_0001),
        f32::INFINITY,
        f32::NEG_INFINITY,
        0.0,
        -0.0,
        1e30,
        -1e30,
        f32::from_bits(1),
        -f32::from_bits(1),
        f32::MIN_POSITIVE,
        f32::MAX,
        f32::MIN,
    ];
    let mut rows = Array2::from_shape_fn((n_rows, forest.n_features()), |(row, feature)| {
        let (low, high) = range(feature);
        let any = thresholds[feature][rng.random_range(0..thresholds[feature].len())];
        match rng.random_range(0..10) {
            // A few whole rows of one special value, and special values among others.
            _ if row < special.len() && row % 2 == 0 => special[row],
            0 => special[rng.random_range(0..special.len())],
            1 | 2 => any,
            3 => any.next_up(),
            4 => any.next_down(),
            _ => (low + (high - low) * rng.random::<f64>()) as f32,
        }
    });
    // Every seventh row repeats the one before; one column is constant.
    for row in (7..n_rows).step_by(7) {
        let before = rows.row(row - 1).to_owned();
        rows.row_mut(row).assign(&before);
    }
    if forest.n_features() > 4 {
        rows.column_mut(4).fill(2.0);
    }
    rows
}
