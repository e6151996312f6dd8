//! The inner loops: kernel values of a group with a block, what is summed of them, and plain Rust for every processor.

use super::{Group, Pair, Tile, WIDTH};
use crate::ops::lanes::Lanes;

/// 2^f − 1 = f (C₁ + f (C₂ + …)) for |f| ≤ ½, by minimax fit: off by 1.6e-8 in relation to 2^f.
pub const EXP2: [f32; 6] =
    [std::f32::consts::LN_2, 0.240_226_48, 0.055_503_324, 0.009_618_437, 0.001_339_887_4, 0.000_153_533_62];

/// Below it 2^t is taken for 0: 2⁻¹²⁵ is near the least normal f32, and no sum feels it.
pub const LEAST: f32 = -125.0;

/// One way of computing tiles. All give the same bits.
pub trait Kernel {
    /// Kernel values 2^(`scale` × squared distance) of the group's rows with the block's, `scale` being −γ log₂e.
    fn tile(block: &[Pair], group: &[Group], scale: f32) -> Tile;

    /// Adds the products of the group's kernel values with the coefficients of up to four blocks (64 vectors): in f32
    /// within a lane, over lanes and calls in f64. `blocks` holds `coefficients.len()` blocks of `group.len()` features.
    fn expand(blocks: &[Pair], coefficients: &[Pair], group: &[Group], scale: f32, sums: &mut [[f64; 8]; super::ROWS]);

    /// `sums[j] += coefficient × column[j]` in f64.
    fn add(column: &[f32], coefficient: f64, sums: &mut [f64]);

    /// Products of one row with a block in f64 throughout: `sums[lane] += coefficient × exp2(scale × squared distance)`.
    fn exact(block: &[Pair], row: &[f32], scale: f64, coefficient: f64, sums: &mut [f64; WIDTH]);
}

/// Plain Rust; `mul_add` is one instruction where the target has it, and exact everywhere.
pub struct Portable;

impl Kernel for Portable {
    fn tile(block: &[Pair], group: &[Group], scale: f32) -> Tile {
        let mut tile = [[Lanes::splat(0.0); 2]; super::ROWS];
        for (pair, values) in block.iter().zip(group) {
            for (sums, value) in tile.iter_mut().zip(values) {
                for (sum, other) in sums.iter_mut().flat_map(|s| &mut s.0).zip(pair.iter().flat_map(|p| p.0)) {
                    let difference = value - other;
                    *sum = difference.mul_add(difference, *sum);
                }
            }
        }
        for value in tile.iter_mut().flatten().flat_map(|lanes| &mut lanes.0) {
            *value = exp2(*value * scale);
        }
        tile
    }

    fn expand(blocks: &[Pair], coefficients: &[Pair], group: &[Group], scale: f32, sums: &mut [[f64; 8]; super::ROWS]) {
        let mut partial = [[0f32; 8]; super::ROWS];
        for (block, coefficients) in blocks.chunks(group.len().max(1)).zip(coefficients) {
            let tile = Self::tile(block, group, scale);
            for (partial, values) in partial.iter_mut().zip(&tile) {
                for (values, coefficients) in values.iter().zip(coefficients) {
                    for ((sum, value), coefficient) in partial.iter_mut().zip(values.0).zip(coefficients.0) {
                        *sum = value.mul_add(coefficient, *sum);
                    }
                }
            }
        }
        for (sums, partial) in sums.iter_mut().zip(partial) {
            sums.iter_mut().zip(partial).for_each(|(sum, partial)| *sum += f64::from(partial));
        }
    }

    #[inline(always)]
    fn add(column: &[f32], coefficient: f64, sums: &mut [f64]) {
        sums.iter_mut().zip(column).for_each(|(sum, &value)| *sum += coefficient * f64::from(value));
    }

    #[inline(always)]
    fn exact(block: &[Pair], row: &[f32], scale: f64, coefficient: f64, sums: &mut [f64; WIDTH]) {
        super::exact::products(block, row, scale, coefficient, sums);
    }
}

/// 2^t for t ≤ 0, to 0.6 units in the last place; NaN for NaN.
fn exp2(t: f32) -> f32 {
    if t < LEAST {
        return 0.0;
    }
    let whole = t.round_ties_even();
    let f = t - whole;
    let [c1, c2, c3, c4, c5, c6] = EXP2;
    let p = c6.mul_add(f, c5).mul_add(f, c4).mul_add(f, c3).mul_add(f, c2).mul_add(f, c1).mul_add(f, 1.0);
    // NaN casts to 0, and stays.
    f32::from_bits(p.to_bits().wrapping_add((whole as i32 as u32) << 23))
}
