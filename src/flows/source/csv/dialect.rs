//! How a delimited text file is written: its delimiter, whether it has a header, its names and types.

use super::names::{is_zeek_connection, known_without_header, numbered, unique};
use crate::flows::source::text::columns::unquote;
use crate::flows::source::text::encoding::readable;
use crate::flows::source::text::infer::Evidence;
use crate::flows::source::text::number::{Token, classify};
use crate::flows::source::text::scan::{QUOTE, Scanner, padded};
use crate::words::counted;
use arrow_schema::DataType;
use std::borrow::Cow;

/// Records looked at for the delimiter.
const LOOK: usize = 1000;

/// Columns that a table may have, as a Zeek log and JSON objects.
const MOST_COLUMNS: usize = 10_000;

/// What was found out about a file.
#[derive(Debug, Clone)]
pub(in crate::flows::source) struct Dialect {
    pub delimiter: u8,
    pub header: Header,
    /// One a field, unique.
    pub names: Vec<String>,
    /// What the values in the head suggest; Null where there are none.
    pub types: Vec<DataType>,
    /// Whether those values are numbers, in whatever way they are written.
    pub numeric: Vec<bool>,
    /// Where the first record begins in the decompressed file.
    pub data_start: usize,
    /// The column of Argus' protocol, in which `man` says that a record is about Argus itself.
    pub management: Option<usize>,
}

/// Where the names come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::flows::source) enum Header {
    /// The first record.
    Own,
    /// The user; the first record names columns too and is passed over.
    Replaced,
    /// There is none.
    None,
}

impl Dialect {
    /// Judges the beginning of a file (without BOM, cut at `head.len()`; `whole` if nothing follows). The error is
    /// a reason why this is no table.
    pub fn detect(
        head: &[u8],
        whole: bool,
        tsv: bool,
        given: Option<&[String]>,
        given_delimiter: Option<u8>,
    ) -> Result<Self, String> {
        let delimiter = given_delimiter.map_or_else(|| delimiter(head, whole, tsv), Ok)?;
        let records = records(head, delimiter, whole, usize::MAX);
        let mut filled = records.iter().filter(|record| !record.is_blank());
        let Some(first) = filled.next() else { return Err("it has nothing but blank lines".into()) };
        let width = first.fields.len();
        if width > MOST_COLUMNS {
            return Err(format!("its first record has {}; at most {MOST_COLUMNS} are read", counted(width, "field")));
        }
        let first_row: Vec<String> = first.fields.iter().map(|field| readable(&text(field))).collect();
        let mut evidence = vec![Evidence::default(); width];
        for record in filled.clone().filter(|record| record.fields.len() == width) {
            for (evidence, field) in evidence.iter_mut().zip(&record.fields) {
                evidence.field(&text(field));
            }
        }
        let header = match given {
            Some(names) if names.len() != width => {
                let or_preset = if names.len() == 1 { ", or the preset nsl-kdd" } else { "" };
                return Err(format!(
                    "its records have {}, but --columns gives {}; give one for each{or_preset}",
                    counted(width, "field"),
                    counted(names.len(), "column name")
                ));
            }
            Some(names) if first_row.iter().zip(names).all(|(a, b)| a.trim() == b.trim()) => Header::Own,
            given => match (is_header(first, &evidence, filled), given) {
                (false, _) => Header::None,
                (true, None) => Header::Own,
                (true, Some(_)) => Header::Replaced,
            },
        };
        if header == Header::None {
            if given.is_none() && is_zeek_connection(&first_row) {
                return Err(
                    "these are records of a Zeek log without the header that names their columns; put it in front, \
                            as in (grep '^#' WHOLE.log; cat FILE) | oddflow detect -, or name them with --columns"
                        .into(),
                );
            }
            for (evidence, field) in evidence.iter_mut().zip(&first.fields) {
                evidence.field(&text(field));
            }
        }
        let names = match given {
            Some(names) => unique(names),
            None if header == Header::Own => unique(&first_row),
            None => known_without_header(&first_row).unwrap_or_else(|| numbered(width)),
        };
        let data_start = if header == Header::None { first.start } else { first.next };
        let types = evidence.iter().map(Evidence::data_type).collect();
        let numeric = evidence.iter().map(Evidence::is_numeric).collect();
        Ok(Self { delimiter, header, names, types, numeric, data_start, management: None })
    }

    /// This is Argus': its management records are no flows.
    pub fn skip_management(&mut self) {
        self.management = self.names.iter().position(|name| name.eq_ignore_ascii_case("proto"));
    }
}

/// Whether the first record names the columns: none of its fields is a number, and below some column has numbers, or
/// no field's text comes again in its column.
fn is_header<'a>(
    first: &Record<'_>,
    evidence: &[Evidence],
    mut below: impl Iterator<Item = &'a Record<'a>> + Clone,
) -> bool {
    let has_number = first
        .fields
        .iter()
        .any(|field| matches!(classify(&text(field)), Token::Int(_) | Token::Wide(_) | Token::Code | Token::Float(_)));
    if has_number || first.fields.iter().all(|field| field.is_empty()) {
        return false;
    }
    let is_name = |field: &&[u8]| matches!(classify(&text(field)), Token::Text);
    let numbers_below = evidence.iter().zip(&first.fields).any(|(e, field)| e.is_numeric() && is_name(field));
    let mut names: Vec<_> = first.fields.iter().map(|field| text(field)).collect();
    names.sort();
    names.dedup();
    let distinct = names.len() == first.fields.len();
    numbers_below
        || (distinct
            && first.fields.iter().all(is_name)
            && !below.any(|record| record.fields.iter().zip(&first.fields).any(|(a, b)| text(a) == text(b))))
}

