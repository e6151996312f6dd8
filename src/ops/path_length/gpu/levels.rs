//! Trees of any size, level by level: what `path_length_large` reads.

use super::super::{Forest, Node, Tree};
use super::order_key;
use crate::{Error, Result};
use std::collections::VecDeque;

/// A forest by levels.
pub(super) struct Levels {
    /// Low bits of a split's second word that hold its feature.
    pub feature_bits: u32,
    /// Nodes of each tree: (order key, left child | feature) or (path, 0).
    pub trees: Vec<Vec<[u32; 2]>>,
    /// Node visits of one row in one tree, the mean over trees of the depth of a balanced one.
    pub visits_per_tree: u64,
}

impl Levels {
    /// # Errors
    /// If a tree has more nodes than fit beside the feature in a word.
    pub fn new(forest: &Forest) -> Result<Self> {
        let last_feature = forest.n_features().saturating_sub(1) as u32;
        let feature_bits = (u32::BITS - last_feature.leading_zeros()).max(1);
        let limit = 1usize << (u32::BITS - feature_bits);
        let trees: Vec<_> = forest.trees().iter().map(|tree| by_level(tree, feature_bits)).collect();
        if let Some(largest) = trees.iter().map(Vec::len).max().filter(|&nodes| nodes > limit) {
            return Err(Error::Device(format!(
                "a tree of {largest} nodes over {} features is too large for the GPU, which takes {limit}; use --device cpu",
                forest.n_features()
            )));
        }
        let depths: u64 = trees.iter().map(|nodes| u64::from(nodes.len().ilog2())).sum();
        let visits_per_tree = depths / trees.len().max(1) as u64 + 1;
        Ok(Self { feature_bits, trees, visits_per_tree })
    }
}

/// Breadth first: siblings are neighbours, and the first nodes are the top levels.
fn by_level(tree: &Tree, feature_bits: u32) -> Vec<[u32; 2]> {
    let mut nodes = Vec::with_capacity(tree.nodes.len());
    let mut queue = VecDeque::from([0u32]);
    let mut reserved = 1;
    while let Some(node) = queue.pop_front() {
        nodes.push(match tree.nodes[node as usize] {
            Node::Leaf { path } => [path, 0],
            Node::Split { feature, threshold, left, right } => {
                let child = reserved;
                reserved += 2;
                queue.extend([left, right]);
                [order_key(threshold), child << feature_bits | feature]
            }
        });
    }
    nodes
}
