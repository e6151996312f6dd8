//! What a layout is of.

use crate::{Error, Result};

/// A sparse, symmetric matrix of weights by rows (CSR), columns ascending, nothing on the diagonal.
#[derive(Debug, Clone, PartialEq)]
pub struct Graph {
    offsets: Vec<usize>,
    columns: Vec<u32>,
    weights: Vec<f32>,
}

impl Graph {
    /// From each vertex' (neighbour, weight).
    ///
    /// # Errors
    /// A neighbour that is no vertex, a weight that is not in (0, 1].
    pub fn new(rows: Vec<Vec<(u32, f32)>>) -> Result<Self> {
        let n = rows.len();
        let mut graph = Self { offsets: vec![0], columns: Vec::new(), weights: Vec::new() };
        for row in rows {
            for (column, weight) in row {
                if column as usize >= n || !(weight > 0.0 && weight <= 1.0) {
                    let what = format!("an edge to vertex {column} of {n} with weight {weight}");
                    return Err(Error::Internal(what));
                }
                graph.columns.push(column);
                graph.weights.push(weight);
            }
            graph.offsets.push(graph.columns.len());
        }
        Ok(graph)
    }

    /// Vertices.
    pub fn n_vertices(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Edges, each counted from both ends.
    pub fn n_edges(&self) -> usize {
        self.columns.len()
    }

    /// A vertex' neighbours and their weights; none for a vertex there is not.
    pub fn row(&self, vertex: usize) -> (&[u32], &[f32]) {
        match (self.offsets.get(vertex), self.offsets.get(vertex + 1)) {
            (Some(&from), Some(&to)) => {
                (self.columns.get(from..to).unwrap_or_default(), self.weights.get(from..to).unwrap_or_default())
            }
            _ => (&[], &[]),
        }
    }

    /// The largest weight; 0 without edges.
    pub fn largest_weight(&self) -> f32 {
        self.weights.iter().copied().fold(0.0, f32::max)
    }
}
