//! The files that a log was rotated to.

use super::place::{HEAD, Head};
use crate::flows::source::{file_id, unpacked};
use crate::{Error, Result};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// A file that a log was rotated to.
#[derive(Debug, Clone)]
pub(super) struct Rotated {
    pub path: PathBuf,
    /// Bytes of it (unpacked) that need not be read.
    pub from: u64,
    pub inode: Option<(u64, u64)>,
    /// When it was written last.
    pub changed: SystemTime,
}

/// The files that `path` may have been rotated to, in the order in which they were written last: `conn.log.1`, `eve-20241130.json.gz`, Zeek's
/// `conn.00:00:00-01:00:00.log.gz`, beside it, and in `folder` and the folders in it.
pub(super) fn rotated(path: &Path, folder: Option<&Path>) -> Result<Vec<Rotated>> {
    let beside = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let own = std::fs::metadata(path).ok().and_then(|met| file_id(&met));
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut folders = vec![beside.to_path_buf()];
    if let Some(folder) = folder {
        folders.push(folder.to_path_buf());
        let inner = entries(folder)?.into_iter().filter(|path| path.is_dir());
        folders.extend(inner);
    }
    let mut files = Vec::new();
    for folder in folders {
        for candidate in entries(&folder)? {
            let is_one = candidate.file_name().is_some_and(|other| is_rotated(&name, &other.to_string_lossy()));
            let Some(met) = is_one.then(|| std::fs::metadata(&candidate).ok()).flatten() else { continue };
            if met.is_file() && file_id(&met) != own {
                let changed = met.modified().unwrap_or(SystemTime::UNIX_EPOCH);
                files.push(Rotated { path: candidate, from: 0, inode: file_id(&met), changed });
            }
        }
    }
    files.sort_by(|a, b| (a.changed, &a.path).cmp(&(b.changed, &b.path)));
    files.dedup_by(|a, b| a.path == b.path);
    Ok(files)
}

/// The stem, a mark, then numbers, dates, times, and what the name itself has.
fn is_rotated(name: &str, other: &str) -> bool {
    const MARKS: [char; 4] = ['.', '-', ':', '_'];
    let stem = name.split('.').next().unwrap_or(name);
    let rest = other.strip_prefix(stem).and_then(|rest| rest.strip_prefix(['.', '-']));
    let is_number = |part: &str| part.starts_with(|c: char| c.is_ascii_digit());
    let is_known =
        |part: &str| is_number(part) || ["gz", "zst"].contains(&part) || name.split(MARKS).any(|own| own == part);
    !stem.is_empty()
        && other != name
        && rest.is_some_and(|rest| rest.split(MARKS).all(is_known) && rest.split(MARKS).any(is_number))
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let io = |error| Error::io(folder, error);
    std::fs::read_dir(folder).map_err(io)?.map(|entry| Ok(entry.map_err(io)?.path())).collect()
}

impl Rotated {
    /// Whether it begins so; what cannot be read does not.
    pub fn begins(&self, head: &Head) -> bool {
        let mut begin = Vec::new();
        let read = self.open().and_then(|reader| {
            reader.take(HEAD as u64).read_to_end(&mut begin).map_err(|error| Error::io(&self.path, error))
        });
        read.is_ok() && head.is_of(&begin)
    }

    /// Its bytes, unpacked.
    pub fn open(&self) -> Result<Box<dyn Read + Send>> {
        let io = |error| Error::io(&self.path, error);
        unpacked(Box::new(File::open(&self.path).map_err(io)?)).map_err(io)
    }
}

#[cfg(test)]
mod tests {
    use super::is_rotated;

    #[test]
    fn names_of_rotated_logs_are_known() {
        for other in [
            "conn.log.1",
            "conn.00:00:00-01:00:00.log.gz",
            "conn-20241130.log",
            "conn.2024-11-30-10.log",
            "conn.log.1.gz",
        ] {
            assert!(is_rotated("conn.log", other), "{other}");
        }
        for other in [
            "conn.log",
            "conn_long.1.log",
            "conn-summary.log",
            "connections.1.log",
            "dns.log.1",
            "conn.state",
            "conn-summary.00:00:00-01:00:00.log.gz",
            "conn-alerts-2024.txt",
            "conn.state2",
        ] {
            assert!(!is_rotated("conn.log", other), "{other}");
        }
    }
}
