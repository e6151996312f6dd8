//! Benchmark cases of `neighbors`.

use super::{Neighbor, Neighbors, Queries, Watch};
use crate::device::{Device, Timings};
use crate::ops::{BenchCase, Runner};
use crate::{Result, Stop};
use ndarray::Array2;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::time::Instant;

/// Neighbours of a row: what LOF takes by default.
const N_NEIGHBORS: usize = 20;
/// References of the cases of new rows.
const N_REFERENCES: usize = 20_000;
/// A self-join costs more than a pass of rows: this share of the rows asked for makes it about as long.
const SELF_JOIN_SHARE: usize = 10;

/// Self-joins and new rows, narrow and wide.
pub(super) fn cases(n_rows: usize) -> Vec<BenchCase> {
    let of_width = |n_features| [self_join(n_rows / SELF_JOIN_SHARE, n_features), new_rows(n_rows / 5, n_features)];
    [8, 40].into_iter().flat_map(of_width).collect()
}

fn self_join(n_rows: usize, n_features: usize) -> BenchCase {
    let n_rows = n_rows.max(2);
    let k = N_NEIGHBORS.min(n_rows - 1);
    let name = format!("{n_features} features, {k} nearest of each row among all rows");
    case(name, n_rows, n_features, move |device| {
        Ok(Box::new(SelfJoin { rows: rows(n_rows, n_features, 1), k, device: device.clone() }))
    })
}

fn new_rows(n_rows: usize, n_features: usize) -> BenchCase {
    let n_rows = n_rows.max(1);
    let name = format!("{n_features} features, {N_NEIGHBORS} nearest among {N_REFERENCES} references");
    case(name, n_rows, n_features, move |device| {
        let op = Neighbors::prepare(rows(N_REFERENCES, n_features, 1).view(), device)?;
        Ok(Box::new(NewRows { op, rows: rows(n_rows, n_features, 2) }))
    })
}

fn case(
    name: String,
    n_rows: usize,
    n_features: usize,
    prepare: impl Fn(&Device) -> Result<Box<dyn Runner>> + Send + Sync + 'static,
) -> BenchCase {
    let bytes = n_rows * n_features * size_of::<f32>();
    BenchCase::new(super::OPERATION.name, name, n_rows as u64, bytes as u64, prepare)
}

/// Preparing included: the rows are the references.
struct SelfJoin {
    rows: Array2<f32>,
    k: usize,
    device: Device,
}

struct NewRows {
    op: Neighbors,
    rows: Array2<f32>,
}

impl Runner for SelfJoin {
    fn run(&mut self) -> Result<Timings> {
        let begin = Instant::now();
        let op = Neighbors::prepare(self.rows.view(), &self.device)?;
        let farthest =
            op.self_map(self.k, Watch::stop(&Stop::new()), |_, list| list.last().map(|last| last.sq_dist))?;
        std::hint::black_box(farthest);
        Ok(op.timings().unwrap_or(Timings { batches: 1, kernel: begin.elapsed(), ..Timings::default() }))
    }
}

impl Runner for NewRows {
    fn run(&mut self) -> Result<Timings> {
        let (begin, before) = (Instant::now(), self.op.timings());
        let (queries, stop) = (Queries::new(self.rows.view()), Stop::new());
        let last = |_, list: &[Neighbor]| list.last().map(|last| last.sq_dist);
        std::hint::black_box(self.op.map(queries, N_NEIGHBORS, Watch::stop(&stop), last)?);
        Ok(match (self.op.timings(), before) {
            (Some(after), Some(before)) => after - before,
            _ => Timings { batches: 1, kernel: begin.elapsed(), ..Timings::default() },
        })
    }
}

/// Rows as encoded flows are: a third of the features scaled counts, the rest indicators, half of the rows in clusters.
fn rows(n_rows: usize, n_features: usize, seed: u64) -> Array2<f32> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut cluster = 0;
    Array2::from_shape_fn((n_rows, n_features), |(_, j)| {
        if j == 0 {
            cluster = rng.random_range(0..24_usize);
        }
        if j < n_features.min(10) {
            // The sum of three is bell-shaped enough.
            let noise: f32 = (0..3).map(|_| rng.random::<f32>() - 0.5).sum();
            (cluster * (j + 3) % 7) as f32 * 0.5 + noise
        } else {
            f32::from(rng.random::<f32>() < if j % 24 == cluster { 0.95 } else { 0.02 })
        }
    })
}
