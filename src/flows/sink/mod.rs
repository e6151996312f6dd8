//! Sinks: where scored records go. Encoding runs on any thread, batch by batch; writing is serial and in order; a file
//! appears under its name only when it is complete.
//!
//! ```
//! # use oddflow::flows::sink::{Sink, SinkOptions, Target};
//! # use std::sync::Arc;
//! # use arrow_array::{Int64Array, RecordBatch};
//! # let directory = tempfile::tempdir()?;
//! # let path = directory.path().join("scored.csv");
//! let batch = RecordBatch::try_from_iter([("src_bytes", Arc::new(Int64Array::from(vec![181, 239])) as _)])?;
//! let mut sink = Sink::create(&Target::parse(path.to_str().unwrap())?, &batch.schema(), &SinkOptions::default())?;
//! let encoder = sink.encoder(); // one clone for each worker
//! sink.write(encoder.encode(&batch)?)?;
//! assert_eq!(sink.finish()?.rows, 2);
//! assert_eq!(std::fs::read_to_string(&path)?, "src_bytes\n181\n239\n");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod arrow;
mod canonical;
mod cef;
mod cell;
mod compress;
mod encode;
mod guard;
mod ndjson;
mod object;
mod parquet;
mod parts;
#[cfg(test)]
mod read_again;
mod side_file;
mod staged;
mod target;
#[cfg(test)]
mod tests;
mod text;

pub(crate) use canonical::each_row;
pub(crate) use cef::{CefHeader, CefLine};
pub(crate) use encode::Records;
pub use encode::{Encoded, RowEncoder};
pub use guard::{is_formula, printable};
pub(crate) use ndjson::{json_cells, json_lines};
pub(crate) use object::Object;
pub(crate) use parts::is_part;
pub use parts::part_path;
pub use side_file::SideFile;
pub use target::{EventFormat, OutputFormat, Target, same_file};

use self::encode::{Piece, TextForm};
pub(crate) use self::staged::Staged;
use self::staged::Watch;
use crate::flows::source::Compression;
use crate::{Error, Result};
use arrow_ipc::writer::{FileWriter, StreamWriter};
use arrow_schema::SchemaRef;
use std::io::{BufWriter, IsTerminal, Write};
use std::path::Path;
use std::sync::Arc;

/// How to write, beyond what the target says.
#[derive(Debug, Clone)]
pub struct SinkOptions {
    /// In CSV and TSV, put `'` before text that a spreadsheet would run as a formula.
    pub guard_formulas: bool,
    /// Key-value pairs for the file's own metadata (Parquet footer, Arrow schema).
    pub metadata: Vec<(String, String)>,
}

impl Default for SinkOptions {
    fn default() -> Self {
        Self { guard_formulas: true, metadata: Vec::new() }
    }
}

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Written {
    /// Rows, a header not counted.
    pub rows: u64,
    /// Bytes as stored.
    pub bytes: u64,
    /// Files that the output was cut into, each of which is one request; 0 where it is one file or stream.
    pub parts: u64,
}

/// An output that is being written. Dropped without [`Sink::finish`], it leaves no file and an older one untouched.
pub struct Sink {
    encoder: RowEncoder,
    body: Body,
    watch: Watch,
    rows: u64,
}

/// The serial half of each format.
enum Body {
    Text(Staged),
    Parts(parts::Parts),
    Parquet(Box<self::parquet::ParquetFile>),
    ArrowFile(Box<FileWriter<BufWriter<Staged>>>),
    ArrowStream(Box<StreamWriter<BufWriter<Staged>>>),
}

impl Sink {
    /// Opens an output whose every batch has `schema`, which one of events does not look at.
    ///
    /// # Errors
    /// If the directory does not exist, the target cannot be written, the format has no place for a column's type, or
    /// binary data would go to a terminal.
    pub fn create(target: &Target, schema: &SchemaRef, options: &SinkOptions) -> Result<Self> {
        if let (OutputFormat::Events(format), Some(path), true) = (target.format, &target.path, target.in_parts()) {
            let most = format.request_limit().unwrap_or(usize::MAX);
            return Self::parts(path, most, target.compression, schema);
        }
        let (out, on_terminal) = match &target.path {
            Some(path) => (Staged::beside(path)?, false),
            None => (Staged::stdout(), std::io::stdout().is_terminal()),
        };
        if on_terminal && (!target.format.is_text() || target.compression != Compression::None) {
            let way_out = "is not for a terminal; redirect it, or name a file";
            return Err(Error::parameter("output", format!("{} on standard output", target.format), way_out));
        }
        Self::open(out, on_terminal, target, schema, options)
    }

    /// The same into a writer of the caller, which is called by the target's name in messages.
    pub fn to_writer(
        out: Box<dyn Write + Send>,
        target: &Target,
        schema: &SchemaRef,
        options: &SinkOptions,
    ) -> Result<Self> {
        let name = target.path.as_deref().unwrap_or(Path::new("standard output"));
        Self::open(Staged::through(out, name), false, target, schema, options)
    }

