// A 64-bit sum in two words, low word first, as the host reads it.
fn add_wide(sum: vec2<u32>, term: u32) -> vec2<u32> {
    let low = sum.x + term;
    return vec2<u32>(low, sum.y + select(0u, 1u, low < term));
}
