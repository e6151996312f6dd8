//! Encapsulated messages of Arrow IPC: cut out of a stream or a file with every length checked before anything is
//! reserved, then decoded by arrow-ipc.
//!
//! arrow-ipc's own readers reserve what a message claims, and a claim of 2^60 bytes ends the process.

use crate::flows::source::contain::contained;
use arrow_array::{ArrayRef, RecordBatch};
use arrow_buffer::Buffer;
use arrow_ipc::reader::{RecordBatchDecoder, read_dictionary};
use arrow_ipc::{MessageHeader, root_as_message};
use arrow_schema::{Schema, SchemaRef};
use std::collections::HashMap;
use std::io::{ErrorKind, Read};
use std::sync::Arc;

/// Dictionaries by their id, as they stand at some point of the stream.
pub(super) type Dictionaries = HashMap<i64, ArrayRef>;

/// Metadata describes columns; 64 MiB of it describe a million.
const MAX_METADATA: u64 = 64 << 20;
/// No writer makes batches of this size; a damaged length easily does.
const MAX_BODY: u64 = 16 << 30;
/// Zstandard and LZ4 shrink even zeros no further.
const MAX_RATIO: u64 = 1 << 16;
/// Read in steps of this, so that a lie about a length costs no more memory than the stream has bytes.
const STEP: u64 = 16 << 20;

/// One message: a flatbuffer that describes, and the buffers it describes.
#[derive(Debug, Clone)]
pub(super) struct Message {
    metadata: Buffer,
    body: Buffer,
    /// What it is.
    pub kind: Kind,
}

/// What a message brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The columns.
    Schema,
    /// A dictionary, whole or an addition.
    Dictionary,
    /// This many rows.
    Rows(u64),
    /// Nothing that is needed here.
    Other,
}

impl Message {
    /// The next message of a stream; `None` at its end, marked or not.
    pub fn read(stream: &mut dyn Read) -> Result<Option<Self>, String> {
        let Some(mut length) = read_length(stream)? else { return Ok(None) };
        if length == [0xff; 4] {
            length = read_length(stream)?.ok_or("the stream is cut off in a message's length")?;
        }
        let length = u64::from(u32::from_le_bytes(length));
        if length == 0 {
            return Ok(None);
        }
        if length > MAX_METADATA {
            return Err(format!("a message claims {length} bytes of metadata; the limit is {MAX_METADATA}"));
        }
        let metadata = read_bytes(stream, length)?;
        let body_length = describe(&metadata)?.1;
        let body = read_bytes(stream, body_length)?;
        Self::of(metadata.into(), body.into()).map(Some)
    }

    /// The message in a block of a file: prefix and metadata of `metadata_length` bytes, then the body.
    pub fn of_block(block: Vec<u8>, metadata_length: u64) -> Result<Self, String> {
        let prefix = if block.starts_with(&[0xff; 4]) { 8 } else { 4 };
        let length = usize::try_from(metadata_length).ok().filter(|&n| n > prefix && n <= block.len());
        let Some(length) = length else { return Err("a block of the footer is too short for a message".into()) };
        let block = Buffer::from(block);
        Self::of(block.slice_with_length(prefix, length - prefix), block.slice(length))
    }

    fn of(metadata: Buffer, body: Buffer) -> Result<Self, String> {
        let (kind, body_length) = describe(&metadata)?;
        if body_length > body.len() as u64 {
            return Err(format!("a message claims a body of {body_length} bytes and has {}", body.len()));
        }
        Ok(Self { metadata, body, kind })
    }

    /// Bytes of the message.
    pub fn bytes(&self) -> u64 {
        (self.metadata.len() + self.body.len()) as u64
    }

    /// The columns that a schema message describes.
    pub fn schema(&self) -> Result<Schema, String> {
        contained(|| {
            let message = root_as_message(&self.metadata).map_err(|e| e.to_string())?;
            schema_of(message.header_as_schema().ok_or("the first message is no schema")?)
        })
    }

    /// Adds the dictionary that the message brings.
    pub fn learn(&self, schema: &Schema, dictionaries: &mut Dictionaries) -> Result<(), String> {
        contained(|| {
            let message = root_as_message(&self.metadata).map_err(|e| e.to_string())?;
            let batch =
                message.header_as_dictionary_batch().ok_or("a message is not the dictionary it claims to be")?;
            self.check_lengths(batch.data().ok_or("a dictionary without data")?)?;
            read_dictionary(&self.body, batch, schema, dictionaries, &message.version()).map_err(|e| e.to_string())
        })
    }

