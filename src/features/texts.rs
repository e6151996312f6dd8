//! A column read as text, whatever its Arrow type.

use super::numbers::{self, Numbers};
use crate::{Error, Result};
use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayAccessor};
use arrow_schema::DataType;
use std::ops::Range;

/// Whether a type holds text (or a dictionary of it).
pub fn is_text(data_type: &DataType) -> bool {
    match data_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        DataType::Dictionary(_, values) => is_text(values),
        _ => false,
    }
}

/// Shows the text of each row in `rows`: without white space around it, `None` where it is null or empty. Numbers are
/// shown as [`number_as_text`] writes them.
///
/// # Errors
/// [`Error::Schema`] for types that hold neither text nor numbers.
pub fn visit(array: &dyn Array, rows: Range<usize>, mut show: impl FnMut(usize, Option<&str>)) -> Result<()> {
    match array.data_type() {
        DataType::Utf8 => visit_strings(array.as_string::<i32>(), rows, show),
        DataType::LargeUtf8 => visit_strings(array.as_string::<i64>(), rows, show),
        DataType::Utf8View => visit_strings(array.as_string_view(), rows, show),
        _ => {
            if let Some(dictionary) = array.as_any_dictionary_opt() {
                let entries = owned(dictionary.values().as_ref())?;
                let keys = Keys::new(dictionary.keys())?;
                rows.for_each(|row| show(row, keys.get(row).and_then(|k| entries.get(k)).and_then(|t| t.as_deref())));
            } else if numbers::is_number(array.data_type()) {
                let reader = Numbers::new(array)?;
                let mut writer = NumberText::default();
                for row in rows {
                    let mut value = [f64::NAN];
                    reader.read(row, &mut value);
                    show(row, writer.write(value[0]));
                }
            } else {
                return Err(Error::Schema(format!("a column of type {} holds no text", array.data_type())));
            }
        }
    }
    Ok(())
}

fn visit_strings<'a>(
    array: impl ArrayAccessor<Item = &'a str>,
    rows: Range<usize>,
    mut show: impl FnMut(usize, Option<&str>),
) {
    let rows = rows.start..rows.end.min(array.len());
    match array.nulls().filter(|nulls| nulls.null_count() > 0) {
        None => rows.for_each(|row| show(row, present(array.value(row)))),
        Some(nulls) => {
            rows.for_each(|row| show(row, if nulls.is_null(row) { None } else { present(array.value(row)) }));
        }
    }
}

/// The text without white space around it; `None` if nothing is left.
#[inline]
pub fn present(text: &str) -> Option<&str> {
    let bytes = text.as_bytes();
    let padded = match bytes {
        [] => return None,
        [first, .., last] => *first <= b' ' || *last <= b' ' || !first.is_ascii() || !last.is_ascii(),
        [only] => *only <= b' ',
    };
    let text = if padded { text.trim() } else { text };
    (!text.is_empty()).then_some(text)
}

/// Every entry of an array of texts or numbers.
fn owned(array: &dyn Array) -> Result<Vec<Option<String>>> {
    let mut texts = Vec::with_capacity(array.len());
    visit(array, 0..array.len(), |_, text| texts.push(text.map(str::to_owned)))?;
    Ok(texts)
}

/// A dictionary's keys, of any integer type.
pub struct Keys<'a> {
    keys: Numbers<'a>,
}

impl<'a> Keys<'a> {
    pub fn new(keys: &'a dyn Array) -> Result<Self> {
        Ok(Self { keys: Numbers::new(keys)? })
    }

    /// The entry of a row; `None` where it is null.
    #[inline]
    pub fn get(&self, row: usize) -> Option<usize> {
        let mut key = [f64::NAN];
        match &self.keys {
            Numbers::Int32(keys) => return (!keys.is_null(row)).then(|| keys.value(row) as usize),
            other => other.read(row, &mut key),
        }
        // Dictionary keys are below 2^53, where f64 is exact.
        (key[0] >= 0.0).then_some(key[0] as usize)
    }
}

/// Writes numbers as category names: `6` whether the column holds 6 or 6.0, so that a column that is integer in one file
/// and real in the next keeps its categories.
#[derive(Default)]
pub struct NumberText {
    integer: itoa::Buffer,
    real: ryu::Buffer,
}

impl NumberText {
    /// `None` for NaN. Reals are written in the shortest form that reads back the same.
    pub fn write(&mut self, value: f64) -> Option<&str> {
        if value.is_nan() {
            None
        } else if value.fract() == 0.0 && value.abs() < 9_007_199_254_740_992.0 {
            Some(self.integer.format(value as i64))
        } else {
            Some(self.real.format(value))
        }
    }
}
