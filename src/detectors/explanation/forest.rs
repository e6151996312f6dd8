//! Path lengths split into contributions of features.
//!
//! A tree's path length is the sum over its leaves of the leaf's length, where a row is at the leaf if each feature on the
//! way allows it. Where a feature is not known, a row is there in part: by the share of the training rows that went that
//! way at its splits, z. So each leaf is a product over the features on its way, (known and allowed, or not: o = 1 or 0;
//! not known: z), and [`super::quadrature`] gives its Shapley values. All leaves together are summed by one pass down and
//! one up the tree, at each point p of the quadrature, as in Yu, Xu, Bifet & Read, "Linear TreeShap" (NeurIPS 2022):
//!
//! ```text
//! down:  P(e) = Π over the features on the way to node e of g,   g = p o + (1 − p) z
//! up:    S(e) = Σ over the leaves under e of length × P
//! φ_f   += Σ_p weight × S(e) × (h(e) − h(e')),   h = (o − z) / g
//! ```
//!
//! for each node e under a split by f, where e' is the node under the last split by f before it: o and z are of both
//! together, so what e' added for the leaves under e is taken back.
//!
//! How many training rows each node saw is not stored; it follows from the leaves, whose length is their depth and c(n),
//! which no two n below 65,537 share.

use super::quadrature::Quadrature;
use crate::detectors::MAX_SAMPLE_SIZE;
use crate::ops::path_length::{Forest, LEAF_ONE, Node, Tree, leaf_path};
use crate::{Error, Result};

/// Splits on one path at most, for which products are summed exactly: a fit gives at most 16, the depth of a tree of
/// 65,536 rows.
const DEEPEST: u32 = 64;
/// No node.
const NONE: u32 = u32::MAX;

/// A forest made ready.
pub struct ForestPaths {
    n_features: usize,
    trees: Vec<TreePaths>,
    weights: Vec<f64>,
    /// 1 / (1 − p) at each point.
    cold: Vec<f64>,
    base: f64,
    /// From sums over trees, in units of 2⁻²⁰, to minus the mean in splits.
    scale: f64,
}

struct TreePaths {
    nodes: Vec<PathNode>,
    /// For each node and point: g / g', the same if the node's way is not the row's, and h.
    factors: Vec<[f64; 3]>,
}

#[derive(Clone, Copy)]
struct PathNode {
    parent: u32,
    /// The node under the last split by the same feature before this one's.
    prior: u32,
    /// Of the parent's split.
    feature: u32,
    threshold: f32,
    is_left: bool,
    is_leaf: bool,
    left: u32,
    right: u32,
    /// The share of the parent's training rows.
    share: f64,
    /// The mean path length of the node's training rows; a leaf's own. Units of 2⁻²⁰.
    mean: f64,
}

impl ForestPaths {
    /// # Errors
    /// If a tree is deeper than [`DEEPEST`].
    pub fn new(forest: &Forest) -> Result<Self> {
        let nodes = forest.trees().iter().map(path_nodes).collect::<Result<Vec<(Vec<PathNode>, usize)>>>()?;
        let most = nodes.iter().map(|(_, most)| *most).max().unwrap_or(0);
        // More points are no less exact, and numbers of points that are powers of two make good vectors.
        let Quadrature { points, weights } = Quadrature::for_players(2 * most.div_ceil(2).max(2).next_power_of_two());
        let scale = -1.0 / (LEAF_ONE as f64 * forest.trees().len().max(1) as f64);
        let base: f64 = nodes.iter().filter_map(|(nodes, _)| nodes.first()).map(|root| root.mean).sum();
        Ok(Self {
            n_features: forest.n_features(),
            trees: nodes.into_iter().map(|(nodes, _)| TreePaths::new(nodes, &points)).collect(),
            weights,
            cold: points.iter().map(|p| 1.0 / (1.0 - p)).collect(),
            base: base * scale,
            scale,
        })
    }

    /// Minus the mean path length of the training rows, in splits.
    pub fn base(&self) -> f64 {
        self.base
    }

    /// Of each of some rows (row-major), each feature's Shapley value of minus the mean path length, row-major. Rows that
    /// come together go through a tree together, while it is at hand.
    pub fn shapley(&self, rows: &[f32]) -> Vec<f64> {
        match self.weights.len() {
            2 => self.shapley_of::<2>(rows),
            4 => self.shapley_of::<4>(rows),
            8 => self.shapley_of::<8>(rows),
            16 => self.shapley_of::<16>(rows),
            _ => self.shapley_of::<32>(rows),
        }
    }

