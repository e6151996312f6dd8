//! The GPU body of `rbf`: the host side of `shaders/rbf_*.wgsl`.
//!
//! One kernel for both uses, in two storages of the vectors. A workgroup takes 64 rows and a span of vectors: squared
//! differences in registers, 8 rows × 4 vectors a lane, slabs of 8 features through workgroup memory; then exp2 and the
//! weighted sum, so that neither distances nor kernels are ever in memory. For differences, 8 × 4 needs no more of workgroup
//! memory than 8 × 8 does for products: 12 words for 64 operations (the subtractions count), and twice as many subgroups fit.
//!
//! **Sums.** A span is 512 vectors (fewer where a binding forces it), summed in f32 as a tree: a lane adds 32 products, a row
//! 16 lanes, so that no term is rounded more than 48 times, in whatever order a compiler adds: below the [`BLOCK`] of
//! [`error_bound`]. Each (row, span) is one f32 out, and the host adds spans in f64, in their order: 16 bytes a row for
//! 2,000 vectors. A pair (hi, lo) kept on the device would be 8, but a driver that reorders sums (Metal's fast math) makes
//! its lo nothing. Spans do not depend on how batches or dispatches are cut, which is only ever between blocks of rows.
//!
//! **Values.** A row that holds a NaN or an infinity, or is so far from all vectors in one feature that every kernel is 0 as
//! f32, is decided on the host ([`reach`]). What is left overflows only among vectors that are themselves 10¹⁹ apart, or
//! with γ so small that a distance beyond f32 is near; there exponents are bounded before they are used.
//!
//! Vectors are resident, cut into as many bindings as they need, rows are streamed; [`ProductsGpu`] has the rows resident and
//! streams the chosen ones as vectors. A batch is cut into dispatches that take about 50 ms each, by the rate that earlier
//! batches showed. Buffers, bind groups and pipelines are made in `prepare`, never later.
//!
//! Compiled for RDNA2 by Mesa's RADV, as they run (bounds proven, see [`kernels`]): no spills, no scratch memory.
//!
//! | kernel, slabs of 8 | instructions | vector registers | workgroup memory | subgroups per SIMD |
//! |---|---|---|---|---|
//! | f32 | 855 | 96 | 8.5 KiB | 10 |
//! | f16 | 862 | 96 | 8.5 KiB | 10 |
//!
//! Of f32, 593 are the loop over slabs, unrolled: for 8 × 4 pairs and 8 features 256 subtractions and 256 fused multiply-adds,
//! 24 reads of workgroup memory with 19 waits, and 38 for staging, the next slab and the branches: 2.32 for a row, a vector and a
//! feature, of which 2 are the arithmetic. Another 151 a block of vectors are the kernels and sums of these 32 pairs: 4.7 each,
//! of which a product, a bound, an exponential and a weighted sum are 4.
//!
//! [`BLOCK`]: super::BLOCK
//! [`error_bound`]: super::error_bound

mod kernels;
mod panel;
mod products;
mod reach;
mod stream;
mod vectors;

pub use panel::Panel;
pub use products::ProductsGpu;

use super::Expansion;
use crate::device::{Batch, FENCE_BYTES, Flight, Gpu, Kernel, Ring, RingSizes, Slot, Timings};
use crate::ops::blocks::BLOCK;
use crate::{Error, Result};
use ndarray::{ArrayView2, Axis, Slice};
use panel::{CUTS, Panels, Spans};
use reach::Reach;
use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

/// The kernels, for the list of operations.
pub(super) const KERNELS: &[&Kernel] = &[&kernels::F32, &kernels::F16];

/// Batches that can be in flight.
const SLOTS: usize = 3;
/// A batch's rows take at most this many bytes, unless that is less than a block.
const INPUT_BYTES: u64 = 16 << 20;
/// Likewise its partial sums.
const OUTPUT_BYTES: u64 = 16 << 20;
/// Terms of distances of a batch, unless a block of rows has more: a second or two on a slow GPU, so that callers who want to
/// stop are asked often.
const BATCH_TERMS: u64 = 1 << 35;
/// Most blocks of rows of a batch: far below the 65,535 workgroups of a dispatch.
const MOST_BLOCKS: u64 = 4096;

/// An expansion made ready on a GPU; shared by threads.
#[derive(Debug)]
pub struct RbfGpu {
    panels: Panels,
    reach: Reach,
    batch_rows: usize,
    output_bytes: u64,
    chunks: Vec<(Spans, wgpu::BindGroup)>,
    n_spans: usize,
    ring: Ring,
    /// Groups 0 and 1 of each slot, by the slot's index.
    slots: Vec<[wgpu::BindGroup; 2]>,
}

