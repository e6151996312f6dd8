//! The flags of `oddflow explain`.

use super::{InputArgs, RunArgs};
use clap::Args;
use std::path::PathBuf;

/// `oddflow explain`.
#[derive(Debug, Args)]
pub struct Explain {
    /// The model that scores and explains
    #[arg(short, long, value_name = "MODEL")]
    pub model: PathBuf,
    #[command(flatten)]
    pub input: InputArgs,
    /// Explain the N rows with the largest scores, up to 1,000 [default: 10]
    #[arg(long, value_name = "N", conflicts_with_all = ["row", "finding"])]
    pub top: Option<usize>,
    /// Explain the record with this number, as the table of `detect` prints it: N, or FILE:N where there are several files
    #[arg(long, value_name = "ID", conflicts_with = "finding")]
    pub row: Option<String>,
    /// Explain a finding of a scored input by its place in the table or its finding_id: its oddest row, and the mean over its rows
    #[arg(long, value_name = "ID")]
    pub finding: Option<String>,
    /// Reasons to print for each row
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub reasons: usize,
    /// How a forest is explained: exact (Shapley values) or path (the splits that the row itself meets; cheaper)
    #[arg(long, value_name = "HOW", default_value = "exact")]
    pub method: String,
    /// As JSON, with all columns
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub run: RunArgs,
}
