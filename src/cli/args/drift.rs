//! The flags of `oddflow drift`.

use super::{InputArgs, RunArgs};
use clap::Args;
use std::path::PathBuf;

/// `oddflow drift`.
#[derive(Debug, Args)]
pub struct Drift {
    /// The model whose training rows are compared with
    #[arg(short, long, value_name = "MODEL")]
    pub model: PathBuf,
    #[command(flatten)]
    pub input: InputArgs,
    /// Rows of the input that are looked at, drawn evenly; the same ones each time
    #[arg(long, value_name = "N", default_value_t = 200_000)]
    pub rows: usize,
    /// End with exit code 3 where the PSI of a column or of the scores, less what it comes to by chance, is above this: 0.25 is large by custom. Of files that the model was fitted on, what differs on known rows is left out (`first_seen` and the scores of flow logs, scores of lof and knn)
    #[arg(long, value_name = "PSI")]
    pub fail_above: Option<f64>,
    /// Columns to print [default: 20]
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub top: usize,
    /// As JSON
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub run: RunArgs,
}
