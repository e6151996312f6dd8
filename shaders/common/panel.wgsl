// What one dispatch does: kernels of a panel of rows with spans of vectors. Its twin in Rust is `ops::rbf::Panel`; the
// contract test compares the two.
//
// Rows and vectors lie in blocks of BLOCK, [block][feature][place in the block]; behind the features of a block of vectors
// lie their weights. A span is `span_blocks` blocks of vectors, the last of a buffer perhaps fewer; of every (span, row) one
// word is written, [span][row].
struct Panel {
    // Rows of the batch; those beyond them in the last block write nothing.
    n_rows: u32,
    // Values in a row, padded with zeros to whole slabs.
    n_features: u32,
    // Block of the bound rows that the first workgroup takes.
    first_block: u32,
    // Number of its first row in the batch.
    first_row: u32,
    // Blocks of vectors in the bound buffer; the last is filled up with vectors of weight 0.
    n_blocks: u32,
    // Blocks of vectors in a span.
    span_blocks: u32,
    // Spans of the buffers before.
    base: u32,
    // −γ log₂ e.
    slope: f32,
}

// Rows of a block.
const BLOCK: u32 = 64u;
