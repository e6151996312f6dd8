//! From the columns of a log to [`Flows`]: which format they are of, and where in them the parts of a flow are.
//!
//! The formats are known by their columns alone, so a Zeek log reads the same from TSV, JSON, CSV or Parquet. An input of
//! several formats has the columns of all: each row is read as the format whose columns have values.

mod argus;
mod columns;
mod eve;
mod flow_meter;
mod form;
mod kdd;
mod particulars;
mod places;
mod row;
mod table;
mod words;
mod zeek;

#[cfg(test)]
mod tests;

pub use particulars::Particulars;

use super::{FlowLog, Flows, Host, LogZone, Marks, when};
use crate::flows::source::{FINDING_COLUMNS, prefix_of_added};
use crate::{Error, Result};
use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_schema::{DataType, Schema};
use form::{FORMATS, Form, Format, Run, runs};
use places::Places;
use row::Gather;
use std::collections::HashSet;
use std::fmt;

/// How to read what a log leaves open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FlowOptions {
    /// The zone of times that state none (Argus', those of many tables).
    pub zone: LogZone,
}

impl FlowOptions {
    /// For the zone that `text` names: `UTC`, `+02:00`, `-0330`, `Europe/Berlin`.
    ///
    /// # Errors
    /// [`crate::Error::Parameter`] if it names none.
    pub fn of_zone(text: &str) -> Result<Self> {
        let unknown = || {
            let alike: Vec<&str> = LogZone::places_like(text.trim()).collect();
            let alike = if alike.is_empty() { String::new() } else { format!("; there is {}", alike.join(", ")) };
            let way = "give UTC, an offset such as +02:00 or a place of IANA's database such as Europe/Berlin";
            crate::Error::parameter("--tz", text, format!("{way}{alike}"))
        };
        when::zone_of_text(text).map(|zone| Self { zone }).ok_or_else(unknown)
    }
}

/// In which a record of Zeek's says its log.
fn path_column(schema: &Schema) -> Option<usize> {
    ["_path", "@stream"].into_iter().find_map(|name| schema.index_of(name).ok())
}

/// What wrote a table of flows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum FlowKind {
    /// Zeek's `conn`, `conn_long` or `open_conn`, in either habit of naming (`id.orig_h`, `id_orig_h`).
    Zeek,
    /// Suricata's flow events.
    Eve,
    /// Argus' `ra`.
    Argus,
    /// CICFlowMeter. Its published tables mostly lack addresses and times.
    FlowMeter,
    /// KDD-99, NSL-KDD, and tables with their names: no addresses, no times.
    Kdd,
    /// Any other table with the addresses of both sides.
    Table,
}

impl FlowKind {
    /// Whether it is a log that is known, and not some table.
    pub fn is_log(self) -> bool {
        matches!(self, Self::Zeek | Self::Eve | Self::Argus)
    }
}

impl fmt::Display for FlowKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Zeek => "Zeek conn",
            Self::Eve => "Suricata EVE flow",
            Self::Argus => "Argus",
            Self::FlowMeter => "CICFlowMeter",
            Self::Kdd => "KDD",
            Self::Table => "flow table",
        })
    }
}

/// A table's columns as flows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlowSchema {
    forms: Vec<Form>,
    options: FlowOptions,
    /// Of an output of an earlier run, the column that names the file of each row.
    source_file: Option<usize>,
    /// The column in which Zeek's JSON says which log each record is of.
    path: Option<usize>,
}

impl FlowSchema {
    /// Finds out which formats' columns a table has. `None` if they are those of none: then its rows are no flows that
    /// are known here, and only an ordinary table.
    pub fn recognise(schema: &Schema, options: FlowOptions) -> Option<Self> {
        let mut forms = Vec::new();
        for format in FORMATS {
            // The general ones are for what no other format is.
            if !forms.is_empty() && matches!(format.kind, FlowKind::Kdd | FlowKind::Table) {
                break;
            }
            let places = Places::find(schema, format.parts);
            if places.have(format.needed) {
                forms.push(Form { kind: format.kind, places });
            }
        }
        let [_, _, source_file, _] = FINDING_COLUMNS;
        let source_file =
            prefix_of_added(schema).and_then(|prefix| schema.index_of(&format!("{prefix}{source_file}")).ok());
        let path = path_column(schema);
        (!forms.is_empty()).then_some(Self { forms, options, source_file, path })
    }

    /// The same of these formats alone.
    pub fn of_kinds(schema: &Schema, kinds: &[FlowKind], options: FlowOptions) -> Option<Self> {
        let formats = FORMATS.into_iter().filter(|format| kinds.contains(&format.kind));
        let form = |format: &Format| Form { kind: format.kind, places: Places::find(schema, format.parts) };
        let forms: Vec<Form> = formats.map(form).collect();
        let path = path_column(schema);
        (!forms.is_empty()).then_some(Self { forms, options, source_file: None, path })
    }

    /// The formats, most often one.
    pub fn kinds(&self) -> impl Iterator<Item = FlowKind> {
        self.forms.iter().map(|form| form.kind)
    }

