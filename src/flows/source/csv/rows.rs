//! The parallel half: a block of delimited text becomes a batch, unusable records set aside.
//!
//! Fields are located for some hundred rows at a time (they stay in the cache), then each column takes its fields.

use crate::Result;
use crate::flows::source::OpenFile;
use crate::flows::source::select::Passed;
use crate::flows::source::text::assembly::Assembly;
use crate::flows::source::text::blocks::{Block, Kind, RECORD_LIMIT};
use crate::flows::source::text::columns::Column;
use crate::flows::source::text::encoding::recode;
use crate::flows::source::text::reader::ParseBlock;
use crate::flows::source::text::scan::{QUOTE, Scanner, padded};
use crate::flows::source::widened::Widened;
use crate::flows::{Batch, Reject};
use crate::words::counted;
use arrow_schema::DataType;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Places of fields kept before the columns take them.
const TILE: usize = 16 << 10;
/// Argus' word for a record about itself.
const MANAGEMENT: &str = "man";

/// How the fields of a file become the columns of the input.
#[derive(Debug)]
pub(super) struct Layout {
    pub delimiter: u8,
    /// The file's own names, one a field.
    pub names: Vec<String>,
    /// For each column of the input, its field in this file (if it has it) and its type.
    pub columns: Vec<(Option<usize>, DataType)>,
    /// Where it is noted what does not fit its column; says whether integer columns may become real numbers.
    pub widened: Arc<Widened>,
    /// Counts the lines read as Windows-1252.
    pub recoded: Arc<AtomicU64>,
    /// The field in which `man` says that a record is no flow (Argus).
    pub management: Option<usize>,
    /// Counts those.
    pub passed: Passed,
}

impl ParseBlock for Layout {
    fn parse(&self, block: &Block, context: &OpenFile) -> Result<Batch> {
        let recoded = recode(block.bytes());
        let bytes = recoded.as_ref().map_or(block.bytes(), |recoded| &recoded.text);
        self.recoded.fetch_add(recoded.as_ref().map_or(0, |recoded| recoded.lines), Ordering::Relaxed);
        let mut parser = Parser::new(bytes, block, self);
        parser.rows.quoting(&context.quotes);
        match block.kind {
            Kind::Quoted => parser.quoted(),
            Kind::Lines => parser.lines(),
            Kind::Overlong => {
                let detail = format!("more than the {RECORD_LIMIT} bytes that a record may have");
                parser.rows.reject(Reject::TooLong, detail, bytes);
            }
        }
        if parser.n_management > 0 {
            self.passed.add(&BTreeMap::from([(MANAGEMENT.to_owned(), parser.n_management)]));
        }
        parser.rows.finish(context, &self.widened)
    }
}

struct Parser<'a> {
    bytes: &'a [u8],
    layout: &'a Layout,
    rows: Assembly,
    /// Rows that the columns have taken.
    taken: usize,
    /// Where the fields of accepted rows are that the columns have not taken: for each row its beginning, then one
    /// past the end of each field. Behind them, the same of the record being read.
    places: Vec<u32>,
    /// Where in `places` the record being read begins.
    row: usize,
    /// Every record needs a second look: some are not UTF-8, or blank lines look like records of one field.
    wary: bool,
    has_quotes: bool,
    /// Records about Argus itself.
    n_management: u64,
}

impl<'a> Parser<'a> {
    fn new(bytes: &'a [u8], block: &Block, layout: &'a Layout) -> Self {
        let text_bytes = bytes.len() / layout.names.len().max(1) + 64;
        let widens = layout.widened.survey;
        let column = |(_, data_type): &(_, DataType)| Column::new(data_type, block.records, text_bytes, widens);
        Self {
            bytes,
            layout,
            rows: Assembly::new(layout.columns.iter().map(column).collect(), block.first),
            taken: 0,
            places: Vec::with_capacity(TILE + 2 * layout.names.len() + 64),
            row: 0,
            wary: layout.names.len() == 1 || std::str::from_utf8(bytes).is_err(),
            has_quotes: memchr::memchr(QUOTE, bytes).is_some(),
            n_management: 0,
        }
    }

    fn quoted(&mut self) {
        let mut scanner = Scanner::new(self.layout.delimiter);
        self.places.push(0);
        let (blocks, rest) = self.bytes.as_chunks::<64>();
        let mut base = 0;
        for block in blocks {
            let marks = scanner.advance(block);
            self.locate(marks.seps | marks.ends, marks.ends, base);
            base += 64;
        }
        if !rest.is_empty() {
            let marks = scanner.advance(&padded(self.bytes, base));
            self.locate(marks.seps | marks.ends, marks.ends, base);
        }
        // A last record without a newline ends where the block does.
        let begun = self.places.last().is_some_and(|&place| (place as usize) < self.bytes.len());
        if begun || self.places.len() > self.row + 1 {
            self.places.push(self.bytes.len() as u32 + 1);
            self.end_record();
        }
        self.places.truncate(self.row);
        self.take();
    }

