//! A kernel as the host sees it: its text, and what it expects to be bound.

/// How a kernel uses a buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// A uniform of this many bytes, bound with a dynamic offset.
    Uniform(u64),
    /// A storage buffer that is only read.
    Read,
    /// A storage buffer that is read and written.
    ReadWrite,
}

/// One binding; its number is its place in its group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Binding {
    /// Name of the variable in the shader.
    pub name: &'static str,
    /// How it is used.
    pub access: Access,
}

/// A compute kernel: WGSL with one entry point `main`.
#[derive(Debug, Clone, Copy)]
pub struct Kernel {
    /// File name in `shaders/`, without `.wgsl`.
    pub name: &'static str,
    /// The files its text is made of, in order.
    pub sources: &'static [&'static str],
    /// Its bindings by group; the contract test compares them with the text.
    pub groups: &'static [&'static [Binding]],
    /// Sets of `override` constants it is compiled with, the extremes among them; the contract test checks each.
    pub constants: &'static [&'static [(&'static str, f64)]],
    /// Whether every index is proven in range and every loop proven to end, so that run-time checks may be left out. The
    /// proof belongs into the docs of the constant.
    pub proven: bool,
}

impl Kernel {
    /// The text that is compiled.
    pub fn text(&self) -> String {
        self.sources.join("\n")
    }
}

/// A compiled kernel with the layouts its bind groups need.
#[derive(Debug)]
pub(crate) struct Pipeline {
    pub pipeline: wgpu::ComputePipeline,
    pub layouts: Vec<wgpu::BindGroupLayout>,
}
