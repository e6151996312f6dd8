//! Neighbour lists that are kept.

use super::Neighbor;

/// The lists of all references among themselves.
#[derive(Debug, Clone, PartialEq)]
pub struct NeighborLists {
    n_neighbors: usize,
    index: Vec<u32>,
    sq_dist: Vec<f64>,
}

impl NeighborLists {
    /// Bytes that lists of `n_rows × n_neighbors` take.
    pub fn bytes(n_rows: usize, n_neighbors: usize) -> u64 {
        let each = (size_of::<u32>() + size_of::<f64>()) as u64;
        (n_rows as u64).saturating_mul(n_neighbors as u64).saturating_mul(each)
    }

    pub(super) fn empty(n_rows: usize, n_neighbors: usize) -> Self {
        let n = n_rows * n_neighbors;
        Self { n_neighbors, index: vec![0; n], sq_dist: vec![0.0; n] }
    }

    pub(super) fn add(&mut self, part: &PackedLists) {
        let k = self.n_neighbors;
        for (i, &row) in part.rows.iter().enumerate() {
            let (from, to) = (i * k..(i + 1) * k, row as usize * k..(row as usize + 1) * k);
            if let (Some(from), Some(to)) = (part.index.get(from.clone()), self.index.get_mut(to.clone())) {
                to.copy_from_slice(from);
            }
            if let (Some(from), Some(to)) = (part.sq_dist.get(from), self.sq_dist.get_mut(to)) {
                to.copy_from_slice(from);
            }
        }
    }

    /// Rows.
    pub fn n_rows(&self) -> usize {
        self.index.len() / self.n_neighbors.max(1)
    }

    /// Neighbours of each row.
    pub fn n_neighbors(&self) -> usize {
        self.n_neighbors
    }

    /// A row's neighbours, to be exchanged for others at the same distances, and these distances, squared.
    pub(crate) fn row_mut(&mut self, row: usize) -> (&mut [u32], &[f64]) {
        let range = row.saturating_mul(self.n_neighbors)..row.saturating_add(1).saturating_mul(self.n_neighbors);
        (self.index.get_mut(range.clone()).unwrap_or_default(), self.sq_dist.get(range).unwrap_or_default())
    }

    /// A row's neighbours, nearest first: their indices and squared distances. Empty for a row there is not.
    pub fn row(&self, row: usize) -> (&[u32], &[f64]) {
        let range = row.saturating_mul(self.n_neighbors)..row.saturating_add(1).saturating_mul(self.n_neighbors);
        (self.index.get(range.clone()).unwrap_or_default(), self.sq_dist.get(range).unwrap_or_default())
    }
}

/// The lists of some rows, on their way.
#[derive(Default)]
pub(super) struct PackedLists {
    rows: Vec<u32>,
    index: Vec<u32>,
    sq_dist: Vec<f64>,
}

impl PackedLists {
    pub fn push(&mut self, row: u32, list: &[Neighbor]) {
        self.rows.push(row);
        self.index.extend(list.iter().map(|neighbor| neighbor.index));
        self.sq_dist.extend(list.iter().map(|neighbor| neighbor.sq_dist));
    }
}
