//! The parallel half: the lines of a block become rows, by the header that holds for each.

use super::header::Header;
use crate::Result;
use crate::flows::record::FlowLog;
use crate::flows::source::OpenFile;
use crate::flows::source::select::Passed;
use crate::flows::source::text::assembly::Assembly;
use crate::flows::source::text::blocks::{Block, Kind, RECORD_LIMIT};
use crate::flows::source::text::columns::{Column, Misfit};
use crate::flows::source::text::number::eight_digits;
use crate::flows::source::widened::Widened;
use crate::flows::{Batch, Reject};
use crate::words::counted;
use arrow_schema::{DataType, Schema};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Places of fields kept before the columns take them.
const TILE: usize = 16 << 10;

/// The columns of the input, and where to note what is no row of it.
pub(super) struct Layout {
    columns: Vec<(String, DataType)>,
    places: HashMap<String, usize>,
    widened: Arc<Widened>,
    unknown_keys: Passed,
    passed: Passed,
}

impl Layout {
    pub fn new(schema: &Schema, widened: Arc<Widened>, unknown_keys: Passed, passed: Passed) -> Self {
        let columns: Vec<_> = schema.fields().iter().map(|f| (f.name().clone(), f.data_type().clone())).collect();
        let places = columns.iter().enumerate().map(|(i, (name, _))| (name.clone(), i)).collect();
        Self { columns, places, widened, unknown_keys, passed }
    }

    /// The batch of a block whose first record is number `first`; `header` holds where it begins.
    pub fn parse(&self, block: &Block, first: u64, header: &Header, context: &OpenFile) -> Result<Batch> {
        let mut parser = Parser::new(block, first, header.clone(), self);
        parser.rows.quoting(&context.quotes);
        match block.kind {
            Kind::Overlong => {
                let detail = format!("more than the {RECORD_LIMIT} bytes that a record may have");
                parser.rows.reject(Reject::TooLong, detail, block.bytes());
            }
            Kind::Lines | Kind::Quoted => parser.lines(),
        }
        self.passed.add(&parser.passed);
        self.unknown_keys.add(&parser.unknown);
        parser.rows.finish(context, &self.widened)
    }
}

struct Parser<'a> {
    bytes: &'a [u8],
    layout: &'a Layout,
    rows: Assembly,
    header: Header,
    /// For each column of the input, its place among the header's.
    sources: Vec<Option<usize>>,
    /// For each column how many stand in its field, if some field holds several.
    inner: Vec<usize>,
    /// The kind of records that are passed over, where those of this header are.
    other: Option<String>,
    /// Rows that the columns have taken.
    taken: usize,
    /// From and past of the columns of accepted rows that are not taken yet, row by row; then of the one being read.
    places: Vec<(u32, u32)>,
    /// Where in `places` the record being read begins.
    row: usize,
    valid_utf8: bool,
    passed: BTreeMap<String, u64>,
    unknown: BTreeMap<String, u64>,
}

impl<'a> Parser<'a> {
    fn new(block: &'a Block, first: u64, header: Header, layout: &'a Layout) -> Self {
        let bytes = block.bytes();
        let text_bytes = bytes.len() / layout.columns.len().max(1) + 64;
        let widens = layout.widened.survey;
        let column = |(_, data_type): &(_, DataType)| Column::new(data_type, block.records, text_bytes, widens);
        let mut parser = Self {
            bytes,
            layout,
            rows: Assembly::new(layout.columns.iter().map(column).collect(), first),
            header,
            sources: Vec::new(),
            inner: Vec::new(),
            other: None,
            taken: 0,
            places: Vec::with_capacity(TILE + 64),
            row: 0,
            valid_utf8: std::str::from_utf8(bytes).is_ok(),
            passed: BTreeMap::new(),
            unknown: BTreeMap::new(),
        };
        parser.adopt();
        parser
    }

    /// Reads on by the header as it is now.
    fn adopt(&mut self) {
        self.sources = vec![None; self.layout.columns.len()];
        for (own, (name, _)) in self.header.columns.iter().enumerate() {
            if let Some(source) = self.layout.places.get(name).and_then(|&place| self.sources.get_mut(place)) {
                *source = Some(own);
            }
        }
        self.inner = if self.header.widths.iter().any(|&width| width > 1) { self.header.inner() } else { Vec::new() };
        let path = &self.header.path;
        self.other = (!path.is_empty() && FlowLog::zeek(path).is_none()).then(|| path.clone());
    }

    fn lines(&mut self) {
        let mut begin = 0;
        while begin < self.bytes.len() {
            begin = match self.bytes.get(begin) {
                Some(b'#') => self.header_line(begin),
                _ => self.records(begin),
            };
        }
        self.take();
    }

    /// Takes in the header line at `begin`; returns where the next line does.
    fn header_line(&mut self, begin: usize) -> usize {
        let rest = self.bytes.get(begin..).unwrap_or_default();
        let line = rest.get(..memchr::memchr(b'\n', rest).unwrap_or(rest.len())).unwrap_or_default();
        if Header::matters(line) {
            self.take();
            // The serial half has read it before, and would not have handed out what it cannot read.
            let _ = self.header.read(line);
            self.adopt();
        }
        begin + line.len() + 1
    }

