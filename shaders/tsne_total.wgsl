// Z, the sum of all blocks' weights, by one workgroup.

@group(0) @binding(0) var<uniform> step: DescentStep;
@group(0) @binding(1) var<storage, read_write> state: array<Point>;
@group(0) @binding(2) var<storage, read_write> weights: array<f32>;

var<workgroup> sums: array<f32, BLOCK>;

@compute @workgroup_size(BLOCK)
fn main(@builtin(local_invocation_id) local: vec3<u32>) {
    let lane = local.x;
    let n_blocks = (step.n_points + BLOCK - 1u) / BLOCK;
    var own = 0.0;
    for (var block = lane; block < n_blocks; block += BLOCK) {
        own += weights[block];
    }
    sums[lane] = own;
    for (var half = BLOCK / 2u; half > 0u; half >>= 1u) {
        workgroupBarrier();
        if lane < half {
            sums[lane] += sums[lane + half];
        }
    }
    if lane == 0u {
        state[4u * step.n_points] = Point(sums[0]);
    }
}
