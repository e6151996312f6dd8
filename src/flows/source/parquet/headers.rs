//! Headers of Parquet pages, looked at before the parquet crate parses them.

use super::fields::PAGE_HEADER;
use super::thrift::{self, Look};
use crate::flows::source::positioned::{PositionedFile, Tail};
use bytes::Bytes;
use parquet::errors::Result;
use parquet::file::reader::{ChunkReader, Length};
use std::io::{self, BufReader, Cursor, Read};

/// A header rarely takes more.
const HEADER_BYTES: u16 = 512;

/// A file of which the page reader reads the headers of pages with [`ChunkReader::get_read`], and their bytes as a whole.
pub(super) struct PageFile(pub PositionedFile);

impl Length for PageFile {
    fn len(&self) -> u64 {
        self.0.len()
    }
}

impl ChunkReader for PageFile {
    type T = Header;

    fn get_read(&self, start: u64) -> Result<Header> {
        Ok(Header { file: self.0.clone(), start, checked: None })
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        self.0.get_bytes(start, length)
    }
}

/// A reader of what is a header if anything is read of it: a page whose header is known already is opened at its bytes.
pub(super) struct Header {
    file: PositionedFile,
    start: u64,
    checked: Option<io::Chain<Cursor<Vec<u8>>, BufReader<Tail>>>,
}

impl Read for Header {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.checked {
            Some(bytes) => bytes.read(buffer),
            None => self.checked.insert(checked(&self.file, self.start)?).read(buffer),
        }
    }
}

fn checked(file: &PositionedFile, start: u64) -> io::Result<io::Chain<Cursor<Vec<u8>>, BufReader<Tail>>> {
    let left = file.bytes().saturating_sub(start);
    let mut size = u64::from(HEADER_BYTES).min(left);
    loop {
        let bytes = file.read(start, size)?;
        let wrong = |what: &str| Err(io::Error::new(io::ErrorKind::InvalidData, format!("a page's header {what}")));
        match thrift::look(&bytes, left - size, PAGE_HEADER) {
            Look::Wrong(what) => return wrong(&what),
            Look::Short if size < left => size = size.saturating_mul(8).min(left),
            // The crate would pass over what it does not know as if there were more.
            Look::Short => return wrong("goes on past the end of the file"),
            Look::Whole => {
                let rest = BufReader::with_capacity(HEADER_BYTES.into(), file.from(start.saturating_add(size)));
                return Ok(Cursor::new(bytes).chain(rest));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8], start: u64) -> io::Result<Vec<u8>> {
        let directory = tempfile::tempdir()?;
        let path = directory.path().join("pages");
        std::fs::write(&path, bytes)?;
        let mut out = Vec::new();
        PageFile(PositionedFile::open(&path)?).get_read(start).unwrap().read_to_end(&mut out).map(|_| out)
    }

    #[test]
    fn headers_are_read_as_they_are_and_refused_for_what_they_claim() {
        // A number, then a text of 2,000 bytes (field 9, which is not known; LEB128), the end, and a page.
        let long = [&[0x15, 2, 0x88, 0xd0, 0x0f][..], &[7; 2_000], &[0], &[9; 3_000]].concat();
        for start in [0, 3, 4_000] {
            let before = vec![0xff; start];
            assert_eq!(read(&[&before[..], &long].concat(), start as u64).unwrap(), long);
        }
        let cut = |at: usize| read(&long[..at], 0).unwrap_err().to_string();
        assert!([0, 900, 2_005].into_iter().all(|at| cut(at) == "a page's header goes on past the end of the file"));
        let said = |header: &[u8]| read(&[header, &[0; 50]].concat(), 0).unwrap_err().to_string();
        // Field 20 has 2^31 - 1 truth values, or three, or as many numbers; a field is of no type.
        let many = [0xff, 0xff, 0xff, 0xff, 0x07];
        let claims = said(&[&[0x15, 2, 0x09, 40, 0xf1][..], &many].concat());
        assert!(claims.contains("a page's header claims 2147483647 elements of a list with 50 bytes left"), "{claims}");
        assert!(said(&[&[0x15, 2, 0x09, 40, 0xf5][..], &many].concat()).contains("with 50 bytes left"));
        assert!(said(&[0x15, 2, 0x09, 40, 0x31, 1, 1, 1, 0]).contains("a list of truth values"));
        // Field 20 has 40 real numbers, of which there are no more than six.
        assert!(said(&[0x15, 2, 0x09, 40, 0xf7, 40]).contains("past the end of the file"));
        assert!(said(&[0x9e, 2]).contains("no type 14"));
    }
}
