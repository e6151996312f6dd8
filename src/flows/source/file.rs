//! A file of an input.

use super::{Compression, Format};
use crate::flows::record::FlowLog;
use std::path::PathBuf;

/// One file of the input.
#[derive(Debug, Clone)]
pub struct InputFile {
    /// The file as the user would name it (`-` for standard input).
    pub name: String,
    /// Where its bytes are; `None` for a standard input that was not spooled.
    pub path: Option<PathBuf>,
    /// Size in bytes as stored (compressed), if known.
    pub size: Option<u64>,
    /// What the content was recognised as.
    pub format: Format,
    /// How it is packed.
    pub compression: Compression,
    /// The log of flows that it is; `None` for any other table.
    pub log: Option<FlowLog>,
    /// Whether some of its records may be of another log of flows: each says of which (Zeek's JSON, `_path`).
    pub several_logs: bool,
    /// What stands before the names of the columns that scoring added, if it is an output of an earlier run.
    pub scored: Option<String>,
    /// What was detected, in words: `CSV, delimiter ',', header, 8 columns`.
    pub description: String,
}

/// A file that was damaged, and what was read of it (with [`super::InputOptions::skip_errors`]).
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Damage {
    /// The file as the user named it.
    pub file: String,
    /// Whole records read before the damage.
    pub records: u64,
    /// What was met.
    pub reason: String,
}