    /// Decodes the rows; `kept` are the columns wanted.
    pub fn rows(
        &self,
        schema: &SchemaRef,
        kept: Option<&[usize]>,
        dictionaries: &Dictionaries,
    ) -> Result<RecordBatch, String> {
        contained(|| {
            let message = root_as_message(&self.metadata).map_err(|e| e.to_string())?;
            let batch = message.header_as_record_batch().ok_or("a message is not the batch it claims to be")?;
            self.check_lengths(batch)?;
            RecordBatchDecoder::try_new(&self.body, batch, schema.clone(), dictionaries, &message.version())
                .and_then(|decoder| decoder.with_projection(kept).read_record_batch())
                .map_err(|e| e.to_string())
        })
    }

    /// Each compressed buffer begins with its own size unpacked, which the decoder reserves unseen: a reservation that is
    /// refused there ends the process, so it is tried here first.
    fn check_lengths(&self, batch: arrow_ipc::RecordBatch) -> Result<(), String> {
        if batch.compression().is_none() {
            return Ok(());
        }
        let mut whole = 0_u64;
        for buffer in batch.buffers().into_iter().flatten() {
            let start = usize::try_from(buffer.offset()).map_err(|e| e.to_string())?;
            let Some(prefix) = self.body.get(start..).and_then(|rest| rest.first_chunk::<8>()) else { continue };
            let unpacked = i64::from_le_bytes(*prefix);
            let packed = u64::try_from(buffer.length()).map_err(|e| e.to_string())?;
            let unpacked = u64::try_from(unpacked).unwrap_or(0);
            if packed == 0 {
                continue;
            }
            if unpacked > packed.saturating_mul(MAX_RATIO) {
                return Err(format!("a buffer of {packed} bytes claims to hold {unpacked}"));
            }
            whole = whole.saturating_add(unpacked);
        }
        let room = usize::try_from(whole).is_ok_and(|whole| Vec::<u8>::new().try_reserve_exact(whole).is_ok());
        match whole <= MAX_BODY && room {
            true => Ok(()),
            false => Err(format!("a message claims to hold {whole} bytes unpacked; there is no room for them")),
        }
    }
}

/// The columns of a flatbuffer schema, which the caller contains: the conversion panics on unknown types.
pub(super) fn schema_of(schema: arrow_ipc::Schema) -> Result<Schema, String> {
    if !schema.endianness().equals_to_target_endianness() {
        return Err("the data has the other byte order".into());
    }
    Ok(arrow_ipc::convert::fb_to_schema(schema))
}

/// What a message is, and the length of its body.
fn describe(metadata: &[u8]) -> Result<(Kind, u64), String> {
    let message = root_as_message(metadata).map_err(|e| format!("a message's metadata is damaged: {e}"))?;
    let body = u64::try_from(message.bodyLength()).ok().filter(|&n| n <= MAX_BODY);
    let body = body.ok_or_else(|| format!("a message claims a body of {} bytes", message.bodyLength()))?;
    let kind = match message.header_type() {
        MessageHeader::Schema => Kind::Schema,
        MessageHeader::DictionaryBatch => Kind::Dictionary,
        MessageHeader::RecordBatch => {
            let rows = message.header_as_record_batch().map_or(-1, |batch| batch.length());
            // Rows are counted in 31 bits: offsets and dictionary keys have no more.
            let counted = i32::try_from(rows).ok().and_then(|rows| u64::try_from(rows).ok());
            Kind::Rows(counted.ok_or_else(|| format!("a message claims {rows} rows"))?)
        }
        _ => Kind::Other,
    };
    Ok((kind, body))
}

/// Four bytes, or `None` where the stream ends just before them.
fn read_length(stream: &mut dyn Read) -> Result<Option<[u8; 4]>, String> {
    let mut length = [0; 4];
    let mut have = 0;
    while let Some(rest) = length.get_mut(have..).filter(|rest| !rest.is_empty()) {
        match stream.read(rest) {
            Ok(0) if have == 0 => return Ok(None),
            Ok(0) => return Err("the stream is cut off in a message's length".into()),
            Ok(read) => have += read,
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) => return Err(e.to_string()),
        }
    }
    Ok(Some(length))
}

fn read_bytes(stream: &mut dyn Read, length: u64) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    while (bytes.len() as u64) < length {
        let step = (length - bytes.len() as u64).min(STEP.max(bytes.len() as u64));
        bytes.reserve_exact(step as usize);
        let read = stream.take(step).read_to_end(&mut bytes).map_err(|e| e.to_string())?;
        if (read as u64) < step {
            return Err(format!("the stream is cut off: a message of {length} bytes ends after {}", bytes.len()));
        }
    }
    Ok(bytes)
}

/// A dictionary state that batches share until the next change.
pub(super) type SharedDictionaries = Arc<Dictionaries>;
