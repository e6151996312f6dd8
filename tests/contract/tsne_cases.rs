//! Cases of `tsne`, their gradients term by term in f64, and the comparison.

use ndarray::Array2;
use oddflow::features::math;
use oddflow::ops::tsne::{Affinities, Gradient, TsneGpu};

/// Written over everything before a kernel writes it: as f32 a NaN.
const POISON: u32 = 0x7fc0_dead;

pub struct Case {
    pub points: Array2<f64>,
    pub exaggeration: f64,
    p: Vec<Vec<(usize, f64)>>,
    expected: Array2<f64>,
    divergence: f64,
    /// The norm of the larger force.
    scale: f64,
}

impl Case {
    /// `n` points in clusters, some of them equal, unevenly drawn to neighbours by number; the first to every fifth.
    pub fn new(n: usize, dims: usize) -> Self {
        Self::reaching(n, dims, 6)
    }

    /// With neighbours up to `reach` numbers away.
    pub fn reaching(n: usize, dims: usize, reach: usize) -> Self {
        let hash = |i: usize, c: usize| ((i * 37 + c * 101 + 11).wrapping_mul(0x9e37_79b9) >> 7) % 1000;
        // What a device keeps of it is all that it can be held to.
        let point =
            |i: usize, c: usize| f64::from((i % 4 * 9) as f32 * ((c + 1) as f32) + hash(i / 2 * 2, c) as f32 * 0.004);
        let points = Array2::from_shape_fn((n, dims), |(i, c)| point(i, c));
        let drawn = |i: usize, j: usize| {
            j != i && (i.abs_diff(j) < reach || (i == 0 && j.is_multiple_of(5)) || (j == 0 && i.is_multiple_of(5)))
        };
        let weight = |i: usize, j: usize| 1.0 / (1 + (i * j) % 5 + i.abs_diff(j) % 7) as f64;
        let total: f64 = (0..n).flat_map(|i| (0..n).filter(move |&j| drawn(i, j)).map(move |j| weight(i, j))).sum();
        let row =
            |i: usize| (0..n).filter(|&j| drawn(i, j)).map(|j| (j, f64::from((weight(i, j) / total) as f32))).collect();
        let mut case = Self {
            points,
            exaggeration: 3.0,
            p: (0..n).map(row).collect(),
            expected: Array2::zeros((n, dims)),
            divergence: 0.0,
            scale: 0.0,
        };
        case.solve();
        case
    }

    pub fn affinities(&self) -> Affinities {
        let mut offsets = vec![0];
        offsets.extend(self.p.iter().scan(0, |end, row| {
            *end += row.len();
            Some(*end)
        }));
        let columns = self.p.iter().flatten().map(|&(j, _)| j as u32).collect();
        Affinities::new(offsets, columns, self.p.iter().flatten().map(|&(_, p)| p).collect()).unwrap()
    }

    fn solve(&mut self) {
        let (n, dims) = self.points.dim();
        let y = &self.points;
        let w = |i: usize, j: usize| 1.0 / (1.0 + (0..dims).map(|c| (y[[i, c]] - y[[j, c]]).powi(2)).sum::<f64>());
        let z: f64 = (0..n).map(|i| (0..n).filter(|&j| j != i).map(|j| w(i, j)).sum::<f64>()).sum();
        let mut squares = [0.0; 2];
        for i in 0..n {
            for c in 0..dims {
                let apart = |j: usize| y[[i, c]] - y[[j, c]];
                let push: f64 = (0..n).filter(|&j| j != i).map(|j| w(i, j).powi(2) * apart(j) / z).sum();
                let draw: f64 = self.p[i].iter().map(|&(j, p)| self.exaggeration * p * w(i, j) * apart(j)).sum();
                self.expected[[i, c]] = 4.0 * (draw - push);
                squares = [squares[0] + 16.0 * draw * draw, squares[1] + 16.0 * push * push];
            }
            self.divergence += self.p[i].iter().map(|&(j, p)| p * math::ln(p / (w(i, j) / z))).sum::<f64>();
        }
        self.scale = squares[0].max(squares[1]).sqrt();
    }
}

/// NaN is no agreement.
pub fn is_above(met: f64, most: f64) -> bool {
    met.is_nan() || met > most
}

/// Compares a gradient with the case's.
pub fn compare(met: &Gradient, case: &Case, bound: f64) -> Result<(), String> {
    let name = format!("{:?} points", case.points.dim());
    if met.rows.dim() != case.expected.dim() {
        return Err(format!("{name}: a gradient of {:?}", met.rows.dim()));
    }
    let apart = (&met.rows - &case.expected).mapv(|x| x * x).sum().sqrt();
    if is_above(apart, bound * case.scale) {
        return Err(format!("{name}: off by {apart:e}, at most {:e}", bound * case.scale));
    }
    // Each row as well, loosely: one wrong row among many must show.
    for (i, (row, wanted)) in met.rows.outer_iter().zip(case.expected.outer_iter()).enumerate() {
        let apart = (&row - &wanted).mapv(|x| x * x).sum().sqrt();
        let most =
            10.0 * bound * (case.scale / (case.expected.nrows() as f64).sqrt() + wanted.mapv(|x| x * x).sum().sqrt());
        if is_above(apart, most) {
            return Err(format!("{name}: row {i} is off by {apart:e}, at most {most:e}"));
        }
    }
    let cost = (met.divergence - case.divergence).abs();
    // Of two far points next to nothing is left of f32's 1 + w when the point itself is taken away.
    let bound = if case.points.nrows() < 16 { 10.0 * bound } else { bound };
    if is_above(cost, bound * (1.0 + case.divergence.abs())) {
        return Err(format!("{name}: divergence {} instead of {}", met.divergence, case.divergence));
    }
    Ok(())
}

/// A GPU's gradient, twice the same, poisoned and fenced.
pub fn check(op: &mut TsneGpu, case: &Case) -> Result<(), String> {
    let met = op.gradient(case.exaggeration).map_err(|e| e.to_string())?;
    compare(&met, case, 1e-5)?;
    let poisoned = op.poisoned_gradient(case.exaggeration, POISON).map_err(|e| e.to_string())?;
    if poisoned.gradient != met {
        return Err(format!("{:?} points: another gradient where memory was not clean", case.points.dim()));
    }
    if poisoned.fence.is_empty() || poisoned.fence.iter().any(|&word| word != POISON) {
        return Err(format!("{:?} points: something was written behind the state", case.points.dim()));
    }
    let before = Array2::from(case.points.clone());
    let after = op.points().map_err(|e| e.to_string())?;
    if after != before.mapv(|x| f64::from(x as f32)) {
        return Err("points moved without a step".into());
    }
    Ok(())
}
