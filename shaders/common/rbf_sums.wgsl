// Σ weight · 2^(slope · ‖row − vector‖²) over a span of vectors, for each row.
//
// A workgroup takes a block of 64 rows and a span of vectors, block by block; a lane, 8 rows and 4 vectors: 32 sums in
// registers, for 3 reads of workgroup memory each feature. SLAB features of both blocks are staged at a time, while the next
// ones are on their way. Distances never leave the registers: kernels and weighted sums are taken at the end of each block.
// A lane adds up at most 32 products and a row 16 lanes, so that no term goes through more than 48 roundings of f32,
// whatever order a compiler chooses.

@group(0) @binding(0) var<uniform> panel: Panel;
// [span][row]
@group(0) @binding(1) var<storage, read_write> partials: array<f32>;
// [block][feature][quarter of the block]
@group(1) @binding(0) var<storage, read> rows: array<vec4<f32>>;

const LANES: u32 = 128u;
// Words between the lane sums of two rows: one more than there are, so that lanes meet in no bank.
const PITCH: u32 = 17u;
// 2^LEAST is 0 as f32. What is below it is raised to it, so that no exponential is asked for −inf.
const LEAST: f32 = -200.0;

// Features that are staged at a time: 1 to 8. `n_features` is a multiple of it.
override SLAB: u32 = 8u;
// Quarters of a slab.
override STAGED: u32 = SLAB * 16u;

var<workgroup> row_slab: array<vec4<f32>, STAGED>;
var<workgroup> vector_slab: array<vec4<f32>, STAGED>;
// [row][lane of the 16 that share it]
var<workgroup> lane_sums: array<f32, 1088u>;

fn weighted(sq_dists: vec4<f32>, weights: vec4<f32>) -> f32 {
    let products = weights * exp2(max(panel.slope * sq_dists, vec4<f32>(LEAST)));
    return (products.x + products.y) + (products.z + products.w);
}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
    let lane = local.x;
    // Quarters of the blocks: of vectors, and of rows (and that 8 quarters on).
    let x = lane & 15u;
    let y = lane >> 4u;
    let n_slabs = panel.n_features / SLAB;
    let n_quarters = n_slabs * STAGED;
    let first = group.y * panel.span_blocks;
    let n_blocks = min(panel.span_blocks, panel.n_blocks - first);
    let pitch = n_quarters + WEIGHT_UNITS;

    let quarter = min(lane, STAGED - 1u);
    let row_at = (panel.first_block + group.x) * n_quarters;
    var vector_at = first * pitch;
    let last_at = vector_at + n_blocks * pitch - WEIGHT_UNITS - STAGED;
    var next_rows = rows[row_at + quarter];
    var next_vectors = vector_quarter(vector_at + quarter);

    var low = vec4<f32>();
    var high = vec4<f32>();
    for (var block = 0u; block < n_blocks; block++) {
        var a = vec4<f32>();
        var b = vec4<f32>();
        var c = vec4<f32>();
        var d = vec4<f32>();
        var e = vec4<f32>();
        var f = vec4<f32>();
        var g = vec4<f32>();
        var h = vec4<f32>();
        for (var slab = 0u; slab < n_slabs; slab++) {
            // Nobody may still be reading the slabs that are about to be overwritten.
            workgroupBarrier();
            if lane < STAGED {
                row_slab[lane] = next_rows;
                vector_slab[lane] = next_vectors;
            }
            workgroupBarrier();
            let last = slab + 1u == n_slabs;
            next_rows = rows[row_at + select(slab + 1u, 0u, last) * STAGED + quarter];
            vector_at = min(vector_at + STAGED + select(0u, WEIGHT_UNITS, last), last_at);
            next_vectors = vector_quarter(vector_at + quarter);
            for (var feature = 0u; feature < SLAB; feature++) {
                let v = vector_slab[feature * 16u + x];
                let r = row_slab[feature * 16u + y];
                let s = row_slab[feature * 16u + y + 8u];
                let da = r.x - v;
                let db = r.y - v;
                let dc = r.z - v;
                let dd = r.w - v;
                let de = s.x - v;
                let df = s.y - v;
                let dg = s.z - v;
                let dh = s.w - v;
                a += da * da;
                b += db * db;
                c += dc * dc;
                d += dd * dd;
                e += de * de;
                f += df * df;
                g += dg * dg;
                h += dh * dh;
            }
        }
        let weights = weight_quarter((first + block) * pitch + n_quarters, x);
        low += vec4<f32>(weighted(a, weights), weighted(b, weights), weighted(c, weights), weighted(d, weights));
        high += vec4<f32>(weighted(e, weights), weighted(f, weights), weighted(g, weights), weighted(h, weights));
    }

    let slot = 4u * y * PITCH + x;
    lane_sums[slot] = low.x;
    lane_sums[slot + PITCH] = low.y;
    lane_sums[slot + 2u * PITCH] = low.z;
    lane_sums[slot + 3u * PITCH] = low.w;
    lane_sums[slot + 32u * PITCH] = high.x;
    lane_sums[slot + 33u * PITCH] = high.y;
    lane_sums[slot + 34u * PITCH] = high.z;
    lane_sums[slot + 35u * PITCH] = high.w;
    workgroupBarrier();
    let row = panel.first_row + group.x * BLOCK + lane;
    if lane < BLOCK && row < panel.n_rows {
        var sum = 0.0;
        for (var i = 0u; i < 16u; i++) {
            sum += lane_sums[lane * PITCH + i];
        }
        partials[(panel.base + group.y) * panel.n_rows + row] = sum;
    }
}
