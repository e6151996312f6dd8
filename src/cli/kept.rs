//! Findings of an output that was scored before, as `show`, `hosts` and `allow` are asked for them.

use super::run::Session;
use super::talk::count;
use crate::findings::{FindingId, Flow, Kind};
use crate::pipeline::{FindingRows, ListedFinding, ScoredLog, ToldRun, manifest_path};
use crate::{Error, Result};
use std::path::Path;

/// A finding of an output.
pub struct Asked {
    /// Its name.
    pub id: String,
    /// What was told of it, where the manifest says so.
    pub told: Option<ListedFinding>,
    /// What the manifest tells; nothing where there is none.
    pub kept: ToldRun,
    /// Its rows.
    pub rows: FindingRows,
    /// The output.
    pub scored: ScoredLog,
}

impl Asked {
    /// Reads the rows of the finding that `text` names, with the places of the first `most`.
    pub fn find(output: &str, text: &str, most: usize, session: &Session) -> Result<Self> {
        if !Path::new(output).is_file() {
            return Err(Error::NoInput(format!("{output} is no file; name an output of detect or score")));
        }
        let kept = ToldRun::beside(Path::new(output))?.unwrap_or_default();
        let scored = ScoredLog::open(output, session.stop())?;
        if !scored.has_findings() {
            let what = "it was made with --group none and has no findings; score the logs again without it";
            return Err(Error::Schema(format!("{output}: {what}")));
        }
        let (id, told) = named("ID", output, text, &kept)?;
        let rows = session.pass("read", None, |run| scored.rows_of(&id, most, run))?;
        if rows.flows == 0 {
            let limit = format!("{output} has no row of it; the column finding_id has the names of findings");
            return Err(Error::parameter("ID", text, limit));
        }
        Ok(Self { id, told, kept, rows, scored })
    }

    /// How many rows of the output that are not its own meet this, which is given a row and its state: of other findings, and of
    /// none.
    pub fn others(
        &self,
        session: &Session,
        meets: impl Fn(&Flow<'_>, Option<&str>) -> bool + Sync,
    ) -> Result<(u64, u64)> {
        session.pass("read", None, |run| self.scored.others(&self.id, run, meets))
    }

    /// Whether it is a fault of the capture: as was told, or as the rows say.
    pub fn is_fault(&self) -> bool {
        let told = self.told.as_ref().is_some_and(|told| told.kind == Some(Kind::Data.to_string()));
        told || (self.rows.flows > 0 && self.rows.faults == self.rows.flows)
    }
}

/// The finding that `text` names, by its name or its rank; `option` is where that was said.
pub fn named(option: &str, output: &str, text: &str, kept: &ToldRun) -> Result<(String, Option<ListedFinding>)> {
    let list = kept.list().unwrap_or_default();
    if FindingId::parse(text).is_some() {
        let id = text.to_ascii_lowercase();
        let told = list.iter().find(|told| told.id.as_ref() == Some(&id)).cloned();
        return Ok((id, told));
    }
    let Ok(rank) = text.parse::<u64>() else {
        let limit = "it must be a place in the table, such as 2, or a finding_id of 16 hexadecimal digits";
        return Err(Error::parameter(option, text, limit));
    };
    let told = list.iter().find(|told| told.rank == Some(rank)).and_then(|told| Some((told.id.clone()?, told)));
    let last = list.iter().filter_map(|told| told.rank).max();
    match (told, last) {
        (Some((id, told)), _) => Ok((id, Some(told.clone()))),
        (None, Some(last)) => {
            let limit = format!("{output} has findings up to {}; others go by their finding_id", count(last));
            Err(Error::parameter(option, text, limit))
        }
        (None, None) => {
            let path = manifest_path(Path::new(output));
            let limit = format!("places are kept in {}, which has none; give the finding_id", path.display());
            Err(Error::parameter(option, text, limit))
        }
    }
}
