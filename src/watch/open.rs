//! A file that is read while it is written, or that was rotated.

use super::place::{HEAD, Head, LONGEST, Piece, Place};
use super::rotated::Rotated;
use crate::flows::source::file_id;
use crate::{Error, Result};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// Bytes of one read.
const BLOCK: usize = 1 << 20;

/// A file that is read, line by line.
pub(super) struct Open {
    reader: Box<dyn Read + Send>,
    /// The file itself where it may grow.
    pub file: Option<File>,
    /// Its name, where it is not the one that is followed.
    pub name: Option<PathBuf>,
    pub place: Place,
    /// What it begins with, as far as it is known by that.
    pub begin: Vec<u8>,
    /// The beginning of a line.
    pending: Vec<u8>,
    /// The lines handed on so far begin the file.
    fresh: bool,
}

impl Open {
    /// The file that is written; `None` where there is none.
    pub fn at(path: &Path) -> Result<Option<Self>> {
        let io = |error| Error::io(path, error);
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(io(error)),
        };
        let met = file.metadata().map_err(io)?;
        if !met.is_file() {
            let limit = "it is no regular file; name the log that is written, or - for standard input";
            return Err(Error::parameter("the log", path.display(), limit));
        }
        // It is known from here on, so that a truncation is met that comes before the first lines are handed on.
        let (mut begin, pending) = (Vec::new(), Vec::new());
        let mut file = file;
        file.by_ref().take(HEAD as u64).read_to_end(&mut begin).map_err(io)?;
        file.seek(SeekFrom::Start(0)).map_err(io)?;
        let reader = Box::new(file.try_clone().map_err(io)?);
        let place = Place { inode: file_id(&met), ..Place::default() };
        Ok(Some(Self { reader, file: Some(file), name: None, place, begin, pending, fresh: true }))
    }

    /// A rotated file, from where it is to be read on.
    pub fn rotated(rotated: Rotated) -> Result<Self> {
        let from = rotated.from;
        let mut reader = rotated.open()?;
        let io = |error| Error::io(&rotated.path, error);
        // What it begins with is read with what is skipped.
        let mut begin = Vec::new();
        reader.by_ref().take((HEAD as u64).min(from)).read_to_end(&mut begin).map_err(io)?;
        std::io::copy(&mut reader.by_ref().take(from - begin.len() as u64), &mut std::io::sink()).map_err(io)?;
        let place = Place { offset: from, head: Head::of(&begin), ..Place::default() };
        let name = Some(rotated.path);
        Ok(Self { reader, file: None, name, place, begin, pending: Vec::new(), fresh: from == 0 })
    }

    /// Whether the file, read from its beginning so far, is the one of a place: then reading goes on there.
    pub fn goes_on_at(&mut self, place: &Place, path: &Path) -> Result<bool> {
        let io = |error| Error::io(path, error);
        let Some(file) = &mut self.file else { return Ok(false) };
        if file.metadata().map_err(io)?.len() < place.offset {
            return Ok(false);
        }
        let mut begin = Vec::new();
        file.by_ref().take(HEAD as u64).read_to_end(&mut begin).map_err(io)?;
        let is_same = place.head.is_of(&begin);
        file.seek(SeekFrom::Start(if is_same { place.offset } else { 0 })).map_err(io)?;
        if is_same {
            self.place = Place { inode: self.place.inode, read: Vec::new(), ..place.clone() };
            (self.begin, self.fresh) = (begin, place.offset == 0);
        }
        Ok(is_same)
    }

    /// Whether the file is shorter than what was read of it, or begins differently.
    pub fn was_truncated(&mut self) -> std::io::Result<bool> {
        let Some(file) = &mut self.file else { return Ok(false) };
        let read = self.place.offset + self.pending.len() as u64;
        if file.metadata()?.len() < read {
            return Ok(true);
        }
        if self.begin.is_empty() {
            return Ok(false);
        }
        let mut begin = vec![0; self.begin.len()];
        let at = file.stream_position()?;
        file.seek(SeekFrom::Start(0))?;
        let met = file.read_exact(&mut begin);
        file.seek(SeekFrom::Start(at))?;
        Ok(met.is_err() || begin != self.begin)
    }

    /// The whole lines that can be read now; at the end of a file that does not grow its last line too.
    pub fn read(&mut self, is_whole: bool) -> std::io::Result<Option<Piece>> {
        let before = self.pending.len();
        self.reader.by_ref().take(BLOCK as u64).read_to_end(&mut self.pending)?;
        let new = self.pending.get(before..).unwrap_or_default();
        if new.is_empty() {
            return Ok(if is_whole { self.rest() } else { None });
        }
        // A file is not known by a header alone: others have the same.
        if self.fresh && !is_whole && self.pending.len() < HEAD && !has_record(&self.pending) {
            return Ok(None);
        }
        let end = match memchr::memrchr(b'\n', new) {
            Some(newline) => before + newline + 1,
            None if self.pending.len() > LONGEST => self.pending.len(),
            None => return if is_whole { self.read(is_whole) } else { Ok(None) },
        };
        Ok(Some(self.hand_on(end)))
    }

    /// A last line without its end.
    pub fn rest(&mut self) -> Option<Piece> {
        (!self.pending.is_empty()).then(|| self.hand_on(self.pending.len()))
    }

    fn hand_on(&mut self, end: usize) -> Piece {
        let behind = self.pending.split_off(end);
        let lines = std::mem::replace(&mut self.pending, behind);
        let room = HEAD.saturating_sub(self.begin.len());
        // What follows the beginning without a gap belongs to it.
        if let Some(known) = (self.begin.len() as u64).checked_sub(self.place.offset).filter(|_| room > 0) {
            let new = lines.get(known as usize..).unwrap_or_default();
            self.begin.extend_from_slice(new.get(..room.min(new.len())).unwrap_or_default());
        }
        self.place.head = Head::of(&self.begin);
        self.place.offset += lines.len() as u64;
        let begins = std::mem::replace(&mut self.fresh, false);
        Piece { lines, begins, place: self.place.clone(), from: self.name.clone() }
    }
}

/// Whether a whole line is no comment.
fn has_record(text: &[u8]) -> bool {
    let mut lines = text.split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\n"));
    lines.any(|line| !line.starts_with(b"#") && !line.trim_ascii().is_empty())
}
