//! Flags of `oddflow watch`.

use clap::Args;
use std::path::PathBuf;

/// `oddflow watch`.
#[derive(Debug, Args)]
pub struct Watch {
    /// The model to score with, fitted on flow logs
    #[arg(short, long, value_name = "MODEL")]
    pub model: PathBuf,
    /// The log that is written: Zeek's conn.log (TSV or JSON), Suricata's eve.json, Argus' binetflow; `-` for standard input
    #[arg(value_name = "LOG")]
    pub log: String,
    /// An earlier output of `detect` or `score` (OUT.parquet): findings are told that are as odd as the --alerts oddest there
    ///
    /// Without it a finding is told when a flow of it is an anomaly by the model's threshold, which knows nothing of what is common
    /// as a flow and odd as a hundred of them.
    #[arg(long, value_name = "OUT", help_heading = "Verdict")]
    pub reference: Option<String>,
    /// As how many findings of the reference: 100/day, 20/week [default: 100/day]
    #[arg(long, value_name = "N/PERIOD", requires = "reference", help_heading = "Verdict")]
    pub alerts: Option<String>,
    /// Without a reference: the flow that makes a finding one to tell: high-precision (severity above 0.7), high-recall (above 0.3),
    /// severity:X or score:X [default: the model's]
    #[arg(long, value_name = "RULE", conflicts_with = "reference", help_heading = "Verdict")]
    pub threshold: Option<String>,
    /// What is known to be fine: rules in TOML; their flows are counted and not told
    #[arg(long, value_name = "FILE", help_heading = "Verdict")]
    pub allow: Option<PathBuf>,
    /// Keep here what is needed to go on after a break as if there had been none
    ///
    /// Written every second at most, and at the end; named again, the watch goes on where it was, in the file that was read then,
    /// wherever it was rotated to, and in those after it. With -o no alert is lost or repeated, even after a kill -9.
    /// --lateness, --memory and --threshold must stay as they were; other --reference, --alerts, --allow, --where and --format
    /// hold from then on.
    #[arg(long, value_name = "FILE", help_heading = "Log")]
    pub state: Option<PathBuf>,
    /// Begin with what the log has already (start), or with what comes (end)
    #[arg(long, value_name = "WHERE", default_value = "start", help_heading = "Log")]
    pub from: String,
    /// A folder that the log is rotated to, beside its own (Zeek's logs/); looked through after a break, with the folders in it
    #[arg(long, value_name = "DIR", help_heading = "Log")]
    pub rotated: Option<PathBuf>,
    /// End at the end of the log instead of waiting for more
    #[arg(long, help_heading = "Log")]
    pub once: bool,
    /// Read only records of which this is true: SQL such as "proto = 'tcp' AND in_network(id.resp_h, '10.0.0.0/8')"
    #[arg(long = "where", value_name = "CONDITION", help_heading = "Log")]
    pub condition: Option<String>,
    /// How long after others a flow may come that began before them: 90s, 15m, 1h; later ones are scored without what was around them
    #[arg(long, value_name = "TIME", default_value = "1h", help_heading = "Log")]
    pub lateness: String,
    /// Memory for what windows remember, and as much again for open findings: 200M, 2G; beyond, the oldest is forgotten and counted
    #[arg(long, value_name = "SIZE", default_value = "512M", help_heading = "Log")]
    pub memory: String,
    /// Append alerts to this file instead of printing them
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    pub output: Option<PathBuf>,
    /// text, ecs (Elastic Common Schema), cef (ArcSight), splunk-hec or elastic-bulk
    ///
    /// Of events, event.id is a digest of the model, the finding and the news: a replay gives the same ones.
    #[arg(long, value_name = "FORM", default_value = "text", help_heading = "Output")]
    pub format: String,
    /// Worker threads (default: all cores)
    #[arg(long, value_name = "N", help_heading = "Run")]
    pub threads: Option<usize>,
    /// Say nothing but errors and alerts
    #[arg(short, long, help_heading = "Run")]
    pub quiet: bool,
}