/// A record of the head.
pub(super) struct Record<'a> {
    pub start: usize,
    /// Where the next one begins.
    pub next: usize,
    pub fields: Vec<&'a [u8]>,
}

impl Record<'_> {
    fn is_blank(&self) -> bool {
        matches!(self.fields.as_slice(), [field] if field.trim_ascii().is_empty())
    }
}

/// A field's text, its quotes taken off.
fn text(field: &[u8]) -> Cow<'_, [u8]> {
    match field {
        [QUOTE, inner @ .., QUOTE] if !inner.contains(&QUOTE) => Cow::Borrowed(inner),
        [QUOTE, ..] => Cow::Owned(unquote(field)),
        _ => Cow::Borrowed(field),
    }
}

/// The records of the head; the last one only if it is complete.
pub(super) fn records(head: &[u8], delimiter: u8, whole: bool, at_most: usize) -> Vec<Record<'_>> {
    let mut scanner = Scanner::new(delimiter);
    let mut found = Vec::new();
    let (mut start, mut field, mut fields) = (0, 0, Vec::new());
    let cut = |from: usize, to: usize| head.get(from..to).unwrap_or_default();
    'head: for block in (0..head.len()).step_by(64) {
        let marks = scanner.advance(&padded(head, block));
        let mut bits = marks.seps | marks.ends;
        while bits != 0 {
            let i = bits.trailing_zeros();
            bits &= bits - 1;
            let at = block + i as usize;
            let is_end = marks.ends >> i & 1 == 1;
            let cr = is_end && at > field && head[at - 1] == b'\r';
            fields.push(cut(field, at - usize::from(cr)));
            field = at + 1;
            if is_end {
                found.push(Record { start, next: field, fields: std::mem::take(&mut fields) });
                start = field;
                if found.len() == at_most {
                    break 'head;
                }
            }
        }
    }
    if whole && start < head.len() && found.len() < at_most {
        fields.push(cut(field, head.len()));
        found.push(Record { start, next: head.len(), fields });
    }
    found
}

/// The delimiter under which records agree best on the number of their fields, weighed by that number.
fn delimiter(head: &[u8], whole: bool, tsv: bool) -> Result<u8, String> {
    let look = &head[..head.len().min(512 << 10)];
    let whole = whole && look.len() == head.len();
    let mut best: Option<(f64, u8)> = None;
    // Where two do equally well, the one that is rarer in text is meant.
    for candidate in [b'\t', b'|', b';', b',', b' '] {
        let widths = widths(look, candidate, whole);
        let Some(width) = most_frequent(&widths) else { continue };
        let share = widths.iter().filter(|&&w| w == width).count() as f64 / widths.len() as f64;
        // Words are parted by spaces too: only a strict grid of them is a table.
        let (least_width, least_share) = if candidate == b' ' { (3, 0.99) } else { (2, 0.8) };
        if width < least_width || share < least_share {
            continue;
        }
        let width = width as f64;
        let named = if tsv && candidate == b'\t' { 2.0 } else { 1.0 };
        let first_agrees = if widths.first() == Some(&(width as usize)) { 1.0 } else { 0.5 };
        let score = share * (1.0 - 1.0 / width) * named * first_agrees;
        if best.is_none_or(|(top, _)| score > top) {
            best = Some((score, candidate));
        }
    }
    match best {
        Some((_, delimiter)) => Ok(delimiter),
        None if one_column(look, whole) => Ok(b','),
        None => Err("no delimiter (comma, tab, semicolon, bar, space) splits its lines into equal numbers of fields; \
                 --delimiter names another"
            .into()),
    }
}

/// The numbers of fields of the first records that are not blank.
fn widths(head: &[u8], delimiter: u8, whole: bool) -> Vec<usize> {
    let mut scanner = Scanner::new(delimiter);
    let (mut widths, mut seps, mut start) = (Vec::new(), 0, 0);
    let mut end = |seps: &mut usize, at: usize| {
        let blank = *seps == 0 && head[start..at].trim_ascii().is_empty();
        let width = std::mem::take(seps) + 1;
        start = at + 1;
        if !blank {
            widths.push(width);
        }
        widths.len() < LOOK
    };
    for block in (0..head.len()).step_by(64) {
        let marks = scanner.advance(&padded(head, block));
        let (mut ends, mut before) = (marks.ends, 0);
        while ends != 0 {
            let i = ends.trailing_zeros();
            let until = (1u64 << i) - 1;
            seps += (marks.seps & until & !before).count_ones() as usize;
            before = until;
            ends &= ends - 1;
            if !end(&mut seps, block + i as usize) {
                return widths;
            }
        }
        seps += (marks.seps & !before).count_ones() as usize;
    }
    if whole && !head.ends_with(b"\n") {
        end(&mut seps, head.len());
    }
    widths
}

fn most_frequent(widths: &[usize]) -> Option<usize> {
    let mut sorted = widths.to_vec();
    sorted.sort_unstable();
    let runs = sorted.chunk_by(|a, b| a == b);
    runs.max_by_key(|run| run.len()).and_then(|run| run.first().copied())
}

/// A single column is a table only where it is numbers, maybe under a name.
fn one_column(head: &[u8], whole: bool) -> bool {
    let records = records(head, b',', whole, LOOK);
    let mut rows = records.iter().filter(|record| !record.is_blank());
    let _name = rows.next();
    let mut numbers = 0;
    for row in rows {
        match row.fields.as_slice() {
            [field] if !matches!(classify(&text(field)), Token::Text) => numbers += 1,
            _ => return false,
        }
    }
    numbers > 0
}
