//! The GPU body of `neighbors`: the host side of `shaders/neighbors_*.wgsl`.
//!
//! Three kernels, no list of k anywhere while distances are computed, so that any k costs the same registers:
//! 1. `neighbors_minima` computes all distances, 8 queries × 4 references a lane, and keeps the smallest of every
//!    (query, tile of references).
//! 2. `neighbors_bound` finds each query's k-th smallest tile minimum. At least k references are that near, so the k-th
//!    nearest is; widened by what rounding can do (`order`), it is a limit that no neighbour's f32 distance exceeds.
//! 3. `neighbors_collect` computes the distances in the few tiles whose minimum is within the limit again, and lists the
//!    references within it: the candidates, a little more than k, which the host settles by the f64 key.
//!
//! References are shuffled, so that tiles are random samples of them; queries and references lie in blocks of 64 rows,
//! [feature][row], so that every load is coalesced. Where candidates are more than there is room for (ties by the
//! hundred, squares beyond f32), the host is told and searches itself; what comes back does not depend on how a device
//! rounds, fuses or flushes.
//!
//! References are resident, cut into as many bindings as they need; a batch is cut into dispatches that take about 50 ms
//! each, by the rate that earlier batches showed. Buffers, bind groups and pipelines are made in `prepare`, never later.
//!
//! Compiled for RDNA2 by Mesa's RADV, as they run (bounds proven, see [`kernels`]): no spills, no scratch memory.
//!
//! | kernel | instructions | vector registers | workgroup memory | subgroups per SIMD |
//! |---|---|---|---|---|
//! | minima, slabs of 8 | 859 | 96 | 8.5 KiB | 10 |
//! | bound | 173 | 8 | 3.5 KiB | 32 |
//! | collect, slabs of 8 | 231 | 16 | 4.5 KiB | 26 |
//!
//! Of minima, 582 are the loop over slabs, unrolled: for 8 × 4 pairs and 8 features 256 subtractions and 256 fused
//! multiply-adds, 24 reads of workgroup memory (3 a feature) with 19 waits, and 27 for the next slab and the branch: 2.27 for
//! a pair and a feature, of which 2 are the arithmetic.

mod candidates;
mod chunks;
mod kernels;
mod plan;
mod steps;
mod tiling;

pub use candidates::{Candidates, Fenced};
pub use tiling::Tiling;

use crate::device::{
    Batch, FENCE_BYTES, Flight, Gpu, Kernel, Pipeline, Ring, RingSizes, Slot, Timings, UNIFORM_STRIDE,
};
use crate::{Error, Result};
use candidates::Found;
use chunks::Chunks;
use plan::{Plan, Sizes, room_of};
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};
use steps::{CUTS, SlotGroups, Step};
use tiling::{BLOCK, Shape};

/// The kernels, for the list of operations.
pub(super) const KERNELS: &[&Kernel] = &[&kernels::MINIMA, &kernels::BOUND, &kernels::COLLECT];

/// Batches that can be in flight.
const SLOTS: usize = 3;
/// A batch's queries take at most this many bytes, unless that is less than a block.
const INPUT_BYTES: u64 = 8 << 20;
/// Tile minima of a batch.
const SCRATCH_BYTES: u64 = 32 << 20;
/// Lists of a batch.
const OUTPUT_BYTES: u64 = 8 << 20;
/// Most queries of a batch, in blocks: the bound and the lists take a workgroup a query, of 65,535.
const MOST_BLOCKS: u64 = 1023;
/// Queries of a batch for which nothing is dispatched: few enough that a caller who wants to stop is asked often.
const UNSEARCHED: usize = 4096;
/// Terms of distances a second before the device's rate is known: a slow GPU's.
const FIRST_RATE: f64 = 2e10;

/// References made ready on a GPU; shared by threads.
#[derive(Debug)]
pub struct NeighborsGpu {
    gpu: Arc<Gpu>,
    shape: Shape,
    sizes: Sizes,
    references: Chunks,
    minima: Pipeline,
    bound: Pipeline,
    collect: Pipeline,
    ring: Ring,
    slots: Vec<SlotGroups>,
    /// Terms of distances a dispatch may compute.
    terms: AtomicU64,
}

