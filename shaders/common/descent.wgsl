// What one dispatch does of a step of t-SNE. Its twin in Rust is `ops::tsne::DescentStep`; the contract test compares the two.
//
// The state is [points][gradients][updates][gains], `n_points` of each, and behind them Z.
struct DescentStep {
    n_points: u32,
    // First block of points (repulsion), or number of the first row of the bound affinities (slope).
    first: u32,
    // Rows of the bound affinities.
    n_rows: u32,
    // Tiles of a part, and parts into which all tiles are cut.
    part_tiles: u32,
    n_parts: u32,
    learning_rate: f32,
    momentum: f32,
    exaggeration: f32,
}

// Points of a block, and of a tile.
const BLOCK: u32 = 256u;
