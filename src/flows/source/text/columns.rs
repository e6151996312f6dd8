//! Typed columns that text is parsed into, a field at a time.

use super::number::{Token, classify, eight_digits, integral, short_decimal};
use super::scan::QUOTE;
use crate::flows::record::{LogZone, when};
use arrow_array::{ArrayRef, BooleanArray, Float64Array, Int64Array, StringArray, TimestampMicrosecondArray};
use arrow_buffer::{BooleanBuffer, BooleanBufferBuilder, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow_schema::{ArrowError, DataType, TimeUnit};
use std::sync::Arc;

/// The type of times that a log declares as such: µs since 1970, UTC.
pub(in crate::flows::source) fn instant_type() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some(UTC.into()))
}

const UTC: &str = "UTC";

/// The values of a column so far.
#[derive(Debug)]
enum Values {
    Int(Vec<i64>),
    Float(Vec<f64>),
    Boolean(Vec<bool>),
    /// Of [`instant_type`].
    Instant(Vec<i64>),
    Text {
        offsets: Vec<i32>,
        bytes: Vec<u8>,
    },
    /// Nothing but nulls, of any type.
    Absent(DataType, usize),
}

/// A column under construction.
#[derive(Debug)]
pub(in crate::flows::source) struct Column {
    values: Values,
    /// Rows without a value, ascending.
    nulls: Vec<u32>,
    /// Whether a non-integer makes an integer column one of real numbers instead of being refused.
    widens: bool,
    /// Whether it did. The column's integers are ids as long as it is not known to be of real numbers.
    widened: bool,
}

/// Why a field does not fit its column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::flows::source) enum Misfit {
    /// A number with a fraction in a column of integers.
    Real,
    /// A number that only text keeps as it is written.
    Code,
    /// Nothing that the column's type has.
    Text,
    /// No time, in a column of times.
    Time,
}

impl Misfit {
    /// What a message says behind the value.
    pub fn words(self) -> &'static str {
        match self {
            Self::Real => " in a column of integers",
            Self::Code => " in a column of numbers would lose digits",
            Self::Text => "",
            Self::Time => " is no time",
        }
    }
}

impl Column {
    /// An empty column for `rows` values of about `bytes` bytes of text in all.
    pub fn new(data_type: &DataType, rows: usize, bytes: usize, widens: bool) -> Self {
        let values = match data_type {
            DataType::Int64 => Values::Int(Vec::with_capacity(rows)),
            DataType::Float64 => Values::Float(Vec::with_capacity(rows)),
            DataType::Boolean => Values::Boolean(Vec::with_capacity(rows)),
            known if *known == instant_type() => Values::Instant(Vec::with_capacity(rows)),
            DataType::Utf8 => {
                let mut offsets = Vec::with_capacity(rows + 1);
                offsets.push(0);
                Values::Text { offsets, bytes: Vec::with_capacity(bytes) }
            }
            other => Values::Absent(other.clone(), 0),
        };
        Self { values, nulls: Vec::new(), widens, widened: false }
    }

    fn len(&self) -> usize {
        match &self.values {
            Values::Int(values) => values.len(),
            Values::Float(values) => values.len(),
            Values::Boolean(values) => values.len(),
            Values::Instant(values) => values.len(),
            Values::Text { offsets, .. } => offsets.len() - 1,
            Values::Absent(_, n) => *n,
        }
    }

    /// Appends a row without a value.
    pub fn push_null(&mut self) {
        self.nulls.push(self.len() as u32);
        match &mut self.values {
            Values::Int(values) => values.push(0),
            Values::Float(values) => values.push(f64::NAN),
            Values::Boolean(values) => values.push(false),
            Values::Instant(values) => values.push(0),
            Values::Text { offsets, bytes } => offsets.push(bytes.len() as i32),
            Values::Absent(_, n) => *n += 1,
        }
    }

