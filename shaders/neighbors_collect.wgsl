// The references of each query within its limit: those that may be among its k nearest. A workgroup takes a query: it looks
// for tiles whose minimum is within the limit, a strip of them at a time, and computes the distances in these again.
//
// A list is [number found, references …]; more may be found than there is room for, and then the list is of no use. The
// order in a list depends on timing, the set does not.

@group(0) @binding(0) var<uniform> tiling: Tiling;
// [block][feature][row of the block]
@group(0) @binding(1) var<storage, read> queries: array<f32>;
// [query][tile], then the limit.
@group(0) @binding(2) var<storage, read> minima: array<u32>;
@group(0) @binding(3) var<storage, read_write> lists: array<u32>;
@group(1) @binding(0) var<storage, read> references: array<f32>;

const LANES: u32 = 128u;
// Tiles looked at between barriers.
const STRIP: u32 = 1024u;

// Features read at a time: 1 to 8. `n_features` is a multiple of it.
override SLAB: u32 = 8u;

var<workgroup> hits: array<u32, STRIP>;
var<workgroup> n_hits: atomic<u32>;
var<workgroup> n_found: atomic<u32>;

fn place(row: u32) -> u32 {
    return row / BLOCK * BLOCK * tiling.n_features + row % BLOCK;
}

fn distance_bits(query: u32, reference: u32) -> u32 {
    var q = place(query);
    var r = place(reference);
    var sum = 0.0;
    for (var begin = 0u; begin < tiling.n_features; begin += SLAB) {
        for (var feature = 0u; feature < SLAB; feature++) {
            let difference = queries[q + feature * BLOCK] - references[r + feature * BLOCK];
            sum += difference * difference;
        }
        q += SLAB * BLOCK;
        r += SLAB * BLOCK;
    }
    return bitcast<u32>(sum);
}

fn append(query: u32, reference: u32) {
    let at = atomicAdd(&n_found, 1u);
    if at < tiling.room {
        lists[query * (tiling.room + 1u) + 1u + at] = tiling.base_reference + reference;
    }
}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
    let lane = local.x;
    let query = group.x;
    let row = query * (tiling.n_tiles + 1u);
    let limit = minima[row + tiling.n_tiles];
    if lane == 0u {
        atomicStore(&n_hits, 0u);
        var before = 0u;
        // The list of an earlier binding goes on.
        if tiling.base != 0u {
            before = lists[query * (tiling.room + 1u)];
        }
        atomicStore(&n_found, before);
    }
    workgroupBarrier();
    for (var strip = 0u; strip < tiling.count; strip += STRIP) {
        // A list that is too long already need not be complete.
        let full = atomicLoad(&n_found) > tiling.room;
        let end = select(min(strip + STRIP, tiling.count), strip, full);
        for (var tile = strip + lane; tile < end; tile += LANES) {
            if minima[row + tiling.base + tile] <= limit {
                hits[atomicAdd(&n_hits, 1u)] = tile;
            }
        }
        workgroupBarrier();
        let n = atomicLoad(&n_hits) << tiling.width_log2;
        for (var i = lane; i < n; i += LANES) {
            let reference = (hits[i >> tiling.width_log2] << tiling.width_log2) + (i & ((1u << tiling.width_log2) - 1u));
            if reference < tiling.n_references {
                // A tile of one reference: its minimum is the distance.
                if tiling.width_log2 == 0u || distance_bits(query, reference) <= limit {
                    append(query, reference);
                }
            }
        }
        workgroupBarrier();
        if lane == 0u {
            atomicStore(&n_hits, 0u);
        }
        workgroupBarrier();
    }
    if lane == 0u {
        lists[query * (tiling.room + 1u)] = atomicLoad(&n_found);
    }
}
