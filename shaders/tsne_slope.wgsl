// The gradient: attraction along the rows of the bound affinities, less repulsion. Sixteen lanes take a row, so that they
// read its neighbours side by side.

@group(0) @binding(0) var<uniform> step: DescentStep;
@group(0) @binding(1) var<storage, read_write> state: array<Point>;
// [point]: repulsion, before it is divided by Z.
@group(0) @binding(2) var<storage, read_write> partials: array<vec4<f32>>;
// Where each bound row begins, and the last one ends.
@group(1) @binding(0) var<storage, read> offsets: array<u32>;
@group(1) @binding(1) var<storage, read> columns: array<u32>;
@group(1) @binding(2) var<storage, read> values: array<f32>;

const LANES: u32 = 128u;
const ROW_LANES: u32 = 16u;

var<workgroup> sums: array<Point, LANES>;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
    let lane = local.x;
    let n = step.n_points;
    let part = lane % ROW_LANES;
    let bound_row = group.x * (LANES / ROW_LANES) + lane / ROW_LANES;
    let row = min(bound_row, step.n_rows - 1u);
    let i = step.first + row;
    let own = state[i];
    var sum = Point();
    let end = offsets[row + 1u];
    for (var at = offsets[row] + part; at < end; at += ROW_LANES) {
        let apart = own - state[columns[at]];
        sum += (values[at] / (1.0 + dot(apart, apart))) * apart;
    }
    sums[lane] = sum;
    workgroupBarrier();
    if part == 0u && bound_row < step.n_rows {
        var attraction = Point();
        for (var k = 0u; k < ROW_LANES; k++) {
            attraction += sums[lane + k];
        }
        // One point alone has Z = 0 and no force.
        let z = max(state[4u * n].x, 1e-37);
        state[n + i] = 4.0 * (step.exaggeration * attraction - force_of(partials[i]) / z);
    }
}
