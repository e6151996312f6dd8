//! The formats, and which rows of a batch are of which.

use super::places::{Names, Places};
use super::row::Row;
use super::{FlowKind, FlowOptions, argus, eve, flow_meter, kdd, table, zeek};
use crate::Result;
use arrow_array::{Array, RecordBatch};
use std::cmp::Reverse;

/// One format's columns in the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Form {
    pub kind: FlowKind,
    pub places: Places,
}

/// What a format's module tells of it.
#[derive(Debug)]
pub(super) struct Format {
    pub kind: FlowKind,
    /// Names of the columns of each part.
    pub parts: &'static [Names],
    /// Parts without which a table is not of this format.
    pub needed: &'static [usize],
    /// A part that every record has.
    pub key: usize,
    /// The parts that are addresses of the source and destination.
    pub hosts: Option<(usize, usize)>,
    /// The part that is a flow's beginning.
    pub start: Option<usize>,
    /// The part that names the sensor.
    pub sensor: Option<usize>,
}

pub(super) const FORMATS: [&Format; 6] =
    [&zeek::FORMAT, &eve::FORMAT, &argus::FORMAT, &flow_meter::FORMAT, &table::FORMAT, &kdd::FORMAT];

impl Form {
    pub fn format(&self) -> &'static Format {
        FORMATS.into_iter().find(|format| format.kind == self.kind).unwrap_or(&table::FORMAT)
    }

    /// Gives each row of a batch to `take`.
    pub fn rows(&self, batch: &RecordBatch, options: FlowOptions, take: impl FnMut(Row<'_>)) -> Result<()> {
        match self.kind {
            FlowKind::Zeek => zeek::rows(&self.places, batch, options, take),
            FlowKind::Eve => eve::rows(&self.places, batch, options, take),
            FlowKind::Argus => argus::rows(&self.places, batch, options, take),
            FlowKind::FlowMeter => flow_meter::rows(&self.places, batch, options, take),
            FlowKind::Kdd => kdd::rows(&self.places, batch, take),
            FlowKind::Table => table::rows(&self.places, batch, options, take),
        }
    }
}

/// Rows that follow each other and are of one format.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run<'a> {
    pub form: &'a Form,
    pub first: usize,
    pub len: usize,
}

impl Run<'_> {
    /// Its rows of the batch.
    pub fn of(&self, batch: &RecordBatch) -> RecordBatch {
        batch.slice(self.first, self.len)
    }
}

/// The runs of a batch. A file's rows are of one format; those of an output may be of several: each is of the format that has its
/// source, of two the one that has more in the batch, and of none what the row before is.
pub(super) fn runs<'a>(forms: &'a [Form], batch: &RecordBatch) -> Vec<Run<'a>> {
    let whole = |form| vec![Run { form, first: 0, len: batch.num_rows() }];
    let mut met: Vec<(usize, &Form)> =
        forms.iter().map(|form| (form.places.n_values(form.format().key, batch), form)).collect();
    met.sort_by_key(|&(n, _)| Reverse(n));
    let Some(&(_, fullest)) = met.first() else { return Vec::new() };
    met.retain(|&(n, _)| n > 0);
    if met.len() < 2 {
        return whole(fullest);
    }
    let keys: Vec<_> = met.iter().map(|(_, form)| (*form, form.places.arrays(form.format().key, batch))).collect();
    let of_row =
        |row: usize| keys.iter().find(|(_, key)| key.iter().any(|column| column.is_valid(row))).map(|(form, _)| *form);
    let mut runs: Vec<Run<'a>> = Vec::new();
    for row in 0..batch.num_rows() {
        let form = of_row(row);
        match runs.last_mut() {
            Some(run) if form.is_none_or(|form| form.kind == run.form.kind) => run.len += 1,
            _ => runs.push(Run { form: form.unwrap_or(fullest), first: row, len: 1 }),
        }
    }
    runs
}
