//! Text that comes in pieces of whole lines, and is recognised by its first ones: a log while it is written.

use super::chain::Shared;
use super::discover::Found;
use super::look::{Content, FIRST_HEAD, Looked, Place, look, open_text};
use super::pipe::Pipe;
use super::unite::Union;
use super::widened::Widened;
use super::{Compression, InputFile, InputOptions, OpenFile, zeek};
use crate::flows::{Batch, RecordNumbers};
use crate::{Error, Result};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use std::io::Cursor;
use std::path::PathBuf;
use std::sync::Arc;

/// A log that is read as it grows.
pub struct Lines {
    looked: Looked,
    schema: SchemaRef,
    shared: Shared,
    options: InputOptions,
    /// What a file begins with that is no record: the header of delimited text.
    begin: Vec<u8>,
    /// Zeek's header lines that are in force.
    header: Vec<u8>,
}

/// Zeek's header lines have at most so many bytes: ten thousand columns.
const MOST_HEADER: usize = 1 << 20;

impl Lines {
    /// Recognises a log by the whole lines that it begins with, as `name`. It may come to have the columns that the options know
    /// ([`InputOptions::known_types`]) beside those that these lines show. `None`: no record is among them yet.
    ///
    /// # Errors
    /// If it is of no known format, no log of flows, or not text.
    pub fn recognise(name: &str, head: &[u8], options: &InputOptions) -> Result<Option<Self>> {
        if !has_record(head) {
            return Ok(None);
        }
        let found = Found { name: name.to_owned(), path: Some(PathBuf::from(name)), named: true };
        // More may follow, so it is read no further than this.
        let pipe = Pipe::begin(name, Box::new(Cursor::new(head.to_vec())), head.len())?;
        let mut looked = look(&found, Place::Pipe(pipe), FIRST_HEAD, options)?;
        let begin = match &mut looked.content {
            Content::Csv(dialect) => {
                let begin = head.get(..dialect.data_start).unwrap_or_default().to_vec();
                dialect.data_start = 0;
                begin
            }
            Content::Ndjson(start, _) | Content::Zeek(start) => {
                let begin = head.get(..*start as usize).unwrap_or_default().to_vec();
                *start = 0;
                begin
            }
            Content::Empty => return Ok(None),
            Content::Parquet | Content::ArrowFile | Content::ArrowStream => {
                let reason = format!("this is {}, and only text can be followed as it is written", looked.file.format);
                return Err(Error::UnknownFormat { file: name.to_owned(), reason });
            }
        };
        if looked.file.compression != Compression::None {
            let reason = "it is compressed, and only plain text can be followed as it is written".to_owned();
            return Err(Error::UnknownFormat { file: name.to_owned(), reason });
        }
        let mut union = Union::default();
        union.add(&looked.schema);
        // A table without names of its own has no room for others.
        if !matches!(&looked.content, Content::Csv(_)) {
            let field = |(name, kind): &(String, DataType)| Field::new(name, kind.clone(), true);
            union.add(&Schema::new(options.known_types.iter().map(field).collect::<Vec<_>>()));
        }
        let schema = union.finish();
        if let Some(condition) = &options.condition {
            condition.check(&schema)?;
        }
        let shared = Shared::new(schema.fields().len());
        Ok(Some(Self { looked, schema, shared, options: options.clone(), begin, header: Vec::new() }))
    }

    /// What it was recognised as.
    pub fn file(&self) -> &InputFile {
        &self.looked.file
    }

    /// The columns that its first lines show.
    pub fn shown(&self) -> &Schema {
        &self.looked.schema
    }

    /// The columns of all batches.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Zeek's header lines that are in force, to go on from.
    pub fn header(&self) -> &[u8] {
        &self.header
    }

    /// Goes on with these header lines.
    pub fn set_header(&mut self, header: Vec<u8>) {
        self.header = header;
    }

