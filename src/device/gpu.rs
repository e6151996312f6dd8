//! One opened GPU adapter.

/// A GPU (or a software adapter) that was opened.
#[derive(Debug)]
pub struct Gpu {}
