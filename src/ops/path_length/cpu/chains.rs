//! From a tree to chains of steps.

use super::super::{Node, Ranks, Tree};
use super::program::{Batch, Chain, Leaves, MAX_CLASSES, Run, Step};
use std::collections::BTreeSet;

/// Slots that the trees of a batch share, if one tree alone does not need more: 12 KiB, so that they stay in L1 beside
/// the ranks.
const BATCH_SLOTS: usize = 96;

/// Trees of a batch; their leaf tables stay in L1.
const BATCH_TREES: usize = 32;

/// What must be known of a tree before it is compiled.
pub(super) struct Shape {
    /// Levels of chains in the subtree of each node: 0 for leaves, then 1 + the number of a chain's waits.
    strahler: Vec<u8>,
    /// Chains in the tree; a tree that is one leaf has one, without steps.
    chains: usize,
    /// Path lengths of the leaves, ascending: the index is the class.
    pub paths: Vec<u32>,
}

impl Shape {
    /// `None` if the tree has too many leaf values or chains for the machine.
    pub fn of(tree: &Tree) -> Option<Self> {
        let mut strahler = vec![0u8; tree.nodes.len()];
        let mut paths = BTreeSet::new();
        let mut chains = 1;
        for (i, node) in tree.nodes.iter().enumerate().rev() {
            match *node {
                Node::Leaf { path } => {
                    paths.insert(path);
                }
                Node::Split { left, right, .. } => {
                    let (l, r) = (strahler[left as usize], strahler[right as usize]);
                    chains += usize::from(l > 0 && r > 0);
                    strahler[i] = if l == r { l + 1 } else { l.max(r) };
                }
            }
        }
        let fits = paths.len() <= MAX_CLASSES && chains <= usize::from(u16::MAX) - MAX_CLASSES;
        fits.then(|| Self { strahler, chains, paths: paths.into_iter().collect() })
    }

    fn class(&self, path: u32) -> u8 {
        self.paths.partition_point(|&p| p < path) as u8
    }
}

/// A chain before it is put into its run.
struct LooseChain {
    level: u8,
    chain: Chain,
    steps: Vec<Step>,
}

/// A batch to which trees are added while their slots stay in L1.
pub(super) struct OpenBatch {
    n_classes: usize,
    slots: usize,
    loose: Vec<LooseChain>,
    trees: Vec<Leaves>,
}

impl OpenBatch {
    /// A batch whose slots follow `n_classes` constants.
    pub fn new(n_classes: usize) -> Self {
        Self { n_classes, slots: 0, loose: Vec::new(), trees: Vec::new() }
    }

    pub fn has_room(&self, shape: &Shape) -> bool {
        self.trees.is_empty() || (self.slots + shape.chains <= BATCH_SLOTS && self.trees.len() < BATCH_TREES)
    }

    /// Adds a tree of a group with these features, each with the forest-wide ranks of its thresholds.
    pub fn add(&mut self, tree: &Tree, shape: &Shape, features: &[(u32, Vec<u32>)], ranks: &Ranks) {
        let root = self.slot();
        // Chains whose top node is known and whose steps are not, each with the cell for its value.
        let mut pending = vec![(0usize, root)];
        while let Some((top, cell)) = pending.pop() {
            let (mut steps, mut level, mut at) = (Vec::new(), 0, top);
            let class = loop {
                match tree.nodes[at] {
                    Node::Leaf { path } => break shape.class(path),
                    Node::Split { feature, threshold, left, right } => {
                        let (left, right) = (left as usize, right as usize);
                        let from_left = shape.strahler[left] >= shape.strahler[right];
                        let (next, aside) = if from_left { (left, right) } else { (right, left) };
                        let other = match tree.nodes[aside] {
                            Node::Leaf { path } => shape.class(path).into(),
                            Node::Split { .. } => {
                                let cell = self.slot();
                                pending.push((aside, cell));
                                level = level.max(shape.strahler[aside]);
                                cell
                            }
                        };
                        let rank = ranks.known_rank(feature as usize, threshold);
                        steps.push(step(features, feature, rank, from_left, other));
                        at = next;
                    }
                }
            };
            steps.reverse();
            self.loose.push(LooseChain { level, chain: Chain { class, cell }, steps });
        }
        let mut paths = Box::new([0; MAX_CLASSES]);
        paths[..shape.paths.len()].copy_from_slice(&shape.paths);
        self.trees.push(Leaves {
            root,
            #[cfg(target_arch = "x86_64")]
            tables: super::avx2::tables(&shape.paths),
            paths,
        });
    }

    fn slot(&mut self) -> u16 {
        let cell = (self.n_classes + self.slots) as u16;
        self.slots += 1;
        cell
    }

    /// Sorts the chains: those that others wait for first, then by length.
    pub fn close(mut self) -> Batch {
        self.loose.sort_by_key(|chain| (chain.level, chain.steps.len()));
        let mut batch = Batch { trees: self.trees, ..Batch::default() };
        for alike in self.loose.chunk_by(|a, b| (a.level, a.steps.len()) == (b.level, b.steps.len())) {
            let constant = alike[0].level == 0;
            batch.runs.push(Run { length: alike[0].steps.len() as u32, count: alike.len() as u32, constant });
            for loose in alike {
                batch.chains.push(loose.chain);
                batch.steps.extend(&loose.steps);
            }
        }
        batch
    }
}

/// A comparison with the threshold of forest-wide rank `rank`, on a chain that comes from the left or the right child.
fn step(features: &[(u32, Vec<u32>)], feature: u32, rank: u32, from_left: bool, other: u16) -> Step {
    let index = features.partition_point(|(f, _)| *f < feature);
    let threshold = features[index].1.partition_point(|&t| t < rank) as i32;
    // Planes hold `local rank − 128`, their complements `127 − local rank`. From the left the value stays if
    // local rank <= threshold, from the right if local rank > threshold.
    let bound = if from_left { threshold + 1 - 128 } else { 127 - threshold };
    Step { plane: (2 * index + usize::from(!from_left)) as u16, other, bound: bound as i8 }
}
