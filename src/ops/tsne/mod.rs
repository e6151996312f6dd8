//! `tsne`: gradient and descent of t-distributed stochastic neighbour embedding.
//!
//! # Contract
//! Points y_i in two or three dimensions, one for each row of sparse [`Affinities`] p. With
//! `w_ij = 1 / (1 + ‖y_i − y_j‖²)`, `Z = Σ_{k≠l} w_kl` and the exaggeration e (van der Maaten & Hinton 2008, eq. 5)
//!
//! ```text
//! ∂C/∂y_i = 4 (e Σ_j p_ij w_ij (y_i − y_j) − Σ_j w_ij² (y_i − y_j) / Z)
//! KL(P‖Q) = Σ p_ij ln(p_ij / (w_ij / Z))                        of the affinities as they are, without e
//! ```
//!
//! A step changes a gain for each coordinate (Jacobs 1988): where gradient and last update have opposite signs it grows by
//! 0.2, else it shrinks to 0.8 of it, to 0.01 at the least; then
//! `update = momentum · update − learning_rate · gain · gradient`, and the point moves by its update.
//!
//! Points are finite; they stay resident on the device between steps, and only what is asked for is read back. No rows are
//! an error, one row has a gradient of 0.
//!
//! # Agreement
//! **Bounded**, by the norm of the difference of gradients in relation to the norm of the larger of the two forces
//! (attraction and repulsion nearly cancel near an optimum, so that no f32 sum could be near in relation to what is left):
//!
//! - CPU, all pairs: f64 throughout, 1e-12;
//! - CPU, [`Repulsion::Tree`] and [`Repulsion::Mesh`]: 1e-2; on finished embeddings of 10,000 to 200,000 flows half of that. What is
//!   small beside the kernel's width of 1, the mesh has to 1e-3. For many points: what a point alone does to itself is not 0;
//! - GPU, all pairs: f32 pairs in f32 sums of a tile, tiles added in order as f32: 1e-5.
//!
//! Sums have an order that the data fixes, so on one device the bytes do not depend on thread count or timing.

mod affinities;
mod bench;
mod cpu;
mod divergence;
mod gpu;
mod real;

pub use affinities::Affinities;
pub use gpu::{DescentStep, Fenced, TsneGpu};

use super::Operation;
use crate::device::{AdapterReport, Device};
use crate::{Error, Result};
use cpu::{AllPairs, Mesh, Tree, TsneCpu};
use ndarray::{Array2, ArrayView2};

/// Terms of an f32 sum of the CPU's bodies; sums of these are f64.
pub const SPAN: usize = 128;

/// From this many points a tree is faster on the CPU than all pairs: measured, as what follows, by
/// `METHOD=steps cargo bench --bench embed -- ROWS.npy`.
const TREE_FROM: usize = 1_500;
/// From this many points in two dimensions a mesh is faster than a tree of the same accuracy: an embedding grows less than
/// its number of points.
const MESH_FROM: usize = 100_000;

/// On the list of operations.
pub(super) const OPERATION: Operation =
    Operation { name: "tsne", kernels: gpu::KERNELS, shortfall: AdapterReport::shortfall, cases: bench::cases };

/// How repulsion is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Repulsion {
    /// What is faster on the device at this number of points.
    #[default]
    Auto,
    /// Over all pairs.
    Exact,
    /// By a tree of cells (Barnes & Hut 1986; van der Maaten 2014). On a CPU only.
    Tree,
    /// In two dimensions: interpolated on a mesh whose convolutions are Fourier transforms (in the manner of Linderman et al. 2019). On a CPU only.
    Mesh,
}

/// What one step takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// Above 0.
    pub learning_rate: f64,
    /// In 0..1: 0.5 under exaggeration, 0.8 afterwards, in van der Maaten's schedule.
    pub momentum: f64,
    /// Affinities count as often: 12 early, 1 afterwards.
    pub exaggeration: f64,
}

/// The gradient at some points, and what they cost.
#[derive(Debug, Clone, PartialEq)]
pub struct Gradient {
    /// `∂C/∂y_i`, `n_rows × n_dims`.
    pub rows: Array2<f64>,
    /// `KL(P‖Q)` without exaggeration.
    pub divergence: f64,
}

/// Points on their way down, resident on a device.
#[derive(Debug)]
pub struct Tsne {
    body: Box<dyn Body>,
}

