//! The flags, as clap reads them. Every option that a configuration file may also set is an `Option` here; what they
//! come to is decided in [`super::settings`].

mod embed;
mod flows;
mod report;
mod shared;

pub use embed::Embed;
pub use flows::{FindingArgs, FlowArgs};
pub use report::Report;
pub use shared::{FitArgs, InputArgs, OutputArgs, RunArgs, VerdictArgs};

use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

/// Which of these network flows are odd?
///
/// oddflow trains an unsupervised detector on flow records, scores millions of them on the CPU or any GPU with the same
/// answers, and prints the oddest. It reads the logs of Zeek, Suricata (EVE) and Argus, and any table of flows: CSV, TSV,
/// NDJSON, Parquet and Arrow, plain or compressed.
#[derive(Debug, Parser)]
#[command(
    name = "oddflow",
    version,
    max_term_width = 100,
    after_help = "Start with: oddflow detect FLOWS.csv\n\
                  Exit codes: 0 done, 1 done with rejected records, 2 failed. stdout is data, stderr is talk."
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Fit on a sample of the input, score all of it, print the oddest rows or findings
    Detect(Box<Detect>),
    /// Fit a model on a sample of the input and save it
    Fit(Box<Fit>),
    /// Score input with a saved model
    ///
    /// A model of lof or knn takes every row as new: one that the model was fitted on finds itself at distance 0. Scores
    /// that leave such rows out of their own neighbors are those of `oddflow detect`.
    Score(Box<Score>),
    /// Draw a map of the flows on which like ones lie near each other: t-SNE or UMAP, as a page, a picture or a table
    ///
    /// Up to --rows rows are drawn by the seed. Where they have scores, from -m or from a scored input, a tenth of them are
    /// the oddest of all. Without a model, features are fitted on the rows that are drawn.
    Embed(Box<Embed>),
    /// Make one page of what was scored, for an analyst and for a ticket: counts, findings with reasons, hosts, services, rows
    ///
    /// The page needs nothing else, not even a network, and prints well. What the rows do not tell (inputs, model, reasons) is read
    /// from SCORED.manifest.json where it stands beside SCORED.
    Report(Box<Report>),
    /// Say what an input or a model holds: format, columns, roles, encodings
    Inspect(Inspect),
    /// Write synthetic flows with five named kinds of anomaly
    Generate(Generate),
    /// List every adapter: type, driver, limits, which operations it can run
    Devices(Devices),
    /// Measure the throughput of each operation, CPU against each GPU
    Bench(Bench),
    /// Write each GPU kernel as the WGSL text that is compiled
    Shaders(Shaders),
}

/// `oddflow detect`.
#[derive(Debug, Args)]
pub struct Detect {
    #[command(flatten)]
    pub input: InputArgs,
    #[command(flatten)]
    pub output: OutputArgs,
    #[command(flatten)]
    pub fit: FitArgs,
    #[command(flatten)]
    pub verdict: VerdictArgs,
    #[command(flatten)]
    pub flows: FlowArgs,
    #[command(flatten)]
    pub findings: FindingArgs,
    #[command(flatten)]
    pub run: RunArgs,
    /// Fit on these files, folders or patterns, which are known to be clean, instead of on the input
    #[arg(long, value_name = "PATH", help_heading = "Detector")]
    pub baseline: Vec<String>,
    /// Save the fitted model here too (default with -o: beside the output, as OUT.model)
    #[arg(short, long, value_name = "MODEL", help_heading = "Output")]
    pub model: Option<PathBuf>,
}

/// `oddflow fit`.
#[derive(Debug, Args)]
pub struct Fit {
    #[command(flatten)]
    pub input: InputArgs,
    /// Where to save the model
    #[arg(short, long, value_name = "MODEL")]
    pub output: PathBuf,
    /// Keep rejected records, with reasons, in this NDJSON file
    #[arg(long, value_name = "FILE")]
    pub rejected: Option<PathBuf>,
    #[command(flatten)]
    pub fit: FitArgs,
    #[command(flatten)]
    pub flows: FlowArgs,
    #[command(flatten)]
    pub verdict: VerdictArgs,
    #[command(flatten)]
    pub run: RunArgs,
}

/// `oddflow score`.
#[derive(Debug, Args)]
pub struct Score {
    /// The model to score with
    #[arg(short, long, value_name = "MODEL")]
    pub model: PathBuf,
    #[command(flatten)]
    pub input: InputArgs,
    #[command(flatten)]
    pub output: OutputArgs,
    #[command(flatten)]
    pub findings: FindingArgs,
    #[command(flatten)]
    pub verdict: VerdictArgs,
    #[command(flatten)]
    pub run: RunArgs,
}

/// `oddflow inspect`.
#[derive(Debug, Args)]
pub struct Inspect {
    #[command(flatten)]
    pub input: InputArgs,
    /// Configuration file with column roles
    #[arg(long, value_name = "FILE.toml")]
    pub config: Option<PathBuf>,
    /// Rows to look at
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    pub rows: usize,
}

/// `oddflow generate`.
#[derive(Debug, Args)]
pub struct Generate {
    /// How many flows
    #[arg(long, value_name = "N")]
    pub rows: u64,
    /// Seed: the same rows for the same seed, everywhere
    #[arg(long, value_name = "S", default_value_t = 0)]
    pub seed: u64,
    /// Where to write: .parquet, .csv, .tsv, .ndjson or .arrow, text also .gz or .zst; `-` is CSV on stdout
    #[arg(short, long, value_name = "FILE")]
    pub output: String,
    /// Share of anomalous flows
    #[arg(long, value_name = "SHARE", default_value_t = 0.1)]
    pub anomaly_share: f64,
    /// Worker threads (default: all cores)
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,
    /// Say nothing but errors
    #[arg(short, long)]
    pub quiet: bool,
}

/// `oddflow devices`.
#[derive(Debug, Args)]
pub struct Devices {
    /// As JSON
    #[arg(long)]
    pub json: bool,
}

/// `oddflow bench`.
#[derive(Debug, Args)]
pub struct Bench {
    /// Only operations whose name contains this
    #[arg(value_name = "OPERATION")]
    pub operation: Option<String>,
    /// Measure this device beside the CPU (default: every adapter; software ones only when named)
    #[arg(long, value_name = "DEVICE")]
    pub device: Option<String>,
    /// Rows of each case (default: the operation's own size)
    #[arg(long, value_name = "N")]
    pub rows: Option<usize>,
    /// Measured repetitions; the median is shown
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub repeats: usize,
    /// Worker threads (default: all cores)
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,
    /// As JSON
    #[arg(long)]
    pub json: bool,
}

/// `oddflow shaders`.
#[derive(Debug, Args)]
pub struct Shaders {
    /// Directory to write the .wgsl files to
    #[arg(short, long, value_name = "DIR")]
    pub output: PathBuf,
}
