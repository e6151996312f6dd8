//! The CPU body of `path_length`.
//!
//! Rows are taken in blocks that stay in L1. A block's columns are ranked among their features' thresholds
//! ([`super::ranks`]); small trees then run on the select machine ([`select`]), large ones are walked ([`walk`]). Sums are
//! integers, so neither the split between the two nor that of rows over threads shows in the results.

#[cfg(target_arch = "x86_64")]
mod avx2;
mod chains;
mod columns;
mod planes;
mod program;
mod select;
mod walk;

use super::ranks::RankWord;
use super::{Forest, Ranks};
use columns::TILE;
use ndarray::{ArrayView2, Axis};
use program::Program;
use rayon::prelude::*;
use select::{Lanes, Portable, ROWS};
use walk::{LANES, WalkTree};

/// The most rows that one task takes at once; large trees profit, since each is fetched into the cache once a task.
const TASK_ROWS: usize = 16 * ROWS;

/// A forest made ready for the CPU.
#[derive(Debug)]
pub(super) struct PathLengthCpu(Width);

/// Ranks fit 16 bits unless a feature has more than 65,535 distinct thresholds.
#[derive(Debug)]
enum Width {
    Narrow(Body<u16>),
    Wide(Body<u32>),
}

impl PathLengthCpu {
    /// Prepares `forest`.
    pub fn prepare(forest: &Forest) -> Self {
        Self::with_instructions(forest, Instructions::detect(), true)
    }

    pub(super) fn with_instructions(forest: &Forest, instructions: Instructions, select: bool) -> Self {
        let ranks = Ranks::new(forest);
        let widest = ranks.max_thresholds().max(LANES * ranks.n_features());
        Self(if widest <= <u16 as RankWord>::MAX {
            Width::Narrow(Body::new(forest, ranks, instructions, select))
        } else {
            Width::Wide(Body::new(forest, ranks, instructions, select))
        })
    }

    /// Path-length sums, one a row; `rows` has the forest's number of columns. Runs on the current rayon pool.
    pub fn sums(&self, rows: ArrayView2<'_, f32>) -> Vec<u64> {
        match &self.0 {
            Width::Narrow(body) => body.sums(rows),
            Width::Wide(body) => body.sums(rows),
        }
    }
}

/// Which instructions the machine runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Instructions {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2,
}

impl Instructions {
    pub(super) fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("avx2") {
            return Self::Avx2;
        }
        Self::Portable
    }

    /// Up to how many splits a tree is cheaper on the select machine, which visits them all, than walked. Measured: a
    /// split costs a row 0.025 ns with AVX2 and 0.06 ns without, a walk through such a tree about 9 ns.
    fn worthwhile_splits(self) -> usize {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => 350,
            Self::Portable => 150,
        }
    }
}

#[derive(Debug)]
struct Body<W> {
    ranks: Ranks,
    /// The features that some node compares: the columns of ranks.
    used: Vec<usize>,
    program: Program,
    walked: Vec<WalkTree<W>>,
    /// Columns of ranks that walked trees read: at least one, since even a leaf reads the first.
    width: usize,
    instructions: Instructions,
}

/// What a task works in.
struct Scratch<W> {
    /// Values of one block and one tile of features.
    columns: columns::Columns,
    /// Ranks of one block, column by column.
    ranked: Vec<[W; ROWS]>,
    planes: planes::Planes,
    cells: Vec<select::Cell>,
    /// Ranks of all the task's rows where trees are walked: for each few rows, column by column.
    by_lanes: Vec<W>,
}

impl<W: RankWord> Body<W> {
    fn new(forest: &Forest, ranks: Ranks, instructions: Instructions, select: bool) -> Self {
        let used: Vec<usize> = (0..ranks.n_features()).filter(|&f| ranks.n_thresholds(f) > 0).collect();
        let mut column = vec![0u32; ranks.n_features()];
        for (i, &feature) in used.iter().enumerate() {
            column[feature] = i as u32;
        }
        let limit = if select { instructions.worthwhile_splits() } else { 0 };
        let (program, others) = Program::compile(forest, &ranks, &column, limit);
        let walked = others.par_iter().map(|&t| WalkTree::new(forest, t, &ranks, &column)).collect();
        Self { ranks, width: used.len().max(1), used, program, walked, instructions }
    }

