//! The serial half of reading text: blocks that hold whole records, and how many.
//!
//! A block never has more records than asked for, and where records begin depends on the file's bytes alone, not on the
//! size of blocks or reads. Memory is bounded: a record may have [`RECORD_LIMIT`] bytes. Where a longer one is due to a
//! quote that does not close, the lines within the limit are read as one record each (the line with the quote is then
//! rejected, those after it are saved); a longer line is skipped.

use super::scan::{Marks, Scanner, padded};
use crate::flows::source::bytes::{Bytes, End};
use std::sync::{Arc, Mutex};

/// Bytes a record may have, its line end aside.
pub(in crate::flows::source) const RECORD_LIMIT: usize = 1 << 20;
/// Bytes of a rejected record that are kept.
pub(in crate::flows::source) const KEPT_TEXT: usize = 64 << 10;
/// A block with this many bytes is handed out even if it has fewer records than asked for.
const BLOCK_LIMIT: usize = 16 << 20;
/// Bytes read before anything is known about the records' length, and the least read at once.
const FIRST_READ: usize = 256 << 10;

/// How the records of a block are delimited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::flows::source) enum Kind {
    /// A newline outside quotes ends a record.
    Quoted,
    /// Every newline ends a record.
    Lines,
    /// The bytes are the beginning of one line that is longer than a record may be.
    Overlong,
}

/// Whole records of a file, in order.
pub(in crate::flows::source) struct Block {
    buffer: Vec<u8>,
    len: usize,
    spare: Spare,
    /// How they are delimited.
    pub kind: Kind,
    /// Number of the first record in its file (1-based).
    pub first: u64,
    /// How many records it has.
    pub records: usize,
    /// Stored bytes of the file that were read for it.
    pub source_bytes: u64,
}

impl Block {
    /// The records, the last one's newline included where the file has it.
    pub fn bytes(&self) -> &[u8] {
        &self.buffer[..self.len]
    }

    /// Takes the last record off, which begins at `begin`.
    pub fn drop_last(&mut self, begin: usize) {
        self.len = self.len.min(begin);
        self.records = self.records.saturating_sub(1);
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        if let Ok(mut spare) = self.spare.lock()
            && spare.len() < 8
        {
            spare.push(std::mem::take(&mut self.buffer));
        }
    }
}

/// Buffers to use again: fresh ones cost a page fault for every 4 KiB.
type Spare = Arc<Mutex<Vec<Vec<u8>>>>;

/// What ended a scan.
enum Found {
    /// As many records as a block may have end here.
    Full(usize),
    /// The record after the last end is longer than a record may be.
    Overlong,
    /// The bytes that were read are used up.
    MoreNeeded,
}

/// Cuts a stream of text into blocks.
pub(in crate::flows::source) struct Blocks {
    bytes: Bytes,
    scanner: Scanner,
    buffer: Vec<u8>,
    filled: usize,
    end: Option<End>,
    /// Bytes the scanner has seen.
    scanned: usize,
    /// Records that end in them, and where the last one does (its newline included).
    records: usize,
    last_end: usize,
    /// Records that begin in the next so many bytes are lines, quotes or not.
    lines_for: u64,
    next_record: u64,
    block_records: usize,
    block_bytes: usize,
    spare: Spare,
}

impl Blocks {
    /// Blocks of delimited text.
    pub fn quoted(bytes: Bytes, delimiter: u8, block_records: usize) -> Self {
        Self {
            bytes,
            scanner: Scanner::new(delimiter),
            buffer: Vec::new(),
            filled: 0,
            end: None,
            scanned: 0,
            records: 0,
            last_end: 0,
            lines_for: 0,
            next_record: 1,
            block_records: block_records.max(1),
            block_bytes: FIRST_READ,
            spare: Spare::default(),
        }
    }

    /// Blocks of lines.
    pub fn lines(bytes: Bytes, block_records: usize) -> Self {
        Self { lines_for: u64::MAX, ..Self::quoted(bytes, b'\n', block_records) }
    }

