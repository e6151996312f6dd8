//! What tests say of the rows of a table: true, false or unknown.

use super::{Comparison, Operand, Test};
use crate::flows::record::{Host, LogZone, when};
use crate::{Error, Result};
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{Array, ArrayRef, BooleanArray, Datum, Float64Array, Int64Array, RecordBatch, Scalar, StringArray};
use arrow_ord::cmp;
use arrow_schema::{ArrowError, DataType, TimeUnit};
use std::net::IpAddr;
use std::sync::Arc;

/// What `test` says of each row.
pub(super) fn test(test: &Test, batch: &RecordBatch) -> Result<BooleanArray> {
    Ok(match test {
        // One that says no, or yes, decides; else what is not known decides.
        Test::All(tests) => joined(tests, batch, false)?,
        Test::Any(tests) => joined(tests, batch, true)?,
        Test::Not(inner) => self::test(inner, batch)?.iter().map(|known| known.map(|known| !known)).collect(),
        Test::Constant(value) => BooleanArray::from(vec![*value; batch.num_rows()]),
        Test::IsNull(name) => {
            let column = column(name, batch)?;
            (0..column.len()).map(|row| Some(column.is_null(row))).collect()
        }
        Test::Compare(name, how, operand) => compare(name, *how, operand, batch)?,
        Test::Like { column: name, pattern, any_case } => {
            let (column, pattern) = (texts(name, batch)?, Scalar::new(StringArray::from(vec![pattern.as_str()])));
            let like = if *any_case { arrow_string::like::ilike } else { arrow_string::like::like };
            like(&column, &pattern).map_err(|error| failed(name, &error))?
        }
        Test::InNetwork(name, net) => {
            let lies_in = |text: &str| match Host::parse(text)? {
                Host::V4(address) => Some(net.contains(&IpAddr::V4(address))),
                Host::V6(address, _) => Some(net.contains(&IpAddr::V6(address))),
                Host::Named(_) => None,
            };
            texts(name, batch)?.iter().map(|text| lies_in(text?)).collect()
        }
    })
}

/// The tests in one: `decisive` if one says so, unknown if none does and one is unknown, else the contrary.
fn joined(tests: &[Test], batch: &RecordBatch, decisive: bool) -> Result<BooleanArray> {
    let mut known = vec![Some(!decisive); batch.num_rows()];
    for test in tests {
        for (known, own) in known.iter_mut().zip(&self::test(test, batch)?) {
            *known = match (*known, own) {
                (a, b) if a == Some(decisive) || b == Some(decisive) => Some(decisive),
                (None, _) | (_, None) => None,
                _ => Some(!decisive),
            };
        }
    }
    Ok(known.into())
}

/// A column by its name: as it is written, else whatever its case.
fn column<'a>(name: &str, batch: &'a RecordBatch) -> Result<&'a ArrayRef> {
    let any_case = || {
        let schema = batch.schema_ref();
        let mut alike = (0..schema.fields().len()).filter(|&i| schema.field(i).name().eq_ignore_ascii_case(name));
        alike.next().filter(|_| alike.next().is_none()).map(|i| batch.column(i))
    };
    batch.column_by_name(name).or_else(any_case).ok_or_else(|| {
        let names: Vec<&str> = batch.schema_ref().fields().iter().map(|field| field.name().as_str()).collect();
        let limit = format!("there is no such column (text stands in single quotes); there are {}", names.join(", "));
        Error::parameter("--where", name, limit)
    })
}

fn failed(name: &str, error: &ArrowError) -> Error {
    Error::parameter("--where", name, format!("the column cannot be asked that: {error}"))
}

fn cast(name: &str, column: &ArrayRef, kind: &DataType) -> Result<ArrayRef> {
    arrow_cast::cast(column, kind).map_err(|error| failed(name, &error))
}

fn texts(name: &str, batch: &RecordBatch) -> Result<StringArray> {
    Ok(cast(name, column(name, batch)?, &DataType::Utf8)?.as_string::<i32>().clone())
}

