//! Delimited text: CSV, TSV and their kin (RFC 4180 quoting, any delimiter).

mod dialect;
pub(super) mod names;
mod rows;
#[cfg(test)]
mod tests;

use super::bytes::Bytes;
use super::select::Passed;
use super::text::blocks::Blocks;
use super::text::reader::TextReader;
use super::widened::Widened;
use super::{FileReader, OpenFile};
use arrow_schema::{Field, Schema};
use rows::Layout;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

pub(super) use dialect::{Dialect, Header};
pub use names::preset;

impl Dialect {
    /// What was detected, in words.
    pub fn describe(&self) -> String {
        let delimiter = match self.delimiter {
            b'\t' => "tab".to_owned(),
            b' ' => "space".to_owned(),
            byte => format!("'{}'", char::from(byte)),
        };
        let header = match self.header {
            Header::Own => "header",
            Header::Replaced => "header replaced by the names given",
            Header::None => "no header",
        };
        let columns = if self.names.len() == 1 { "column" } else { "columns" };
        format!("CSV, delimiter {delimiter}, {header}, {} {columns}", self.names.len())
    }

    /// The columns as far as the head of the file tells.
    pub fn schema(&self) -> Schema {
        let fields =
            self.names.iter().zip(&self.types).map(|(name, data_type)| Field::new(name, data_type.clone(), true));
        Schema::new(fields.collect::<Vec<_>>())
    }
}

/// Starts reading a file; `bytes` are at its beginning. What does not fit its column is noted in `widened`; lines
/// read as Windows-1252 are counted in `recoded`, records that are no flows in `passed`.
pub(super) fn open(
    mut bytes: Bytes,
    dialect: &Dialect,
    context: OpenFile,
    widened: Arc<Widened>,
    recoded: Arc<AtomicU64>,
    passed: Passed,
) -> Box<dyn FileReader> {
    let column = |field: &Arc<Field>| {
        let place = dialect.names.iter().position(|name| name == field.name());
        (place, field.data_type().clone())
    };
    let layout = Layout {
        delimiter: dialect.delimiter,
        names: dialect.names.clone(),
        columns: context.schema.fields().iter().map(column).collect(),
        widened,
        recoded,
        management: dialect.management,
        passed,
    };
    let before = bytes.skip(dialect.data_start as u64);
    let blocks = Blocks::quoted(bytes, dialect.delimiter, context.batch_rows);
    Box::new(TextReader::new(blocks, layout, context, before))
}
