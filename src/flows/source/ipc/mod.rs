//! Arrow IPC, file and stream: messages are cut out in order, cheaply; batches are decoded on the workers.
//!
//! A file is read by its footer; where that is missing or damaged, the part before it still is a stream, and its rows
//! come before the error.

mod batches;
mod message;

use crate::flows::source::conform::Readable;
use crate::flows::source::contain::contained;
use crate::flows::source::positioned::PositionedFile;
use crate::flows::source::{FileReader, OpenFile, Probe};
use crate::words::counted;
use crate::{Error, Result};
use arrow_ipc::{Block, root_as_footer};
use arrow_schema::Schema;
use batches::IpcReader;
use message::{Dictionaries, Message, schema_of};
use std::collections::VecDeque;
use std::io::Read;
use std::path::Path;

const MAGIC: &[u8; 6] = b"ARROW1";

/// Columns of an Arrow IPC file.
///
/// # Errors
/// If it is none, or neither its footer nor its beginning tells the columns.
pub(crate) fn probe_file(name: &str, path: &Path) -> Result<Probe> {
    let start = FileStart::of(name, path)?;
    let batches = match &start.messages {
        Messages::Blocks { blocks, .. } => counted(blocks.len(), "batch") + ", ",
        Messages::Stream { .. } => "footer damaged, ".to_string(),
    };
    Ok(probe_of(&start.schema, &format!("Arrow file, {batches}")))
}

/// Opens an Arrow IPC file for reading in chunks.
///
/// # Errors
/// As [`probe_file`].
pub(crate) fn open_file(path: &Path, place: OpenFile) -> Result<Box<dyn FileReader>> {
    let start = FileStart::of(&place.name, path)?;
    Ok(Box::new(IpcReader::new(start.schema, start.messages, start.dictionaries, place)))
}

/// Columns of an Arrow IPC stream; reads its first message only.
///
/// # Errors
/// If the stream does not begin with a schema.
pub(crate) fn probe_stream(name: &str, mut reader: Box<dyn Read + Send>) -> Result<Probe> {
    Ok(probe_of(&stream_schema(name, &mut reader)?, "Arrow stream, "))
}

/// Opens an Arrow IPC stream for reading in chunks.
///
/// # Errors
/// As [`probe_stream`].
pub(crate) fn open_stream(mut reader: Box<dyn Read + Send>, place: OpenFile) -> Result<Box<dyn FileReader>> {
    let schema = stream_schema(&place.name, &mut reader)?;
    let messages = Messages::Stream { reader, at_end: None };
    Ok(Box::new(IpcReader::new(schema, messages, Dictionaries::new(), place)))
}

fn probe_of(schema: &Schema, beginning: &str) -> Probe {
    let readable = Readable::of(schema);
    let description = format!("{beginning}{}{}", counted(readable.kept.len(), "column"), readable.left_out());
    Probe { schema: readable.schema, description }
}

fn stream_schema(name: &str, reader: &mut dyn Read) -> Result<Schema> {
    let unknown = |reason| Error::UnknownFormat { file: name.into(), reason };
    let first = Message::read(reader).map_err(unknown)?;
    let first = first.ok_or_else(|| unknown("is an empty Arrow stream: not even a schema".into()))?;
    first.schema().map_err(unknown)
}

/// Where messages come from.
enum Messages {
    /// One after another. `at_end` is what is wrong with the file behind the stream, said after its last message.
    Stream { reader: Box<dyn Read + Send>, at_end: Option<String> },
    /// By the footer of a file.
    Blocks { file: PositionedFile, blocks: VecDeque<Block> },
}

impl Messages {
    /// The next message, or `None` at the end.
    pub fn next(&mut self) -> Result<Option<Message>, String> {
        match self {
            Self::Stream { reader, at_end } => match Message::read(reader)? {
                Some(message) => Ok(Some(message)),
                None => at_end.take().map_or(Ok(None), Err),
            },
            Self::Blocks { file, blocks } => match blocks.pop_front() {
                Some(block) => block_message(file, &block).map(Some),
                None => Ok(None),
            },
        }
    }
}

fn block_message(file: &PositionedFile, block: &Block) -> Result<Message, String> {
    let part = |n: i64| u64::try_from(n).map_err(|_| "a block of the footer has a negative place or size".to_string());
    let (start, metadata, body) =
        (part(block.offset())?, part(i64::from(block.metaDataLength()))?, part(block.bodyLength())?);
    let bytes = file.read(start, metadata.saturating_add(body)).map_err(|e| e.to_string())?;
    Message::of_block(bytes, metadata)
}

/// What is known of a file once it is open.
struct FileStart {
    schema: Schema,
    dictionaries: Dictionaries,
    messages: Messages,
}

impl FileStart {
    fn of(name: &str, path: &Path) -> Result<Self> {
        let file = PositionedFile::open(path).map_err(|e| Error::io(path, e))?;
        let mut magic = [0; 8];
        let begins = file.from(0).read_exact(&mut magic).is_ok() && magic.starts_with(MAGIC);
        if !begins {
            let reason = "does not begin like an Arrow file (`ARROW1`)".into();
            return Err(Error::UnknownFormat { file: name.into(), reason });
        }
        Self::by_footer(&file).or_else(|why| {
            let mut reader: Box<dyn Read + Send> = Box::new(file.from(after_magic(&file)));
            let schema = stream_schema(name, &mut reader).map_err(|_| Error::Damaged {
                file: name.into(),
                records: 0,
                reason: why.clone(),
            })?;
            let messages = Messages::Stream { reader, at_end: Some(why) };
            Ok(Self { schema, dictionaries: Dictionaries::new(), messages })
        })
    }

    fn by_footer(file: &PositionedFile) -> Result<Self, String> {
        let missing = || "the footer is missing: the file was cut off or never completed".to_string();
        let tail_start = file.bytes().checked_sub(10).ok_or_else(missing)?;
        let tail = file.read(tail_start, 10).map_err(|e| e.to_string())?;
        let Some((length, _)) = tail.split_first_chunk::<4>().filter(|(_, magic)| magic == MAGIC) else {
            return Err(missing());
        };
        let length = u64::from(u32::from_le_bytes(*length));
        let start = tail_start.checked_sub(length).ok_or("the footer claims more bytes than the file has")?;
        let footer = file.read(start, length).map_err(|e| e.to_string())?;
        contained(|| {
            let footer = root_as_footer(&footer).map_err(|e| format!("the footer is damaged: {e}"))?;
            let schema = schema_of(footer.schema().ok_or("the footer has no schema")?)?;
            let mut dictionaries = Dictionaries::new();
            for block in footer.dictionaries().into_iter().flatten() {
                block_message(file, block)?.learn(&schema, &mut dictionaries)?;
            }
            let blocks = footer.recordBatches().ok_or("the footer has no list of batches")?.iter().copied().collect();
            Ok(Self { schema, dictionaries, messages: Messages::Blocks { file: file.clone(), blocks } })
        })
    }
}

/// Where the stream inside a file begins: behind the magic bytes and their padding, which the specification puts at 8
/// bytes and writers at up to 64.
fn after_magic(file: &PositionedFile) -> u64 {
    let mut word = [0; 8];
    (8..=64).step_by(8).find(|&at| file.from(at).read_exact(&mut word).is_ok() && word != [0; 8]).unwrap_or(8)
}
