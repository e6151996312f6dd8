//! f64 as integers of the same order.

const SIGN: u64 = 1 << 63;

/// A key that orders as the number does (−0 just below 0; infinities at the ends).
pub(super) fn key(x: f64) -> u64 {
    let bits = x.to_bits();
    if bits & SIGN == 0 { bits | SIGN } else { !bits }
}

/// The number of a [`key`].
pub(super) fn from_key(key: u64) -> f64 {
    f64::from_bits(if key & SIGN == 0 { !key } else { key & !SIGN })
}
