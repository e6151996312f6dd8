//! The lines of a file while it is written: rotation, truncation, and going on after a break.
//!
//! A file is known by its inode and by a digest of its first bytes. When another file stands under its name (rotation by
//! renaming), the old one is read to its end first, then the new one from its beginning. When the file is shorter than
//! what was read of it, or begins differently (truncation in place), it is read from its beginning; if a copy of what it was
//! stands beside it (`copytruncate`), the lines of the copy that were not read come before. After a break the file that was
//! read last is looked for by its first bytes, under its own name or beside it, packed or not. After any of these come the files
//! that were rotated since and were not read yet: rotation may be faster than reading.

use super::open::Open;
use super::place::{Head, Piece, Place};
use super::rotated::{Rotated, rotated};
use crate::flows::source::file_id;
use crate::{Error, Result, Stop};
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How often a file that does not grow is looked at.
const POLL: Duration = Duration::from_millis(50);
/// A file that was renamed is read on until nothing came for so long: whoever writes it may not know yet.
const GRACE: Duration = Duration::from_millis(500);

/// Files that are remembered as read.
const MOST_READ: usize = 64;

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

/// What a look gives.
enum Look {
    Lines(Piece),
    Nothing,
    /// Another file is next.
    Again,
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

impl Follower {
    /// Follows `path`; files that were rotated are looked for beside it, and in the folder `rotated`.
    pub fn new(path: &Path, rotated: Option<&Path>) -> Self {
        let rotated = rotated.map(Path::to_path_buf);
        let (path, before, notes) = (path.to_path_buf(), VecDeque::new(), Vec::new());
        Self { path, rotated, current: None, before, held: None, last: None, read: Vec::new(), notes, replaced: None }
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
        if let Some(mut open) = Open::at(&self.path)?
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
        let is_found = found.is_some();
        self.before.extend(found.map(|found| Rotated { from: offset, ..found }));
        Ok(is_found)
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
        let open = Open::at(&self.path)?;
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
            match self.look(once)? {
                Look::Lines(mut piece) => {
                    piece.place.read.clone_from(&self.read);
                    return Ok(Some(piece));
                }
                Look::Again => {}
                Look::Nothing if once || Instant::now() >= deadline => return Ok(None),
                Look::Nothing => std::thread::sleep(POLL.min(deadline.saturating_duration_since(Instant::now()))),
            }
        }
    }

    fn look(&mut self, once: bool) -> Result<Look> {
        if self.current.is_none() {
            self.current = self.open_next()?;
        }
        let Some(open) = &mut self.current else { return Ok(Look::Nothing) };
        if open.file.is_none() {
            return Ok(self.look_at_rotated());
        }
        let io = |error| Error::io(&self.path, error);
        if open.was_truncated().map_err(io)? {
            self.truncated()?;
            return Ok(Look::Again);
        }
        if let Some(piece) = open.read(false).map_err(io)? {
            self.replaced = self.replaced.map(|_| Instant::now());
            return Ok(Look::Lines(piece));
        }
        let other = std::fs::metadata(&self.path).ok().and_then(|met| file_id(&met));
        let is_replaced = other.is_some() && other != open.place.inode;
        if !is_replaced {
            self.replaced = None;
            // A last line without its end may still be written.
            return Ok(if once { open.rest().map_or(Look::Nothing, Look::Lines) } else { Look::Nothing });
        }
        let since = *self.replaced.get_or_insert_with(Instant::now);
        if !once && since.elapsed() < GRACE {
            return Ok(Look::Nothing);
        }
        let rest = open.rest();
        let (head, offset) = (Head::of(&open.begin), open.place.offset);
        (self.current, self.replaced) = (None, None);
        self.notes.push(Note::Rotated);
        if !self.catch_up(&head, offset)? {
            self.has_read(head);
        }
        Ok(rest.map_or(Look::Again, Look::Lines))
    }

    /// A rotated file does not grow: behind its end is the next.
    fn look_at_rotated(&mut self) -> Look {
        let Some(open) = &mut self.current else { return Look::Nothing };
        match open.read(true) {
            Ok(Some(piece)) => return Look::Lines(piece),
            Ok(None) => {}
            Err(error) => {
                let path = open.name.clone().unwrap_or_default();
                self.notes.push(Note::Unreadable(path, error.to_string()));
            }
        }
        let head = open.place.head.clone();
        self.current = None;
        self.last = Some(head.clone());
        self.has_read(head);
        Look::Again
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
}