    /// Takes in lines from `begin` on; returns where the first begins that is a header, or the end.
    fn records(&mut self, mut begin: usize) -> usize {
        let bytes = self.bytes;
        let separator = self.header.separator;
        let (mut from, start) = (begin, begin);
        for at in memchr::memchr2_iter(separator, b'\n', bytes.get(start..).unwrap_or_default()) {
            let at = start + at;
            self.column(from, at);
            from = at + 1;
            if bytes.get(at) == Some(&b'\n') {
                self.end_record(begin, at);
                begin = from;
                if bytes.get(begin) == Some(&b'#') {
                    return begin;
                }
            }
        }
        if begin < bytes.len() {
            self.column(from, bytes.len());
            self.end_record(begin, bytes.len());
        }
        bytes.len()
    }

    #[inline(always)]
    fn column(&mut self, from: usize, past: usize) {
        if let Some(2..) = self.inner.get(self.places.len() - self.row) {
            let places = &mut self.places;
            return Header::part(self.bytes, from, past, |from, past| places.push((from as u32, past as u32)));
        }
        self.places.push((from as u32, past as u32));
    }

    /// Judges the record being read, the line `begin..end`.
    #[inline(always)]
    fn end_record(&mut self, begin: usize, end: usize) {
        let bytes = self.bytes;
        if let Some(last) = self.places.last_mut()
            && end > begin
            && bytes.get(end - 1) == Some(&b'\r')
        {
            last.1 = last.1.saturating_sub(1).max(last.0);
        }
        let n_columns = self.places.len() - self.row;
        // One column may be a blank line.
        if n_columns != self.header.columns.len() || n_columns == 1 || self.other.is_some() || !self.valid_utf8 {
            let line = bytes.get(begin..end).unwrap_or_default();
            if self.set_aside(n_columns, line.strip_suffix(b"\r").unwrap_or(line)) {
                self.places.truncate(self.row);
                return;
            }
        }
        let line = || bytes.get(begin..end).unwrap_or_default();
        self.rows.accept(|| line().strip_suffix(b"\r").unwrap_or(line()));
        self.row = self.places.len();
        if self.row >= TILE {
            self.take();
        }
    }

    /// Whether the record being read is no row: blank, of another log, or broken.
    #[cold]
    fn set_aside(&mut self, n_columns: usize, line: &[u8]) -> bool {
        let wanted = self.header.columns.len();
        if line.trim_ascii().is_empty() {
            self.rows.pass_over();
        } else if let Some(kind) = &self.other {
            *self.passed.entry(kind.clone()).or_default() += 1;
            self.rows.pass_over();
        } else if n_columns != wanted {
            let reason = if n_columns < wanted { Reject::TooFewFields } else { Reject::TooManyFields };
            self.rows.reject(reason, format!("{} instead of {wanted}", counted(n_columns, "field")), line);
        } else if let Err(error) = std::str::from_utf8(line) {
            let at = error.valid_up_to();
            let detail = format!("byte 0x{:02x} at offset {at}", line.get(at).copied().unwrap_or_default());
            self.rows.reject(Reject::NotUtf8, detail, line);
        } else {
            return false;
        }
        true
    }

    /// Lets the columns take the accepted rows.
    fn take(&mut self) {
        let width = self.header.columns.len();
        if width == 0 || self.places.is_empty() {
            return;
        }
        let n_rows = self.places.len() / width;
        let (bytes, places, header) = (self.bytes, &self.places, &self.header);
        let mut refused = Vec::new();
        for (i, (column, source)) in self.rows.columns.iter_mut().zip(&self.sources).enumerate() {
            let Some(source) = *source else {
                (0..n_rows).for_each(|_| column.push_null());
                continue;
            };
            for (row, &(from, past)) in places.iter().skip(source).step_by(width).enumerate() {
                if let Err(misfit) = push(column, bytes, from as usize, past as usize, header) {
                    refused.push((row, source, (i, misfit)));
                }
            }
        }
        for (row, source, misfit) in refused {
            let place = |column: usize| places.get(row * width + column).copied().unwrap_or((0, 0));
            let (from, past) = place(source);
            let value = bytes.get(from as usize..past as usize).unwrap_or_default();
            let line = bytes.get(place(0).0 as usize..place(width - 1).1 as usize).unwrap_or_default();
            let name = header.columns.get(source).map_or("", |(name, _)| name);
            self.rows.refuse(self.taken + row, misfit, name, value, line);
        }
        for (name, _) in header.columns.iter().filter(|(name, _)| !self.layout.places.contains_key(name)) {
            *self.unknown.entry(name.clone()).or_default() += n_rows as u64;
        }
        self.taken += n_rows;
        self.places.clear();
        self.row = 0;
    }
}

/// Appends a field to its column: not set is null, empty is empty text.
#[inline(always)]
fn push(column: &mut Column, bytes: &[u8], from: usize, past: usize, header: &Header) -> Result<(), Misfit> {
    let field = bytes.get(from..past).unwrap_or_default();
    if field == header.unset {
        column.push_null();
        return Ok(());
    }
    if let Some(value) = eight_digits(bytes, from, past)
        && column.push_integer(value)
    {
        return Ok(());
    }
    if field == header.empty { column.push_empty() } else { column.push_field(field) }
}