    /// The batches of some lines, which begin a file or follow those before; the number of the first record among them is `first`.
    /// And how many records they have.
    ///
    /// # Errors
    /// If a header among them cannot be read.
    pub fn batches(&mut self, lines: &[u8], begins: bool, first: u64) -> Result<(Vec<Batch>, u64)> {
        let mut lines = lines;
        if begins {
            self.header.clear();
            lines = lines.strip_prefix(self.begin.as_slice()).unwrap_or(lines);
        }
        let is_zeek = matches!(self.looked.content, Content::Zeek(_));
        let mut bytes = if is_zeek { [&self.header, lines].concat() } else { lines.to_vec() };
        // A last line that was torn off is a record that cannot be used, and no damage of the file.
        if !bytes.ends_with(b"\n") {
            bytes.push(b'\n');
        }
        if is_zeek {
            self.keep_header(lines);
        }
        let bytes = super::bytes::Bytes::new(Box::new(Cursor::new(bytes)), Compression::None)
            .map_err(|error| Error::io(&self.looked.file.name, error))?;
        let context = OpenFile {
            file: 0,
            name: self.looked.file.name.clone(),
            schema: SchemaRef::clone(&self.schema),
            stream_offset: first.saturating_sub(1),
            batch_rows: self.options.batch_rows,
            skip_errors: false,
            quotes: None,
        };
        let widened = Arc::new(Widened::new(self.schema.fields().len(), false));
        let mut reader = open_text(&self.looked, bytes, context, &self.shared, widened)?;
        let mut batches = Vec::new();
        while let Some(chunk) = reader.next_chunk()? {
            let mut batch = chunk.parse()?;
            if let Some(condition) = &self.options.condition {
                batch = condition.keep(batch)?.0;
            }
            renumber(&mut batch, first.saturating_sub(1));
            batches.push(batch);
        }
        Ok((batches, reader.records()))
    }

    /// Passes over lines that begin a file, if they do; how many records they have.
    pub fn pass_over(&mut self, lines: &[u8], begins: bool) -> u64 {
        let lines = if begins { lines.strip_prefix(self.begin.as_slice()).unwrap_or(lines) } else { lines };
        let is_zeek = matches!(self.looked.content, Content::Zeek(_));
        if is_zeek {
            self.keep_header(lines);
        }
        let lines = lines.split_inclusive(|byte| *byte == b'\n');
        lines.filter(|line| !(is_zeek && line.starts_with(b"#"))).count() as u64
    }

    fn keep_header(&mut self, lines: &[u8]) {
        for line in lines.split_inclusive(|byte| *byte == b'\n').filter(|line| line.starts_with(b"#")) {
            // A log begins anew.
            if line.starts_with(b"#separator") {
                self.header.clear();
            }
            if zeek::is_header(line) && self.header.len() + line.len() <= MOST_HEADER {
                self.header.extend_from_slice(line);
            }
        }
    }

    /// Records that are no flows, by kind.
    pub fn passed_over(&self) -> Vec<(String, u64)> {
        self.shared.passed.counts()
    }
}

/// Whether a whole line is neither blank nor a comment.
fn has_record(head: &[u8]) -> bool {
    let mut lines = head.split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\n"));
    let mut text = lines.by_ref().filter(|line| !line.trim_ascii().is_empty() && !line.starts_with(b"#"));
    // Delimited text has a line of names first, most likely.
    let first = text.next();
    match first {
        Some(line) if line.trim_ascii_start().starts_with(b"{") || head.starts_with(b"#") => true,
        Some(_) => text.next().is_some(),
        None => false,
    }
}

fn renumber(batch: &mut Batch, before: u64) {
    // A record's place in the stream is its number less one.
    batch.stream_offset = 0;
    batch.numbers = match std::mem::replace(&mut batch.numbers, RecordNumbers::Run { first: 0 }) {
        RecordNumbers::Run { first } => RecordNumbers::Run { first: first + before },
        RecordNumbers::Listed(numbers) => RecordNumbers::Listed(numbers.into_iter().map(|n| n + before).collect()),
    };
    batch.rejected.iter_mut().for_each(|rejected| rejected.record += before);
}
