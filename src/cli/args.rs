//! The flags, as clap reads them. Every option that a configuration file may also set is an `Option` here; what they
//! come to is decided in [`super::settings`].

use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

/// Which of these network flows are odd?
///
/// oddflow trains an unsupervised detector on flow records, scores millions of them on the CPU or any GPU with the same
/// answers, and prints the oddest. It reads CSV, TSV, NDJSON, Parquet and Arrow, plain or compressed.
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
    /// Fit on a sample of the input, score all of it, print the oddest rows
    Detect(Detect),
    /// Fit a model on a sample of the input and save it
    Fit(Fit),
    /// Score input with a saved model
    Score(Score),
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
    pub run: RunArgs,
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

/// What to read.
#[derive(Debug, Args)]
#[command(next_help_heading = "Input")]
pub struct InputArgs {
    /// Files, directories, globs, or `-` for standard input; several are one stream
    #[arg(value_name = "INPUT", required = true)]
    pub inputs: Vec<String>,
    /// Column names for text without a header: a comma-separated list, or the preset `nsl-kdd`
    #[arg(long, value_name = "NAMES")]
    pub columns: Option<String>,
    /// Character between the fields of delimited text, or `tab`, where the content does not tell it
    #[arg(long, value_name = "CHAR")]
    pub delimiter: Option<String>,
    /// Keep the records before the damage of a damaged file, and go on with the next file
    #[arg(long)]
    pub skip_errors: bool,
}

/// What to write.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub struct OutputArgs {
    /// Where scored rows go: .parquet, .csv, .tsv, .ndjson or .arrow, text also .gz or .zst; `-` is CSV on stdout
    #[arg(short, long, value_name = "OUT")]
    pub output: Option<String>,
    /// Write only rows whose verdict is anomaly
    #[arg(long)]
    pub only_anomalies: bool,
    /// Write only the score, severity and verdict columns
    #[arg(long)]
    pub scores_only: bool,
    /// Put this before the names of the added columns
    #[arg(long, value_name = "TEXT")]
    pub prefix: Option<String>,
    /// Leave text that a spreadsheet would take for a formula as it is (CSV and TSV)
    #[arg(long)]
    pub keep_formulas: bool,
    /// Keep rejected records, with reasons, in this NDJSON file
    #[arg(long, value_name = "FILE")]
    pub rejected: Option<PathBuf>,
    /// How many of the oddest rows to print [default: 10]
    #[arg(long, value_name = "N")]
    pub top: Option<usize>,
}

/// What to fit.
#[derive(Debug, Args)]
#[command(next_help_heading = "Detector")]
pub struct FitArgs {
    /// iforest (isolation forest), lof (local outlier factor) or knn (nearest neighbors) [default: iforest]
    #[arg(long, value_name = "NAME")]
    pub detector: Option<String>,
    /// Neighbors of a row (lof, knn) [default: 20 for lof, 5 for knn]
    #[arg(long, value_name = "K")]
    pub neighbors: Option<usize>,
    /// Which of the K distances is the score (knn): largest, mean or median [default: largest]
    #[arg(long, value_name = "WHICH")]
    pub distance: Option<String>,
    /// Rows of the input that the model keeps and compares with (lof, knn), drawn by the seed [default: 50000]
    ///
    /// It takes the place of --fit-rows: time and the model's size grow with it. At 50,000 the 99.9th percentile of the
    /// training scores rests on 50 rows. Each of these rows is scored against all others; any other row against them all.
    #[arg(long, value_name = "N")]
    pub reference_rows: Option<usize>,
    /// Memory for the neighbors' lists of these rows (lof, knn): 500M, 2G; the answer is the same [default: 4G]
    #[arg(long, value_name = "SIZE")]
    pub memory: Option<String>,
    /// Trees of the forest (iforest) [default: 100]
    #[arg(long, value_name = "N")]
    pub trees: Option<usize>,
    /// Rows each tree is built on, up to 65,536 (iforest) [default: 256]
    #[arg(long, value_name = "N")]
    pub sample_size: Option<usize>,
    /// Features each tree may use: a share up to 1.0, or a count from 2 (iforest) [default: 1.0]
    #[arg(long, value_name = "X")]
    pub max_features: Option<f64>,
    /// Rows of the input to fit on, drawn by the seed (iforest) [default: 100000]
    #[arg(long, value_name = "N")]
    pub fit_rows: Option<usize>,
    /// Seed of everything random [default: 0]
    #[arg(long, value_name = "S")]
    pub seed: Option<u64>,
}

/// When a row is called an anomaly.
#[derive(Debug, Args)]
#[command(next_help_heading = "Verdict")]
pub struct VerdictArgs {
    /// high-precision (severity above 0.7, the default), high-recall (above 0.3), severity:X or score:X
    #[arg(long, value_name = "RULE", conflicts_with = "contamination")]
    pub threshold: Option<String>,
    /// Call this share of the training rows anomalous, 0 to 0.5
    #[arg(long, value_name = "SHARE")]
    pub contamination: Option<f64>,
}

/// How to run.
#[derive(Debug, Args)]
#[command(next_help_heading = "Run")]
pub struct RunArgs {
    /// auto (a hardware GPU if there is one, else the CPU), cpu, gpu, or an INDEX or NAME of `oddflow devices`
    #[arg(long, value_name = "DEVICE")]
    pub device: Option<String>,
    /// Worker threads (default: all cores)
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,
    /// Rows aimed at in a batch [default: 65536]
    #[arg(long, value_name = "N")]
    pub batch_rows: Option<usize>,
    /// Configuration file: the same keys as the options, and column roles under [roles]
    #[arg(long, value_name = "FILE.toml")]
    pub config: Option<PathBuf>,
    /// Say nothing but errors and data
    #[arg(short, long, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Say how the work is planned: passes over the neighbors, and memory
    #[arg(short, long)]
    pub verbose: bool,
}