    /// Records handed out so far.
    pub fn records(&self) -> u64 {
        self.next_record - 1
    }

    /// The next block, or how the stream ended.
    pub fn next_block(&mut self) -> Result<Block, End> {
        loop {
            let found = if self.lines_for > 0 { self.scan_lines() } else { self.scan_quoted() };
            match found {
                Found::Full(cut) => return Ok(self.cut(cut)),
                Found::Overlong if self.records > 0 => return Ok(self.cut(self.last_end)),
                Found::Overlong if self.lines_for == 0 && self.has_lines() => self.read_lines(RECORD_LIMIT as u64),
                Found::Overlong => return Ok(self.skip_line()),
                Found::MoreNeeded => match self.end.clone() {
                    None => self.refill(),
                    Some(end) => {
                        if let Some(block) = self.last_block(&end) {
                            return Ok(block);
                        } else if self.filled == 0 || end != End::Whole {
                            return Err(end);
                        }
                    }
                },
            }
        }
    }

    fn refill(&mut self) {
        // The buffer grows where a record or the records asked for turn out longer than expected.
        let goal = if self.filled < self.block_bytes { self.block_bytes } else { self.filled + self.filled / 4 };
        let goal = goal.max(self.filled + FIRST_READ.min(self.block_bytes));
        if self.buffer.len() < goal {
            self.buffer.resize(goal, 0);
        }
        let (read, end) = self.bytes.fill(&mut self.buffer[self.filled..goal]);
        self.filled += read;
        self.end = end;
    }

    fn scan_quoted(&mut self) -> Found {
        let text = &self.buffer[..self.filled];
        while let Some(block) = text.get(self.scanned..).and_then(|rest| rest.first_chunk::<64>()) {
            let Marks { ends, .. } = self.scanner.advance(block);
            if ends != 0 {
                if self.scanned + ends.trailing_zeros() as usize - self.last_end > RECORD_LIMIT {
                    return Found::Overlong;
                }
                let n = ends.count_ones() as usize;
                if self.records + n >= self.block_records {
                    let cut = self.scanned + nth_bit(ends, self.block_records - self.records) + 1;
                    self.records = self.block_records;
                    return Found::Full(cut);
                }
                self.records += n;
                self.last_end = self.scanned + 64 - ends.leading_zeros() as usize;
            }
            self.scanned += 64;
            if self.scanned - self.last_end > RECORD_LIMIT {
                return Found::Overlong;
            }
            if self.scanned >= BLOCK_LIMIT && self.records > 0 {
                return Found::Full(self.last_end);
            }
        }
        match self.end {
            Some(_) => self.scan_rest(),
            None => Found::MoreNeeded,
        }
    }

    /// The last bytes of the stream, fewer than 64.
    fn scan_rest(&mut self) -> Found {
        let Marks { ends, .. } = self.scanner.advance(&padded(&self.buffer[..self.filled], self.scanned));
        let first_end = if ends == 0 { self.filled } else { self.scanned + ends.trailing_zeros() as usize };
        if first_end - self.last_end > RECORD_LIMIT {
            return Found::Overlong;
        }
        let n = ends.count_ones() as usize;
        if self.records + n >= self.block_records {
            let cut = self.scanned + nth_bit(ends, self.block_records - self.records) + 1;
            self.records = self.block_records;
            return Found::Full(cut);
        }
        if n > 0 {
            self.records += n;
            self.last_end = self.scanned + 64 - ends.leading_zeros() as usize;
        }
        self.scanned = self.filled;
        Found::MoreNeeded
    }