/// Sums with what lies behind them; see [`RbfGpu::poisoned_sums`].
#[derive(Debug, Clone, PartialEq)]
pub struct Fenced {
    /// As they are without poison.
    pub sums: Vec<f64>,
    /// The words of the output buffer behind those that were to be written, which must all still be the poison.
    pub fence: Vec<u32>,
}

impl RbfGpu {
    /// Prepares `expansion` on `gpu`, for batches of up to `max_rows` rows (larger ones are split).
    ///
    /// # Errors
    /// If 64 vectors or rows do not fit a binding, or the device fails.
    pub fn prepare(expansion: &Expansion, gpu: &Arc<Gpu>, max_rows: usize) -> Result<Self> {
        let panels = Panels::new(gpu, expansion.n_features(), expansion.gamma(), expansion.storage())?;
        let chunks = chunks(expansion, &panels)?;
        let n_spans = chunks.last().map_or(0, |(spans, _)| spans.base + panels.layout.spans(spans.n_blocks));
        let n_blocks = chunks.iter().map(|(spans, _)| spans.n_blocks).sum();

        let row_bytes = panels.layout.shape.block_bytes();
        let span_bytes = (4 * BLOCK * n_spans.max(1)) as u64;
        let limit = gpu.max_binding_bytes().saturating_sub(FENCE_BYTES);
        let blocks = (max_rows.div_ceil(BLOCK) as u64)
            .min(MOST_BLOCKS)
            .min(INPUT_BYTES / row_bytes)
            .min(OUTPUT_BYTES / span_bytes)
            .min(BATCH_TERMS / panels.terms(n_blocks).max(1))
            .max(1);
        let blocks = blocks.min(limit / span_bytes).min(panels.layout.most_row_blocks as u64);
        if blocks == 0 {
            let n_vectors = expansion.coefficients().len();
            let limit = gpu.max_binding_bytes();
            let message =
                format!("sums over {n_vectors} vectors do not fit a binding of {limit} bytes; use --device cpu");
            return Err(Error::Device(message));
        }
        let output_bytes = blocks * span_bytes;
        let sizes = RingSizes {
            slots: if chunks.is_empty() { 0 } else { SLOTS },
            dispatches: CUTS * chunks.len(),
            input: blocks * row_bytes,
            scratch: 0,
            output: output_bytes,
        };
        let ring = Ring::new(gpu, sizes)?;
        let slots = by_index(ring.for_each_slot(|slot| {
            let own = gpu.bind(panels.kernel, &panels.pipeline, 0, &[&slot.uniforms, &slot.output])?;
            let rows = gpu.bind(panels.kernel, &panels.pipeline, 1, &[&slot.input])?;
            Ok((slot.index, [own, rows]))
        })?);
        let reach = Reach::new(expansion.vectors(), expansion.gamma());
        let batch_rows = max_rows.clamp(1, blocks as usize * BLOCK);
        Ok(Self { panels, reach, batch_rows, output_bytes, chunks, n_spans, ring, slots })
    }

    /// One sum a row.
    ///
    /// # Errors
    /// If `rows` has another number of features than the vectors, or the device fails.
    pub fn sums(&self, rows: ArrayView2<'_, f32>) -> Result<Vec<f64>> {
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
        &self.panels.gpu
    }

    /// Rows of the largest batch.
    pub fn batch_rows(&self) -> usize {
        self.batch_rows
    }

    /// Bindings that the vectors take.
    pub fn n_bindings(&self) -> usize {
        self.chunks.len()
    }

