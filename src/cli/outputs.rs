//! What a run writes: where it goes, and what is refused before the work begins.

use super::args::OutputArgs;
use crate::flows::Rejected;
use crate::flows::sink::{SideFile, Sink, SinkOptions, Target, same_file};
use crate::flows::source::Input;
use crate::{Error, Result};
use arrow_schema::SchemaRef;
use std::path::{Path, PathBuf};

/// Whether what is written to `path` appears only at the end: not so of a pipe or a device.
pub fn is_staged(path: &Path) -> bool {
    path.metadata().map_or(true, |met| met.is_file())
}

/// The side file of rejected records, if one was asked for.
pub struct Rejects {
    side: Option<SideFile>,
    names: Vec<String>,
}

impl Rejects {
    /// Prepares the side file.
    pub fn new(path: Option<&Path>, input: &Input) -> Result<Self> {
        let names = input.files.iter().map(|f| f.name.clone()).collect();
        if let Some(path) = path {
            check_output("--rejected", path, input)?;
        }
        Ok(Self { side: path.map(SideFile::create).transpose()?, names })
    }

    /// Keeps one rejected record.
    pub fn keep(&mut self, file: usize, rejected: &Rejected) -> Result<()> {
        match (&mut self.side, self.names.get(file)) {
            (Some(side), Some(name)) => side.write(name, rejected),
            _ => Ok(()),
        }
    }

    /// Makes the side file appear under its name.
    pub fn finish(self) -> Result<()> {
        self.side.map(SideFile::finish).transpose().map(drop)
    }
}

/// The sink of a scoring run, if an output was asked for.
pub fn create_sink(args: &OutputArgs, target: Option<&Target>, schema: SchemaRef) -> Result<Option<Sink>> {
    let options = SinkOptions { guard_formulas: !args.keep_formulas, ..SinkOptions::default() };
    target.map(|target| Sink::create(target, &schema, &options)).transpose()
}

/// Where the output goes; refused if that is one of the inputs.
pub fn output_target(args: &OutputArgs, input: &Input) -> Result<Option<Target>> {
    let Some(text) = &args.output else { return Ok(None) };
    let target = match &args.format {
        Some(format) => Target::of_events(text, format.parse()?)?,
        None => Target::parse(text)?,
    };
    if let Some(path) = &target.path {
        check_output("-o", path, input)?;
    }
    let inputs = input.files.iter().map(|file| ("the input", file.path.as_deref()));
    check_parts(&target, inputs.chain([("--rejected", args.rejected.as_deref())]))?;
    Ok(Some(target))
}

/// No other file may be called as a part of the output.
pub fn check_parts<'a>(target: &Target, others: impl IntoIterator<Item = (&'a str, Option<&'a Path>)>) -> Result<()> {
    for (option, path) in others {
        if let Some(path) = path.filter(|path| target.may_become(path)) {
            let limit = format!("the output {target} becomes files that are called so; name another");
            return Err(Error::parameter(option, path.display(), limit));
        }
    }
    Ok(())
}

/// Everything a run will write, each under the option that names it: no two may be one file.
pub fn check_distinct(outputs: &[(&str, Option<&Path>)]) -> Result<()> {
    let mut seen: Vec<(&str, PathBuf)> = Vec::new();
    for (option, path) in outputs {
        let Some(path) = path else { continue };
        // A file that does not exist yet has no canonical path of its own, but its directory has.
        let directory = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let directory = directory.canonicalize().unwrap_or_else(|_| directory.to_path_buf());
        let place = directory.join(path.file_name().unwrap_or_default());
        if let Some((other, _)) = seen.iter().find(|(_, p)| *p == place || same_file(p, &place)) {
            let limit = format!("{other} names the same file; give each a file of its own");
            return Err(Error::parameter(*option, path.display(), limit));
        }
        seen.push((option, place));
    }
    Ok(())
}

/// What would fail after hours of work is refused before: an output that is an input, or has no directory to be in.
pub fn check_output(option: &str, path: &Path, input: &Input) -> Result<()> {
    if let Some(file) = input.files.iter().find(|f| f.path.as_deref().is_some_and(|other| same_file(path, other))) {
        return Err(Error::parameter(
            option,
            path.display(),
            format!("it is the input {}; name another file", file.name),
        ));
    }
    let directory = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match directory.is_dir() {
        true => Ok(()),
        false => Err(Error::parameter(
            option,
            path.display(),
            format!("the directory {} does not exist; make it first", directory.display()),
        )),
    }
}
