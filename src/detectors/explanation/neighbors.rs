//! Distances to neighbours split into contributions of columns.
//!
//! A squared distance is a sum over the columns, so a column's part of a distance d is δ² / d, with δ² its part of d²: the
//! parts of all columns sum to d.

use super::{Columns, Explained};
use crate::Result;
use crate::detectors::{Detector, LocalOutlierFactor, NearestNeighbors};
use crate::ops::neighbors::{Neighbor, Neighbors, Queries, Watch};
use ndarray::{ArrayView1, ArrayView2};

pub fn explain(
    detector: &Detector,
    neighbors: &Neighbors,
    queries: Queries<'_>,
    rows: ArrayView2<'_, f32>,
    columns: &Columns,
    watch: Watch<'_>,
) -> Result<Vec<Explained>> {
    match detector {
        Detector::LocalOutlierFactor(detector) => neighbors
            .map(queries, detector.n_neighbors(), watch, |row, list| of_factor(detector, list, rows.row(row), columns)),
        Detector::NearestNeighbors(detector) => neighbors.map(queries, detector.n_neighbors(), watch, |row, list| {
            of_distance(detector, list, rows.row(row), columns)
        }),
        Detector::IsolationForest(_) | Detector::OneClassSvm(_) | Detector::Ensemble(_) => Ok(Vec::new()),
    }
}

/// The score itself: the distance of the neighbours that make it, each with its weight.
fn of_distance(
    detector: &NearestNeighbors,
    list: &[Neighbor],
    row: ArrayView1<'_, f32>,
    columns: &Columns,
) -> Explained {
    let mut contributions = vec![0.0; columns.n_columns()];
    for (neighbor, weight) in list.iter().zip(detector.params().distance.weights(list.len())) {
        add_parts(neighbor, weight, row, detector.references(), columns, &mut contributions);
    }
    Explained { base: 0.0, contributions }
}

/// What the factor is above 1, by the columns' parts of the mean distance; a row that has distance to no neighbour has no
/// parts, and all of its factor is the neighbours' own.
fn of_factor(
    detector: &LocalOutlierFactor,
    list: &[Neighbor],
    row: ArrayView1<'_, f32>,
    columns: &Columns,
) -> Explained {
    let score = detector.factor_of(list);
    let mut contributions = vec![0.0; columns.n_columns()];
    for neighbor in list {
        add_parts(neighbor, 1.0, row, detector.references(), columns, &mut contributions);
    }
    let sum: f64 = contributions.iter().sum();
    if sum <= 0.0 {
        return Explained { base: score, contributions };
    }
    contributions.iter_mut().for_each(|part| *part *= (score - 1.0) / sum);
    Explained { base: 1.0, contributions }
}

/// Adds the columns' parts of `weight` × the distance to this neighbour.
fn add_parts(
    neighbor: &Neighbor,
    weight: f64,
    row: ArrayView1<'_, f32>,
    references: ArrayView2<'_, f32>,
    columns: &Columns,
    sums: &mut [f64],
) {
    if weight == 0.0 || neighbor.sq_dist <= 0.0 {
        return;
    }
    let by = weight / neighbor.sq_dist.sqrt();
    let other = references.row(neighbor.index as usize);
    for ((&column, x), y) in columns.of_feature().iter().zip(row).zip(other) {
        let difference = f64::from(*x) - f64::from(*y);
        sums[column] += difference * difference * by;
    }
}
