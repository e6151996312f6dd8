//! The lines of a file while it is written: rotation, truncation, and going on after a break.
//!
//! A file is known by its inode and by a digest of its first bytes. When another file stands under its name (rotation by
//! renaming), the old one is read to its end first, then the new one from its beginning. When the file is shorter than
//! what was read of it, or begins differently (truncation in place), it is read from its beginning; if a copy of what it was
//! stands beside it (`copytruncate`), the lines of the copy that were not read come before. After a break the file that was
//! read last is looked for by its first bytes, under its own name or beside it, packed or not. After any of these come the files
//! that were rotated since and were not read yet: rotation may be faster than reading.

use super::rotated::{Rotated, rotated};
use crate::{Error, Result, Stop};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::fs::{File, Metadata};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Bytes that a file is known by.
pub(super) const HEAD: usize = 1_024;
/// Bytes of one read.
const BLOCK: usize = 1 << 20;
/// How often a file that does not grow is looked at.
const POLL: Duration = Duration::from_millis(50);
/// A file that was renamed is read on until nothing came for so long: whoever writes it may not know yet.
const GRACE: Duration = Duration::from_millis(500);
/// A line without an end is handed on when it has so many bytes: it is too long for a record.
const LONGEST: usize = 2 << 20;

/// What a file begins with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// How many bytes.
    pub bytes: u64,
    /// Their BLAKE3.
    pub digest: [u8; 32],
}

impl Head {
    /// Of the first bytes of a file.
    pub fn of(begin: &[u8]) -> Self {
        let begin = begin.get(..HEAD.min(begin.len())).unwrap_or_default();
        Self { bytes: begin.len() as u64, digest: *blake3::hash(begin).as_bytes() }
    }

    /// Whether a file that begins so is the same.
    pub(super) fn is_of(&self, begin: &[u8]) -> bool {
        let begin = begin.get(..self.bytes as usize);
        self.bytes > 0 && begin.is_some_and(|begin| Self::of(begin) == *self)
    }
}

/// Where reading is: everything before has been handed on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Device and inode, where the system has them.
    pub inode: Option<(u64, u64)>,
    /// Bytes of the file (unpacked) that were handed on.
    pub offset: u64,
    /// What the file begins with.
    pub head: Head,
    /// What the files began with that were read to their ends last.
    pub read: Vec<Head>,
}

/// Files that are remembered as read.
const MOST_READ: usize = 64;

/// Whole lines.
#[derive(Debug, Default)]
pub struct Piece {
    /// The lines, each with its end; a file's last line may lack it.
    pub lines: Vec<u8>,
    /// Whether they begin a file.
    pub begins: bool,
    /// Where reading is behind them.
    pub place: Place,
    /// The file they are from, where it is not the one that is followed.
    pub from: Option<PathBuf>,
}

/// What reading met that is to be said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// The file was renamed, and another one stands under its name.
    Rotated,
    /// The file was cut off.
    Truncated {
        /// Whether what was not read of it is lost: no copy of it was found.
        lost: bool,
    },
    /// The file that was read before the break is not found; lines may be missing.
    Missing,
    /// A rotated file cannot be read, or not to its end: why.
    Unreadable(PathBuf, String),
    /// Lines that were written during the break are read from here.
    CaughtUp(PathBuf),
}

/// A file that is followed.
pub struct Follower {
    path: PathBuf,
    rotated: Option<PathBuf>,
    current: Option<Open>,
    /// What is read before the file itself.
    before: VecDeque<Rotated>,
    /// The file itself, opened before it was looked for what comes before it.
    held: Option<Open>,
    /// What the file begins with that was read last: what was rotated after it is still to be read.
    last: Option<Head>,
    read: Vec<Head>,
    notes: Vec<Note>,
    /// Since when another file stands under the name.
    replaced: Option<Instant>,
}

struct Open {
    reader: Box<dyn Read + Send>,
    /// The file itself where it may grow.
    file: Option<File>,
    name: Option<PathBuf>,
    place: Place,
    begin: Vec<u8>,
    pending: Vec<u8>,
    /// The lines handed on so far begin the file.
    fresh: bool,
}

