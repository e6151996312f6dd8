//! The input of a run: the files that were named, what each is, and the schema that unites them.

use super::Source;
use crate::{Error, Result};
use arrow_schema::SchemaRef;
use std::path::PathBuf;

/// How to read the input.
#[derive(Debug, Clone)]
pub struct InputOptions {
    /// Column names for text files without a header (or to replace it): names, or a preset already expanded.
    pub column_names: Option<Vec<String>>,
    /// Types that are already known (from a model), by column name; they win over what the head of a file suggests.
    pub known_types: Vec<(String, arrow_schema::DataType)>,
    /// Rows aimed at in a batch.
    pub batch_rows: usize,
    /// Keep the part of a damaged file before the damage instead of failing.
    pub skip_errors: bool,
}

impl Default for InputOptions {
    fn default() -> Self {
        Self { column_names: None, known_types: Vec::new(), batch_rows: 65_536, skip_errors: false }
    }
}

/// Formats that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[non_exhaustive]
pub enum Format {
    /// Delimited text.
    Csv,
    /// One JSON object a line.
    Ndjson,
    /// Apache Parquet.
    Parquet,
    /// Arrow IPC file.
    ArrowFile,
    /// Arrow IPC stream.
    ArrowStream,
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
    /// What was detected, in words: `CSV, delimiter ',', header, 8 columns`.
    pub description: String,
}

/// All files of a run as one stream with one schema.
#[derive(Debug)]
pub struct Input {
    /// The files in reading order.
    pub files: Vec<InputFile>,
    /// The columns that unite all files.
    pub schema: SchemaRef,
}

impl Input {
    /// Finds and recognises the inputs: files, directories, globs, `-` for standard input.
    ///
    /// # Errors
    /// If nothing is found, a file cannot be read, or its content is of no known format.
    pub fn open(_inputs: &[String], _options: &InputOptions) -> Result<Self> {
        Err(Error::NoInput("not built yet".into()))
    }

    /// Starts reading. Files can be read any number of times, an unspooled standard input once.
    pub fn source(&self) -> Result<Box<dyn Source>> {
        Err(Error::NoInput("not built yet".into()))
    }
}