    /// Appends an integer if this is a column of integers.
    #[inline(always)]
    pub fn push_integer(&mut self, value: i64) -> bool {
        let Values::Int(values) = &mut self.values else { return false };
        values.push(value);
        true
    }

    /// Appends text as it is, empty text too; a column of another type takes what the text says.
    pub fn push_text(&mut self, text: &[u8]) -> Result<(), Misfit> {
        match &mut self.values {
            Values::Text { offsets, bytes } => {
                bytes.extend_from_slice(text);
                offsets.push(bytes.len() as i32);
                Ok(())
            }
            _ => self.push_field(text),
        }
    }

    /// Appends empty text; null in a column of another type.
    pub fn push_empty(&mut self) -> Result<(), Misfit> {
        match &self.values {
            Values::Text { .. } => self.push_text(b""),
            _ => {
                self.push_null();
                Ok(())
            }
        }
    }

    /// Appends a field; an empty one is null. A refused field is appended as null.
    pub fn push_field(&mut self, field: &[u8]) -> Result<(), Misfit> {
        match &mut self.values {
            Values::Text { offsets, bytes } if !field.is_empty() => {
                bytes.extend_from_slice(field);
                offsets.push(bytes.len() as i32);
                Ok(())
            }
            Values::Boolean(values) => match boolean(field) {
                Some(value) => {
                    values.push(value);
                    Ok(())
                }
                None => self.push_refused(classify(field)),
            },
            Values::Float(values) => match short_decimal(field) {
                Some(value) => {
                    values.push(value);
                    Ok(())
                }
                None => self.push_number(field),
            },
            Values::Int(_) => self.push_number(field),
            Values::Instant(values) => {
                let time = when::of_decimal(field);
                match time.or_else(|| when::of_text(std::str::from_utf8(field).ok()?, LogZone::UTC)) {
                    Some(time) => {
                        values.push(time);
                        Ok(())
                    }
                    None => self.push_refused(classify(field)),
                }
            }
            Values::Text { .. } => {
                self.push_null();
                Ok(())
            }
            // No text format has this type: where the head of the file had no value, none may follow.
            Values::Absent(..) => self.push_refused(classify(field)),
        }
    }

    fn push_refused(&mut self, token: Token) -> Result<(), Misfit> {
        self.push_null();
        match (token, &self.values) {
            (Token::Missing { .. }, _) => Ok(()),
            (_, Values::Instant(_)) => Err(Misfit::Time),
            (Token::Float(_), Values::Int(_)) => Err(Misfit::Real),
            (Token::Code | Token::Wide(_), Values::Int(_) | Values::Float(_)) => Err(Misfit::Code),
            _ => Err(Misfit::Text),
        }
    }

    fn push_number(&mut self, field: &[u8]) -> Result<(), Misfit> {
        let token = classify(field);
        if let (Token::Float(value), Values::Int(values), true) = (token, &self.values, self.widens)
            && integral(value).is_none()
        {
            self.values = Values::Float(values.iter().map(|&v| v as f64).collect());
            self.widened = true;
        }
        match (&mut self.values, token) {
            (Values::Int(values), Token::Int(value)) => values.push(value),
            (Values::Float(values), Token::Int(value)) => values.push(value as f64),
            (Values::Float(values), Token::Float(value)) => values.push(value),
            (Values::Float(values), Token::Wide(value)) if !self.widened => values.push(value),
            (Values::Int(values), Token::Float(value)) if integral(value).is_some() => values.push(value as i64),
            _ => return self.push_refused(token),
        }
        Ok(())
    }

