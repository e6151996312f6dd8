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
    /// One event for each row, in the form that a SIEM takes.
    Events(EventFormat),
}

/// What scored rows are told as to other systems.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum EventFormat {
    /// Elastic Common Schema, one JSON object a line.
    Ecs,
    /// ArcSight's Common Event Format, one event a line.
    Cef,
    /// Envelopes of Splunk's HTTP Event Collector with an ECS event in each, one a line.
    SplunkHec,
    /// Bodies of Elasticsearch's bulk interface: an action and an ECS event, a line each.
    ElasticBulk,
}

impl EventFormat {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Ecs, Self::Cef, Self::SplunkHec, Self::ElasticBulk];

    /// Its name as `--format` takes it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ecs => "ecs",
            Self::Cef => "cef",
            Self::SplunkHec => "splunk-hec",
            Self::ElasticBulk => "elastic-bulk",
        }
    }

    /// Bytes that one request should have at most; `None`: what takes it has no requests, and a file is a file.
    pub fn request_limit(self) -> Option<usize> {
        match self {
            Self::Ecs | Self::Cef => None,
            Self::SplunkHec => Some(1 << 20),
            Self::ElasticBulk => Some(10 << 20),
        }
    }
}

impl std::str::FromStr for EventFormat {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let named = Self::ALL.into_iter().find(|format| format.word() == text);
        named.ok_or_else(|| {
            let all = Self::ALL.map(Self::word).join(", ");
            Error::parameter("--format", format!("`{text}`"), format!("it is one of {all}"))
        })
    }
}

impl fmt::Display for EventFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ecs => "ECS events",
            Self::Cef => "CEF events",
            Self::SplunkHec => "Splunk HEC events",
            Self::ElasticBulk => "Elasticsearch bulk events",
        })
    }
}

impl OutputFormat {
    /// Whether the format is text, which is compressed as a whole and may reach a terminal.
    pub fn is_text(self) -> bool {
        matches!(self, Self::Csv | Self::Tsv | Self::Ndjson | Self::Events(_))
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
            Self::Events(format) => return format.fmt(f),
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

impl Target {
    /// A target of events: any file, text with `.gz` or `.zst` behind it compressed, or `-` for standard output.
    ///
    /// # Errors
    /// If the extension is that of a table which is not text lines: `.parquet`, `.csv`, `.tsv`, `.arrow`, `.arrows`.
    pub fn of_events(text: &str, format: EventFormat) -> Result<Self> {
        let (rest, compression) = split_compression(text);
        let extension = Path::new(rest).extension().and_then(|e| e.to_str()).or(rest.strip_prefix("-."));
        match extension.and_then(OutputFormat::of_extension) {
            None | Some(OutputFormat::Ndjson) => {}
            Some(other) => {
                let limit = format!("--format {} is not {other}; call it .ndjson, .json, .log or .txt", format.word());
                return Err(Error::parameter("output", format!("`{text}`"), limit));
            }
        }
        if text.is_empty() {
            return Err(Error::parameter("output", "``", "name a file, or `-` for standard output"));
        }
        let stdout = matches!(rest, "-" | "-.ndjson" | "-.jsonl" | "-.json" | "-.log" | "-.txt" | "-.cef");
        let path = (!stdout).then(|| PathBuf::from(text));
        Ok(Self { path, format: OutputFormat::Events(format), compression })
    }

    /// Whether the output becomes files of their own, numbered, each of which is one request: so of Splunk's and
    /// Elasticsearch's events, but where they go straight to standard output, a pipe or a device.
    pub fn in_parts(&self) -> bool {
        let limit = matches!(self.format, OutputFormat::Events(format) if format.request_limit().is_some());
        limit && self.path.as_ref().is_some_and(|path| path.metadata().map_or(true, |met| met.is_file()))
    }

    /// Whether `path` is one of the files that the output may become.
    pub fn may_become(&self, path: &Path) -> bool {
        let Some(own) = &self.path else { return false };
        let directory = |path: &Path| {
            let directory = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
            std::fs::canonicalize(directory).ok()
        };
        self.in_parts() && super::parts::is_part(own, path) && directory(own) == directory(path)
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
