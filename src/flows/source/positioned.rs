//! A file read at positions, by many threads at once: no shared cursor (std's `File` clones share theirs, which makes
//! parquet's own reader for `File` unfit for that).

use bytes::Bytes;
use parquet::errors::{ParquetError, Result as ParquetResult};
use parquet::file::reader::{ChunkReader, Length};
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;
use std::sync::Arc;

/// Page headers are read through this much: one rarely needs more.
const HEADER_BYTES: usize = 512;

/// A file and its length when it was opened. Clones share the handle.
#[derive(Debug, Clone)]
pub(super) struct PositionedFile {
    file: Arc<File>,
    len: u64,
}

impl PositionedFile {
    /// Opens the file.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let len = file.metadata()?.len();
        Ok(Self { file: Arc::new(file), len })
    }

    /// Bytes in the file.
    pub fn bytes(&self) -> u64 {
        self.len
    }

    /// Exactly `length` bytes from `start`; nothing is allocated for a range that the file does not have.
    pub fn read(&self, start: u64, length: u64) -> io::Result<Vec<u8>> {
        let fits = start.checked_add(length).is_some_and(|end| end <= self.len);
        let (true, Ok(size)) = (fits, usize::try_from(length)) else {
            let met = format!("{length} bytes at {start} of a file of {}", self.len);
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, met));
        };
        let mut bytes = Vec::with_capacity(size);
        // One call is not bound to give all; and the file may have been cut since it was opened.
        self.from(start).take(length).read_to_end(&mut bytes)?;
        if bytes.len() < size {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(bytes)
    }

    /// The file from `start` on.
    pub fn from(&self, start: u64) -> Tail {
        Tail { file: self.file.clone(), position: start }
    }
}

/// A reader with a cursor of its own.
pub(super) struct Tail {
    file: Arc<File>,
    position: u64,
}

impl Read for Tail {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = read_at(&self.file, buffer, self.position)?;
        self.position += read as u64;
        Ok(read)
    }
}

impl Length for PositionedFile {
    fn len(&self) -> u64 {
        self.len
    }
}

impl ChunkReader for PositionedFile {
    type T = BufReader<Tail>;

    fn get_read(&self, start: u64) -> ParquetResult<Self::T> {
        Ok(BufReader::with_capacity(HEADER_BYTES, self.from(start)))
    }

    fn get_bytes(&self, start: u64, length: usize) -> ParquetResult<Bytes> {
        self.read(start, length as u64).map(Bytes::from).map_err(|e| ParquetError::EOF(e.to_string()))
    }
}

#[cfg(unix)]
fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, offset)
}

#[cfg(windows)]
fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, offset)
}
