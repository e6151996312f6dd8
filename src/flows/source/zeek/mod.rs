//! Zeek's own logs: lines of fields, described by lines that begin with `#`.
//!
//! A `#fields` line may come again in the middle of a file (logs joined by `cat`), with other columns; each record is read by
//! the latest before it. Columns are typed by `#types`: `time` is a timestamp in µs, UTC; `interval` and `double` are real
//! numbers; `count`, `int` and `port` are integers; `bool` is true or false; everything else stays text, Zeek's escapes
//! (`\x09`) included. A value that is not set is null, an empty one is empty text.
//!
//! **Records** are the lines that do not begin with `#`; the first one of a file is record 1.

mod header;
mod reader;
mod rows;
#[cfg(test)]
mod tests;

use super::bytes::Bytes;
use super::select::Passed;
use super::text::blocks::Blocks;
use super::text::columns::instant_type;
use super::unite::{Union, known_as_text};
use super::widened::Widened;
use super::{FileReader, OpenFile};
use crate::flows::record::{FlowLog, when};
use arrow_schema::{DataType, Field, Schema};
use header::Header;
use reader::ZeekReader;
use rows::Layout;
use std::sync::Arc;

/// Whether a file begins like a Zeek log.
pub(super) fn begins(text: &[u8]) -> bool {
    let keys: [&[u8]; 6] = [b"#separator", b"#set_separator", b"#empty_field", b"#unset_field", b"#path", b"#fields"];
    keys.iter().any(|key| text.starts_with(key))
}

/// Whether a line is one of the header's that others are read by.
pub(super) fn is_header(line: &[u8]) -> bool {
    Header::matters(line)
}

/// What the beginning of a log shows.
#[derive(Debug)]
pub(super) struct Shape {
    /// Its name by `#path`, the last one that is of flows if several are there; empty if no line said it.
    pub path: String,
    /// Its columns, those of all `#fields` lines.
    pub schema: Schema,
    /// When the first record began.
    pub first_time: Option<i64>,
    /// Records seen.
    pub records: u64,
}

impl Shape {
    /// Judges the beginning of a file. The error is why it cannot be read.
    pub fn detect(head: &[u8], whole: bool) -> Result<Self, String> {
        let end = if whole { head.len() } else { memchr::memrchr(b'\n', head).map_or(0, |newline| newline + 1) };
        let (mut header, mut union, mut path) = (Header::default(), Union::default(), String::new());
        let (mut first_time, mut records, mut named) = (None, 0, false);
        for line in head.get(..end).unwrap_or_default().split(|byte| *byte == b'\n') {
            if line.starts_with(b"#") {
                header.read(line)?;
                named |= !header.columns.is_empty();
                if line.starts_with(b"#path") && (path.is_empty() || FlowLog::zeek(&path).is_none()) {
                    path.clone_from(&header.path);
                }
            } else if !line.trim_ascii().is_empty() {
                if header.columns.is_empty() {
                    return Err("this Zeek log has records before a #fields line that names their columns".into());
                }
                records += 1;
                first_time = first_time.or_else(|| time_of(&header, line));
            }
            if line.starts_with(b"#fields") || line.starts_with(b"#types") {
                union.add(&schema_of(&header));
            }
        }
        if !named {
            return Err("this Zeek log has no #fields line that names its columns".into());
        }
        // Types follow names, so that a column was text for a moment.
        let mut schema = schema_of(&header);
        if union.lacks(&schema) || union.missing_in(&schema).next().is_some() {
            schema = retyped(&union.finish(), head.get(..end).unwrap_or_default());
        }
        Ok(Self { path, schema, first_time, records })
    }
}

fn schema_of(header: &Header) -> Schema {
    let field = |(name, data_type): &(String, DataType)| Field::new(name, data_type.clone(), true);
    Schema::new(header.columns.iter().map(field).collect::<Vec<_>>())
}

/// The columns of several `#fields` lines, each as wide as its widest declared type.
fn retyped(names: &Schema, head: &[u8]) -> Schema {
    let (mut header, mut union, mut pending) = (Header::default(), Union::default(), false);
    for line in head.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        if !line.starts_with(b"#") {
            if pending {
                union.add(&schema_of(&header));
            }
            pending = false;
        } else if header.read(line).is_ok() {
            pending |= line.starts_with(b"#fields");
        }
    }
    if pending {
        union.add(&schema_of(&header));
    }
    let united = union.finish();
    let field =
        |field: &Arc<Field>| united.field_with_name(field.name()).ok().cloned().unwrap_or(field.as_ref().clone());
    Schema::new(names.fields().iter().map(field).collect::<Vec<_>>())
}

fn time_of(header: &Header, line: &[u8]) -> Option<i64> {
    let place = header.columns.iter().position(|(name, _)| name == "ts")?;
    when::of_decimal(line.split(|byte| *byte == header.separator).nth(place)?)
}

/// The schema with the types that are known from a model where they leave room for what the log declares. A declared time
/// stays one: it is no feature, whatever it was when the model was fitted.
pub(super) fn known(schema: Schema, known_types: &[(String, DataType)]) -> Schema {
    let fields = schema.fields().iter().map(|field| {
        let field = field.as_ref().clone();
        match known_types.iter().find(|(name, _)| name == field.name()) {
            Some((_, known)) if *field.data_type() != instant_type() => {
                let data_type = known_as_text(known, field.data_type());
                field.with_data_type(data_type)
            }
            _ => field,
        }
    });
    Schema::new(fields.collect::<Vec<_>>())
}

/// Starts reading a log; `bytes` are at its beginning, before a byte order mark of `start` bytes.
pub(super) fn open(
    mut bytes: Bytes,
    start: u64,
    context: OpenFile,
    widened: Arc<Widened>,
    unknown_keys: Passed,
    passed: Passed,
) -> Box<dyn FileReader> {
    let before = bytes.skip(start);
    let layout = Layout::new(&context.schema, widened, unknown_keys, passed);
    let blocks = Blocks::lines(bytes, context.batch_rows);
    Box::new(ZeekReader::new(blocks, layout, context, before))
}
