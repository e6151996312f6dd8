// The `rank`-th smallest tile minimum of each query, by radix, eight bits at a time, and from it the limit that no f32
// distance of a neighbour exceeds. A workgroup takes a query.

@group(0) @binding(0) var<uniform> tiling: Tiling;
// [query][tile], then the limit.
@group(0) @binding(1) var<storage, read_write> minima: array<u32>;

// As many as a digit has values.
const LANES: u32 = 256u;

var<workgroup> bins: array<atomic<u32>, 256u>;
// Two copies of the running sums, written by turns.
var<workgroup> sums: array<u32, 512u>;
// The digits found so far, and the rank among the values that begin with them.
var<workgroup> chosen: vec2<u32>;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
    let lane = local.x;
    let row = group.x * (tiling.n_tiles + 1u);
    var prefix = 0u;
    var mask = 0u;
    var rank = tiling.rank;
    for (var digit = 0u; digit < 4u; digit++) {
        let shift = 24u - 8u * digit;
        atomicStore(&bins[lane], 0u);
        workgroupBarrier();
        // Most values share their first digit: runs of one digit are counted before they are added.
        var bin = 0u;
        var run = 0u;
        for (var tile = lane; tile < tiling.n_tiles; tile += LANES) {
            let value = minima[row + tile];
            if (value & mask) == prefix {
                let found = (value >> shift) & 255u;
                if found != bin {
                    atomicAdd(&bins[bin], run);
                    bin = found;
                    run = 0u;
                }
                run++;
            }
        }
        atomicAdd(&bins[bin], run);
        workgroupBarrier();
        let own = atomicLoad(&bins[lane]);
        var sum = own;
        var half = 0u;
        sums[lane] = sum;
        for (var reach = 1u; reach < LANES; reach <<= 1u) {
            workgroupBarrier();
            if lane >= reach {
                sum += sums[half + lane - reach];
            }
            half = LANES - half;
            sums[half + lane] = sum;
        }
        if sum >= rank && sum - own < rank {
            chosen = vec2<u32>(prefix | (lane << shift), rank - (sum - own));
        }
        workgroupBarrier();
        prefix = chosen.x;
        rank = chosen.y;
        mask |= 255u << shift;
    }
    if lane == 0u {
        // slope < 2, so from 2^126 on the product could overflow, and what it gives then is no longer relied on.
        var limit = INFINITY;
        if prefix < 0x7e800000u {
            limit = bitcast<u32>(bitcast<f32>(prefix) * tiling.slope + tiling.tiny);
        }
        minima[row + tiling.n_tiles] = limit;
    }
}
