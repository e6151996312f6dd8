// Each point's parts, added in their order, take the place of its first part; each block's weights are added up.

@group(0) @binding(0) var<uniform> step: DescentStep;
// [part][point]
@group(0) @binding(1) var<storage, read_write> partials: array<vec4<f32>>;
// One a block.
@group(0) @binding(2) var<storage, read_write> weights: array<f32>;

var<workgroup> sums: array<f32, BLOCK>;

@compute @workgroup_size(BLOCK)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
    let lane = local.x;
    let n = step.n_points;
    let i = group.x * BLOCK + lane;
    var own = 0.0;
    if i < n {
        var all = partials[i];
        for (var part = 1u; part < step.n_parts; part++) {
            all += partials[part * n + i];
        }
        partials[i] = all;
        // The point has met itself, and added 1.
        own = all.w - 1.0;
    }
    sums[lane] = own;
    for (var half = BLOCK / 2u; half > 0u; half >>= 1u) {
        workgroupBarrier();
        if lane < half {
            sums[lane] += sums[lane + half];
        }
    }
    if lane == 0u {
        weights[group.x] = sums[0];
    }
}
