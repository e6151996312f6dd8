//! The parallel half: a block of lines becomes a batch, unusable ones set aside.

use super::line::{Kind, Value, leaves, unescape};
use crate::Result;
use crate::flows::source::OpenFile;
use crate::flows::source::select::{Objects, Passed};
use crate::flows::source::text::assembly::Assembly;
use crate::flows::source::text::blocks::{Block, Kind as BlockKind, RECORD_LIMIT};
use crate::flows::source::text::columns::{Column, Misfit};
use crate::flows::source::text::number::eight_digits;
use crate::flows::source::text::reader::ParseBlock;
use crate::flows::source::widened::Widened;
use crate::flows::{Batch, Reject};
use arrow_schema::{DataType, Schema};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Values kept before the columns take them.
const TILE: usize = 16 << 10;
/// Bytes of a kind's name that are kept.
const KIND_BYTES: usize = 64;

/// The columns that keys belong to.
pub(super) struct Layout {
    columns: Vec<(Vec<u8>, DataType)>,
    places: HashMap<Vec<u8>, usize>,
    widened: Arc<Widened>,
    objects: Objects,
    unknown_keys: Passed,
    passed: Passed,
}

impl Layout {
    pub fn new(schema: &Schema, objects: Objects, widened: Arc<Widened>, unknown_keys: Passed, passed: Passed) -> Self {
        let column = |field: &Arc<arrow_schema::Field>| (field.name().as_bytes().to_vec(), field.data_type().clone());
        let columns: Vec<_> = schema.fields().iter().map(column).collect();
        let places = columns.iter().enumerate().map(|(i, (name, _))| (name.clone(), i)).collect();
        Self { columns, places, widened, objects, unknown_keys, passed }
    }
}

impl ParseBlock for Layout {
    fn parse(&self, block: &Block, context: &OpenFile) -> Result<Batch> {
        let mut parser = Parser::new(block, self);
        parser.rows.quoting(&context.quotes);
        match block.kind {
            BlockKind::Overlong => {
                let detail = format!("more than the {RECORD_LIMIT} bytes that a record may have");
                parser.rows.reject(Reject::TooLong, detail, block.bytes());
            }
            BlockKind::Lines | BlockKind::Quoted => parser.lines(),
        }
        let unknown = std::mem::take(&mut parser.unknown);
        let readable = |(key, n): (Vec<u8>, u64)| (String::from_utf8_lossy(&key).into_owned(), n);
        self.unknown_keys.add(&unknown.into_iter().map(readable).collect());
        self.passed.add(&parser.passed);
        parser.rows.finish(context, &self.widened)
    }
}

/// A value of a row; the places are those in the block.
#[derive(Clone, Copy)]
struct Slot {
    begin: u32,
    end: u32,
    kind: Kind,
}

const ABSENT: Slot = Slot { begin: 0, end: 0, kind: Kind::Null };

struct Parser<'a> {
    bytes: &'a [u8],
    layout: &'a Layout,
    rows: Assembly,
    taken: usize,
    /// The values of accepted rows that the columns have not taken, row by row.
    slots: Vec<Slot>,
    /// Those rows' places in the block.
    lines: Vec<(usize, usize)>,
    unknown: BTreeMap<Vec<u8>, u64>,
    /// Objects that are no rows, by kind.
    passed: BTreeMap<String, u64>,
    valid_utf8: bool,
}

impl<'a> Parser<'a> {
    fn new(block: &'a Block, layout: &'a Layout) -> Self {
        let bytes = block.bytes();
        let text_bytes = bytes.len() / (2 * layout.columns.len().max(1)) + 64;
        let widens = layout.widened.survey;
        let column = |(_, data_type): &(_, DataType)| Column::new(data_type, block.records, text_bytes, widens);
        Self {
            bytes,
            layout,
            rows: Assembly::new(layout.columns.iter().map(column).collect(), block.first),
            taken: 0,
            slots: Vec::with_capacity(TILE + layout.columns.len()),
            lines: Vec::new(),
            unknown: BTreeMap::new(),
            passed: BTreeMap::new(),
            valid_utf8: std::str::from_utf8(bytes).is_ok(),
        }
    }

