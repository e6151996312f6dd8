//! What the text formats share: blocks of whole records, where fields end, numbers, typed columns, and the reader
//! that holds them together.

pub(super) mod assembly;
pub(super) mod blocks;
pub(super) mod columns;
pub(super) mod encoding;
pub(super) mod infer;
pub(super) mod number;
pub(super) mod reader;
pub(super) mod scan;

#[cfg(test)]
mod tests;
