// What one dispatch does of an epoch of UMAP. Its twin in Rust is `ops::umap::SubStep`; the contract test compares the two.
struct SubStep {
    // First of the bound vertices, and how many.
    first: u32,
    n_vertices: u32,
    // First of the vertices that repel, and how many.
    first_repelling: u32,
    n_repelling: u32,
    // Drawn at each edge.
    n_negatives: u32,
    // The first is 0.
    epoch: u32,
    // The seed, as hashes take it.
    salt: u32,
    // Most edges that act in full.
    most_events: u32,
    // Learning rate of the epoch.
    rate: f32,
    // Of the curve 1 / (1 + a d^(2b)).
    a: f32,
    b: f32,
    // Weight of repulsion.
    repulsion: f32,
}
