//! The flags, as clap reads them. Every option that a configuration file may also set is an `Option` here; what they
//! come to is decided in [`super::settings`].

mod drift;
mod embed;
mod engine;
mod evaluate;
mod explain;
mod flows;
mod kept;
mod report;
mod shared;
mod watch;

pub use drift::Drift;
pub use embed::Embed;
pub use engine::{Bench, Devices, Shaders};
pub use evaluate::Evaluate;
pub use explain::Explain;
pub use flows::{FindingArgs, FlowArgs};
pub use kept::{Allow, Hosts, Show};
pub use report::Report;
pub use shared::{FitArgs, InputArgs, OutputArgs, RunArgs, VerdictArgs};
pub use watch::Watch;

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
                  Exit codes: 0 done, 1 done with rejected records, 2 failed, 3 drift above --fail-above.\n\
                  stdout is data, stderr is talk."
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
    /// Say how far an input is from the rows that a model was fitted on, column by column
    ///
    /// PSI, the population stability index: by custom 0.1 is worth a look and 0.25 a large shift. KS, the distance of
    /// Kolmogorov and Smirnov, from 0 to 1. Rows are scored as `oddflow score` scores them, for the shift of the scores.
    Drift(Box<Drift>),
    /// Measure how well a model finds what labels tell, with intervals, kind by kind, or against another model
    ///
    /// Rows are scored as `oddflow score` scores them, flow logs with their windows; the verdict is the threshold's, row by
    /// row, and not that of findings. Rows whose label says nothing are left out.
    Evaluate(Box<Evaluate>),
    /// Say why rows or findings are odd: what each column adds, its value, what is typical
    ///
    /// Contributions sum exactly to what the detector says of a row. How a value stands among flows of the same protocol and
    /// service (where none is known, port), and among 100 flows or more of the same source, is counted over the whole input.
    /// Rows are scored as `oddflow score` does: rows that the model was fitted on are taken as new.
    Explain(Box<Explain>),
    /// Draw a map of the flows on which like ones lie near each other: t-SNE or UMAP, as a page, a picture or a table
    ///
    /// Up to --rows rows are drawn by the seed. Where they have scores, from -m or from a scored input, a tenth of them are
    /// the oddest of all. Without a model, features are fitted on the rows that are drawn.
    Embed(Box<Embed>),
    /// Score a log while it is written, and tell each finding as soon as it is odd: one alert a finding, news when it grows
    ///
    /// Rotation and truncation are followed. An alert comes within a second of the line that makes its finding odd, and again when the
    /// finding has 10 and 100 times the flows, and each day that it goes on. Windows hold what came so far; scores are those of a log
    /// that ends with the line. Ends with Ctrl-C, or at the end of standard input.
    Watch(Box<Watch>),
    /// Show the original records of a finding, and the filter that selects them in other tools
    ///
    /// The records go to stdout as they stand in their files; what the finding is, where they stand, and the filters for
    /// zeek-cut, DuckDB, Kibana and Splunk to stderr; these are for the logs, and `output` is DuckDB's query for the rows of OUT. A filter
    /// says the sides, port, protocol and time, and of Zeek's logs the states; of other logs it also selects flows of these sides that
    /// went another way. A log that is no longer what was scored is refused; one that has grown is not.
    Show(Show),
    /// List what each source did on each day, the oddest first
    ///
    /// finding: the best place of a finding that it has flows in (--json: rank); ports, hosts: how many it touched; failed: the share
    /// of its flows that did; beat: how even its most even finding of nine flows or more is within the hours, 1 for a clock; oddest:
    /// the largest severity of a row (--json: severity).
    Hosts(Hosts),
    /// Add a rule for a finding to the list of what is known to be fine
    Allow(Allow),
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
    /// Fit on these files, folders or patterns, which are known to be clean, instead of on the input; or on the flows of logs
    /// that begin within a span, and score the others: 2024-04-01..2024-04-14
    ///
    /// A span is from a time up to another (2024-04-01T08:00..2024-04-01T20:00); a last day counts whole; either side may be left
    /// out.
    #[arg(long, value_name = "PATH|TIME..TIME", help_heading = "Detector")]
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
