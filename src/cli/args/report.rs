//! The flags of `oddflow report`.

use super::{InputArgs, RunArgs};
use clap::Args;
use std::path::PathBuf;

/// `oddflow report`.
#[derive(Debug, Args)]
pub struct Report {
    #[command(flatten)]
    pub input: InputArgs,
    /// Where the page goes: .html
    #[arg(short, long, value_name = "REPORT.html", help_heading = "Output")]
    pub output: PathBuf,
    /// Heading of the page [default: the input's name]
    #[arg(long, value_name = "TEXT", help_heading = "Output")]
    pub title: Option<String>,
    /// Rows inside the page: those of findings, then anomalies by severity, then others drawn by the seed [default and most: 50000]
    #[arg(long, value_name = "N", help_heading = "Output")]
    pub rows: Option<usize>,
    /// What `--prefix` put before the names of the added columns when the input was scored
    #[arg(long, value_name = "TEXT")]
    pub prefix: Option<String>,
    /// Zone of times that state none, such as Europe/Berlin or +02:00 [default: as they were scored, else UTC]
    #[arg(long, value_name = "ZONE", allow_hyphen_values = true)]
    pub tz: Option<String>,
    /// Draw a map of some of the rows (t-SNE): the oddest and a sample of the others
    #[arg(long, conflicts_with = "embedding", help_heading = "Map")]
    pub map: bool,
    /// Rows of the map [default: 5000]
    #[arg(long, value_name = "N", requires = "map", help_heading = "Map")]
    pub map_rows: Option<usize>,
    /// Show this map, a table that `oddflow embed SCORED -o MAP.csv` (or .parquet, …) wrote
    #[arg(long, value_name = "FILE", help_heading = "Map")]
    pub embedding: Option<PathBuf>,
    /// Seed of what is drawn [default: 0]
    #[arg(long, value_name = "S", help_heading = "Map")]
    pub seed: Option<u64>,
    /// Keep rejected records, with reasons, in this NDJSON file
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub rejected: Option<PathBuf>,
    #[command(flatten)]
    pub run: RunArgs,
}
