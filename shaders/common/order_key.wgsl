// The bits of an f32 as an integer that orders as the floats do, so that no kernel compares floats and no driver can flush
// a subnormal. Every NaN comes after +inf and so goes right at every node. −0 comes just before 0 and after all that is
// below 0; thresholds are never −0 (the host makes them 0), so it takes the way of 0.
fn order_key(bits: u32) -> u32 {
    let key = select(bits | 0x80000000u, ~bits, (bits >> 31u) != 0u);
    return select(key, 0xffffffffu, (bits & 0x7fffffffu) > 0x7f800000u);
}
