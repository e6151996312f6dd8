//! What is said of findings: on stderr, as a table, in the manifest.

use super::Found;
use crate::Result;
use crate::cli::run::Session;
use crate::cli::table::terminal_width;
use crate::cli::talk::{count, plural, say};
use crate::findings::allow::{Rule, unused};
use crate::findings::table::{lines, shown};
use crate::findings::{Fault, Flagged, Hint, Kind, Ranked, Since, Surroundings, ToldFinding, hint};
use crate::pipeline::{AllowedFacts, FindingFacts, RuleFacts, ScoreReport};

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
        self.say_allowed(session, &report.allowed);
        let told = self.faults.iter().filter(|fault| !matches!(fault, Fault::Contradiction(_)));
        let told: Vec<String> = told.map(|fault| fault.words(&self.verdicts.grouped)).collect();
        session.talk.lines("capture", told.iter().map(String::as_str));
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
        if self.ranked.is_empty() && data.is_empty() {
            return Ok(());
        }
        let mut shown = shown(grouped, &self.ranked, &data, top);
        let places = self.ranked.iter().map(|ranked| ranked.finding).take(top).chain(data.iter().copied());
        for (shown, at) in shown.iter_mut().zip(places) {
            shown.since = self.since_of(at);
            shown.hint = Some(hint(shown.finding, &around)).filter(|hint| *hint != Hint::Unclear);
        }
        lines(&shown, &around, grouped.names(), terminal_width()).iter().try_for_each(|line| say(line))
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
