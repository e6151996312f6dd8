//! Reasons of rows beside their scores, while scoring.

use super::known::KnownScores;
use super::top::{Top, TopRow};
use crate::Result;
use crate::detectors::explanation::Method;
use crate::device::Device;
use crate::flows::Batch;
use crate::model::{BatchExplainer, Model, Scored};
use crate::{Error, Stop};
use arrow_array::RecordBatch;
use arrow_schema::Schema;
use std::collections::{HashMap, HashSet};
use std::str::FromStr;
use std::sync::Arc;

/// Which rows are given reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Explain {
    /// Anomalies.
    Anomalies,
    /// All that have a score. Those that are no anomalies are explained the cheaper way ([`Method::Path`]).
    All,
}

impl FromStr for Explain {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "anomalies" => Ok(Self::Anomalies),
            "all" => Ok(Self::All),
            _ => Err(Error::parameter("--explain", format!("`{text}`"), "it must be anomalies or all")),
        }
    }
}

/// Gives the rows of batches their reasons; shared by threads.
pub(super) struct Reasoner {
    exact: BatchExplainer,
    cheap: Option<BatchExplainer>,
    known: Option<Arc<KnownScores>>,
}

impl Reasoner {
    pub fn new(
        model: &Model,
        schema: &Schema,
        device: &Device,
        explain: Explain,
        known: Option<Arc<KnownScores>>,
        stop: &Stop,
    ) -> Result<Self> {
        let explainer = |method| Ok::<_, Error>(model.explainer(device, schema, method)?.until(stop));
        let cheap = (explain == Explain::All).then(|| explainer(Method::Path)).transpose()?;
        Ok(Self { exact: explainer(Method::Exact)?, cheap, known })
    }

    /// The reasons of a batch's rows, for the column (where one is `written`: of anomalies, or of all), and for the rows of
    /// `top`, which may be printed. How a row is explained depends on its verdict alone.
    pub fn of_batch(
        &self,
        batch: &Batch,
        table: &RecordBatch,
        scored: &Scored,
        top: &mut Top,
        written: bool,
    ) -> Result<Vec<Option<String>>> {
        let printed: HashSet<u64> = top.rows().iter().map(TopRow::position).collect();
        let position = |row: u32| batch.stream_position(row as usize);
        let is_odd = |row: u32| scored.anomaly.get(row as usize).copied().unwrap_or(false);
        let in_column = |row: u32| written && (self.cheap.is_some() || is_odd(row));
        let has_score = |row: &u32| scored.score.get(*row as usize).is_some_and(|score| !score.is_nan());
        let wanted = |row: &u32| in_column(*row) || printed.contains(&position(*row));
        let rows = (0..batch.n_rows() as u32).filter(has_score).filter(wanted);
        let (exact, cheap): (Vec<u32>, Vec<u32>) = rows.partition(|&row| self.cheap.is_none() || is_odd(row));
        let mut reasons = vec![None; batch.n_rows()];
        self.add(&self.exact, batch, table, &exact, &mut reasons)?;
        if let Some(explainer) = &self.cheap {
            self.add(explainer, batch, table, &cheap, &mut reasons)?;
        }
        let places: HashMap<u64, u32> = exact.iter().chain(&cheap).map(|&row| (position(row), row)).collect();
        top.explain(|position| reasons.get(*places.get(&position)? as usize).cloned().flatten());
        for (row, reason) in (0..).zip(&mut reasons) {
            if !in_column(row) {
                *reason = None;
            }
        }
        Ok(reasons)
    }

    fn add(
        &self,
        explainer: &BatchExplainer,
        batch: &Batch,
        table: &RecordBatch,
        rows: &[u32],
        reasons: &mut [Option<String>],
    ) -> Result<()> {
        // A training row of a detector of neighbours does not find itself.
        let place = |row: &u32| self.known.as_ref()?.place(batch.stream_position(*row as usize));
        let excluded: Vec<Option<u32>> = match self.known {
            Some(_) => rows.iter().map(place).collect(),
            None => Vec::new(),
        };
        for (row, text) in rows.iter().zip(explainer.texts(table, rows, &excluded)?) {
            if let Some(reason) = reasons.get_mut(*row as usize) {
                *reason = text;
            }
        }
        Ok(())
    }
}
