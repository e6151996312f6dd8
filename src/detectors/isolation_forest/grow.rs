//! Growing isolation trees.

use super::IsolationForestParams;
use crate::ops::path_length::{Node, Tree, leaf_path};
use crate::{Error, Result, Stop};
use ndarray::ArrayView2;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use std::collections::HashSet;

/// Grows the trees in parallel, tree `t` from stream `t` of the seed.
pub(super) fn trees(
    rows: ArrayView2<'_, f32>,
    sample_size: usize,
    features_per_tree: usize,
    params: &IsolationForestParams,
    stop: &Stop,
) -> Result<Vec<Tree>> {
    let seeded = ChaCha8Rng::seed_from_u64(params.seed);
    let grown: Vec<Result<Tree>> = (0..params.n_trees)
        .into_par_iter()
        .map(|t| {
            stop.check()?;
            let mut rng = seeded.clone();
            rng.set_stream(t as u64);
            let drawn = distinct(&mut rng, rows.nrows(), sample_size);
            let features = distinct(&mut rng, rows.ncols(), features_per_tree);
            Ok(Growing::new(rows, &drawn, features, rng)?.grow())
        })
        .collect();
    // Collected first, so that of several errors that of the first tree is told.
    grown.into_iter().collect()
}

/// A tree in the making.
struct Growing {
    /// Values of the sample: `features.len()` a row.
    values: Vec<f32>,
    /// The feature of each column of `values`.
    features: Vec<usize>,
    /// Columns of `values`; those known to be constant among a node's rows come first.
    columns: Vec<usize>,
    /// Rows of the sample, each node's side by side.
    sample: Vec<u32>,
    depth_limit: u32,
    rng: ChaCha8Rng,
    nodes: Vec<Node>,
}

/// A node whose rows are known and whose split is not.
struct Open {
    /// Its place in the nodes.
    node: usize,
    /// Its rows in `sample`.
    from: usize,
    to: usize,
    depth: u32,
    /// Columns at the head of `columns` that are constant among its rows.
    n_constant: usize,
}

/// A column that can split, its least and its largest value.
struct Candidate {
    column: usize,
    lowest: f32,
    highest: f32,
}

impl Growing {
    fn new(rows: ArrayView2<'_, f32>, drawn: &[usize], features: Vec<usize>, rng: ChaCha8Rng) -> Result<Self> {
        let mut values = Vec::with_capacity(drawn.len() * features.len());
        for &row in drawn {
            let row_values = rows.row(row);
            values.extend(features.iter().map(|&feature| row_values[feature]));
        }
        if let Some(at) = values.iter().position(|x| !x.is_finite()) {
            let (row, feature) = (drawn[at / features.len()], features[at % features.len()]);
            let limit = "an isolation forest is fitted to finite values; impute missing ones before";
            return Err(Error::parameter(format!("row {row}, feature {feature}"), values[at], limit));
        }
        Ok(Self {
            values,
            columns: (0..features.len()).collect(),
            features,
            sample: (0..drawn.len() as u32).collect(),
            // ceil(log2(max(ψ, 2))): the depth of a balanced tree.
            depth_limit: drawn.len().max(2).next_power_of_two().trailing_zeros(),
            rng,
            nodes: Vec::new(),
        })
    }