    /// Takes in the delimiters and line ends among 64 bytes.
    #[inline(always)]
    fn locate(&mut self, mut bits: u64, ends: u64, base: usize) {
        while bits != 0 {
            let i = bits.trailing_zeros();
            bits &= bits - 1;
            let past = (base + i as usize + 1) as u32;
            self.places.push(past);
            if ends >> i & 1 == 1 {
                self.end_record();
                self.places.push(past);
            }
        }
    }

    /// Every line is a record; a quote that does not close in it spoils it.
    fn lines(&mut self) {
        let bytes = self.bytes;
        let mut begin = 0;
        while begin < bytes.len() {
            let end = memchr::memchr(b'\n', &bytes[begin..]).map_or(bytes.len(), |n| begin + n);
            self.places.push(begin as u32);
            let mut scanner = Scanner::new(self.layout.delimiter);
            for base in (begin..end).step_by(64) {
                let mut seps = scanner.advance(&padded(&bytes[..end], base)).seps;
                while seps != 0 {
                    self.places.push((base + seps.trailing_zeros() as usize + 1) as u32);
                    seps &= seps - 1;
                }
            }
            self.places.push(end as u32 + 1);
            if scanner.in_quotes() {
                let text = &bytes[begin..end];
                let text = text.strip_suffix(b"\r").unwrap_or(text);
                self.rows.reject(Reject::BadQuote, "a quote is opened and not closed in its line".into(), text);
                self.places.truncate(self.row);
            } else {
                self.end_record();
            }
            begin = end + 1;
        }
        self.take();
    }

    /// Judges the record being read, whose last place is there.
    #[inline(always)]
    fn end_record(&mut self) {
        let last = self.places.len() - 1;
        let (begin, past) = (self.places[self.row] as usize, self.places[last] as usize);
        let carriage_return = past >= begin + 2 && self.bytes[past - 2] == b'\r';
        let n_fields = last - self.row;
        if n_fields != self.layout.names.len() || self.wary || past - begin > RECORD_LIMIT {
            let text = &self.bytes[begin..past - 1 - usize::from(carriage_return)];
            if self.set_aside(n_fields, text) {
                self.places.truncate(self.row);
                return;
            }
        }
        if let Some(field) = self.layout.management
            && let [from, past, ..] = self.places[self.row + field..]
            && self.bytes[from as usize..past as usize - 1].trim_ascii() == MANAGEMENT.as_bytes()
        {
            self.n_management += 1;
            self.rows.pass_over();
            self.places.truncate(self.row);
            return;
        }
        // A carriage return is part of the line's end, not of the last field.
        if carriage_return && self.places[last] - self.places[last - 1] >= 2 {
            self.places[last] -= 1;
        }
        let bytes = self.bytes;
        let text = || bytes.get(begin..past - 1 - usize::from(carriage_return)).unwrap_or_default();
        self.rows.accept(text);
        if self.places.len() >= TILE {
            self.take();
        }
        self.row = self.places.len();
    }

    /// Whether the record being read is no row. Blank ones are passed over, others rejected.
    #[cold]
    fn set_aside(&mut self, n_fields: usize, text: &[u8]) -> bool {
        let wanted = self.layout.names.len();
        if text.trim_ascii().is_empty() && (n_fields == 1 || wanted == 1) {
            self.rows.pass_over();
            return true;
        }
        let (reason, detail) = if text.len() > RECORD_LIMIT {
            (Reject::TooLong, format!("{} bytes; a record may have {RECORD_LIMIT}", text.len()))
        } else if n_fields < wanted {
            (Reject::TooFewFields, format!("{} instead of {wanted}", counted(n_fields, "field")))
        } else if n_fields > wanted {
            (Reject::TooManyFields, format!("{} instead of {wanted}", counted(n_fields, "field")))
        } else if let Err(error) = std::str::from_utf8(text) {
            let at = error.valid_up_to();
            (Reject::NotUtf8, format!("byte 0x{:02x} at offset {at}", text.get(at).copied().unwrap_or_default()))
        } else {
            return false;
        };
        self.rows.reject(reason, detail, text);
        true
    }

    /// Lets the columns take the accepted rows.
    fn take(&mut self) {
        let stride = self.layout.names.len() + 1;
        let n_rows = self.places.len() / stride;
        let (bytes, places) = (self.bytes, &self.places);
        let mut refused = Vec::new();
        for (i, (column, (field, _))) in self.rows.columns.iter_mut().zip(&self.layout.columns).enumerate() {
            match *field {
                Some(field) => {
                    let ends =
                        places.chunks_exact(stride).map(|row| (row[field] as usize, row[field + 1] as usize - 1));
                    column.push_fields(bytes, ends, self.has_quotes, |row, misfit| {
                        refused.push((row, field, (i, misfit)));
                    });
                }
                None => (0..n_rows).for_each(|_| column.push_null()),
            }
        }
        for (row, field, misfit) in refused {
            let place = |i: usize| places[row * stride + i] as usize;
            let value = &bytes[place(field)..place(field + 1) - 1];
            let text = &bytes[place(0)..place(stride - 1) - 1];
            self.rows.refuse(self.taken + row, misfit, &self.layout.names[field], value, text);
        }
        self.taken += n_rows;
        self.places.clear();
        self.row = 0;
    }
}
