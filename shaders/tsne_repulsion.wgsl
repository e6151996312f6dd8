// Σ w² (y_i − y_j) and Σ w over one part of the tiles, for a block of points. A lane takes two points, which meet a tile in
// workgroup memory; sums over a tile are added to those over the tiles before.

@group(0) @binding(0) var<uniform> step: DescentStep;
@group(0) @binding(1) var<storage, read_write> state: array<Point>;
// [part][point]
@group(0) @binding(2) var<storage, read_write> partials: array<vec4<f32>>;

const LANES: u32 = 128u;

var<workgroup> tile: array<Point, BLOCK>;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
    let lane = local.x;
    let n = step.n_points;
    let i = (step.first + group.x) * BLOCK + lane;
    // Lanes beyond the points compute a copy of the last one and write nothing.
    let a = state[min(i, n - 1u)];
    let b = state[min(i + LANES, n - 1u)];
    var force_a = Point();
    var force_b = Point();
    var weight_a = 0.0;
    var weight_b = 0.0;
    let first = group.y * step.part_tiles;
    let last = min(first + step.part_tiles, (n + BLOCK - 1u) / BLOCK);
    for (var t = first; t < last; t++) {
        let begin = t * BLOCK + lane;
        // The tile before must have been met before it is overwritten.
        workgroupBarrier();
        tile[lane] = state[min(begin, n - 1u)];
        tile[lane + LANES] = state[min(begin + LANES, n - 1u)];
        workgroupBarrier();
        var fa = Point();
        var fb = Point();
        var wa = 0.0;
        var wb = 0.0;
        let count = min(BLOCK, n - t * BLOCK);
        for (var k = 0u; k < count; k++) {
            let other = tile[k];
            let da = a - other;
            let db = b - other;
            let u = 1.0 / (1.0 + dot(da, da));
            let v = 1.0 / (1.0 + dot(db, db));
            wa += u;
            wb += v;
            fa += (u * u) * da;
            fb += (v * v) * db;
        }
        force_a += fa;
        force_b += fb;
        weight_a += wa;
        weight_b += wb;
    }
    if i < n {
        partials[group.y * n + i] = with_weight(force_a, weight_a);
    }
    if i + LANES < n {
        partials[group.y * n + i + LANES] = with_weight(force_b, weight_b);
    }
}
