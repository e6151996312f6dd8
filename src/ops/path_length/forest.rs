//! The forest as the operation takes it: plain trees, checked once.

use super::LEAF_ONE;
use crate::features::math;
use crate::{Error, Result};

/// A node of a tree. Children come after their parent in [`Tree::nodes`].
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub enum Node {
    /// `x[feature] <= threshold` goes to `left`, everything else (NaN too) to `right`.
    Split {
        /// Column of the row.
        feature: u32,
        /// Compared in f32; finite.
        threshold: f32,
        /// Index of the left child in [`Tree::nodes`].
        left: u32,
        /// Index of the right child.
        right: u32,
    },
    /// The end of a path.
    Leaf {
        /// `round(2²⁰ (depth + c(n)))`, below 2²⁷.
        path: u32,
    },
}

/// One isolation tree; node 0 is the root.
#[derive(Debug, Clone, PartialEq)]
pub struct Tree {
    /// Nodes, each child after its parent.
    pub nodes: Vec<Node>,
}

/// A checked forest.
#[derive(Debug, Clone, PartialEq)]
pub struct Forest {
    n_features: usize,
    trees: Vec<Tree>,
}

impl Forest {
    /// Checks that every node is reachable data and every index in range, so that bodies need not.
    ///
    /// # Errors
    /// If a feature, child or leaf is out of range, a threshold is not finite, a child does not come after its parent,
    /// or a node has two parents.
    pub fn new(n_features: usize, trees: Vec<Tree>) -> Result<Self> {
        for (t, tree) in trees.iter().enumerate() {
            check(n_features, tree).map_err(|limit| Error::parameter(format!("tree {t}"), "not a tree", limit))?;
        }
        Ok(Self { n_features, trees })
    }

    /// Columns a row must have.
    pub fn n_features(&self) -> usize {
        self.n_features
    }

    /// The trees.
    pub fn trees(&self) -> &[Tree] {
        &self.trees
    }
}

fn check(n_features: usize, tree: &Tree) -> std::result::Result<(), String> {
    if tree.nodes.is_empty() {
        return Err("it has no nodes".into());
    }
    let mut parents = vec![0u8; tree.nodes.len()];
    for (i, node) in tree.nodes.iter().enumerate() {
        match *node {
            Node::Leaf { path } if path >= 1 << 27 => return Err(format!("leaf {path} must be below 2^27")),
            Node::Leaf { .. } => {}
            Node::Split { feature, threshold, left, right } => {
                if feature as usize >= n_features {
                    return Err(format!("feature {feature} must be below {n_features}"));
                }
                if !threshold.is_finite() {
                    return Err(format!("threshold {threshold} must be finite"));
                }
                for child in [left as usize, right as usize] {
                    if child <= i || child >= tree.nodes.len() {
                        return Err(format!("node {i}: child {child} must lie between it and {}", tree.nodes.len()));
                    }
                    parents[child] += 1;
                    if parents[child] > 1 {
                        return Err(format!("node {child} has two parents"));
                    }
                }
            }
        }
    }
    match parents.iter().skip(1).position(|&p| p == 0) {
        Some(i) => Err(format!("node {} has no parent", i + 1)),
        None => Ok(()),
    }
}

/// c(n): the average path length of an unsuccessful search among `n` rows (Liu et al. 2008, eq. 1), with scikit-learn's
/// c(0) = c(1) = 0 and c(2) = 1.
pub fn average_path_length(n: u64) -> f64 {
    match n {
        0 | 1 => 0.0,
        2 => 1.0,
        _ => {
            let m = (n - 1) as f64;
            2.0 * (math::ln(m) + 0.577_215_664_901_532_9) - 2.0 * m / n as f64
        }
    }
}

/// The fixed-point leaf: `round(2²⁰ (depth + c(n)))`.
pub fn leaf_path(depth: u32, n: u64) -> u32 {
    ((f64::from(depth) + average_path_length(n)) * LEAF_ONE as f64).round() as u32
}
