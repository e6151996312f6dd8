//! How the columns of rows are named, and what their times count: logs of one kind differ in it.

use crate::findings::Flow;
use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{Array, RecordBatch};
use arrow_schema::{DataType, TimeUnit};
use std::collections::BTreeSet;

/// The habits of some rows.
#[derive(Debug, Clone, Default)]
pub struct Habits {
    names: BTreeSet<Habit>,
    /// What Zeek's `ts` counts since 1970; `None`: it is a date.
    times: BTreeSet<Option<TimeUnit>>,
}

/// By whose habit a row's columns are named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Habit {
    /// Zeek's, with this between the words of the sides: `id.orig_h`, `id_orig_h`.
    Zeek(char),
    /// Suricata's.
    Eve,
    /// Another.
    Other,
}

impl Habits {
    /// Of these rows of a batch, which were read as `flows`.
    pub fn of(columns: &RecordBatch, rows: &[usize], flows: &[Flow<'_>]) -> Self {
        let names = rows.iter().map(|&row| habit(columns, row)).collect();
        Self { names, times: times(columns, rows, flows) }
    }

    /// Takes those of other rows in.
    pub fn merge(&mut self, other: Self) {
        self.names.extend(other.names);
        self.times.extend(other.times);
    }

    /// What stands between the words of the names of Zeek's sides; `None` where no row has Zeek's columns.
    pub fn zeek_names(&self) -> Option<char> {
        let mut zeek = self.names.iter().filter_map(|habit| if let Habit::Zeek(c) = habit { Some(*c) } else { None });
        // Zeek's own names, where rows have either.
        zeek.next().map(|first| zeek.next().map_or(first, |_| '.'))
    }

    /// Whether all rows have the columns of Suricata's flow events.
    pub fn are_eve(&self) -> bool {
        self.names.iter().eq([&Habit::Eve])
    }

    /// What Zeek's `ts` counts since 1970, and `None` where it is a date in all rows; Zeek's own seconds where rows differ.
    pub fn times(&self) -> Option<TimeUnit> {
        match self.times.first() {
            Some(times) if self.times.len() == 1 => *times,
            _ => Some(TimeUnit::Second),
        }
    }

    /// Whether all rows have Zeek's columns.
    pub fn are_zeek(&self) -> bool {
        self.names.iter().all(|habit| matches!(habit, Habit::Zeek(_)))
    }
}

/// By the columns in which a row says its source.
fn habit(rows: &RecordBatch, row: usize) -> Habit {
    let has = |name: &str| {
        rows.column_by_name(name).is_some_and(|column| *column.data_type() != DataType::Null && column.is_valid(row))
    };
    match () {
        () if has("id.orig_h") => Habit::Zeek('.'),
        () if has("id_orig_h") => Habit::Zeek('_'),
        () if has("src_ip") && has("flow.start") => Habit::Eve,
        () => Habit::Other,
    }
}

/// What `ts` counts since 1970 in these rows, which were read as `flows`; `None`: it is a date. Nothing where that is not known.
fn times(columns: &RecordBatch, rows: &[usize], flows: &[Flow<'_>]) -> BTreeSet<Option<TimeUnit>> {
    let Some(column) = columns.column_by_name("ts") else { return BTreeSet::new() };
    if matches!(column.data_type(), DataType::Timestamp(..)) {
        return BTreeSet::from([None]);
    }
    // A text that is no number becomes null.
    let Ok(numbers) = arrow_cast::cast(column, &DataType::Float64) else { return BTreeSet::new() };
    let numbers = numbers.as_primitive::<Float64Type>();
    let of_row = |(&row, flow): (&usize, &Flow<'_>)| {
        let start = flow.start?;
        Some(numbers.is_valid(row).then(|| unit(numbers.value(row), start)))
    };
    rows.iter().zip(flows).filter_map(of_row).collect()
}

/// What a number counts that was read as `micros`.
fn unit(number: f64, micros: i64) -> TimeUnit {
    match micros as f64 / number {
        ratio if ratio > 3e4 => TimeUnit::Second,
        ratio if ratio > 30.0 => TimeUnit::Millisecond,
        ratio if ratio > 0.03 => TimeUnit::Microsecond,
        _ => TimeUnit::Nanosecond,
    }
}
