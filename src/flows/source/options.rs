//! How an input is read.

use crate::Stop;
use crate::flows::condition::Condition;
use arrow_schema::DataType;
use std::sync::Arc;

/// How to read the input.
#[derive(Debug, Clone)]
pub struct InputOptions {
    /// Column names for text files without a header (or to replace it): names, or a preset already expanded.
    pub column_names: Option<Vec<String>>,
    /// The byte between the fields of delimited text, where the content does not tell it.
    pub delimiter: Option<u8>,
    /// Types that are already known (from a model), by column name; they win over what the head of a file suggests.
    pub known_types: Vec<(String, DataType)>,
    /// Rows aimed at in a batch.
    pub batch_rows: usize,
    /// Keep the part of a damaged file before the damage instead of failing: of Parquet the whole row groups, of Arrow
    /// the whole record batches before the first damaged one, of text the whole records.
    pub skip_errors: bool,
    /// Copy standard input and other pipes to temporary files of at most so many bytes each, so that they can be read
    /// twice (and be Parquet).
    pub spool: Option<u64>,
    /// Only records of which this is true are read; the others keep their numbers.
    pub condition: Option<Arc<Condition>>,
    /// The columns of an input whose files are all empty, by name; without any, such an input is refused. What was scored and
    /// had nothing to write is such a file where the format has no header (NDJSON).
    pub columns_of_empty: Vec<(String, DataType)>,
    /// Ends the wait for a pipe that nobody writes to.
    pub stop: Stop,
}

impl Default for InputOptions {
    fn default() -> Self {
        Self {
            column_names: None,
            delimiter: None,
            known_types: Vec::new(),
            batch_rows: 65_536,
            skip_errors: false,
            spool: None,
            condition: None,
            columns_of_empty: Vec::new(),
            stop: Stop::new(),
        }
    }
}
