//! The inner loops with AVX2 and fused multiply-add.

use super::kernel::{EXP2, Kernel, LEAST, Portable};
use super::{Group, Pair, ROWS, Tile, WIDTH};
use crate::ops::lanes::Lanes;
use std::arch::x86_64::*;

/// To be chosen only where the processor was found to have AVX2 and FMA.
pub struct Avx2;

impl Avx2 {
    pub fn is_available() -> bool {
        std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma")
    }
}

impl Kernel for Avx2 {
    fn tile(block: &[Pair], group: &[Group], scale: f32) -> Tile {
        // SAFETY: this kernel is taken only where `is_available` said so.
        unsafe { stored_tile(block, group, scale) }
    }

    fn expand(blocks: &[Pair], coefficients: &[Pair], group: &[Group], scale: f32, sums: &mut [[f64; 8]; ROWS]) {
        // SAFETY: as above.
        unsafe { expand(blocks, coefficients, group, scale, sums) }
    }

    fn add(column: &[f32], coefficient: f64, sums: &mut [f64]) {
        #[target_feature(enable = "avx2,fma")]
        fn wide(column: &[f32], coefficient: f64, sums: &mut [f64]) {
            Portable::add(column, coefficient, sums);
        }
        // SAFETY: as above.
        unsafe { wide(column, coefficient, sums) }
    }

    fn exact(block: &[Pair], row: &[f32], scale: f64, coefficient: f64, sums: &mut [f64; WIDTH]) {
        #[target_feature(enable = "avx2,fma")]
        fn wide(block: &[Pair], row: &[f32], scale: f64, coefficient: f64, sums: &mut [f64; WIDTH]) {
            Portable::exact(block, row, scale, coefficient, sums);
        }
        // SAFETY: as above.
        unsafe { wide(block, row, scale, coefficient, sums) }
    }
}

#[target_feature(enable = "avx2,fma")]
#[inline]
fn load(lanes: &Lanes) -> __m256 {
    // SAFETY: `Lanes` is 32 bytes at an address divisible by 32.
    unsafe { _mm256_load_ps(lanes.0.as_ptr()) }
}

#[target_feature(enable = "avx2,fma")]
#[inline]
fn tile(block: &[Pair], group: &[Group], scale: f32) -> [[__m256; 2]; ROWS] {
    let mut sums = [[_mm256_setzero_ps(); 2]; ROWS];
    for ([low, high], values) in block.iter().zip(group) {
        let (low, high) = (load(low), load(high));
        for (sums, &value) in sums.iter_mut().zip(values) {
            let value = _mm256_set1_ps(value);
            let (first, second) = (_mm256_sub_ps(value, low), _mm256_sub_ps(value, high));
            sums[0] = _mm256_fmadd_ps(first, first, sums[0]);
            sums[1] = _mm256_fmadd_ps(second, second, sums[1]);
        }
    }
    let scale = _mm256_set1_ps(scale);
    // Loops: what `map` calls is not compiled for these instructions.
    for sum in sums.as_flattened_mut() {
        *sum = exp2(_mm256_mul_ps(*sum, scale));
    }
    sums
}

/// As the portable one, in eight lanes.
#[target_feature(enable = "avx2,fma")]
#[inline]
fn exp2(t: __m256) -> __m256 {
    let whole = _mm256_round_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(t);
    let f = _mm256_sub_ps(t, whole);
    let [c1, c2, c3, c4, c5, c6] = EXP2;
    let p = _mm256_fmadd_ps(_mm256_set1_ps(c6), f, _mm256_set1_ps(c5));
    let p = _mm256_fmadd_ps(p, f, _mm256_set1_ps(c4));
    let p = _mm256_fmadd_ps(p, f, _mm256_set1_ps(c3));
    let p = _mm256_fmadd_ps(p, f, _mm256_set1_ps(c2));
    let p = _mm256_fmadd_ps(p, f, _mm256_set1_ps(c1));
    let p = _mm256_fmadd_ps(p, f, _mm256_set1_ps(1.0));
    let exponent = _mm256_slli_epi32::<23>(_mm256_cvtps_epi32(whole));
    let power = _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(p), exponent));
    // Not less, so that NaN stays.
    _mm256_and_ps(power, _mm256_cmp_ps::<_CMP_NLT_UQ>(t, _mm256_set1_ps(LEAST)))
}

#[target_feature(enable = "avx2,fma")]
fn stored_tile(block: &[Pair], group: &[Group], scale: f32) -> Tile {
    let mut stored = [[Lanes::splat(0.0); 2]; ROWS];
    for (to, values) in stored.iter_mut().flatten().zip(tile(block, group, scale).as_flattened()) {
        // SAFETY: as in `load`.
        unsafe { _mm256_store_ps(to.0.as_mut_ptr(), *values) };
    }
    stored
}

#[target_feature(enable = "avx2,fma")]
fn expand(blocks: &[Pair], coefficients: &[Pair], group: &[Group], scale: f32, sums: &mut [[f64; 8]; ROWS]) {
    let mut partial = [_mm256_setzero_ps(); ROWS];
    for (block, [low, high]) in blocks.chunks(group.len().max(1)).zip(coefficients) {
        let tile = tile(block, group, scale);
        let (low, high) = (load(low), load(high));
        for (partial, [first, second]) in partial.iter_mut().zip(tile) {
            *partial = _mm256_fmadd_ps(first, low, *partial);
            *partial = _mm256_fmadd_ps(second, high, *partial);
        }
    }
    for (sums, partial) in sums.iter_mut().zip(partial) {
        let mut lanes = Lanes::splat(0.0);
        // SAFETY: as in `load`.
        unsafe { _mm256_store_ps(lanes.0.as_mut_ptr(), partial) };
        sums.iter_mut().zip(lanes.0).for_each(|(sum, partial)| *sum += f64::from(partial));
    }
}
