//! The exact gradient, in f64.

use crate::embedding::Affinities;
use crate::features::math;
use crate::{Error, Result};
use rayon::prelude::*;

/// The gradient at some points, and what they cost.
#[derive(Debug, Clone, PartialEq)]
pub struct Gradient<const D: usize> {
    /// `∂C/∂y_i`, one a row.
    pub rows: Vec<[f64; D]>,
    /// `KL(P‖Q) = Σ p_ij ln(p_ij / q_ij)` of the affinities as they are, without exaggeration.
    pub kl: f64,
}

/// One row's part of the sums.
struct Part<const D: usize> {
    attraction: [f64; D],
    repulsion: [f64; D],
    /// `Σ_j w_ij`.
    z: f64,
    /// `Σ_j p_ij ln(p_ij / w_ij)`.
    cost: f64,
    /// `Σ_j p_ij`.
    mass: f64,
}

/// `∂C/∂y_i = 4 Σ_j (e p_ij − w_ij / Z) w_ij (y_i − y_j)`, with `w_ij = 1 / (1 + |y_i − y_j|²)`, `Z = Σ_{k≠l} w_kl`
/// and `e` the exaggeration. All n² pairs; each row in a fixed order, so the bytes do not depend on threads.
///
/// # Errors
/// Another number of points than of rows of `affinities`.
pub fn gradient<const D: usize>(
    affinities: &Affinities,
    points: &[[f64; D]],
    exaggeration: f64,
) -> Result<Gradient<D>> {
    if points.len() != affinities.n_rows() {
        let what = format!("{} points for {} rows of affinities", points.len(), affinities.n_rows());
        return Err(Error::Internal(what));
    }
    let parts: Vec<Part<D>> = points.par_iter().enumerate().map(|(i, y)| part(affinities.row(i), y, points)).collect();
    let z: f64 = parts.iter().map(|part| part.z).sum();
    let (cost, mass) = parts.iter().fold((0.0, 0.0), |(cost, mass), part| (cost + part.cost, mass + part.mass));
    let row =
        |part: &Part<D>| std::array::from_fn(|c| 4.0 * (exaggeration * part.attraction[c] - part.repulsion[c] / z));
    Ok(Gradient { rows: parts.iter().map(row).collect(), kl: cost + mass * math::ln(z) })
}

fn part<const D: usize>(row: &[(u32, f64)], y: &[f64; D], points: &[[f64; D]]) -> Part<D> {
    // The point itself is among all points: it adds 1 to z, and nothing to the force.
    let mut part = Part { attraction: [0.0; D], repulsion: [0.0; D], z: -1.0, cost: 0.0, mass: 0.0 };
    for other in points {
        let (w, apart) = pair(y, other);
        part.z += w;
        (0..D).for_each(|c| part.repulsion[c] += w * w * apart[c]);
    }
    for &(j, p) in row.iter().filter(|&&(_, p)| p > 0.0) {
        let Some(other) = points.get(j as usize) else { continue };
        let (w, apart) = pair(y, other);
        (0..D).for_each(|c| part.attraction[c] += p * w * apart[c]);
        part.cost += p * math::ln(p / w);
        part.mass += p;
    }
    part
}

/// `w_ij` and `y_i − y_j`.
fn pair<const D: usize>(a: &[f64; D], b: &[f64; D]) -> (f64, [f64; D]) {
    let apart: [f64; D] = std::array::from_fn(|c| a[c] - b[c]);
    (1.0 / (1.0 + apart.iter().map(|x| x * x).sum::<f64>()), apart)
}
