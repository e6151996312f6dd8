//! Powers of squared distances, eight at a time.

/// Values that are computed side by side.
pub const LANES: usize = 8;

const MAGIC: f32 = 12_582_912.0;

/// `x^b` for x ≥ 0, by 2^(b log₂ x): relative error below 3e-6 for b up to 2. 0 for what is below f32's normal range. Nothing is
/// fused, so that the bits are the same for every instruction set.
#[inline(always)]
pub fn power(x: &[f32; LANES], b: f32) -> [f32; LANES] {
    let mut out = [0f32; LANES];
    for lane in 0..LANES {
        // The mantissa in [√½, √2), and the exponent that belongs to it.
        let bits = x[lane].to_bits() as i32;
        let shifted = bits.wrapping_sub(0x3f35_04f3);
        let exponent = shifted >> 23;
        let mantissa = f32::from_bits(bits.wrapping_sub(exponent << 23) as u32);
        // log₂ m = 2/ln 2 · atanh(s), s = (m − 1) / (m + 1).
        let s = (mantissa - 1.0) / (mantissa + 1.0);
        let z = s * s;
        let series = 2.885_39 + z * (0.961_796_7 + z * (0.577_078 + z * 0.434_259_7));
        let t = b * (exponent as f32 + s * series);
        let t = if t > 126.0 { 126.0 } else { t };
        let t = if t < -126.0 { -126.0 } else { t };
        // 1.5 · 2²³ added leaves the nearest integer in the low bits.
        let shifted = t + MAGIC;
        let whole = shifted - MAGIC;
        let f = t - whole;
        let p = 1.0
            + f * (std::f32::consts::LN_2
                + f * (0.240_226_5
                    + f * (0.055_504_11 + f * (0.009_618_129 + f * (0.001_333_356 + f * 0.000_154_03)))));
        let scale = f32::from_bits((shifted.to_bits().wrapping_sub(MAGIC.to_bits()).wrapping_add(127)) << 23);
        out[lane] = if x[lane] >= f32::MIN_POSITIVE { p * scale } else { 0.0 };
    }
    out
}
