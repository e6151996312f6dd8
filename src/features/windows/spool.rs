//! A temporary file that is written to its end and read anywhere.

use crate::{Error, Result};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// The file has no name: the system frees it when it is closed, however the program ends.
#[derive(Debug)]
pub(super) struct Spool {
    file: File,
    folder: PathBuf,
    bytes: u64,
}

impl Spool {
    /// An empty one in `folder`.
    pub fn create(folder: &Path) -> Result<Self> {
        let file = tempfile::tempfile_in(folder).map_err(|error| failed(folder, 0, error))?;
        Ok(Self { file, folder: folder.to_path_buf(), bytes: 0 })
    }

    #[cfg(test)]
    pub fn over(file: File, folder: &Path) -> Self {
        Self { file, folder: folder.to_path_buf(), bytes: 0 }
    }

    /// Bytes written.
    pub fn len(&self) -> u64 {
        self.bytes
    }

    /// Writes behind what there is.
    pub fn append(&mut self, bytes: &[u8]) -> Result<()> {
        let end = self.bytes + bytes.len() as u64;
        let written = self.file.seek(SeekFrom::Start(self.bytes)).and_then(|_| self.file.write_all(bytes));
        written.map_err(|error| failed(&self.folder, end, error))?;
        self.bytes = end;
        Ok(())
    }

    /// Fills `bytes` from `offset` on.
    pub fn read(&mut self, offset: u64, bytes: &mut [u8]) -> Result<()> {
        let read = self.file.seek(SeekFrom::Start(offset)).and_then(|_| self.file.read_exact(bytes));
        read.map_err(|error| failed(&self.folder, self.bytes, error))
    }
}

fn failed(folder: &Path, bytes: u64, error: io::Error) -> Error {
    let said = format!(
        "{error}; flows are sorted by time in a temporary file there, which came to {bytes} bytes; make room, or name a \
         roomier folder in TMPDIR"
    );
    Error::io(folder, io::Error::new(error.kind(), said))
}
