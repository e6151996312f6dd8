//! A column as cells of text: what the delimited formats and NDJSON share. What a kind of value looks like is the
//! dialect's choice; how it is found in Arrow's layouts is written once, here.

use crate::flows::instant::{self, Zone};
use arrow_array::cast::AsArray;
use arrow_array::types::*;
use arrow_array::{Array, ArrayRef, BooleanArray, LargeStringArray, StringArray, StringViewArray};
use arrow_buffer::{NullBuffer, ScalarBuffer};
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use arrow_schema::{ArrowError, DataType, TimeUnit};
use std::fmt::Write;

/// How one format writes the kinds of values.
pub(super) trait Dialect {
    /// A missing value.
    fn null(&self, out: &mut Vec<u8>);
    /// A truth value.
    fn boolean(&self, value: bool, out: &mut Vec<u8>);
    /// A NaN or an infinity.
    fn not_finite(&self, value: f64, out: &mut Vec<u8>);
    /// Text that came from the input: anything may be in it.
    fn text(&self, text: &str, out: &mut Vec<u8>);
    /// Opens and closes our own text (dates, hexadecimal), which needs no escaping.
    fn around_plain(&self, out: &mut Vec<u8>);
}

/// One column, ready to be written row by row.
pub(super) struct Column {
    nulls: Option<NullBuffer>,
    values: Values,
}

enum Values {
    Nothing,
    Boolean(BooleanArray),
    I8(ScalarBuffer<i8>),
    I16(ScalarBuffer<i16>),
    I32(ScalarBuffer<i32>),
    I64(ScalarBuffer<i64>),
    U8(ScalarBuffer<u8>),
    U16(ScalarBuffer<u16>),
    U32(ScalarBuffer<u32>),
    U64(ScalarBuffer<u64>),
    F32(ScalarBuffer<f32>),
    F64(ScalarBuffer<f64>),
    Text(StringArray),
    LargeText(LargeStringArray),
    ViewText(StringViewArray),
    Date(ScalarBuffer<i32>),
    Instant(ScalarBuffer<i64>, TimeUnit, Zone),
    TimeOfDay(ScalarBuffer<i64>, TimeUnit),
    Seconds(ScalarBuffer<i64>, TimeUnit),
    /// Numbers of other kinds (decimals), exact digits.
    Digits(ArrayRef),
    /// What has no form of its own here (intervals, binary, nested values): Arrow's display, as text.
    Shown(ArrayRef),
    /// Dictionary values written once; a row is a copy of its value's bytes.
    Written {
        keys: ScalarBuffer<i32>,
        bytes: Vec<u8>,
        ends: Vec<usize>,
    },
}

impl Column {
    /// Prepares a column.
    ///
    /// # Errors
    /// If the column's type has no text form at all.
    pub fn new(array: &ArrayRef, dialect: &impl Dialect) -> Result<Self, ArrowError> {
        let nulls = array.logical_nulls();
        let values = match array.data_type() {
            DataType::Dictionary(_, _) => return Self::of_dictionary(array, dialect),
            DataType::RunEndEncoded(_, values) => {
                return Self::new(&arrow_cast::cast(array, values.data_type())?, dialect);
            }
            _ => Values::of(array)?,
        };
        Ok(Self { nulls, values })
    }

    fn of_dictionary(array: &ArrayRef, dialect: &impl Dialect) -> Result<Self, ArrowError> {
        let dictionary = array.as_any_dictionary();
        let values = dictionary.values();
        if values.len() > array.len() {
            // A large dictionary behind few rows: writing all of it would cost more than it saves.
            return Self::new(&arrow_cast::cast(array, values.data_type())?, dialect);
        }
        let column = Self::new(values, dialect)?;
        let mut bytes = Vec::with_capacity(values.len() * 16);
        let mut ends = Vec::with_capacity(values.len());
        for row in 0..values.len() {
            column.write(row, dialect, &mut bytes);
            ends.push(bytes.len());
        }
        let keys = arrow_cast::cast(&dictionary.keys().slice(0, array.len()), &DataType::Int32)?;
        let keys = keys.as_primitive::<Int32Type>().values().clone();
        Ok(Self { nulls: array.logical_nulls(), values: Values::Written { keys, bytes, ends } })
    }

