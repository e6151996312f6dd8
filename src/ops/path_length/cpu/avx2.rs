//! The select machine's lanes as AVX2 registers.
//!
//! Path lengths (below 2²⁷) are summed in four digits of seven bits: a byte shuffle turns classes into digits, the digits
//! of two trees still fit a byte, and those of 516 trees a 16-bit word.

use super::program::{Batch, Leaves};
use super::select::{Cell, Lanes, ROWS};
use std::arch::x86_64::*;

/// Bits of a digit, and digits of a path length.
const DIGIT: u32 = 7;
const DIGITS: usize = 4;

/// Trees whose digits a word can sum: 516 x 127 < 2^16.
const TREES: usize = 516;

const PARTS: usize = ROWS / 32;

/// 32 byte lanes.
///
/// The methods call AVX2 instructions, hence must only be reached from code compiled for AVX2, after
/// `is_x86_feature_detected!("avx2")`: that is the safety argument of every `unsafe` block in this file, beside what is
/// said there. They are inlined into that code.
#[derive(Clone, Copy)]
pub(super) struct Avx2(__m256i);

impl Lanes for Avx2 {
    const WIDTH: usize = 32;

    #[inline(always)]
    fn splat(byte: u8) -> Self {
        // SAFETY: AVX2 is there (see the type).
        Self(unsafe { _mm256_set1_epi8(byte as i8) })
    }

    #[inline(always)]
    fn load(cell: &Cell, part: usize) -> Self {
        let bytes: &[u8; 32] = &cell.0.as_chunks().0[part];
        // SAFETY: 32 bytes are read, unaligned.
        Self(unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) })
    }

    #[inline(always)]
    fn store(self, cell: &mut Cell, part: usize) {
        let bytes: &mut [u8; 32] = &mut cell.0.as_chunks_mut().0[part];
        // SAFETY: 32 bytes are written, unaligned.
        unsafe { _mm256_storeu_si256(bytes.as_mut_ptr().cast(), self.0) }
    }

    #[inline(always)]
    fn keep_below(self, other: Self, plane: Self, bound: Self) -> Self {
        // SAFETY: AVX2 is there.
        Self(unsafe { _mm256_blendv_epi8(other.0, self.0, _mm256_cmpgt_epi8(bound.0, plane.0)) })
    }

    type Totals = Digits;

    #[inline(always)]
    fn add(totals: &mut Digits, batch: &Batch, cells: &[Cell]) {
        if totals.trees + batch.trees.len() > TREES {
            totals.carry();
        }
        totals.trees += batch.trees.len();
        for (part, words) in totals.words.iter_mut().enumerate() {
            let mut sums = words.map(|w| unsafe { _mm256_loadu_si256(w.as_ptr().cast()) });
            let (pairs, single) = batch.trees.as_chunks::<2>();
            for [a, b] in pairs {
                let (a, b) = (digits(a, cells, part), digits(b, cells, part));
                let mut both = a;
                for digit in 0..DIGITS {
                    // SAFETY: AVX2 is there.
                    both[digit] = unsafe { _mm256_add_epi8(a[digit], b[digit]) };
                }
                widen(&mut sums, both);
            }
            for tree in single {
                widen(&mut sums, digits(tree, cells, part));
            }
            for (words, sum) in words.iter_mut().zip(sums) {
                // SAFETY: 16 words of 2 bytes are written, unaligned.
                unsafe { _mm256_storeu_si256(words.as_mut_ptr().cast(), sum) }
            }
        }
    }

    #[inline(always)]
    fn finish(mut totals: Digits, sums: &mut [u64; ROWS]) {
        totals.carry();
        for (sum, total) in sums.iter_mut().zip(totals.carried) {
            *sum += total;
        }
    }
}

/// Adds the bytes of each digit to words: even rows first, then odd rows.
#[inline(always)]
fn widen(sums: &mut [__m256i; 2 * DIGITS], digits: [__m256i; DIGITS]) {
    // SAFETY: AVX2 is there.
    unsafe {
        let even = _mm256_set1_epi16(0xff);
        for (digit, bytes) in digits.into_iter().enumerate() {
            sums[2 * digit] = _mm256_add_epi16(sums[2 * digit], _mm256_and_si256(bytes, even));
            sums[2 * digit + 1] = _mm256_add_epi16(sums[2 * digit + 1], _mm256_srli_epi16(bytes, 8));
        }
    }
}

/// The digits of each row's path length in one tree.
#[inline(always)]
fn digits(tree: &Leaves, cells: &[Cell], part: usize) -> [__m256i; DIGITS] {
    let classes = Avx2::load(&cells[usize::from(tree.root)], part).0;
    // SAFETY: AVX2 is there; a table has 16 bytes.
    unsafe {
        let mut sums = [_mm256_setzero_si256(); DIGITS];
        for (table, digits) in tree.tables.iter().enumerate() {
            // Classes of another table get the high bit, for which the shuffle gives 0.
            let own = _mm256_sub_epi8(classes, _mm256_set1_epi8(16 * table as i8));
            let index = _mm256_adds_epu8(own, _mm256_set1_epi8(0x70));
            for (sum, bytes) in sums.iter_mut().zip(digits) {
                let table = _mm256_broadcastsi128_si256(_mm_loadu_si128(bytes.as_ptr().cast()));
                *sum = _mm256_or_si256(*sum, _mm256_shuffle_epi8(table, index));
            }
        }
        sums
    }
}

/// Each digit of the path lengths of 16 classes.
pub(super) type Table = [[u8; 16]; DIGITS];

/// Splits the path lengths of all classes into digits.
pub(super) fn tables(paths: &[u32]) -> Vec<Table> {
    let table = |paths: &[u32]| {
        let mut table = Table::default();
        for (class, path) in paths.iter().enumerate() {
            for (digit, digits) in table.iter_mut().enumerate() {
                digits[class] = (path >> (DIGIT * digit as u32) & 0x7f) as u8;
            }
        }
        table
    };
    paths.chunks(16).map(table).collect()
}

/// Digit sums that were not carried yet, and what was.
pub(super) struct Digits {
    /// For 32 rows: for each digit, the 16 even rows, then the 16 odd ones.
    words: [[[u16; 16]; 2 * DIGITS]; PARTS],
    /// Trees in `words`.
    trees: usize,
    carried: [u64; ROWS],
}

impl Default for Digits {
    fn default() -> Self {
        Self { words: [[[0; 16]; 2 * DIGITS]; PARTS], trees: 0, carried: [0; ROWS] }
    }
}

impl Digits {
    #[inline(always)]
    fn carry(&mut self) {
        for (words, carried) in self.words.iter_mut().zip(self.carried.as_chunks_mut::<32>().0) {
            for odd in 0..2 {
                for i in 0..16 {
                    let digit = |d: usize| u64::from(words[2 * d + odd][i]) << (DIGIT * d as u32);
                    carried[2 * i + odd] += digit(0) + digit(1) + digit(2) + digit(3);
                }
            }
            *words = Default::default();
        }
        self.trees = 0;
    }
}
