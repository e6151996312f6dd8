//! The one error type. A message says what was met, the limit, and the way out.

use crate::words::counted;
use std::path::{Path, PathBuf};

/// What the library returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Everything that can go wrong, in words for the person who can mend it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or directory could not be opened, read, written or renamed.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },

    /// No file was found, or nothing in it was a record.
    #[error("{0}")]
    NoInput(String),

    /// The content is of no format that is read here.
    #[error("{file}: {reason}")]
    UnknownFormat {
        /// The file as the user named it.
        file: String,
        /// What was met at its beginning, and what would be accepted.
        reason: String,
    },

    /// A log that is read well enough, but whose records are no flows.
    #[error("{file}: this is a {maker} log of another kind ({}), which is not read; {wanted}", if log.is_empty() { "it does not say which" } else { log })]
    OtherLog {
        /// The file as the user named it.
        file: String,
        /// Who wrote it: `Zeek`.
        maker: String,
        /// Its name: `http`.
        log: String,
        /// Which logs of the maker do, and what else is wrong with this one.
        wanted: String,
    },

    /// A file that began well and is broken further on.
    #[error("{file}: damaged after {}: {reason} (--skip-errors keeps the part before the damage)", counted(*records, "record"))]
    Damaged {
        /// The file as the user named it.
        file: String,
        /// Whole records read before the damage.
        records: u64,
        /// What the decoder met.
        reason: String,
    },

    /// One record that cannot be used, where rejecting it is not possible.
    #[error("{file}, record {record}: {reason}")]
    Record {
        /// The file as the user named it.
        file: String,
        /// Its number in the file; the first record is 1.
        record: u64,
        /// What was met.
        reason: String,
    },

    /// The input's columns are not those that are needed.
    #[error("{0}")]
    Schema(String),

    /// A parameter out of its range.
    #[error("{name} is {met}; {limit}")]
    Parameter {
        /// The parameter's name as the user wrote it.
        name: String,
        /// The value met.
        met: String,
        /// The rule, and the way out.
        limit: String,
    },

    /// A model file that cannot be used.
    #[error("{}: {reason}", path.display())]
    Model {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },

    /// A device that is missing, lost, or too small for the work.
    #[error("{0}")]
    Device(String),

    /// A mistake of the program's own, caught before it could spoil a result.
    #[error("internal error: {0}; please report it with the command that met it")]
    Internal(String),

    /// The user asked to stop (Ctrl-C).
    #[error("interrupted; nothing was left half written")]
    Interrupted,
}

impl Error {
    /// An I/O error with the path it happened on.
    pub fn io(path: impl AsRef<Path>, source: std::io::Error) -> Self {
        Self::Io { path: path.as_ref().to_path_buf(), source }
    }

    /// A parameter out of its range: `name is met; limit`.
    pub fn parameter(name: impl Into<String>, met: impl ToString, limit: impl Into<String>) -> Self {
        Self::Parameter { name: name.into(), met: met.to_string(), limit: limit.into() }
    }
}
