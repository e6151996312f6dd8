//! The flags of what asks an output again.

use clap::Args;
use std::path::PathBuf;

/// `oddflow show`.
#[derive(Debug, Args)]
pub struct Show {
    /// The scored output of logs
    #[arg(value_name = "OUT")]
    pub output: String,
    /// The finding: its place in the table, or its finding_id
    #[arg(value_name = "ID")]
    pub finding: String,
    /// At most so many records
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub limit: usize,
    /// Put FILE:RECORD: before each record
    #[arg(short = 'n', long)]
    pub number: bool,
    /// Folder that has the logs now, by the names under which they were scored or the ends of these
    #[arg(long, value_name = "DIR")]
    pub root: Option<PathBuf>,
    /// Say nothing but errors and data
    #[arg(short, long)]
    pub quiet: bool,
}

/// `oddflow hosts`.
#[derive(Debug, Args)]
pub struct Hosts {
    /// The scored output of logs
    #[arg(value_name = "OUT")]
    pub output: String,
    /// How many lines to print; 0: all
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub top: usize,
    /// As JSON lines, all of them
    #[arg(long)]
    pub json: bool,
    /// Worker threads (default: all cores)
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,
    /// Say nothing but errors and data
    #[arg(short, long)]
    pub quiet: bool,
}

/// `oddflow allow`.
#[derive(Debug, Args)]
pub struct Allow {
    /// The scored output of logs
    #[arg(value_name = "OUT")]
    pub output: String,
    /// The finding: its place in the table, or its finding_id
    #[arg(value_name = "ID")]
    pub finding: String,
    /// Why it is fine
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// The last day it counts, such as 2027-01-31 (UTC) [default: for ever]
    #[arg(long, value_name = "DATE")]
    pub expires: Option<String>,
    /// The list to add it to [default: the one that the output was made with, else allow.toml]
    #[arg(long, value_name = "FILE")]
    pub to: Option<PathBuf>,
    /// Print the rule, and add it to no list
    #[arg(long)]
    pub dry_run: bool,
    /// Say nothing but errors and data
    #[arg(short, long)]
    pub quiet: bool,
}
