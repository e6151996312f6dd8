//! Sources: files of flow records, recognised by content, read as one stream of chunks.
//!
//! A source hands out [`Chunk`]s in input order (serial and cheap: bytes and where records end); each chunk is then
//! parsed on whichever thread takes it. Formats that reorder, group or derive wrap another source.

mod input;

use super::Batch;
use crate::Result;
use arrow_schema::SchemaRef;

pub use input::{Compression, Format, Input, InputFile, InputOptions};

/// A stream of records: a schema and an iterator of fallible chunks.
pub trait Source: Send {
    /// The columns that every parsed batch has, in this order.
    fn schema(&self) -> SchemaRef;

    /// The next chunk in input order, or `None` at the end. After an error the source is at its end.
    fn next_chunk(&mut self) -> Result<Option<Chunk>>;
}

/// A piece of the stream whose place is known and whose records are not parsed yet.
pub struct Chunk {
    /// Bytes of the (compressed) file this chunk stands for, for progress; their sum is the input's size.
    pub source_bytes: u64,
    parse: Box<dyn FnOnce() -> Result<Batch> + Send>,
}

impl Chunk {
    /// A chunk that `parse` turns into records.
    pub fn new(source_bytes: u64, parse: impl FnOnce() -> Result<Batch> + Send + 'static) -> Self {
        Self { source_bytes, parse: Box::new(parse) }
    }

    /// Parses the chunk's records; meant to run on a worker thread.
    pub fn parse(self) -> Result<Batch> {
        (self.parse)()
    }
}
