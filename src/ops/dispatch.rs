//! What one dispatch does of a batch, as kernels read it.

/// The uniform of every kernel; its twin is `shaders/common/dispatch.wgsl`, and the contract test compares the two.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
pub struct Dispatch {
    /// Rows of the batch.
    pub n_rows: u32,
    /// Values in a row.
    pub n_features: u32,
    /// Distance between consecutive words of one row in a `[word][row]` array.
    pub stride: u32,
    /// First tree, group of trees or word, counted from the beginning of the bound buffer.
    pub first: u32,
    /// How many of them.
    pub count: u32,
    /// 0: the result is written; 1: it is added to what an earlier dispatch of the batch wrote.
    pub accumulate: u32,
}

/// Rows of a workgroup: `LANES` of the kernels.
pub(crate) const LANES: u32 = 128;
