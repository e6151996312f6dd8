//! Local outlier factors are scikit-learn's: densities, outlier mode, novelty mode, duplicates and ties.

#[path = "support/golden.rs"]
mod golden;

use golden::{devices, golden, matrix, vector};
use ndarray::{Array2, ArrayView2};
use ndarray_npy::NpzReader;
use oddflow::Stop;
use oddflow::detectors::{Detector, FitContext, LocalOutlierFactor, LocalOutlierFactorParams};
use oddflow::device::Device;
use oddflow::ops::neighbors::{Neighbor, Neighbors, Queries, Watch};
use std::fs::File;

const K: usize = 20;
/// What is asked of every value, relative to it.
const TOLERANCE: f64 = 1e-5;

/// What the reference knows of a set of queries.
struct Expected {
    queries: Array2<f64>,
    distances: Array2<f64>,
    indices: Array2<i32>,
}

/// Rows narrowed to f32, and the largest change that this makes to a distance.
fn narrowed(rows: &Array2<f64>) -> (Array2<f32>, f64) {
    let narrow = rows.mapv(|x| x as f32);
    let change = |row: usize| {
        let squares = (0..rows.ncols()).map(|j| (f64::from(narrow[[row, j]]) - rows[[row, j]]).powi(2));
        squares.sum::<f64>().sqrt()
    };
    let largest = (0..rows.nrows()).map(change).fold(0.0, f64::max);
    (narrow, largest)
}

fn sq_dist(a: &Array2<f32>, i: usize, b: &Array2<f32>, j: usize) -> f64 {
    let squares = a.row(i).into_iter().zip(b.row(j)).map(|(x, y)| (f64::from(*x) - f64::from(*y)).powi(2));
    squares.fold(0.0, |sum, square| sum + square)
}

/// Compares lists with the reference's, put into the order of (f64 distance, index). `room` is what narrowing may change
/// a distance by, both rows considered; 0 where the data are f32. Lists whose last place is tied, or as near to a tie as
/// that, are compared by distances alone. Returns, by row, whether its last place is tied so that it matters: among rows
/// that are not copies of each other.
fn check_lists(
    lists: &[Vec<Neighbor>],
    queries: &Array2<f32>,
    references: &Array2<f32>,
    expected: &Expected,
    excluded: bool,
    room: f64,
) -> Vec<bool> {
    let (mut matters, mut n_tied) = (vec![false; lists.len()], 0);
    for (row, list) in lists.iter().enumerate() {
        for (neighbor, &distance) in list.iter().zip(expected.distances.row(row)) {
            let ours = neighbor.sq_dist.sqrt();
            assert!((ours - distance).abs() <= room + 1e-12 * distance + 1e-12, "row {row}: {ours}, {distance}");
        }
        let own = |other: usize| excluded && other == row;
        let mut all: Vec<(f64, u32)> = (0..references.nrows())
            .filter(|&other| !own(other))
            .map(|other| (sq_dist(queries, row, references, other), other as u32))
            .collect();
        all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let ours: Vec<(f64, u32)> = list.iter().map(|neighbor| (neighbor.sq_dist, neighbor.index)).collect();
        assert_eq!(ours, all[..K], "row {row}: not the nearest by (distance, index)");
        if all[K].0.sqrt() - all[K - 1].0.sqrt() <= 2.0 * room {
            let near = |other: &&(f64, u32)| (other.0.sqrt() - all[K - 1].0.sqrt()).abs() <= 2.0 * room;
            let copies =
                |other: &(f64, u32)| sq_dist(references, all[K].1 as usize, references, other.1 as usize) == 0.0;
            matters[row] = !all.iter().filter(near).all(copies);
            n_tied += 1;
            continue;
        }
        let mut theirs: Vec<(f64, u32)> = expected
            .indices
            .row(row)
            .iter()
            .map(|&other| (sq_dist(queries, row, references, other as usize), other as u32))
            .collect();
        theirs.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        assert_eq!(ours, theirs, "row {row}");
    }
    println!("   {n_tied} of {} lists end in a tie, the others are equal", lists.len());
    assert!(n_tied <= lists.len() / 20);
    matters
}

fn check_values<'a>(name: &str, ours: &[f64], theirs: impl IntoIterator<Item = &'a f64>, skip: &[bool]) -> f64 {
    let mut worst: f64 = 0.0;
    for (row, (&a, &b)) in ours.iter().zip(theirs).enumerate() {
        if skip[row] {
            continue;
        }
        let off = if b == 0.0 { a.abs() } else { (a - b).abs() / b.abs() };
        assert!(off <= TOLERANCE, "{name}, row {row}: {a}, scikit-learn's {b}");
        worst = worst.max(off);
    }
    worst
}

