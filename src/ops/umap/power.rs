//! Powers of squared distances, side by side.

/// Values that are computed together: a loop that compilers turn into vectors.
pub const LANES: usize = 64;

/// 1.5 · 2²³: added, it leaves the nearest integer in the low bits.
const MAGIC: f32 = 12_582_912.0;
/// The bits of √½.
const HALF_ROOT: i32 = 0x3f35_04f3;

/// `x^b` for x ≥ 0, by 2^(b log₂ x): relative error below 3e-6 for b up to 2. 0 for what is below f32's normal range. Nothing is
/// fused, so that the bits are the same for every instruction set.
#[inline(always)]
pub fn power(x: &[f32; LANES], b: f32, out: &mut [f32; LANES]) {
    for lane in 0..LANES {
        // The mantissa in [√½, √2), and the exponent that belongs to it.
        let bits = x[lane].to_bits() as i32;
        let exponent = bits.wrapping_sub(HALF_ROOT) >> 23;
        let mantissa = f32::from_bits(bits.wrapping_sub(exponent << 23) as u32);
        // log₂ m = 2/ln 2 · atanh(s), s = (m − 1) / (m + 1).
        let s = (mantissa - 1.0) / (mantissa + 1.0);
        let z = s * s;
        let series = 2.885_39 + z * (0.961_796_7 + z * (0.577_078 + z * 0.434_259_7));
        let t = b * (exponent as f32 + s * series);
        let t = if t > 126.0 { 126.0 } else { t };
        let t = if t < -126.0 { -126.0 } else { t };
        let shifted = t + MAGIC;
        let f = t - (shifted - MAGIC);
        let tail = 0.055_504_11 + f * (0.009_618_129 + f * (0.001_333_356 + f * 0.000_154_03));
        let p = 1.0 + f * (std::f32::consts::LN_2 + f * (0.240_226_5 + f * tail));
        let scale = f32::from_bits(shifted.to_bits().wrapping_sub(MAGIC.to_bits()).wrapping_add(127) << 23);
        out[lane] = if x[lane] >= f32::MIN_POSITIVE { p * scale } else { 0.0 };
    }
}
