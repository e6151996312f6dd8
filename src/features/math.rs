//! The one place for transcendental functions on the fit, encode and score path: the pure-Rust `libm` crate, because
//! std's call the platform's and may differ in the last bit.

/// Natural logarithm.
pub fn ln(x: f64) -> f64 {
    libm::log(x)
}

/// ln(1 + x).
pub fn ln_1p(x: f64) -> f64 {
    libm::log1p(x)
}

/// Base-10 logarithm.
pub fn log10(x: f64) -> f64 {
    libm::log10(x)
}

/// Base-2 logarithm.
pub fn log2(x: f64) -> f64 {
    libm::log2(x)
}

/// 2^x.
pub fn exp2(x: f64) -> f64 {
    libm::exp2(x)
}

/// e^x.
pub fn exp(x: f64) -> f64 {
    libm::exp(x)
}

/// sign(x) ln(1 + |x|): a logarithm for values of either sign, the identity near 0.
pub fn signed_ln_1p(x: f64) -> f64 {
    let mut value = [x];
    signed_ln_1p_each(&mut value);
    value[0]
}

/// [`signed_ln_1p`] of every value, in place; NaN and ±∞ stay what they are.
///
/// The arithmetic is that of `libm::log1p` (FreeBSD's `s_log1p.c`, below 1 ulp), in the same order, so the bits are the
/// same; but each branch is a selection, the exponent is read with integer operations, and so the loop runs in whatever
/// vector registers the target has. Plain IEEE additions, multiplications and divisions: the same bits on every target.
pub fn signed_ln_1p_each(values: &mut [f64]) {
    for value in values {
        *value = ln_1p_of_magnitude(value.abs()).copysign(*value);
    }
}

const LN2_HI: f64 = 6.931_471_803_691_238e-1; // 3fe62e42 fee00000
const LN2_LO: f64 = 1.908_214_929_270_587_7e-10; // 3dea39ef 35793c76
const LG: [f64; 7] = [
    6.666_666_666_666_735e-1,   // 3fe55555 55555593
    3.999_999_999_940_942e-1,   // 3fd99999 9997fa04
    2.857_142_874_366_239e-1,   // 3fd24924 94229359
    2.222_219_843_214_978_4e-1, // 3fcc71c5 1d8e78af
    1.818_357_216_161_805e-1,   // 3fc74664 96cb03de
    1.531_383_769_920_937_3e-1, // 3fc39a09 d078c69f
    1.479_819_860_511_658_6e-1, // 3fc2f112 df3e5244
];
/// Below it 1 + x < √2 and no reduction is needed: `libm` compares high words, and this is the first f64 of that one.
const SQRT_2_LESS_1: f64 = f64::from_bits(0x3fda_827a << 32);
/// The high word of √2/2, to which the mantissa is reduced.
const HALF_SQRT_2: u64 = 0x3fe6_a09e << 32;
const ONE: u64 = 0x3ff0_0000 << 32;

/// ln(1 + x) for x ≥ 0.
#[inline(always)]
fn ln_1p_of_magnitude(x: f64) -> f64 {
    let u = 1.0 + x;
    let shifted = u.to_bits() + (ONE - HALF_SQRT_2);
    // The exponent k as a float without an integer-to-float conversion, which SSE2 lacks for 64-bit lanes:
    // 2^52 + e has the bits of e in its low mantissa.
    let exponent = f64::from_bits(0x4330_0000_0000_0000 | (shifted >> 52));
    let k = exponent - (4_503_599_627_370_496.0 + 1023.0);
    // What rounding 1 + x lost, relative to u; nothing that counts from 2^54 on.
    let lost = if k >= 2.0 { 1.0 - (u - x) } else { x - (u - 1.0) };
    let correction = if k < 54.0 { lost / u } else { 0.0 };
    let reduced = f64::from_bits((shifted & 0x000f_ffff_ffff_ffff) + HALF_SQRT_2) - 1.0;

    let near_zero = x < SQRT_2_LESS_1;
    let k = if near_zero { 0.0 } else { k };
    let correction = if near_zero { 0.0 } else { correction };
    let f = if near_zero { x } else { reduced };

    let half_square = 0.5 * f * f;
    let s = f / (2.0 + f);
    let z = s * s;
    let w = z * z;
    let even = w * (LG[1] + w * (LG[3] + w * LG[5]));
    let odd = z * (LG[0] + w * (LG[2] + w * (LG[4] + w * LG[6])));
    let ln = s * (half_square + (odd + even)) + (k * LN2_LO + correction) - half_square + f + k * LN2_HI;
    if x <= f64::MAX { ln } else { x }
}

#[cfg(test)]
mod tests;
