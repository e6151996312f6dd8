//! The side file of rejected records: one JSON object a line, `{file, record, reason, detail, text}`.

use super::Written;
use super::staged::Staged;
use super::target::split_compression;
use crate::flows::Rejected;
use crate::flows::source::Compression;
use crate::{Error, Result};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Keeps rejected records. The file is begun at the first one and appears under its name in [`SideFile::finish`]; a
/// name ending in `.gz` or `.zst` compresses it.
pub struct SideFile {
    path: PathBuf,
    compression: Compression,
    out: Option<Packer>,
    rows: u64,
}

enum Packer {
    Plain(std::io::BufWriter<Staged>),
    Gzip(flate2::write::GzEncoder<Staged>),
    Zstd(zstd::Encoder<'static, Staged>),
}

#[derive(serde::Serialize)]
struct Line<'a> {
    file: &'a str,
    record: u64,
    reason: String,
    detail: &'a str,
    text: std::borrow::Cow<'a, str>,
    /// The bytes in hexadecimal, where they are not UTF-8 and `text` therefore is not all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    hex: Option<String>,
}

impl SideFile {
    /// Prepares a side file; nothing is created yet.
    ///
    /// # Errors
    /// If its directory does not exist or the path cannot be written.
    pub fn create(path: &Path) -> Result<Self> {
        // A wrong path is said before any work is done; but a pipe is not opened twice.
        if path.metadata().map_or(true, |met| !is_special(&met)) {
            drop(Staged::beside(path)?);
        }
        let (_, compression) = split_compression(path.to_str().unwrap_or_default());
        Ok(Self { path: path.to_path_buf(), compression, out: None, rows: 0 })
    }

    /// Adds a record that was rejected in `file`.
    pub fn write(&mut self, file: &str, rejected: &Rejected) -> Result<()> {
        let text = String::from_utf8_lossy(&rejected.text);
        let hex = std::str::from_utf8(&rejected.text).is_err().then(|| hexadecimal(&rejected.text));
        let Rejected { record, reason, detail, .. } = rejected;
        let line = Line { file, record: *record, reason: reason.to_string(), detail, text, hex };
        let mut bytes = serde_json::to_vec(&line).map_err(|e| Error::io(&self.path, e.into()))?;
        bytes.push(b'\n');
        if self.out.is_none() {
            self.out = Some(self.begin()?);
        }
        if let Some(out) = &mut self.out {
            out.writer().write_all(&bytes).map_err(|e| Error::io(&self.path, e))?;
            self.rows += 1;
        }
        Ok(())
    }

    /// Completes the file. Without any rejected record none is made, but one that an earlier run left under this name
    /// is replaced by an empty one: it would be taken for this run's.
    pub fn finish(mut self) -> Result<Written> {
        if self.out.is_none() && self.path.is_file() {
            self.out = Some(self.begin()?);
        }
        let Some(out) = self.out else { return Ok(Written { rows: 0, bytes: 0, parts: 0 }) };
        let staged = out.finish().map_err(|e| Error::io(&self.path, e))?;
        Ok(Written { rows: self.rows, bytes: staged.publish()?, parts: 0 })
    }

    fn begin(&self) -> Result<Packer> {
        let staged = Staged::beside(&self.path)?;
        Ok(match self.compression {
            Compression::None => Packer::Plain(std::io::BufWriter::new(staged)),
            Compression::Gzip => Packer::Gzip(flate2::write::GzEncoder::new(staged, flate2::Compression::default())),
            Compression::Zstd => Packer::Zstd(zstd::Encoder::new(staged, 0).map_err(|e| Error::io(&self.path, e))?),
        })
    }
}

impl Packer {
    fn writer(&mut self) -> &mut dyn Write {
        match self {
            Self::Plain(out) => out,
            Self::Gzip(out) => out,
            Self::Zstd(out) => out,
        }
    }

    fn finish(self) -> std::io::Result<Staged> {
        match self {
            Self::Plain(out) => out.into_inner().map_err(std::io::IntoInnerError::into_error),
            Self::Gzip(out) => out.finish(),
            Self::Zstd(out) => out.finish(),
        }
    }
}

fn is_special(met: &std::fs::Metadata) -> bool {
    !met.is_file() && !met.is_dir()
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().flat_map(|b| [b >> 4, b & 15]).filter_map(|digit| char::from_digit(u32::from(digit), 16)).collect()
}
