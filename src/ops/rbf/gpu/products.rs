//! Products with the kernel matrix of resident rows.

use super::panel::{CUTS, Panels, Spans};
use super::{BATCH_TERMS, Fenced, MOST_BLOCKS, OUTPUT_BYTES, SLOTS, by_index, gather, stream};
use crate::Result;
use crate::device::{Batch, FENCE_BYTES, Flight, Gpu, Ring, RingSizes, Slot, Timings};
use crate::ops::blocks::BLOCK;
use crate::ops::rbf::Storage;
use crate::ops::rbf::expansion::no_such_row;
use ndarray::{Array2, ArrayView2};
use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

/// Most spans of chosen rows in a batch: more are taken in pieces.
const PIECE_SPANS: usize = 4;

/// Training rows made ready on a GPU. They are the rows of the kernels; those chosen are the vectors.
#[derive(Debug)]
pub struct ProductsGpu {
    panels: Panels,
    /// Where the chosen rows are taken from.
    rows: Array2<f32>,
    chunks: Vec<Chunk>,
    batch_blocks: usize,
    /// Chosen rows of a batch.
    piece: usize,
    output_bytes: u64,
    ring: Ring,
    /// Groups 0 and 2 of each slot, by the slot's index.
    slots: Vec<[wgpu::BindGroup; 2]>,
}

/// Rows of one binding.
#[derive(Debug)]
struct Chunk {
    first_row: usize,
    n_rows: usize,
    group: wgpu::BindGroup,
}

/// A piece of the chosen rows with a batch of all rows.
#[derive(Debug, Clone, Copy)]
struct Job<'a> {
    words: &'a [u32],
    spans: Spans,
    chunk: usize,
    /// Block of the chunk, row of all, and their number.
    first_block: usize,
    first_row: usize,
    n_rows: usize,
}

impl ProductsGpu {
    /// Makes `rows`, finite, ready on `gpu`.
    ///
    /// # Errors
    /// If 64 rows do not fit a binding, or the device fails.
    pub fn prepare(rows: ArrayView2<'_, f32>, gamma: f64, gpu: &Arc<Gpu>) -> Result<Self> {
        let panels = Panels::new(gpu, rows.ncols(), gamma, Storage::F32)?;
        let rows = rows.as_standard_layout().into_owned();
        let chunks = chunks(&rows, &panels)?;
        let layout = panels.layout;
        let n_blocks = rows.nrows().div_ceil(BLOCK).max(1);
        let spans = layout.most_spans.min(PIECE_SPANS).min(layout.spans(n_blocks));
        let piece_blocks = spans * layout.span_blocks;
        let limit = gpu.max_binding_bytes().saturating_sub(FENCE_BYTES).min(OUTPUT_BYTES);
        let span_bytes = (4 * BLOCK * spans) as u64;
        let batch_blocks = (n_blocks as u64)
            .min(MOST_BLOCKS)
            .min(BATCH_TERMS / panels.terms(piece_blocks).max(1))
            .min(limit / span_bytes)
            .clamp(1, layout.most_row_blocks as u64);
        let output_bytes = batch_blocks * span_bytes;
        let ring = Ring::new(
            gpu,
            RingSizes {
                slots: SLOTS,
                dispatches: CUTS,
                input: (4 * piece_blocks * layout.block_words()) as u64,
                scratch: 0,
                output: output_bytes,
            },
        )?;
        let slots = by_index(ring.for_each_slot(|slot| {
            let own = gpu.bind(panels.kernel, &panels.pipeline, 0, &[&slot.uniforms, &slot.output])?;
            let vectors = gpu.bind(panels.kernel, &panels.pipeline, 2, &[&slot.input])?;
            Ok((slot.index, [own, vectors]))
        })?);
        let piece = piece_blocks * BLOCK;
        Ok(Self { panels, rows, chunks, batch_blocks: batch_blocks as usize, piece, output_bytes, ring, slots })
    }

    /// Adds `Σ_i coefficients[i] K(x_chosen[i], x_j)` to `sums[j]`, for every row j.
    ///
    /// # Errors
    /// If a chosen row does not exist, or the device fails; `sums` may then have been added to in part.
    pub fn add_products(&self, chosen: &[u32], coefficients: &[f64], sums: &mut [f64]) -> Result<()> {
        self.run(chosen, coefficients, sums, None).map(drop)
    }

    /// Products with every buffer that a kernel writes filled with `poison` before each batch: for the contract test, as
    /// [`RbfGpu::poisoned_sums`](super::RbfGpu::poisoned_sums).
    ///
    /// # Errors
    /// As [`add_products`](Self::add_products).
    pub fn poisoned_products(&self, chosen: &[u32], coefficients: &[f64], poison: u32) -> Result<Fenced> {
        let mut sums = vec![0.0; self.rows.nrows()];
        let fence = self.run(chosen, coefficients, &mut sums, Some(poison))?;
        Ok(Fenced { sums, fence })
    }

    /// Time spent on batches so far, by stage.
    pub fn timings(&self) -> Timings {
        self.ring.timings()
    }

