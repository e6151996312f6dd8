//! Conditions on records, as in SQL's `WHERE`: `proto = 'tcp' AND id.resp_p IN (22, 3389) AND duration > 60`.
//!
//! Columns go by their names; a name with dots needs no quotes, others stand in double quotes, text in single ones. There are
//! `= <> < <= > >=`, `BETWEEN`, `IN`, `LIKE`, `ILIKE`, `IS NULL`, `AND`, `OR`, `NOT`, and `in_network(COLUMN, '10.0.0.0/8')`. What is
//! unknown is neither true nor false, as in SQL: a record without a duration is not kept by `duration > 60`, nor by `NOT duration
//! > 60`. Times compare with numbers of seconds since 1970 and with dates (`ts >= '2024-04-19 08:00'`, UTC where they state no zone).

mod evaluate;
mod parse;
#[cfg(test)]
mod tests;

use crate::flows::Batch;
use crate::flows::RecordNumbers;
use crate::{Error, Result};
use arrow_array::{BooleanArray, RecordBatch};
use arrow_schema::Schema;
use arrow_select::filter::filter_record_batch;
use ipnet::IpNet;

/// A condition on the records of any table that has its columns.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    text: String,
    test: Test,
}

/// A test of a row.
#[derive(Debug, Clone, PartialEq)]
enum Test {
    All(Vec<Test>),
    Any(Vec<Test>),
    Not(Box<Test>),
    Constant(bool),
    Compare(String, Comparison, Operand),
    Like { column: String, pattern: String, any_case: bool },
    IsNull(String),
    InNetwork(String, IpNet),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Equal,
    Unequal,
    Less,
    AtMost,
    Greater,
    AtLeast,
}

/// What a column is compared with.
#[derive(Debug, Clone, PartialEq)]
enum Operand {
    Column(String),
    /// As it was written.
    Number(String),
    Text(String),
    Boolean(bool),
}

impl Condition {
    /// From its text; a `WHERE` before it is passed over.
    ///
    /// # Errors
    /// [`Error::Parameter`] if it is no condition, or one of a kind that is not known here.
    pub fn parse(text: &str) -> Result<Self> {
        Ok(Self { text: text.to_owned(), test: parse::test(text)? })
    }

    /// Whether the columns that it names are there and of types that it can be asked of.
    ///
    /// # Errors
    /// [`Error::Parameter`] that names the column.
    pub fn check(&self, schema: &Schema) -> Result<()> {
        self.holds(&RecordBatch::new_empty(std::sync::Arc::new(schema.clone()))).map(drop)
    }

    /// Of which rows it is true: neither of those of which it is false, nor of those of which that is not known.
    ///
    /// # Errors
    /// As [`Condition::check`].
    pub fn holds(&self, batch: &RecordBatch) -> Result<BooleanArray> {
        let known = evaluate::test(&self.test, batch)?;
        Ok(known.iter().map(|known| Some(known == Some(true))).collect())
    }

    /// Keeps the rows of which it is true, with their numbers; also gives how many were left out.
    ///
    /// # Errors
    /// As [`Condition::check`].
    pub(crate) fn keep(&self, batch: Batch) -> Result<(Batch, u64)> {
        let holds = self.holds(&batch.columns)?;
        let kept = holds.true_count();
        if kept == batch.n_rows() {
            return Ok((batch, 0));
        }
        let left_out = (batch.n_rows() - kept) as u64;
        let columns = filter_record_batch(&batch.columns, &holds)
            .map_err(|error| Error::Schema(format!("rows could not be filtered: {error}")))?;
        let rows = (0..batch.n_rows()).filter(|&row| holds.value(row));
        let numbers = RecordNumbers::Listed(rows.map(|row| batch.numbers.get(row)).collect());
        Ok((Batch { columns, numbers, ..batch }, left_out))
    }
}

impl std::fmt::Display for Condition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}
