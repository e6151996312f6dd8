//! The input of a run: the files that were named, what each is, and the schema that unites them.

use super::chain::{Chain, Shared};
use super::gather::{Gathered, gather};
use super::look::Looked;
use super::pipe::Spooled;
use super::quotes::Quotes;
use super::widened::{Widened, Widening};
use super::{Damage, InputFile, InputOptions, Source};
use crate::Result;
use arrow_schema::SchemaRef;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

/// Values that a batch may have, about: 128 MiB of numbers. Beyond 256 columns it has fewer rows than 65,536.
const BATCH_CELLS: usize = 1 << 24;

/// All files of a run as one stream with one schema.
#[derive(Debug)]
pub struct Input {
    /// The files in reading order.
    pub files: Vec<InputFile>,
    /// The columns that unite all files.
    pub schema: SchemaRef,
    /// Files that were found and hold no flows, by the name of their log (`http`).
    pub other_logs: BTreeMap<String, u64>,
    /// Files that were found and could not be read.
    pub unreadable: u64,
    /// Things to say once: files passed over or named twice, files with a part of the columns.
    pub notes: Vec<String>,
    looked: Arc<Vec<Looked>>,
    shared: Arc<Shared>,
    options: InputOptions,
    /// The copies of pipes; removed when the input is dropped.
    _spooled: Vec<Spooled>,
}

/// What records are counted as that [`InputOptions::condition`] leaves out, among [`Input::passed_over`].
pub const LEFT_OUT: &str = "left out by --where";

impl Input {
    /// Finds and recognises the inputs: files, directories, globs, `-` for standard input.
    ///
    /// # Errors
    /// If nothing is found, a file cannot be read, or the content of one that was named (not found in a directory) is of
    /// no known format.
    pub fn open(inputs: &[String], options: &InputOptions) -> Result<Self> {
        Self::open_with_stdin(inputs, options, Box::new(std::io::stdin()))
    }

    /// The same, with `-` standing for any reader.
    ///
    /// # Errors
    /// As [`Input::open`].
    pub fn open_with_stdin(inputs: &[String], options: &InputOptions, stdin: Box<dyn Read + Send>) -> Result<Self> {
        let Gathered { looked, spooled, schema, other_logs, unreadable, notes } = gather(inputs, options, stdin)?;
        let shared = Shared::new(schema.fields().len());
        Ok(Self {
            files: looked.iter().map(|file| file.file.clone()).collect(),
            schema,
            other_logs,
            unreadable,
            notes,
            looked: Arc::new(looked),
            shared: Arc::new(shared),
            options: options.clone(),
            _spooled: spooled,
        })
    }

    /// Whether all its files are empty: [`InputOptions::columns_of_empty`] has its columns.
    pub fn is_empty(&self) -> bool {
        self.looked.iter().all(Looked::is_empty)
    }

    /// Starts reading. Files can be read any number of times, a standard input that was not spooled once: the second
    /// source then fails at its first chunk.
    ///
    /// # Errors
    /// None so far; files are opened when their turn comes.
    pub fn source(&self) -> Result<Box<dyn Source>> {
        Ok(self.chain(false))
    }

    /// Starts reading some of the files, beside any other pass: nothing of it is counted. As the others are not read, the
    /// records' places in the whole stream are not known; their files and numbers are.
    ///
    /// # Errors
    /// As [`Input::source`].
    pub fn source_of(&self, wanted: impl Fn(usize) -> bool) -> Result<Box<dyn Source>> {
        Ok(self.chain_of(wanted, None))
    }

    /// Records of a file as they stand in it, by their numbers (the first is 1): of text their bytes without the line's end, of
    /// Parquet and Arrow their fields as a JSON object. Records that are not there, or are rejected, are left out.
    ///
    /// # Errors
    /// Whatever reading meets.
    pub fn originals(&self, file: usize, records: &BTreeSet<u64>) -> Result<BTreeMap<u64, Vec<u8>>> {
        let quotes = Arc::new(Quotes::new(records.clone()));
        let mut source = self.chain_of(|other| other == file, Some(Arc::clone(&quotes)));
        let is_text = self.files.get(file).is_none_or(|file| file.format.is_text());
        while let Some(chunk) = source.next_chunk()? {
            let batch = chunk.parse()?;
            if !is_text {
                quotes.keep_rows(&batch)?;
            }
            if quotes.has_all() {
                break;
            }
        }
        Ok(quotes.take())
    }

