//! Flags for flow logs: how they become features, and findings.

use clap::Args;
use std::path::PathBuf;

/// How logs of flows (Zeek, Suricata EVE, Argus) become features.
#[derive(Debug, Args)]
#[command(next_help_heading = "Flow logs")]
pub struct FlowArgs {
    /// Features of flow logs: default (rates, regularity, fan-out, rarities, …), basic (what the eight columns of a KDD record
    /// tell: logarithms, ratios, rarities; of KDD's tables and others without addresses too), or columns (the log's own
    /// columns, as those of any table) [default: default; of tables columns]
    #[arg(long, value_name = "SET")]
    pub features: Option<String>,
    /// Which flows are fitted on: capped (at most 5 of one conversation and state), or uniform [default: capped,
    /// with --baseline and without addresses uniform]
    #[arg(long, value_name = "HOW")]
    pub sample: Option<String>,
    /// Networks that are ours, with commas between them [default: as the log says, else private addresses]
    #[arg(long, value_name = "CIDR")]
    pub local: Option<String>,
    /// Zone of times that state none (Argus), such as Europe/Berlin or +02:00 [default: UTC]
    #[arg(long, value_name = "ZONE", allow_hyphen_values = true)]
    pub tz: Option<String>,
}

/// What becomes of the rows of flow logs.
#[derive(Debug, Args)]
#[command(next_help_heading = "Findings")]
pub struct FindingArgs {
    /// How many findings are called anomalies: 100/day, 20/week [default: 100/day]
    #[arg(long, value_name = "N/PERIOD", conflicts_with_all = ["threshold", "contamination"])]
    pub alerts: Option<String>,
    /// Group rows into findings (auto), or judge each row by itself (none) [default: auto]
    #[arg(long, value_name = "HOW")]
    pub group: Option<String>,
    /// An earlier output of logs: say of each finding whether it is new, was seen there, or has grown
    ///
    /// `grown × N`: N times the flows a day, 2 or more; of a log that is shorter than OUT's, N times all that OUT has.
    #[arg(long, value_name = "OUT")]
    pub since: Option<String>,
    /// What is known to be fine: rules in TOML; their rows are scored and marked, and no anomalies
    #[arg(long, value_name = "FILE")]
    pub allow: Option<PathBuf>,
}
