use super::*;
use crate::device::Device;
use crate::features::math;
use crate::ops::tsne::{Repulsion, Tsne};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Every point is drawn to its nine successors, unevenly.
fn affinities(n: usize) -> Affinities {
    let weight = |i: usize, j: usize| 1.0 / (1 + (i * j) % 5 + i.abs_diff(j)) as f64;
    let row = |i: usize| (0..n).filter(move |&j| j != i && i.abs_diff(j) < 10);
    let total: f64 = (0..n).flat_map(|i| row(i).map(move |j| weight(i, j))).sum();
    let mut offsets = vec![0];
    let (mut columns, mut values) = (Vec::new(), Vec::new());
    for i in 0..n {
        columns.extend(row(i).map(|j| j as u32));
        values.extend(row(i).map(|j| weight(i, j) / total));
        offsets.push(columns.len());
    }
    Affinities::new(offsets, columns, values).unwrap()
}

/// Five round clusters, in a space of this extent.
fn points<const D: usize>(n: usize, extent: f64) -> Vec<[f64; D]> {
    let mut random = ChaCha8Rng::seed_from_u64(n as u64);
    let centres: Vec<[f64; D]> = (0..5).map(|_| std::array::from_fn(|_| random.random_range(0.0..extent))).collect();
    let point = |i: usize| std::array::from_fn(|c| centres[i % 5][c] + 0.2 * extent * random.random_range(-0.5..0.5));
    (0..n).map(point).collect()
}

/// The formula, term by term, in f64.
fn oracle<const D: usize>(p: &Affinities, y: &[[f64; D]], exaggeration: f64) -> (Vec<[f64; D]>, f64, f64) {
    let sq = |i: usize, j: usize| (0..D).map(|c| (y[i][c] - y[j][c]).powi(2)).sum::<f64>();
    let w = |i: usize, j: usize| 1.0 / (1.0 + sq(i, j));
    let n = y.len();
    let z: f64 = (0..n).flat_map(|i| (0..n).filter(move |&j| j != i).map(move |j| (i, j))).map(|(i, j)| w(i, j)).sum();
    let (mut divergence, mut scale) = (0.0, 0.0);
    let mut rows = Vec::new();
    for i in 0..n {
        let (mut draw, mut push) = ([0.0; D], [0.0; D]);
        for j in (0..n).filter(|&j| j != i) {
            (0..D).for_each(|c| push[c] += w(i, j).powi(2) * (y[i][c] - y[j][c]) / z);
        }
        let (columns, values) = p.row(i);
        for (&j, &p) in columns.iter().zip(values).filter(|(_, p)| **p > 0.0) {
            let j = j as usize;
            (0..D).for_each(|c| draw[c] += exaggeration * p * w(i, j) * (y[i][c] - y[j][c]));
            divergence += p * math::ln(p / (w(i, j) / z));
        }
        scale += (0..D).map(|c| 16.0 * draw[c].powi(2).max(push[c].powi(2))).sum::<f64>();
        rows.push(std::array::from_fn(|c| 4.0 * (draw[c] - push[c])));
    }
    (rows, divergence, scale.sqrt())
}

fn tsne<const D: usize>(n: usize, extent: f64, repulsion: Repulsion) -> Tsne {
    let y = points::<D>(n, extent);
    let y = Array2::from_shape_fn((n, D), |(i, c)| y[i][c]);
    Tsne::prepare(affinities(n), y.view(), &Device::Cpu, repulsion).unwrap()
}

fn check<const D: usize>(n: usize, extent: f64, repulsion: Repulsion, bound: f64) {
    let (wanted, divergence, scale) = oracle(&affinities(n), &points::<D>(n, extent), 3.0);
    let met = tsne::<D>(n, extent, repulsion).gradient(3.0).unwrap();
    let apart: f64 = wanted.iter().flatten().zip(&met.rows).map(|(a, b)| (a - b).powi(2)).sum();
    let error = if scale > 0.0 { apart.sqrt() / scale } else { apart.sqrt() };
    let cost = (met.divergence - divergence).abs();
    println!("{D} dims, {n} points, extent {extent}: {error:e}, divergence {cost:e} of {divergence}");
    assert!(error <= bound, "{error:e}");
    assert!(cost <= bound * (1.0 + divergence.abs()), "{cost:e}");
}

#[test]
fn all_pairs_are_the_formula() {
    for n in [2, 3, 15, 16, 17, 129, 500] {
        for extent in [1e-4, 1.0, 60.0] {
            check::<2>(n, extent, Repulsion::Exact, 1e-12);
            check::<3>(n, extent, Repulsion::Exact, 1e-12);
        }
    }
}

#[test]
fn the_mesh_is_the_formula() {
    for n in [300, 1501] {
        for extent in [1e-4, 1.0, 8.0] {
            check::<2>(n, extent, Repulsion::Mesh, 1e-3);
        }
    }
    for extent in [30.0, 60.0] {
        check::<2>(3001, extent, Repulsion::Mesh, 1e-2);
    }
}

#[test]
fn the_tree_is_nearly_the_formula() {
    for n in [2, 17, 1000] {
        for extent in [1e-4, 1.0, 8.0, 60.0] {
            check::<2>(n, extent, Repulsion::Tree, 1e-2);
            check::<3>(n, extent, Repulsion::Tree, 1e-2);
        }
    }
}

#[test]
fn one_point_and_equal_points_stay_where_they_are() {
    for repulsion in [Repulsion::Exact, Repulsion::Tree, Repulsion::Mesh] {
        // Alone, a point has nothing that its interpolated action on itself could be small beside.
        for n in if repulsion == Repulsion::Mesh { [40, 41] } else { [1, 40] } {
            let p = Affinities::new(vec![0; n + 1], vec![], vec![]).unwrap();
            let mut tsne = Tsne::prepare(p, Array2::ones((n, 2)).view(), &Device::Cpu, repulsion).unwrap();
            tsne.advance(3, Step { learning_rate: 200.0, momentum: 0.5, exaggeration: 1.0 }).unwrap();
            assert!(
                tsne.points().unwrap().iter().all(|x| (x - 1.0).abs() < 1e-3),
                "{repulsion:?}: {:?}",
                tsne.points()
            );
        }
    }
}

#[test]
fn threads_change_no_byte() {
    for repulsion in [Repulsion::Exact, Repulsion::Tree, Repulsion::Mesh] {
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let mut tsne = tsne::<2>(2311, 40.0, repulsion);
            pool.install(|| tsne.advance(3, Step { learning_rate: 100.0, momentum: 0.8, exaggeration: 4.0 }).unwrap());
            (tsne.points().unwrap(), pool.install(|| tsne.divergence().unwrap()))
        };
        for threads in [2, 3, 8] {
            assert_eq!(run(1), run(threads));
        }
    }
}

#[test]
fn what_runs_away_is_an_error() {
    let mut tsne = tsne::<2>(300, 10.0, Repulsion::Mesh);
    let step = Step { learning_rate: 1e12, momentum: 0.8, exaggeration: 4.0 };
    let error = tsne.advance(50, step).unwrap_err().to_string();
    assert!(error.contains("diverged"), "{error}");
}
