//! Gradient descent with momentum and a gain for each coordinate (Jacobs 1988, as van der Maaten and scikit-learn do).

/// What one step takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// Above 0.
    pub learning_rate: f64,
    /// 0.5 under exaggeration, 0.8 afterwards, in van der Maaten's schedule.
    pub momentum: f64,
}

/// Points on their way down.
#[derive(Debug, Clone, PartialEq)]
pub struct Descent<const D: usize> {
    points: Vec<[f64; D]>,
    update: Vec<[f64; D]>,
    gains: Vec<[f64; D]>,
}

impl<const D: usize> Descent<D> {
    /// At rest at `points`.
    pub fn new(points: Vec<[f64; D]>) -> Self {
        let n = points.len();
        Self { points, update: vec![[0.0; D]; n], gains: vec![[1.0; D]; n] }
    }

    /// Where the points are.
    pub fn points(&self) -> &[[f64; D]] {
        &self.points
    }

    /// A gain grows by 0.2 where gradient and last update have opposite signs, else shrinks to 0.8 of it, to 0.01 at
    /// the least; `update = momentum · update − learning_rate · gain · gradient`.
    pub fn step(&mut self, gradient: &[[f64; D]], step: Step) {
        let state = self.points.iter_mut().zip(&mut self.update).zip(&mut self.gains);
        for (((point, update), gain), gradient) in state.zip(gradient) {
            for c in 0..D {
                let downhill = update[c] * gradient[c] < 0.0;
                gain[c] = if downhill { gain[c] + 0.2 } else { (gain[c] * 0.8).max(0.01) };
                update[c] = step.momentum * update[c] - step.learning_rate * (gain[c] * gradient[c]);
                point[c] += update[c];
            }
        }
    }
}
