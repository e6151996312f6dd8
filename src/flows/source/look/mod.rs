//! A first look at each file: what it is, which columns it has.

mod text;

use crate::flows::record::FlowLog;
use crate::flows::source::at_first::AtFirst;
use crate::flows::source::bytes::{Bytes, End};
use crate::flows::source::csv::{Dialect, Header};
use crate::flows::source::discover::Found;
use crate::flows::source::earlier::prefix_of_added;
use crate::flows::source::pipe::Pipe;
use crate::flows::source::select::{Objects, is_argus};
use crate::flows::source::widened::Widened;
use crate::flows::source::{
    Compression, Format, InputFile, InputOptions, Probe, csv, ipc, ndjson, parquet, recognise, zeek,
};
use crate::{Error, Result};
use arrow_schema::{DataType, Schema};
use std::fs::File;
use std::io::{Cursor, Read};
use std::path::PathBuf;
use std::sync::Arc;
use text::{known, look_at_csv, look_at_ndjson, look_at_zeek};

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
    /// The records begin after so many bytes (a byte order mark); which objects are rows.
    Ndjson(u64, Objects),
    /// The log begins after so many bytes.
    Zeek(u64),
    Parquet,
    ArrowFile,
    ArrowStream,
}

/// A recognised file.
#[derive(Debug)]
pub(super) struct Looked {
    pub file: InputFile,
    pub place: Place,
    /// What it was, where it is a file.
    pub at_first: Option<AtFirst>,
    pub content: Content,
    pub schema: Schema,
    /// When the first flow began, where its beginning shows it.
    pub first_time: Option<i64>,
    /// Whether the user named this very file.
    pub named: bool,
}

impl Looked {
    /// Whether it has not even a header.
    pub fn is_empty(&self) -> bool {
        matches!(self.content, Content::Empty)
    }
}

/// What the look at one format gave.
pub(super) struct Seen {
    pub format: Format,
    pub content: Content,
    pub probe: Probe,
    pub log: Option<FlowLog>,
    pub several_logs: bool,
    pub first_time: Option<i64>,
}

impl Seen {
    fn table(format: Format, content: Content, probe: Probe) -> Self {
        Self { format, content, probe, log: None, several_logs: false, first_time: None }
    }
}

/// The beginning of a file.
pub(super) struct Head {
    pub compression: Compression,
    pub bytes: Vec<u8>,
    pub whole: bool,
    /// Why no more could be read.
    pub damage: Option<String>,
    pub at_first: Option<AtFirst>,
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
    let seen = match format {
        None => {
            let probe = Probe { schema: Schema::empty(), description: "empty: 0 records".into() };
            Seen::table(Format::Csv, Content::Empty, probe)
        }
        Some(Format::Csv) => look_at_csv(found, &head, options).map_err(unclear)?,
        Some(Format::Ndjson) => look_at_ndjson(found, &head, options, &unclear)?,
        Some(Format::Zeek) => look_at_zeek(found, &head, options, &unclear)?,
        Some(Format::ArrowStream) => {
            let probe = ipc::probe_stream(name, Box::new(Cursor::new(head.bytes)))?;
            Seen::table(Format::ArrowStream, Content::ArrowStream, probe)
        }
        Some(format @ (Format::Parquet | Format::ArrowFile)) => {
            let path = seekable(format, head.compression, &place).map_err(unknown)?;
            if format == Format::Parquet {
                Seen::table(format, Content::Parquet, parquet::probe(name, path)?)
            } else {
                Seen::table(format, Content::ArrowFile, ipc::probe_file(name, path)?)
            }
        }
    };
    let Seen { format, content, probe, log, several_logs, first_time } = seen;
    let packed = match head.compression {
        Compression::None => "",
        Compression::Gzip => ", gzip",
        Compression::Zstd => ", zstd",
    };
    let path = if let Place::File(path) = &place { Some(path.clone()) } else { None };
    let (at_first, size) = (head.at_first.clone(), head.at_first.as_ref().map(|file| file.size));
    let description = match (log, probe.description.rsplit_once(", ")) {
        (Some(_), Some((what, columns))) => format!("{what}{packed}, {columns}"),
        _ => format!("{}{packed}", probe.description),
    };
    let scored = prefix_of_added(&probe.schema);
    let (name, compression) = (name.clone(), head.compression);
    let file = InputFile { name, path, size, format, compression, log, several_logs, scored, description };
    Ok(Looked { file, place, at_first, content, schema: probe.schema, first_time, named: found.named })
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
    let (stored, whole, at_first): (Box<dyn Read + Send>, bool, _) = match place {
        Place::File(path) => {
            let mut file = File::open(path).map_err(io)?;
            let at_first = AtFirst::look(&mut file).map_err(io)?;
            (Box::new(file.take(at_first.size)), true, Some(at_first))
        }
        Place::Pipe(pipe) => {
            let (head, whole) = pipe.head();
            (Box::new(head), whole, None)
        }
    };
    let mut bytes = Bytes::recognised(stored).map_err(io)?;
    let compression = bytes.compression();
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
    Ok(Head { compression, bytes: head, whole: at_end, damage, at_first })
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
        if is_argus(&dialect.names) {
            dialect.skip_management();
            looked.file.log = Some(FlowLog::Argus);
        }
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
    shared: &crate::flows::source::chain::Shared,
    widened: &Arc<Widened>,
) -> Result<Box<dyn super::FileReader>> {
    let bytes = || -> Result<Bytes> {
        let (name, io) = (&looked.file.name, |error| Error::io(&looked.file.name, error));
        let stored: Box<dyn Read + Send> = match (&looked.place, &looked.at_first) {
            (Place::File(path), Some(at_first)) => at_first.open(name, path)?,
            (Place::File(path), None) => Box::new(File::open(path).map_err(io)?),
            (Place::Pipe(pipe), _) => pipe.take()?,
        };
        Bytes::new(stored, looked.file.compression).map_err(io)
    };
    let path = looked.file.path.as_deref().unwrap_or_else(|| std::path::Path::new("-"));
    let widened = Arc::clone(widened);
    match &looked.content {
        Content::Empty => Ok(Box::new(crate::flows::source::chain::NoRecords)),
        Content::Parquet => parquet::open(path, context),
        Content::ArrowFile => ipc::open_file(path, context),
        Content::ArrowStream => ipc::open_stream(bytes()?.into_reader(), context),
        Content::Csv(_) | Content::Ndjson(..) | Content::Zeek(_) => {
            open_text(looked, bytes()?, context, shared, widened)
        }
    }
}

/// Starts a reader of text that is of the format of a file that was looked at.
pub(super) fn open_text(
    looked: &Looked,
    bytes: Bytes,
    context: super::OpenFile,
    shared: &crate::flows::source::chain::Shared,
    widened: Arc<Widened>,
) -> Result<Box<dyn super::FileReader>> {
    let passed = shared.passed.clone();
    match &looked.content {
        Content::Csv(dialect) => Ok(csv::open(bytes, dialect, context, widened, shared.recoded.clone(), passed)),
        Content::Ndjson(start, objects) => {
            Ok(ndjson::open(bytes, (*start, *objects), context, widened, shared.unknown_keys.clone(), passed))
        }
        Content::Zeek(start) => Ok(zeek::open(bytes, *start, context, widened, shared.unknown_keys.clone(), passed)),
        Content::Empty | Content::Parquet | Content::ArrowFile | Content::ArrowStream => {
            Ok(Box::new(crate::flows::source::chain::NoRecords))
        }
    }
}
