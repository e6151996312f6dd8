//! Temporary files that have names, known to the process: one that ends at once, without unwinding, can remove them first.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tempfile::NamedTempFile;

static NAMES: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// What is in there is whole, whoever panicked holding it.
fn names() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    NAMES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The name of a temporary file, until it is dropped: then the file is gone, or has another name.
#[derive(Debug)]
pub(crate) struct Listed(PathBuf);

/// Makes a temporary file that [`remove_all`] knows.
///
/// # Errors
/// Whatever `make` meets.
pub(crate) fn listed(make: impl FnOnce() -> io::Result<NamedTempFile>) -> io::Result<(NamedTempFile, Listed)> {
    // Made under the lock: no file is there that is not listed.
    let mut names = names();
    let file = make()?;
    // The folder the process is in may change.
    let path = std::path::absolute(file.path()).unwrap_or_else(|_| file.path().to_path_buf());
    names.insert(path.clone());
    drop(names);
    Ok((file, Listed(path)))
}

impl Drop for Listed {
    fn drop(&mut self) {
        names().remove(&self.0);
    }
}

/// Removes all of them. None can be made or appear under its name afterwards: it is for a process that ends at once.
pub(crate) fn remove_all() {
    let names = names();
    remove(names.iter());
    std::mem::forget(names);
}

fn remove<P: AsRef<Path>>(paths: impl IntoIterator<Item = P>) {
    for path in paths {
        // One that is gone already needs no removal, and there is nobody left to tell of any other failure.
        let _ = std::fs::remove_file(path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_listed_while_they_are_there() {
        let folder = tempfile::tempdir().unwrap();
        let make = || NamedTempFile::new_in(folder.path());
        let (file, name) = listed(make).unwrap();
        assert!(names().contains(&name.0) && file.path().exists());
        let path = name.0.clone();
        remove([&path]);
        assert!(!path.exists());
        drop((file, name));
        assert!(!names().contains(&path));
        assert!(listed(|| Err(io::ErrorKind::Other.into())).is_err());
    }
}
