//! What is said of findings: on stderr, as a table, in the manifest.

use super::Found;
use crate::Result;
use crate::cli::run::Session;
use crate::cli::table::terminal_width;
use crate::cli::talk::{count, plural, say};
use crate::findings::allow::{Rule, unused};
use crate::findings::table::{lines, shown};
use crate::findings::{Fault, Flagged, Hint, Kind, Ranked, Since, Surroundings, ToldFinding, hint, shell_quoted};
use crate::pipeline::{AllowedFacts, FindingFacts, RuleFacts, ScoreReport};
use std::collections::BTreeSet;
use std::path::Path;

impl Found {
    /// What was flagged, on stderr.
    pub fn summary(&self, session: &Session, report: &ScoreReport) {
        let Flagged { findings, rows, .. } = self.flagged;
        let a_day = match self.verdicts.grouped.is_of_part_of_a_day() {
            true => "of a part of a day, which counts as one".to_owned(),
            false => format!(
                "{} and {} a day",
                count(self.flagged.findings_per_day().round() as u64),
                count(self.flagged.rows_per_day().round() as u64)
            ),
        };
        let (findings_said, rows) = (plural(findings as u64, "finding"), plural(rows, "flow"));
        let text = format!("{findings_said}, {rows} ({a_day}; {} asked)", self.asked);
        session.talk.line("flagged", &text);
        if findings > 1 && findings == self.ranked.len() {
            let fewer = "none is told from the others; ask for fewer, such as --alerts 10/day";
            session.talk.line("warning", &format!("these are all findings that there are: {fewer}"));
        }
        self.say_since(session, report);
        self.say_allowed(session, &report.allowed);
    }

    /// How what was flagged stands to the earlier output.
    fn say_since(&self, session: &Session, report: &ScoreReport) {
        if self.since.is_none() {
            return;
        }
        let (mut new, mut seen, mut grown) = (0, 0, 0);
        for since in self.flagged(report).filter_map(|at| self.since_of(at)) {
            match since {
                Since::New => new += 1,
                Since::Seen => seen += 1,
                Since::Grown(_) => grown += 1,
            }
        }
        session
            .talk
            .line("since", &format!("of these {} new, {} seen, {} grown", count(new), count(seen), count(grown)));
    }

    /// The indices of the findings whose flows are anomalies: where no rows were judged one by one, the first of the ranking.
    fn flagged<'a>(&'a self, report: &'a ScoreReport) -> impl Iterator<Item = usize> + 'a {
        let by_rows = !report.odd_findings.is_empty();
        let first = self.ranked.iter().take(if by_rows { self.ranked.len() } else { self.flagged.findings });
        first.map(|ranked| ranked.finding).filter(move |at| !by_rows || report.odd_findings.contains(at))
    }

    /// The faults of the whole capture, where no table tells them.
    pub fn say_faults(&self, session: &Session) {
        let told: Vec<String> = self.of_the_whole().map(|fault| fault.words(&self.verdicts.grouped)).collect();
        session.talk.lines("capture", told.iter().map(String::as_str));
    }

    fn of_the_whole(&self) -> impl Iterator<Item = &Fault> {
        self.faults.iter().filter(|fault| fault.is_of_the_whole())
    }

    /// What each rule allowed; which are no longer in force, which allow nothing.
    fn say_allowed(&self, session: &Session, hits: &[u64]) {
        let list = &self.verdicts.allowed;
        let expired: Vec<&Rule> = list.expired().collect();
        let line = |(at, (rule, &n)): (usize, (&Rule, &u64))| {
            let state = match n {
                _ if expired.contains(&rule) => "has expired".to_owned(),
                0 => unused(hits.get(..at).unwrap_or_default()).to_owned(),
                n => plural(n, "flow"),
            };
            format!("line {}, {}: {state}", rule.line, rule.reason)
        };
        let lines: Vec<String> = list.rules().iter().zip(hits).enumerate().map(line).collect();
        session.talk.lines("allowed", lines.iter().map(String::as_str));
    }

    /// The table, on stdout.
    pub fn print(&self, top: usize) -> Result<()> {
        let grouped = &self.verdicts.grouped;
        let around = Surroundings::of(grouped);
        let data: Vec<usize> = self
            .faults
            .iter()
            .filter_map(|fault| if let Fault::Contradiction(at) = fault { Some(*at) } else { None })
            .collect();
        if self.ranked.is_empty() && self.faults.is_empty() {
            return Ok(());
        }
        let faults: Vec<&Fault> = self.of_the_whole().collect();
        let mut shown = shown(grouped, &self.ranked, &data, top);
        let places = self.ranked.iter().map(|ranked| ranked.finding).take(top).chain(data.iter().copied());
        for (shown, at) in shown.iter_mut().zip(places) {
            shown.since = self.since_of(at);
            shown.hint = Some(hint(shown.finding, &around)).filter(|hint| *hint != Hint::Unclear);
        }
        lines(&shown, &faults, grouped, &around, terminal_width()).iter().try_for_each(|line| say(line))
    }

