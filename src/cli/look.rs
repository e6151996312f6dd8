//! Scoring an input for what it tells, not for an output: `drift` and `evaluate`.

use super::run::{Session, total_bytes};
use super::scoring::flow_logs;
use crate::Result;
use crate::flows::source::Input;
use crate::model::{Model, OutputColumns, OutputPlan};
use crate::pipeline::{Pass, ScoreOptions, ScoreReport};

/// Scores the input as `oddflow score` does. `ask` says what is to be kept of it.
///
/// # Errors
/// Whatever reading and scoring meet; columns that the model misses.
pub fn look(
    session: &Session,
    model: &Model,
    input: &Input,
    ask: impl FnOnce(ScoreOptions) -> ScoreOptions,
) -> Result<Pass<ScoreReport>> {
    let flows = flow_logs(session, model, input)?;
    if flows.is_none() {
        model.features.bind(&input.schema)?;
    }
    let plan = OutputPlan::new(&input.schema, &OutputColumns::default())?;
    let options = ScoreOptions::new(plan, session.running.batch_rows);
    let options = ask(ScoreOptions { flows, may_read_again: true, ..options });
    session.pass("score", total_bytes(input), |run| {
        crate::pipeline::score(model, input, &session.device, None, &options, run, |_, _| Ok(()))
    })
}
