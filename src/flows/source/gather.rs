//! From names to recognised files: each is found, looked at and put in its place.

use super::InputOptions;
use super::awaited::Awaited;
use super::discover::{Discovery, Found, discover};
use super::earlier::without_outputs;
use super::look::{FIRST_HEAD, LATER_HEAD, Looked, Place, adopt_names, look};
use super::notes::{describe_lacking, describe_others, describe_outputs, describe_skipped, nothing};
use super::pipe::{Pipe, Spooled};
use super::select::{in_order_of_time, without_tables};
use super::unite::Union;
use crate::{Error, Result, Stop};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

/// What was found.
pub(super) struct Gathered {
    /// The files in reading order.
    pub looked: Vec<Looked>,
    /// The copies of pipes.
    pub spooled: Vec<Spooled>,
    /// The columns that unite all files.
    pub schema: SchemaRef,
    /// Files that hold no flows, by the name of their log.
    pub other_logs: BTreeMap<String, u64>,
    /// Files that could not be read.
    pub unreadable: u64,
    /// Things to say once.
    pub notes: Vec<String>,
}

/// Finds and recognises the inputs; `stdin` is what `-` stands for.
pub(super) fn gather(inputs: &[String], options: &InputOptions, stdin: Box<dyn Read + Send>) -> Result<Gathered> {
    let Discovery { files, notes } = discover(inputs)?;
    let mut gathering = Gathering {
        options,
        stdin: Some(stdin),
        looked: Vec::new(),
        union: Union::default(),
        spooled: Vec::new(),
        other_logs: BTreeMap::new(),
        skipped: Vec::new(),
        notes,
    };
    files.iter().try_for_each(|found| gathering.take(found))?;
    gathering.finish(inputs)
}

/// What was found so far.
struct Gathering<'a> {
    options: &'a InputOptions,
    stdin: Option<Box<dyn Read + Send>>,
    looked: Vec<Looked>,
    union: Union,
    spooled: Vec<Spooled>,
    other_logs: BTreeMap<String, u64>,
    /// Files that could not be read, and why.
    skipped: Vec<(String, String)>,
    notes: Vec<String>,
}

impl Gathering<'_> {
    fn take(&mut self, found: &Found) -> Result<()> {
        match self.looked_at(found) {
            Ok(None) => {}
            Ok(Some(file)) => {
                self.union.add(&file.schema);
                self.looked.push(file);
            }
            Err(Error::OtherLog { log, .. }) if !found.named => *self.other_logs.entry(log).or_default() += 1,
            Err(Error::UnknownFormat { file, reason }) if !found.named => self.skipped.push((file, reason)),
            Err(Error::Damaged { file, reason, .. }) if self.options.skip_errors => self.skipped.push((file, reason)),
            Err(Error::Io { path, source }) if !found.named && is_of_the_file(&source) => {
                match self.options.skip_errors {
                    true => self.skipped.push((path.display().to_string(), source.to_string())),
                    false => {
                        let source =
                            std::io::Error::new(source.kind(), format!("{source} (--skip-errors passes it over)"));
                        return Err(Error::Io { path, source });
                    }
                }
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// `None` of a standard input that was taken before.
    fn looked_at(&mut self, found: &Found) -> Result<Option<Looked>> {
        let Some(place) = self.place(found)? else { return Ok(None) };
        let is_first = self.looked.is_empty();
        let file = self.look_at(found, &place, if is_first { FIRST_HEAD } else { LATER_HEAD })?;
        // Most files are like the first; one with other columns is looked at as closely.
        let is_alike = is_first || !self.union.lacks(&file.schema);
        if is_alike { Ok(Some(file)) } else { self.look_at(found, &place, FIRST_HEAD).map(Some) }
    }

    fn look_at(&self, found: &Found, place: &Place, limit: usize) -> Result<Looked> {
        let mut file = look(found, place.clone(), limit, self.options)?;
        adopt_names(&self.looked, &mut file, self.options);
        Ok(file)
    }

    /// Where a file's bytes are; `None` for a standard input that was taken before.
    fn place(&mut self, found: &Found) -> Result<Option<Place>> {
        let pipe = match &found.path {
            None => self.stdin.take(),
            Some(path) => open_pipe(path, &self.options.stop)?,
        };
        Ok(match (pipe, &found.path, self.options.spool) {
            (Some(pipe), _, Some(limit)) => {
                let file = Pipe::begin(&found.name, pipe, FIRST_HEAD)?.spool(limit)?;
                let place = Place::File(file.0.path().to_path_buf());
                self.spooled.push(file);
                Some(place)
            }
            (Some(pipe), _, None) => Some(Place::Pipe(Pipe::begin(&found.name, pipe, FIRST_HEAD)?)),
            (None, Some(path), _) => Some(Place::File(path.clone())),
            (None, None, _) => None,
        })
    }

    fn finish(self, inputs: &[String]) -> Result<Gathered> {
        let Self { options, mut looked, spooled, other_logs, mut skipped, mut notes, .. } = self;
        notes.extend(describe_others(&other_logs));
        notes.extend(describe_outputs(&without_outputs(&mut looked)));
        skipped.extend(without_tables(&mut looked));
        notes.extend(describe_skipped(&skipped));
        in_order_of_time(&mut looked);
        // In reading order, so that the order on the command line does not show in the columns.
        let mut union = Union::default();
        looked.iter().for_each(|file| union.add(&file.schema));
        let schema = match (looked.iter().all(Looked::is_empty), looked.first()) {
            (false, _) => union.finish(),
            (true, Some(_)) if !options.columns_of_empty.is_empty() => {
                let field = |(name, kind): &(String, DataType)| Field::new(name, kind.clone(), true);
                Arc::new(Schema::new(options.columns_of_empty.iter().map(field).collect::<Vec<_>>()))
            }
            _ => return Err(nothing(inputs, &looked, &notes)),
        };
        if let Some(condition) = &options.condition {
            condition.check(&schema)?;
        }
        notes.extend(describe_lacking(&mut looked, &union));
        Ok(Gathered { looked, spooled, schema, other_logs, unreadable: skipped.len() as u64, notes })
    }
}

/// Whether what was met is of a file alone, such as one that may not be read or was just removed, and not of the disk.
fn is_of_the_file(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::NotFound)
}

/// What is named but no regular file (`<(zcat …)` in a shell) can be read only once, as standard input.
fn open_pipe(path: &Path, stop: &Stop) -> Result<Option<Box<dyn Read + Send>>> {
    let failed = |error| Error::io(path, error);
    if fs::metadata(path).map_err(failed)?.is_file() {
        return Ok(None);
    }
    let named = path.to_path_buf();
    Ok(Some(Box::new(Awaited::new(stop.clone(), move || File::open(named)))))
}
