//! A first look at each file: what it is, which columns it has.

use super::bytes::{Bytes, End};
use super::csv::{Dialect, Header};
use super::discover::Found;
use super::pipe::Pipe;
use super::unite::known_as_text;
use super::widened::Widened;
use super::{Compression, Format, InputFile, InputOptions, Probe, csv, ipc, ndjson, parquet, recognise};
use crate::{Error, Result};
use arrow_schema::{DataType, Schema};
use std::fs::{self, File};
use std::io::{Cursor, Read};
use std::path::PathBuf;
use std::sync::Arc;

/// Decompressed bytes that types are judged by, in the first file and in the following ones.
pub(super) const FIRST_HEAD: usize = 4 << 20;
pub(super) const LATER_HEAD: usize = 64 << 10;

/// Where a file's bytes are.
#[derive(Debug, Clone)]
pub(super) enum Place {
    File(PathBuf),
    Pipe(Pipe),
}

/// What is needed to read a file of its format.
#[derive(Debug)]
pub(super) enum Content {
    Empty,
    Csv(Dialect),
    /// The records begin after so many bytes (a byte order mark).
    Ndjson(u64),
    Parquet,
    ArrowFile,
    ArrowStream,
}

/// A recognised file.
#[derive(Debug)]
pub(super) struct Looked {
    pub file: InputFile,
    pub place: Place,
    pub content: Content,
    pub schema: Schema,
}

/// The beginning of a file.
struct Head {
    compression: Compression,
    bytes: Vec<u8>,
    whole: bool,
    /// Why no more could be read.
    damage: Option<String>,
}

/// Recognises a file and finds out its columns from at most `limit` decompressed bytes.
pub(super) fn look(found: &Found, place: Place, limit: usize, options: &InputOptions) -> Result<Looked> {
    let name = &found.name;
    let unknown = |reason: String| Error::UnknownFormat { file: name.clone(), reason };
    let head = head(name, &place, limit)?;
    let format = recognise::format(&head.bytes).map_err(unknown)?;
    // Where too little of a damaged file is left to see what it was, the damage is the news.
    let unclear = |reason| match head.damage.clone() {
        Some(reason) => Error::Damaged { file: name.clone(), records: 0, reason },
        None => unknown(reason),
    };
    let (format, content, probe) = match format {
        None => {
            let probe = Probe { schema: Schema::empty(), description: "empty: 0 records".into() };
            (Format::Csv, Content::Empty, probe)
        }
        Some(Format::Csv) => {
            let (dialect, probe) = look_at_csv(found, &head, options).map_err(unclear)?;
            (Format::Csv, Content::Csv(dialect), probe)
        }
        Some(Format::Ndjson) => {
            let shape = ndjson::Shape::detect(&head.bytes, head.whole).map_err(unclear)?;
            let probe = Probe { schema: known(shape.schema(), options), description: shape.describe() };
            let bom = if head.bytes.starts_with(recognise::BOM) { recognise::BOM.len() } else { 0 };
            (Format::Ndjson, Content::Ndjson(bom as u64), probe)
        }
        Some(Format::ArrowStream) => {
            let probe = ipc::probe_stream(name, Box::new(Cursor::new(head.bytes)))?;
            (Format::ArrowStream, Content::ArrowStream, probe)
        }
        Some(format @ (Format::Parquet | Format::ArrowFile)) => {
            let path = seekable(format, head.compression, &place).map_err(unknown)?;
            if format == Format::Parquet {
                (format, Content::Parquet, parquet::probe(name, path)?)
            } else {
                (format, Content::ArrowFile, ipc::probe_file(name, path)?)
            }
        }
    };
    let packed = match head.compression {
        Compression::None => "",
        Compression::Gzip => ", gzip",
        Compression::Zstd => ", zstd",
    };
    let (path, size) = match &place {
        Place::File(path) => (Some(path.clone()), fs::metadata(path).ok().map(|metadata| metadata.len())),
        Place::Pipe(_) => (None, None),
    };
    let description = format!("{}{packed}", probe.description);
    let file = InputFile { name: name.clone(), path, size, format, compression: head.compression, description };
    Ok(Looked { file, place, content, schema: probe.schema })
}

fn look_at_csv(found: &Found, head: &Head, options: &InputOptions) -> Result<(Dialect, Probe), String> {
    let bom = if head.bytes.starts_with(recognise::BOM) { recognise::BOM.len() } else { 0 };
    let text = &head.bytes[bom..];
    let tsv = [".tsv", ".tab", ".tsv.gz", ".tsv.zst"].iter().any(|end| found.name.to_ascii_lowercase().ends_with(end));
    let (names, delimiter) = (options.column_names.as_deref(), options.delimiter);
    let mut dialect = Dialect::detect(text, head.whole, tsv, names, delimiter).map_err(|reason| {
        let line = text.trim_ascii_start().split(|&byte| byte == b'\n').next().unwrap_or_default();
        let begin: String = String::from_utf8_lossy(line.trim_ascii()).chars().take(40).collect();
        format!("this is no log: {reason}; it begins with {begin:?}")
    })?;
    dialect.data_start += bom;
    let probe = Probe { schema: known(dialect.schema(), options), description: dialect.describe() };
    Ok((dialect, probe))
}

