//! The flags of what asks the engine itself.

use clap::Args;
use std::path::PathBuf;

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
