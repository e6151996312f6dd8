//! NDJSON: one JSON object (RFC 8259) a line, its keys in column order, nulls written out.
//!
//! Integers are exact at any size, NaN and infinities are `null`, truth values `true` and `false`, decimals numbers,
//! durations numbers of seconds, other times ISO 8601 text.

use super::cell::{Column, Dialect};
use super::guard::acts;
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::ArrowError;
use std::io::Write;

/// Writes JSON lines.
#[derive(Debug, Clone)]
pub(super) struct JsonLines {
    /// Escape more than JSON demands: all that acts on a terminal.
    pub for_terminal: bool,
}

impl JsonLines {
    /// The lines of a batch.
    pub fn rows(&self, batch: &RecordBatch) -> Result<Vec<u8>, ArrowError> {
        let columns = batch.columns().iter().map(|c| Column::new(c, self)).collect::<Result<Vec<_>, _>>()?;
        let names: Vec<Vec<u8>> =
            batch.schema_ref().fields().iter().enumerate().map(|(i, f)| self.key(i, f.name())).collect();
        let width: usize = names.iter().map(|name| name.len() + 8).sum();
        let mut out = Vec::with_capacity(batch.num_rows() * (width + 2));
        for row in 0..batch.num_rows() {
            if columns.is_empty() {
                out.push(b'{');
            }
            for (name, column) in names.iter().zip(&columns) {
                out.extend_from_slice(name);
                column.write(row, self, &mut out);
            }
            out.extend_from_slice(b"}\n");
        }
        Ok(out)
    }

    /// `{"name":` or `,"name":`.
    fn key(&self, index: usize, name: &str) -> Vec<u8> {
        let mut key = vec![if index == 0 { b'{' } else { b',' }];
        self.text(name, &mut key);
        key.push(b':');
        key
    }
}

/// Each cell of a column as a JSON value.
///
/// # Errors
/// A type without a text form.
pub(crate) fn json_cells(array: &ArrayRef) -> crate::Result<Vec<String>> {
    let dialect = JsonLines { for_terminal: false };
    let column = Column::new(array, &dialect)
        .map_err(|e| crate::Error::Schema(format!("a column of type {} has no text form: {e}", array.data_type())))?;
    let cell = |row| {
        let mut bytes = Vec::new();
        column.write(row, &dialect, &mut bytes);
        String::from_utf8(bytes).map_err(|e| crate::Error::Internal(format!("a cell is no text: {e}")))
    };
    (0..array.len()).map(cell).collect()
}

/// The rows of a batch as JSON objects, one a line.
///
/// # Errors
/// A type without a text form.
pub(crate) fn json_lines(batch: &RecordBatch) -> crate::Result<Vec<u8>> {
    let lines = JsonLines { for_terminal: false }.rows(batch);
    lines.map_err(|e| crate::Error::Schema(format!("a column has no text form: {e}")))
}

impl Dialect for JsonLines {
    fn null(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"null");
    }

    fn boolean(&self, value: bool, out: &mut Vec<u8>) {
        out.extend_from_slice(if value { b"true" } else { b"false" });
    }

    fn not_finite(&self, _value: f64, out: &mut Vec<u8>) {
        self.null(out);
    }

    fn text(&self, text: &str, out: &mut Vec<u8>) {
        out.push(b'"');
        push_escaped(text, self.for_terminal, out);
        out.push(b'"');
    }

    fn around_plain(&self, out: &mut Vec<u8>) {
        out.push(b'"');
    }
}

/// The inside of a JSON string.
pub(super) fn push_escaped(text: &str, for_terminal: bool, out: &mut Vec<u8>) {
    let needs_escape = |b: u8| b < 0x20 || b == b'"' || b == b'\\' || (for_terminal && (b == 0x7f || !b.is_ascii()));
    if !text.bytes().any(needs_escape) {
        return out.extend_from_slice(text.as_bytes());
    }
    for c in text.chars() {
        match c {
            '"' => out.extend_from_slice(b"\\\""),
            '\\' => out.extend_from_slice(b"\\\\"),
            '\n' => out.extend_from_slice(b"\\n"),
            '\r' => out.extend_from_slice(b"\\r"),
            '\t' => out.extend_from_slice(b"\\t"),
            c if c < ' ' || (for_terminal && acts(c)) => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    // Writing into a Vec cannot fail.
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
            c => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
}
