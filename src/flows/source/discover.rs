//! From what the user named to a list of files in reading order.

use super::earlier::MANIFEST;
use crate::{Error, Result};
use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Standard input's name.
pub(super) const STDIN: &str = "-";

/// A file to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub name: String,
    /// `None` for standard input.
    pub path: Option<PathBuf>,
    /// Whether the user named this very file; otherwise it may turn out to be no log.
    pub named: bool,
}

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Discovery {
    pub files: Vec<Found>,
    /// Things to say once.
    pub notes: Vec<String>,
}

/// Finds the files that `inputs` name: files, folders (with all folders in them, by path), patterns, `-`.
///
/// A file whose name looks like a pattern wins over the pattern. A file named twice is read once.
pub(super) fn discover(inputs: &[String]) -> Result<Discovery> {
    let mut discovery = Discovery::default();
    let mut seen = HashSet::new();
    for input in inputs {
        for found in one(input)? {
            let identity = found.path.as_deref().map(|path| fs::canonicalize(path).unwrap_or_else(|_| path.into()));
            if seen.insert(identity) {
                discovery.files.push(found);
            } else {
                discovery.notes.push(format!("{} was named more than once and is read once", found.name));
            }
        }
    }
    if discovery.files.is_empty() {
        let looked = inputs.join(", ");
        let asked = if inputs.is_empty() { "no input was named".to_owned() } else { format!("no file in {looked}") };
        return Err(Error::NoInput(format!(
            "{asked}; name files, folders, patterns like 'logs/*.csv', or - for standard input"
        )));
    }
    Ok(discovery)
}

fn one(input: &str) -> Result<Vec<Found>> {
    if input == STDIN {
        return Ok(vec![Found { name: STDIN.into(), path: None, named: true }]);
    }
    let path = Path::new(input);
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => {
            let mut paths = Vec::new();
            walk(path, &mut HashSet::new(), &mut paths)?;
            Ok(paths.into_iter().map(|path| file(path, false)).collect())
        }
        Ok(_) => Ok(vec![file(path.into(), true)]),
        Err(error) => match matching(input)? {
            Some(files) => Ok(files),
            None => Err(Error::io(path, error)),
        },
    }
}

fn file(path: PathBuf, named: bool) -> Found {
    Found { name: path.display().to_string(), path: Some(path), named }
}

/// The files that a pattern matches, by path; `None` if `input` is no pattern.
fn matching(input: &str) -> Result<Option<Vec<Found>>> {
    if !input.contains(['*', '?', '[']) {
        return Ok(None);
    }
    let wrong =
        |error: glob::PatternError| Error::parameter("INPUT", input, format!("as a pattern it is wrong: {error}"));
    let options = glob::MatchOptions { require_literal_leading_dot: true, ..Default::default() };
    let mut paths = Vec::new();
    for entry in glob::glob_with(input, options).map_err(wrong)? {
        let path = entry.map_err(|error| {
            let path = error.path().to_path_buf();
            Error::io(path, error.into())
        })?;
        if path.is_dir() {
            walk(&path, &mut HashSet::new(), &mut paths)?;
        } else if !is_passed_over(&path) {
            paths.push(path);
        }
    }
    if paths.is_empty() {
        return Err(Error::NoInput(format!("{input}: no file matches this pattern")));
    }
    paths.sort();
    Ok(Some(paths.into_iter().map(|path| file(path, false)).collect()))
}

/// Hidden files, and what oddflow writes beside its outputs: `day.csv.manifest.json`, `day.csv.model`.
fn is_passed_over(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    let has_manifest = |output: &str| path.with_file_name(format!("{output}{MANIFEST}")).is_file();
    name.starts_with('.') || name.ends_with(MANIFEST) || name.strip_suffix(".model").is_some_and(has_manifest)
}

/// The files in a folder and the folders in it, by path. A folder that links lead to again is not entered again.
fn walk(folder: &Path, entered: &mut HashSet<PathBuf>, files: &mut Vec<PathBuf>) -> Result<()> {
    if !entered.insert(fs::canonicalize(folder).map_err(|error| Error::io(folder, error))?) {
        return Ok(());
    }
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder).map_err(|error| Error::io(folder, error))? {
        entries.push(entry.map_err(|error| Error::io(folder, error))?.path());
    }
    entries.sort();
    for path in entries.into_iter().filter(|path| !is_passed_over(path)) {
        match fs::metadata(&path) {
            Ok(metadata) if metadata.is_dir() => walk(&path, entered, files)?,
            Ok(metadata) if metadata.is_file() => files.push(path),
            // Sockets, devices and links to nothing are no logs.
            _ => {}
        }
    }
    Ok(())
}
