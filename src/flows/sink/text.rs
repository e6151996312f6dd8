//! CSV and TSV after RFC 4180, except that lines end in `\n`.
//!
//! - A field is quoted where it holds the delimiter, a quote, a line end or another control character; an empty text is `""`,
//!   a null is nothing.
//! - Truth values are 1 and 0, which spreadsheets sum and every reader takes for numbers.
//! - Floats have the fewest digits that read back the same; NaN and infinities are `NaN`, `inf`, `-inf`.
//! - Times are ISO 8601 with their offset; instants of a zone that only has a name are given in UTC.
//! - Text that a spreadsheet would run as a formula gets a leading `'` (see [`is_formula`]); numbers are never touched.

use super::cell::{Column, Dialect};
use super::guard::{is_formula, printable};
use arrow_array::RecordBatch;
use arrow_schema::{ArrowError, Schema};
use std::borrow::Cow;

/// Writes delimited text.
#[derive(Debug, Clone)]
pub(super) struct Delimited {
    delimiter: u8,
    guard_formulas: bool,
    for_terminal: bool,
}

impl Delimited {
    /// `for_terminal`: characters that act on a terminal are spelled out.
    pub fn new(delimiter: u8, guard_formulas: bool, for_terminal: bool) -> Self {
        Self { delimiter, guard_formulas, for_terminal }
    }

    /// The line of column names.
    pub fn header(&self, schema: &Schema) -> Vec<u8> {
        let mut out = Vec::with_capacity(schema.fields().len() * 16);
        for (column, field) in schema.fields().iter().enumerate() {
            if column > 0 {
                out.push(self.delimiter);
            }
            self.text(field.name(), &mut out);
        }
        out.push(b'\n');
        out
    }

    /// The lines of a batch.
    pub fn rows(&self, batch: &RecordBatch) -> Result<Vec<u8>, ArrowError> {
        let columns = batch.columns().iter().map(|c| Column::new(c, self)).collect::<Result<Vec<_>, _>>()?;
        let mut out = Vec::with_capacity(batch.num_rows() * (columns.len() * 8 + 1));
        for row in 0..batch.num_rows() {
            let start = out.len();
            for (index, column) in columns.iter().enumerate() {
                if index > 0 {
                    out.push(self.delimiter);
                }
                column.write(row, self, &mut out);
            }
            if out.len() == start {
                out.extend_from_slice(b"\"\""); // a blank line would be no record to most readers
            }
            out.push(b'\n');
        }
        Ok(out)
    }

    fn is_special(&self, byte: u8) -> bool {
        byte == self.delimiter || byte == b'"' || byte.is_ascii_control()
    }

    fn quoted(&self, text: &str, guard: bool, out: &mut Vec<u8>) {
        out.push(b'"');
        if guard {
            out.push(b'\'');
        }
        for (index, part) in text.split('"').enumerate() {
            if index > 0 {
                out.extend_from_slice(b"\"\"");
            }
            out.extend_from_slice(part.as_bytes());
        }
        out.push(b'"');
    }
}

impl Dialect for Delimited {
    fn null(&self, _out: &mut Vec<u8>) {}

    fn boolean(&self, value: bool, out: &mut Vec<u8>) {
        out.push(if value { b'1' } else { b'0' });
    }

    fn not_finite(&self, value: f64, out: &mut Vec<u8>) {
        out.extend_from_slice(match value {
            v if v.is_nan() => b"NaN",
            f64::INFINITY => b"inf",
            _ => b"-inf",
        });
    }

    fn text(&self, text: &str, out: &mut Vec<u8>) {
        let text = if self.for_terminal { printable(text) } else { Cow::Borrowed(text) };
        let guard = self.guard_formulas && is_formula(&text);
        if text.is_empty() || text.bytes().any(|byte| self.is_special(byte)) {
            return self.quoted(&text, guard, out);
        }
        if guard {
            out.push(b'\'');
        }
        out.extend_from_slice(text.as_bytes());
    }

    fn around_plain(&self, _out: &mut Vec<u8>) {}
}
