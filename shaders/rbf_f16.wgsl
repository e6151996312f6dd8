// Vectors in half precision: units are quarters of a block, four f16 in two words. Weights are f32, two units a quarter.

@group(2) @binding(0) var<storage, read> vectors: array<vec2<u32>>;

// Units that the weights of a block take.
const WEIGHT_UNITS: u32 = 32u;

fn vector_quarter(at: u32) -> vec4<f32> {
    let halves = vectors[at];
    return vec4<f32>(unpack2x16float(halves.x), unpack2x16float(halves.y));
}

fn weight_quarter(weights: u32, quarter: u32) -> vec4<f32> {
    let low = vectors[weights + 2u * quarter];
    let high = vectors[weights + 2u * quarter + 1u];
    return vec4<f32>(bitcast<vec2<f32>>(low), bitcast<vec2<f32>>(high));
}
