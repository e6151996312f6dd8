//! Streaming: read, encode, score and write overlap in bounded memory; output order is input order; the first error in
//! input order stops all stages.

mod assess;
mod digest;
mod draw;
mod drift;
mod events;
mod explain;
mod fit;
mod flow_logs;
mod heavy;
mod known;
mod manifest;
mod ordered;
mod picture_flows;
mod reasons;
mod sample;
mod score;
mod score_file;
mod scored_columns;
mod scored_log;
mod standing;
mod tally;
mod told_run;
mod top;
mod training_rows;
mod writer;

pub use assess::{Assess, Rival};
pub use digest::{Digests, begin_digest, file_digest};
pub use draw::{DrawOptions, PictureRows, draw};
pub use drift::MANIFEST_ROWS;
pub use events::{End, EventId, EventPlan, FindingNote, FindingNotes, community_id};
pub use explain::{Chosen, ExplainOptions, ExplainReport, ExplainedRow, FindingMean, MOST_ROWS, explain};
pub use fit::{FitOptions, FitReport, FitWatch, FlowFit, fit};
pub use flow_logs::{AsFlows, FlowLogs, FlowReader, FlowReading, FlowScoring};
pub use heavy::TenLargest;
pub use known::KnownScores;
pub use manifest::{AllowedFacts, FindingFacts, Manifest, RuleFacts, RunFacts, beside, manifest_path};
pub use ordered::{Progress, Run, Timed};
pub use picture_flows::{DerivedColumns, PictureFlows};
pub use reasons::Explain;
pub use sample::{Candidates, Drawn, Gathered, Sample, record_hash};
pub use score::{RowVerdicts, ScoreOptions, ScoreReport, score};
pub use score_file::{ScoreFile, ScoreWriter};
pub use scored_columns::{Said, ScoredColumns, ScoredRows};
pub use scored_log::{FindingRows, RowPlace, ScoredLog};
pub use standing::{Place, Standing};
pub use tally::{Stages, Tally};
pub use told_run::{
    ListedFinding, ToldAllowed, ToldColumn, ToldDamage, ToldDrift, ToldFindings, ToldInput, ToldModel, ToldRun,
};
pub use top::{Top, TopRow};

/// How a pass over the input ended.
#[derive(Debug)]
pub enum Pass<T> {
    /// With what it was made for.
    Done(T),
    /// With rejected records that fit once the input is settled ([`Input::settle`](crate::flows::source::Input::settle)):
    /// everything is to be read again, and nothing of this pass has appeared.
    ReadAgain,
}
