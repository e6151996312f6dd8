//! A column read as f64, whatever its Arrow type.

use crate::{Error, Result};
use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type,
    UInt32Type, UInt64Type,
};
use arrow_array::{Array, BooleanArray, PrimitiveArray};
use arrow_schema::DataType;

/// Whether a type holds numbers (booleans and durations are numbers; times of day and dates are not).
pub fn is_number(data_type: &DataType) -> bool {
    match data_type {
        DataType::Boolean | DataType::Duration(_) => true,
        DataType::Decimal32(..) | DataType::Decimal64(..) | DataType::Decimal128(..) | DataType::Decimal256(..) => true,
        DataType::Dictionary(_, values) => is_number(values),
        other => other.is_numeric(),
    }
}

/// A number written as text; NaN for anything else, missing tokens included.
pub fn parse(text: &str) -> f64 {
    text.trim().parse().unwrap_or(f64::NAN)
}

/// A column that can be read as f64, NaN where it has no number. Durations are in seconds.
pub enum Numbers<'a> {
    Int8(&'a PrimitiveArray<Int8Type>),
    Int16(&'a PrimitiveArray<Int16Type>),
    Int32(&'a PrimitiveArray<Int32Type>),
    Int64(&'a PrimitiveArray<Int64Type>),
    UInt8(&'a PrimitiveArray<UInt8Type>),
    UInt16(&'a PrimitiveArray<UInt16Type>),
    UInt32(&'a PrimitiveArray<UInt32Type>),
    UInt64(&'a PrimitiveArray<UInt64Type>),
    Float32(&'a PrimitiveArray<Float32Type>),
    Float64(&'a PrimitiveArray<Float64Type>),
    Boolean(&'a BooleanArray),
    /// Everything rarer: converted as a whole column.
    Converted(Vec<f64>),
}

impl<'a> Numbers<'a> {
    /// # Errors
    /// [`Error::Schema`] for types that hold neither numbers nor text.
    pub fn new(array: &'a dyn Array) -> Result<Self> {
        Ok(match array.data_type() {
            DataType::Int8 => Self::Int8(array.as_primitive()),
            DataType::Int16 => Self::Int16(array.as_primitive()),
            DataType::Int32 => Self::Int32(array.as_primitive()),
            DataType::Int64 => Self::Int64(array.as_primitive()),
            DataType::UInt8 => Self::UInt8(array.as_primitive()),
            DataType::UInt16 => Self::UInt16(array.as_primitive()),
            DataType::UInt32 => Self::UInt32(array.as_primitive()),
            DataType::UInt64 => Self::UInt64(array.as_primitive()),
            DataType::Float32 => Self::Float32(array.as_primitive()),
            DataType::Float64 => Self::Float64(array.as_primitive()),
            DataType::Boolean => Self::Boolean(array.as_boolean()),
            _ => Self::Converted(convert(array)?),
        })
    }

    /// Writes the values of rows `start..start + out.len()`, NaN where there is none. Rows past the end are NaN.
    pub fn read(&self, start: usize, out: &mut [f64]) {
        match self {
            Self::Int8(array) => read_primitive(array, start, out, f64::from),
            Self::Int16(array) => read_primitive(array, start, out, f64::from),
            Self::Int32(array) => read_primitive(array, start, out, f64::from),
            Self::Int64(array) => read_primitive(array, start, out, |v| v as f64),
            Self::UInt8(array) => read_primitive(array, start, out, f64::from),
            Self::UInt16(array) => read_primitive(array, start, out, f64::from),
            Self::UInt32(array) => read_primitive(array, start, out, f64::from),
            Self::UInt64(array) => read_primitive(array, start, out, |v| v as f64),
            Self::Float32(array) => read_primitive(array, start, out, f64::from),
            Self::Float64(array) => read_primitive(array, start, out, |v| v),
            Self::Boolean(array) => {
                for (row, value) in (start..).zip(out) {
                    *value = if row >= array.len() || array.is_null(row) {
                        f64::NAN
                    } else {
                        f64::from(u8::from(array.value(row)))
                    };
                }
            }
            Self::Converted(values) => {
                let values = values.get(start..).unwrap_or_default();
                for (i, value) in out.iter_mut().enumerate() {
                    *value = values.get(i).copied().unwrap_or(f64::NAN);
                }
            }
        }
    }
}

fn read_primitive<T: ArrowPrimitiveType>(
    array: &PrimitiveArray<T>,
    start: usize,
    out: &mut [f64],
    to_f64: impl Fn(T::Native) -> f64,
) {
    let values = array.values().get(start..).unwrap_or_default();
    for (out, value) in out.iter_mut().zip(values) {
        *out = to_f64(*value);
    }
    if let Some(rest) = out.get_mut(values.len()..) {
        rest.fill(f64::NAN);
    }
    if let Some(nulls) = array.nulls().filter(|nulls| nulls.null_count() > 0) {
        for (i, out) in out.iter_mut().enumerate().take(values.len()) {
            if nulls.is_null(start + i) {
                *out = f64::NAN;
            }
        }
    }
}

/// Text is parsed; dictionaries are read once per entry; the rest goes through Arrow's casts.
fn convert(array: &dyn Array) -> Result<Vec<f64>> {
    if let Some(dictionary) = array.as_any_dictionary_opt() {
        let values = Numbers::new(dictionary.values().as_ref())?;
        let mut entries = vec![f64::NAN; dictionary.values().len()];
        values.read(0, &mut entries);
        let keys = Numbers::new(dictionary.keys())?;
        let mut numbers = vec![f64::NAN; array.len()];
        keys.read(0, &mut numbers);
        for number in &mut numbers {
            *number =
                if number.is_nan() { f64::NAN } else { entries.get(*number as usize).copied().unwrap_or(f64::NAN) };
        }
        return Ok(numbers);
    }
    if super::texts::is_text(array.data_type()) {
        let mut numbers = vec![f64::NAN; array.len()];
        super::texts::visit(array, 0..array.len(), |row, text| {
            if let (Some(number), Some(text)) = (numbers.get_mut(row), text) {
                *number = parse(text);
            }
        })?;
        return Ok(numbers);
    }
    let (through, unit) = match array.data_type() {
        DataType::Duration(unit) => (Some(DataType::Int64), seconds(*unit)),
        DataType::Timestamp(..) | DataType::Date64 | DataType::Time64(_) => (Some(DataType::Int64), 1.0),
        DataType::Date32 | DataType::Time32(_) => (Some(DataType::Int32), 1.0),
        _ => (None, 1.0),
    };
    let not_numbers = |e: arrow_schema::ArrowError| {
        Error::Schema(format!("a column of type {} cannot be read as numbers: {e}", array.data_type()))
    };
    let integers = through.map(|to| arrow_cast::cast(array, &to)).transpose().map_err(not_numbers)?;
    let floats = arrow_cast::cast(integers.as_deref().unwrap_or(array), &DataType::Float64).map_err(not_numbers)?;
    let mut numbers = vec![f64::NAN; array.len()];
    read_primitive::<Float64Type>(floats.as_primitive(), 0, &mut numbers, |v| v * unit);
    Ok(numbers)
}

fn seconds(unit: arrow_schema::TimeUnit) -> f64 {
    match unit {
        arrow_schema::TimeUnit::Second => 1.0,
        arrow_schema::TimeUnit::Millisecond => 1e-3,
        arrow_schema::TimeUnit::Microsecond => 1e-6,
        arrow_schema::TimeUnit::Nanosecond => 1e-9,
    }
}

#[cfg(test)]
mod tests;
