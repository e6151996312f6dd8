//! Lines, and where in which file they are.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Bytes that a file is known by.
pub(super) const HEAD: usize = 1_024;
/// A line without an end is handed on when it has so many bytes: it is too long for a record.
pub(super) const LONGEST: usize = 2 << 20;

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
