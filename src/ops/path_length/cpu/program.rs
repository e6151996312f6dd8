//! What the select machine runs (see [`super::select`]): small trees, compiled.
//!
//! A tree is cut into *chains*. A chain starts at a leaf and climbs: at each node the value so far is one operand and the
//! node's other subtree the second; the node keeps the one its comparison asks for. Where two subtrees with splits meet,
//! the chain of the higher Strahler number goes on and the other ends in a slot, read as second operand. So a tree has
//! few levels of chains that wait for one another, and all chains of a level are free to run in any order: those of
//! several trees are sorted by length, which leaves a processor nothing to mispredict.

use super::super::{Forest, Node, Ranks, Tree};
use super::chains::{OpenBatch, Shape};
use super::planes::{self, Quad};
use std::collections::{BTreeMap, BTreeSet};

/// Distinct leaf values a tree may have: classes are bytes.
pub(super) const MAX_CLASSES: usize = 256;

/// Thresholds a feature may have within a group: its ranks `0..=255` fill a byte.
const MAX_THRESHOLDS: usize = 255;

/// Features a group may have: planes are numbered by 16 bits, two a feature.
const MAX_FEATURES: usize = 1 << 15;

/// One comparison on a chain: the value stays where `plane < bound`, else it becomes `other`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    /// Plane of ranks: `2 i` of the group's i-th feature, `2 i + 1` its complement, which turns `>` into `<`.
    pub plane: u16,
    /// The second operand: a class in runs of constants, else a cell.
    pub other: u16,
    /// Bound in the biased order of planes.
    pub bound: i8,
}

/// Where a chain begins and ends.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chain {
    /// The leaf it starts with.
    pub class: u8,
    /// The cell its value goes to.
    pub cell: u16,
}

/// Chains of one length, none of which waits for another.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run {
    /// Steps of each chain.
    pub length: u32,
    /// Chains in the run.
    pub count: u32,
    /// Whether every second operand is a class.
    pub constant: bool,
}

/// What a tree's result stands for.
#[derive(Debug)]
pub(super) struct Leaves {
    /// Cell that holds each row's class in the end.
    pub root: u16,
    /// Path length of each class, then zeros.
    pub paths: Box<[u32; MAX_CLASSES]>,
    /// The same as digits.
    #[cfg(target_arch = "x86_64")]
    pub tables: Vec<super::avx2::Table>,
}

/// Trees that run together, between them the whole content of the slots.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub runs: Vec<Run>,
    pub chains: Vec<Chain>,
    pub steps: Vec<Step>,
    pub trees: Vec<Leaves>,
}

/// Trees that share byte ranks.
#[derive(Debug)]
pub(super) struct Group {
    /// The features that the trees compare, each with the forest-wide ranks of the thresholds used here, ascending.
    pub features: Vec<(u32, Vec<u32>)>,
    pub batches: Vec<Batch>,
}

/// The compiled part of a forest.
#[derive(Debug)]
pub(super) struct Program {
    pub quads: Vec<Quad>,
    /// Cells that hold constants, the first ones: as many as the tree with the most leaf values has.
    pub n_classes: usize,
    /// Cells in all: slots follow the constants.
    pub n_cells: usize,
}

impl Program {
    /// Compiles the trees that suit the machine and have at most `max_splits` splits; the indices of the others come
    /// second. `column` turns a feature into its column of ranks.
    pub fn compile(forest: &Forest, ranks: &Ranks, column: &[u32], max_splits: usize) -> (Self, Vec<usize>) {
        let suits = |tree: &Tree| tree.nodes.len() / 2 <= max_splits;
        let shapes: Vec<Option<Shape>> =
            forest.trees().iter().map(|tree| if suits(tree) { Shape::of(tree) } else { None }).collect();
        let n_classes = shapes.iter().flatten().map(|shape| shape.paths.len()).max().unwrap_or(0);
        let (mut groups, mut others) = (Vec::new(), Vec::new());
        let mut open = OpenGroup::default();
        for ((t, tree), shape) in forest.trees().iter().enumerate().zip(shapes) {
            let suited = shape.map(|shape| (shape, thresholds(tree, ranks))).filter(|(_, thresholds)| fits(thresholds));
            let Some((shape, thresholds)) = suited else {
                others.push(t);
                continue;
            };
            if !open.has_room(&thresholds) {
                groups.extend(std::mem::take(&mut open).close(ranks, n_classes));
            }
            open.add(tree, shape, thresholds);
        }
        groups.extend(open.close(ranks, n_classes));
        let last = groups.iter().flat_map(|g: &Group| &g.batches).flat_map(|b| &b.chains).map(|c| c.cell).max();
        let n_cells = last.map_or(0, |last| usize::from(last) + 1);
        (Self { quads: planes::quads(groups, ranks, column), n_classes, n_cells }, others)
    }
}

/// For each feature the forest-wide ranks of thresholds.
type Thresholds = BTreeMap<u32, BTreeSet<u32>>;

fn thresholds(tree: &Tree, ranks: &Ranks) -> Thresholds {
    let mut thresholds = Thresholds::new();
    for node in &tree.nodes {
        if let Node::Split { feature, threshold, .. } = *node {
            thresholds.entry(feature).or_default().insert(ranks.known_rank(feature as usize, threshold));
        }
    }
    thresholds
}

fn fits(thresholds: &Thresholds) -> bool {
    thresholds.len() <= MAX_FEATURES && thresholds.values().all(|ranks| ranks.len() <= MAX_THRESHOLDS)
}

/// A group to which trees are added while their thresholds fit bytes.
#[derive(Default)]
struct OpenGroup<'a> {
    thresholds: Thresholds,
    trees: Vec<(&'a Tree, Shape)>,
}

impl<'a> OpenGroup<'a> {
    fn has_room(&self, more: &Thresholds) -> bool {
        let new_features = more.keys().filter(|feature| !self.thresholds.contains_key(feature)).count();
        self.thresholds.len() + new_features <= MAX_FEATURES
            && more.iter().all(|(feature, more)| {
                self.thresholds.get(feature).is_none_or(|have| have.union(more).count() <= MAX_THRESHOLDS)
            })
    }

    fn add(&mut self, tree: &'a Tree, shape: Shape, thresholds: Thresholds) {
        for (feature, mut more) in thresholds {
            self.thresholds.entry(feature).or_default().append(&mut more);
        }
        self.trees.push((tree, shape));
    }

    fn close(mut self, ranks: &Ranks, n_classes: usize) -> Option<Group> {
        if self.trees.is_empty() {
            return None;
        }
        // Trees with equally many leaf tables side by side: again nothing to mispredict.
        self.trees.sort_by_key(|(_, shape)| shape.paths.len().div_ceil(16));
        let features: Vec<(u32, Vec<u32>)> =
            self.thresholds.into_iter().map(|(feature, used)| (feature, used.into_iter().collect())).collect();
        let mut batches = Vec::new();
        let mut open = OpenBatch::new(n_classes);
        for (tree, shape) in self.trees {
            if !open.has_room(&shape) {
                batches.push(std::mem::replace(&mut open, OpenBatch::new(n_classes)).close());
            }
            open.add(tree, &shape, &features, ranks);
        }
        batches.push(open.close());
        Some(Group { features, batches })
    }
}
