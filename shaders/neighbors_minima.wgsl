// The smallest squared distance of each query to each tile of references.
//
// A workgroup takes a block of 64 queries and a span of references, block by block; a lane, 8 queries and 4 references: 32
// sums in registers, for 3 reads of workgroup memory each feature. SLAB features of both blocks are staged at a time, while
// the next ones are on their way.

@group(0) @binding(0) var<uniform> tiling: Tiling;
// [block][feature][quarter of the block]
@group(0) @binding(1) var<storage, read> queries: array<vec4<f32>>;
// [query][tile], then the limit.
@group(0) @binding(2) var<storage, read_write> minima: array<u32>;
@group(1) @binding(0) var<storage, read> references: array<vec4<f32>>;

const LANES: u32 = 128u;
// Words between the lane minima of two queries: one more than there are, so that lanes meet in no bank.
const PITCH: u32 = 17u;

// Features that are staged at a time: 1 to 8. `n_features` is a multiple of it.
override SLAB: u32 = 8u;
// Quarters of a slab.
override STAGED: u32 = SLAB * 16u;

var<workgroup> query_slab: array<vec4<f32>, STAGED>;
var<workgroup> reference_slab: array<vec4<f32>, STAGED>;
// [query][lane of the 16 that share it]
var<workgroup> lane_minima: array<u32, 1088u>;

fn least(distances: vec4<f32>) -> u32 {
    let bits = bitcast<vec4<u32>>(distances);
    return min(min(bits.x, bits.y), min(bits.z, bits.w));
}

fn keep(query: u32, tile: u32, distance: u32) {
    if query < tiling.n_queries && tile < tiling.count {
        minima[query * (tiling.n_tiles + 1u) + tiling.base + tile] = distance;
    }
}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
    let lane = local.x;
    // Quarters of the blocks: of references, and of queries (and that 8 quarters on).
    let x = lane & 15u;
    let y = lane >> 4u;
    let n_slabs = tiling.n_features / SLAB;
    let span_blocks = max(1u, (1u << tiling.width_log2) / BLOCK);
    let first_block = (tiling.first + group.y) * span_blocks;
    let n_blocks = min(span_blocks, (tiling.n_references + BLOCK - 1u) / BLOCK - first_block);
    let last_step = n_blocks * n_slabs - 1u;

    // Blocks lie one behind the other, so the slabs of a span do too.
    let quarter = min(lane, STAGED - 1u);
    let query_at = group.x * n_slabs * STAGED + quarter;
    let reference_at = first_block * n_slabs * STAGED + quarter;
    var next_queries = queries[query_at];
    var next_references = references[reference_at];
    var step = 0u;

    var low = vec4<u32>(INFINITY);
    var high = vec4<u32>(INFINITY);
    var a = vec4<f32>();
    var b = vec4<f32>();
    var c = vec4<f32>();
    var d = vec4<f32>();
    var e = vec4<f32>();
    var f = vec4<f32>();
    var g = vec4<f32>();
    var h = vec4<f32>();
    for (var block = 0u; block < n_blocks; block++) {
        a = vec4<f32>();
        b = vec4<f32>();
        c = vec4<f32>();
        d = vec4<f32>();
        e = vec4<f32>();
        f = vec4<f32>();
        g = vec4<f32>();
        h = vec4<f32>();
        for (var slab = 0u; slab < n_slabs; slab++) {
            // Nobody may still be reading the slabs that are about to be overwritten.
            workgroupBarrier();
            if lane < STAGED {
                query_slab[lane] = next_queries;
                reference_slab[lane] = next_references;
            }
            workgroupBarrier();
            step = min(step + 1u, last_step);
            next_queries = queries[query_at + select(slab + 1u, 0u, slab + 1u == n_slabs) * STAGED];
            next_references = references[reference_at + step * STAGED];
            for (var feature = 0u; feature < SLAB; feature++) {
                let r = reference_slab[feature * 16u + x];
                let q = query_slab[feature * 16u + y];
                let p = query_slab[feature * 16u + y + 8u];
                let da = q.x - r;
                let db = q.y - r;
                let dc = q.z - r;
                let dd = q.w - r;
                let de = p.x - r;
                let df = p.y - r;
                let dg = p.z - r;
                let dh = p.w - r;
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
        low = min(low, vec4<u32>(least(a), least(b), least(c), least(d)));
        high = min(high, vec4<u32>(least(e), least(f), least(g), least(h)));
    }

    // Through workgroup memory, so that neighbouring lanes write neighbouring words. A tile of one reference is a sum: these
    // go in four rounds, one of a lane's references in each.
    let n_rounds = select(1u, 4u, tiling.width_log2 == 0u);
    for (var round = 0u; round < n_rounds; round++) {
        if tiling.width_log2 == 0u {
            low = bitcast<vec4<u32>>(vec4<f32>(a.x, b.x, c.x, d.x));
            high = bitcast<vec4<u32>>(vec4<f32>(e.x, f.x, g.x, h.x));
            a = a.yzwx;
            b = b.yzwx;
            c = c.yzwx;
            d = d.yzwx;
            e = e.yzwx;
            f = f.yzwx;
            g = g.yzwx;
            h = h.yzwx;
        }
        let slot = 4u * y * PITCH + x;
        // Nobody may still be writing out the round before.
        workgroupBarrier();
        lane_minima[slot] = low.x;
        lane_minima[slot + PITCH] = low.y;
        lane_minima[slot + 2u * PITCH] = low.z;
        lane_minima[slot + 3u * PITCH] = low.w;
        lane_minima[slot + 32u * PITCH] = high.x;
        lane_minima[slot + 33u * PITCH] = high.y;
        lane_minima[slot + 34u * PITCH] = high.z;
        lane_minima[slot + 35u * PITCH] = high.w;
        workgroupBarrier();
        if (1u << tiling.width_log2) >= BLOCK {
            if lane < BLOCK {
                var smallest = INFINITY;
                for (var i = 0u; i < 16u; i++) {
                    smallest = min(smallest, lane_minima[lane * PITCH + i]);
                }
                keep(group.x * BLOCK + lane, tiling.first + group.y, smallest);
            }
        } else {
            // Tiles of one lane's references, or of one of them.
            for (var query = y; query < BLOCK; query += 8u) {
                let tile = (first_block * 16u + x) * n_rounds + round;
                keep(group.x * BLOCK + query, tile, lane_minima[query * PITCH + x]);
            }
        }
    }
}
