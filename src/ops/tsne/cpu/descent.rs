//! Gradient descent with momentum and a gain for each coordinate.

use super::super::Step;
use super::ROWS;
use rayon::prelude::*;

/// Points, their last updates and their gains.
#[derive(Debug)]
pub(super) struct Descent<const D: usize> {
    points: Vec<[f64; D]>,
    update: Vec<[f64; D]>,
    gains: Vec<[f64; D]>,
}

impl<const D: usize> Descent<D> {
    /// At rest.
    pub fn new(points: Vec<[f64; D]>) -> Self {
        let n = points.len();
        Self { points, update: vec![[0.0; D]; n], gains: vec![[1.0; D]; n] }
    }

    /// Where they are.
    pub fn points(&self) -> &[[f64; D]] {
        &self.points
    }

    /// One step down `gradient` of each point.
    pub fn step(&mut self, step: Step, gradient: impl Fn(usize) -> [f64; D] + Sync) {
        let state = self.points.par_iter_mut().zip(&mut self.update).zip(&mut self.gains);
        state.enumerate().with_min_len(ROWS).for_each(|(i, ((point, update), gain))| {
            let gradient = gradient(i);
            for c in 0..D {
                let downhill = update[c] * gradient[c] < 0.0;
                gain[c] = if downhill { gain[c] + 0.2 } else { (gain[c] * 0.8).max(0.01) };
                update[c] = step.momentum * update[c] - step.learning_rate * (gain[c] * gradient[c]);
                point[c] += update[c];
            }
        });
    }
}
