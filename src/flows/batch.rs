//! A batch of records with their provenance.

use super::source::Damage;
use crate::Result;
use arrow_array::RecordBatch;
use std::fmt;

/// Consecutive records of one file, in input order.
#[derive(Debug, Clone)]
pub struct Batch {
    /// The original columns, in the schema of the whole input (see [`super::source::Source::schema`]).
    pub columns: RecordBatch,
    /// Index into [`super::source::Input::files`].
    pub file: usize,
    /// The number of each row's record in its file; the first record is 1.
    pub numbers: RecordNumbers,
    /// Records (rejected ones included) in all earlier files. `stream_offset + number - 1` is a record's
    /// position in the whole stream, by which samples are drawn.
    pub stream_offset: u64,
    /// Records between these rows that could not be used, in input order.
    pub rejected: Vec<Rejected>,
    /// The file is damaged behind these rows: whatever else is read of it does not count.
    pub damage: Option<Damage>,
}

impl Batch {
    /// The batch, for a reader that puts up with no damage.
    ///
    /// # Errors
    /// The damage that the batch ends at, if there is one.
    pub fn undamaged(self) -> Result<Self> {
        match self.damage {
            Some(damage) => Err(damage.into()),
            None => Ok(self),
        }
    }

    /// Rows in the batch (rejected records are not rows).
    pub fn n_rows(&self) -> usize {
        self.columns.num_rows()
    }

    /// Position of row `row` in the whole stream; the first record of the first file is 0.
    pub fn stream_position(&self, row: usize) -> u64 {
        self.stream_offset + self.numbers.get(row) - 1
    }
}

/// The record numbers of a batch's rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordNumbers {
    /// Row 0 is record `first`, row 1 is `first + 1`, and so on.
    Run {
        /// Number of row 0 (1-based within its file).
        first: u64,
    },
    /// One number a row: used where records between the rows were rejected or blank.
    Listed(Vec<u64>),
}

impl RecordNumbers {
    /// The number of row `row`'s record in its file (1-based). Rows past the end of a list have no number: 0.
    pub fn get(&self, row: usize) -> u64 {
        match self {
            Self::Run { first } => first + row as u64,
            Self::Listed(numbers) => numbers.get(row).copied().unwrap_or(0),
        }
    }
}

/// Why a record was rejected: the reasons that are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Reject {
    /// Fewer fields than the header has names.
    TooFewFields,
    /// More fields than the header has names.
    TooManyFields,
    /// A field of a numeric column that is no number.
    BadNumber,
    /// A field of a column of times that is no time.
    BadTime,
    /// A quote that is opened and not closed in its record.
    BadQuote,
    /// Bytes that are not UTF-8.
    NotUtf8,
    /// A line that is not a JSON object.
    BadJson,
    /// A record longer than the limit of a record.
    TooLong,
}

impl fmt::Display for Reject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooFewFields => "too few fields",
            Self::TooManyFields => "too many fields",
            Self::BadNumber => "bad number",
            Self::BadTime => "bad time",
            Self::BadQuote => "unclosed quote",
            Self::NotUtf8 => "not UTF-8",
            Self::BadJson => "not a JSON object",
            Self::TooLong => "record too long",
        })
    }
}

/// A record that could not be used, kept so that it can be counted and written to a side file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// Its number in the file; the first record is 1.
    pub record: u64,
    /// The reason it is counted under.
    pub reason: Reject,
    /// What was met, for a person: `column src_bytes: "12x"`.
    pub detail: String,
    /// The record's own bytes, without its line end (cut at 64 KiB).
    pub text: Vec<u8>,
}
