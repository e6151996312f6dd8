//! Small trees as complete heaps: what `path_length_small` reads.

use super::super::{Forest, Node, Tree};
use super::order_key;
use crate::ops::dispatch::LANES;

/// Deepest tree that becomes a heap.
const MAX_LEVELS: u32 = 8;
/// Shallowest heap: four of them are one node for each lane.
const MIN_LEVELS: u32 = 5;
/// Trees walked together.
const GROUP: usize = 4;
/// Most words of a row that a node can name.
const MAX_WORDS: usize = 512;

/// A forest as heaps, with the thresholds that values are ranked among.
pub(super) struct Heaps {
    /// Levels of splits of every heap.
    pub levels: u32,
    /// Feature pairs of a row.
    pub n_words: usize,
    /// Groups of four trees, each 8 · 2^levels words.
    pub words: Vec<u32>,
    /// Order keys of each feature's thresholds, ascending, distinct.
    pub thresholds: Vec<Vec<u32>>,
}

impl Heaps {
    /// None where a tree is too deep, a feature has too many thresholds for a 16-bit rank, or rows are too wide.
    pub fn new(forest: &Forest) -> Option<Self> {
        let n_words = forest.n_features().div_ceil(2);
        let depth = forest.trees().iter().map(depth).max()?;
        if depth > MAX_LEVELS || n_words > MAX_WORDS {
            return None;
        }
        let thresholds = thresholds(forest);
        if thresholds.iter().any(|keys| keys.len() > usize::from(u16::MAX)) {
            return None;
        }
        let levels = depth.max(MIN_LEVELS);
        let width = 1 << levels;
        // Padding trees are zeros: their leaves add nothing.
        let mut words = vec![0; forest.trees().len().div_ceil(GROUP) * GROUP * 2 * width];
        for (t, tree) in forest.trees().iter().enumerate() {
            let group = t / GROUP * GROUP * 2 * width;
            let (nodes, leaves) = words[group..][..GROUP * 2 * width].split_at_mut(GROUP * width);
            let place = t % GROUP * width..(t % GROUP + 1) * width;
            Fill { tree, thresholds: &thresholds, nodes: &mut nodes[place.clone()], leaves: &mut leaves[place] }
                .descend(0, 1);
        }
        Some(Self { levels, n_words, words, thresholds })
    }

    /// Words of one group of four trees.
    pub fn group_words(&self) -> usize {
        (2 * GROUP) << self.levels
    }

    /// Node visits of one row in one group.
    pub fn visits_per_group(&self) -> u64 {
        GROUP as u64 * u64::from(self.levels)
    }
}

struct Fill<'a> {
    tree: &'a Tree,
    thresholds: &'a [Vec<u32>],
    nodes: &'a mut [u32],
    leaves: &'a mut [u32],
}

impl Fill<'_> {
    /// Puts the subtree of `node` at heap position `at`; at most nine deep.
    fn descend(&mut self, node: usize, at: usize) {
        match self.tree.nodes[node] {
            Node::Split { feature, threshold, left, right } => {
                self.nodes[at] = self.node(feature, threshold);
                self.descend(left as usize, 2 * at);
                self.descend(right as usize, 2 * at + 1);
            }
            // Whatever the nodes below an early leaf compare, every leaf under it is the same.
            Node::Leaf { path } => {
                let (mut first, mut count) = (at, 1);
                while first < self.leaves.len() {
                    (first, count) = (2 * first, 2 * count);
                }
                self.leaves[first - self.nodes.len()..][..count].fill(path);
            }
        }
    }

    /// rank + 1 | word | shift; see the kernel.
    fn node(&self, feature: u32, threshold: f32) -> u32 {
        let keys = &self.thresholds[feature as usize];
        let rank = keys.partition_point(|&key| key < order_key(threshold)) as u32;
        let shift = if feature.is_multiple_of(2) { 16 } else { 0 };
        ((rank + 1) << 16) | ((feature / 2) * LANES) | shift
    }
}

/// Distinct thresholds of each feature as ascending order keys.
fn thresholds(forest: &Forest) -> Vec<Vec<u32>> {
    let mut thresholds = vec![Vec::new(); forest.n_features()];
    for node in forest.trees().iter().flat_map(|tree| &tree.nodes) {
        if let Node::Split { feature, threshold, .. } = *node {
            thresholds[feature as usize].push(order_key(threshold));
        }
    }
    for keys in &mut thresholds {
        keys.sort_unstable();
        keys.dedup();
    }
    thresholds
}

/// Splits on the longest path; children come after their parents, so one pass finds it.
fn depth(tree: &Tree) -> u32 {
    let mut depths = vec![0; tree.nodes.len()];
    for (i, node) in tree.nodes.iter().enumerate() {
        if let Node::Split { left, right, .. } = *node {
            depths[left as usize] = depths[i] + 1;
            depths[right as usize] = depths[i] + 1;
        }
    }
    depths.into_iter().max().unwrap_or(0)
}