    fn sums(&self, rows: ArrayView2<'_, f32>) -> Vec<u64> {
        let n_rows = rows.nrows();
        let mut sums = vec![0u64; n_rows];
        // Small batches are split finer, so that every thread has a share.
        let share = n_rows.div_ceil(4 * rayon::current_num_threads()).next_multiple_of(ROWS);
        let task_rows = share.clamp(ROWS, TASK_ROWS);
        sums.par_chunks_mut(task_rows).enumerate().for_each_init(
            || self.scratch(task_rows),
            |scratch, (task, sums)| {
                let first = task * task_rows;
                let rows = rows.slice_axis(Axis(0), (first..first + sums.len()).into());
                match self.instructions {
                    // SAFETY: AVX2 was detected.
                    #[cfg(target_arch = "x86_64")]
                    Instructions::Avx2 => unsafe { self.task_avx2(rows, scratch, sums) },
                    Instructions::Portable => self.task::<Portable, { ROWS / Portable::WIDTH }>(rows, scratch, sums),
                }
            },
        );
        sums
    }

    fn scratch(&self, task_rows: usize) -> Scratch<W> {
        let walked = if self.walked.is_empty() { 0 } else { task_rows.next_multiple_of(LANES) * self.width };
        Scratch {
            columns: [[0.0; ROWS]; TILE],
            ranked: vec![[W::default(); ROWS]; self.used.len()],
            planes: planes::Planes::new(&self.program.quads),
            cells: select::cells(&self.program),
            by_lanes: vec![W::default(); walked],
        }
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2")]
    fn task_avx2(&self, rows: ArrayView2<'_, f32>, scratch: &mut Scratch<W>, sums: &mut [u64]) {
        self.task::<avx2::Avx2, { ROWS / avx2::Avx2::WIDTH }>(rows, scratch, sums);
    }

    #[inline(always)]
    fn task<L: Lanes, const PARTS: usize>(
        &self,
        rows: ArrayView2<'_, f32>,
        scratch: &mut Scratch<W>,
        sums: &mut [u64],
    ) {
        for (block, sums) in sums.chunks_mut(ROWS).enumerate() {
            let first = block * ROWS;
            self.rank(rows.slice_axis(Axis(0), (first..first + sums.len()).into()), first, scratch);
            let mut totals = L::Totals::default();
            for quad in &self.program.quads {
                quad.spread(&scratch.ranked, &mut scratch.planes);
                for (group, planes) in quad.groups.iter().zip(&scratch.planes.0) {
                    for batch in &group.batches {
                        select::run::<L, PARTS>(batch, planes, &mut scratch.cells);
                        L::add(&mut totals, batch, &scratch.cells);
                    }
                }
            }
            let mut block_sums = [0; ROWS];
            L::finish(totals, &mut block_sums);
            sums.copy_from_slice(&block_sums[..sums.len()]);
        }
        for tree in &self.walked {
            tree.add(&scratch.by_lanes, self.width, sums);
        }
    }

    /// Ranks a block of at most [`ROWS`] rows, the first of which is the task's row `first`.
    #[inline(always)]
    fn rank(&self, rows: ArrayView2<'_, f32>, first: usize, scratch: &mut Scratch<W>) {
        let n = rows.nrows();
        let mut ranked = scratch.ranked.iter_mut();
        for tile in self.used.chunk_by(|a, b| a / TILE == b / TILE) {
            let base = tile[0] / TILE * TILE;
            columns::transpose(rows, base, &mut scratch.columns);
            for (&feature, ranked) in tile.iter().zip(&mut ranked) {
                self.ranks.rank_slice(feature, &scratch.columns[feature - base], ranked);
            }
        }
        if !self.walked.is_empty() {
            let lanes = scratch.by_lanes[first * self.width..].chunks_exact_mut(LANES * self.width);
            for (group, lanes) in lanes.take(n.div_ceil(LANES)).enumerate() {
                for (lanes, ranked) in lanes.as_chunks_mut().0.iter_mut().zip(&scratch.ranked) {
                    *lanes = ranked.as_chunks::<LANES>().0[group];
                }
            }
        }
    }
}
