//! Repulsion over all pairs.

use super::pairs::{Mass, WIDTH, group, kernel};
use super::{Field, Repel};
use crate::Result;
use crate::ops::tsne::real::Real;
use rayon::prelude::*;

/// All pairs, in f64: below the number of points where anything else is faster, exactness costs nothing.
#[derive(Debug, Default)]
pub struct AllPairs<const D: usize, F> {
    masses: Vec<Mass<D, F>>,
}

impl<const D: usize, F: Real + std::fmt::Debug> Repel<D, F> for AllPairs<D, F> {
    fn repulsion(&mut self, points: &[[F; D]], field: &mut Field<D>) -> Result<()> {
        let kernel = kernel::<D, F>();
        self.masses.clear();
        self.masses.extend(points.iter().map(|&place| Mass { place, count: F::ONE }));
        let masses = &self.masses;
        let block = |(targets, forces): (&[[F; D]], &mut [[f64; D]])| {
            let sums = kernel(&group(targets), masses);
            for (lane, force) in forces.iter_mut().enumerate() {
                *force = std::array::from_fn(|c| sums.force[c][lane]);
            }
            // Each point has met itself, and added 1.
            sums.weight.iter().take(targets.len()).map(|z| z - 1.0).sum::<f64>()
        };
        field.forces.resize(points.len(), [0.0; D]);
        let z: Vec<f64> = points.par_chunks(WIDTH).zip(field.forces.par_chunks_mut(WIDTH)).map(block).collect();
        field.z = z.iter().sum();
        Ok(())
    }
}
