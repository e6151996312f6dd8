//! All files of an input, one after the other, as one source.

use super::input::LEFT_OUT;
use super::look::{Looked, open};
use super::quotes::Quotes;
use super::select::Passed;
use super::widened::Widened;
use super::{Chunk, Damage, FileReader, OpenFile, Source};
use crate::flows::condition::Condition;
use crate::{Error, Result};
use arrow_schema::SchemaRef;
use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};

/// What the readers of an input note for all to see.
#[derive(Debug)]
pub(super) struct Shared {
    /// What the latest pass met.
    pub widened: Mutex<Arc<Widened>>,
    pub unknown_keys: Passed,
    /// Records that are no flows, by kind.
    pub passed: Passed,
    pub recoded: Arc<AtomicU64>,
    /// By place of the file, so that a second pass says nothing twice.
    pub damages: Mutex<BTreeMap<usize, Damage>>,
}

impl Shared {
    /// Nothing was met yet in an input of so many columns.
    pub fn new(n_columns: usize) -> Self {
        Self {
            widened: Mutex::new(Arc::new(Widened::new(n_columns, false))),
            unknown_keys: Passed::default(),
            passed: Passed::default(),
            recoded: Arc::default(),
            damages: Mutex::default(),
        }
    }

    /// Notes a damage; of several in one file the first counts, whichever thread met it first.
    fn note(&self, file: usize, damage: Damage) {
        if let Ok(mut damages) = self.damages.lock() {
            let first = damages.entry(file).or_insert_with(|| damage.clone());
            if damage.records < first.records {
                *first = damage;
            }
        }
    }
}

/// The chunks of all files.
pub(super) struct Chain {
    pub files: Arc<Vec<Looked>>,
    pub shared: Arc<Shared>,
    pub schema: SchemaRef,
    pub batch_rows: usize,
    pub skip_errors: bool,
    pub widened: Arc<Widened>,
    /// Files to read; all where none are told.
    pub wanted: Option<Vec<bool>>,
    /// Records whose text is kept.
    pub quotes: Option<Arc<Quotes>>,
    /// What is true of the records that are read.
    pub condition: Option<Arc<Condition>>,
    pub state: State,
}

/// How far a chain is.
#[derive(Default)]
pub(super) struct State {
    next_file: usize,
    current: Option<Box<dyn FileReader>>,
    /// Records in the files before the current one.
    stream_offset: u64,
    /// Bytes of the current file that chunks stood for so far.
    file_bytes: u64,
    /// Bytes of earlier files that no chunk stood for.
    owed_bytes: u64,
}

impl Source for Chain {
    fn schema(&self) -> SchemaRef {
        SchemaRef::clone(&self.schema)
    }

    fn next_chunk(&mut self) -> Result<Option<Chunk>> {
        match self.advance() {
            Err(error) => {
                self.state.next_file = self.files.len();
                self.state.current = None;
                Err(error)
            }
            chunk => chunk,
        }
    }
}

impl Chain {
    fn advance(&mut self) -> Result<Option<Chunk>> {
        loop {
            if self.state.current.is_none() && self.is_unwanted(self.state.next_file) {
                self.state.next_file += 1;
                continue;
            }
            let chunk = match &mut self.state.current {
                Some(reader) => reader.next_chunk(),
                None if self.state.next_file == self.files.len() => return Ok(None),
                None => match self.open_next() {
                    Ok(()) => continue,
                    Err(error) => Err(error),
                },
            };
            match chunk {
                Ok(Some(mut chunk)) => {
                    self.state.file_bytes += chunk.source_bytes;
                    chunk.source_bytes += std::mem::take(&mut self.state.owed_bytes);
                    return Ok(Some(self.placed(chunk)));
                }
                Ok(None) => self.end_file(),
                Err(Error::Damaged { file, records, reason }) if self.skip_errors => {
                    self.shared.note(self.state.next_file - 1, Damage { file, records, reason });
                    self.end_file();
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// A chunk with its place; damage that is met only when it is parsed is noted, or an error.
    fn placed(&self, chunk: Chunk) -> Chunk {
        let (shared, skip_errors) = (Arc::clone(&self.shared), self.skip_errors);
        let condition = self.condition.clone();
        let (file, source_bytes) = (self.state.next_file - 1, chunk.source_bytes);
        let parse = move || {
            let mut batch = chunk.parse()?;
            if let Some(condition) = &condition {
                let (kept, left_out) = condition.keep(batch)?;
                shared.passed.add(&BTreeMap::from([(LEFT_OUT.to_owned(), left_out)]));
                batch = kept;
            }
            if !skip_errors {
                return batch.undamaged();
            }
            if let Some(damage) = &batch.damage {
                shared.note(file, damage.clone());
            }
            Ok(batch)
        };
        Chunk { file: Some(file), ..Chunk::new(source_bytes, parse) }
    }

    fn open_next(&mut self) -> Result<()> {
        let file = self.state.next_file;
        self.state.next_file += 1;
        let looked = &self.files[file];
        let context = OpenFile {
            file,
            name: looked.file.name.clone(),
            schema: SchemaRef::clone(&self.schema),
            stream_offset: self.state.stream_offset,
            batch_rows: self.batch_rows,
            skip_errors: self.skip_errors,
            quotes: self.quotes.clone(),
        };
        self.state.current = Some(open(looked, context, &self.shared, &self.widened)?);
        Ok(())
    }

    fn is_unwanted(&self, file: usize) -> bool {
        self.wanted.as_ref().and_then(|wanted| wanted.get(file)) == Some(&false)
    }

    fn end_file(&mut self) {
        if let Some(reader) = self.state.current.take() {
            self.state.stream_offset += reader.records();
        }
        let size = self.files[self.state.next_file - 1].file.size.unwrap_or(self.state.file_bytes);
        self.state.owed_bytes += size.saturating_sub(std::mem::take(&mut self.state.file_bytes));
    }
}

/// The reader of an empty file.
pub(super) struct NoRecords;

impl FileReader for NoRecords {
    fn next_chunk(&mut self) -> Result<Option<Chunk>> {
        Ok(None)
    }

    fn records(&self) -> u64 {
        0
    }
}
