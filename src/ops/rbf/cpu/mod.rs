//! The CPU body: tiles of kernel values in registers, vectors in lanes.
//!
//! Rows that are many (vectors of an expansion, training rows) lie sixteen to a block, [feature][row], and fill the lanes
//! of two vectors; rows that are met with them come six to a [`Group`], [feature][row], and are broadcast. A tile of
//! 6 × 16 squared distances stays in twelve registers while the features go by, and becomes kernel values there. Each value
//! is the same chain of operations wherever it lies in a tile and whatever the tile's other rows are, so neither batches
//! nor threads nor the instruction set show in the result.

#[cfg(target_arch = "x86_64")]
mod avx2;
mod columns;
mod exact;
mod expansion;
mod kernel;
mod pack;
#[cfg(test)]
mod tests;
mod training;

pub(super) use expansion::RbfCpu;
pub(super) use training::TrainingCpu;

use crate::ops::lanes::Lanes;

/// Rows of a block: two vectors of lanes.
const WIDTH: usize = 16;

/// Rows of a group: with two vectors each they fill twelve registers, and four remain for what is being met.
const ROWS: usize = 6;

/// One feature of a block.
type Pair = [Lanes; 2];

/// One feature of a group.
type Group = [f32; ROWS];

/// Kernel values of a group with a block.
type Tile = [Pair; ROWS];
