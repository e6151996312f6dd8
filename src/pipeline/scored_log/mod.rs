//! An output that was scored before, read again: its rows as flows with their severities.

mod habits;

pub use habits::Habits;

use crate::features::flow::FlowSet;
use crate::findings::{Collector, Common, Flow, Grouped, HostNames, duckdb_of_output};
use crate::flows::Batch;
use crate::flows::source::{Input, InputOptions};
use crate::model::{columns_of_scored, prefix_of_added};
use crate::pipeline::flow_logs::FlowReader;
use crate::pipeline::ordered::Run;
use crate::pipeline::scored_columns::ScoredColumns;
use crate::pipeline::told_run::ToldRun;
use crate::{Error, Result, Stop};
use arrow_array::cast::AsArray;
use arrow_array::types::UInt64Type;
use arrow_array::{Array, RecordBatch, StringArray, UInt64Array};
use arrow_schema::DataType;
use std::collections::BTreeSet;
use std::path::Path;

/// A scored output of flow logs.
pub struct ScoredLog {
    input: Input,
    /// `None` of an empty file, which had nothing to write.
    reader: Option<FlowReader>,
    columns: ScoredColumns,
    prefix: String,
}

/// A row of a finding: where its record is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RowPlace {
    /// The file, as it was named when it was scored.
    pub file: String,
    /// The record's number in it; the first is 1.
    pub record: u64,
}

/// The rows of one finding.
#[derive(Debug, Clone, Default)]
pub struct FindingRows {
    /// How many there are.
    pub flows: u64,
    /// Where the first of them are, up to as many as were asked for.
    pub places: Vec<RowPlace>,
    /// What all have in common; `None` without rows.
    pub common: Option<Common>,
    /// The texts of their hosts.
    pub names: HostNames,
    /// The states that Zeek's logs say, each once; empty where some row has none.
    pub states: Vec<String>,
    /// Rows that are a fault of the capture.
    pub faults: u64,
    /// The files that their records are from, as they were named when they were scored.
    pub files: BTreeSet<String>,
    /// How their columns are named.
    pub habits: Habits,
}

/// The rows of one finding in a batch, and their states; `None` if one has none.
struct BatchRows {
    rows: FindingRows,
    states: Option<BTreeSet<String>>,
}

impl FindingRows {
    /// Those of the next batch; of their places as many as make `most`.
    fn add(&mut self, more: Self, most: usize) {
        self.flows += more.flows;
        self.faults += more.faults;
        let room = most.saturating_sub(self.places.len());
        self.places.extend(more.places.into_iter().take(room));
        self.names.learn_all(&more.names);
        self.common = match (self.common, more.common) {
            (Some(a), Some(b)) => Some(a.and(b)),
            (a, b) => a.or(b),
        };
        self.files.extend(more.files);
        self.habits.merge(more.habits);
    }
}

impl ScoredLog {
    /// Opens an output of `detect` or `score`.
    ///
    /// # Errors
    /// If it cannot be read, has no scores, or its columns are not those of flow logs.
    pub fn open(path: &str, stop: &Stop) -> Result<Self> {
        let text = |name: &str| (name.to_owned(), DataType::Utf8);
        let known_types = ["finding_id", "allowed", "source_file"].map(text).to_vec();
        let columns_of_empty = columns_of_scored("");
        let options = InputOptions { known_types, columns_of_empty, stop: stop.clone(), ..InputOptions::default() };
        let input = Input::open(&[path.to_owned()], &options);
        stop.check()?;
        let input = input?;
        if input.is_empty() {
            let columns = ScoredColumns::find(&input.schema, "")?;
            return Ok(Self { input, reader: None, columns, prefix: String::new() });
        }
        let prefix = prefix_of_added(&input.schema).ok_or_else(|| {
            Error::Schema(format!(
                "{path}: it has no anomaly_score, severity and anomaly; name an output of detect or score"
            ))
        })?;
        // What the log left open was said when it was scored.
        let options = ToldRun::zone_beside(Path::new(path));
        let reader = FlowReader::new(&input, options, FlowSet::Default)?.ok_or_else(|| {
            Error::Schema(format!(
                "{path}: its columns tell no addresses and times; findings are of flow logs, and of outputs that have their columns \
                 (not of --scores-only)"
            ))
        })?;
        let columns = ScoredColumns::find(&input.schema, &prefix)?;
        Ok(Self { input, reader: Some(reader), columns, prefix })
    }