    /// Whether every format tells the addresses of both sides.
    pub fn has_hosts(&self) -> bool {
        self.forms.iter().all(|form| form.format().hosts.is_some_and(|(a, b)| form.places.have(&[a, b])))
    }

    /// Whether every format tells when flows began.
    pub fn has_times(&self) -> bool {
        self.forms.iter().all(|form| form.format().start.is_some_and(|start| form.places.has(start)))
    }

    /// Whether times of a batch state no zone, so that [`FlowOptions::zone`] matters.
    pub fn assumes_zone(&self, batch: &RecordBatch) -> bool {
        let lacks = |run: Run<'_>| {
            run.form.format().start.is_some_and(|start| run.form.places.lacks_zone(start, &run.of(batch)))
        };
        self.runs(batch).into_iter().any(lacks)
    }

    /// The rows of a batch as flows. A value that cannot be read is absent.
    ///
    /// # Errors
    /// [`crate::Error::Schema`] if a column is of a type that flows are not read from.
    pub fn flows(&self, batch: &RecordBatch) -> Result<Flows> {
        self.flows_of(batch, None)
    }

    /// The same, of a file that is known to be such a log: a record of Zeek's `open_conn` and `conn_long` is marked as
    /// still open. A record may say itself which log it is of; in an output of an earlier run the file that it is from tells it.
    ///
    /// # Errors
    /// As [`FlowSchema::flows`].
    pub fn flows_of(&self, batch: &RecordBatch, log: Option<FlowLog>) -> Result<Flows> {
        let open = self.still_open(batch, log)?;
        let mut gather = Gather::new(batch.num_rows());
        let mut open = open.into_iter();
        for run in self.runs(batch) {
            run.form.rows(&run.of(batch), self.options, |mut row| {
                row.mark(Marks::STILL_OPEN, open.next().unwrap_or(false));
                gather.push(row);
            })?;
        }
        Ok(gather.finish())
    }

    /// Of each row, whether it is a snapshot of a flow that goes on.
    fn still_open(&self, batch: &RecordBatch, log: Option<FlowLog>) -> Result<Vec<bool>> {
        let has_snapshots = |log: Option<FlowLog>| log.is_some_and(FlowLog::has_snapshots);
        let mut open = vec![has_snapshots(log); batch.num_rows()];
        let mut tell = |column: Option<usize>, log_of: fn(&str) -> Option<Option<FlowLog>>| -> Result<()> {
            let Some(column) = column.and_then(|at| batch.columns().get(at)) else { return Ok(()) };
            let texts = arrow_cast::cast(column, &DataType::Utf8).map_err(|e| Error::Schema(e.to_string()))?;
            // Rows of a file follow each other, and mostly those of a log.
            let mut last = None::<(&str, Option<bool>)>;
            for (open, text) in open.iter_mut().zip(texts.as_string::<i32>()) {
                let Some(text) = text else { continue };
                if last.is_none_or(|(before, _)| before != text) {
                    last = Some((text, log_of(text).map(has_snapshots)));
                }
                *open = last.and_then(|(_, is_open)| is_open).unwrap_or(*open);
            }
            Ok(())
        };
        tell(self.source_file, |name| Some(FlowLog::of_file_name(name)))?;
        tell(self.path, |path| FlowLog::zeek(path).map(Some))?;
        Ok(open)
    }

    /// The sensor of each row, as a digest of its name; 0 where the log names none.
    ///
    /// # Errors
    /// As [`FlowSchema::flows`].
    pub fn sensors(&self, batch: &RecordBatch) -> Result<Vec<u64>> {
        let mut sensors = Vec::with_capacity(batch.num_rows());
        for run in self.runs(batch) {
            let names = run.form.format().sensor.map(|part| run.form.places.texts(part, &run.of(batch))).transpose()?;
            let name = |row| names.as_ref().and_then(|names| names.get(row));
            sensors.extend((0..run.len).map(|row| name(row).map_or(0, |name| Host::digest(name) | 1)));
        }
        Ok(sensors)
    }

    /// The texts of those hosts of a batch that are more than an address: names, and addresses with a zone. Each once, in the
    /// order of their first rows.
    ///
    /// # Errors
    /// As [`FlowSchema::flows`].
    pub fn host_names(&self, batch: &RecordBatch) -> Result<Vec<(Host, String)>> {
        let (mut met, mut names) = (HashSet::new(), Vec::new());
        for run in self.runs(batch) {
            let (form, rows) = (run.form, run.of(batch));
            let Some((source, destination)) = form.format().hosts else { continue };
            for part in [source, destination] {
                let texts = form.places.texts(part, &rows)?;
                for text in (0..run.len).filter_map(|row| texts.get(row)) {
                    let host = Host::parse(text).filter(|host| !host.is_plain());
                    if let Some(host) = host.filter(|host| met.insert(*host)) {
                        names.push((host, text.trim().to_owned()));
                    }
                }
            }
        }
        Ok(names)
    }

    fn runs(&self, batch: &RecordBatch) -> Vec<Run<'_>> {
        runs(&self.forms, batch)
    }

    /// The format of most rows of a batch.
    fn form_of(&self, batch: &RecordBatch) -> Option<&Form> {
        self.runs(batch).into_iter().max_by_key(|run| run.len).map(|run| run.form)
    }
}
