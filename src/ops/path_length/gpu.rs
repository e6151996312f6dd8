//! The GPU body of `path_length`: the host side of `shaders/path_length_*.wgsl`.
//!
//! Rows go up as they are, 4 bytes a value; the kernels look at their bits only and compute with integers only, so
//! nothing depends on how a driver treats subnormals, NaN or the order of sums.
//! - Forests of small trees (eight levels, as of ψ = 256): `path_length_rank` replaces each value by its 16-bit rank among
//!   its feature's thresholds, `path_length_small` walks complete heaps in workgroup memory, four trees at a time. Ranking
//!   happens on the device because on the host it would cost more than the walk: 8 binary searches a row.
//! - Everything else (deep trees, more than 65,535 thresholds of a feature, more than 1,024 features):
//!   `path_length_large` walks trees by 32-bit order keys, the top nine levels of each in workgroup memory.
//!
//! The forest is resident, cut into as many bindings as its size needs; a batch is cut into dispatches that take about
//! 50 ms each, by the rate that earlier batches showed. Buffers, bind groups and pipelines are made in `prepare`, never
//! later.
//!
//! Compiled for RDNA2 by Mesa's RADV, as they run (bounds proven, see [`kernels`]): no spills, no scratch memory, at least
//! 10 subgroups per SIMD, for rows of up to 48 features (small) and 16 features (large) in workgroup memory.
//!
//! | kernel | instructions | with run-time checks | per (row, tree, level) |
//! |---|---|---|---|
//! | rank | | 123 | 12 a halving |
//! | small, 8 features | 456 | 831 | 11 |
//! | small, wide rows | 529 | 824 | 13 |
//! | large, 8 features | 175 | 254 | 26 |
//!
//! Counted in the disassembly. The small kernel's walk is unrolled; each of its 32 steps is: node address, node, mask,
//! feature address, feature, wait, shift, mask, compare, child (2). Staging 1,024 nodes is 16 instructions a lane, for 32
//! steps. The large kernel's loop is 26 long, half of them the branches that tell leaves from splits and workgroup memory
//! from storage.

mod heaps;
mod kernels;
mod levels;
mod rows;
mod stage;

use super::Forest;
use crate::device::{Batch, FENCE_BYTES, Flight, Gpu, Kernel, Ring, RingSizes, Slot, Timings, UNIFORM_STRIDE};
use crate::ops::dispatch::{Dispatch, LANES};
use crate::{Error, Result};
use ndarray::{ArrayView2, Axis, Slice};
use rows::{order_key, write_batch};
use stage::{Stage, Step};
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// The kernels, for the list of operations.
pub(super) const KERNELS: &[&Kernel] = &[&kernels::RANK, &kernels::SMALL, &kernels::LARGE];

/// Batches that can be in flight.
const SLOTS: usize = 3;
/// A batch's rows take at most this many bytes, unless that is fewer rows than [`BUSY_ROWS`].
const BATCH_BYTES: u64 = 32 << 20;
/// Rows that keep a large GPU busy.
const BUSY_ROWS: u64 = 1 << 15;
/// Most rows of a batch: 8,192 workgroups, far below the 65,535 of a dispatch.
const MAX_BATCH_ROWS: u64 = 1 << 20;
/// Dispatches into which a batch can be cut, beyond those that bindings force.
const CUTS: usize = 64;
/// Node visits a second before the device's rate is known: a slow GPU's.
const FIRST_RATE: f64 = 1e9;

/// A forest made ready on a GPU; shared by threads.
#[derive(Debug)]
pub struct PathLengthGpu {
    gpu: Arc<Gpu>,
    n_features: usize,
    batch_rows: usize,
    /// Ranking, where there is any, then the walk.
    stages: Vec<Stage>,
    ring: Ring,
    /// Node visits a dispatch may take.
    visits: AtomicU64,
    /// The sum of every row where nothing needs a device: no features to look at, or no trees.
    constant: Option<u64>,
}

/// Sums with what lies behind them; see [`PathLengthGpu::poisoned_sums`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fenced {
    /// As [`PathLengthGpu::sums`] gives them.
    pub sums: Vec<u64>,
    /// The words of the output buffer behind them, which must all still be the poison.
    pub fence: Vec<u32>,
}

