//! Bytes on their way to a file that appears under its name only when it is complete.
//!
//! A temporary file with a hidden name lies beside the target and is renamed onto it at the end; dropped before that,
//! it is removed and an older target is untouched; so it is where the program is ended at once. The rename is atomic for every other
//! process. It is not preceded by fsync: after a power failure (not after a crash of the program) the newest output may be lost, and it
//! can be computed again. What cannot be is published durably.

use crate::flows::temporary::{Listed, listed};
use crate::{Error, Result};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tempfile::{NamedTempFile, TempPath};

/// Where the bytes lie until the end.
enum Place {
    /// Beside the target; renamed onto it at the end.
    Beside { temporary: NamedTempFile, listed: Listed, target: PathBuf },
    /// Straight through: a pipe, a device, standard output or a writer of the caller.
    Through(Box<dyn Write + Send>),
}

/// A writer that counts, keeps the first I/O error for a message, and publishes the file in [`Staged::publish`].
pub(crate) struct Staged {
    place: Place,
    watch: Watch,
}

/// A complete file that waits to appear under its name. It is closed: any number of them may wait.
pub(super) struct Sealed {
    /// `None`: it went straight through.
    place: Option<(TempPath, Listed, PathBuf)>,
}

/// A view of a [`Staged`] that has moved into an encoder: its count and its first error.
#[derive(Clone)]
pub(super) struct Watch {
    name: PathBuf,
    seen: Arc<Seen>,
}

#[derive(Default)]
struct Seen {
    bytes: AtomicU64,
    failure: Mutex<Option<io::Error>>,
}

impl Staged {
    /// Opens a temporary file beside `target`, or the target itself if that is a pipe or a device.
    ///
    /// # Errors
    /// If the directory does not exist or cannot be written, or the target is a directory or write-protected.
    pub fn beside(target: &Path) -> Result<Self> {
        let watch = Watch::new(target);
        let target = through_links(target);
        let existing = match target.metadata() {
            Ok(existing) => Some(existing),
            Err(e) if e.kind() == io::ErrorKind::NotFound => None,
            Err(e) => return Err(Error::io(&target, e)),
        };
        let refuse = |kind, why: &str| Err(Error::io(&target, io::Error::new(kind, why)));
        match &existing {
            Some(met) if met.is_dir() => {
                return refuse(io::ErrorKind::IsADirectory, "is a directory; name a file in it");
            }
            Some(met) if met.is_file() && met.permissions().readonly() => {
                return refuse(io::ErrorKind::PermissionDenied, "is write-protected and is not replaced");
            }
            Some(met) if !met.is_file() => {
                let through = OpenOptions::new().write(true).open(&target).map_err(|e| Error::io(&target, e))?;
                return Ok(Self { place: Place::Through(Box::new(through)), watch });
            }
            _ => {}
        }
        let (temporary, listed) = temporary_beside(&target)?;
        if let Some(existing) = existing {
            // A replaced file keeps its permissions; where the file system knows none, there is nothing to keep.
            let _ = fs::set_permissions(temporary.path(), existing.permissions());
        }
        Ok(Self { place: Place::Beside { temporary, listed, target }, watch })
    }

    /// Standard output, without the line buffering that std's handle has.
    pub fn stdout() -> Self {
        let out: Box<dyn Write + Send> = match raw_stdout() {
            Some(file) => Box::new(file),
            None => Box::new(io::stdout()),
        };
        Self::through(out, Path::new("standard output"))
    }

    /// A writer of the caller, called `name` in messages.
    pub fn through(out: Box<dyn Write + Send>, name: &Path) -> Self {
        Self { place: Place::Through(out), watch: Watch::new(name) }
    }

    /// The count and the first error, to be kept while an encoder owns the writer.
    pub(super) fn watch(&self) -> Watch {
        self.watch.clone()
    }

    /// Makes the file appear under its name.
    pub fn publish(mut self) -> Result<u64> {
        self.flush().map_err(|e| self.watch.io_error(e))?;
        let Self { place, watch } = self;
        if let Place::Beside { temporary, listed, target } = place {
            temporary.persist(&target).map_err(|e| Error::io(&target, e.error))?;
            drop(listed);
        }
        Ok(watch.bytes())
    }

