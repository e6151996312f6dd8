//! Flow logs of which a picture is made: their rows are points by what is around them, as a detector sees them.

use super::fit::FlowFit;
use super::flow_logs::{AsFlows, FlowLogs, FlowReader, FlowScoring};
use super::sample::Drawn;
use super::training_rows::{flow_columns, flow_rows};
use crate::features::flow::FlowFeatures;
use crate::flows::Batch;
use crate::flows::source::Input;
use crate::model::{BatchScorer, OutputColumns, OutputPlan};
use crate::{Error, Result};
use arrow_array::RecordBatch;

/// How flow logs become the columns of a picture's features.
#[derive(Debug)]
pub enum PictureFlows {
    /// As a model takes them.
    OfModel(FlowScoring),
    /// As they would be fitted on, counted among the rows that are drawn.
    Fitted(Box<FlowLogs>, FlowFit),
}

/// Columns that features are made of.
#[derive(Debug)]
pub struct DerivedColumns {
    /// Of each row that was drawn, in their order.
    pub columns: RecordBatch,
    /// How they were derived.
    pub features: FlowFeatures,
}

impl PictureFlows {
    fn reader(&self) -> &FlowReader {
        match self {
            Self::OfModel(flows) => flows.logs.reader(),
            Self::Fitted(logs, _) => logs.reader(),
        }
    }

    /// Adds the model's scores to the rows of `batch`, if there is a scorer; of each row, whether a later record replaces it.
    /// Empty: of none.
    pub(super) fn scored(&self, scorer: Option<&BatchScorer>, input: &Input, batch: &mut Batch) -> Result<Vec<bool>> {
        let (Self::OfModel(flows), Some(scorer)) = (self, scorer) else {
            return Ok(self.reader().read(input, batch)?.superseded);
        };
        let (columns, AsFlows { superseded, .. }) = flows.table(input, batch)?;
        let is_superseded = |row: usize| superseded.get(row).copied().unwrap_or(false);
        let scored = scorer.score_knowing(&columns, |row| is_superseded(row).then_some(f64::NAN))?;
        let plan = OutputPlan::new(batch.columns.schema_ref(), &OutputColumns::default())?;
        batch.columns = plan.attach(&batch.columns, scored)?;
        Ok(superseded)
    }

    /// The derived columns of drawn rows.
    ///
    /// # Errors
    /// If the rows are not of the logs that were read through.
    pub fn derived(&self, drawn: &Drawn, input: &Input) -> Result<DerivedColumns> {
        // Scores that were given anew stand behind the other columns.
        let places = input.schema.fields().iter().map(|field| drawn.rows.schema_ref().index_of(field.name()));
        let rows = places
            .collect::<std::result::Result<Vec<_>, _>>()
            .and_then(|places| drawn.rows.project(&places))
            .map_err(|e| Error::Internal(format!("columns of drawn rows: {e}")))?;
        let drawn = &Drawn { rows, positions: drawn.positions.clone(), files: drawn.files.clone() };
        match self {
            Self::OfModel(FlowScoring { logs, features, counted }) => {
                let was_counted = |position: u64| counted.binary_search(&position).is_ok();
                let columns = flow_columns(logs, drawn, features, &was_counted)?.table;
                Ok(DerivedColumns { columns, features: features.clone() })
            }
            Self::Fitted(logs, fit) => {
                let (training, features) = flow_rows(logs, drawn, None, fit)?;
                Ok(DerivedColumns { columns: training.rows.table, features })
            }
        }
    }
}
