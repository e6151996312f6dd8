//! The inner loops with AVX2 and fused multiply-add.

use super::kernel::{Distances, FIRST_LOOK, Kernel};
use super::{Lanes, VECTORS};
use std::arch::x86_64::*;

/// To be chosen only where the processor was found to have AVX2 and FMA.
pub(in super::super) struct Avx2;

impl Avx2 {
    pub fn is_available() -> bool {
        std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma")
    }
}

impl Kernel for Avx2 {
    #[inline(always)]
    fn scan(block: &[[Lanes; VECTORS]], query: &[f32], limit: f32, distances: &mut Distances) -> u64 {
        // SAFETY: `Tree::search` takes this kernel only where `is_available` said so.
        unsafe { scan(block, query, limit, distances) }
    }

    #[inline(always)]
    fn near_box(queries: &[[Lanes; VECTORS]], limits: &Distances, low: &[f32], high: &[f32]) -> u64 {
        // SAFETY: as above.
        unsafe { near_box(queries, limits, low, high) }
    }

    #[inline(always)]
    fn between(low: &[f32], high: &[f32], other_low: &[f32], other_high: &[f32]) -> f32 {
        // SAFETY: as above.
        unsafe { between(low, high, other_low, other_high) }
    }
}

#[target_feature(enable = "avx2,fma")]
#[inline]
fn load(lanes: &Lanes) -> __m256 {
    // SAFETY: `Lanes` is 32 bytes at an address divisible by 32.
    unsafe { _mm256_load_ps(lanes.0.as_ptr()) }
}

#[target_feature(enable = "avx2,fma")]
fn scan(block: &[[Lanes; VECTORS]], query: &[f32], limit: f32, distances: &mut Distances) -> u64 {
    let mut sums = [_mm256_setzero_ps(); VECTORS];
    let (mut block, mut query) = (block, query);
    let (mut look, mut looked) = (FIRST_LOOK, 0);
    loop {
        let count = look.min(query.len());
        looked += count;
        let (now, later) = query.split_at(count);
        let (rows_now, rows_later) = block.split_at(count.min(block.len()));
        for (rows, &value) in rows_now.iter().zip(now) {
            let value = _mm256_set1_ps(value);
            for (sum, row) in sums.iter_mut().zip(rows) {
                let difference = _mm256_sub_ps(value, load(row));
                *sum = _mm256_fmadd_ps(difference, difference, *sum);
            }
        }
        let within = within(&sums, &[_mm256_set1_ps(limit); VECTORS]);
        if later.is_empty() || within == 0 {
            for (to, sum) in distances.iter_mut().zip(sums) {
                // SAFETY: as in `load`.
                unsafe { _mm256_store_ps(to.0.as_mut_ptr(), sum) };
            }
            return within;
        }
        // As many features again as were looked at: after 8 in all at 16, 32, 64, …
        look = looked;
        (block, query) = (rows_later, later);
    }
}

#[target_feature(enable = "avx2,fma")]
fn near_box(queries: &[[Lanes; VECTORS]], limits: &Distances, low: &[f32], high: &[f32]) -> u64 {
    let mut limit_of = [_mm256_setzero_ps(); VECTORS];
    for (limit, lanes) in limit_of.iter_mut().zip(limits) {
        *limit = load(lanes);
    }
    let mut sums = [_mm256_setzero_ps(); VECTORS];
    let mut near = 0;
    let sides = low.chunks(FIRST_LOOK).zip(high.chunks(FIRST_LOOK));
    for (queries, (low, high)) in queries.chunks(FIRST_LOOK).zip(sides) {
        for (values, (&low, &high)) in queries.iter().zip(low.iter().zip(high)) {
            let (low, high) = (_mm256_set1_ps(low), _mm256_set1_ps(high));
            for (sum, values) in sums.iter_mut().zip(values) {
                let value = load(values);
                // The value moved into the box.
                let inside = _mm256_min_ps(_mm256_max_ps(value, low), high);
                let gap = _mm256_sub_ps(value, inside);
                *sum = _mm256_fmadd_ps(gap, gap, *sum);
            }
        }
        near = within(&sums, &limit_of);
        if near == 0 {
            break;
        }
    }
    near
}

/// Bit i says that sum i is at most limit i.
#[target_feature(enable = "avx2,fma")]
#[inline]
fn within(sums: &[__m256; VECTORS], limits: &[__m256; VECTORS]) -> u64 {
    let mut near = *sums;
    for (near, &limit) in near.iter_mut().zip(limits) {
        *near = _mm256_cmp_ps::<_CMP_LE_OQ>(*near, limit);
    }
    let or = |a, b| _mm256_or_ps(a, b);
    let [a, b, c, d, e, f, g, h] = near;
    let any = or(or(or(a, b), or(c, d)), or(or(e, f), or(g, h)));
    if _mm256_movemask_ps(any) == 0 {
        return 0;
    }
    // A loop: what `map` calls is not compiled for these instructions.
    let mut mask = 0;
    for near in near.iter().rev() {
        mask = mask << 8 | u64::from(_mm256_movemask_ps(*near) as u32);
    }
    mask
}

#[target_feature(enable = "avx2,fma")]
fn between(low: &[f32], high: &[f32], other_low: &[f32], other_high: &[f32]) -> f32 {
    let sides = (low.as_chunks::<8>().0.iter().zip(high.as_chunks::<8>().0))
        .zip(other_low.as_chunks::<8>().0.iter().zip(other_high.as_chunks::<8>().0));
    let mut sum = _mm256_setzero_ps();
    for ((low, high), (other_low, other_high)) in sides {
        // SAFETY: each chunk is eight f32; these loads need no alignment.
        let [low, high, other_low, other_high] =
            [low, high, other_low, other_high].map(|chunk| unsafe { _mm256_loadu_ps(chunk.as_ptr()) });
        let gap = _mm256_max_ps(_mm256_sub_ps(other_low, high), _mm256_sub_ps(low, other_high));
        let gap = _mm256_max_ps(gap, _mm256_setzero_ps());
        sum = _mm256_fmadd_ps(gap, gap, sum);
    }
    let half = _mm_add_ps(_mm256_castps256_ps128(sum), _mm256_extractf128_ps::<1>(sum));
    let quarter = _mm_add_ps(half, _mm_movehl_ps(half, half));
    _mm_cvtss_f32(_mm_add_ss(quarter, _mm_shuffle_ps::<1>(quarter, quarter)))
}