    /// What can be asked next: of what was written, and what the table left out.
    pub fn say_next(&self, session: &Session, report: &ScoreReport, top: usize, output: Next<'_>) {
        if self.ranked.is_empty() {
            return;
        }
        let mut lines = Vec::new();
        match output {
            Next::Table { path, records } => {
                let scored = shell_word(&path.display().to_string());
                let show = format!("oddflow show {scored} 1");
                let page = format!("oddflow report {scored} -o {}", shell_word(&page_of(path)));
                let width = if records { show.len().max(page.len()) } else { page.len() };
                lines.extend(records.then(|| format!("{show:width$}   the original records of finding 1")));
                lines.push(format!("{page:width$}   all of it on one page"));
            }
            Next::NoTable => {}
            Next::Nothing => lines.push("-o OUT.parquet keeps it for oddflow show, hosts and report".to_owned()),
        }
        let odd: BTreeSet<usize> = self.flagged(report).collect();
        let places = (1..).zip(&self.ranked).filter(|(place, ranked)| *place > top && odd.contains(&ranked.finding));
        let left_out: Vec<usize> = places.map(|(place, _)| place).collect();
        if let Some(last) = left_out.last() {
            let more = plural(left_out.len(), "more finding");
            lines.push(format!(
                "--top {last} prints {more} that {} flagged",
                if left_out.len() == 1 { "is" } else { "are" }
            ));
        }
        session.talk.lines("next", lines.iter().map(String::as_str));
    }

    /// How a finding stands to the earlier output, where one was named.
    fn since_of(&self, finding: usize) -> Option<Since> {
        self.since.as_ref().and_then(|since| since.get(finding)).copied()
    }

    /// For the manifest.
    pub fn facts(&self, report: &ScoreReport, top: usize) -> FindingFacts {
        FindingFacts {
            findings: self.ranked.len() as u64,
            flagged: self.flagged.findings as u64,
            flows_flagged: self.flagged.rows,
            days: self.flagged.days,
            length: self.verdicts.grouped.length(),
            verdict: self.asked.clone(),
            faults: self.faults.iter().map(|fault| fault.words(&self.verdicts.grouped)).collect(),
            allowed: self.allow_file.clone().map(|file| AllowedFacts { file, rules: self.rules(&report.allowed) }),
            list: self.told(report, top),
        }
    }

    /// What each rule allowed.
    fn rules(&self, hits: &[u64]) -> Vec<RuleFacts> {
        let list = &self.verdicts.allowed;
        let expired: Vec<&Rule> = list.expired().collect();
        let facts = |(rule, &rows): (&Rule, &u64)| RuleFacts {
            line: rule.line,
            reason: rule.reason.clone(),
            rows,
            expired: expired.contains(&rule),
        };
        list.rules().iter().zip(hits).map(facts).collect()
    }

    /// The findings with anomalies and those that the table has, in the order of the ranking, and the faults of the capture.
    fn told(&self, report: &ScoreReport, top: usize) -> Vec<ToldFinding> {
        let grouped = &self.verdicts.grouped;
        let around = Surroundings::of(grouped);
        let is_odd = |at: usize| report.odd_findings.contains(&at);
        let told = |at: usize, ranked: Option<(u64, &Ranked)>| {
            let finding = grouped.findings().get(at)?;
            let told = ToldFinding::of(finding, ranked, &around, grouped.names(), ranked.is_some() && is_odd(at));
            Some(ToldFinding { since: self.since_of(at).map(|since| since.to_string()), ..told })
        };
        let kept = |(rank, ranked): &(u64, &Ranked)| *rank <= top as u64 || is_odd(ranked.finding);
        let ranked = (1..).zip(&self.ranked).filter(kept);
        let data = grouped.findings().iter().enumerate().filter(|(_, finding)| finding.subject.kind == Kind::Data);
        let ranked = ranked.filter_map(|(rank, ranked)| told(ranked.finding, Some((rank, ranked))));
        ranked.chain(data.filter_map(|(at, _)| told(at, None))).collect()
    }
}

/// What was written, as far as it can be asked.
pub enum Next<'a> {
    /// A table of all columns.
    Table {
        /// Where it is.
        path: &'a Path,
        /// Whether the records of its rows are in files that can be read again, and did not come by standard input.
        records: bool,
    },
    /// Events, or scores alone: it cannot be asked.
    NoTable,
    /// Nothing.
    Nothing,
}

/// The page of an output: `day.html` of `day.csv.gz`.
fn page_of(output: &Path) -> String {
    let unpacked = match output.extension().and_then(|end| end.to_str()) {
        Some("gz" | "zst") => output.with_extension(""),
        _ => output.to_path_buf(),
    };
    unpacked.with_extension("html").display().to_string()
}

/// As it stands where a shell takes it for one word, else in quotes.
fn shell_word(text: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+:,@%=".contains(c);
    if text.chars().all(is_plain) { text.to_owned() } else { shell_quoted(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_called_as_their_outputs_and_words_survive_a_shell() {
        let pages = [("day.parquet", "day.html"), ("a/conn.b.csv.gz", "a/conn.b.html"), ("day.ndjson.zst", "day.html")];
        for (output, page) in pages {
            assert_eq!(page_of(Path::new(output)), page);
        }
        assert_eq!(["a/b-c_d.e", "a b", "it's", "$x"].map(shell_word), ["a/b-c_d.e", "'a b'", r"'it'\''s'", "'$x'"]);
    }
}
