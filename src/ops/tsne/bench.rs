//! Benchmark cases of `tsne`.

use super::{Affinities, Repulsion, Step, Tsne};
use crate::Result;
use crate::device::{Device, Timings};
use crate::ops::{BenchCase, Runner};
use ndarray::Array2;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::time::Instant;

/// Rows asked for to a point: all pairs cost a GPU as much as other operations' rows do.
const SHARE: usize = 50;
/// Neighbours of a point, about as many as perplexity 30 gives.
const N_NEIGHBORS: usize = 128;
/// Steps of a run.
const N_STEPS: usize = 10;
/// Points to a unit of area, or of volume: about what finished embeddings of flows have.
const DENSITY: f64 = 0.5;

pub(super) fn cases(n_rows: usize) -> Vec<BenchCase> {
    [2, 3].into_iter().map(|n_dims| case((n_rows / SHARE).max(2), n_dims)).collect()
}

fn case(n_points: usize, n_dims: usize) -> BenchCase {
    let name = format!("{n_dims} dimensions, {n_points} points, {N_STEPS} steps");
    let bytes = (n_points * n_dims * size_of::<f32>()) as u64;
    let prepare = move |device: &Device| -> Result<Box<dyn Runner>> {
        let op = Tsne::prepare(affinities(n_points)?, points(n_points, n_dims).view(), device, Repulsion::Auto)?;
        Ok(Box::new(Steps { op }))
    };
    BenchCase::new(super::OPERATION.name, name, (n_points * N_STEPS) as u64, bytes, prepare)
}

struct Steps {
    op: Tsne,
}

impl Runner for Steps {
    fn run(&mut self) -> Result<Timings> {
        let begin = Instant::now();
        // So short that the points stay where they are, and each run costs what the one before did.
        self.op.advance(N_STEPS, Step { learning_rate: 1e-9, momentum: 0.0, exaggeration: 1.0 })?;
        Ok(Timings { batches: 1, kernel: begin.elapsed(), ..Timings::default() })
    }
}

/// Each point is drawn to those with the nearest numbers.
fn affinities(n_points: usize) -> Result<Affinities> {
    let half = (N_NEIGHBORS / 2).min((n_points - 1) / 2);
    let mut columns = Vec::with_capacity(n_points * 2 * half);
    for i in 0..n_points {
        columns.extend(
            (1..=half).flat_map(|apart| [(i + apart) % n_points, (i + n_points - apart) % n_points]).map(|j| j as u32),
        );
    }
    let values = vec![1.0 / columns.len().max(1) as f64; columns.len()];
    Affinities::new((0..=n_points).map(|i| i * 2 * half).collect(), columns, values)
}

fn points(n_points: usize, n_dims: usize) -> Array2<f64> {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let volume = n_points as f64 / DENSITY;
    let side = if n_dims == 2 { volume.sqrt() } else { volume.cbrt() };
    Array2::from_shape_simple_fn((n_points, n_dims), || random.random_range(0.0..side))
}
