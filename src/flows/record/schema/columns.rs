//! Columns of any type as what a flow is made of. Several columns may stand for one thing (`id.orig_h` and `id_orig_h` in
//! an input of two habits): the first with a value counts.

use super::super::{LogZone, when};
use crate::{Error, Result};
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type};
use arrow_array::{Array, ArrayRef, BooleanArray, Float64Array, Int64Array, StringArray};
use arrow_cast::cast;
use arrow_schema::{DataType, TimeUnit};

/// Words for no value.
fn some(text: &str) -> Option<&str> {
    let text = text.trim();
    (!matches!(text, "" | "-" | "(empty)")).then_some(text)
}

fn to(array: &ArrayRef, target: &DataType) -> Result<ArrayRef> {
    cast(array, target)
        .map_err(|e| Error::Schema(format!("a column of {} is not read as {target}: {e}", array.data_type())))
}

fn is_text(data_type: &DataType) -> bool {
    match data_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        DataType::Dictionary(_, values) => is_text(values),
        _ => false,
    }
}

/// Texts; numbers as they are written.
pub(super) struct Texts(Vec<StringArray>);

impl Texts {
    pub fn of(arrays: &[&ArrayRef]) -> Result<Self> {
        let texts = arrays.iter().map(|array| Ok(to(array, &DataType::Utf8)?.as_string::<i32>().clone()));
        texts.collect::<Result<_>>().map(Self)
    }

    /// The value of a row; none if it is empty, `-` or `(empty)`.
    pub fn get(&self, row: usize) -> Option<&str> {
        self.0.iter().find_map(|array| array.is_valid(row).then(|| some(array.value(row))).flatten())
    }
}

enum Values {
    Int(Int64Array),
    Real(Float64Array),
    Bool(BooleanArray),
    Text(StringArray),
}

/// Numbers, whatever they are stored as.
pub(super) struct Numbers(Vec<Values>);

impl Numbers {
    pub fn of(arrays: &[&ArrayRef]) -> Result<Self> {
        let mut values = Vec::with_capacity(arrays.len());
        for array in arrays {
            match array.data_type() {
                DataType::Boolean => values.push(Values::Bool(array.as_boolean().clone())),
                data_type if data_type.is_integer() => {
                    values.push(Values::Int(to(array, &DataType::Int64)?.as_primitive::<Int64Type>().clone()));
                }
                data_type if data_type.is_numeric() => {
                    values.push(Values::Real(to(array, &DataType::Float64)?.as_primitive::<Float64Type>().clone()));
                }
                data_type if is_text(data_type) => {
                    values.push(Values::Text(to(array, &DataType::Utf8)?.as_string::<i32>().clone()));
                }
                _ => {}
            }
        }
        Ok(Self(values))
    }

    /// A whole number that is not negative: a count, a port.
    pub fn count(&self, row: usize) -> Option<u64> {
        self.0.iter().find_map(|values| match values {
            Values::Int(array) => array.is_valid(row).then(|| u64::try_from(array.value(row)).ok()).flatten(),
            Values::Real(array) => array.is_valid(row).then(|| whole(array.value(row))).flatten(),
            Values::Bool(array) => array.is_valid(row).then(|| u64::from(array.value(row))),
            Values::Text(array) => array.is_valid(row).then(|| count_of(some(array.value(row))?)).flatten(),
        })
    }

    /// A finite number.
    pub fn real(&self, row: usize) -> Option<f64> {
        let value = self.0.iter().find_map(|values| match values {
            Values::Int(array) => array.is_valid(row).then(|| array.value(row) as f64),
            Values::Real(array) => array.is_valid(row).then(|| array.value(row)),
            Values::Bool(array) => array.is_valid(row).then(|| f64::from(u8::from(array.value(row)))),
            Values::Text(array) => array.is_valid(row).then(|| some(array.value(row))?.parse().ok()).flatten(),
        })?;
        value.is_finite().then_some(value)
    }

