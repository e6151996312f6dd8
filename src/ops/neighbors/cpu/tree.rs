//! The k-d tree: boxes over leaves of [`BLOCK`] rows.

use super::super::References;
use super::{BLOCK, Lanes, VECTORS};
use rayon::prelude::*;

/// Below so many rows a node's children are built one after the other.
const PARALLEL_ROWS: usize = 8_192;
/// Rows that a node's spread is estimated from.
const SPREAD_ROWS: usize = 1_024;

/// Distinct references in leaves, and the box of every node.
///
/// The shape follows from the number of leaves alone: a node over leaves `[a, b)` has children over `[a, m)` and `[m, b)`
/// with `m` in the middle, all nodes in pre-order; the children of node i are i + 1 and i + 2 (m − a).
#[derive(Debug)]
pub(in super::super) struct Tree {
    n_rows: usize,
    /// Features by descending variance, so that sums of few terms already tell far rows apart.
    pub(super) features: Vec<u32>,
    /// [leaf][feature][row of the leaf]
    blocks: Vec<[Lanes; VECTORS]>,
    /// [node][least, greatest][feature], features padded with zeros to whole vectors.
    boxes: Vec<f32>,
}

/// Where a node over leaves `[first, end)` is divided.
pub(super) fn middle(first: u32, end: u32) -> u32 {
    first + (end - first).div_ceil(2)
}

impl Tree {
    /// Builds the tree and puts the references in the order of its leaves: row i is row i % 64 of leaf i / 64.
    pub fn build(references: &mut References) -> Self {
        let n_rows = references.n_unique();
        let features = by_variance(references.values(), references.n_features());
        let mut tree = Self { n_rows, features, blocks: Vec::new(), boxes: Vec::new() };
        let order = partition(references.values(), references.n_features(), n_rows, BLOCK);
        references.reorder(&order);
        tree.fill_blocks(references);
        tree.boxes = vec![0.0; (2 * tree.n_leaves() - 1) * tree.box_values()];
        let width = tree.width();
        let mut boxes = std::mem::take(&mut tree.boxes);
        tree.fill_boxes(references, &mut boxes, 0, tree.n_leaves() as u32, width);
        tree.boxes = boxes;
        tree
    }

    pub fn n_leaves(&self) -> usize {
        self.n_rows.div_ceil(BLOCK)
    }

    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// Features, padded to whole vectors.
    pub fn width(&self) -> usize {
        self.features.len().next_multiple_of(8)
    }

    fn box_values(&self) -> usize {
        2 * self.width()
    }

    /// The least and greatest corners of a node's box.
    #[inline]
    pub fn bounds(&self, node: u32) -> (&[f32], &[f32]) {
        let begin = node as usize * self.box_values();
        self.boxes.get(begin..begin + self.box_values()).unwrap_or_default().split_at(self.width())
    }

    /// The rows of a leaf, by feature.
    #[inline]
    pub fn block(&self, leaf: u32) -> &[[Lanes; VECTORS]] {
        let n = self.features.len();
        self.blocks.get(leaf as usize * n..(leaf as usize + 1) * n).unwrap_or_default()
    }

    /// Puts a row's values in the tree's order of features.
    pub fn arrange(&self, row: &[f32], values: &mut [f32]) {
        for (value, &feature) in values.iter_mut().zip(&self.features) {
            *value = row.get(feature as usize).copied().unwrap_or(0.0);
        }
    }

    fn fill_blocks(&mut self, references: &References) {
        let n_features = self.features.len();
        self.blocks = vec![[Lanes([f32::NAN; 8]); VECTORS]; self.n_leaves() * n_features];
        if n_features == 0 {
            return;
        }
        let features = &self.features;
        self.blocks.par_chunks_mut(n_features).enumerate().for_each(|(leaf, block)| {
            for (vectors, &feature) in block.iter_mut().zip(features) {
                let lanes = vectors.iter_mut().flat_map(|lanes| lanes.0.iter_mut());
                for (row, lane) in (leaf * BLOCK..self.n_rows).zip(lanes) {
                    *lane = references.unique(row as u32).get(feature as usize).copied().unwrap_or(f32::NAN);
                }
            }
        });
    }