    /// Writes the cell of `row`, which must be a row of the column.
    pub fn write(&self, row: usize, dialect: &impl Dialect, out: &mut Vec<u8>) {
        if self.nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) {
            return dialect.null(out);
        }
        match &self.values {
            Values::Nothing => dialect.null(out),
            Values::Boolean(values) => dialect.boolean(values.value(row), out),
            Values::I8(values) => push_integer(values[row], out),
            Values::I16(values) => push_integer(values[row], out),
            Values::I32(values) => push_integer(values[row], out),
            Values::I64(values) => push_integer(values[row], out),
            Values::U8(values) => push_integer(values[row], out),
            Values::U16(values) => push_integer(values[row], out),
            Values::U32(values) => push_integer(values[row], out),
            Values::U64(values) => push_integer(values[row], out),
            Values::F32(values) => push_float(values[row], f64::from(values[row]), dialect, out),
            Values::F64(values) => push_float(values[row], values[row], dialect, out),
            Values::Text(values) => dialect.text(values.value(row), out),
            Values::LargeText(values) => dialect.text(values.value(row), out),
            Values::ViewText(values) => dialect.text(values.value(row), out),
            Values::Date(days) => plain(dialect, out, |out| instant::push_date(i64::from(days[row]), out)),
            Values::Instant(values, unit, zone) => {
                plain(dialect, out, |out| instant::push_timestamp(values[row], *unit, zone, out));
            }
            Values::TimeOfDay(values, unit) => {
                plain(dialect, out, |out| instant::push_time_of_day(values[row], *unit, out));
            }
            Values::Seconds(values, unit) => instant::push_seconds(values[row], *unit, out),
            Values::Digits(array) => out.extend_from_slice(shown(array, row).as_bytes()),
            Values::Shown(array) => dialect.text(&shown(array, row), out),
            Values::Written { keys, bytes, ends } => {
                let key = keys[row] as usize;
                let start = if key == 0 { 0 } else { ends[key - 1] };
                out.extend_from_slice(&bytes[start..ends[key]]);
            }
        }
    }
}

impl Values {
    fn of(array: &ArrayRef) -> Result<Self, ArrowError> {
        use DataType as T;
        let as_i64 = |to: T| arrow_cast::cast(array, &to).map(|a| a.as_primitive::<Int64Type>().values().clone());
        Ok(match array.data_type() {
            T::Null => Self::Nothing,
            T::Boolean => Self::Boolean(array.as_boolean().clone()),
            T::Int8 => Self::I8(array.as_primitive::<Int8Type>().values().clone()),
            T::Int16 => Self::I16(array.as_primitive::<Int16Type>().values().clone()),
            T::Int32 => Self::I32(array.as_primitive::<Int32Type>().values().clone()),
            T::Int64 => Self::I64(array.as_primitive::<Int64Type>().values().clone()),
            T::UInt8 => Self::U8(array.as_primitive::<UInt8Type>().values().clone()),
            T::UInt16 => Self::U16(array.as_primitive::<UInt16Type>().values().clone()),
            T::UInt32 => Self::U32(array.as_primitive::<UInt32Type>().values().clone()),
            T::UInt64 => Self::U64(array.as_primitive::<UInt64Type>().values().clone()),
            T::Float16 => {
                Self::F32(arrow_cast::cast(array, &T::Float32)?.as_primitive::<Float32Type>().values().clone())
            }
            T::Float32 => Self::F32(array.as_primitive::<Float32Type>().values().clone()),
            T::Float64 => Self::F64(array.as_primitive::<Float64Type>().values().clone()),
            T::Utf8 => Self::Text(array.as_string::<i32>().clone()),
            T::LargeUtf8 => Self::LargeText(array.as_string::<i64>().clone()),
            T::Utf8View => Self::ViewText(array.as_string_view().clone()),
            T::Date32 => Self::Date(array.as_primitive::<Date32Type>().values().clone()),
            T::Date64 => Self::Instant(as_i64(T::Int64)?, TimeUnit::Millisecond, Zone::Unstated),
            T::Timestamp(unit, zone) => Self::Instant(as_i64(T::Int64)?, *unit, Zone::of(zone.as_deref())),
            T::Time32(unit) => {
                let values = array_i32(array)?;
                Self::TimeOfDay(values.iter().map(|v| i64::from(*v)).collect(), *unit)
            }
            T::Time64(unit) => Self::TimeOfDay(as_i64(T::Int64)?, *unit),
            T::Duration(unit) => Self::Seconds(as_i64(T::Int64)?, *unit),
            T::Decimal32(..) | T::Decimal64(..) | T::Decimal128(..) | T::Decimal256(..) => Self::Digits(array.clone()),
            _ => {
                // Met once here, so that a type without a display is an error and not a column of blanks.
                ArrayFormatter::try_new(array.as_ref(), &DISPLAY)?;
                Self::Shown(array.clone())
            }
        })
    }
}

fn array_i32(array: &ArrayRef) -> Result<ScalarBuffer<i32>, ArrowError> {
    Ok(arrow_cast::cast(array, &DataType::Int32)?.as_primitive::<Int32Type>().values().clone())
}

const DISPLAY: FormatOptions<'static> = FormatOptions::new();

/// Arrow's own display of one value: for the rare types only, as it is set up anew for each.
fn shown(array: &ArrayRef, row: usize) -> String {
    let mut text = String::new();
    if let Ok(formatter) = ArrayFormatter::try_new(array.as_ref(), &DISPLAY) {
        // Writing into a String cannot fail; a value without a display shows Arrow's reason.
        let _ = write!(text, "{}", formatter.value(row));
    }
    text
}

fn plain(dialect: &impl Dialect, out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    dialect.around_plain(out);
    write(out);
    dialect.around_plain(out);
}

/// An integer's decimal digits.
pub(super) fn push_integer<I: itoa::Integer>(value: I, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// The shortest digits that read back as the same float.
fn push_float<F: ryu::Float>(value: F, wide: f64, dialect: &impl Dialect, out: &mut Vec<u8>) {
    if wide.is_finite() {
        out.extend_from_slice(ryu::Buffer::new().format_finite(value).as_bytes());
    } else {
        dialect.not_finite(wide, out);
    }
}