impl Follower {
    /// Follows `path`; files that were rotated are looked for beside it, and in the folder `rotated`.
    pub fn new(path: &Path, rotated: Option<&Path>) -> Self {
        let rotated = rotated.map(Path::to_path_buf);
        let (path, before, notes) = (path.to_path_buf(), VecDeque::new(), Vec::new());
        Self { path, rotated, current: None, before, held: None, last: None, read: Vec::new(), notes, replaced: None }
    }

    /// Begins behind what the file has now, and gives what it has.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn skip_to_end(&mut self) -> Result<Piece> {
        let Some(mut open) = self.open_path()? else { return Ok(Piece::default()) };
        let mut text = Vec::new();
        open.reader.read_to_end(&mut text).map_err(|error| Error::io(&self.path, error))?;
        let end = memchr::memrchr(b'\n', &text).map_or(0, |newline| newline + 1);
        open.pending = text;
        let piece = open.hand_on(end);
        self.current = Some(open);
        Ok(piece)
    }

    /// Goes on at a place, wherever the file is now.
    ///
    /// # Errors
    /// If a file cannot be read.
    pub fn resume(&mut self, place: &Place) -> Result<()> {
        self.read.clone_from(&place.read);
        if place.head.bytes == 0 {
            return Ok(());
        }
        if let Some(mut open) = self.open_path()?
            && open.goes_on_at(place, &self.path)?
        {
            self.current = Some(open);
            return Ok(());
        }
        if !self.catch_up(&place.head, place.offset)? {
            self.notes.push(Note::Missing);
        }
        self.notes.extend(self.before.front().map(|first| Note::CaughtUp(first.path.clone())));
        Ok(())
    }

    /// Reads the file that begins so from an offset on, wherever it was rotated to; whether it is found.
    fn catch_up(&mut self, head: &Head, offset: u64) -> Result<bool> {
        let files = rotated(&self.path, self.rotated.as_deref())?;
        let found = files.into_iter().find(|file| file.begins(head));
        self.last = Some(head.clone());
        self.before.extend(found.map(|found| Rotated { from: offset, ..found }));
        Ok(!self.before.is_empty())
    }

    /// Opens what is to be read next: what was rotated since, in its order, then the file itself. The file is opened before the others
    /// are looked for, so that none can come in between.
    fn open_next(&mut self) -> Result<Option<Open>> {
        if let Some(next) = self.open_rotated() {
            return Ok(Some(next));
        }
        if let Some(held) = self.held.take() {
            return Ok(Some(held));
        }
        let open = self.open_path()?;
        let Some(last) = self.last.take() else { return Ok(open) };
        let files = rotated(&self.path, self.rotated.as_deref())?;
        let at = files.iter().position(|file| file.begins(&last)).map_or(files.len(), |at| at + 1);
        let own = open.as_ref().and_then(|open| open.place.inode);
        self.before = files.into_iter().skip(at).filter(|file| own.is_none() || file.inode != own).collect();
        match self.open_rotated() {
            Some(next) => {
                self.held = open;
                Ok(Some(next))
            }
            None => Ok(open),
        }
    }

    /// The next of the rotated files that is to be read and can be. One that was read already may lie there twice, packed and not.
    fn open_rotated(&mut self) -> Option<Open> {
        while let Some(next) = self.before.pop_front() {
            if next.from == 0 && self.read.iter().any(|read| next.begins(read)) {
                continue;
            }
            let path = next.path.clone();
            match Open::rotated(next) {
                Ok(open) => return Some(open),
                Err(error) => self.notes.push(Note::Unreadable(path, error.to_string())),
            }
        }
        None
    }

    /// Remembers that a file was read to its end.
    fn has_read(&mut self, head: Head) {
        if head.bytes > 0 && !self.read.contains(&head) {
            self.read.push(head);
            let beyond = self.read.len().saturating_sub(MOST_READ);
            self.read.drain(..beyond);
        }
    }

    /// What is to be said since the last call.
    pub fn notes(&mut self) -> Vec<Note> {
        std::mem::take(&mut self.notes)
    }

    /// The next lines; `None` when none came within `wait`, or, if it is `once`, when the file is read to its end.
    ///
    /// # Errors
    /// If a file cannot be read, or a stop was asked for.
    pub fn next(&mut self, wait: Duration, once: bool, stop: &Stop) -> Result<Option<Piece>> {
        let deadline = Instant::now() + wait;
        loop {
            stop.check()?;
            if let Some(mut piece) = self.look(once)? {
                piece.place.read.clone_from(&self.read);
                return Ok(Some(piece));
            }
            if once || Instant::now() >= deadline {
                return Ok(None);
            }
            std::thread::sleep(POLL.min(deadline.saturating_duration_since(Instant::now())));
        }
    }

    fn look(&mut self, once: bool) -> Result<Option<Piece>> {
        if self.current.is_none() {
            self.current = self.open_next()?;
        }
        let Some(open) = &mut self.current else { return Ok(None) };
        let path = open.name.clone().unwrap_or_else(|| self.path.clone());
        let io = |error| Error::io(&path, error);
        if open.file.is_none() {
            // A rotated file does not grow.
            match open.read(true) {
                Ok(Some(piece)) => return Ok(Some(piece)),
                Ok(None) => {}
                Err(error) => self.notes.push(Note::Unreadable(path, error.to_string())),
            }
            let head = open.place.head.clone();
            self.current = None;
            self.last = Some(head.clone());
            self.has_read(head);
            return self.look(once);
        }
        if open.was_truncated().map_err(io)? {
            self.truncated()?;
            return self.look(once);
        }
        if let Some(piece) = open.read(false).map_err(io)? {
            self.replaced = self.replaced.map(|_| Instant::now());
            return Ok(Some(piece));
        }
        let other = std::fs::metadata(&self.path).ok().and_then(|met| inode(&met));
        let is_replaced = other.is_some() && other != open.place.inode;
        if !is_replaced {
            self.replaced = None;
            // A last line without its end may still be written.
            return if once { Ok(open.rest()) } else { Ok(None) };
        }
        let since = *self.replaced.get_or_insert_with(Instant::now);
        if !once && since.elapsed() < GRACE {
            return Ok(None);
        }
        let rest = open.rest();
        let (head, offset) = (Head::of(&open.begin), open.place.offset);
        (self.current, self.replaced) = (None, None);
        self.notes.push(Note::Rotated);
        if !self.catch_up(&head, offset)? {
            self.has_read(head);
        }
        match rest {
            Some(piece) => Ok(Some(piece)),
            None => self.look(once),
        }
    }

    /// The file begins anew: a copy of what it was may have what was not read of it.
    fn truncated(&mut self) -> Result<()> {
        let Some(open) = self.current.take() else { return Ok(()) };
        let head = Head::of(&open.begin);
        let has_copy = self.catch_up(&head, open.place.offset)?;
        self.notes.push(Note::Truncated { lost: !has_copy });
        if !has_copy {
            self.has_read(head);
        }
        Ok(())
    }

    fn open_path(&self) -> Result<Option<Open>> {
        let io = |error| Error::io(&self.path, error);
        let file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(io(error)),
        };
        let met = file.metadata().map_err(io)?;
        if !met.is_file() {
            let limit = "it is no regular file; name the log that is written, or - for standard input";
            return Err(Error::parameter("the log", self.path.display(), limit));
        }
        // It is known from here on, so that a truncation is met that comes before the first lines are handed on.
        let (mut begin, pending) = (Vec::new(), Vec::new());
        let mut file = file;
        file.by_ref().take(HEAD as u64).read_to_end(&mut begin).map_err(io)?;
        file.seek(SeekFrom::Start(0)).map_err(io)?;
        let reader = Box::new(file.try_clone().map_err(io)?);
        let place = Place { inode: inode(&met), ..Place::default() };
        Ok(Some(Open { reader, file: Some(file), name: None, place, begin, pending, fresh: true }))
    }
}

impl Open {
    fn rotated(rotated: Rotated) -> Result<Self> {
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
    fn goes_on_at(&mut self, place: &Place, path: &Path) -> Result<bool> {
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
    fn was_truncated(&mut self) -> std::io::Result<bool> {
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
    fn read(&mut self, is_whole: bool) -> std::io::Result<Option<Piece>> {
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
    fn rest(&mut self) -> Option<Piece> {
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

#[cfg(unix)]
pub(super) fn inode(met: &Metadata) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    Some((met.dev(), met.ino()))
}

#[cfg(not(unix))]
pub(super) fn inode(met: &Metadata) -> Option<(u64, u64)> {
    // Files have no number there: a new one is told by when it was made.
    let made = met.created().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    Some((0, made.as_nanos() as u64))
}
