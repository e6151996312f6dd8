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
//! of that sub-step, as head or as tail, and for each of which it is the head [`Layout::n_negatives`] vertices by hash, all
//! from where they were before the sub-step, and moves once; where more than four edges meet in one, by their mean times four,
//! since a hub would be thrown beyond where they pull it. An edge takes part in `⌊(e + 1) w / w_max⌋ − ⌊e w / w_max⌋` of epoch
//! e: as often as its weight says, at even distances (the heaviest edges from the second epoch on, as in umap-learn).
//!
//! All hashes are of 32 bits, wrapping, by `m(x)`, Wellons' lowbias32, so that GPUs have them too:
//!
//! ```text
//! salt     s = m(seed mod 2³² ^ m(⌊seed / 2³²⌋ ^ 0x756d6170))
//! edge     h = m(m(s ^ head) + 0x9e3779b9 tail),  in sub-step h mod 16
//! i-th     first + ⌊m(m(h + 0x9e3779b9 e) + 0x85ebca6b i) n / 2³²⌋ of the n vertices from `first` on, i = 1, 2, …
//! ```
//!
//! # Agreement
//! **Exact** on a CPU: the same bits for every instruction set and thread count. Powers are f32 polynomials, relative error
//! 3e-6. On a GPU the same bytes on one device, whatever the bindings and submissions; powers are the device's own `exp2` and
//! `log2`, which WGSL allows about 3e-6 as well. **One epoch** at a learning rate of 0.005 moves a vertex as term-by-term f64 does
//! to 1e-4 of the largest move and sixteen roundings of a coordinate; at larger rates near points enlarge what was rounded. A whole layout is tested by what it keeps (trustworthiness,
//! neighbours), never by coordinates.

mod bench;
mod cpu;
mod events;
mod gpu;
mod graph;
mod power;
#[cfg(test)]
mod tests;

pub use gpu::{Fenced, SubStep, UmapGpu};
pub use graph::Graph;

use super::Operation;
use crate::device::{AdapterReport, Device};
use crate::{Error, Result};
use events::Events;
use ndarray::{Array2, ArrayView2};

/// Sub-steps of an epoch: about as many as a vertex has events in it, so that few meet in one.
pub const SUB_STEPS: u32 = 16;

/// Most a coordinate moves by one edge, before the learning rate.
const CLIP: f32 = 4.0;

/// Edges that may act in full on a vertex in one sub-step: more would throw it beyond where they pull it, so a hub follows their
/// mean.
const MOST_EVENTS: u32 = 4;

/// See [`OPERATIONS`](super::OPERATIONS).
pub(super) const OPERATION: Operation =
    Operation { name: "umap", kernels: gpu::KERNELS, shortfall: AdapterReport::shortfall, cases: bench::cases };

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

impl Layout {
    /// α of an epoch.
    fn rate(&self, epoch: usize) -> f32 {
        self.learning_rate * (1.0 - epoch as f32 / self.n_epochs as f32)
    }
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
    Gpu(Box<UmapGpu>),
}

impl Umap {
    /// Vertices at `points` (`n × 2` or `× 3`); those from `n_moving` on never move.
    ///
    /// # Errors
    /// Points that are not one a vertex, not of 2 or 3 dimensions or not finite; on a GPU, more than it can bind.
    pub fn prepare(
        graph: &Graph,
        points: ArrayView2<'_, f32>,
        n_moving: usize,
        layout: Layout,
        device: &Device,
    ) -> Result<Self> {
        if points.nrows() != graph.n_vertices() {
            let limit = format!("the graph has {} vertices", graph.n_vertices());
            return Err(Error::parameter("number of points", points.nrows(), limit));
        }
        if let Some(x) = points.iter().find(|x| !x.is_finite()) {
            return Err(Error::parameter("coordinate", x, "it must be finite"));
        }
        if !matches!(points.ncols(), 2 | 3) {
            return Err(Error::parameter("dims", points.ncols(), "points have 2 or 3 dimensions"));
        }
        let body = match device {
            Device::Gpu(gpu) => Body::Gpu(Box::new(UmapGpu::prepare(graph, points, n_moving, layout, gpu)?)),
            Device::Cpu => {
                let events = Events::new(graph, n_moving.min(points.nrows()), &layout);
                match points.ncols() {
                    2 => Body::Plane(cpu::UmapCpu::new(events, points, layout)),
                    _ => Body::Space(cpu::UmapCpu::new(events, points, layout)),
                }
            }
        };
        Ok(Self { layout, epoch: 0, body })
    }

    /// Runs up to `n_epochs` of the epochs that are left; returns how many are done in all.
    ///
    /// # Errors
    /// If the device fails.
    pub fn advance(&mut self, n_epochs: usize) -> Result<usize> {
        let epochs = self.epoch..self.layout.n_epochs.min(self.epoch + n_epochs);
        self.epoch = epochs.end;
        match &mut self.body {
            Body::Plane(body) => epochs.for_each(|epoch| body.epoch(epoch)),
            Body::Space(body) => epochs.for_each(|epoch| body.epoch(epoch)),
            Body::Gpu(body) => body.advance(epochs)?,
        }
        Ok(self.epoch)
    }

    /// Leaves out so many of the epochs that are left: for tests of one epoch.
    pub fn skip(&mut self, n_epochs: usize) {
        self.epoch = self.layout.n_epochs.min(self.epoch + n_epochs);
    }

    /// Where the vertices are.
    ///
    /// # Errors
    /// If the device fails.
    pub fn points(&self) -> Result<Array2<f32>> {
        Ok(match &self.body {
            Body::Plane(body) => body.points(),
            Body::Space(body) => body.points(),
            Body::Gpu(body) => body.points()?,
        })
    }
}
