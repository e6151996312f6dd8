//! How much of the rows' neighbourhoods an embedding keeps.

use crate::device::Device;
use crate::ops::neighbors::{Neighbors, Watch};
use crate::{Error, Result, Stop};
use ndarray::{ArrayView2, Axis};
use rayon::prelude::*;
use std::collections::HashSet;

/// Trustworthiness (Venna & Kaski 2001), 1 at best: by how many ranks those exceed `k` among a row's neighbours that are among
/// its `k` nearest in the embedding and not among its `k` nearest rows. Compares all pairs of rows.
///
/// # Errors
/// `k` of at least half the rows, tables of different lengths, values that are not finite, a request to stop.
pub fn trustworthiness(rows: ArrayView2<'_, f32>, points: ArrayView2<'_, f32>, k: usize, stop: &Stop) -> Result<f64> {
    let n = rows.nrows();
    if k == 0 || 2 * k >= n || points.nrows() != n {
        return Err(Error::parameter("k", k, format!("it must be at least 1 and below half of the {n} rows")));
    }
    let near = Neighbors::prepare(points, &Device::Cpu)?.self_lists(k, Watch::stop(stop))?;
    let excess = |i: usize| -> f64 {
        let own = rows.row(i);
        let sq_dist = |j: usize| -> f64 {
            own.iter().zip(rows.row(j)).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum()
        };
        let all: Vec<f64> = (0..n).map(sq_dist).collect();
        let rank = |j: usize| {
            let nearer = |&o: &usize| o != i && o != j && (all[o], o) < (all[j], j);
            1 + (0..n).filter(nearer).count()
        };
        near.row(i).0.iter().map(|&j| rank(j as usize).saturating_sub(k) as f64).sum()
    };
    stop.check()?;
    let excesses: Vec<f64> = (0..n).into_par_iter().map(excess).collect();
    let (n, k) = (n as f64, k as f64);
    Ok(1.0 - 2.0 / (n * k * (2.0 * n - 3.0 * k - 1.0)) * excesses.iter().sum::<f64>())
}

/// Share of each row's `k` nearest rows that are among its `k` nearest points, on average.
///
/// # Errors
/// As [`trustworthiness`].
pub fn kept_neighbors(rows: ArrayView2<'_, f32>, points: ArrayView2<'_, f32>, k: usize, stop: &Stop) -> Result<f64> {
    let n = rows.len_of(Axis(0));
    if k == 0 || k >= n || points.nrows() != n {
        return Err(Error::parameter("k", k, format!("it must be at least 1 and below the {n} rows")));
    }
    let lists = |table| Neighbors::prepare(table, &Device::Cpu)?.self_lists(k, Watch::stop(stop));
    let (of_rows, of_points) = (lists(rows)?, lists(points)?);
    let kept = |i: usize| {
        let near: HashSet<u32> = of_rows.row(i).0.iter().copied().collect();
        of_points.row(i).0.iter().filter(|j| near.contains(j)).count()
    };
    Ok((0..n).map(kept).sum::<usize>() as f64 / (n * k) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, array};

    #[test]
    fn what_is_kept_is_1_and_what_is_lost_is_less() {
        let rows = Array2::from_shape_fn((40, 3), |(i, c)| (i * (c + 1)) as f32);
        let line = Array2::from_shape_fn((40, 1), |(i, _)| i as f32);
        let folded = Array2::from_shape_fn((40, 1), |(i, _)| (i % 20) as f32 + 0.01 * i as f32);
        let stop = Stop::new();
        assert_eq!(trustworthiness(rows.view(), line.view(), 4, &stop).unwrap(), 1.0);
        assert_eq!(kept_neighbors(rows.view(), line.view(), 1, &stop).unwrap(), 1.0);
        assert!(trustworthiness(rows.view(), folded.view(), 4, &stop).unwrap() < 0.8);
        assert!(kept_neighbors(rows.view(), folded.view(), 4, &stop).unwrap() < 0.7);
    }

    #[test]
    fn by_hand() {
        // Row 0's nearest point is row 2, which is its second nearest row; row 2's is row 0, its third; the others keep theirs.
        let rows = array![[0.0f32], [1.0], [2.5], [3.0], [7.0]];
        let points = array![[0.0f32], [9.0], [0.5], [8.0], [30.0]];
        // Ranks beyond 1: row 0 → 2: 1; row 1 → 3: rank 3, 2; row 2 → 0: rank 3, 2; row 3 → 1: rank 2, 1; row 4 → 1: rank 3, 2.
        let wanted = 1.0 - 2.0 / (5.0 * (10.0 - 3.0 - 1.0)) * (1.0 + 2.0 + 2.0 + 1.0 + 2.0);
        let met = trustworthiness(rows.view(), points.view(), 1, &Stop::new()).unwrap();
        assert!((met - wanted).abs() < 1e-12, "{met} {wanted}");
    }
}
