//! Queries that lie together are searched together.

use super::BLOCK;
use super::tree::{Tree, partition};
use std::ops::Range;

/// Candidates that the queries of a group may hold together: 64 queries of the usual k, one of very large k.
const CANDIDATES: usize = 1 << 16;

/// Whether the lists of a row with so many records are handed out in pieces: they are more than those of a whole group
/// usually are, or the row has its nearest among its own records.
pub(in super::super) fn is_crowded(n_members: usize, k: usize) -> bool {
    n_members > k || n_members.saturating_mul(k) > CANDIDATES / BLOCK * 4
}

/// Records of a row that are handed their lists at once.
pub(in super::super) fn piece_records(k: usize) -> usize {
    (CANDIDATES / k.max(1)).max(1)
}

/// Queries of one group by their numbers.
#[derive(Debug)]
pub(in super::super) struct Group {
    pub rows: Vec<u32>,
}

/// Rows that a group may have where each query wants `wanted` neighbours.
fn group_rows(wanted: usize) -> usize {
    (CANDIDATES / wanted.max(1)).clamp(1, BLOCK)
}

impl Tree {
    /// Divides `n_queries` rows (row-major) into groups that lie together.
    pub fn group_queries(&self, values: &[f32], n_queries: usize, wanted: usize) -> Vec<Group> {
        let size = group_rows(wanted);
        let order = partition(values, self.features.len(), n_queries, size);
        order.chunks(size).map(|rows| Group { rows: rows.to_vec() }).collect()
    }

    /// The tree's own rows in groups, each within a leaf.
    pub fn own_groups(&self, wanted: usize) -> OwnGroups {
        OwnGroups { n_rows: self.n_rows(), size: group_rows(wanted) }
    }
}

/// The groups of a self-join, numbered.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct OwnGroups {
    n_rows: usize,
    size: usize,
}

impl OwnGroups {
    pub fn len(&self) -> usize {
        let in_a_leaf = BLOCK.div_ceil(self.size);
        let whole = self.n_rows / BLOCK * in_a_leaf;
        whole + (self.n_rows % BLOCK).div_ceil(self.size)
    }

    /// The rows of a group.
    pub fn get(&self, group: usize) -> Range<u32> {
        let in_a_leaf = BLOCK.div_ceil(self.size);
        let leaf = group / in_a_leaf;
        let begin = leaf * BLOCK + group % in_a_leaf * self.size;
        let end = (begin + self.size).min((leaf + 1) * BLOCK).min(self.n_rows);
        begin as u32..end as u32
    }
}
