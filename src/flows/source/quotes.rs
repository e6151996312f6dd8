//! Records as they stand in their file, for whoever wants to see them untouched.

use crate::Result;
use crate::flows::Batch;
use crate::flows::sink::json_lines;
use arrow_array::UInt64Array;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

/// Records of a file whose text is kept; filled by the threads that parse.
#[derive(Debug, Default)]
pub(crate) struct Quotes {
    wanted: BTreeSet<u64>,
    found: Mutex<BTreeMap<u64, Vec<u8>>>,
}

impl Quotes {
    /// For the records of these numbers.
    pub fn new(wanted: BTreeSet<u64>) -> Self {
        Self { wanted, found: Mutex::default() }
    }

    /// Keeps the text of record `number`, if it is wanted.
    pub fn keep(&self, number: u64, text: &[u8]) {
        if self.wanted.contains(&number) {
            self.found.lock().unwrap_or_else(PoisonError::into_inner).insert(number, text.to_vec());
        }
    }

    /// Keeps the wanted rows of a batch as JSON objects.
    pub fn keep_rows(&self, batch: &Batch) -> Result<()> {
        let rows = (0..batch.n_rows()).filter(|&row| self.wanted.contains(&batch.numbers.get(row)));
        let rows: Vec<u64> = rows.map(|row| row as u64).collect();
        let taken = arrow_select::take::take_record_batch(&batch.columns, &UInt64Array::from(rows.clone()))
            .map_err(|error| crate::Error::Schema(format!("rows could not be taken: {error}")))?;
        let text = json_lines(&taken)?;
        for (row, line) in rows.iter().zip(text.split(|&byte| byte == b'\n')) {
            self.keep(batch.numbers.get(*row as usize), line);
        }
        Ok(())
    }

    /// Whether all are there.
    pub fn has_all(&self) -> bool {
        self.found.lock().unwrap_or_else(PoisonError::into_inner).len() >= self.wanted.len()
    }

    /// What was found.
    pub fn take(&self) -> BTreeMap<u64, Vec<u8>> {
        std::mem::take(&mut *self.found.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