    /// DuckDB's query for the rows of a finding in it; `None` if DuckDB does not read such files by itself.
    pub fn duckdb_of(&self, path: &str, id: &str) -> Option<String> {
        let name = Path::new(path).file_name()?.to_str()?.to_ascii_lowercase();
        let plain = name.trim_end_matches(".gz").trim_end_matches(".zst");
        let reads = [".parquet", ".csv", ".tsv", ".ndjson"].iter().any(|end| plain.ends_with(end));
        // These it takes for patterns.
        let is_pattern = path.contains(['*', '?', '[']);
        (reads && !is_pattern).then(|| duckdb_of_output(path, &format!("{}finding_id", self.prefix), id))
    }

    /// All its rows in findings. Rows that are not in it (of an output of anomalies alone) are not in them.
    ///
    /// # Errors
    /// Whatever reading meets.
    pub fn grouped(&self, run: &Run<'_>) -> Result<Grouped> {
        let mut collector = Collector::new();
        let Some(reader) = &self.reader else { return Ok(collector.finish()) };
        let look = |batch: Batch| Ok((self.severities(&batch.columns)?, reader.read(&self.input, &batch)?));
        run.each(self.input.source()?, look, |done| {
            let (severity, flows) = done.value;
            collector.learn(&flows.names);
            collector.observe(&flows.rows(&severity));
            Ok(())
        })?;
        Ok(collector.finish())
    }

    /// The rows of the finding that is called `id`; the places of the first `most`.
    ///
    /// # Errors
    /// Whatever reading meets; if the output has no column of findings.
    pub fn rows_of(&self, id: &str, most: usize, run: &Run<'_>) -> Result<FindingRows> {
        let mut rows = FindingRows::default();
        let Some(reader) = &self.reader else { return Ok(rows) };
        // `None`: some row has no state.
        let mut states = Some(BTreeSet::new());
        let look = |batch: Batch| self.rows_in(reader, &batch, id, most);
        run.each(self.input.source()?, look, |done| {
            let Some(found) = done.value else { return Ok(()) };
            rows.add(found.rows, most);
            states = states.take().zip(found.states).map(|(mut all, more)| {
                all.extend(more);
                all
            });
            Ok(())
        })?;
        rows.states = states.filter(|_| rows.habits.are_zeek()).into_iter().flatten().collect();
        Ok(rows)
    }

    /// Whether its rows say of which finding they are.
    pub fn has_findings(&self) -> bool {
        self.reader.is_none() || self.columns.has_findings()
    }

