//! NDJSON: one JSON object a line. Nested objects become columns named by their path (`id.orig_h`); arrays stay JSON.

mod line;
mod rows;
mod shape;
#[cfg(test)]
mod tests;

use super::bytes::Bytes;
use super::select::{Objects, Passed};
use super::text::blocks::Blocks;
use super::text::reader::TextReader;
use super::widened::Widened;
use super::{FileReader, OpenFile};
use rows::Layout;
use std::sync::Arc;

pub(super) use shape::{Shape, Unfit};

/// Starts reading a file; `bytes` are at its beginning, its records begin at `start`. Keys that are no columns are counted
/// in `unknown_keys`, objects that are no rows in `passed`.
pub(super) fn open(
    mut bytes: Bytes,
    (start, objects): (u64, Objects),
    context: OpenFile,
    widened: Arc<Widened>,
    unknown_keys: Passed,
    passed: Passed,
) -> Box<dyn FileReader> {
    let layout = Layout::new(&context.schema, objects, widened, unknown_keys, passed);
    let before = bytes.skip(start);
    let blocks = Blocks::lines(bytes, context.batch_rows);
    Box::new(TextReader::new(blocks, layout, context, before))
}
