//! Rows under construction: typed columns, record numbers, and the records that are set aside.

use super::blocks::KEPT_TEXT;
use super::columns::{Column, Misfit};
use super::encoding::readable;
use crate::flows::source::OpenFile;
use crate::flows::source::quotes::Quotes;
use crate::flows::source::widened::Widened;
use crate::flows::{Batch, RecordNumbers, Reject, Rejected};
use crate::{Error, Result};
use arrow_array::{BooleanArray, RecordBatch, RecordBatchOptions};
use arrow_schema::ArrowError;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The rows of one block.
pub(in crate::flows::source) struct Assembly {
    /// The columns of the input; each takes the accepted records' fields, some rows at a time.
    pub columns: Vec<Column>,
    first: u64,
    accepted: usize,
    passed: u64,
    /// The numbers of the accepted records, once they are not consecutive.
    numbers: Option<Vec<u64>>,
    rejected: BTreeMap<u64, Rejected>,
    /// Accepted records whose fields turned out not to fit.
    refused: Vec<usize>,
    /// What did not fit: the column's place, why not, the record.
    misfits: Vec<(usize, Misfit, u64)>,
    quotes: Option<Arc<Quotes>>,
}

impl Assembly {
    /// No rows; the next record is number `first`.
    pub fn new(columns: Vec<Column>, first: u64) -> Self {
        Self {
            columns,
            first,
            accepted: 0,
            passed: 0,
            numbers: None,
            rejected: BTreeMap::new(),
            refused: Vec::new(),
            misfits: Vec::new(),
            quotes: None,
        }
    }

    /// Keeps the text of rows that are to be quoted.
    pub fn quoting(&mut self, quotes: &Option<Arc<Quotes>>) {
        self.quotes.clone_from(quotes);
    }

    /// The next record, which reads so, is a row.
    #[inline(always)]
    pub fn accept<'a>(&mut self, text: impl FnOnce() -> &'a [u8]) {
        if let Some(quotes) = &self.quotes {
            quotes.keep(self.first + self.accepted as u64 + self.passed, text());
        }
        if let Some(numbers) = &mut self.numbers {
            numbers.push(self.first + self.accepted as u64 + self.passed);
        }
        self.accepted += 1;
    }

    /// The next record is no row.
    pub fn pass_over(&mut self) {
        let end = self.first + self.accepted as u64;
        self.numbers.get_or_insert_with(|| (self.first..end).collect());
        self.passed += 1;
    }

    /// The next record is no row, and this is why.
    pub fn reject(&mut self, reason: Reject, detail: String, text: &[u8]) {
        self.keep(self.first + self.accepted as u64 + self.passed, reason, detail, text);
        self.pass_over();
    }

    /// Row `row`, accepted before, is none after all: its value does not fit a column (its place, and why not).
    pub fn refuse(&mut self, row: usize, misfit: (usize, Misfit), column: &str, value: &[u8], text: &[u8]) {
        let consecutive = self.first + row as u64;
        let record = self.numbers.as_ref().map_or(Some(consecutive), |numbers| numbers.get(row).copied());
        let record = record.unwrap_or(consecutive);
        let detail = format!("column {column}: {}{}", shown(value), misfit.1.words());
        let reason = if misfit.1 == Misfit::Time { Reject::BadTime } else { Reject::BadNumber };
        self.keep(record, reason, detail, text);
        self.refused.push(row);
        self.misfits.push((misfit.0, misfit.1, record));
    }

    fn keep(&mut self, record: u64, reason: Reject, detail: String, text: &[u8]) {
        let text = text.get(..KEPT_TEXT).unwrap_or(text).to_vec();
        self.rejected.entry(record).or_insert(Rejected { record, reason, detail, text });
    }

    /// The rows as a batch.
    pub fn finish(mut self, context: &OpenFile, widened: &Widened) -> Result<Batch> {
        let failed = |error: ArrowError| Error::Schema(format!("{}: {error}", context.name));
        let columns = self.columns.into_iter().map(Column::finish).collect::<Result<Vec<_>, _>>().map_err(failed)?;
        self.misfits.iter_mut().for_each(|(_, _, record)| *record += context.stream_offset);
        let schema = widened.note(&context.schema, &columns, &self.misfits, context.stream_offset + self.first);
        let options = RecordBatchOptions::new().with_row_count(Some(self.accepted));
        let mut columns = RecordBatch::try_new_with_options(schema, columns, &options).map_err(failed)?;
        let mut numbers = self.numbers;
        if !self.refused.is_empty() {
            let mut keep = vec![true; self.accepted];
            for &row in &self.refused {
                keep[row] = false;
            }
            let all = numbers.unwrap_or_else(|| (self.first..self.first + self.accepted as u64).collect());
            numbers = Some(all.into_iter().zip(&keep).filter(|(_, keep)| **keep).map(|(number, _)| number).collect());
            columns = arrow_select::filter::filter_record_batch(&columns, &BooleanArray::from(keep)).map_err(failed)?;
        }
        Ok(Batch {
            columns,
            file: context.file,
            numbers: numbers.map_or(RecordNumbers::Run { first: self.first }, RecordNumbers::Listed),
            stream_offset: context.stream_offset,
            rejected: self.rejected.into_values().collect(),
            damage: None,
        })
    }
}

/// A value as a message shows it: quoted, control characters escaped, cut.
pub(in crate::flows::source) fn shown(value: &[u8]) -> String {
    let value = readable(value);
    let mut cut: String = value.chars().take(80).collect();
    if cut.len() < value.len() {
        cut.push('…');
    }
    format!("{cut:?}")
}