/// Rows whose factor rests on a list that another choice among ties would change: their own or a neighbour's.
fn rests_on_a_tie(own: &[bool], of_references: &[bool], expected: &Expected) -> Vec<bool> {
    let neighbors = expected.indices.rows().into_iter();
    let rests =
        |(own, list): (&bool, ndarray::ArrayView1<'_, i32>)| *own || list.iter().any(|&o| of_references[o as usize]);
    own.iter().zip(neighbors).map(rests).collect()
}

fn check(name: &str) {
    let Some(mut file) = golden(name) else { return };
    let (x, change_x) = narrowed(&matrix(&mut file, "X"));
    let (q, change_q) = narrowed(&matrix(&mut file, "Q"));
    let own = Expected {
        queries: matrix(&mut file, "X"),
        distances: matrix(&mut file, "knn_dist"),
        indices: matrix(&mut file, "knn_idx"),
    };
    let foreign = Expected {
        queries: matrix(&mut file, "Q"),
        distances: matrix(&mut file, "q_dist"),
        indices: matrix(&mut file, "q_idx"),
    };
    assert_eq!((own.queries.dim(), foreign.queries.ncols()), (x.dim(), x.ncols()));
    for device in devices() {
        println!("{name}, {}", device.describe());
        let neighbors = Neighbors::prepare(x.view(), &device).unwrap();
        let (room_x, room_q) = (2.0 * change_x, change_x + change_q);
        let lists = |queries: ArrayView2<'_, f32>, own: Option<&[Option<u32>]>| {
            let queries = own.map_or(Queries::new(queries), |own| Queries::excluding(queries, own));
            neighbors.map(queries, K, Watch::stop(&Stop::new()), |_, list| list.to_vec()).unwrap()
        };
        let itself: Vec<Option<u32>> = (0..x.nrows() as u32).map(Some).collect();
        let tied = check_lists(&lists(x.view(), Some(&itself)), &x, &x, &own, true, room_x);
        let tied_q = check_lists(&lists(q.view(), None), &q, &x, &foreign, false, room_q);
        check_factors(&mut file, &device, (&x, &own, &tied), (&q, &foreign, &tied_q));
    }
}

fn check_factors(
    file: &mut NpzReader<File>,
    device: &Device,
    (x, own, tied): (&Array2<f32>, &Expected, &[bool]),
    (q, foreign, tied_q): (&Array2<f32>, &Expected, &[bool]),
) {
    let params = LocalOutlierFactorParams { n_neighbors: K };
    let stop = Stop::new();
    let detector = LocalOutlierFactor::fit_in(x.view(), &params, &FitContext::new(device, &stop)).unwrap();
    let none = vec![false; x.nrows()];
    let k_distance = check_values("k_distance", detector.k_distance(), &vector::<f64>(file, "k_distance"), &none);
    let lrd = check_values("lrd", detector.lrd(), &vector::<f64>(file, "lrd"), tied);
    let rests = rests_on_a_tie(tied, tied, own);
    let expected = vector::<f64>(file, "negative_outlier_factor").mapv(|x| -x);
    let factors = check_values("factor", detector.training_scores().unwrap(), &expected, &rests);
    let detector: Detector = detector.into();
    let scorer = detector.scorer(device, q.nrows()).unwrap();
    let expected = vector::<f64>(file, "novelty_score").mapv(|x| -x);
    let rests_q = rests_on_a_tie(tied_q, tied, foreign);
    let novelty = check_values("novelty", &scorer.score(q.view()).unwrap(), &expected, &rests_q);
    let count = |rests: &[bool]| rests.iter().filter(|rests| **rests).count();
    println!(
        "   largest differences: k_distance {k_distance:.1e}, lrd {lrd:.1e}, factors {factors:.1e} ({} rows rest on a \
         tie), novelty {novelty:.1e} ({})",
        count(&rests),
        count(&rests_q)
    );
}

/// f64 data that f32 cannot hold: narrowing moves a row by up to 5e-7, hence the room for distances.
#[test]
fn exact_duplicates() {
    check("lof_dups.npz");
}

#[test]
fn ties_in_eight_columns() {
    check("lof_ties_w1s.npz");
}

#[test]
fn ties_in_forty_columns() {
    check("lof_ties_w2.npz");
}
