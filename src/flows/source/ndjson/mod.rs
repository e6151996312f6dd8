//! NDJSON: one JSON object a line. Nested objects become columns named by their path (`id.orig_h`); arrays stay JSON.

mod line;
mod rows;
#[cfg(test)]
mod tests;

use super::bytes::Bytes;
use super::recognise::BOM;
use super::text::blocks::Blocks;
use super::text::infer::Evidence;
use super::text::reader::TextReader;
use super::widened::Widened;
use super::{FileReader, OpenFile};
use arrow_schema::{DataType, Field, Schema};
use line::{Kind, Value};
use rows::Layout;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

/// Different keys that the beginning of a file may have.
const MOST_KEYS: usize = 10_000;

/// Counts of keys that are no columns.
pub(super) type UnknownKeys = Arc<Mutex<BTreeMap<String, u64>>>;

/// The keys of a file and the types of their values, as its beginning shows them.
#[derive(Debug)]
pub(super) struct Shape {
    columns: Vec<(String, DataType)>,
}

impl Shape {
    /// Judges the beginning of a file. The error is a reason why it is not one object a line.
    pub fn detect(head: &[u8], whole: bool) -> Result<Self, String> {
        let mut text = head.strip_prefix(BOM).unwrap_or(head);
        if !whole {
            // The last line is cut.
            text = &text[..memchr::memrchr(b'\n', text).map_or(0, |newline| newline + 1)];
        }
        let mut seen = Seen::default();
        let (mut objects, mut others) = (0u64, 0u64);
        for line in text.split(|&byte| byte == b'\n').filter(|line| !line.trim_ascii().is_empty()) {
            let valid = std::str::from_utf8(line).is_ok();
            match valid && line::leaves(line, |path, value| seen.value(line, path, value)).is_ok() {
                true => objects += 1,
                false => others += 1,
            }
            if seen.columns.len() > MOST_KEYS {
                return Err(format!(
                    "its objects have more than {MOST_KEYS} different keys: these are no records of one kind"
                ));
            }
        }
        if objects == 0 || others > objects {
            return Err("this looks like JSON, but not one object a line; make it so: jq -c . FILE".into());
        }
        let columns = seen.columns.into_iter().map(|(name, evidence)| (name, evidence.data_type()));
        Ok(Self { columns: columns.collect() })
    }

    /// The columns as far as the head of the file tells.
    pub fn schema(&self) -> Schema {
        Schema::new(
            self.columns.iter().map(|(name, data_type)| Field::new(name, data_type.clone(), true)).collect::<Vec<_>>(),
        )
    }

    /// What was detected, in words.
    pub fn describe(&self) -> String {
        let columns = if self.columns.len() == 1 { "column" } else { "columns" };
        format!("NDJSON, {} {columns}", self.columns.len())
    }
}

/// Keys in order of first appearance.
#[derive(Default)]
struct Seen {
    columns: Vec<(String, Evidence)>,
    places: HashMap<Vec<u8>, usize>,
}

impl Seen {
    fn value(&mut self, line: &[u8], path: &[u8], value: Value) {
        let place = match self.places.get(path) {
            Some(&place) => place,
            None => {
                self.places.insert(path.to_vec(), self.columns.len());
                self.columns.push((String::from_utf8_lossy(path).into_owned(), Evidence::default()));
                self.columns.len() - 1
            }
        };
        let evidence = &mut self.columns[place].1;
        match value.kind {
            Kind::Null => {}
            Kind::Number => evidence.field(value.text(line)),
            Kind::Boolean => evidence.boolean(),
            Kind::Text | Kind::Escaped | Kind::Array => evidence.text(),
        }
    }
}

/// Starts reading a file; `bytes` are at its beginning, its records begin at `start`. Keys that are no columns are counted in `unknown_keys`.
pub(super) fn open(
    mut bytes: Bytes,
    start: u64,
    context: OpenFile,
    widened: Arc<Widened>,
    unknown_keys: UnknownKeys,
) -> Box<dyn FileReader> {
    let layout = Layout::new(&context.schema, widened, unknown_keys);
    let before = bytes.skip(start);
    let blocks = Blocks::lines(bytes, context.batch_rows);
    Box::new(TextReader::new(blocks, layout, context, before))
}
