//! Large trees: walked from the root, eight rows interleaved so that their loads overlap.

use super::super::ranks::RankWord;
use super::super::{Forest, Node, Ranks};

/// Rows walked side by side.
pub(super) const LANES: usize = 8;

/// Steps between looks whether all lanes have arrived.
const STEPS: u32 = 8;

/// A node whose children lie side by side, the left one first. A leaf is its own left child and sends every rank there.
#[derive(Debug, Clone, Copy)]
struct Packed<W> {
    threshold: W,
    /// Place of the feature's ranks among those of [`LANES`] rows: [`LANES`] times the column.
    place: W,
    child: u32,
}

/// A tree in breadth-first order: the levels that all rows pass share cache lines.
#[derive(Debug)]
pub(super) struct WalkTree<W> {
    nodes: Vec<Packed<W>>,
    /// Path length of each node; 0 for those that are no leaves.
    paths: Vec<u32>,
    height: u32,
    /// Columns of ranks that rows must have.
    n_columns: usize,
}

impl<W: RankWord> WalkTree<W> {
    /// Packs tree `t` of `forest`; `column` turns a feature into its column of ranks. `W` must hold every threshold's
    /// rank and [`LANES`] times the number of columns.
    pub fn new(forest: &Forest, t: usize, ranks: &Ranks, column: &[u32]) -> Self {
        let tree = &forest.trees()[t];
        // Nodes in the new order, with their depths.
        let mut order = vec![(0u32, 0u32)];
        let (mut nodes, mut paths) = (Vec::with_capacity(tree.nodes.len()), Vec::with_capacity(tree.nodes.len()));
        let (mut height, mut n_columns) = (0, 1);
        while let Some(&(at, depth)) = order.get(nodes.len()) {
            match tree.nodes[at as usize] {
                Node::Leaf { path } => {
                    let here = nodes.len() as u32;
                    nodes.push(Packed { threshold: W::from_rank(W::MAX), place: W::from_rank(0), child: here });
                    paths.push(path);
                }
                Node::Split { feature, threshold, left, right } => {
                    let rank = ranks.known_rank(feature as usize, threshold) as usize;
                    let column = column[feature as usize] as usize;
                    let (threshold, place) = (W::from_rank(rank), W::from_rank(LANES * column));
                    nodes.push(Packed { threshold, place, child: order.len() as u32 });
                    paths.push(0);
                    order.extend([(left, depth + 1), (right, depth + 1)]);
                    height = height.max(depth + 1);
                    n_columns = n_columns.max(column + 1);
                }
            }
        }
        Self { nodes, paths, height, n_columns }
    }

    /// Adds each row's path length to `sums`. `ranks` holds, for each [`LANES`] rows, `n_columns` times those rows' ranks.
    pub fn add(&self, ranks: &[W], n_columns: usize, sums: &mut [u64]) {
        for (sums, ranks) in sums.chunks_mut(LANES).zip(ranks.chunks_exact(LANES * n_columns)) {
            let leaves = self.leaves(ranks);
            for (sum, leaf) in sums.iter_mut().zip(leaves) {
                *sum += u64::from(self.paths[leaf as usize]);
            }
        }
    }

    #[inline(always)]
    fn leaves(&self, ranks: &[W]) -> [u32; LANES] {
        assert!(ranks.len() >= LANES * self.n_columns);
        let mut at = [0u32; LANES];
        let mut left = self.height;
        while left > 0 {
            let steps = left.min(STEPS);
            let before = at;
            for _ in 0..steps {
                for (lane, at) in at.iter_mut().enumerate() {
                    // SAFETY: the root exists, and children are nodes. Places are multiples of LANES below
                    // LANES * n_columns, which the ranks were checked to reach.
                    let (node, rank) = unsafe {
                        let node = *self.nodes.get_unchecked(*at as usize);
                        (node, *ranks.get_unchecked(node.place.to_index() + lane))
                    };
                    *at = node.child + u32::from(rank > node.threshold);
                }
            }
            left -= steps;
            // A long branch is not walked to its end by rows that left it.
            if at == before {
                break;
            }
        }
        at
    }
}
