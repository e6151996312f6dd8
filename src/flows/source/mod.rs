//! Sources: files of flow records, recognised by content, read as one stream of chunks.
//!
//! A source hands out [`Chunk`]s in input order (serial and cheap: bytes and where records end); each chunk is then
//! parsed on whichever thread takes it. Formats that reorder, group or derive wrap another source.
//!
//! Each format has a module with a probe (what columns does this file have?) and a `FileReader` (its chunks, with the
//! columns conformed to the schema of the whole input). [`Input`] finds the files, recognises them and strings the
//! readers together.

mod at_first;
mod awaited;
mod bytes;
mod chain;
mod conform;
mod contain;
mod csv;
mod discover;
mod earlier;
mod file;
mod format;
mod gather;
mod input;
mod ipc;
mod lines;
mod look;
mod ndjson;
mod notes;
mod options;
mod parquet;
mod pipe;
mod positioned;
mod quotes;
mod recognise;
mod select;
mod text;
mod unite;
mod widened;
mod zeek;

#[cfg(test)]
mod columnar_tests;

use super::Batch;
use crate::Result;
use arrow_schema::SchemaRef;
use quotes::Quotes;
use std::sync::Arc;

pub(crate) use at_first::file_id;
pub use awaited::Awaited;
pub(crate) use awaited::{Blocks, blocks};
pub(crate) use bytes::unpacked;
pub(crate) use conform::conform;
pub use csv::preset;
pub use earlier::{FINDING_COLUMNS, REASONS_COLUMN, SCORED_COLUMNS, added_columns, prefix_of_added};
pub use file::{Damage, InputFile};
pub use format::{Compression, Format};
pub use input::{Input, LEFT_OUT};
pub use lines::Lines;
pub use options::InputOptions;
pub use widened::Widening;

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
    /// Index into [`Input::files`], once the chunk has a place among them.
    pub file: Option<usize>,
    parse: Box<dyn FnOnce() -> Result<Batch> + Send>,
}

impl Chunk {
    /// A chunk that `parse` turns into records.
    pub fn new(source_bytes: u64, parse: impl FnOnce() -> Result<Batch> + Send + 'static) -> Self {
        Self { source_bytes, file: None, parse: Box::new(parse) }
    }

    /// Parses the chunk's records; meant to run on a worker thread.
    ///
    /// With [`InputOptions::skip_errors`] a batch may have a [`Batch::damage`]: then batches of the same file that come
    /// after it, in input order, are to be left out. Without, damage is an error.
    ///
    /// # Errors
    /// What the records are broken by; damage, unless it is to be skipped.
    pub fn parse(self) -> Result<Batch> {
        (self.parse)()
    }
}

/// What a look at a file's beginning (or footer) tells.
#[derive(Debug, Clone)]
pub(crate) struct Probe {
    /// Its columns. A text column without any value so far has the type `Null`.
    pub schema: arrow_schema::Schema,
    /// What was detected, in words: `CSV, delimiter ',', header, 8 columns`.
    pub description: String,
}

/// What a reader needs to know about its place in the input.
#[derive(Debug, Clone)]
pub(crate) struct OpenFile {
    /// Index into [`Input::files`].
    pub file: usize,
    /// The file as the user would name it, for messages.
    pub name: String,
    /// The columns of the whole input, which every batch must have.
    pub schema: SchemaRef,
    /// Records in all earlier files.
    pub stream_offset: u64,
    /// Rows aimed at in a batch; text formats never exceed it.
    pub batch_rows: usize,
    /// Rows behind a damage are left out and those before it kept: they must be known to be before it.
    pub skip_errors: bool,
    /// The records whose text is kept, where some are to be quoted.
    pub quotes: Option<Arc<Quotes>>,
}

/// The chunks of one file.
pub(crate) trait FileReader: Send {
    /// The next chunk in file order, or `None` at the end of the file.
    fn next_chunk(&mut self) -> Result<Option<Chunk>>;

    /// Records handed out so far, rejected and blank ones included: at the end, how far the next file's
    /// `stream_offset` lies beyond this file's.
    fn records(&self) -> u64;
}
