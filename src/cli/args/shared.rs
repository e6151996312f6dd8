//! Flags that several subcommands have.

use clap::Args;
use std::path::PathBuf;

/// What to read.
#[derive(Debug, Clone, Args)]
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
    /// Read only records of which this is true: SQL such as "proto = 'tcp' AND id.resp_p IN (22, 3389)"
    ///
    /// Columns go by their names, text stands in single quotes. There are = <> < <= > >=, BETWEEN, IN, LIKE, ILIKE (the one
    /// that takes text in any case), IS NULL, AND, OR, NOT, and in_network(COLUMN, '10.0.0.0/8'); times compare with dates, as they
    /// stand in the log. It holds for what is fitted on too.
    #[arg(long = "where", value_name = "CONDITION")]
    pub condition: Option<String>,
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
    /// Write an event for each row instead of a table: ecs (Elastic Common Schema), cef (ArcSight), splunk-hec or elastic-bulk
    ///
    /// -o names the file, which may be called .ndjson, .json, .log or .txt, also .gz or .zst behind it, or `-` for standard
    /// output. Of splunk-hec and elastic-bulk each file is the body of one request: OUT.ndjson becomes OUT.0001.ndjson,
    /// OUT.0002.ndjson, …, of at most 1 MiB (splunk-hec) or 10 MiB (elastic-bulk) before compression; standard output is one
    /// stream. Files and standard output only: shippers do the sending. event.id is the same for the same record, file name
    /// and model, so what is sent twice can be told. event.kind is `alert` for anomalies. Snapshots that a later record
    /// replaces are no events.
    #[arg(
        long,
        value_name = "FORM",
        requires = "output",
        conflicts_with_all = ["scores_only", "prefix", "keep_formulas"]
    )]
    pub format: Option<String>,
    /// Write only rows whose verdict is anomaly
    #[arg(long)]
    pub only_anomalies: bool,
    /// Write only the score, severity and verdict columns
    #[arg(long)]
    pub scores_only: bool,
    /// Add a column `reasons` in words: of anomalies, or of all rows (--explain=all, in which rows that are no anomalies are
    /// explained in a cheaper way)
    #[arg(long, value_name = "WHICH", num_args = 0..=1, require_equals = true, default_missing_value = "anomalies")]
    pub explain: Option<String>,
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
    /// iforest (isolation forest), lof (local outlier factor), knn (nearest neighbors) or ocsvm (one-class SVM); several,
    /// as iforest,lof, are an ensemble [default: iforest]
    ///
    /// An ensemble fits each detector on the same rows (--reference-rows of them where lof or knn is one, else --fit-rows), all in
    /// one model. A row's score is the mean over the members of -ln(1 - severity), each by the rarity of its own training scores.
    #[arg(long, value_name = "NAMES")]
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
    /// At most this share of the fitted rows lies outside (those on the edge not counted), at least this share are support
    /// vectors (ocsvm)
    /// [default: 0.5]
    #[arg(long, value_name = "SHARE")]
    pub nu: Option<f64>,
    /// Width of the kernel exp(-gamma d²) (ocsvm): scale, auto or a number [default: scale]
    #[arg(long, value_name = "G")]
    pub gamma: Option<String>,
    /// Violation of the optimality conditions that is accepted (ocsvm) [default: 0.001]
    #[arg(long, value_name = "TOL")]
    pub tolerance: Option<f64>,
    /// auto, exact, or nystroem: a low-rank approximation (ocsvm) [default: auto: exact
    /// up to nu × rows = 4,096]
    #[arg(long, value_name = "NAME")]
    pub solver: Option<String>,
    /// Landmarks of the low-rank approximation, up to 4,096 (ocsvm) [default: 300]
    #[arg(long, value_name = "N")]
    pub components: Option<usize>,
    /// Memory for columns of the kernel matrix (ocsvm): 200M, 2G; the answer is the same [default: 200M]
    #[arg(long, value_name = "SIZE")]
    pub cache: Option<String>,
    /// Support vectors in f32, or in half precision, f16, which changes scores a little (ocsvm) [default: f32]
    #[arg(long, value_name = "TYPE")]
    pub storage: Option<String>,
    /// Rows of the input to fit on, drawn by the seed (iforest, ocsvm) [default: 100000]
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
    ///
    /// Rows of flow logs have the verdict of their finding (--alerts); with a threshold each row has its own, and a finding with
    /// such a row counts as one.
    #[arg(long, value_name = "RULE", conflicts_with = "contamination")]
    pub threshold: Option<String>,
    /// Call this share of the training rows anomalous, 0 to 0.5
    ///
    /// Of flow logs: the fewest findings that together hold this share of the rows.
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