    fn grow(mut self) -> Tree {
        self.nodes.push(Node::Leaf { path: 0 });
        let mut open = vec![Open { node: 0, from: 0, to: self.sample.len(), depth: 0, n_constant: 0 }];
        while let Some(mut here) = open.pop() {
            let n = here.to - here.from;
            let candidate = if n > 1 && here.depth < self.depth_limit { self.candidate(&mut here) } else { None };
            let Some(candidate) = candidate else {
                self.nodes[here.node] = Node::Leaf { path: leaf_path(here.depth, n as u64) };
                continue;
            };
            let threshold = self.threshold(&candidate);
            let middle = self.partition(&here, candidate.column, threshold);
            let left = self.nodes.len();
            self.nodes.extend([Node::Leaf { path: 0 }; 2]);
            self.nodes[here.node] = Node::Split {
                feature: self.features[candidate.column] as u32,
                threshold,
                left: left as u32,
                right: left as u32 + 1,
            };
            let child = |node, from, to| Open { node, from, to, depth: here.depth + 1, n_constant: here.n_constant };
            // The last one pushed is grown whole before the other. It permutes `columns` only behind those that are
            // constant here, which are constant in both.
            open.push(child(left + 1, middle, here.to));
            open.push(child(left, here.from, middle));
        }
        Tree { nodes: self.nodes }
    }

    /// A column drawn evenly from those that are not constant among the node's rows: drawn without replacement until one
    /// is found.
    fn candidate(&mut self, here: &mut Open) -> Option<Candidate> {
        while here.n_constant < self.columns.len() {
            let drawn = here.n_constant + below(&mut self.rng, self.columns.len() - here.n_constant);
            let column = self.columns[drawn];
            let (lowest, highest) = self.range(here, column);
            if lowest < highest {
                return Some(Candidate { column, lowest, highest });
            }
            self.columns.swap(here.n_constant, drawn);
            here.n_constant += 1;
        }
        None
    }

    fn range(&self, here: &Open, column: usize) -> (f32, f32) {
        let mut range = (f32::INFINITY, f32::NEG_INFINITY);
        for &row in &self.sample[here.from..here.to] {
            let x = self.value(row, column);
            range = (if x < range.0 { x } else { range.0 }, if x > range.1 { x } else { range.1 });
        }
        range
    }

    /// Even in [lowest, highest), so that a row with the lowest value goes left and one with the highest right.
    fn threshold(&mut self, candidate: &Candidate) -> f32 {
        let share = (self.rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
        let (lowest, highest) = (f64::from(candidate.lowest), f64::from(candidate.highest));
        // In f64, since the range of f32 values may exceed the largest f32. Adding 0 turns −0 into 0.
        let threshold = (lowest + share * (highest - lowest)) as f32 + 0.0;
        if threshold < candidate.highest { threshold } else { candidate.lowest }
    }

    /// Moves the node's rows that go left before the others; returns where those begin.
    fn partition(&mut self, here: &Open, column: usize, threshold: f32) -> usize {
        let mut middle = here.from;
        for at in here.from..here.to {
            if self.value(self.sample[at], column) <= threshold {
                self.sample.swap(at, middle);
                middle += 1;
            }
        }
        middle
    }

    fn value(&self, row: u32, column: usize) -> f32 {
        self.values[row as usize * self.features.len() + column]
    }
}

/// `count` distinct numbers below `n`, every set as likely, in `O(count)` (Floyd's algorithm).
pub(super) fn distinct(rng: &mut ChaCha8Rng, n: usize, count: usize) -> Vec<usize> {
    if count >= n {
        return (0..n).collect();
    }
    let mut seen = HashSet::with_capacity(count);
    let mut drawn = Vec::with_capacity(count);
    for last in n - count..n {
        let number = below(rng, last + 1);
        let number = if seen.insert(number) { number } else { last };
        seen.insert(number);
        drawn.push(number);
    }
    drawn
}

/// A number below `n`, each as likely (Lemire, "Fast Random Integer Generation in an Interval", 2019). Written out here
/// because a forest must not change with the version of a library.
fn below(rng: &mut ChaCha8Rng, n: usize) -> usize {
    let n = n as u64;
    loop {
        let wide = u128::from(rng.next_u64()) * u128::from(n);
        let low = wide as u64;
        // Only the lowest 2^64 mod n values of `low` are too many, and they are below n.
        if low >= n || low >= n.wrapping_neg() % n {
            return (wide >> 64) as usize;
        }
    }
}
