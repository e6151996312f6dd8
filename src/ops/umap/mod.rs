//! `umap`: stochastic layout of a weighted graph.
//!
//! # Contract
//! Vertices y_i in two or three dimensions and a symmetric [`Graph`] with weights w in (0, 1]. With `p = ‖y_i − y_j‖^(2b)`
//! (McInnes, Healy & Melville 2018, §3.2 and Appendix C):
//!
//! ```text
//! attraction of i by j      −2 a b p / (‖y_i − y_j‖² (1 + a p)) (y_i − y_j)
//! repulsion of i by j            2 γ b / ((0.001 + ‖y_i − y_j‖²) (1 + a p)) (y_i − y_j)
//! ```
//!
//! each coordinate clipped to ±4 and multiplied by the epoch's learning rate α. Neither acts between equal points.
//!
//! umap-learn walks over all directed edges of an epoch and moves both ends of each at once, which no two threads can do
//! alike. Here an epoch is [`SUB_STEPS`] sub-steps; each directed edge has one by hash. In it every vertex gathers its edges
//! of that sub-step, as head or as tail, and for each of which it is the head [`Layout::n_negatives`] vertices by hash of (seed,
//! epoch, edge, i), all from where they were before the sub-step, and moves once; where
//! more than four edges meet in one, by their mean times four, since a hub would be thrown beyond where they pull it. An edge takes part in
//! `⌊e w / w_max⌋ − ⌊(e − 1) w / w_max⌋` of epoch e: as often as its weight says, at even distances (the heaviest edges
//! from the second epoch on, as in umap-learn).
//!
//! # Agreement
//! **Exact** on a CPU: the same bits for every instruction set and thread count. Powers are f32 polynomials, relative error
//! 3e-6. A whole layout is tested by what it keeps (trustworthiness, neighbours), never by coordinates.

mod cpu;
mod graph;
mod power;
#[cfg(test)]
mod tests;

pub use graph::Graph;

use crate::{Error, Result};
use ndarray::{Array2, ArrayView2};

/// Sub-steps of an epoch: about as many as a vertex has events in it, so that few meet in one.
pub const SUB_STEPS: u32 = 16;

/// How a layout moves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Layout {
    /// Of the curve `1 / (1 + a d^(2b))`.
    pub a: f32,
    /// Likewise.
    pub b: f32,
    /// γ, the weight of repulsion.
    pub repulsion: f32,
    /// Vertices that repel at each edge.
    pub n_negatives: u32,
    /// Epochs in all.
    pub n_epochs: usize,
    /// α of the first epoch; it falls linearly to 0.
    pub learning_rate: f32,
    /// Decides which vertices repel.
    pub seed: u64,
}

/// A layout on its way.
#[derive(Debug)]
pub struct Umap {
    layout: Layout,
    epoch: usize,
    body: Body,
}

#[derive(Debug)]
enum Body {
    Plane(cpu::UmapCpu<2>),
    Space(cpu::UmapCpu<3>),
}

impl Umap {
    /// Vertices at `points` (`n × 2` or `× 3`); those from `n_moving` on never move.
    ///
    /// # Errors
    /// Points that are not one a vertex, not of 2 or 3 dimensions or not finite.
    pub fn prepare(graph: &Graph, points: ArrayView2<'_, f32>, n_moving: usize, layout: Layout) -> Result<Self> {
        if points.nrows() != graph.n_vertices() {
            let limit = format!("the graph has {} vertices", graph.n_vertices());
            return Err(Error::parameter("number of points", points.nrows(), limit));
        }
        if let Some(x) = points.iter().find(|x| !x.is_finite()) {
            return Err(Error::parameter("coordinate", x, "it must be finite"));
        }
        let body = match points.ncols() {
            2 => Body::Plane(cpu::UmapCpu::new(graph, points, n_moving, layout)),
            3 => Body::Space(cpu::UmapCpu::new(graph, points, n_moving, layout)),
            dims => return Err(Error::parameter("dims", dims, "points have 2 or 3 dimensions")),
        };
        Ok(Self { layout, epoch: 0, body })
    }

    /// Runs up to `n_epochs` of the epochs that are left; returns how many are done in all.
    pub fn advance(&mut self, n_epochs: usize) -> usize {
        for _ in 0..n_epochs.min(self.layout.n_epochs - self.epoch) {
            match &mut self.body {
                Body::Plane(body) => body.epoch(self.epoch),
                Body::Space(body) => body.epoch(self.epoch),
            }
            self.epoch += 1;
        }
        self.epoch
    }

    /// Where the vertices are.
    pub fn points(&self) -> Array2<f32> {
        match &self.body {
            Body::Plane(body) => body.points(),
            Body::Space(body) => body.points(),
        }
    }
}
