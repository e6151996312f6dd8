//! Messages of Arrow IPC gathered into chunks of about a batch: small batches are joined, those of more than twice the
//! size are cut; decoding is left to the workers, except for a batch that must be cut.

use super::Messages;
use super::message::{Dictionaries, Kind, Message, SharedDictionaries};
use crate::flows::source::conform::{Readable, conform};
use crate::flows::source::{Chunk, Damage, FileReader, OpenFile};
use crate::flows::{Batch, RecordNumbers};
use crate::{Error, Result};
use arrow_array::RecordBatch;
use arrow_schema::{Schema, SchemaRef};
use std::collections::VecDeque;
use std::sync::Arc;

/// What every batch is decoded with.
struct Shared {
    schema: SchemaRef,
    readable: Readable,
    place: OpenFile,
}

/// The chunks of an Arrow file or stream.
pub(super) struct IpcReader {
    shared: Arc<Shared>,
    messages: Messages,
    dictionaries: SharedDictionaries,
    /// A message that was read and belongs to the next chunk.
    ahead: Option<Message>,
    /// Pieces of a batch too large to be one.
    pieces: VecDeque<Piece>,
    /// Said once everything before it is handed out.
    failure: Option<Error>,
    /// Bytes read since the last chunk.
    bytes: u64,
    records: u64,
    done: bool,
}

/// A part of a decoded batch; or, of one that is damaged, no columns but all its records.
struct Piece {
    columns: Result<RecordBatch, Damage>,
    records: u64,
    bytes: u64,
}

/// A batch to be decoded with the dictionaries of its time.
type Undecoded = (Message, SharedDictionaries);

impl IpcReader {
    /// Starts after the schema; `dictionaries` are those known by then.
    pub fn new(schema: Schema, messages: Messages, dictionaries: Dictionaries, place: OpenFile) -> Self {
        let readable = Readable::of(&schema);
        Self {
            shared: Arc::new(Shared { schema: Arc::new(schema), readable, place }),
            messages,
            dictionaries: Arc::new(dictionaries),
            ahead: None,
            pieces: VecDeque::new(),
            failure: None,
            bytes: 0,
            records: 0,
            done: false,
        }
    }

    fn batch_rows(&self) -> u64 {
        self.shared.place.batch_rows.max(1) as u64
    }

    /// The next message with rows; dictionaries on the way are learnt.
    fn next_rows(&mut self) -> Result<Option<(Message, u64)>, String> {
        while let Some(message) = self.ahead.take().map_or_else(|| self.messages.next(), |ahead| Ok(Some(ahead)))? {
            match message.kind {
                Kind::Rows(0) | Kind::Other => self.bytes += message.bytes(),
                Kind::Rows(rows) => return Ok(Some((message, rows))),
                Kind::Schema => return Err("a second schema in the middle".into()),
                Kind::Dictionary => {
                    self.bytes += message.bytes();
                    // Batches that were handed out keep the dictionaries of their time: this copies the map then.
                    message.learn(&self.shared.schema, Arc::make_mut(&mut self.dictionaries))?;
                }
            }
        }
        Ok(None)
    }

    /// Messages that together make a batch of the size aimed at; none at the end, or if a large one was cut.
    fn gather(&mut self) -> (Vec<Undecoded>, u64) {
        let (mut gathered, mut total) = (Vec::new(), 0);
        loop {
            match self.next_rows() {
                Ok(Some((message, rows))) if total > 0 && total + rows > self.batch_rows() => {
                    self.ahead = Some(message);
                    return (gathered, total);
                }
                Ok(Some((message, rows))) if rows > 2 * self.batch_rows() => {
                    self.bytes += message.bytes();
                    self.cut(&message, rows);
                    return (gathered, 0);
                }
                Ok(Some((message, rows))) => {
                    self.bytes += message.bytes();
                    total += rows;
                    gathered.push((message, self.dictionaries.clone()));
                    if total >= self.batch_rows() {
                        return (gathered, total);
                    }
                }
                Ok(None) => {
                    self.done = true;
                    return (gathered, total);
                }
                Err(reason) => {
                    // What was gathered comes first.
                    self.failure = Some(self.shared.damage(self.records + total, reason).into());
                    return (gathered, total);
                }
            }
        }
    }

