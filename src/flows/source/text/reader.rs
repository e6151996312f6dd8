//! A file of text as chunks: blocks cut one after the other, parsed anywhere.

use super::blocks::{Block, Blocks};
use crate::flows::Batch;
use crate::flows::source::bytes::End;
use crate::flows::source::{Chunk, FileReader, OpenFile};
use crate::{Error, Result};
use std::sync::Arc;

/// How a format turns a block into a batch.
pub(in crate::flows::source) trait ParseBlock: Send + Sync + 'static {
    /// The batch of a block; what cannot be used is in its rejected records.
    fn parse(&self, block: &Block, context: &OpenFile) -> Result<Batch>;
}

/// The reader of a text format.
pub(in crate::flows::source) struct TextReader<P> {
    blocks: Blocks,
    parser: Arc<P>,
    context: Arc<OpenFile>,
    /// Damage met before the first record.
    damage: Option<String>,
}

impl<P: ParseBlock> TextReader<P> {
    /// Reads on where `blocks` begin.
    pub fn new(blocks: Blocks, parser: P, context: OpenFile, before: Option<End>) -> Self {
        let damage = match before {
            Some(End::Damaged(reason)) => Some(reason),
            _ => None,
        };
        Self { blocks, parser: Arc::new(parser), context: Arc::new(context), damage }
    }
}

impl<P: ParseBlock> FileReader for TextReader<P> {
    fn next_chunk(&mut self) -> Result<Option<Chunk>> {
        let block = match self.damage.take() {
            Some(reason) => Err(End::Damaged(reason)),
            None => self.blocks.next_block(),
        };
        match block {
            Ok(block) => {
                let (parser, context) = (Arc::clone(&self.parser), Arc::clone(&self.context));
                Ok(Some(Chunk::new(block.source_bytes, move || parser.parse(&block, &context))))
            }
            Err(End::Whole) => Ok(None),
            Err(End::Damaged(reason)) => {
                Err(Error::Damaged { file: self.context.name.clone(), records: self.blocks.records(), reason })
            }
        }
    }

    fn records(&self) -> u64 {
        self.blocks.records()
    }
}
