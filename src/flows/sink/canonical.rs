//! Rows as bytes that are the same however the row was read: for names that a record keeps.

use super::cell::{Column, Dialect};
use crate::{Error, Result};
use arrow_array::RecordBatch;

/// Cells as text without a dress; what is missing is nothing.
struct Bare;

impl Dialect for Bare {
    fn null(&self, _out: &mut Vec<u8>) {}

    fn boolean(&self, value: bool, out: &mut Vec<u8>) {
        out.extend_from_slice(if value { b"true" } else { b"false" });
    }

    fn not_finite(&self, _value: f64, _out: &mut Vec<u8>) {}

    fn text(&self, text: &str, out: &mut Vec<u8>) {
        out.extend_from_slice(text.as_bytes());
    }

    fn around_plain(&self, _out: &mut Vec<u8>) {}
}

/// Gives each row's bytes to `take`: of every cell that has a value, in the order of the columns' names, the name's and the
/// value's length and text. A number that is whole has no fraction, whatever the type of its column; columns without values,
/// which another file of the input brought in, change nothing.
///
/// # Errors
/// A column of a type without a text form.
pub(crate) fn each_row(batch: &RecordBatch, mut take: impl FnMut(usize, &[u8])) -> Result<()> {
    let refused = |e: arrow_schema::ArrowError| Error::Schema(format!("a record has no text form: {e}"));
    let schema = batch.schema_ref();
    let mut columns = Vec::with_capacity(batch.num_columns());
    for (field, column) in schema.fields().iter().zip(batch.columns()) {
        columns.push((field.name().as_str(), Column::new(column, &Bare).map_err(refused)?));
    }
    columns.sort_by_key(|(name, _)| *name);
    let mut bytes = Vec::new();
    let mut cell = Vec::new();
    for row in 0..batch.num_rows() {
        bytes.clear();
        for (name, column) in &columns {
            cell.clear();
            column.write(row, &Bare, &mut cell);
            let value = cell.strip_suffix(b".0").unwrap_or(&cell);
            if value.is_empty() {
                continue;
            }
            for part in [name.as_bytes(), value] {
                bytes.extend_from_slice(&(part.len() as u64).to_le_bytes());
                bytes.extend_from_slice(part);
            }
        }
        take(row, &bytes);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::{ArrayRef, Float64Array, Int64Array, StringArray, new_null_array};
    use arrow_schema::DataType;
    use std::sync::Arc;

    fn rows(columns: Vec<(&str, ArrayRef)>) -> Vec<Vec<u8>> {
        let mut all = Vec::new();
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        each_row(&batch, |_, bytes| all.push(bytes.to_vec())).unwrap();
        all
    }

    #[test]
    fn a_row_is_the_same_in_company_and_by_any_type() {
        let text = || Arc::new(StringArray::from(vec!["x", "y"])) as ArrayRef;
        let alone = rows(vec![("a", Arc::new(Int64Array::from(vec![5, 6]))), ("b", text())]);
        let beside = rows(vec![
            ("z", new_null_array(&DataType::Int64, 2)),
            ("b", text()),
            ("a", Arc::new(Float64Array::from(vec![5.0, 6.0]))),
        ]);
        assert_eq!(alone, beside);
        let as_text = rows(vec![("a", Arc::new(StringArray::from(vec!["5", "6"]))), ("b", text())]);
        assert_eq!(alone, as_text);
        assert_ne!(alone[0], alone[1]);
    }

    #[test]
    fn what_stands_in_one_column_is_not_in_another() {
        let cell = |text: &str| Arc::new(StringArray::from(vec![text])) as ArrayRef;
        assert_ne!(rows(vec![("a", cell("bc"))]), rows(vec![("ab", cell("c"))]));
        assert_ne!(rows(vec![("a", cell("b")), ("c", cell("d"))]), rows(vec![("a", cell("d")), ("c", cell("b"))]));
    }
}