    /// Appends the fields `bytes[begin..end]` of many rows, given the places of each. `refused` learns the index of each
    /// row whose field does not fit, and why not.
    #[inline]
    pub fn push_fields(
        &mut self,
        bytes: &[u8],
        fields: impl Iterator<Item = (usize, usize)>,
        has_quotes: bool,
        mut refused: impl FnMut(usize, Misfit),
    ) {
        if let Values::Text { offsets, bytes: text } = &mut self.values {
            for (begin, end) in fields {
                let length = text.len();
                append(text, bytes, begin, end, has_quotes);
                if text.len() == length {
                    self.nulls.push(offsets.len() as u32 - 1);
                }
                offsets.push(text.len() as i32);
            }
            return;
        }
        for (row, (begin, end)) in fields.enumerate() {
            if let Values::Int(values) = &mut self.values
                && let Some(value) = eight_digits(bytes, begin, end)
            {
                values.push(value);
                continue;
            }
            let fits = match bytes.get(begin..end).unwrap_or_default() {
                field @ [QUOTE, ..] if has_quotes => self.push_field(&unquote(field)),
                field => self.push_field(field),
            };
            if let Err(misfit) = fits {
                refused(row, misfit);
            }
        }
    }

    /// The finished column.
    pub fn finish(self) -> Result<ArrayRef, ArrowError> {
        let n = self.len();
        let nulls = (!self.nulls.is_empty()).then(|| {
            let mut valid = BooleanBufferBuilder::new(n);
            valid.append_n(n, true);
            for row in self.nulls {
                valid.set_bit(row as usize, false);
            }
            NullBuffer::new(valid.finish())
        });
        Ok(match self.values {
            Values::Int(values) => Arc::new(Int64Array::try_new(ScalarBuffer::from(values), nulls)?),
            Values::Float(values) => Arc::new(Float64Array::try_new(ScalarBuffer::from(values), nulls)?),
            Values::Boolean(values) => Arc::new(BooleanArray::new(BooleanBuffer::from(values), nulls)),
            Values::Instant(values) => {
                Arc::new(TimestampMicrosecondArray::try_new(ScalarBuffer::from(values), nulls)?.with_timezone(UTC))
            }
            Values::Text { offsets, bytes } => {
                Arc::new(StringArray::try_new(OffsetBuffer::new(ScalarBuffer::from(offsets)), bytes.into(), nulls)?)
            }
            Values::Absent(data_type, n) => arrow_array::new_null_array(&data_type, n),
        })
    }
}

/// Appends the field `bytes[begin..end]` to `text`, its quotes taken off.
#[inline(always)]
fn append(text: &mut Vec<u8>, bytes: &[u8], mut begin: usize, mut end: usize, has_quotes: bool) {
    if has_quotes && let [QUOTE, rest @ ..] = &bytes[begin..end] {
        match rest {
            [inner @ .., QUOTE] if !inner.contains(&QUOTE) => {
                begin += 1;
                end -= 1;
            }
            _ => return text.extend_from_slice(&unquote(&bytes[begin..end])),
        }
    }
    // Most texts are short: sixteen bytes are copied in one step, and those too many taken back.
    let length = end - begin;
    match bytes[begin..].first_chunk::<16>() {
        Some(chunk) if length <= 16 => {
            let end = text.len() + length;
            text.extend_from_slice(chunk);
            text.truncate(end);
        }
        _ => text.extend_from_slice(&bytes[begin..end]),
    }
}

/// A quoted field without its quotes: doubled ones made single; what follows the closing quote is kept as it is.
pub(in crate::flows::source) fn unquote(field: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(field.len());
    let mut rest = field.get(1..).unwrap_or_default();
    while let Some(quote) = memchr::memchr(QUOTE, rest) {
        text.extend_from_slice(&rest[..quote]);
        rest = &rest[quote + 1..];
        match rest.first() {
            Some(&QUOTE) => {
                text.push(QUOTE);
                rest = &rest[1..];
            }
            _ => break,
        }
    }
    text.extend_from_slice(rest);
    text
}

fn boolean(field: &[u8]) -> Option<bool> {
    let is = |words: [&str; 3]| words.iter().any(|word| field.eq_ignore_ascii_case(word.as_bytes()));
    match () {
        () if is(["true", "t", "1"]) => Some(true),
        () if is(["false", "f", "0"]) => Some(false),
        () => None,
    }
}
