//! Files that are read several times: each time the bytes that were there at the first look, however they grow.

use crate::{Error, Result};
use std::fs::{File, Metadata};
use std::io::{self, Read, Seek};
use std::path::Path;

/// Bytes that a file begins with and is known again by.
const BEGIN: u64 = 4_096;

/// What a file was at the first look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AtFirst {
    /// Its bytes, as stored.
    pub size: u64,
    /// Device and number, where the system has them.
    id: Option<(u64, u64)>,
    begin: blake3::Hash,
}

impl AtFirst {
    /// Looks at a file, which is at its beginning then.
    pub fn look(file: &mut File) -> io::Result<Self> {
        let met = file.metadata()?;
        Ok(Self { size: met.len(), id: file_id(&met), begin: begin(file, met.len())? })
    }

    /// The bytes that were there at the first look.
    ///
    /// # Errors
    /// If they are not there any more: another file stands under the name, or this one was cut.
    pub fn open(&self, name: &str, path: &Path) -> Result<Box<dyn Read + Send>> {
        let io = |error| Error::io(name, error);
        let mut file = File::open(path).map_err(io)?;
        let met = file.metadata().map_err(io)?;
        let is_it = file_id(&met) == self.id
            && met.len() >= self.size
            && begin(&mut file, self.size).map_err(io)? == self.begin;
        if !is_it {
            let why = "it was replaced or cut while it was read, as logs are when they are rotated; try again, or read a copy of it";
            return Err(io(io::Error::other(why)));
        }
        Ok(Box::new(file.take(self.size)))
    }
}

/// Of the bytes that a file of this size begins with. It is at its beginning before and after.
fn begin(file: &mut File, size: u64) -> io::Result<blake3::Hash> {
    let mut bytes = Vec::new();
    file.by_ref().take(size.min(BEGIN)).read_to_end(&mut bytes)?;
    file.rewind()?;
    Ok(blake3::hash(&bytes))
}

/// Device and number of a file, where the system has them.
#[cfg(unix)]
pub fn file_id(met: &Metadata) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    Some((met.dev(), met.ino()))
}

/// Device and number of a file, where the system has them.
#[cfg(not(unix))]
pub fn file_id(met: &Metadata) -> Option<(u64, u64)> {
    // Files have no number there: a new one is told by when it was made.
    let made = met.created().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    Some((0, made.as_nanos() as u64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn read(first: &AtFirst, path: &Path) -> std::result::Result<Vec<u8>, String> {
        let mut bytes = Vec::new();
        first.open("a.log", path).map_err(|error| error.to_string())?.read_to_end(&mut bytes).unwrap();
        Ok(bytes)
    }

    #[test]
    fn a_file_is_what_it_was_at_first_or_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.log");
        let text: Vec<u8> = (0..10_000u32).flat_map(u32::to_le_bytes).collect();
        std::fs::write(&path, &text).unwrap();
        let first = AtFirst::look(&mut File::open(&path).unwrap()).unwrap();
        assert_eq!(read(&first, &path), Ok(text.clone()));
        File::options().append(true).open(&path).unwrap().write_all(b"more").unwrap();
        assert_eq!(read(&first, &path), Ok(text.clone()));
        let is_changed = || read(&first, &path).unwrap_err().contains("replaced or cut");
        // Cut, and written anew in its place.
        std::fs::write(&path, &text[..39_999]).unwrap();
        assert!(is_changed());
        std::fs::write(&path, [&text[4..], &text[..]].concat()).unwrap();
        assert!(is_changed());
        // Another file under its name.
        std::fs::write(folder.path().join("b.log"), &text).unwrap();
        std::fs::rename(folder.path().join("b.log"), &path).unwrap();
        assert_eq!(is_changed(), cfg!(unix));
    }
}
