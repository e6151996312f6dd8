//! What a watcher remembers, in a file.

use super::place::Place;
use super::watcher::{Counts, WatchOptions};
use crate::features::windows::LiveState;
use crate::findings::LiveFindingsState;
use crate::flows::sink::Staged;
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use std::io::Write;
use std::path::Path;
use std::thread::JoinHandle;

/// First bytes of a state file; the last is the version of its form.
const MAGIC: [u8; 8] = *b"oddwatch";
const FORM: u32 = 3;
/// A state file is no larger.
const MOST_BYTES: u64 = 16 << 30;
const CHECKSUM: usize = 32;

/// All that is remembered at one place in a log; of findings (F) what is at hand to be written, or what was read.
#[derive(Debug, Serialize, Deserialize)]
pub struct WatchState<F> {
    /// [`Model::identity`](crate::model::Model::identity) of the model.
    pub identity: String,
    /// The log, as it was named.
    pub log: String,
    /// How it was watched.
    pub options: WatchOptions,
    /// Where reading was.
    pub place: Place,
    /// Records of the file before.
    pub records: u64,
    /// Header lines of the file that are in force.
    pub header: Vec<u8>,
    /// The first lines that the log was recognised by.
    pub recognised: Vec<u8>,
    /// The windows.
    pub windows: LiveState,
    /// The findings.
    pub findings: F,
    /// What was counted.
    pub counts: Counts,
    /// The file of the alerts, where they go to one.
    pub written: Option<Written>,
}

/// A file of alerts, as it was left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// Where it is.
    pub path: String,
    /// Device and number, where the system has them.
    pub id: Option<(u64, u64)>,
    /// Its bytes.
    pub bytes: u64,
    /// The last of them, by which it is known again.
    pub tail: Vec<u8>,
}

impl<F: Serialize> WatchState<F> {
    /// Writes it; it appears under its name once it is complete and stays whatever happens to the machine, as the alerts do that it says
    /// were written.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn save(&self, path: &Path) -> Result<Saving> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend(FORM.to_le_bytes());
        let mut bytes = postcard::to_extend(self, bytes)
            .map_err(|error| Error::Internal(format!("the state has no form: {error}")))?;
        bytes.extend(blake3::hash(&bytes).as_bytes());
        let mut file = Staged::beside(path)?;
        file.write_all(&bytes).map_err(|error| Error::io(path, error))?;
        // A disk takes its time, and lines are waiting.
        let publish = move || file.publish_durably().map(drop);
        let thread = std::thread::Builder::new().name("oddflow-state".into()).spawn(publish);
        thread.map(Saving).map_err(|error| Error::io("a thread for the state", error))
    }
}

/// A state on its way to its file.
#[derive(Debug)]
pub struct Saving(JoinHandle<Result<()>>);

impl Saving {
    /// Whether it is there, or cannot be.
    pub fn is_done(&self) -> bool {
        self.0.is_finished()
    }

    /// Waits until it is there.
    ///
    /// # Errors
    /// If it could not be written.
    pub fn finish(self) -> Result<()> {
        self.0.join().unwrap_or_else(|_| Err(Error::Internal("the state was given up on its way".into())))
    }
}

impl WatchState<LiveFindingsState> {
    /// Reads one; `None` where there is no file.
    ///
    /// # Errors
    /// If it cannot be read, or is no state of this version.
    pub fn load(path: &Path) -> Result<Option<Self>> {
        let met = match std::fs::metadata(path) {
            Ok(met) => met,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Error::io(path, error)),
        };
        let wrong = |why: &str| {
            let limit = format!("{why}; name another file, or remove it to begin anew");
            Error::parameter("--state", path.display(), limit)
        };
        if met.len() > MOST_BYTES {
            return Err(wrong("it is larger than a state can be"));
        }
        let bytes = std::fs::read(path).map_err(|error| Error::io(path, error))?;
        let Some(rest) = bytes.strip_prefix(MAGIC.as_slice()) else { return Err(wrong("it is no state of a watch")) };
        let Some((form, _)) = rest.split_first_chunk::<4>() else { return Err(wrong("it is cut off")) };
        if u32::from_le_bytes(*form) != FORM {
            return Err(wrong("it is of another version of oddflow"));
        }
        let altered = || wrong("it was altered or cut off");
        let (content, checksum) = bytes.split_last_chunk::<CHECKSUM>().ok_or_else(altered)?;
        if blake3::hash(content) != *checksum {
            return Err(altered());
        }
        let body = content.get(MAGIC.len() + 4..).unwrap_or_default();
        postcard::from_bytes(body).map(Some).map_err(|_| wrong("it is of another build of oddflow"))
    }
}