    fn shapley_of<const Q: usize>(&self, rows: &[f32]) -> Vec<f64> {
        let width = self.n_features.max(1);
        let mut sums = vec![0.0; rows.len()];
        let (mut weights, mut cold) = ([0.0; Q], [0.0; Q]);
        weights.iter_mut().zip(&self.weights).for_each(|(to, from)| *to = *from);
        cold.iter_mut().zip(&self.cold).for_each(|(to, from)| *to = *from);
        let mut room = Room::default();
        for tree in &self.trees {
            for (row, sums) in rows.chunks_exact(width).zip(sums.chunks_exact_mut(width)) {
                tree.shapley::<Q>(row, &weights, &cold, &mut room, sums);
            }
        }
        sums.iter_mut().for_each(|sum| *sum *= self.scale);
        sums
    }

    /// The changes of minus the mean path length at the splits that one row meets, by the splits' features.
    pub fn along(&self, row: &[f32]) -> Vec<f64> {
        let mut sums = vec![0.0; self.n_features];
        for tree in &self.trees {
            let mut at = tree.nodes[0];
            while !at.is_leaf {
                let (left, right) = (tree.nodes[at.left as usize], tree.nodes[at.right as usize]);
                let next = if left.is_met(row) { left } else { right };
                sums[next.feature as usize] += next.mean - at.mean;
                at = next;
            }
        }
        sums.iter_mut().for_each(|sum| *sum *= self.scale);
        sums
    }
}

/// What a pass over a tree keeps, a node each.
struct Room<const Q: usize> {
    hot: Vec<bool>,
    products: Vec<[f64; Q]>,
}

impl<const Q: usize> Default for Room<Q> {
    fn default() -> Self {
        Self { hot: Vec::new(), products: Vec::new() }
    }
}

impl PathNode {
    /// Whether the parent's split sends the row here.
    fn is_met(&self, row: &[f32]) -> bool {
        (row[self.feature as usize] <= self.threshold) == self.is_left
    }
}

impl TreePaths {
    fn new(nodes: Vec<PathNode>, points: &[f64]) -> Self {
        let mut shares = Vec::with_capacity(nodes.len());
        let mut factors = Vec::with_capacity(nodes.len() * points.len());
        for node in &nodes {
            let before: f64 = shares.get(node.prior as usize).copied().unwrap_or(1.0);
            let z = before * node.share;
            shares.push(z);
            for p in points {
                let g = p + (1.0 - p) * z;
                let of_prior = if node.prior == NONE { 1.0 } else { p + (1.0 - p) * before };
                factors.push([g / of_prior, (1.0 - p) * z / of_prior, (1.0 - z) / g]);
            }
        }
        Self { nodes, factors }
    }

    fn shapley<const Q: usize>(
        &self,
        row: &[f32],
        weights: &[f64; Q],
        cold: &[f64; Q],
        room: &mut Room<Q>,
        sums: &mut [f64],
    ) {
        let (factors, _) = self.factors.as_chunks::<Q>();
        room.hot.clear();
        room.products.clear();
        // The root is on no way; nodes come after their parents.
        room.hot.push(true);
        room.products.push([1.0; Q]);
        for (node, factors) in self.nodes.iter().zip(factors).skip(1) {
            let was_hot = node.prior == NONE || room.hot[node.prior as usize];
            let hot = was_hot && node.is_met(row);
            let mut product = room.products[node.parent as usize];
            match (was_hot, hot) {
                (true, true) => product.iter_mut().zip(factors).for_each(|(p, f)| *p *= f[0]),
                (true, false) => product.iter_mut().zip(factors).for_each(|(p, f)| *p *= f[1]),
                (false, _) => product.iter_mut().for_each(|p| *p *= node.share),
            }
            room.hot.push(hot);
            room.products.push(product);
        }
        for (at, node) in self.nodes.iter().enumerate().skip(1).rev() {
            // From here on a product is the sum over the leaves below.
            if node.is_leaf {
                room.products[at].iter_mut().for_each(|p| *p *= node.mean);
            } else {
                let (left, right) = (room.products[node.left as usize], room.products[node.right as usize]);
                room.products[at] = std::array::from_fn(|q| left[q] + right[q]);
            }
            let h = |at: usize| -> [f64; Q] {
                if room.hot[at] {
                    std::array::from_fn(|q| factors[at][q][2])
                } else {
                    std::array::from_fn(|q| -cold[q])
                }
            };
            let has_prior = node.prior != NONE;
            if has_prior && !room.hot[node.prior as usize] {
                continue; // h is that of the prior
            }
            let of_prior = if has_prior { h(node.prior as usize) } else { [0.0; Q] };
            let (own, sum) = (h(at), room.products[at]);
            let terms: [f64; Q] = std::array::from_fn(|q| weights[q] * sum[q] * (own[q] - of_prior[q]));
            sums[node.feature as usize] += terms.iter().sum::<f64>();
        }
    }
}