/// The schema of a text file, with the types that are known already.
fn known(schema: Schema, options: &InputOptions) -> Schema {
    let fields = schema.fields().iter().map(|field| {
        let field = field.as_ref().clone();
        match options.known_types.iter().find(|(name, _)| name == field.name()) {
            Some((_, known)) => {
                let data_type = known_as_text(known, field.data_type());
                field.with_data_type(data_type)
            }
            None => field,
        }
    });
    Schema::new(fields.collect::<Vec<_>>())
}

/// The path of a file in a format whose directory stands at its end.
fn seekable(format: Format, compression: Compression, place: &Place) -> Result<&PathBuf, String> {
    let what = if format == Format::Parquet { "Parquet" } else { "an Arrow file" };
    match (compression, place) {
        (Compression::None, Place::File(path)) => Ok(path),
        (Compression::None, Place::Pipe(_)) => {
            Err(format!("{what} cannot be read from a pipe; name the file, or send an Arrow stream or CSV"))
        }
        (Compression::Gzip, _) => Err(format!("this is {what} inside gzip; unpack it first: gzip -d FILE")),
        (Compression::Zstd, _) => Err(format!("this is {what} inside Zstandard; unpack it first: zstd -d FILE")),
    }
}

/// Reads the beginning of a file. Damage further in does not matter yet, unless nothing comes before it.
fn head(name: &str, place: &Place, limit: usize) -> Result<Head> {
    let io = |error| Error::io(name, error);
    let (mut stored, whole): (Box<dyn Read + Send>, bool) = match place {
        Place::File(path) => (Box::new(File::open(path).map_err(io)?), true),
        Place::Pipe(pipe) => {
            let (head, whole) = pipe.head();
            (Box::new(head), whole)
        }
    };
    let mut magic = Vec::new();
    stored.by_ref().take(16).read_to_end(&mut magic).map_err(io)?;
    let compression = recognise::compression(&magic);
    let mut bytes = Bytes::new(Box::new(Cursor::new(magic).chain(stored)), compression).map_err(io)?;
    let mut head = vec![0; limit];
    let (n, end) = bytes.fill(&mut head);
    head.truncate(n);
    // The looked-at part of a pipe ends somewhere, and that is no damage.
    let at_end = whole && end == Some(End::Whole);
    let damage = match end {
        Some(End::Damaged(reason)) if whole => Some(reason),
        _ => None,
    };
    if let (Some(reason), 0) = (&damage, n) {
        return Err(Error::Damaged { file: name.into(), records: 0, reason: reason.clone() });
    }
    Ok(Head { compression, bytes: head, whole: at_end, damage })
}

/// A file without a header whose records look like those of an earlier one with a header has the same columns (the
/// parts of a split file).
pub(super) fn adopt_names(earlier: &[Looked], looked: &mut Looked, options: &InputOptions) {
    let Content::Csv(dialect) = &mut looked.content else { return };
    if dialect.header != Header::None || options.column_names.is_some() {
        return;
    }
    let alike = earlier.iter().find_map(|other| match &other.content {
        Content::Csv(theirs)
            if theirs.header == Header::Own
                && theirs.delimiter == dialect.delimiter
                && theirs.names.len() == dialect.names.len()
                && compatible(theirs, dialect) =>
        {
            Some((theirs, &other.file.name))
        }
        _ => None,
    });
    if let Some((theirs, name)) = alike {
        dialect.names.clone_from(&theirs.names);
        looked.schema = known(dialect.schema(), options);
        looked.file.description.push_str(&format!(" (named as in {name})"));
    }
}

/// Whether the columns are numbers and text in the same places.
fn compatible(a: &Dialect, b: &Dialect) -> bool {
    let columns = |dialect: &Dialect| {
        let empty = dialect.types.iter().map(DataType::is_null);
        empty.zip(dialect.numeric.clone()).collect::<Vec<_>>()
    };
    columns(a).into_iter().zip(columns(b)).all(|(a, b)| a.0 || b.0 || a.1 == b.1)
}

/// Starts the reader of a file.
pub(super) fn open(
    looked: &Looked,
    context: super::OpenFile,
    shared: &super::chain::Shared,
    widened: &Arc<Widened>,
) -> Result<Box<dyn super::FileReader>> {
    let bytes = || -> Result<Bytes> {
        let stored: Box<dyn Read + Send> = match &looked.place {
            Place::File(path) => Box::new(File::open(path).map_err(|error| Error::io(&looked.file.name, error))?),
            Place::Pipe(pipe) => pipe.take()?,
        };
        Bytes::new(stored, looked.file.compression).map_err(|error| Error::io(&looked.file.name, error))
    };
    let path = looked.file.path.as_deref().unwrap_or_else(|| std::path::Path::new("-"));
    let widened = Arc::clone(widened);
    match &looked.content {
        Content::Empty => Ok(Box::new(super::chain::NoRecords)),
        Content::Csv(dialect) => Ok(csv::open(bytes()?, dialect, context, widened, shared.recoded.clone())),
        Content::Ndjson(start) => Ok(ndjson::open(bytes()?, *start, context, widened, shared.unknown_keys.clone())),
        Content::Parquet => parquet::open(path, context),
        Content::ArrowFile => ipc::open_file(path, context),
        Content::ArrowStream => ipc::open_stream(bytes()?.into_reader(), context),
    }
}