    fn run(&self, rows: ArrayView2<'_, f32>, poison: Option<u32>) -> Result<Fenced> {
        let n_features = self.panels.layout.shape.n_features;
        if rows.ncols() != n_features {
            let limit = format!("the vectors have {n_features}");
            return Err(Error::parameter("n_features", rows.ncols(), limit));
        }
        let mut out = Fenced { sums: vec![0.0; rows.nrows()], fence: Vec::new() };
        if self.chunks.is_empty() {
            for (sum, row) in out.sums.iter_mut().zip(rows.outer_iter()) {
                *sum = if row.iter().any(|x| x.is_nan()) { f64::NAN } else { 0.0 };
            }
            return Ok(out);
        }
        let batches = (0..rows.nrows()).step_by(self.batch_rows);
        let batches = batches.map(|begin| begin..rows.nrows().min(begin + self.batch_rows));
        let launch = |slot, range: Range<usize>| {
            let batch = rows.slice_axis(Axis(0), Slice::from(range.clone()));
            self.launch(slot, batch, range.start, poison)
        };
        stream::stream(&self.ring, batches, launch, |launched: Launched<'_>| {
            let range = launched.begin..launched.begin + launched.n_rows;
            let sums = out.sums.get_mut(range).unwrap_or_default();
            let (fence, kernel) = launched.flight.land(|output| gather(output, sums, self.n_spans, poison))?;
            out.fence.extend(fence);
            for (row, sum) in launched.decided {
                sums.iter_mut().skip(row).take(1).for_each(|place| *place = sum);
            }
            self.panels.adapt(launched.terms, kernel);
            Ok(())
        })?;
        Ok(out)
    }

    fn launch(&self, slot: Slot, rows: ArrayView2<'_, f32>, begin: usize, poison: Option<u32>) -> Result<Launched<'_>> {
        let started = Instant::now();
        let n_rows = rows.nrows();
        let steps = self.panels.cut(n_rows, 0, self.chunks.iter().map(|(spans, _)| *spans));
        let values = rows.as_standard_layout();
        let values: Vec<&[f32]> = values.outer_iter().map(|row| row.to_slice().unwrap_or_default()).collect();
        let decide = |(row, values): (usize, &&[f32])| self.reach.decides(values).map(|sum| (row, sum));
        let decided = values.iter().enumerate().filter_map(decide).collect();
        let shape = self.panels.layout.shape;
        let written = self.panels.write(&slot, &steps, |write| {
            let mut block = vec![0f32; shape.block_values()];
            for rows in values.chunks(BLOCK) {
                shape.fill(rows.iter().copied(), &mut block);
                write(bytemuck::cast_slice(&block));
            }
        });
        let input_bytes = match written {
            Ok(bytes) => bytes,
            Err(error) => {
                self.ring.put(slot);
                return Err(error);
            }
        };
        let output_bytes = match poison {
            None => (4 * n_rows * self.n_spans) as u64,
            Some(_) => self.output_bytes + FENCE_BYTES,
        };
        let batch = Batch { input_bytes, output_bytes, poison, prepare: started.elapsed() };
        let index = slot.index;
        let flight = self.ring.launch(slot, &batch, |pass| {
            self.panels.record(pass, &steps, |chunk| {
                let ([own, rows], (_, vectors)) = (self.slots.get(index)?, self.chunks.get(chunk)?);
                Some([own, rows, vectors])
            });
        });
        let n_blocks = self.chunks.iter().map(|(spans, _)| spans.n_blocks).sum();
        let terms = self.panels.terms(n_blocks) * n_rows.div_ceil(BLOCK) as u64;
        Ok(Launched { flight, begin, n_rows, decided, terms })
    }
}

/// A batch in flight.
struct Launched<'r> {
    flight: Flight<'r>,
    /// Its first row, and how many there are.
    begin: usize,
    n_rows: usize,
    /// Rows, counted from the first, whose sums the host knows.
    decided: Vec<(usize, f64)>,
    /// Terms of distances that it takes.
    terms: u64,
}

/// The vectors on the device, cut into bindings.
fn chunks(expansion: &Expansion, panels: &Panels) -> Result<Vec<(Spans, wgpu::BindGroup)>> {
    let layout = panels.layout;
    let vectors = expansion.vectors();
    let mut vectors = vectors.outer_iter().map(|row| row.to_slice().unwrap_or_default());
    let mut base = 0;
    let pieces = expansion.coefficients().chunks(layout.most_spans * layout.span_blocks * BLOCK);
    let chunk = |weights: &[f64]| {
        let words = layout.pack(vectors.by_ref().take(weights.len()), weights);
        let buffer = panels.gpu.resident("vectors", bytemuck::cast_slice(&words))?;
        let group = panels.gpu.bind(panels.kernel, &panels.pipeline, 2, &[&buffer])?;
        let spans = Spans { base, n_blocks: weights.len().div_ceil(BLOCK) };
        base += layout.spans(spans.n_blocks);
        Ok((spans, group))
    };
    pieces.map(chunk).collect()
}

/// Adds the spans' partial sums to `sums`, in their order; with poison, returns what lies behind them.
fn gather(output: &[u8], sums: &mut [f64], n_spans: usize, poison: Option<u32>) -> Vec<u32> {
    let (partials, fence) = output.split_at_checked(4 * sums.len() * n_spans).unwrap_or_default();
    for span in partials.chunks_exact(4 * sums.len().max(1)) {
        for (sum, bytes) in sums.iter_mut().zip(span.chunks_exact(4)) {
            *sum += f64::from(bytemuck::pod_read_unaligned::<f32>(bytes));
        }
    }
    match poison {
        Some(_) => fence.chunks_exact(4).map(bytemuck::pod_read_unaligned).collect(),
        None => Vec::new(),
    }
}

/// What was made for each slot, in the order of their indices.
fn by_index<T>(mut made: Vec<(usize, T)>) -> Vec<T> {
    made.sort_by_key(|(index, _)| *index);
    made.into_iter().map(|(_, made)| made).collect()
}