impl NeighborsGpu {
    /// Makes `unique`, distinct finite rows of `n_features` values, ready on `gpu`.
    ///
    /// # Errors
    /// If 64 rows do not fit a binding, or the device fails.
    pub fn prepare(unique: &[f32], n_features: usize, gpu: &Arc<Gpu>) -> Result<Self> {
        let shape = Shape::new(n_features);
        let slab = [("SLAB", shape.slab as f64)];
        let minima = gpu.pipeline(&kernels::MINIMA, &slab)?;
        let bound = gpu.pipeline(&kernels::BOUND, &[])?;
        let collect = gpu.pipeline(&kernels::COLLECT, &slab)?;
        let references = Chunks::new(unique, shape, gpu, &minima, &collect)?;

        let limit = gpu.max_binding_bytes();
        let blocks = (INPUT_BYTES / shape.block_bytes()).clamp(1, MOST_BLOCKS).min(limit / shape.block_bytes());
        // What one query needs at most: a distance to each reference, and a list of almost as many.
        let row_bytes = 4 * (references.order.len() as u64 + 1);
        let all_bytes = row_bytes.saturating_mul(blocks * BLOCK as u64);
        let room = |usual: u64, limit: u64| usual.max(row_bytes).min(all_bytes).min(limit) / 16 * 16;
        let scratch = room(SCRATCH_BYTES, limit);
        let output = room(OUTPUT_BYTES, limit.saturating_sub(FENCE_BYTES));
        let input = blocks * shape.block_bytes();
        let dispatches = CUTS + 2 * references.chunks.len() + 1;
        let ring = Ring::new(gpu, RingSizes { slots: SLOTS, dispatches, input, scratch, output })?;
        let slots = ring.for_each_slot(|slot| {
            Ok(SlotGroups {
                index: slot.index,
                minima: gpu.bind(&kernels::MINIMA, &minima, 0, &[&slot.uniforms, &slot.input, &slot.scratch])?,
                bound: gpu.bind(&kernels::BOUND, &bound, 0, &[&slot.uniforms, &slot.scratch])?,
                collect: {
                    let buffers = [&slot.uniforms, &slot.input, &slot.scratch, &slot.output];
                    gpu.bind(&kernels::COLLECT, &collect, 0, &buffers)?
                },
            })
        })?;
        let sizes = Sizes {
            queries: blocks as usize * BLOCK,
            scratch_words: (scratch / 4) as usize,
            output_words: (output / 4) as usize,
            widest_log2: references.widest_log2,
        };
        let terms = AtomicU64::new((FIRST_RATE * gpu.dispatch_time().as_secs_f64()) as u64);
        Ok(Self { gpu: Arc::clone(gpu), shape, sizes, references, minima, bound, collect, ring, slots, terms })
    }

