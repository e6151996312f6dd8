//! The rows of an input as a model takes them: which were asked for, and how they stand among flows like them.

use super::{Chosen, ExplainOptions, ExplainedRow};
use crate::features::windows::Event;
use crate::findings::HostNames;
use crate::flows::record::{FlowSchema, Flows, Host};
use crate::flows::source::Input;
use crate::flows::{Batch, RecordNumbers};
use crate::model::{ADDED_BY_FINDINGS, BatchExplainer, BatchScorer, RowReasons, prefix_of_added};
use crate::pipeline::ordered::Run;
use crate::pipeline::standing::Standings;
use crate::pipeline::top::{Top, TopRow};
use crate::{Error, Result};
use arrow_array::cast::AsArray;
use arrow_array::{Array, RecordBatch};
use arrow_schema::DataType;

/// What both passes share.
pub(super) struct Rows<'a> {
    pub input: &'a Input,
    pub options: &'a ExplainOptions,
    /// Reads rows of a table as flows, where its columns tell them.
    pub reader: Option<FlowSchema>,
}

/// A batch as the features take it.
struct Table {
    table: RecordBatch,
    flows: Option<Flows>,
    superseded: Vec<bool>,
    names: Vec<(Host, String)>,
}

impl Rows<'_> {
    fn table(&self, batch: &Batch) -> Result<Table> {
        match &self.options.flows {
            Some(flows) => {
                let (table, read) = flows.table(self.input, batch)?;
                Ok(Table { table, flows: Some(read.flows), superseded: read.superseded, names: read.names })
            }
            None => {
                let flows = self.reader.as_ref().map(|reader| reader.flows(&batch.columns)).transpose()?;
                let names = self.reader.as_ref().map(|reader| reader.host_names(&batch.columns)).transpose()?;
                let names = names.unwrap_or_default();
                Ok(Table { table: batch.columns.clone(), flows, superseded: Vec::new(), names })
            }
        }
    }

    /// The oddest of the rows asked for; of a finding all of them, explained.
    pub fn choose(
        &self,
        scorer: &BatchScorer,
        explainer: &BatchExplainer,
        batch: &Batch,
    ) -> Result<(Top, Vec<RowReasons>)> {
        let Table { table, superseded, .. } = self.table(batch)?;
        let is_superseded = |row: usize| superseded.get(row).copied().unwrap_or(false);
        let scored = scorer.score_knowing(&table, |row| is_superseded(row).then_some(f64::NAN))?;
        let wanted = self.wanted(batch)?;
        let mut score = scored.score;
        for (score, wanted) in score.iter_mut().zip(&wanted) {
            if !wanted {
                *score = f64::NAN;
            }
        }
        let top = Top::of_batch(self.options.chosen.most(), batch, &score, &scored.severity, &scored.anomaly)?;
        if !matches!(self.options.chosen, Chosen::Finding(_)) {
            return Ok((top, Vec::new()));
        }
        let rows: Vec<u32> = (0..).zip(&score).filter(|(_, score)| !score.is_nan()).map(|(row, _)| row).collect();
        Ok((top, explainer.explain(&table, &rows, &[], 0)?))
    }

    /// Which rows were asked for.
    fn wanted(&self, batch: &Batch) -> Result<Vec<bool>> {
        match &self.options.chosen {
            Chosen::Top(_) => Ok(vec![true; batch.n_rows()]),
            Chosen::Record { file, record } => {
                let name = self.input.files.get(batch.file).map(|file| file.name.as_str());
                let of_file = file.as_deref().is_none_or(|wanted| Some(wanted) == name);
                Ok((0..batch.n_rows()).map(|row| of_file && batch.numbers.get(row) == *record).collect())
            }
            Chosen::Finding(id) => {
                let prefix = prefix_of_added(&batch.columns.schema()).unwrap_or_default();
                let column = format!("{prefix}{}", ADDED_BY_FINDINGS[0]);
                let Some(ids) = batch.columns.column_by_name(&column) else {
                    return Err(Error::Schema(format!(
                        "the input has no column `{column}`: --finding is for what `oddflow detect LOGS -o OUT` or `score` wrote"
                    )));
                };
                let ids = arrow_cast::cast(ids, &DataType::Utf8).map_err(|e| Error::Schema(e.to_string()))?;
                let ids = ids.as_string::<i32>();
                Ok((0..ids.len()).map(|row| ids.is_valid(row) && ids.value(row) == id).collect())
            }
        }
    }

    pub fn explained(&self, explainer: &BatchExplainer, row: &TopRow) -> Result<ExplainedRow> {
        let Table { table, flows, names: texts, .. } = self.table(&batch_of(row))?;
        let mut names = HostNames::default();
        texts.iter().for_each(|(host, text)| names.learn(*host, text));
        let reasons = explainer.explain(&table, &[0], &[], self.options.told)?.into_iter().next();
        let reasons = reasons.ok_or_else(|| Error::Internal("a row was not explained".into()))?;
        Ok(ExplainedRow { row: row.clone(), reasons, flow: flows, names, standings: Vec::new() })
    }

    /// Finds how the told values stand among flows of the same protocol and service, and of the same source.
    pub fn stand(&self, explainer: &BatchExplainer, rows: &mut [ExplainedRow], run: &Run<'_>) -> Result<()> {
        let plan = explainer.plan();
        let mut asked = Vec::with_capacity(rows.len());
        for row in rows.iter() {
            let Some(flow) = &row.flow else { return Ok(()) };
            let told = row.reasons.reasons.iter().filter(|reason| reason.told.is_some());
            let columns: Vec<usize> = told.map(|reason| reason.column).collect();
            let table = self.table(&batch_of(&row.row))?.table;
            let value = |&column: &usize| Ok(plan.comparable(column, &table)?.first().copied().unwrap_or(f64::NAN));
            let values = columns.iter().map(value).collect::<Result<Vec<f64>>>()?;
            asked.push(Standings::new(&Event::of(flow, 0, 0), columns, values));
        }
        if asked.is_empty() {
            return Ok(());
        }
        let empty = asked.clone();
        run.each(
            self.input.source()?,
            |batch| {
                let mut counts = empty.clone();
                let Table { table, flows, superseded, .. } = self.table(&batch)?;
                if let Some(flows) = flows {
                    Standings::count(&mut counts, plan, &table, &flows, &superseded)?;
                }
                Ok(counts)
            },
            |done| {
                asked.iter_mut().zip(&done.value).for_each(|(sum, counts)| sum.add(counts));
                Ok(())
            },
        )?;
        for (row, standings) in rows.iter_mut().zip(asked) {
            row.standings = standings.finish();
        }
        Ok(())
    }
}

/// A row that was kept, as it came.
fn batch_of(row: &TopRow) -> Batch {
    Batch {
        columns: row.fields.clone(),
        file: row.file,
        numbers: RecordNumbers::Run { first: row.record },
        stream_offset: (row.position() + 1).saturating_sub(row.record),
        rejected: Vec::new(),
        damage: None,
    }
}
