//! Benchmark cases of `path_length`.

use super::{Forest, Node, PathLength, Tree, leaf_path};
use crate::Result;
use crate::device::{Device, Timings};
use crate::ops::{BenchCase, Runner};
use crate::words::counted;
use ndarray::Array2;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::sync::Arc;
use std::time::Instant;

/// Features, trees and rows of a tree's sample: the usual forest on narrow and wide rows, and one of large trees.
const SHAPES: &[(usize, usize, usize)] = &[(8, 100, 256), (40, 100, 256), (8, 20, 65_536)];

/// Rows of one batch, as the pipeline scores them.
const BATCH_ROWS: usize = 1 << 17;

pub(super) fn cases(n_rows: usize) -> Vec<BenchCase> {
    SHAPES.iter().map(|&(n_features, n_trees, sample_size)| case(n_rows, n_features, n_trees, sample_size)).collect()
}

fn case(n_rows: usize, n_features: usize, n_trees: usize, sample_size: usize) -> BenchCase {
    let name =
        [counted(n_features, "feature"), counted(n_trees, "tree")].join(", ") + " of " + &counted(sample_size, "row");
    let bytes = n_rows * n_features * size_of::<f32>();
    BenchCase::new(super::OPERATION.name, name, n_rows as u64, bytes as u64, move |device| {
        let mut rng = ChaCha8Rng::seed_from_u64(n_features as u64);
        let rows = Array2::from_shape_simple_fn((n_rows, n_features), || skewed(&mut rng));
        let trees = (0..n_trees).map(|_| grow(&mut rng, n_features, sample_size)).collect();
        let forest = Forest::new(n_features, trees)?;
        let op = PathLength::prepare(&forest, device, BATCH_ROWS)?;
        Ok(Box::new(Case { op, rows: Arc::new(rows), device: device.clone() }) as Box<dyn Runner>)
    })
}

struct Case {
    op: PathLength,
    rows: Arc<Array2<f32>>,
    device: Device,
}

impl Runner for Case {
    fn run(&mut self) -> Result<Timings> {
        let begin = Instant::now();
        let before = self.op.gpu().map(|gpu| gpu.timings());
        std::hint::black_box(self.op.sums(self.rows.view())?);
        let whole = Timings { batches: 1, kernel: begin.elapsed(), ..Timings::default() };
        Ok(match (&self.device, self.op.gpu(), before) {
            (Device::Gpu(_), Some(gpu), Some(before)) => gpu.timings() - before,
            _ => whole,
        })
    }
}

/// Flow features are skewed: most values small, a few large.
fn skewed(rng: &mut ChaCha8Rng) -> f32 {
    let u: f32 = rng.random();
    u * u * u
}

/// An isolation tree over a sample of such rows, by the number of rows that fall on each side.
fn grow(rng: &mut ChaCha8Rng, n_features: usize, sample_size: usize) -> Tree {
    let limit = sample_size.max(2).next_power_of_two().ilog2();
    let sample: Vec<f32> = (0..sample_size * n_features).map(|_| skewed(rng)).collect();
    let mut nodes = vec![Node::Leaf { path: 0 }];
    let mut open = vec![(0, 0, (0..sample_size).collect::<Vec<_>>())];
    while let Some((at, depth, members)) = open.pop() {
        let feature = rng.random_range(0..n_features);
        let value = |row: &usize| sample[row * n_features + feature];
        let low = members.iter().map(value).fold(f32::INFINITY, f32::min);
        let high = members.iter().map(value).fold(f32::NEG_INFINITY, f32::max);
        let threshold = low + (high - low) * rng.random::<f32>();
        let (left, right): (Vec<_>, Vec<_>) = members.iter().partition(|row| value(row) <= threshold);
        if depth == limit || left.is_empty() || right.is_empty() {
            nodes[at] = Node::Leaf { path: leaf_path(depth, members.len() as u64) };
            continue;
        }
        let child = nodes.len();
        nodes[at] = Node::Split { feature: feature as u32, threshold, left: child as u32, right: child as u32 + 1 };
        nodes.extend([Node::Leaf { path: 0 }; 2]);
        open.push((child, depth + 1, left));
        open.push((child + 1, depth + 1, right));
    }
    Tree { nodes }
}