    /// The device it was prepared on, which counts what it is asked to do.
    pub fn gpu(&self) -> &Arc<Gpu> {
        &self.panels.gpu
    }

    /// Bindings that the rows take.
    pub fn n_bindings(&self) -> usize {
        self.chunks.len()
    }

    /// Returns what lies behind the partial sums of each batch.
    fn run(&self, chosen: &[u32], weights: &[f64], sums: &mut [f64], poison: Option<u32>) -> Result<Vec<u32>> {
        let mut fence = Vec::new();
        for (chosen, weights) in chosen.chunks(self.piece).zip(weights.chunks(self.piece)) {
            let row = |&i: &u32| row_of(&self.rows, i as usize).ok_or_else(|| no_such_row(i, self.rows.nrows()));
            let rows = chosen.iter().map(row).collect::<Result<Vec<&[f32]>>>()?;
            let words = self.panels.layout.pack(rows.into_iter(), weights);
            let spans = Spans { base: 0, n_blocks: weights.len().div_ceil(BLOCK) };
            let n_spans = self.panels.layout.spans(spans.n_blocks);
            let launch = |slot, job: Job<'_>| {
                let rows = job.first_row..job.first_row + job.n_rows;
                self.launch(slot, &job, poison).map(|flight| (rows, flight))
            };
            stream::stream(
                &self.ring,
                self.jobs(&words, spans),
                launch,
                |(rows, flight): (Range<usize>, Flight<'_>)| {
                    let terms = self.panels.terms(spans.n_blocks) * rows.len().div_ceil(BLOCK) as u64;
                    let sums = sums.get_mut(rows).unwrap_or_default();
                    let (spare, kernel) = flight.land(|output| gather(output, sums, n_spans, poison))?;
                    fence.extend(spare);
                    self.panels.adapt(terms, kernel);
                    Ok(())
                },
            )?;
        }
        Ok(fence)
    }

    /// The batches of all rows with one piece of the chosen.
    fn jobs<'a>(&'a self, words: &'a [u32], spans: Spans) -> impl Iterator<Item = Job<'a>> {
        self.chunks.iter().enumerate().flat_map(move |(index, chunk)| {
            (0..chunk.n_rows).step_by(self.batch_blocks * BLOCK).map(move |begin| Job {
                words,
                spans,
                chunk: index,
                first_block: begin / BLOCK,
                first_row: chunk.first_row + begin,
                n_rows: (chunk.n_rows - begin).min(self.batch_blocks * BLOCK),
            })
        })
    }

    fn launch(&self, slot: Slot, job: &Job<'_>, poison: Option<u32>) -> Result<Flight<'_>> {
        let started = Instant::now();
        let steps = self.panels.cut(job.n_rows, job.first_block, std::iter::once(job.spans));
        let written = self.panels.write(&slot, &steps, |write| write(bytemuck::cast_slice(job.words)));
        let input_bytes = match written {
            Ok(bytes) => bytes,
            Err(error) => {
                self.ring.put(slot);
                return Err(error);
            }
        };
        let output_bytes = match poison {
            None => (4 * job.n_rows * self.panels.layout.spans(job.spans.n_blocks)) as u64,
            Some(_) => self.output_bytes + FENCE_BYTES,
        };
        let batch = Batch { input_bytes, output_bytes, poison, prepare: started.elapsed() };
        let index = slot.index;
        Ok(self.ring.launch(slot, &batch, |pass| {
            self.panels.record(pass, &steps, |_| {
                let ([own, vectors], chunk) = (self.slots.get(index)?, self.chunks.get(job.chunk)?);
                Some([own, &chunk.group, vectors])
            });
        }))
    }
}

/// The rows on the device, cut into bindings.
fn chunks(rows: &Array2<f32>, panels: &Panels) -> Result<Vec<Chunk>> {
    let shape = panels.layout.shape;
    let all: Vec<&[f32]> = (0..rows.nrows()).map(|i| row_of(rows, i).unwrap_or_default()).collect();
    let mut first_row = 0;
    let chunk = |rows: &[&[f32]]| {
        let mut values = vec![0f32; rows.len().div_ceil(BLOCK) * shape.block_values()];
        for (rows, block) in rows.chunks(BLOCK).zip(values.chunks_exact_mut(shape.block_values())) {
            shape.fill(rows.iter().copied(), block);
        }
        let buffer = panels.gpu.resident("rows", bytemuck::cast_slice(&values))?;
        let group = panels.gpu.bind(panels.kernel, &panels.pipeline, 1, &[&buffer])?;
        first_row += rows.len();
        Ok(Chunk { first_row: first_row - rows.len(), n_rows: rows.len(), group })
    };
    all.chunks(panels.layout.most_row_blocks * BLOCK).map(chunk).collect()
}

/// A row of a matrix in standard layout.
fn row_of(rows: &Array2<f32>, row: usize) -> Option<&[f32]> {
    let begin = row.checked_mul(rows.ncols()).filter(|_| row < rows.nrows())?;
    rows.as_slice()?.get(begin..begin + rows.ncols())
}
