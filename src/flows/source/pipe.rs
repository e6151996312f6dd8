//! Standard input and other pipes: the beginning can be looked at, the whole read once, or copied to a temporary file.

use super::discover::STDIN;
use crate::flows::temporary::{Listed, listed};
use crate::{Error, Result};
use std::fmt;
use std::io::{self, Cursor, Read, Write};
use std::sync::{Arc, Mutex};
use tempfile::NamedTempFile;

/// A copy of a pipe; removed when it is dropped.
pub(super) type Spooled = (NamedTempFile, Listed);

/// A stream that can be read once, with its first bytes kept for recognition.
#[derive(Clone)]
pub(super) struct Pipe {
    name: String,
    head: Arc<Vec<u8>>,
    rest: Arc<Mutex<Option<Box<dyn Read + Send>>>>,
    whole: bool,
}

impl fmt::Debug for Pipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pipe").field("head", &self.head.len()).field("whole", &self.whole).finish_non_exhaustive()
    }
}

impl Pipe {
    /// Reads the first `limit` bytes, or all there are.
    pub fn begin(name: &str, mut reader: Box<dyn Read + Send>, limit: usize) -> Result<Self> {
        let mut head = Vec::new();
        let n = reader.by_ref().take(limit as u64).read_to_end(&mut head).map_err(|e| Error::io(name, e))?;
        let rest = Arc::new(Mutex::new(Some(reader)));
        Ok(Self { name: name.into(), head: Arc::new(head), rest, whole: n < limit })
    }

    fn said(&self) -> &str {
        if self.name == STDIN { "standard input" } else { &self.name }
    }

    /// The first bytes, and whether nothing follows.
    pub fn head(&self) -> (Cursor<Vec<u8>>, bool) {
        (Cursor::new(self.head.to_vec()), self.whole)
    }

    /// The whole stream; there is only one.
    pub fn take(&self) -> Result<Box<dyn Read + Send>> {
        let rest = self.rest.lock().ok().and_then(|mut rest| rest.take()).ok_or_else(|| {
            Error::NoInput(format!(
                "{} was read already and cannot be read again; write it to a file and name that",
                self.said()
            ))
        })?;
        Ok(Box::new(self.head().0.chain(rest)))
    }

    /// Copies the whole stream to a temporary file of at most `limit` bytes.
    pub fn spool(&self, limit: u64) -> Result<Spooled> {
        let mut reader = self.take()?;
        let folder = std::env::temp_dir();
        let failed = |error: io::Error| Error::io(&folder, error);
        let (mut file, name) = listed(NamedTempFile::new).map_err(failed)?;
        let mut buffer = vec![0; 1 << 20];
        let mut copied = 0u64;
        loop {
            let n = match reader.read(&mut buffer) {
                Ok(0) => break,
                Ok(n) => n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(Error::io(&self.name, error)),
            };
            copied += n as u64;
            if copied > limit {
                let met = format!("more than {limit} bytes");
                let rule = "it is read twice, so it is copied to a temporary file, of at most that size; write it to a \
                            file yourself and name that, or fit a model first and score the stream with it";
                return Err(Error::parameter(self.said(), met, rule));
            }
            file.write_all(&buffer[..n]).map_err(failed)?;
        }
        file.flush().map_err(failed)?;
        Ok((file, name))
    }
}
