//! An output in parts, each of which can be sent as one request.
//!
//! `day.ndjson` is written as `day.0001.ndjson`, `day.0002.ndjson`, … (more than 9,999: five digits), of at most so many
//! bytes before compression. A part holds whole records: an action of a bulk request stays with its document. Parts are
//! filled in order, so they depend on the records alone. All appear at the end; parts that an earlier run left behind the
//! last are removed, for they would be sent with these. Without a record there is no part: an empty request is an error.

use super::compress::pack;
use super::encode::Records;
use super::staged::{Sealed, Staged};
use crate::flows::source::Compression;
use crate::{Error, Result};
use std::io::Write;
use std::path::{Path, PathBuf};

/// The parts of one output.
pub(super) struct Parts {
    output: PathBuf,
    compression: Compression,
    most: usize,
    open: Vec<u8>,
    sealed: Vec<Sealed>,
    bytes: u64,
}

impl Parts {
    /// Parts of at most `most` bytes.
    ///
    /// # Errors
    /// If none can be written there.
    pub fn create(output: &Path, compression: Compression, most: usize) -> Result<Self> {
        // A wrong path is said before any work is done.
        drop(Staged::beside(&part_path(output, 1))?);
        Ok(Self { output: output.to_path_buf(), compression, most, open: Vec::new(), sealed: Vec::new(), bytes: 0 })
    }

    /// Adds records to the open part, and to new ones where it is full.
    ///
    /// # Errors
    /// If a part cannot be written, or a record is larger than a part.
    pub fn append(&mut self, records: &Records) -> Result<()> {
        for record in records.iter() {
            if record.len() > self.most {
                let met = format!("a record of {} bytes", record.len());
                return Err(Error::parameter("output", met, format!("a part has at most {}", self.most)));
            }
            if self.open.len() + record.len() > self.most {
                self.seal()?;
            }
            self.open.extend_from_slice(record);
        }
        Ok(())
    }

    /// All parts appear under their names; how many there are, and their bytes as stored.
    ///
    /// # Errors
    /// If one cannot be written.
    pub fn finish(mut self) -> Result<(u64, u64)> {
        if !self.open.is_empty() {
            self.seal()?;
        }
        let n = self.sealed.len() as u64;
        for sealed in self.sealed {
            sealed.publish()?;
        }
        for left in (n + 1..).map(|number| part_path(&self.output, number)).take_while(|path| path.is_file()) {
            std::fs::remove_file(&left).map_err(|e| Error::io(&left, e))?;
        }
        Ok((n, self.bytes))
    }

    fn seal(&mut self) -> Result<()> {
        let path = part_path(&self.output, self.sealed.len() as u64 + 1);
        let failed = |e| Error::io(&path, e);
        let packed = pack(std::mem::take(&mut self.open), self.compression).map_err(failed)?;
        let mut staged = Staged::beside(&path)?;
        staged.write_all(&packed).map_err(failed)?;
        self.bytes += packed.len() as u64;
        self.sealed.push(staged.seal()?);
        Ok(())
    }
}

/// `day.ndjson.gz`, 3 → `day.0003.ndjson.gz`.
pub fn part_path(output: &Path, number: u64) -> PathBuf {
    let (stem, extension) = split(output);
    output.with_file_name(format!("{stem}.{number:04}{extension}"))
}

/// Whether `path` is called as a part of `output` is.
pub fn is_part(output: &Path, path: &Path) -> bool {
    let (stem, extension) = split(output);
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let middle = name.strip_prefix(&format!("{stem}.")).and_then(|rest| rest.strip_suffix(&extension));
    middle.is_some_and(|digits| digits.len() >= 4 && digits.bytes().all(|b| b.is_ascii_digit()))
}

/// The file's name before its extension, and the extension with its dot, that of a compression with it.
fn split(output: &Path) -> (String, String) {
    let name = output.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let (plain, _) = super::target::split_compression(&name);
    let at = match plain.rfind('.') {
        Some(at) if at > 0 => at,
        _ => plain.len(),
    };
    (name.get(..at).unwrap_or_default().to_owned(), name.get(at..).unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_numbered_before_the_extension() {
        let named = |output: &str| part_path(Path::new(output), 12).to_string_lossy().into_owned();
        assert_eq!(named("d/day.ndjson"), "d/day.0012.ndjson");
        assert_eq!(named("day.hec.json.gz"), "day.hec.0012.json.gz");
        assert_eq!(named("day"), "day.0012");
        assert_eq!(named("day.zst"), "day.0012.zst");
        assert_eq!(named(".day"), ".day.0012");
        assert!(is_part(Path::new("day.ndjson"), Path::new("day.0012.ndjson")));
        assert!(is_part(Path::new("day.ndjson"), Path::new("day.10012.ndjson")));
        for other in ["day.12.ndjson", "day.ndjson", "day.00a2.ndjson", "today.0012.ndjson", "day.0012.ndjson.gz"] {
            assert!(!is_part(Path::new("day.ndjson"), Path::new(other)), "{other}");
        }
    }

    #[test]
    fn parts_hold_whole_records_within_their_limit() {
        let dir = tempfile::tempdir().unwrap();
        let output = dir.path().join("o.ndjson");
        for number in 1..=5 {
            std::fs::write(part_path(&output, number), "old").unwrap();
        }
        std::fs::write(part_path(&output, 7), "not in a row with ours").unwrap();
        let mut parts = Parts::create(&output, Compression::None, 10).unwrap();
        let mut records = Records::default();
        for record in ["aaaa\n", "bbbb\n", "c\n", "dddddddd\n", "eeeeeeeee\n"] {
            records.push(|out| out.extend_from_slice(record.as_bytes()));
        }
        parts.append(&records).unwrap();
        assert_eq!(std::fs::read_to_string(part_path(&output, 1)).unwrap(), "old", "nothing appears before the end");
        let (n, bytes) = parts.finish().unwrap();
        assert_eq!((n, bytes), (4, 31));
        let read = |number| std::fs::read_to_string(part_path(&output, number)).ok();
        assert_eq!(read(1).as_deref(), Some("aaaa\nbbbb\n"));
        assert_eq!(read(2).as_deref(), Some("c\n"));
        assert_eq!(read(3).as_deref(), Some("dddddddd\n"));
        assert_eq!(read(4).as_deref(), Some("eeeeeeeee\n"));
        assert_eq!((read(5), read(7).is_some()), (None, true));

        let mut parts = Parts::create(&output, Compression::None, 4).unwrap();
        assert!(parts.append(&records).unwrap_err().to_string().contains("5 bytes"));
        drop(parts);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 5, "no temporary file is left");
        let parts = Parts::create(&output, Compression::Gzip, 4).unwrap();
        assert_eq!(parts.finish().unwrap(), (0, 0));
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
