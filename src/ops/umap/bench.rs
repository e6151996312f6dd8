//! Benchmark cases of `umap`.

use super::{Graph, Layout, Umap};
use crate::Result;
use crate::device::{Device, Timings};
use crate::ops::{BenchCase, Runner};
use ndarray::Array2;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::time::Instant;

/// Rows asked for to a vertex: an epoch costs a vertex about as much as other operations' rows do.
const SHARE: usize = 10;
/// Neighbours of a vertex, about as many as 15 nearest ones give once both directions are united.
const N_NEIGHBORS: usize = 22;
/// Epochs of a run.
const N_EPOCHS: usize = 10;
/// Points to a unit of area, or of volume: about what finished layouts of flows have.
const DENSITY: f64 = 50.0;

pub(super) fn cases(n_rows: usize) -> Vec<BenchCase> {
    [2, 3].into_iter().map(|n_dims| case((n_rows / SHARE).max(2), n_dims)).collect()
}

fn case(n_points: usize, n_dims: usize) -> BenchCase {
    let name = format!("{n_dims} dimensions, {n_points} points, {N_EPOCHS} epochs");
    let bytes = (n_points * n_dims * size_of::<f32>()) as u64;
    let prepare = move |device: &Device| -> Result<Box<dyn Runner>> {
        // So short moves that the points stay where they are, and so many epochs that the runs do not reach the end.
        let layout = Layout {
            a: 1.577,
            b: 0.895,
            repulsion: 1.0,
            n_negatives: 5,
            n_epochs: 1_000_000,
            learning_rate: 1e-9,
            seed: 1,
        };
        let points = points(n_points, n_dims);
        let op = Umap::prepare(&graph(n_points)?, points.view(), n_points, layout, device)?;
        Ok(Box::new(Epochs { op }))
    };
    BenchCase::new(super::OPERATION.name, name, (n_points * N_EPOCHS) as u64, bytes, prepare)
}

struct Epochs {
    op: Umap,
}

impl Runner for Epochs {
    fn run(&mut self) -> Result<Timings> {
        let begin = Instant::now();
        self.op.advance(N_EPOCHS)?;
        Ok(Timings { batches: 1, kernel: begin.elapsed(), ..Timings::default() })
    }
}

/// Each vertex and those with the nearest numbers, ever more loosely.
fn graph(n_points: usize) -> Result<Graph> {
    let half = (N_NEIGHBORS / 2).min((n_points - 1) / 2);
    let row = |i: usize| {
        let around = (1..=half).flat_map(|apart| {
            [(i + apart) % n_points, (i + n_points - apart) % n_points].map(|j| (j as u32, 1.0 / apart as f32))
        });
        let mut row: Vec<(u32, f32)> = around.collect();
        row.sort_by_key(|&(j, _)| j);
        row
    };
    Graph::new((0..n_points).map(row).collect())
}

/// Vertices with near numbers are near.
fn points(n_points: usize, n_dims: usize) -> Array2<f32> {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let volume = n_points as f64 / DENSITY;
    let side = if n_dims == 2 { volume.sqrt() } else { volume.cbrt() };
    Array2::from_shape_simple_fn((n_points, n_dims), || random.random_range(0.0..side) as f32)
}
