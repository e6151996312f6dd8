//! Digests of the input files, taken beside the reading.

use crate::flows::source::InputFile;
use crate::model::InputDigest;
use crate::{Error, Result};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;

/// The digests of all input files, computed on a thread of their own.
pub struct Digests {
    names: Vec<InputDigest>,
    thread: Option<JoinHandle<Vec<Option<String>>>>,
}

impl Digests {
    /// Starts hashing the stored bytes of every file that has a path.
    pub fn start(files: &[InputFile]) -> Self {
        let name = |f: &InputFile| InputDigest { name: f.name.clone(), bytes: f.size.unwrap_or(0), blake3: None };
        let paths: Vec<_> = files.iter().map(|f| f.path.clone().map(|path| (path, f.size))).collect();
        let digest = |(path, size): &(PathBuf, Option<u64>)| begin_digest(path, size.unwrap_or(u64::MAX)).ok();
        let body = move || paths.iter().map(|file| file.as_ref().and_then(digest)).collect();
        let thread = std::thread::Builder::new().name("oddflow-digest".into()).spawn(body).ok();
        Self { names: files.iter().map(name).collect(), thread }
    }

    /// Waits for the digests. A file that could not be hashed (standard input, a file that went away) has none.
    pub fn finish(self) -> Vec<InputDigest> {
        let digests = self.thread.and_then(|t| t.join().ok()).unwrap_or_default();
        let mut all = self.names;
        for (entry, digest) in all.iter_mut().zip(digests) {
            entry.blake3 = digest;
        }
        all
    }
}

/// BLAKE3 of a file's bytes, in hex.
///
/// # Errors
/// If the file cannot be read.
pub fn file_digest(path: &Path) -> Result<String> {
    begin_digest(path, u64::MAX)
}

/// Of so many bytes that a file begins with: a log may grow.
///
/// # Errors
/// If the file cannot be read.
pub fn begin_digest(path: &Path, size: u64) -> Result<String> {
    let mut file = std::fs::File::open(path).map_err(|e| Error::io(path, e))?.take(size);
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        match file.read(&mut buffer).map_err(|e| Error::io(path, e))? {
            0 => return Ok(hasher.finalize().to_hex().to_string()),
            n => hasher.update(buffer.get(..n).unwrap_or_default()),
        };
    }
}