    fn parts(path: &Path, most: usize, compression: Compression, schema: &SchemaRef) -> Result<Self> {
        let watch = Staged::through(Box::new(std::io::sink()), path).watch();
        let body = Body::Parts(parts::Parts::create(path, compression, most)?);
        Ok(Self { encoder: RowEncoder::events(schema.clone(), true, compression), body, watch, rows: 0 })
    }

    fn open(
        mut out: Staged,
        on_terminal: bool,
        target: &Target,
        schema: &SchemaRef,
        options: &SinkOptions,
    ) -> Result<Self> {
        let watch = out.watch();
        let failed = |e: &dyn std::fmt::Display| watch.error(e);
        let compression = target.compression;
        let delimited = |delimiter| text::Delimited::new(delimiter, options.guard_formulas, on_terminal);
        let form = match target.format {
            OutputFormat::Csv => TextForm::Delimited(delimited(b',')),
            OutputFormat::Tsv => TextForm::Delimited(delimited(b'\t')),
            OutputFormat::Ndjson => TextForm::JsonLines(ndjson::JsonLines { for_terminal: on_terminal }),
            OutputFormat::Events(_) => {
                let head = compress::pack(Vec::new(), compression).map_err(|e| failed(&e))?;
                out.write_all(&head).map_err(|e| failed(&e))?;
                let encoder = RowEncoder::events(schema.clone(), false, compression);
                return Ok(Self { encoder, body: Body::Text(out), watch, rows: 0 });
            }
            OutputFormat::Parquet => {
                let (file, encoder) = self::parquet::create(out, schema, &options.metadata).map_err(|e| failed(&e))?;
                let encoder = RowEncoder::parquet(schema.clone(), encoder);
                return Ok(Self { encoder, body: Body::Parquet(Box::new(file)), watch, rows: 0 });
            }
            OutputFormat::ArrowFile | OutputFormat::ArrowStream => {
                let mut flat = arrow::flat_schema(schema);
                flat.metadata.extend(options.metadata.iter().cloned());
                let out = BufWriter::with_capacity(1 << 18, out);
                let body = if target.format == OutputFormat::ArrowFile {
                    Body::ArrowFile(Box::new(FileWriter::try_new(out, &flat).map_err(|e| failed(&e))?))
                } else {
                    Body::ArrowStream(Box::new(StreamWriter::try_new(out, &flat).map_err(|e| failed(&e))?))
                };
                return Ok(Self { encoder: RowEncoder::arrow(schema.clone(), Arc::new(flat)), body, watch, rows: 0 });
            }
        };
        // The first piece also makes an output without any row a valid one: an empty gzip member, a header.
        let head = form.head(schema, compression).map_err(|e| failed(&e))?;
        out.write_all(&head).map_err(|e| failed(&e))?;
        let encoder = RowEncoder::text(schema.clone(), form, compression);
        Ok(Self { encoder, body: Body::Text(out), watch, rows: 0 })
    }

    /// The half that runs on workers.
    pub fn encoder(&self) -> RowEncoder {
        self.encoder.clone()
    }

    /// Appends an encoded batch; the order of calls is the order of rows.
    ///
    /// # Errors
    /// If the file cannot be written (a full disk; a closed pipe keeps its kind, `BrokenPipe`).
    pub fn write(&mut self, encoded: Encoded) -> Result<()> {
        let failed = |e: &dyn std::fmt::Display| self.watch.error(e);
        match (&mut self.body, encoded.piece) {
            (_, Piece::Nothing) => {}
            (Body::Text(out), Piece::Bytes(bytes)) => out.write_all(&bytes).map_err(|e| failed(&e))?,
            (Body::Parts(parts), Piece::Records(records)) => parts.append(&records)?,
            (Body::Parquet(file), Piece::RowGroup(group)) => file.append(group).map_err(|e| failed(&e))?,
            (Body::ArrowFile(out), Piece::Batch(batch)) => out.write(&batch).map_err(|e| failed(&e))?,
            (Body::ArrowStream(out), Piece::Batch(batch)) => {
                out.write(&batch).map_err(|e| failed(&e))?;
                out.flush().map_err(|e| failed(&e))?; // whoever reads a stream wants it as it comes
            }
            _ => return Err(Error::Schema("the batch was encoded for an output of another format".into())),
        }
        self.rows += encoded.rows;
        Ok(())
    }

    /// Completes the output: it appears under its name.
    pub fn finish(self) -> Result<Written> {
        let Self { body, watch, rows, .. } = self;
        let staged = match body {
            Body::Text(out) => out,
            Body::Parts(parts) => {
                let (parts, bytes) = parts.finish()?;
                return Ok(Written { rows, bytes, parts });
            }
            Body::Parquet(file) => file.finish().map_err(|e| watch.error(e))?,
            Body::ArrowFile(out) => unbuffer(out.into_inner(), &watch)?,
            Body::ArrowStream(out) => unbuffer(out.into_inner(), &watch)?,
        };
        Ok(Written { rows, bytes: staged.publish()?, parts: 0 })
    }
}

fn unbuffer(inner: std::result::Result<BufWriter<Staged>, arrow_schema::ArrowError>, watch: &Watch) -> Result<Staged> {
    inner.map_err(|e| watch.error(e))?.into_inner().map_err(|e| watch.error(e.into_error()))
}
