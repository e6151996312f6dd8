// What one dispatch does of a batch. Its twin in Rust is `ops::Dispatch`; the contract test compares the two.
struct Dispatch {
    // Rows of the batch; lanes beyond them compute a copy of the last row and write nothing.
    n_rows: u32,
    // Values in a row.
    n_features: u32,
    // Distance between consecutive words of one row in a [word][row] array.
    stride: u32,
    // First tree, group of trees or word of this dispatch, counted from the beginning of the bound buffer.
    first: u32,
    // How many of them.
    count: u32,
    // 0: the result is written; 1: it is added to what an earlier dispatch of the batch wrote.
    accumulate: u32,
}

// Rows of a workgroup, one a lane.
const LANES: u32 = 128u;