/// What a device does; see [`Tsne`].
trait Body: std::fmt::Debug + Send {
    fn advance(&mut self, n_steps: usize, step: Step) -> Result<()>;
    fn gradient(&mut self, exaggeration: f64) -> Result<Gradient>;
    fn divergence(&mut self) -> Result<f64>;
    fn points(&self) -> Result<Array2<f64>>;
}

impl Tsne {
    /// At rest at `points` (`n_rows × 2` or `× 3`).
    ///
    /// # Errors
    /// Points that are not one a row of `affinities`, not of two or three dimensions or not finite; a mesh on a GPU; if the
    /// device lacks the memory.
    pub fn prepare(
        affinities: Affinities,
        points: ArrayView2<'_, f64>,
        device: &Device,
        repulsion: Repulsion,
    ) -> Result<Self> {
        let n = affinities.n_rows();
        if points.nrows() != n || n == 0 {
            return Err(Error::parameter(
                "number of points",
                points.nrows(),
                format!("the affinities have {n} rows, and there must be one"),
            ));
        }
        if let Some(x) = points.iter().find(|x| !x.is_finite()) {
            return Err(Error::parameter("coordinate", x, "it must be finite"));
        }
        let n_dims = points.ncols();
        if !matches!(n_dims, 2 | 3) {
            return Err(Error::parameter("dims", n_dims, "points have 2 or 3 dimensions"));
        }
        if let Device::Gpu(gpu) = device {
            if !matches!(repulsion, Repulsion::Auto | Repulsion::Exact) {
                let limit = "a GPU computes it over all pairs; use auto or exact";
                return Err(Error::parameter("repulsion", format!("{repulsion:?}").to_lowercase(), limit));
            }
            return Ok(Self { body: Box::new(TsneGpu::prepare(affinities, points, gpu)?) });
        }
        let body: Box<dyn Body> = match (repulsion.resolve(n_dims, n), n_dims) {
            (Repulsion::Mesh, 2) => Box::new(TsneCpu::new(affinities, rows(points), Box::new(Mesh::<2>::default()))),
            (Repulsion::Mesh, _) => {
                return Err(Error::parameter("repulsion", "mesh", "it is for 2 dimensions; use tree"));
            }
            (Repulsion::Tree, 2) => Box::new(TsneCpu::new(affinities, rows(points), Box::new(Tree::<2>::default()))),
            (Repulsion::Tree, _) => Box::new(TsneCpu::new(affinities, rows(points), Box::new(Tree::<3>::default()))),
            (_, 2) => Box::new(TsneCpu::<2, f64>::new(affinities, rows(points), Box::new(AllPairs::default()))),
            (_, _) => Box::new(TsneCpu::<3, f64>::new(affinities, rows(points), Box::new(AllPairs::default()))),
        };
        Ok(Self { body })
    }

    /// Takes `n_steps` steps.
    ///
    /// # Errors
    /// If the device fails.
    pub fn advance(&mut self, n_steps: usize, step: Step) -> Result<()> {
        self.body.advance(n_steps, step)
    }

    /// The gradient where the points are.
    ///
    /// # Errors
    /// If the device fails.
    pub fn gradient(&mut self, exaggeration: f64) -> Result<Gradient> {
        self.body.gradient(exaggeration)
    }

    /// `KL(P‖Q)` where the points are, without exaggeration.
    ///
    /// # Errors
    /// If the device fails.
    pub fn divergence(&mut self) -> Result<f64> {
        self.body.divergence()
    }

    /// Where the points are, `n_rows × n_dims`.
    ///
    /// # Errors
    /// If the device fails.
    pub fn points(&self) -> Result<Array2<f64>> {
        self.body.points()
    }
}

impl Repulsion {
    /// What is computed of `n_rows` points.
    fn resolve(self, n_dims: usize, n_rows: usize) -> Self {
        match self {
            Self::Auto if n_rows < TREE_FROM => Self::Exact,
            Self::Auto if n_dims == 2 && n_rows >= MESH_FROM => Self::Mesh,
            Self::Auto => Self::Tree,
            chosen => chosen,
        }
    }
}

fn rows<const D: usize>(points: ArrayView2<'_, f64>) -> Vec<[f64; D]> {
    let row = |row: ndarray::ArrayView1<'_, f64>| std::array::from_fn(|c| row.get(c).copied().unwrap_or_default());
    points.outer_iter().map(row).collect()
}

fn array<const D: usize>(rows: &[[f64; D]]) -> Array2<f64> {
    Array2::from_shape_fn((rows.len(), D), |(i, c)| rows[i][c])
}