    /// Decodes a large batch of `records` here and cuts it into pieces that share its memory. Reading goes on behind a
    /// damaged one, so that the numbers of what follows do not depend on where damage is met.
    fn cut(&mut self, message: &Message, records: u64) {
        let batch = match self.shared.decode(message, &self.dictionaries) {
            Ok(batch) => batch,
            Err(reason) => {
                let (damage, bytes) = (self.shared.damage(self.records, reason), std::mem::take(&mut self.bytes));
                self.pieces.push_back(Piece { columns: Err(damage), records, bytes });
                return;
            }
        };
        let wanted = (batch.num_rows() as u64).div_ceil(self.batch_rows()).max(1);
        let step = (batch.num_rows() as u64).div_ceil(wanted).max(1) as usize;
        let bytes = std::mem::take(&mut self.bytes) / wanted;
        for start in (0..batch.num_rows()).step_by(step) {
            let columns = batch.slice(start, step.min(batch.num_rows() - start));
            self.pieces.push_back(Piece { records: columns.num_rows() as u64, columns: Ok(columns), bytes });
        }
    }
}

impl FileReader for IpcReader {
    fn next_chunk(&mut self) -> Result<Option<Chunk>> {
        if let Some(chunk) = self.next_piece() {
            return Ok(Some(chunk));
        }
        if self.failure.is_none() && !self.done {
            let (gathered, total) = self.gather();
            if total > 0 {
                let (shared, before) = (self.shared.clone(), self.records);
                self.records += total;
                let bytes = std::mem::take(&mut self.bytes);
                return Ok(Some(Chunk::new(bytes, move || shared.join(&gathered, before))));
            }
            if let Some(chunk) = self.next_piece() {
                return Ok(Some(chunk));
            }
        }
        match self.failure.take() {
            Some(failure) => {
                self.done = true;
                Err(failure)
            }
            None => Ok(None),
        }
    }

    fn records(&self) -> u64 {
        self.records
    }
}

impl IpcReader {
    fn next_piece(&mut self) -> Option<Chunk> {
        let Piece { columns, records, bytes } = self.pieces.pop_front()?;
        let (shared, before) = (self.shared.clone(), self.records);
        self.records += records;
        Some(Chunk::new(bytes, move || match columns {
            Ok(columns) => Ok(shared.batch(conform(&columns, &shared.place.schema)?, before, None)),
            Err(damage) => Ok(shared.batch(RecordBatch::new_empty(shared.place.schema.clone()), before, Some(damage))),
        }))
    }
}

impl Shared {
    fn decode(&self, message: &Message, dictionaries: &Dictionaries) -> Result<RecordBatch, String> {
        let kept = (!self.readable.dropped.is_empty()).then_some(self.readable.kept.as_slice());
        self.readable.name(&message.rows(&self.schema, kept, dictionaries)?)
    }

    fn damage(&self, records: u64, reason: String) -> Damage {
        Damage { file: self.place.name.clone(), records, reason }
    }

    /// Decodes messages whose first row follows `before` others of the file, into one batch: up to the first damaged
    /// one.
    fn join(&self, gathered: &[Undecoded], before: u64) -> Result<Batch> {
        let mut batches = Vec::with_capacity(gathered.len());
        let (mut records, mut damage) = (before, None);
        for (message, dictionaries) in gathered {
            match self.decode(message, dictionaries) {
                Ok(decoded) => {
                    records += decoded.num_rows() as u64;
                    batches.push(conform(&decoded, &self.place.schema)?);
                }
                Err(reason) => {
                    damage = Some(self.damage(records, reason));
                    break;
                }
            }
        }
        let joined = match batches.as_slice() {
            [one] => one.clone(),
            several => arrow_select::concat::concat_batches(&self.place.schema, several)
                .map_err(|e| Error::Schema(e.to_string()))?,
        };
        Ok(self.batch(joined, before, damage))
    }

    fn batch(&self, columns: RecordBatch, before: u64, damage: Option<Damage>) -> Batch {
        Batch {
            columns,
            file: self.place.file,
            numbers: RecordNumbers::Run { first: before + 1 },
            stream_offset: self.place.stream_offset,
            rejected: Vec::new(),
            damage,
        }
    }
}
