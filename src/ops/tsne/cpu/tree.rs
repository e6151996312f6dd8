//! Repulsion by a tree of cells, each of which acts from afar as its points would at their centre.
//!
//! Barnes & Hut 1986, as van der Maaten 2014 used it, with one difference: points are taken in groups of neighbours, and a
//! cell is far when it is far from the whole group. So every point of a group has the same list of what repels it, and meets
//! it in the lanes of one loop; lists are longer and the approximation better than by points.

mod cells;
mod order;

use super::pairs::{Mass, WIDTH, group, kernel};
use super::{Field, Repel};
use crate::{Error, Result};
use cells::Cells;
use order::Order;
use rayon::prelude::*;

/// A cell is far where its side is below this share of its distance, as in scikit-learn (`angle`).
/// A cell is far where its side is below this share of its distance, as in scikit-learn (`angle`).
const ANGLE: f32 = 0.4;

/// What is kept between steps.
#[derive(Debug, Default)]
pub struct Tree<const D: usize> {
    order: Order<D>,
    cells: Cells<D>,
    /// In the tree's order.
    forces: Vec<[f64; D]>,
}

impl<const D: usize> Repel<D, f32> for Tree<D> {
    fn repulsion(&mut self, points: &[[f32; D]], field: &mut Field<D>) -> Result<()> {
        if !points.par_iter().with_min_len(1024).all(|point| point.iter().all(|x| x.abs() < 1e15)) {
            let limit = "t-SNE has diverged; choose a smaller --learning-rate";
            return Err(Error::parameter("extent of the points", "beyond 10¹⁵", limit));
        }
        self.order.sort(points);
        self.cells.build(&self.order);
        let (kernel, cells, places) = (kernel::<D, f32>(), &self.cells, &self.order.places);
        let block = |list: &mut Vec<Mass<D, f32>>, (targets, forces): (&[[f32; D]], &mut [[f64; D]])| {
            cells.seen_from(targets, places, ANGLE, list);
            let sums = kernel(&group(targets), list);
            for (lane, force) in forces.iter_mut().enumerate() {
                *force = std::array::from_fn(|c| sums.force[c][lane]);
            }
            // Each point has met itself, and added 1: a cell that holds the group is never far.
            sums.weight.iter().take(targets.len()).map(|z| z - 1.0).sum::<f64>()
        };
        self.forces.resize(points.len(), [0.0; D]);
        let groups = places.par_chunks(WIDTH).zip(self.forces.par_chunks_mut(WIDTH));
        let z: Vec<f64> = groups.map_init(Vec::new, block).collect();
        field.z = z.iter().sum();
        field.forces.resize(points.len(), [0.0; D]);
        for (&point, force) in self.order.points.iter().zip(&self.forces) {
            field.forces[point as usize] = *force;
        }
        Ok(())
    }
}