    fn chain_of(&self, wanted: impl Fn(usize) -> bool, quotes: Option<Arc<Quotes>>) -> Box<dyn Source> {
        let n_columns = self.schema.fields().len();
        Box::new(Chain {
            files: Arc::clone(&self.looked),
            shared: Arc::new(Shared::new(n_columns)),
            schema: SchemaRef::clone(&self.schema),
            batch_rows: self.batch_rows(),
            skip_errors: self.options.skip_errors,
            widened: Arc::new(Widened::new(n_columns, false)),
            wanted: Some((0..self.looked.len()).map(wanted).collect()),
            quotes,
            condition: self.options.condition.clone(),
            state: Default::default(),
        })
    }

    /// Starts a first pass in which an integer column that meets other numbers becomes Float64 in that batch. When it
    /// has ended, [`Input::settle`] makes that part of the schema.
    ///
    /// # Errors
    /// As [`Input::source`].
    pub fn survey_source(&self) -> Result<Box<dyn Source>> {
        Ok(self.chain(true))
    }

    /// Widens the columns in which the latest pass met what has no room in their types: integers with fractions among
    /// them become Float64; numbers that only text keeps, or more than one value in 1,000 that is no number, make a
    /// column text. Rarer ones are broken records and stay rejected. Returns what changed.
    pub fn settle(&mut self) -> Vec<Widening> {
        let (settled, changed) = self.widened().settle(&self.schema);
        self.schema = settled;
        changed
    }

    /// Whether the latest pass rejected records that another one would keep after [`Input::settle`]. Never true of an
    /// input that cannot be read again.
    pub fn wants_wider(&self) -> bool {
        self.files.iter().all(|file| file.path.is_some()) && self.widened().wants_another_pass(&self.schema)
    }

    fn widened(&self) -> Arc<Widened> {
        // What is in there is whole, whoever panicked holding it.
        Arc::clone(&self.shared.widened.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The damaged files that sources met so far, in reading order.
    pub fn damages(&self) -> Vec<Damage> {
        self.shared.damages.lock().map(|damages| damages.values().cloned().collect()).unwrap_or_default()
    }

    /// Keys of JSON objects that are no columns (they came up only after the beginning of a file), with the number
    /// of records that had them in the last pass. At most 1,000 names are kept; the rest are counted under `…`.
    pub fn unknown_keys(&self) -> Vec<(String, u64)> {
        self.shared.unknown_keys.counts()
    }

    /// Records that are no flows and were passed over in the last pass, by kind: EVE's other events, Argus' `man`, other logs
    /// joined to Zeek's.
    pub fn passed_over(&self) -> Vec<(String, u64)> {
        self.shared.passed.counts()
    }

    /// Lines of delimited text that were not UTF-8 and read as Windows-1252 in the last pass.
    pub fn recoded_lines(&self) -> u64 {
        self.shared.recoded.load(Ordering::Relaxed)
    }

    /// Rows aimed at in a batch. A row has a place in every column, whether its record says anything of it or not: of a table
    /// with thousands of columns fewer rows are taken at once.
    fn batch_rows(&self) -> usize {
        self.options.batch_rows.min(BATCH_CELLS / self.schema.fields().len().max(1)).max(1)
    }

    fn chain(&self, survey: bool) -> Box<dyn Source> {
        self.shared.recoded.store(0, Ordering::Relaxed);
        self.shared.unknown_keys.clear();
        self.shared.passed.clear();
        // A pass notes in a place of its own, so that the reader of one that was given up cannot write into the next.
        let widened = Arc::new(Widened::new(self.schema.fields().len(), survey));
        *self.shared.widened.lock().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&widened);
        Box::new(Chain {
            files: Arc::clone(&self.looked),
            shared: Arc::clone(&self.shared),
            schema: SchemaRef::clone(&self.schema),
            batch_rows: self.batch_rows(),
            skip_errors: self.options.skip_errors,
            widened,
            wanted: None,
            quotes: None,
            condition: self.options.condition.clone(),
            state: Default::default(),
        })
    }
}