    fn scan_lines(&mut self) -> Found {
        let text = &self.buffer[..self.filled];
        while let Some(length) = memchr::memchr(b'\n', &text[self.last_end..]) {
            if length > RECORD_LIMIT {
                return Found::Overlong;
            }
            self.last_end += length + 1;
            self.records += 1;
            if self.records == self.block_records
                || self.last_end as u64 >= self.lines_for
                || self.last_end >= BLOCK_LIMIT
            {
                return Found::Full(self.last_end);
            }
        }
        if self.filled - self.last_end > RECORD_LIMIT { Found::Overlong } else { Found::MoreNeeded }
    }

    /// What is left when the stream has ended: whole records, then (of a whole file) one without a newline.
    fn last_block(&mut self, end: &End) -> Option<Block> {
        let unfinished = *end == End::Whole && self.last_end < self.filled;
        if unfinished && self.lines_for == 0 && self.scanner.in_quotes() {
            if self.records > 0 {
                return Some(self.cut(self.last_end));
            }
            self.read_lines(u64::MAX);
            return None;
        }
        if unfinished && self.records < self.block_records {
            self.records += 1;
            return Some(self.cut(self.filled));
        }
        (self.records > 0).then(|| self.cut(self.last_end))
    }

    /// Whether the record at the buffer's beginning, which is too long, has a line that is not.
    fn has_lines(&self) -> bool {
        memchr::memchr(b'\n', &self.buffer[..self.filled.min(RECORD_LIMIT + 1)]).is_some()
    }

    fn read_lines(&mut self, n_bytes: u64) {
        self.lines_for = n_bytes;
        self.begin_scan();
    }

    fn begin_scan(&mut self) {
        self.scanned = 0;
        self.records = 0;
        self.last_end = 0;
        self.scanner.restart();
    }

    /// Hands out the first `cut` bytes and goes on with the rest in another buffer.
    fn cut(&mut self, cut: usize) -> Block {
        let kind = if self.lines_for > 0 { Kind::Lines } else { Kind::Quoted };
        // Blocks of one file are much alike: the next is read whole with a little more than this one had.
        self.block_bytes = (cut + cut / 32 + 4096).min(BLOCK_LIMIT);
        let mut next = self.spare.lock().ok().and_then(|mut spare| spare.pop()).unwrap_or_default();
        let rest = self.filled - cut;
        if next.len() < self.block_bytes.max(rest) {
            next.resize(self.block_bytes.max(rest), 0);
        }
        next[..rest].copy_from_slice(&self.buffer[cut..self.filled]);
        let buffer = std::mem::replace(&mut self.buffer, next);
        let records = self.records;
        self.filled = rest;
        self.advance(cut);
        self.block(buffer, cut, records, kind)
    }

    /// Hands out the beginning of a line that is too long, and skips the line.
    fn skip_line(&mut self) -> Block {
        let beginning = self.buffer[..self.filled.min(KEPT_TEXT)].to_vec();
        loop {
            let newline = memchr::memchr(b'\n', &self.buffer[..self.filled]);
            let n = newline.map_or(self.filled, |newline| newline + 1);
            self.buffer.copy_within(n..self.filled, 0);
            self.filled -= n;
            self.advance(n);
            if newline.is_some() || self.end.is_some() {
                break;
            }
            self.refill();
        }
        let len = beginning.len();
        self.block(beginning, len, 1, Kind::Overlong)
    }

    /// The next record begins `n` bytes further on, at the buffer's beginning.
    fn advance(&mut self, n: usize) {
        if self.lines_for != u64::MAX {
            self.lines_for = self.lines_for.saturating_sub(n as u64);
        }
        self.begin_scan();
    }

    fn block(&mut self, buffer: Vec<u8>, len: usize, records: usize, kind: Kind) -> Block {
        let first = self.next_record;
        self.next_record += records as u64;
        let source_bytes = self.bytes.take_progress();
        Block { buffer, len, spare: Arc::clone(&self.spare), kind, first, records, source_bytes }
    }
}

/// The place of the `n`th set bit (1-based).
fn nth_bit(mut bits: u64, n: usize) -> usize {
    for _ in 1..n {
        bits &= bits - 1;
    }
    bits.trailing_zeros() as usize
}
