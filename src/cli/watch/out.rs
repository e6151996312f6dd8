//! Where alerts go.

use super::Plan;
use crate::findings::{Hint, hint, quantity, reasons, sides};
use crate::flows::sink::{EventFormat, printable};
use crate::flows::source::file_id;
use crate::pipeline::EventPlan;
use crate::watch::{Told, Watcher, Written};
use crate::{Error, Result};
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// How an alert is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A line for a person.
    Text,
    /// An event.
    Events(EventFormat),
}

impl Form {
    /// By its name.
    pub fn parse(text: &str) -> Result<Self> {
        match text {
            "text" => Ok(Self::Text),
            other => other.parse().map(Self::Events).map_err(|_| {
                let limit = "it must be text, ecs, cef, splunk-hec or elastic-bulk";
                Error::parameter("--format", format!("`{other}`"), limit)
            }),
        }
    }
}

/// A file that alerts are appended to, or standard output.
pub struct Out {
    file: Option<Appended>,
    form: Form,
    plan: Option<EventPlan>,
}

/// A file that is written behind what is in it.
struct Appended {
    path: PathBuf,
    file: File,
    /// As it is left; `None` for pipes and devices, of which nothing is taken back.
    written: Option<Written>,
}

/// Bytes that a file is known again by.
const TAIL: u64 = 256;

impl Appended {
    fn open(path: &Path) -> Result<Self> {
        let io = |error| Error::io(path, error);
        let file = OpenOptions::new().append(true).create(true).open(path).map_err(io)?;
        let met = file.metadata().map_err(io)?;
        let known = |path: &Path| -> std::io::Result<Written> {
            let place = path.canonicalize()?.to_string_lossy().into_owned();
            Ok(Written { path: place, id: file_id(&met), bytes: met.len(), tail: tail(path, met.len())? })
        };
        let written = met.is_file().then(|| known(path)).transpose().map_err(io)?;
        Ok(Self { path: path.to_path_buf(), file, written })
    }

    /// Takes back what was written behind `before`; whether it could.
    fn go_on(&mut self, before: &Written) -> std::io::Result<bool> {
        let Some(written) = &mut self.written else { return Ok(true) };
        let is_it = (&before.path, before.id) == (&written.path, written.id)
            && before.bytes <= written.bytes
            && tail(&self.path, before.bytes)? == before.tail;
        if is_it {
            self.file.set_len(before.bytes)?;
            (written.bytes, written.tail) = (before.bytes, before.tail.clone());
        }
        Ok(is_it)
    }

    fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.file.write_all(bytes)?;
        if let Some(written) = &mut self.written {
            written.bytes += bytes.len() as u64;
            written.tail.extend_from_slice(bytes);
            let beyond = written.tail.len().saturating_sub(TAIL as usize);
            written.tail.drain(..beyond);
        }
        Ok(())
    }
}

/// The last bytes of a file that ends, or once ended, at `end`.
fn tail(path: &Path, end: u64) -> std::io::Result<Vec<u8>> {
    let mut tail = Vec::new();
    if end > 0 {
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(end.saturating_sub(TAIL)))?;
        file.take(end.min(TAIL)).read_to_end(&mut tail)?;
    }
    Ok(tail)
}

impl Out {
    /// Opens the file, behind what is in it.
    pub fn new(path: Option<&Path>, form: Form) -> Result<Self> {
        Ok(Self { file: path.map(Appended::open).transpose()?, form, plan: None })
    }

    /// Takes back what was written behind this: it will be written again. Whether the file is the one that was written to: another, such
    /// as one that was rotated since, is left as it is and written on.
    pub fn go_on_at(&mut self, written: Option<&Written>) -> Result<bool> {
        match (&mut self.file, written) {
            (Some(out), Some(written)) => out.go_on(written).map_err(|error| Error::io(&out.path, error)),
            _ => Ok(true),
        }
    }

    /// The file as it is left.
    pub fn written(&self) -> Option<Written> {
        self.file.as_ref()?.written.clone()
    }

    /// Writes the alerts, of flows of this file.
    pub fn write(&mut self, told: &[Told], file: &str, watcher: &Watcher, plan: &Plan) -> Result<()> {
        let mut bytes = Vec::new();
        for told in told {
            match self.form {
                Form::Text => text(told, watcher, &mut bytes),
                Form::Events(format) => {
                    let events = match &self.plan {
                        Some(events) => events,
                        None => {
                            let schema = watcher.log().schema();
                            let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros());
                            let now = i64::try_from(now).unwrap_or(i64::MAX);
                            let made = EventPlan::of_schema(format, &plan.model, plan.digest.clone(), schema, now)?;
                            self.plan.insert(made)
                        }
                    };
                    told.events(events, file, &mut bytes)?;
                }
            }
        }
        if bytes.is_empty() {
            return Ok(());
        }
        match &mut self.file {
            Some(out) => out.write(&bytes).map_err(|error| Error::io(&out.path, error)),
            None => {
                let mut out = std::io::stdout().lock();
                let written = out.write_all(&bytes).and_then(|()| out.flush());
                written.map_err(|error| Error::io("standard output", error))
            }
        }
    }

    /// What was written stays, whatever happens to the machine.
    pub fn flush(&mut self) -> Result<()> {
        match &self.file {
            Some(Appended { path, file, written: Some(_) }) => file.sync_data().map_err(|error| Error::io(path, error)),
            _ => Ok(()),
        }
    }
}

/// `2024-04-18T16:08:11Z  new         .94  12 flows  47.252.52.245 -> 64.225.56.201  12 ports (typical 1), all refused  [id]`
fn text(told: &Told, watcher: &Watcher, out: &mut Vec<u8>) {
    for alert in &told.alerts {
        let finding = &alert.finding;
        let when = finding.tally.span.map_or("-".to_owned(), |(_, last, _)| format!("{}Z", quantity::instant(last)));
        let flows = crate::cli::talk::plural(finding.tally.flows, "flow");
        let severity = quantity::short_severity(alert.severity);
        let hint = match hint(finding, &alert.around) {
            Hint::Unclear => String::new(),
            hint => format!("; hint: {hint}"),
        };
        let line = format!(
            "{when}  {:<11}  {severity}  {flows:>12}  {}  {}{hint}  [{}]",
            alert.occasion.to_string(),
            sides(finding, watcher.findings().names()),
            reasons(finding, &alert.around).join(", "),
            alert.id,
        );
        // Writing into a Vec cannot fail.
        let _ = writeln!(out, "{}", printable(&line));
    }
}
