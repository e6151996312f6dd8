//! Kernel values in f64, in plain Rust that compilers vectorise: without branches or calls.

use super::{Pair, WIDTH};

/// ln(2)^k / k!: the series of 2^f, whose rest at |f| ≤ ½ is below 2⁻⁵⁷.
const SERIES: [f64; 14] = [
    1.0,
    std::f64::consts::LN_2,
    0.240_226_506_959_100_7,
    0.055_504_108_664_821_58,
    0.009_618_129_107_628_477,
    0.001_333_355_814_642_844_3,
    0.000_154_035_303_933_816_06,
    0.000_015_252_733_804_059_838,
    0.000_001_321_548_679_014_430_5,
    1.017_808_600_923_969_7e-7,
    7.054_911_620_801_121e-9,
    4.445_538_271_870_81e-10,
    2.567_843_599_348_819_6e-11,
    1.369_148_885_390_412_4e-12,
];

/// Adding it leaves a number's nearest integer in the low bits of the mantissa.
const ROUNDER: f64 = 6_755_399_441_055_744.0;

/// Below it 2^t is taken for 0.
const LEAST: f64 = -1000.0;

/// As [`super::kernel::Kernel::exact`].
#[inline(always)]
pub fn products(block: &[Pair], row: &[f32], scale: f64, coefficient: f64, sums: &mut [f64; WIDTH]) {
    let mut distances = [0f64; WIDTH];
    for ([low, high], &value) in block.iter().zip(row) {
        let value = f64::from(value);
        let (first, second) = distances.split_at_mut(WIDTH / 2);
        for (distances, lanes) in [(first, low), (second, high)] {
            for (distance, &other) in distances.iter_mut().zip(&lanes.0) {
                let difference = value - f64::from(other);
                *distance += difference * difference;
            }
        }
    }
    for (sum, distance) in sums.iter_mut().zip(distances) {
        *sum += coefficient * exp2(scale * distance);
    }
}

/// 2^t for t ≤ 0, to one unit in the last place.
#[inline(always)]
fn exp2(t: f64) -> f64 {
    let shifted = t.max(LEAST) + ROUNDER;
    let f = t.max(LEAST) - (shifted - ROUNDER);
    let p = SERIES.iter().rev().fold(0.0, |sum, c| sum * f + c);
    let power = f64::from_bits(p.to_bits().wrapping_add(shifted.to_bits() << 52));
    if t < LEAST { 0.0 } else { power }
}
