//! The CPU bodies: attraction along the rows of the affinities; repulsion over all pairs, by a tree or on a mesh.
//!
//! Points, updates and gains are f64, and few points meet in f64; many meet in f32, where what approximates their repulsion
//! is coarser than that. Rows are independent of each other, and every sum has an order of its own, so threads do not show.

mod attraction;
mod descent;
mod exact;
mod mesh;
mod pairs;
#[cfg(test)]
mod tests;
mod tree;

use super::divergence::{Entropy, divergence};
use super::real::Real;
use super::{Affinities, Body, Gradient, Step, array};
use crate::Result;
use attraction::attraction;
use descent::Descent;
pub(super) use exact::AllPairs;
pub(super) use mesh::Mesh;
use ndarray::Array2;
use rayon::prelude::*;
pub(super) use tree::Tree;

/// `Σ_j w_ij² (y_i − y_j)` of every point, and `Z`.
#[derive(Debug, Default)]
pub(super) struct Field<const D: usize> {
    forces: Vec<[f64; D]>,
    z: f64,
}

/// A way to compute repulsion.
pub(super) trait Repel<const D: usize, F>: std::fmt::Debug + Send + Sync {
    /// Fills `field`.
    fn repulsion(&mut self, points: &[[F; D]], field: &mut Field<D>) -> Result<()>;
}

/// Rows that a thread takes at a time.
const ROWS: usize = 64;

/// Points on their way down.
#[derive(Debug)]
pub(super) struct TsneCpu<const D: usize, F> {
    affinities: Affinities<F>,
    descent: Descent<D>,
    repel: Box<dyn Repel<D, F>>,
    /// The points in the precision in which they meet.
    rounded: Vec<[F; D]>,
    field: Field<D>,
    entropy: Entropy,
}

impl<const D: usize, F: Real> TsneCpu<D, F> {
    /// At rest at `points`, one a row.
    pub fn new(affinities: Affinities, points: Vec<[f64; D]>, repel: Box<dyn Repel<D, F>>) -> Self {
        let entropy = Entropy::of(&affinities);
        let rounded = vec![[F::ZERO; D]; points.len()];
        let affinities = affinities.map(F::rounded);
        Self { affinities, descent: Descent::new(points), repel, rounded, field: Field::default(), entropy }
    }

    /// Computes the repulsion where they are.
    fn meet(&mut self) -> Result<()> {
        let points = self.descent.points();
        self.rounded.par_iter_mut().zip(points).with_min_len(1024).for_each(|(to, y)| *to = y.map(F::rounded));
        self.repel.repulsion(&self.rounded, &mut self.field)
    }

    /// The divergence, from the repulsion computed last.
    fn cost(&self) -> f64 {
        divergence(&self.affinities, self.entropy, self.descent.points(), self.field.z)
    }
}

impl<const D: usize, F: Real + std::fmt::Debug> Body for TsneCpu<D, F> {
    fn advance(&mut self, n_steps: usize, step: Step) -> Result<()> {
        for _ in 0..n_steps {
            self.meet()?;
            let (affinities, rounded, field) = (&self.affinities, &self.rounded, &self.field);
            self.descent.step(step, |i| slope(affinities, rounded, field, step.exaggeration, i));
        }
        Ok(())
    }

    fn gradient(&mut self, exaggeration: f64) -> Result<Gradient> {
        self.meet()?;
        let (affinities, rounded, field) = (&self.affinities, &self.rounded, &self.field);
        let rows = (0..rounded.len()).into_par_iter().with_min_len(ROWS);
        let rows: Vec<[f64; D]> = rows.map(|i| slope(affinities, rounded, field, exaggeration, i)).collect();
        Ok(Gradient { rows: array(&rows), divergence: self.cost() })
    }

    fn divergence(&mut self) -> Result<f64> {
        self.meet()?;
        Ok(self.cost())
    }

    fn points(&self) -> Result<Array2<f64>> {
        Ok(array(self.descent.points()))
    }
}

/// The gradient of point `i`.
#[inline]
fn slope<const D: usize, F: Real>(
    affinities: &Affinities<F>,
    points: &[[F; D]],
    field: &Field<D>,
    exaggeration: f64,
    i: usize,
) -> [f64; D] {
    let (columns, values) = affinities.row(i);
    let attraction = attraction(columns, values, points, i);
    // One point alone has Z = 0 and no force.
    let scale = if field.z > 0.0 { 1.0 / field.z } else { 0.0 };
    std::array::from_fn(|c| 4.0 * (exaggeration * attraction[c].wide() - field.forces[i][c] * scale))
}
