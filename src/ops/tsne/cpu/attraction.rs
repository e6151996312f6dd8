//! Attraction of one point by its neighbours.

use crate::ops::tsne::real::Real;

/// Neighbours that are met side by side.
const LANES: usize = 8;

/// `Σ_j p_ij w_ij (y_i − y_j)`, eight sums side by side.
#[inline]
pub(super) fn attraction<const D: usize, F: Real>(
    columns: &[u32],
    values: &[F],
    points: &[[F; D]],
    i: usize,
) -> [F; D] {
    let own = points[i];
    let mut sums = [[F::ZERO; LANES]; D];
    let (columns, last_columns) = columns.as_chunks::<LANES>();
    let (values, last_values) = values.as_chunks::<LANES>();
    for (columns, values) in columns.iter().zip(values) {
        add(columns.map(|j| points[j as usize]), values, own, &mut sums);
    }
    if !last_columns.is_empty() {
        let mut neighbours = [own; LANES];
        let mut weights = [F::ZERO; LANES];
        for (at, (&j, &p)) in last_columns.iter().zip(last_values).enumerate() {
            (neighbours[at], weights[at]) = (points[j as usize], p);
        }
        add(neighbours, &weights, own, &mut sums);
    }
    sums.map(|lanes| lanes.into_iter().fold(F::ZERO, |sum, lane| sum + lane))
}

#[inline(always)]
fn add<const D: usize, F: Real>(
    neighbours: [[F; D]; LANES],
    values: &[F; LANES],
    own: [F; D],
    sums: &mut [[F; LANES]; D],
) {
    let mut apart = [[F::ZERO; LANES]; D];
    let mut weight = [F::ONE; LANES];
    for c in 0..D {
        for lane in 0..LANES {
            let x = own[c] - neighbours[lane][c];
            apart[c][lane] = x;
            weight[lane] += x * x;
        }
    }
    for lane in 0..LANES {
        weight[lane] = values[lane] / weight[lane];
    }
    for c in 0..D {
        for lane in 0..LANES {
            sums[c][lane] += weight[lane] * apart[c][lane];
        }
    }
}
