//! What a derived feature is, in words.

/// A derived feature, for documentation and for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Definition {
    /// Its column.
    pub name: &'static str,
    /// How it is computed.
    pub formula: &'static str,
    /// Over which flows; empty: over the flow alone.
    pub window: &'static str,
    /// What is kept for it.
    pub memory: &'static str,
    /// What stands out by it.
    pub reveals: &'static str,
}
