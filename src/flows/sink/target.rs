//! What an output is called decides where it goes, its format and its compression.

use crate::flows::source::Compression;
use crate::{Error, Result};
use std::fmt;
use std::path::{Path, PathBuf};

/// Formats that are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[non_exhaustive]
pub enum OutputFormat {
    /// Apache Parquet, one row group a batch.
    Parquet,
    /// Comma-separated text after RFC 4180, with `\n` as line end.
    Csv,
    /// The same with tabs.
    Tsv,
    /// One JSON object a line.
    Ndjson,
    /// Arrow IPC file.
    ArrowFile,
    /// Arrow IPC stream.
    ArrowStream,
}

impl OutputFormat {
    /// Whether the format is text, which is compressed as a whole and may reach a terminal.
    pub fn is_text(self) -> bool {
        matches!(self, Self::Csv | Self::Tsv | Self::Ndjson)
    }

    fn of_extension(extension: &str) -> Option<Self> {
        Some(match extension.to_ascii_lowercase().as_str() {
            "parquet" => Self::Parquet,
            "csv" => Self::Csv,
            "tsv" => Self::Tsv,
            "ndjson" | "jsonl" => Self::Ndjson,
            "arrow" => Self::ArrowFile,
            "arrows" => Self::ArrowStream,
            _ => return None,
        })
    }
}

impl fmt::Display for OutputFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Parquet => "Parquet",
            Self::Csv => "CSV",
            Self::Tsv => "TSV",
            Self::Ndjson => "NDJSON",
            Self::ArrowFile => "Arrow file",
            Self::ArrowStream => "Arrow stream",
        })
    }
}

/// Where output goes and as what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The file; `None` for standard output.
    pub path: Option<PathBuf>,
    /// Its format.
    pub format: OutputFormat,
    /// How text is packed (the other formats compress inside, or not at all).
    pub compression: Compression,
}

impl Target {
    /// Reads a target by its extension: `.parquet .csv .tsv .ndjson .jsonl .arrow .arrows` (the last is the IPC
    /// stream), text also with `.gz` or `.zst` behind it.
    ///
    /// `-` is standard output as CSV; `-.tsv`, `-.ndjson`, `-.parquet`, `-.csv.gz` … name another format for it.
    /// `-.arrow` is the IPC stream, because a pipe's reader cannot seek to an IPC file's footer.
    ///
    /// # Errors
    /// If the extension is none of these, or a format that compresses inside is to be compressed again.
    pub fn parse(text: &str) -> Result<Self> {
        let (rest, compression) = split_compression(text);
        if text == "-" {
            return Ok(Self { path: None, format: OutputFormat::Csv, compression: Compression::None });
        }
        let extension = Path::new(rest).extension().and_then(|e| e.to_str()).or(rest.strip_prefix("-."));
        let Some(format) = extension.and_then(OutputFormat::of_extension) else {
            return Err(Error::parameter(
                "output",
                format!("`{text}`"),
                "its extension chooses the format: .parquet, .csv, .tsv, .ndjson, .jsonl, .arrow or .arrows (text also \
                 with .gz or .zst), or `-` for CSV on standard output",
            ));
        };
        if compression != Compression::None && !format.is_text() {
            return Err(Error::parameter(
                "output",
                format!("`{text}`"),
                format!("only text is compressed as a whole; write `{rest}` ({format})"),
            ));
        }
        let stdout = rest.strip_prefix("-.").is_some_and(|e| OutputFormat::of_extension(e).is_some());
        let format = if stdout && format == OutputFormat::ArrowFile { OutputFormat::ArrowStream } else { format };
        Ok(Self { path: (!stdout).then(|| PathBuf::from(text)), format, compression })
    }
}

/// Whether two paths lead to one file, through links and other spellings as well. What does not exist yet is the same
/// as nothing.
pub fn same_file(path: &Path, other: &Path) -> bool {
    match (std::fs::canonicalize(path), std::fs::canonicalize(other)) {
        (Ok(a), Ok(b)) => a == b || same_inode(&a, &b),
        _ => false,
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.path {
            Some(path) => write!(f, "{}", path.display()),
            None => f.write_str("standard output"),
        }
    }
}

/// The text without `.gz` or `.zst`, and what that was.
pub(super) fn split_compression(text: &str) -> (&str, Compression) {
    let packed = |ending: &str| {
        let cut = text.len().checked_sub(ending.len())?;
        text.get(cut..)?.eq_ignore_ascii_case(ending).then_some(())?;
        text.get(..cut)
    };
    match (packed(".gz"), packed(".zst")) {
        (Some(rest), _) => (rest, Compression::Gzip),
        (_, Some(rest)) => (rest, Compression::Zstd),
        _ => (text, Compression::None),
    }
}

#[cfg(unix)]
fn same_inode(a: &Path, b: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (a.metadata(), b.metadata()) {
        (Ok(a), Ok(b)) => a.dev() == b.dev() && a.ino() == b.ino(),
        _ => false,
    }
}

#[cfg(not(unix))]
fn same_inode(_a: &Path, _b: &Path) -> bool {
    false
}