/// The nodes of a tree with what training rows they saw, and the most features on one path.
fn path_nodes(tree: &Tree) -> Result<(Vec<PathNode>, usize)> {
    let n = tree.nodes.len();
    let (mut depth, mut n_on_path, mut most) = (vec![0u32; n], vec![0usize; n], 0);
    let root = PathNode {
        parent: NONE,
        prior: NONE,
        feature: 0,
        threshold: 0.0,
        is_left: false,
        is_leaf: true,
        left: NONE,
        right: NONE,
        share: 1.0,
        mean: 0.0,
    };
    let mut nodes = vec![root; n];
    for at in 0..n {
        let Node::Split { feature, threshold, left, right } = tree.nodes[at] else { continue };
        (nodes[at].is_leaf, nodes[at].left, nodes[at].right) = (false, left, right);
        for (child, is_left) in [(left as usize, true), (right as usize, false)] {
            let prior = prior(&nodes, at, feature);
            depth[child] = depth[at] + 1;
            if depth[child] > DEEPEST {
                let limit = format!("contributions are summed exactly up to {DEEPEST}; fit with a smaller sample size");
                return Err(Error::parameter("depth of a tree", depth[child], limit));
            }
            n_on_path[child] = n_on_path[at] + usize::from(prior == NONE);
            most = most.max(n_on_path[child]);
            nodes[child] = PathNode { parent: at as u32, prior, feature, threshold, is_left, ..root };
        }
    }
    let mut rows = vec![0.0; n];
    for at in (0..n).rev() {
        match tree.nodes[at] {
            Node::Leaf { path } => {
                rows[at] = rows_of_leaf(depth[at], path) as f64;
                nodes[at].mean = f64::from(path);
            }
            Node::Split { left, right, .. } => {
                let (left, right) = (left as usize, right as usize);
                rows[at] = rows[left] + rows[right];
                nodes[at].mean = (rows[left] * nodes[left].mean + rows[right] * nodes[right].mean) / rows[at];
                nodes[left].share = rows[left] / rows[at];
                nodes[right].share = rows[right] / rows[at];
            }
        }
    }
    Ok((nodes, most))
}

/// The last node on the way to `at`, itself counted, that lies under a split by `feature`.
fn prior(nodes: &[PathNode], at: usize, feature: u32) -> u32 {
    let mut at = at as u32;
    while let Some(node) = nodes.get(at as usize).filter(|node| node.parent != NONE) {
        if node.feature == feature {
            return at;
        }
        at = node.parent;
    }
    NONE
}

/// The training rows of a leaf at this depth: the n whose c(n) is nearest to what its path length is above the depth.
fn rows_of_leaf(depth: u32, path: u32) -> u64 {
    let above = path.saturating_sub(depth.saturating_mul(LEAF_ONE as u32));
    let (mut low, mut high) = (1, MAX_SAMPLE_SIZE as u64);
    while low < high {
        let middle = low.midpoint(high);
        if leaf_path(0, middle) < above { low = middle + 1 } else { high = middle }
    }
    // The first that is not below; rounding may have put the right one just below.
    let off = |n: u64| leaf_path(0, n).abs_diff(above);
    if low > 1 && off(low - 1) < off(low) { low - 1 } else { low }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_tell_how_many_rows_they_hold() {
        for depth in [0, 1, 7, 16] {
            for n in 1..=MAX_SAMPLE_SIZE as u64 {
                assert_eq!(rows_of_leaf(depth, leaf_path(depth, n)), n, "depth {depth}");
            }
        }
        assert_eq!((rows_of_leaf(3, 0), rows_of_leaf(0, u32::MAX)), (1, MAX_SAMPLE_SIZE as u64));
    }
}
