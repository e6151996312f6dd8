//! The serial half: blocks of lines, each with the header that holds where it begins.

use super::header::Header;
use super::rows::Layout;
use crate::flows::source::bytes::End;
use crate::flows::source::text::blocks::{Block, Blocks, Kind};
use crate::flows::source::{Chunk, FileReader, OpenFile};
use crate::words::counted;
use crate::{Error, Result};
use std::sync::Arc;

/// The chunks of one log.
pub(super) struct ZeekReader {
    blocks: Blocks,
    layout: Arc<Layout>,
    context: Arc<OpenFile>,
    header: Arc<Header>,
    /// Records handed out.
    records: u64,
    /// What ended the log, once the records before it are handed out.
    damage: Option<String>,
    /// Stored bytes of blocks without records.
    owed: u64,
}

impl ZeekReader {
    pub fn new(blocks: Blocks, layout: Layout, context: OpenFile, before: Option<End>) -> Self {
        let damage = match before {
            Some(End::Damaged(reason)) => Some(reason),
            _ => None,
        };
        let (layout, context) = (Arc::new(layout), Arc::new(context));
        Self { blocks, layout, context, header: Arc::default(), records: 0, damage, owed: 0 }
    }

    fn damaged(&self, reason: &str) -> Error {
        let name = if self.header.path.is_empty() { "Zeek log" } else { &format!("Zeek {} log", self.header.path) };
        let reason = format!("in a {name}: {reason}");
        Error::Damaged { file: self.context.name.clone(), records: self.records, reason }
    }

    /// Takes in the header lines of a block: the header behind it, and how many lines are no records.
    fn read_headers(&self, block: &Block) -> std::result::Result<(Arc<Header>, usize), String> {
        let bytes = block.bytes();
        let (mut header, mut lines) = (Arc::clone(&self.header), 0);
        let mut read = |begin: usize| {
            lines += 1;
            let line = bytes.get(begin..).unwrap_or_default();
            let line = line.get(..memchr::memchr(b'\n', line).unwrap_or(line.len())).unwrap_or_default();
            // One copy a block at most, however many lines it has.
            if Header::matters(line) { Arc::make_mut(&mut header).read(line) } else { Ok(()) }
        };
        if bytes.starts_with(b"#") {
            read(0)?;
        }
        memchr::memmem::find_iter(bytes, b"\n#").try_for_each(|newline| read(newline + 1))?;
        Ok((header, lines))
    }

    /// A last line without its end and with too few columns was cut: takes it off and says so.
    fn cut_off(&mut self, block: &mut Block, header: &Header) {
        let bytes = block.bytes();
        if bytes.ends_with(b"\n") || block.kind == Kind::Overlong {
            return;
        }
        let begin = memchr::memrchr(b'\n', bytes).map_or(0, |newline| newline + 1);
        let line = bytes.get(begin..).unwrap_or_default();
        let (met, wanted) = (header.count(line), header.columns.len());
        if !line.starts_with(b"#") && !line.trim_ascii().is_empty() && met < wanted {
            self.damage = Some(format!("it ends in mid-row: its last line has {} of {wanted}", counted(met, "field")));
            block.drop_last(begin);
        }
    }
}

impl FileReader for ZeekReader {
    fn next_chunk(&mut self) -> Result<Option<Chunk>> {
        loop {
            if let Some(reason) = self.damage.take() {
                return Err(self.damaged(&reason));
            }
            let mut block = match self.blocks.next_block() {
                Ok(block) => block,
                Err(End::Whole) => return Ok(None),
                Err(End::Damaged(reason)) => return Err(self.damaged(&reason)),
            };
            self.owed += block.source_bytes;
            let (header, header_lines) = match self.read_headers(&block) {
                // A line too long for a record is skipped, also where it is a comment.
                _ if block.kind == Kind::Overlong => {
                    (Arc::clone(&self.header), usize::from(block.bytes().starts_with(b"#")))
                }
                Ok(read) => read,
                Err(reason) => return Err(self.damaged(&reason)),
            };
            self.cut_off(&mut block, &header);
            let before = std::mem::replace(&mut self.header, header);
            let records = block.records.saturating_sub(header_lines);
            if records == 0 {
                continue;
            }
            let first = self.records + 1;
            self.records += records as u64;
            let (layout, context) = (Arc::clone(&self.layout), Arc::clone(&self.context));
            let source_bytes = std::mem::take(&mut self.owed);
            return Ok(Some(Chunk::new(source_bytes, move || layout.parse(&block, first, &before, &context))));
        }
    }

    fn records(&self) -> u64 {
        self.records
    }
}