    /// Fills the boxes of a node over leaves `[first, end)` and of all below it.
    fn fill_boxes(&self, references: &References, boxes: &mut [f32], first: u32, end: u32, width: usize) {
        let (own, below) = boxes.split_at_mut((2 * width).min(boxes.len()));
        let (low, high) = own.split_at_mut(width);
        let n_features = self.features.len();
        low.iter_mut().take(n_features).for_each(|low| *low = f32::INFINITY);
        high.iter_mut().take(n_features).for_each(|high| *high = f32::NEG_INFINITY);
        if end - first <= 1 {
            for row in first as usize * BLOCK..self.n_rows.min(end as usize * BLOCK) {
                let row = references.unique(row as u32);
                for ((low, high), &feature) in low.iter_mut().zip(high.iter_mut()).zip(&self.features) {
                    let value = row.get(feature as usize).copied().unwrap_or(0.0);
                    (*low, *high) = (low.min(value), high.max(value));
                }
            }
            return;
        }
        let middle = middle(first, end);
        let of_left = (2 * (middle - first) as usize - 1) * 2 * width;
        let (left, right) = below.split_at_mut(of_left.min(below.len()));
        if (end - first) as usize * BLOCK > PARALLEL_ROWS {
            rayon::join(
                || self.fill_boxes(references, left, first, middle, width),
                || self.fill_boxes(references, right, middle, end, width),
            );
        } else {
            self.fill_boxes(references, left, first, middle, width);
            self.fill_boxes(references, right, middle, end, width);
        }
        for child in [&*left, &*right] {
            let sides = child.iter().take(width).zip(child.iter().skip(width));
            for ((low, high), (other_low, other_high)) in low.iter_mut().zip(high.iter_mut()).zip(sides) {
                (*low, *high) = (low.min(*other_low), high.max(*other_high));
            }
        }
    }
}

/// An order of rows in which each run of `size` rows (the last may be shorter) lies together: medians of the feature that
/// spreads most, again and again.
pub(super) fn partition(values: &[f32], n_features: usize, n_rows: usize, size: usize) -> Vec<u32> {
    let mut order: Vec<u32> = (0..n_rows as u32).collect();
    if n_features > 0 {
        divide(values, n_features, &mut order, size);
    }
    order
}

fn divide(values: &[f32], n_features: usize, rows: &mut [u32], size: usize) {
    let n_parts = rows.len().div_ceil(size);
    if n_parts <= 1 {
        return;
    }
    let feature = widest(values, n_features, rows);
    let value = |row: u32| values.get(row as usize * n_features + feature).copied().unwrap_or(0.0);
    let split = middle(0, n_parts as u32) as usize * size;
    rows.select_nth_unstable_by(split, |&a, &b| value(a).total_cmp(&value(b)).then(a.cmp(&b)));
    let (left, right) = rows.split_at_mut(split);
    if left.len() > PARALLEL_ROWS {
        rayon::join(|| divide(values, n_features, left, size), || divide(values, n_features, right, size));
    } else {
        divide(values, n_features, left, size);
        divide(values, n_features, right, size);
    }
}

/// The feature of largest variance among (a sample of) `rows`.
fn widest(values: &[f32], n_features: usize, rows: &[u32]) -> usize {
    let step = rows.len().div_ceil(SPREAD_ROWS);
    let sample = rows.iter().step_by(step).map(|&row| row as usize);
    let variances = variances(values, n_features, sample);
    let largest = variances.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    variances.iter().position(|&variance| variance == largest).unwrap_or(0)
}

fn by_variance(values: &[f32], n_features: usize) -> Vec<u32> {
    let n_rows = values.len().checked_div(n_features).unwrap_or(0);
    let variances = variances(values, n_features, (0..n_rows).step_by(n_rows.div_ceil(SPREAD_ROWS * 16).max(1)));
    let mut features: Vec<u32> = (0..n_features as u32).collect();
    let variance = |feature: u32| variances.get(feature as usize).copied().unwrap_or(0.0);
    features.sort_by(|&a, &b| variance(b).total_cmp(&variance(a)));
    features
}

fn variances(values: &[f32], n_features: usize, rows: impl Iterator<Item = usize> + Clone) -> Vec<f64> {
    let row = |row: usize| values.get(row * n_features..(row + 1) * n_features).unwrap_or_default();
    let (mut means, mut squares, mut n) = (vec![0.0; n_features], vec![0.0; n_features], 0.0);
    for index in rows.clone() {
        n += 1.0;
        means.iter_mut().zip(row(index)).for_each(|(mean, &value)| *mean += f64::from(value));
    }
    means.iter_mut().for_each(|mean| *mean /= n);
    for index in rows {
        for ((square, mean), &value) in squares.iter_mut().zip(&means).zip(row(index)) {
            *square += (f64::from(value) - mean) * (f64::from(value) - mean);
        }
    }
    squares
}