    /// True or false: booleans, numbers, `T`, `true`, ….
    pub fn truth(&self, row: usize) -> Option<bool> {
        self.0.iter().find_map(|values| match values {
            Values::Int(array) => array.is_valid(row).then(|| array.value(row) != 0),
            Values::Real(array) => array.is_valid(row).then(|| array.value(row) != 0.0),
            Values::Bool(array) => array.is_valid(row).then(|| array.value(row)),
            Values::Text(array) => array.is_valid(row).then(|| match some(array.value(row))? {
                "T" | "t" | "true" | "True" | "1" => Some(true),
                "F" | "f" | "false" | "False" | "0" => Some(false),
                _ => None,
            })?,
        })
    }
}

fn whole(value: f64) -> Option<u64> {
    (0.0..18_446_744_073_709_551_616.0).contains(&value).then_some(value as u64)
}

/// `443`, `443.0`, Argus' `0x01bb`.
fn count_of(text: &str) -> Option<u64> {
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok().or_else(|| whole(text.parse().ok()?)),
    }
}

enum Times {
    /// µs since 1970.
    Known(Int64Array),
    Int(Int64Array),
    Real(Float64Array),
    Text(StringArray),
}

/// Times, in µs since 1970, UTC.
pub(super) struct Instants {
    columns: Vec<Times>,
    /// The zone of those that state none.
    zone: LogZone,
}

impl Instants {
    pub fn of(arrays: &[&ArrayRef], zone: LogZone) -> Result<Self> {
        let mut columns = Vec::with_capacity(arrays.len());
        for array in arrays {
            match array.data_type() {
                DataType::Timestamp(unit, stated) => {
                    let raw = to(array, &DataType::Int64)?;
                    let zone = if stated.is_none() { zone } else { LogZone::UTC };
                    let micros = |value: i64| Some(zone.instant(scaled(value, *unit)?));
                    let known = raw.as_primitive::<Int64Type>().iter().map(|value| value.and_then(micros));
                    columns.push(Times::Known(known.collect()));
                }
                data_type if data_type.is_integer() => {
                    columns.push(Times::Int(to(array, &DataType::Int64)?.as_primitive::<Int64Type>().clone()));
                }
                data_type if data_type.is_numeric() => {
                    columns.push(Times::Real(to(array, &DataType::Float64)?.as_primitive::<Float64Type>().clone()));
                }
                data_type if is_text(data_type) => {
                    columns.push(Times::Text(to(array, &DataType::Utf8)?.as_string::<i32>().clone()));
                }
                _ => {}
            }
        }
        Ok(Self { columns, zone })
    }

    /// Whether those of a column state no zone, as far as the first of them tells.
    pub fn lack_zone(array: &ArrayRef) -> bool {
        match array.data_type() {
            DataType::Timestamp(_, zone) => zone.is_none() && array.null_count() < array.len(),
            data_type if is_text(data_type) => {
                let first = |texts: &ArrayRef| {
                    let mut texts = texts.as_string::<i32>().iter().flatten();
                    texts.find(|text| when::of_text(text, LogZone::UTC).is_some()).is_some_and(when::lacks_zone)
                };
                to(array, &DataType::Utf8).is_ok_and(|texts| first(&texts))
            }
            _ => false,
        }
    }

    /// The time in a row, plausible or not.
    pub fn get(&self, row: usize) -> Option<i64> {
        self.columns.iter().find_map(|column| match column {
            Times::Known(array) => array.is_valid(row).then(|| array.value(row)),
            Times::Int(array) => array.is_valid(row).then(|| when::of_integer(array.value(row))).flatten(),
            Times::Real(array) => array.is_valid(row).then(|| when::of_real(array.value(row))).flatten(),
            Times::Text(array) => {
                array.is_valid(row).then(|| when::of_text(some(array.value(row))?, self.zone)).flatten()
            }
        })
    }
}

fn scaled(value: i64, unit: TimeUnit) -> Option<i64> {
    match unit {
        TimeUnit::Second => value.checked_mul(1_000_000),
        TimeUnit::Millisecond => value.checked_mul(1_000),
        TimeUnit::Microsecond => Some(value),
        TimeUnit::Nanosecond => Some(value.div_euclid(1_000)),
    }
}