    /// Calls `sink`, batch by batch in order, with rows among which the `k` nearest of each of `queries` (row-major,
    /// `n_features` finite values each) certainly are. `k` must be at least 1; of fewer rows than that, all are candidates.
    /// The next batches are computed while `sink` looks at one.
    ///
    /// # Errors
    /// If the device fails, or `sink` does.
    pub fn candidates(
        &self,
        queries: &[f32],
        k: usize,
        mut sink: impl FnMut(&Candidates<'_>) -> Result<()>,
    ) -> Result<()> {
        self.run(queries, k, None, |candidates, _| sink(candidates))
    }

    /// All of [`candidates`](Self::candidates), with every buffer that a kernel writes filled with `poison` before each
    /// batch: for the contract test, which looks for what was not written and what was written beyond.
    ///
    /// # Errors
    /// If the device fails.
    pub fn poisoned_candidates(&self, queries: &[f32], k: usize, poison: u32) -> Result<Fenced> {
        let mut fenced = Fenced { lists: Vec::new(), spare: Vec::new() };
        self.run(queries, k, Some(poison), |candidates, output| {
            fenced.add(candidates, output);
            Ok(())
        })?;
        Ok(fenced)
    }

    /// References in a tile, and queries in a batch, of a search for `k`; None where nothing is dispatched for it.
    pub fn tile_and_batch(&self, k: usize) -> Option<(usize, usize)> {
        self.plan(k).map(|plan| (1 << plan.width_log2, plan.batch))
    }

    /// Bindings that the references take.
    pub fn n_bindings(&self) -> usize {
        self.references.chunks.len()
    }

    /// Time spent on batches so far, by stage.
    pub fn timings(&self) -> Timings {
        self.ring.timings()
    }

    /// The device it was prepared on, which counts what it is asked to do.
    pub fn gpu(&self) -> &Arc<Gpu> {
        &self.gpu
    }

    /// None: all rows are candidates, or the search does not fit.
    fn plan(&self, k: usize) -> Option<Plan> {
        let n_rows = self.references.order.len();
        (n_rows > room_of(k)).then(|| Plan::new(n_rows, k, self.shape, self.sizes)).flatten()
    }

    fn run(
        &self,
        queries: &[f32],
        k: usize,
        poison: Option<u32>,
        mut sink: impl FnMut(&Candidates<'_>, &[u32]) -> Result<()>,
    ) -> Result<()> {
        let n_queries = queries.len() / self.shape.n_features.max(1);
        let n_rows = self.references.order.len();
        let Some(plan) = self.plan(k) else {
            return (0..n_queries).step_by(UNSEARCHED).try_for_each(|begin| {
                let found = if n_rows <= room_of(k) { Found::All(n_rows as u32) } else { Found::Nothing };
                sink(&Candidates { queries: begin..n_queries.min(begin + UNSEARCHED), found }, &[])
            });
        };
        let mut land = |launched: Option<Launched<'_>>| {
            let Some(Launched { queries, flight, terms }) = launched else {
                return Ok(());
            };
            // Copied, so that the slot is free for the next batch while the sink looks.
            let (words, kernel) = flight.land(bytemuck::pod_collect_to_vec::<u8, u32>)?;
            self.adapt(terms, kernel);
            let found = Found::Lists { words: &words, room: plan.room, order: &self.references.order };
            sink(&Candidates { queries, found }, &words)
        };
        let mut flying = VecDeque::new();
        let mut begin = 0;
        while begin < n_queries {
            // Whoever holds slots does not wait for another: two callers could wait for each other.
            let slot = if flying.is_empty() { Some(self.ring.take()?) } else { self.ring.try_take()? };
            match slot {
                Some(slot) => {
                    let range = begin..n_queries.min(begin + plan.batch);
                    begin = range.end;
                    flying.push_back(self.launch(slot, queries, range, plan, poison)?);
                }
                None => land(flying.pop_front())?,
            }
        }
        while !flying.is_empty() {
            land(flying.pop_front())?;
        }
        Ok(())
    }

    fn launch(
        &self,
        slot: Slot,
        queries: &[f32],
        range: Range<usize>,
        plan: Plan,
        poison: Option<u32>,
    ) -> Result<Launched<'_>> {
        let begin = Instant::now();
        let steps = self.steps(plan, range.len(), self.terms.load(Relaxed));
        let values = queries.get(range.start * self.shape.n_features..range.end * self.shape.n_features);
        let written = match values {
            Some(values) => self.write(&slot, &steps, values),
            None => Err(Error::Internal("a batch has no queries".into())),
        };
        let input_bytes = match written {
            Ok(bytes) => bytes,
            Err(error) => {
                self.ring.put(slot);
                return Err(error);
            }
        };
        let output_bytes = match poison {
            None => 4 * (range.len() * (plan.room + 1)) as u64,
            Some(_) => 4 * self.sizes.output_words as u64 + FENCE_BYTES,
        };
        let terms = (range.len().next_multiple_of(BLOCK) * self.references.order.len() * self.shape.padded) as u64;
        let batch = Batch { input_bytes, output_bytes, poison, prepare: begin.elapsed() };
        let index = slot.index;
        let flight = self.ring.launch(slot, &batch, |pass| self.record(pass, index, &steps));
        Ok(Launched { queries: range, flight, terms })
    }

    /// Writes the uniforms and queries of a batch into staging memory; returns the bytes of the queries.
    fn write(&self, slot: &Slot, steps: &[Step], queries: &[f32]) -> Result<u64> {
        let mut view = slot.staging()?;
        for (i, step) in steps.iter().enumerate() {
            let at = i * UNIFORM_STRIDE as usize;
            view.slice(at..at + size_of::<Tiling>()).copy_from_slice(bytemuck::bytes_of(&step.tiling));
        }
        let mut block = vec![0f32; self.shape.block_values()];
        let mut at = slot.input_offset();
        for rows in queries.chunks(BLOCK * self.shape.n_features) {
            self.shape.fill(rows.chunks_exact(self.shape.n_features), &mut block);
            let bytes: &[u8] = bytemuck::cast_slice(&block);
            view.slice(at..at + bytes.len()).copy_from_slice(bytes);
            at += bytes.len();
        }
        Ok((at - slot.input_offset()) as u64)
    }

    /// Lets the next batches use dispatches of the wanted duration at the rate just seen. Only how work is cut depends on
    /// it, never a result.
    fn adapt(&self, terms: u64, kernel: Duration) {
        if kernel > Duration::ZERO {
            let wanted = terms as f64 * self.gpu.dispatch_time().as_secs_f64() / kernel.as_secs_f64();
            self.terms.store(wanted as u64, Relaxed);
        }
    }
}

/// A batch in flight, its queries, and the terms of distances it takes.
struct Launched<'r> {
    queries: Range<usize>,
    flight: Flight<'r>,
    terms: u64,
}
