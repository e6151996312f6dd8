//! What files are, and how their bytes are packed.

/// Formats that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[non_exhaustive]
pub enum Format {
    /// Delimited text.
    Csv,
    /// One JSON object a line.
    Ndjson,
    /// Zeek's own: lines of fields, described by lines that begin with `#`.
    Zeek,
    /// Apache Parquet.
    Parquet,
    /// Arrow IPC file.
    ArrowFile,
    /// Arrow IPC stream.
    ArrowStream,
}

impl Format {
    /// Whether its records are lines of text.
    pub fn is_text(self) -> bool {
        matches!(self, Self::Csv | Self::Ndjson | Self::Zeek)
    }
}

impl std::fmt::Display for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Csv => "CSV",
            Self::Ndjson => "NDJSON",
            Self::Zeek => "Zeek log",
            Self::Parquet => "Parquet",
            Self::ArrowFile => "Arrow file",
            Self::ArrowStream => "Arrow stream",
        })
    }
}

/// How a file's bytes are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Compression {
    /// Not compressed.
    None,
    /// gzip, any number of members.
    Gzip,
    /// Zstandard, any number of frames.
    Zstd,
}
