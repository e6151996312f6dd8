//! Where alerts go.

use super::Plan;
use crate::findings::{Hint, hint, quantity, reasons, sides};
use crate::flows::sink::{EventFormat, printable};
use crate::pipeline::EventPlan;
use crate::watch::{Told, Watcher};
use crate::{Error, Result};
use std::fs::{File, OpenOptions};
use std::io::Write;
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
    file: Option<(PathBuf, File)>,
    form: Form,
    written: u64,
    plan: Option<EventPlan>,
}

impl Out {
    /// Opens the file, behind what is in it.
    pub fn new(path: Option<&Path>, form: Form) -> Result<Self> {
        let open = |path: &Path| -> Result<_> {
            let io = |error| Error::io(path, error);
            let file = OpenOptions::new().append(true).create(true).open(path).map_err(io)?;
            let end = file.metadata().map_err(io)?.len();
            Ok(((path.to_path_buf(), file), end))
        };
        let (file, written) = path.map(open).transpose()?.unzip();
        Ok(Self { file, form, written: written.unwrap_or(0), plan: None })
    }

    /// Takes back what was written behind so many bytes: it will be written again. Whether the file is the one that was written to: one
    /// that is shorter was rotated, and is written on as it is.
    pub fn go_on_at(&mut self, written: u64) -> Result<bool> {
        if let Some((path, file)) = &mut self.file {
            let io = |error| Error::io(&*path, error);
            if self.written < written {
                return Ok(false);
            }
            file.set_len(written).map_err(io)?;
        }
        self.written = written;
        Ok(true)
    }

    /// Bytes written so far.
    pub fn written(&self) -> u64 {
        self.written
    }

    /// Writes the alerts.
    pub fn write(&mut self, told: &[Told], watcher: &Watcher, plan: &Plan) -> Result<()> {
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
                    told.events(events, &watcher.log().file().name, &mut bytes)?;
                }
            }
        }
        if bytes.is_empty() {
            return Ok(());
        }
        match &mut self.file {
            Some((path, file)) => file.write_all(&bytes).map_err(|error| Error::io(&*path, error))?,
            None => {
                let mut out = std::io::stdout().lock();
                let written = out.write_all(&bytes).and_then(|()| out.flush());
                written.map_err(|error| Error::io("standard output", error))?;
            }
        }
        self.written += bytes.len() as u64;
        Ok(())
    }

    /// What was written stays, whatever happens to the machine.
    pub fn flush(&mut self) -> Result<()> {
        match &mut self.file {
            Some((path, file)) => file.sync_data().map_err(|error| Error::io(&*path, error)),
            None => Ok(()),
        }
    }
}

/// `2024-04-18T16:08:11Z  new         .94  12 flows  47.252.52.245 -> 64.225.56.201  12 ports (typical 1), all refused  [id]`
fn text(told: &Told, watcher: &Watcher, out: &mut Vec<u8>) {
    for alert in &told.alerts {
        let finding = &alert.finding;
        let when = finding.tally.span.map_or("-".to_owned(), |(_, last, _)| format!("{}Z", quantity::instant(last)));
        let flows = crate::cli::talk::plural(finding.tally.flows, "flow");
        let severity = format!(".{:02}", (alert.severity.clamp(0.0, 0.999) * 100.0) as u32);
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
