//! The CPU body: a k-d tree whose leaves are blocks that SIMD scans, searched by groups of neighbouring queries.
//!
//! Distinct references are split by medians into leaves of [`BLOCK`] rows, stored [feature][row]. A group of queries that
//! lie together (a leaf, in a self-join) walks the tree nearest box first; a query scans a leaf only if the leaf's box can
//! hold a nearer row than it has. One query against one leaf is eight vectors of distances in registers: the arithmetic
//! runs as fast as in a blocked brute-force search, which is what remains where boxes exclude nothing (wide rows); where
//! they do, most of the references are never looked at. So there is one body for narrow and wide rows, and no model of
//! their costs to get wrong.

#[cfg(target_arch = "x86_64")]
mod avx2;
mod engine;
mod groups;
mod kernel;
mod nearest;
mod search;
mod tree;

pub(super) use crate::ops::lanes::Lanes;
#[cfg(all(test, target_arch = "x86_64"))]
pub(super) use avx2::Avx2;
pub(super) use engine::run;
pub(super) use groups::{is_crowded, piece_records};
#[cfg(test)]
pub(super) use kernel::{Distances, Kernel, Portable};
pub(super) use search::Search;
pub(super) use tree::Tree;

/// Rows of a leaf: eight vectors of eight f32, as many accumulators as hide the latency of two multiply-add units.
pub(super) const BLOCK: usize = 64;

/// Vectors of a leaf, per feature.
const VECTORS: usize = BLOCK / 8;