    /// How many rows beside those of the finding `id` meet this, which is given a row and its state: of other findings, and of none
    /// (a later record replaced them, or they were not scored).
    ///
    /// # Errors
    /// As [`ScoredLog::rows_of`].
    pub fn others(
        &self,
        id: &str,
        run: &Run<'_>,
        meets: impl Fn(&Flow<'_>, Option<&str>) -> bool + Sync,
    ) -> Result<(u64, u64)> {
        let mut others = (0, 0);
        let Some(reader) = &self.reader else { return Ok(others) };
        let look = |batch: Batch| {
            let (ids, flows) = (self.texts(&batch.columns, "finding_id")?, reader.read(&self.input, &batch)?);
            let states = &flows.flows.state;
            let is_other = |&row: &usize| {
                let state = (row < states.len() && states.is_valid(row)).then(|| states.value(row));
                id_of(&ids, row) != Some(id) && meets(&flows.rows(&[]).flow(row), state)
            };
            let (of_findings, of_none): (Vec<usize>, Vec<usize>) =
                (0..batch.n_rows()).filter(is_other).partition(|&row| id_of(&ids, row).is_some());
            Ok((of_findings.len() as u64, of_none.len() as u64))
        };
        run.each(self.input.source()?, look, |done| {
            others = (others.0 + done.value.0, others.1 + done.value.1);
            Ok(())
        })?;
        Ok(others)
    }

    /// The rows of a batch that are in the finding.
    fn rows_in(&self, reader: &FlowReader, batch: &Batch, id: &str, most: usize) -> Result<Option<BatchRows>> {
        let ids = self.texts(&batch.columns, "finding_id")?;
        let wanted: Vec<usize> = (0..ids.len()).filter(|&row| id_of(&ids, row) == Some(id)).collect();
        if wanted.is_empty() {
            return Ok(None);
        }
        let flows = reader.read(&self.input, batch)?;
        let severity = vec![0.0; batch.n_rows()];
        let of_rows: Vec<Flow<'_>> = wanted.iter().map(|&row| flows.rows(&severity).flow(row)).collect();
        let mut names = HostNames::default();
        flows.names.iter().for_each(|(host, text)| names.learn(*host, text));
        let states = &flows.flows.state;
        let state = |&row: &usize| (row < states.len() && states.is_valid(row)).then(|| states.value(row).to_owned());
        let rows = FindingRows {
            flows: wanted.len() as u64,
            places: self.places(batch, wanted.iter().take(most))?,
            common: of_rows.iter().map(Common::of_row).reduce(Common::and),
            names,
            faults: of_rows.iter().filter(|flow| flow.contradicts_itself()).count() as u64,
            files: self.files(batch, &wanted)?,
            habits: Habits::of(&batch.columns, &wanted, &of_rows),
            ..FindingRows::default()
        };
        Ok(Some(BatchRows { rows, states: wanted.iter().map(state).collect() }))
    }

    fn files(&self, batch: &Batch, rows: &[usize]) -> Result<BTreeSet<String>> {
        let files = self.texts(&batch.columns, "source_file")?;
        let known: BTreeSet<&str> =
            rows.iter().filter(|&&row| files.is_valid(row)).map(|&row| files.value(row)).collect();
        Ok(known.into_iter().map(str::to_owned).collect())
    }

    fn places<'a>(&self, batch: &Batch, rows: impl Iterator<Item = &'a usize>) -> Result<Vec<RowPlace>> {
        let files = self.texts(&batch.columns, "source_file")?;
        let records = self.column(&batch.columns, "source_record", &DataType::UInt64)?;
        let records: &UInt64Array = records.as_primitive::<UInt64Type>();
        let known = rows.filter(|&&row| files.is_valid(row) && records.is_valid(row));
        Ok(known.map(|&row| RowPlace { file: files.value(row).to_owned(), record: records.value(row) }).collect())
    }

    /// NaN for rows that were not scored.
    fn severities(&self, batch: &RecordBatch) -> Result<Vec<f64>> {
        let scored = self.columns.read(batch)?;
        Ok((0..batch.num_rows()).map(|row| scored.row(row).map_or(f64::NAN, |said| said.severity)).collect())
    }

    fn texts(&self, batch: &RecordBatch, name: &str) -> Result<StringArray> {
        Ok(self.column(batch, name, &DataType::Utf8)?.as_string::<i32>().clone())
    }

    fn column(&self, batch: &RecordBatch, name: &str, kind: &DataType) -> Result<arrow_array::ArrayRef> {
        let name = format!("{}{name}", self.prefix);
        let column = batch.column_by_name(&name).ok_or_else(|| {
            Error::Schema(format!(
                "there is no column {name}: the output was made with --group none and has no findings; score the logs again without it"
            ))
        })?;
        arrow_cast::cast(column, kind).map_err(|error| Error::Schema(format!("column {name}: {error}")))
    }
}

/// The finding that a row is in.
fn id_of(ids: &StringArray, row: usize) -> Option<&str> {
    (row < ids.len() && ids.is_valid(row)).then(|| ids.value(row)).filter(|id| !id.is_empty())
}