fn compare(name: &str, how: Comparison, operand: &Operand, batch: &RecordBatch) -> Result<BooleanArray> {
    let own = column(name, batch)?;
    let mismatch = |what: &str, met: &str| {
        Error::parameter("--where", met, format!("the column {name} holds {what}, with which it cannot be compared"))
    };
    let run = |a: &dyn Datum, b: &dyn Datum| how.of(a, b).map_err(|error| failed(name, &error));
    let real = |value: f64| Scalar::new(Float64Array::from(vec![value]));
    match (own.data_type(), operand) {
        (_, Operand::Column(other)) => {
            let other_column = column(other, batch)?;
            let numeric = own.data_type().is_numeric() && other_column.data_type().is_numeric();
            let kind = if numeric { DataType::Float64 } else { DataType::Utf8 };
            run(&cast(name, own, &kind)?, &cast(other, other_column, &kind)?)
        }
        (DataType::Boolean, operand) => {
            let value = match operand {
                Operand::Boolean(value) => Some(*value),
                Operand::Number(text) | Operand::Text(text) => truth(text),
                Operand::Column(_) => None,
            };
            let value = value.ok_or_else(|| mismatch("truth values", &operand.to_string()))?;
            run(own, &Scalar::new(BooleanArray::from(vec![value])))
        }
        (DataType::Timestamp(..), operand) => {
            let instant = match operand {
                Operand::Number(text) => when::of_decimal(text.as_bytes()),
                Operand::Text(text) => when::of_text(text, LogZone::UTC),
                _ => None,
            };
            let instant = instant.ok_or_else(|| {
                mismatch("times (dates such as '2024-04-19 08:00', or seconds since 1970)", &operand.to_string())
            })?;
            let micros = DataType::Timestamp(TimeUnit::Microsecond, None);
            let micros = cast(name, &cast(name, own, &micros)?, &DataType::Int64)?;
            run(&micros, &Scalar::new(Int64Array::from(vec![instant])))
        }
        (kind, operand) if kind.is_numeric() => {
            let text = match operand {
                Operand::Number(text) | Operand::Text(text) => text.as_str(),
                Operand::Boolean(value) => {
                    if *value {
                        "1"
                    } else {
                        "0"
                    }
                }
                Operand::Column(_) => "",
            };
            if let (true, Ok(value)) = (kind.is_integer(), text.parse::<i64>()) {
                let whole: ArrayRef = Arc::new(cast(name, own, &DataType::Int64)?.as_primitive::<Int64Type>().clone());
                return run(&whole, &Scalar::new(Int64Array::from(vec![value])));
            }
            // Where a column of times is one of numbers, a date is its seconds.
            let seconds = || when::of_text(text, LogZone::UTC).map(|micros| micros as f64 / 1e6);
            let value = text.parse::<f64>().ok().or_else(seconds).ok_or_else(|| mismatch("numbers", text))?;
            run(&cast(name, own, &DataType::Float64)?, &real(value))
        }
        (_, Operand::Number(text)) => {
            let value = text.parse::<f64>().map_err(|_| mismatch("text", text))?;
            run(&cast(name, own, &DataType::Float64)?, &real(value))
        }
        (_, Operand::Boolean(value)) => {
            let known = texts(name, batch)?;
            let known: BooleanArray = known.iter().map(|text| truth(text?)).collect();
            run(&known, &Scalar::new(BooleanArray::from(vec![*value])))
        }
        (_, Operand::Text(text)) => {
            let own = texts(name, batch)?;
            match when::of_text(text, LogZone::UTC).filter(|_| text.contains(['-', '/'])) {
                // A date: of a text that is none it is not known how it stands to it.
                Some(instant) => {
                    let own: Int64Array = own.iter().map(|text| when::of_text(text?, LogZone::UTC)).collect();
                    run(&own, &Scalar::new(Int64Array::from(vec![instant])))
                }
                None => run(&own, &Scalar::new(StringArray::from(vec![text.as_str()]))),
            }
        }
    }
}

fn truth(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "t" | "1" => Some(true),
        "false" | "f" | "0" => Some(false),
        _ => None,
    }
}

impl Comparison {
    fn of(self, a: &dyn Datum, b: &dyn Datum) -> Result<BooleanArray, ArrowError> {
        match self {
            Self::Equal => cmp::eq(a, b),
            Self::Unequal => cmp::neq(a, b),
            Self::Less => cmp::lt(a, b),
            Self::AtMost => cmp::lt_eq(a, b),
            Self::Greater => cmp::gt(a, b),
            Self::AtLeast => cmp::gt_eq(a, b),
        }
    }
}

impl std::fmt::Display for Operand {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Column(text) | Self::Number(text) | Self::Text(text) => f.write_str(text),
            Self::Boolean(value) => write!(f, "{value}"),
        }
    }
}
