//! Benchmark cases of `rbf`.

use super::{Expansion, Rbf, TrainingRows};
use crate::Result;
use crate::device::{Device, Timings};
use crate::ops::{BenchCase, Runner};
use crate::words::counted;
use ndarray::Array2;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::time::Instant;

/// Features and vectors of expansions, and the share of the rows asked for that costs about a second of a CPU core.
const EXPANSIONS: &[(usize, usize, usize)] = &[(8, 1000, 1), (40, 2020, 10)];
/// Features and chosen rows of products, likewise.
const PRODUCTS: (usize, usize, usize) = (40, 1024, 5);
/// Rows of one batch, as the pipeline scores them.
const BATCH_ROWS: usize = 1 << 17;
/// Columns of the kernel matrix are not kept, since each run asks for the same.
const NO_CACHE: u64 = 0;

pub(super) fn cases(n_rows: usize) -> Vec<BenchCase> {
    let expansions =
        EXPANSIONS.iter().map(|&(n_features, n_vectors, share)| expansion(n_rows / share, n_features, n_vectors));
    let (n_features, n_chosen, share) = PRODUCTS;
    expansions.chain([products((n_rows / share).max(1), n_features, n_chosen)]).collect()
}

fn expansion(n_rows: usize, n_features: usize, n_vectors: usize) -> BenchCase {
    let n_rows = n_rows.max(1);
    let name = [counted(n_features, "feature"), counted(n_vectors, "vector")].join(", ");
    case(name, n_rows, n_features, move |device| {
        let weights = (0..n_vectors).map(|i| 1.0 / (1 + i) as f64).collect();
        let expansion = Expansion::new(rows(n_vectors, n_features, 1), weights, 1.0 / n_features as f64)?;
        let op = Rbf::prepare(&expansion, device, BATCH_ROWS)?;
        Ok(Box::new(Scoring { op, rows: rows(n_rows, n_features, 2) }))
    })
}

fn products(n_rows: usize, n_features: usize, n_chosen: usize) -> BenchCase {
    let n_chosen = n_chosen.min(n_rows);
    let name = format!("{n_features} features, products of all rows with {n_chosen} of them");
    case(name, n_rows, n_features, move |device| {
        let all = rows(n_rows, n_features, 1);
        let op = TrainingRows::prepare(all.view(), 1.0 / n_features as f64, device, NO_CACHE)?;
        let chosen: Vec<u32> = (0..n_chosen).map(|i| (i * (n_rows / n_chosen)) as u32).collect();
        let weights = (0..n_chosen).map(|i| if i % 2 == 0 { 0.5 } else { -0.5 }).collect();
        Ok(Box::new(Training { op, chosen, weights, sums: vec![0.0; n_rows] }))
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

struct Scoring {
    op: Rbf,
    rows: Array2<f32>,
}

struct Training {
    op: TrainingRows,
    chosen: Vec<u32>,
    weights: Vec<f64>,
    sums: Vec<f64>,
}

impl Runner for Scoring {
    fn run(&mut self) -> Result<Timings> {
        let (begin, before) = (Instant::now(), self.op.gpu().map(|gpu| gpu.timings()));
        std::hint::black_box(self.op.sums(self.rows.view())?);
        Ok(spent(begin, before, self.op.gpu().map(|gpu| gpu.timings())))
    }
}

impl Runner for Training {
    fn run(&mut self) -> Result<Timings> {
        let (begin, before) = (Instant::now(), self.op.gpu().map(|gpu| gpu.timings()));
        self.op.add_products(&self.chosen, &self.weights, &mut self.sums)?;
        std::hint::black_box(&self.sums);
        Ok(spent(begin, before, self.op.gpu().map(|gpu| gpu.timings())))
    }
}

fn spent(begin: Instant, before: Option<Timings>, after: Option<Timings>) -> Timings {
    match (after, before) {
        (Some(after), Some(before)) => after - before,
        _ => Timings { batches: 1, kernel: begin.elapsed(), ..Timings::default() },
    }
}

/// Values in [−1, 1], most of them small.
fn rows(n_rows: usize, n_features: usize, seed: u64) -> Array2<f32> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    Array2::from_shape_simple_fn((n_rows, n_features), || {
        let u = 2.0 * rng.random::<f32>() - 1.0;
        u * u * u
    })
}
