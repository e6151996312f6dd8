// Vectors as they are: units are quarters of a block, four f32.

@group(2) @binding(0) var<storage, read> vectors: array<vec4<f32>>;

// Units that the weights of a block take.
const WEIGHT_UNITS: u32 = 16u;

fn vector_quarter(at: u32) -> vec4<f32> {
    return vectors[at];
}

fn weight_quarter(weights: u32, quarter: u32) -> vec4<f32> {
    return vectors[weights + quarter];
}
