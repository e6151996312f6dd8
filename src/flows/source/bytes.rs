//! The bytes of a file as text sees them: decompressed, counted, damage told apart from the end.

use super::Compression;
use std::io::{self, BufReader, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Compressed bytes read at once.
const READ_SIZE: usize = 256 << 10;

/// A stream of decompressed bytes that knows how far it is in the stored ones.
pub(super) struct Bytes {
    reader: Box<dyn Read + Send>,
    compression: Compression,
    stored: Arc<AtomicU64>,
    handed: u64,
}

impl Bytes {
    /// Decompresses any reader.
    pub fn new(reader: Box<dyn Read + Send>, compression: Compression) -> io::Result<Self> {
        let stored = Arc::new(AtomicU64::new(0));
        let counted = Counted { reader, stored: Arc::clone(&stored) };
        let reader: Box<dyn Read + Send> = match compression {
            Compression::None => Box::new(counted),
            Compression::Gzip => {
                Box::new(flate2::bufread::MultiGzDecoder::new(BufReader::with_capacity(READ_SIZE, counted)))
            }
            Compression::Zstd => {
                Box::new(zstd::stream::read::Decoder::with_buffer(BufReader::with_capacity(READ_SIZE, counted))?)
            }
        };
        Ok(Self { reader, compression, stored, handed: 0 })
    }

    /// Stored bytes read since the last call.
    pub fn take_progress(&mut self) -> u64 {
        let stored = self.stored.load(Ordering::Relaxed);
        let progress = stored - self.handed;
        self.handed = stored;
        progress
    }

    /// Fills `buffer` as far as the stream goes.
    pub fn fill(&mut self, buffer: &mut [u8]) -> (usize, Option<End>) {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.reader.read(&mut buffer[filled..]) {
                Ok(0) => return (filled, Some(End::Whole)),
                Ok(n) => filled += n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return (filled, Some(End::Damaged(self.damage(&error)))),
            }
        }
        (filled, None)
    }

    /// Reads past `n` bytes, or to the end where fewer are left.
    pub fn skip(&mut self, mut n: u64) -> Option<End> {
        let mut waste = vec![0; READ_SIZE];
        while n > 0 {
            let step = n.min(READ_SIZE as u64) as usize;
            match self.fill(&mut waste[..step]) {
                (_, Some(end)) => return Some(end),
                (read, None) => n -= read as u64,
            }
        }
        None
    }

    /// The stream itself, for a format that reads on its own.
    pub fn into_reader(self) -> Box<dyn Read + Send> {
        self.reader
    }

    fn damage(&self, error: &io::Error) -> String {
        let cut_short = error.kind() == io::ErrorKind::UnexpectedEof;
        match self.compression {
            Compression::None => format!("it cannot be read on: {error}"),
            Compression::Gzip if cut_short => "the gzip data ends too early".into(),
            Compression::Gzip => format!("the gzip data is corrupt: {error}"),
            Compression::Zstd if cut_short => "the Zstandard data ends too early".into(),
            Compression::Zstd => format!("the Zstandard data is corrupt: {error}"),
        }
    }
}

/// How a stream of bytes ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    /// At the end of the file.
    Whole,
    /// Before it, for this reason.
    Damaged(String),
}

struct Counted {
    reader: Box<dyn Read + Send>,
    stored: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.reader.read(buffer)?;
        self.stored.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}
