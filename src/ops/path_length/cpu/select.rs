//! The select machine: all nodes of small trees evaluated for many rows at once, without a branch or a gather.
//!
//! A row is one byte lane. Its ranks among the thresholds of a group of trees are bytes, one plane a feature; a node is
//! one byte comparison and one selection between its subtrees' results, which are the numbers ("classes") of leaf values.
//! A node so costs about two vector instructions for 32 rows (AVX2), less than one step of a walk through the tree for
//! one row, and the trees of an isolation forest have few nodes (ψ = 256: at most 255, usually below 100).

use super::program::{Batch, Program};

/// Rows that run together.
pub(super) const ROWS: usize = 128;

/// One byte of each row.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
pub(super) struct Cell(pub [u8; ROWS]);

/// The machine's memory beside the planes: one constant for each class, then slots.
pub(super) fn cells(program: &Program) -> Vec<Cell> {
    let constant = |cell| if cell < program.n_classes { cell as u8 } else { 0 };
    (0..program.n_cells).map(|cell| Cell([constant(cell); ROWS])).collect()
}

/// Byte lanes of one vector register.
pub(super) trait Lanes: Copy {
    /// Bytes in the register.
    const WIDTH: usize;
    /// The byte in every lane.
    fn splat(byte: u8) -> Self;
    /// The lanes of `cell` from row `WIDTH * part`.
    fn load(cell: &Cell, part: usize) -> Self;
    /// The reverse of [`Self::load`].
    fn store(self, cell: &mut Cell, part: usize);
    /// `self` in lanes where `plane < bound` as signed bytes, else `other`.
    fn keep_below(self, other: Self, plane: Self, bound: Self) -> Self;
    /// Path lengths summed so far.
    type Totals: Default;
    /// Adds the path lengths of the trees of a batch that has run.
    fn add(totals: &mut Self::Totals, batch: &Batch, cells: &[Cell]);
    /// Adds the totals to `sums`.
    fn finish(totals: Self::Totals, sums: &mut [u64; ROWS]);
}

/// Runs a batch: afterwards the root cell of each tree holds each row's class. `PARTS` is `ROWS / L::WIDTH`.
#[inline(always)]
pub(super) fn run<L: Lanes, const PARTS: usize>(batch: &Batch, planes: &[Cell], cells: &mut [Cell]) {
    let (mut chains, mut steps) = (&batch.chains[..], &batch.steps[..]);
    for run in &batch.runs {
        let (run_chains, rest) = chains.split_at(run.count as usize);
        chains = rest;
        for chain in run_chains {
            let (chain_steps, rest) = steps.split_at(run.length as usize);
            steps = rest;
            let mut value = [L::splat(chain.class); PARTS];
            if run.constant {
                for step in chain_steps {
                    let (plane, bound) = (&planes[usize::from(step.plane)], L::splat(step.bound as u8));
                    let other = L::splat(step.other as u8);
                    for (part, value) in value.iter_mut().enumerate() {
                        *value = value.keep_below(other, L::load(plane, part), bound);
                    }
                }
            } else {
                for step in chain_steps {
                    let (plane, bound) = (&planes[usize::from(step.plane)], L::splat(step.bound as u8));
                    let other = &cells[usize::from(step.other)];
                    for (part, value) in value.iter_mut().enumerate() {
                        *value = value.keep_below(L::load(other, part), L::load(plane, part), bound);
                    }
                }
            }
            let cell = &mut cells[usize::from(chain.cell)];
            for (part, value) in value.into_iter().enumerate() {
                value.store(cell, part);
            }
        }
    }
}

/// Sixteen lanes in plain Rust, which compilers turn into the vector instructions every x86-64 and AArch64 has.
#[derive(Clone, Copy)]
pub(super) struct Portable([u8; 16]);

impl Lanes for Portable {
    const WIDTH: usize = 16;

    #[inline(always)]
    fn splat(byte: u8) -> Self {
        Self([byte; 16])
    }

    #[inline(always)]
    fn load(cell: &Cell, part: usize) -> Self {
        Self(cell.0.as_chunks().0[part])
    }

    #[inline(always)]
    fn store(self, cell: &mut Cell, part: usize) {
        cell.0.as_chunks_mut().0[part] = self.0;
    }

    #[inline(always)]
    fn keep_below(self, other: Self, plane: Self, bound: Self) -> Self {
        let mut kept = [0; 16];
        for (lane, kept) in kept.iter_mut().enumerate() {
            let keep = (plane.0[lane] as i8) < (bound.0[lane] as i8);
            *kept = if keep { self.0[lane] } else { other.0[lane] };
        }
        Self(kept)
    }

    type Totals = PortableTotals;

    #[inline(always)]
    fn add(totals: &mut PortableTotals, batch: &Batch, cells: &[Cell]) {
        for tree in &batch.trees {
            let classes = &cells[usize::from(tree.root)].0;
            for (sum, &class) in totals.0.iter_mut().zip(classes) {
                *sum += u64::from(tree.paths[usize::from(class)]);
            }
        }
    }

    #[inline(always)]
    fn finish(totals: PortableTotals, sums: &mut [u64; ROWS]) {
        for (sum, total) in sums.iter_mut().zip(totals.0) {
            *sum += total;
        }
    }
}

/// One sum a row.
pub(super) struct PortableTotals([u64; ROWS]);

impl Default for PortableTotals {
    fn default() -> Self {
        Self([0; ROWS])
    }
}