    fn lines(&mut self) {
        let mut begin = 0;
        while begin < self.bytes.len() {
            let end = memchr::memchr(b'\n', &self.bytes[begin..]).map_or(self.bytes.len(), |n| begin + n);
            self.line(begin, end);
            begin = end + 1;
        }
        self.take();
    }

    fn line(&mut self, begin: usize, end: usize) {
        let line = &self.bytes[begin..end];
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.trim_ascii().is_empty() {
            return self.rows.pass_over();
        }
        if !self.valid_utf8
            && let Err(error) = std::str::from_utf8(line)
        {
            let at = error.valid_up_to();
            let detail = format!("byte 0x{:02x} at offset {at}", line.get(at).copied().unwrap_or_default());
            return self.rows.reject(Reject::NotUtf8, detail, line);
        }
        let (row, width) = (self.slots.len(), self.layout.columns.len());
        self.slots.resize(row + width, ABSENT);
        let slots = &mut self.slots[row..];
        let (layout, mut unknown, mut of) = (self.layout, Vec::new(), None::<(usize, usize)>);
        // Keys mostly come in the order of the columns.
        let mut next = 0;
        let walked = leaves(line, |path, Value { kind, begin: from, end: to }| {
            if layout.objects.tells(path) && of.is_none() {
                of = Some((from, to));
            }
            let place = match layout.columns.get(next) {
                Some((name, _)) if name == path => Some(next),
                _ => layout.places.get(path).copied(),
            };
            match place {
                Some(place) => {
                    slots[place] = Slot { begin: (begin + from) as u32, end: (begin + to) as u32, kind };
                    next = place + 1;
                }
                None => unknown.push(path.to_vec()),
            }
        });
        let kind = of.map(|(from, to)| line.get(from..to).unwrap_or_default());
        match walked {
            Ok(()) if !layout.objects.keeps(kind.map(|kind| std::str::from_utf8(kind).unwrap_or_default())) => {
                self.slots.truncate(row);
                let kind = kind.unwrap_or(b"no event_type");
                let kind = String::from_utf8_lossy(kind.get(..KIND_BYTES).unwrap_or(kind)).into_owned();
                *self.passed.entry(kind).or_default() += 1;
                self.rows.pass_over();
            }
            Ok(()) => {
                self.rows.accept(|| line);
                self.lines.push((begin, begin + line.len()));
                for key in unknown {
                    *self.unknown.entry(key).or_default() += 1;
                }
                if self.slots.len() >= TILE {
                    self.take();
                }
            }
            Err(bad) => {
                self.slots.truncate(row);
                self.rows.reject(Reject::BadJson, bad.to_string(), line);
            }
        }
    }

    /// Lets the columns take the accepted rows.
    fn take(&mut self) {
        let (bytes, width) = (self.bytes, self.layout.columns.len());
        let mut refused = Vec::new();
        for (i, column) in self.rows.columns.iter_mut().enumerate() {
            for (row, slots) in self.slots.chunks_exact(width).enumerate() {
                if let Err(misfit) = push(column, bytes, slots[i]) {
                    refused.push((row, i, misfit));
                }
            }
        }
        for (row, i, misfit) in refused {
            let Slot { begin, end, .. } = self.slots[row * width + i];
            let (from, to) = self.lines[row];
            let name = String::from_utf8_lossy(&self.layout.columns[i].0);
            let misfit = (i, misfit);
            self.rows.refuse(self.taken + row, misfit, &name, &bytes[begin as usize..end as usize], &bytes[from..to]);
        }
        self.taken += self.lines.len();
        self.lines.clear();
        self.slots.clear();
    }
}

/// Appends a value to its column.
#[inline(always)]
fn push(column: &mut Column, bytes: &[u8], slot: Slot) -> Result<(), Misfit> {
    let (begin, end) = (slot.begin as usize, slot.end as usize);
    match slot.kind {
        Kind::Null => {
            column.push_null();
            Ok(())
        }
        Kind::Number => match eight_digits(bytes, begin, end) {
            Some(value) if column.push_integer(value) => Ok(()),
            _ => column.push_field(&bytes[begin..end]),
        },
        Kind::Escaped => column.push_text(unescape(&bytes[begin..end]).unwrap_or_default().as_bytes()),
        Kind::Boolean | Kind::Text | Kind::Array => column.push_text(&bytes[begin..end]),
    }
}