impl PathLengthGpu {
    /// Prepares `forest` on `gpu`, for batches of up to `max_rows` rows (larger ones are split).
    ///
    /// # Errors
    /// If the forest or a row does not fit the device, or the device fails.
    pub fn prepare(forest: &Forest, gpu: &Arc<Gpu>, max_rows: usize) -> Result<Self> {
        let n_features = forest.n_features();
        let limit = gpu.max_binding_bytes();
        let row_bytes = 4 * n_features.max(1) as u64;
        let batch_rows = (max_rows as u64)
            .clamp(1, MAX_BATCH_ROWS)
            .min((BATCH_BYTES / row_bytes).max(BUSY_ROWS))
            .min(limit / row_bytes)
            .min(limit.saturating_sub(FENCE_BYTES) / 8);
        if batch_rows == 0 || n_features as u64 >= u64::from(u32::MAX) / 4 / batch_rows {
            let message =
                format!("a row of {n_features} features does not fit a binding of {limit} bytes; use --device cpu");
            return Err(Error::Device(message));
        }
        let (stages, n_words) = Stage::of(forest, gpu)?;
        let ring = Ring::new(
            gpu,
            RingSizes {
                slots: SLOTS,
                dispatches: CUTS + stages.iter().map(Stage::n_chunks).sum::<usize>(),
                input: batch_rows * row_bytes,
                scratch: batch_rows * 4 * n_words as u64,
                output: batch_rows * 8,
            },
        )?;
        let mut this = Self {
            gpu: Arc::clone(gpu),
            n_features,
            batch_rows: batch_rows as usize,
            stages,
            ring,
            visits: AtomicU64::new((FIRST_RATE * gpu.dispatch_time().as_secs_f64()) as u64),
            constant: constant(forest),
        };
        for stage in &mut this.stages {
            stage.bind_slots(gpu, &this.ring)?;
        }
        Ok(this)
    }

    /// Path-length sums in units of 2⁻²⁰, one a row.
    ///
    /// # Errors
    /// If `rows` has another number of features than the forest, or the device fails.
    pub fn sums(&self, rows: ArrayView2<'_, f32>) -> Result<Vec<u64>> {
        self.run(rows, None).map(|fenced| fenced.sums)
    }

    /// [`sums`](Self::sums) of at most one batch, with every buffer that a kernel writes filled with `poison` before:
    /// for the contract test, which looks for rows that were not written and words that were written beyond them.
    ///
    /// # Errors
    /// As [`sums`](Self::sums), or if the rows are more than one batch.
    pub fn poisoned_sums(&self, rows: ArrayView2<'_, f32>, poison: u32) -> Result<Fenced> {
        if rows.nrows() > self.batch_rows {
            let limit = format!("a poisoned batch must be at most {} rows", self.batch_rows);
            return Err(Error::parameter("rows", rows.nrows(), limit));
        }
        self.run(rows, Some(poison))
    }

    /// Time spent on batches so far, by stage.
    pub fn timings(&self) -> Timings {
        self.ring.timings()
    }

    /// The device it was prepared on, which counts what it is asked to do.
    pub fn gpu(&self) -> &Arc<Gpu> {
        &self.gpu
    }