    /// The same, and once that is done the file stays, whatever happens to the machine.
    pub fn publish_durably(self) -> Result<u64> {
        let directory = match &self.place {
            Place::Beside { temporary, target, .. } => {
                temporary.as_file().sync_all().map_err(|e| self.watch.io_error(e))?;
                Some(directory_of(target).to_path_buf())
            }
            Place::Through(_) => None,
        };
        let bytes = self.publish()?;
        if let Some(directory) = directory.and_then(|path| File::open(path).ok()) {
            // Not every system syncs directories; where it does, the new name stays too.
            let _ = directory.sync_all();
        }
        Ok(bytes)
    }

    /// The file is complete and appears later, with others.
    pub(super) fn seal(mut self) -> Result<Sealed> {
        self.flush().map_err(|e| self.watch.io_error(e))?;
        let place = match self.place {
            Place::Beside { temporary, listed, target } => Some((temporary.into_temp_path(), listed, target)),
            Place::Through(_) => None,
        };
        Ok(Sealed { place })
    }

    fn out(&mut self) -> &mut dyn Write {
        match &mut self.place {
            Place::Beside { temporary, .. } => temporary,
            Place::Through(out) => out,
        }
    }
}

impl Sealed {
    /// Makes the file appear under its name.
    pub fn publish(self) -> Result<()> {
        match self.place {
            Some((temporary, _listed, target)) => temporary.persist(&target).map_err(|e| Error::io(&target, e.error)),
            None => Ok(()),
        }
    }
}

impl Write for Staged {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out().write(bytes);
        self.watch.note(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = self.out().flush().map(|()| 0);
        self.watch.note(flushed).map(|_| ())
    }
}

impl Watch {
    fn new(name: &Path) -> Self {
        Self { name: name.to_path_buf(), seen: Arc::default() }
    }

    /// Bytes that have reached the file so far.
    pub fn bytes(&self) -> u64 {
        self.seen.bytes.load(Ordering::Relaxed)
    }

    /// The error of an encoder: the I/O error beneath it with the file's name, or else the encoder's own words.
    pub fn error(&self, encoder: impl std::fmt::Display) -> Error {
        let beneath = self.seen.failure.lock().unwrap_or_else(PoisonError::into_inner).take();
        Error::io(&self.name, beneath.unwrap_or_else(|| io::Error::other(encoder.to_string())))
    }

    /// An I/O error with the file's name.
    pub fn io_error(&self, source: io::Error) -> Error {
        Error::io(&self.name, source)
    }

    fn note(&self, outcome: io::Result<usize>) -> io::Result<usize> {
        match outcome {
            Ok(written) => {
                self.seen.bytes.fetch_add(written as u64, Ordering::Relaxed);
                Ok(written)
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => Err(e),
            Err(e) => {
                // io::Error is not Clone: the original is kept for the message, a likeness goes up through the encoder.
                let likeness = e.raw_os_error().map_or_else(|| e.kind().into(), io::Error::from_raw_os_error);
                *self.seen.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(e);
                Err(likeness)
            }
        }
    }
}

/// The file a symbolic link leads to, so that the link stays a link.
fn through_links(target: &Path) -> PathBuf {
    let is_link = target.symlink_metadata().is_ok_and(|m| m.file_type().is_symlink());
    if !is_link {
        return target.to_path_buf();
    }
    fs::canonicalize(target)
        .or_else(|_| fs::read_link(target).map(|to| directory_of(target).join(to)))
        .unwrap_or_else(|_| target.to_path_buf())
}

fn directory_of(target: &Path) -> &Path {
    match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

fn temporary_beside(target: &Path) -> Result<(NamedTempFile, Listed)> {
    let directory = directory_of(target);
    if !directory.is_dir() {
        let why = "no such directory for the output; create it first";
        return Err(Error::io(directory, io::Error::new(io::ErrorKind::NotFound, why)));
    }
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    // Names have limits (255 bytes on most file systems); the temporary one keeps only what fits beside its additions.
    let kept: String = name.chars().take(48).collect();
    let prefix = format!(".{kept}.");
    let mut builder = tempfile::Builder::new();
    builder.prefix(&prefix).suffix(".part");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666)); // minus the umask, as any new file
    listed(|| builder.tempfile_in(directory)).map_err(|e| Error::io(directory, e))
}

#[cfg(unix)]
fn raw_stdout() -> Option<File> {
    use std::os::fd::AsFd;
    io::stdout().as_fd().try_clone_to_owned().ok().map(File::from)
}

#[cfg(not(unix))]
fn raw_stdout() -> Option<File> {
    None
}
