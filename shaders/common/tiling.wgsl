// What one dispatch does of a batch of queries. Its twin in Rust is `ops::neighbors::Tiling`; the contract test compares
// the two.
//
// Queries and references lie in blocks of BLOCK rows, [block][feature][row of the block]. A tile is 2^width_log2 references
// in a row; of every (query, tile) one word is kept, the smallest distance, as the bits of an f32: no distance is negative,
// so bits order as the floats do, +inf included. A query's words are [tile 0, tile 1, … of all bindings, limit].
struct Tiling {
    // Queries of the batch; those beyond them in the last block write nothing.
    n_queries: u32,
    // Values in a row, padded with zeros to whole slabs.
    n_features: u32,
    // References in the bound buffer; the last block is filled up with copies of the last one.
    n_references: u32,
    // 0, 2, 6 or 8: tiles of 1, 4, 64 or 256 references.
    width_log2: u32,
    // First span of this dispatch, counted from the beginning of the bound buffer: a span is a tile, or a block where tiles
    // are smaller.
    first: u32,
    // Tiles of the bound buffer.
    count: u32,
    // Tiles of the buffers before.
    base: u32,
    // References of the buffers before.
    base_reference: u32,
    // Tiles of all buffers.
    n_tiles: u32,
    // Which smallest tile minimum bounds the distance of the neighbours: the k-th.
    rank: u32,
    // References a query's list takes.
    room: u32,
    // The limit is slope · bound + tiny: nothing that may be among the k nearest has a larger f32 distance.
    slope: f32,
    tiny: f32,
}

// Rows of a block.
const BLOCK: u32 = 64u;
const INFINITY: u32 = 0x7f800000u;
