//! The bytes of a file as text sees them: decompressed, counted, damage told apart from the end.

use super::Compression;
use super::recognise;
use flate2::bufread::GzDecoder;
use std::io::{self, BufRead, BufReader, Read};
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
            Compression::Gzip => Box::new(Members::new(BufReader::with_capacity(READ_SIZE, counted))),
            Compression::Zstd => {
                Box::new(zstd::stream::read::Decoder::with_buffer(BufReader::with_capacity(READ_SIZE, counted))?)
            }
        };
        Ok(Self { reader, compression, stored, handed: 0 })
    }

    /// The same, where its first bytes tell how it is packed.
    pub fn recognised(mut stored: Box<dyn Read + Send>) -> io::Result<Self> {
        let mut magic = Vec::new();
        stored.by_ref().take(16).read_to_end(&mut magic)?;
        let compression = recognise::compression(&magic);
        Self::new(Box::new(io::Cursor::new(magic).chain(stored)), compression)
    }

    /// How it is packed.
    pub fn compression(&self) -> Compression {
        self.compression
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

/// The bytes of a file, however it is packed.
pub(crate) fn unpacked(stored: Box<dyn Read + Send>) -> io::Result<Box<dyn Read + Send>> {
    Ok(Bytes::recognised(stored)?.into_reader())
}

/// The members of a gzip stream, one behind the other. Zero bytes behind the last are padding (of tapes, of blocks), which
/// gzip ignores too; anything else there is damage.
struct Members<R> {
    /// `None` once all are read.
    member: Option<GzDecoder<R>>,
    is_padded: bool,
}

impl<R: BufRead> Members<R> {
    fn new(reader: R) -> Self {
        Self { member: Some(GzDecoder::new(reader)), is_padded: false }
    }
}

impl<R: BufRead> Read for Members<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(member) = self.member.as_mut().filter(|_| !buffer.is_empty()) {
            match member.read(buffer)? {
                0 => {}
                n => return Ok(n),
            }
            let goes_on = goes_on(member.get_mut(), &mut self.is_padded)?;
            self.member = self.member.take().filter(|_| goes_on).map(|member| GzDecoder::new(member.into_inner()));
        }
        Ok(0)
    }
}

/// Whether another member follows; zeros are read past.
fn goes_on(reader: &mut impl BufRead, is_padded: &mut bool) -> io::Result<bool> {
    loop {
        let bytes = reader.fill_buf()?;
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        *is_padded |= zeros > 0;
        match bytes.len() {
            0 => return Ok(false),
            n if n > zeros && *is_padded => {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "other bytes follow the zeros behind its end"));
            }
            n if n > zeros => return Ok(true),
            _ => reader.consume(zeros),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    /// Gives at most so many bytes at once.
    struct Pieces(io::Cursor<Vec<u8>>, usize);

    impl Read for Pieces {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let n = buffer.len().min(self.1);
            self.0.read(&mut buffer[..n])
        }
    }

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    /// What is read of it in pieces of this size, and how it ends.
    fn read(stored: &[u8], piece: usize) -> (Vec<u8>, Option<End>) {
        let reader = Pieces(io::Cursor::new(stored.to_vec()), piece);
        let mut bytes = Bytes::new(Box::new(reader), Compression::Gzip).unwrap();
        let mut text = vec![0; 1_000];
        let (n, end) = bytes.fill(&mut text);
        text.truncate(n);
        (text, end)
    }

    #[test]
    fn zeros_behind_the_last_member_are_padding_wherever_reads_end() {
        let two = [gzip(b"one,"), gzip(b""), gzip(b"two")].concat();
        for piece in [1, 2, 3, 7, two.len(), two.len() + 1, 1 << 20] {
            for padding in [0, 1, 9, 10, 511, READ_SIZE - two.len(), READ_SIZE, 2 * READ_SIZE + 1] {
                // Byte by byte a few are enough.
                let padding = if piece < 7 { padding.min(600) } else { padding };
                let stored = [two.as_slice(), &vec![0; padding]].concat();
                assert_eq!(read(&stored, piece), (b"one,two".to_vec(), Some(End::Whole)), "{piece} {padding}");
                let wrong: [&[u8]; 3] = [b"x", b"more than a header", &gzip(b"three")];
                for other in wrong.into_iter().filter(|other| padding > 0 || other[0] != 0x1f) {
                    let (text, end) = read(&[&stored, other].concat(), piece);
                    assert_eq!(text, b"one,two", "{piece} {padding}");
                    assert!(matches!(end, Some(End::Damaged(_))), "{piece} {padding} {other:?}: {end:?}");
                }
            }
        }
    }

    #[test]
    fn what_ends_within_a_member_is_damage() {
        let whole = gzip(b"one,two");
        for cut in 2..whole.len() {
            let (_, end) = read(&whole[..cut], 1 << 20);
            assert_eq!(end, Some(End::Damaged("the gzip data ends too early".into())), "{cut}");
            // Zeros are no end of a member either, but for those that it ends with: its length is below 256.
            let (_, end) = read(&[&whole[..cut], &[0; 40]].concat(), 1 << 20);
            assert_eq!(end == Some(End::Whole), cut >= whole.len() - 3, "{cut}: {end:?}");
        }
    }
}
