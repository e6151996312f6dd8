//! A forest as packed arrays: its sections of a model file.
//!
//! - `trees`: u32 a tree, its number of nodes;
//! - `features`: u32 a node, the column of a split, or [`LEAF`];
//! - `values`: u32 a node, the bits of a split's f32 threshold, or a leaf's path length;
//! - `children`: two u32 a split, the indices of its left and right child in the tree.

use super::numbers::{from_u32s, to_u32s};
use crate::ops::path_length::{Forest, Node, Tree};

/// Stands for a column where a node is a leaf.
const LEAF: u32 = u32::MAX;

/// Names of the sections, in their order in the file.
pub(super) const SECTIONS: [&str; 4] = ["trees", "features", "values", "children"];

/// The sections' contents.
pub(super) fn pack(forest: &Forest) -> [Vec<u8>; 4] {
    let nodes = || forest.trees().iter().flat_map(|tree| &tree.nodes);
    let feature = |node: &Node| match *node {
        Node::Split { feature, .. } => feature,
        Node::Leaf { .. } => LEAF,
    };
    let value = |node: &Node| match *node {
        Node::Split { threshold, .. } => threshold.to_bits(),
        Node::Leaf { path } => path,
    };
    let children = |node: &Node| match *node {
        Node::Split { left, right, .. } => Some([left, right]),
        Node::Leaf { .. } => None,
    };
    [
        from_u32s(forest.trees().iter().map(|tree| tree.nodes.len() as u32)),
        from_u32s(nodes().map(feature)),
        from_u32s(nodes().map(value)),
        from_u32s(nodes().filter_map(children).flatten()),
    ]
}

/// The forest of the sections; its indices are checked by [`Forest::new`].
pub(super) fn unpack(n_features: usize, [trees, features, values, children]: [&[u8]; 4]) -> Result<Forest, String> {
    let uneven = "the arrays of its trees do not fit together";
    let sizes = to_u32s(trees).ok_or(uneven)?;
    let (mut features, mut values) = (to_u32s(features).ok_or(uneven)?, to_u32s(values).ok_or(uneven)?);
    let mut children = to_u32s(children).ok_or(uneven)?;
    let mut forest = Vec::with_capacity(sizes.len());
    for size in sizes {
        if size as usize > features.len() {
            return Err(uneven.into());
        }
        let mut nodes = Vec::with_capacity(size as usize);
        for (feature, value) in features.by_ref().take(size as usize).zip(values.by_ref()) {
            nodes.push(if feature == LEAF {
                Node::Leaf { path: value }
            } else {
                let (left, right) = (children.next().ok_or(uneven)?, children.next().ok_or(uneven)?);
                Node::Split { feature, threshold: f32::from_bits(value), left, right }
            });
        }
        forest.push(Tree { nodes });
    }
    if features.len() + values.len() + children.len() > 0 {
        return Err(uneven.into());
    }
    Forest::new(n_features, forest).map_err(|error| error.to_string())
}