    /// The kernels that a batch runs, in order.
    pub fn kernels(&self) -> Vec<&'static str> {
        self.stages.iter().map(|stage| stage.kernel.name).collect()
    }

    /// Rows of the largest batch.
    pub fn batch_rows(&self) -> usize {
        self.batch_rows
    }

    fn run(&self, rows: ArrayView2<'_, f32>, poison: Option<u32>) -> Result<Fenced> {
        if rows.ncols() != self.n_features {
            let limit = format!("the forest was grown on {}", self.n_features);
            return Err(Error::parameter("n_features", rows.ncols(), limit));
        }
        let mut out = Fenced { sums: vec![self.constant.unwrap_or(0); rows.nrows()], fence: Vec::new() };
        if self.constant.is_some() {
            return Ok(out);
        }
        let mut flying = VecDeque::new();
        let mut begin = 0;
        while begin < rows.nrows() {
            // Whoever holds slots does not wait for another: two callers could wait for each other.
            let slot = if flying.is_empty() { Some(self.ring.take()?) } else { self.ring.try_take()? };
            match slot {
                Some(slot) => {
                    let range = begin..rows.nrows().min(begin + self.batch_rows);
                    begin = range.end;
                    let batch = rows.slice_axis(Axis(0), Slice::from(range.clone()));
                    flying.push_back((range, self.launch(slot, batch, poison)?));
                }
                None => self.land(flying.pop_front(), poison, &mut out)?,
            }
        }
        while !flying.is_empty() {
            self.land(flying.pop_front(), poison, &mut out)?;
        }
        Ok(out)
    }

    fn launch(&self, slot: Slot, rows: ArrayView2<'_, f32>, poison: Option<u32>) -> Result<Launched<'_>> {
        let begin = Instant::now();
        let n_rows = rows.nrows();
        let steps = self.plan(n_rows);
        if let Err(error) = write_batch(&slot, &steps, rows) {
            self.ring.put(slot);
            return Err(error);
        }
        let output_bytes = match poison {
            None => n_rows as u64 * 8,
            Some(_) => self.batch_rows as u64 * 8 + FENCE_BYTES,
        };
        let input_bytes = (n_rows * self.n_features * 4) as u64;
        let batch = Batch { input_bytes, output_bytes, poison, prepare: begin.elapsed() };
        let index = slot.index;
        let flight = self.ring.launch(slot, &batch, |pass| {
            for (i, step) in (0..).zip(&steps) {
                self.stages[step.stage].record(&self.gpu, pass, index, step, i * UNIFORM_STRIDE as u32);
            }
        });
        Ok(Launched { flight, visits: steps.iter().map(|step| step.visits).sum() })
    }

    /// The dispatches of a batch.
    fn plan(&self, n_rows: usize) -> Vec<Step> {
        let each = Dispatch {
            n_rows: n_rows as u32,
            n_features: self.n_features as u32,
            stride: self.batch_rows as u32,
            ..Dispatch::default()
        };
        let budget = self.visits.load(Relaxed);
        (0..).zip(&self.stages).flat_map(|(i, stage)| stage.steps(i, each, budget)).collect()
    }

    fn land(
        &self,
        launched: Option<(Range<usize>, Launched<'_>)>,
        poison: Option<u32>,
        out: &mut Fenced,
    ) -> Result<()> {
        let Some((range, Launched { flight, visits })) = launched else {
            return Ok(());
        };
        let (fence, kernel) = flight.land(|output| {
            let (sums, fence) = output.split_at(range.len() * 8);
            for (sum, bytes) in out.sums[range.clone()].iter_mut().zip(sums.chunks_exact(8)) {
                *sum = bytemuck::pod_read_unaligned(bytes);
            }
            match poison {
                Some(_) => fence.chunks_exact(4).map(bytemuck::pod_read_unaligned::<u32>).collect(),
                None => Vec::new(),
            }
        })?;
        out.fence.extend(fence);
        self.adapt(visits, kernel);
        Ok(())
    }

    /// Lets the next batches use dispatches of the wanted duration at the rate just seen. Only how work is cut depends on
    /// it, never a result.
    fn adapt(&self, visits: u64, kernel: Duration) {
        if kernel > Duration::ZERO {
            let wanted = visits as f64 * self.gpu.dispatch_time().as_secs_f64() / kernel.as_secs_f64();
            self.visits.store(wanted as u64, Relaxed);
        }
    }
}

/// A batch in flight and the node visits it takes.
struct Launched<'r> {
    flight: Flight<'r>,
    visits: u64,
}

/// The leaves' sum where every row has the same without looking: no trees, or no features to split on.
fn constant(forest: &Forest) -> Option<u64> {
    let leaf = |tree: &super::Tree| match tree.nodes.first() {
        Some(super::Node::Leaf { path }) => u64::from(*path),
        _ => 0,
    };
    (forest.n_features() == 0 || forest.trees().is_empty()).then(|| forest.trees().iter().map(leaf).sum())
}

/// Workgroups that cover `n_rows`.
fn groups_of(n_rows: u32) -> u32 {
    n_rows.div_ceil(LANES)
}
