//! The flags of `oddflow evaluate`.

use super::{InputArgs, RunArgs, VerdictArgs};
use clap::Args;
use std::path::PathBuf;

/// `oddflow evaluate`.
#[derive(Debug, Args)]
pub struct Evaluate {
    /// The model to measure
    #[arg(short, long, value_name = "MODEL")]
    pub model: PathBuf,
    #[command(flatten)]
    pub input: InputArgs,
    /// Another model, to tell the difference on the same rows
    #[arg(long, value_name = "MODEL2")]
    pub compare: Option<PathBuf>,
    /// Column that tells which rows are anomalous [default: by its name]
    #[arg(long, value_name = "COLUMN")]
    pub label: Option<String>,
    /// Column that names the kind of an anomaly [default: by its name, else a label in words]
    #[arg(long, value_name = "COLUMN")]
    pub kind: Option<String>,
    /// How often rows are drawn anew for the intervals, up to 100,000; 0: no intervals
    #[arg(long, value_name = "B", default_value_t = 1_000)]
    pub bootstrap: usize,
    /// Seed of the intervals
    #[arg(long, value_name = "S", default_value_t = 0)]
    pub seed: u64,
    /// Where the ROC and precision-recall curves of the model go: a picture (.svg, .png), or a table of their points (.csv, .tsv, .ndjson,
    /// .parquet, .arrow); may be given several times
    #[arg(long, value_name = "OUT")]
    pub curves: Vec<String>,
    /// As JSON
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub verdict: VerdictArgs,
    #[command(flatten)]
    pub run: RunArgs,
}
