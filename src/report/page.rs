//! The page: everything that is known as JSON, in one file with the style and script that show it.

use super::curves::Curves;
use super::findings::{Listed, utc};
use super::gather::Gathered;
use super::map::{self, Map};
use super::scores::Bin;
use super::summary::{capture, doubts, inputs, provenance};
use super::{MOST_FINDINGS, Scores};
use crate::Result;
use crate::features::math::{exp, ln};
use crate::findings::{Grouped, Ranked, host_days};
use crate::flows::record::when::DAY;
use crate::picture::palette::{OTHER, SEVERITIES, SEVERITY_STEPS};
use crate::picture::template::{escaped, fill, inert};
use crate::pipeline::{ScoredColumns, ToldRun};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::io::Write;

const PAGE: &str = include_str!("page/page.html");
const STYLE: &str = concat!(include_str!("../picture/page/base.css"), include_str!("page/page.css"));
const SCRIPT: &str = include_str!("page/page.js");

/// Bars of the histogram.
const BARS: usize = 80;
/// Scores whose largest is this often their median are shown by their logarithms.
const SKEWED: f64 = 50.0;
/// Sources and days that are shown.
const MOST_HOSTS: usize = 300;
/// Services that are shown.
const MOST_SERVICES: usize = 300;

/// What a page is made of.
pub struct Report<'a> {
    /// Its heading.
    pub title: &'a str,
    /// The command that made it.
    pub made_by: &'a str,
    /// What was counted.
    pub gathered: &'a Gathered,
    /// What the manifest tells.
    pub told: Option<&'a ToldRun>,
    /// The grouped findings in the order of their ranks, where no manifest lists them.
    pub ranked: &'a [Ranked],
    /// What is to be said beside: a manifest that cannot be read.
    pub notes: &'a [String],
    /// What was put before the names of the added columns.
    pub prefix: &'a str,
    /// The column of labels.
    pub label: Option<&'a str>,
    /// A map of some rows.
    pub map: Option<&'a Map>,
}

impl Report<'_> {
    /// Writes the page.
    ///
    /// # Errors
    /// What writing meets; rows that cannot be shown.
    pub fn html(&self, out: &mut dyn Write) -> Result<()> {
        let data = inert(&self.data()?);
        let title = escaped(self.title);
        fill(PAGE, &[("TITLE", &title), ("STYLE", STYLE), ("DATA", &data), ("SCRIPT", SCRIPT)], out)
    }

    /// All that the page knows, as JSON.
    ///
    /// # Errors
    /// Rows that cannot be shown.
    pub fn data(&self) -> Result<String> {
        let gathered = self.gathered;
        let listed = Listed::new(self.told, &gathered.counts.found, gathered.grouped.as_ref(), self.ranked);
        let head = json!({
            "title": self.title,
            "version": env!("CARGO_PKG_VERSION"),
            "madeBy": self.made_by,
            "counts": self.counts(),
            "doubts": self.notes.iter().cloned().chain(doubts(self.told, gathered)).collect::<Vec<_>>(),
            "provenance": provenance(self.told),
            "inputs": inputs(self.told),
            "palette": { "severities": SEVERITIES, "other": OTHER, "steps": SEVERITY_STEPS },
        });
        let parts = [
            ("head", head),
            ("findings", self.findings(&listed)),
            ("capture", self.capture()),
            ("scores", self.scores()),
            ("timeline", json!(gathered.counts.timeline.shown())),
            ("hosts", self.hosts(&listed)),
            ("services", self.services()),
            ("quality", self.quality()),
            ("drift", json!(self.told.and_then(|told| told.drift.as_ref()))),
        ];
        let mut text = String::from("{");
        for (name, part) in parts {
            text.push_str(&format!("\"{name}\":{part},"));
        }
        text.push_str(&format!("\"rows\":{},\"map\":{}}}", self.rows()?, self.map()?));
        Ok(text)
    }

    fn counts(&self) -> Value {
        let (gathered, told) = (self.gathered, self.told);
        let span = gathered.counts.timeline.span();
        let findings = told.and_then(|told| told.findings.as_ref());
        json!({
            "rows": gathered.tally.rows,
            "scored": gathered.counts.scored,
            "anomalies": gathered.counts.anomalies,
            "records": told.and_then(|told| told.records_read),
            "rejected": told.and_then(|told| told.rejected.as_ref()).map(|rejected| rejected.values().sum::<u64>()),
            "rejectedHere": gathered.tally.n_rejected(),
            "flagged": findings.and_then(|findings| findings.flagged),
            "ranked": findings.and_then(|findings| findings.findings),
            "asked": findings.and_then(|findings| findings.verdict.clone()),
            "first": span.map(|(first, _)| utc(first)),
            "last": span.map(|(_, last)| utc(last)),
            "inputs": told.and_then(|told| told.inputs.as_ref()).map(Vec::len),
        })
    }

    fn findings(&self, listed: &Listed) -> Value {
        let of_finding = &self.gathered.shown.of_finding;
        let rows = |id: &Option<String>| id.as_ref().and_then(|id| of_finding.get(id)).cloned().unwrap_or_default();
        let list: Vec<Value> = listed
            .list
            .iter()
            .take(MOST_FINDINGS)
            .map(|finding| json!({ "is": finding, "rows": rows(&finding.id) }))
            .collect();
        json!({ "list": list, "total": listed.list.len(), "note": listed.note })
    }

    fn capture(&self) -> Value {
        let faults = self.told.and_then(|told| told.findings.as_ref()?.faults.clone());
        json!({ "faults": faults, "facts": capture(self.told, self.gathered) })
    }

    fn scores(&self) -> Value {
        let (gathered, model) = (self.gathered, self.told.and_then(|told| told.model.as_ref()));
        let by_findings = self.told.is_some_and(|told| told.findings.is_some()) || !gathered.counts.found.is_empty();
        let told = model.and_then(|model| model.threshold_score).filter(|_| !by_findings);
        let threshold = told.or_else(|| gathered.counts.edge.between().filter(|_| !by_findings));
        let histogram = bars(&gathered.counts.scores);
        json!({
            "bars": histogram.as_ref().map(|(bars, _)| bars),
            "logarithmic": histogram.as_ref().is_some_and(|(_, logarithmic)| *logarithmic),
            "threshold": threshold,
            "rule": model.and_then(|model| model.threshold_rule.clone()).filter(|_| !by_findings),
            "byFindings": by_findings,
            "marks": gathered.counts.tiers.marks(),
            "tiers": gathered.counts.tiers.counts,
        })
    }

    fn hosts(&self, listed: &Listed) -> Value {
        let Some(grouped) = &self.gathered.grouped else { return Value::Null };
        let days = host_days(grouped, &ranks(grouped, listed));
        let day = |day: i64| utc(day.saturating_mul(DAY)).chars().take(10).collect::<String>();
        let rows: Vec<Value> = days
            .iter()
            .take(MOST_HOSTS)
            .map(|host| {
                json!([
                    host.rank,
                    grouped.names().text(&host.source).unwrap_or_else(|| host.source.to_string()),
                    host.day.map(day),
                    host.flows,
                    host.ports,
                    host.hosts,
                    host.failed_share,
                    host.bytes_out,
                    host.beat,
                ])
            })
            .collect();
        json!({ "rows": rows, "total": days.len() })
    }

    fn services(&self) -> Value {
        let ranked = self.gathered.counts.services.ranked();
        let rows: Vec<Value> = ranked
            .iter()
            .take(MOST_SERVICES)
            .map(|(service, counts)| json!([service.words(), counts.flows, counts.anomalies, counts.severity]))
            .collect();
        let others = self.gathered.counts.services.others;
        json!({ "rows": rows, "total": ranked.len(), "others": [others.flows, others.anomalies] })
    }

    fn quality(&self) -> Value {
        let Some(quality) = self.gathered.quality else { return Value::Null };
        let curves = Curves::new(&self.gathered.counts.scores, self.gathered.verdicts);
        json!({ "label": self.label, "measures": quality, "curves": curves })
    }

    fn rows(&self) -> Result<String> {
        let shown = &self.gathered.shown;
        let head = json!({
            "names": names(&shown.rows),
            "records": shown.positions.iter().map(|position| position + 1).collect::<Vec<_>>(),
            "all": self.gathered.tally.rows,
        });
        let scored = ScoredColumns::find(shown.rows.schema_ref(), self.prefix)?;
        table(head, &scored.names, &shown.rows)
    }

    fn map(&self) -> Result<String> {
        let Some(map) = self.map else { return Ok("null".to_owned()) };
        let axis = |at: usize| {
            let values: Vec<String> = map.points.iter().map(|point| coordinate(point.get(at).copied())).collect();
            format!("[{}]", values.join(","))
        };
        let scored = map.scored(self.prefix).map(|scored| scored.names).unwrap_or_default();
        let head = json!({ "described": map.described, "names": names(&map.rows) });
        let rows = table(head, &scored, &map.rows)?;
        Ok(format!("{{\"x\":{},\"y\":{},\"rows\":{rows}}}", axis(0), axis(1)))
    }
}

fn coordinate(value: Option<f64>) -> String {
    value.filter(|x| x.is_finite()).map_or_else(|| "null".to_owned(), |x| format!("{x:.3}"))
}

fn names(rows: &arrow_array::RecordBatch) -> Vec<&str> {
    rows.schema_ref().fields().iter().map(|field| field.name().as_str()).collect()
}

/// A table as JSON: what is said of it, the names of score, severity and verdict, and the columns.
fn table(head: Value, scored: &[String; 3], rows: &arrow_array::RecordBatch) -> Result<String> {
    Ok(format!("{{\"head\":{head},\"scored\":{},\"columns\":[{}]}}", json!(scored), map::columns(rows)?.join(",")))
}

/// The rank of each of the grouped findings, by name.
fn ranks(grouped: &Grouped, listed: &Listed) -> Vec<Option<usize>> {
    let known: HashMap<&str, usize> =
        listed.list.iter().filter_map(|f| Some((f.id.as_deref()?, usize::try_from(f.rank?).ok()?))).collect();
    grouped.findings().iter().map(|finding| known.get(finding.id.to_string().as_str()).copied()).collect()
}

/// Begin, end, rows and anomalies.
type Bar = (f64, f64, u64, u64);

/// The bars, and whether they are spaced by logarithms.
fn bars(scores: &Scores) -> Option<(Vec<Bar>, bool)> {
    let (low, high) = scores.range()?;
    let all: u64 = scores.bins().map(|(_, _, bin)| bin.flows).sum();
    let mut sum = 0;
    let median = scores.bins().find(|(_, _, bin)| {
        sum += bin.flows;
        2 * sum >= all
    });
    let median = median.map_or(low, |(from, to, _)| from + (to - from) / 2.0).max(f64::MIN_POSITIVE);
    let logarithmic = low > 0.0 && high > SKEWED * median;
    let scale = |x: f64| if logarithmic { ln(x.max(low)) } else { x };
    let back = |x: f64| if logarithmic { exp(x) } else { x };
    let (from, to) = (scale(low), scale(high));
    let n = if to > from { BARS } else { 1 };
    let width = (to - from) / n as f64;
    let mut counted = vec![Bin::default(); n];
    for (begin, end, bin) in scores.bins() {
        let middle = scale((begin + (end - begin) / 2.0).clamp(low, high));
        let place = if width > 0.0 { (((middle - from) / width) as usize).min(n - 1) } else { 0 };
        if let Some(bar) = counted.get_mut(place) {
            bar.flows += bin.flows;
            bar.anomalies += bin.anomalies;
        }
    }
    let bar = |(at, bin): (usize, Bin)| {
        let edge = |at: usize| back(from + width * at as f64);
        (edge(at), edge(at + 1), bin.flows, bin.anomalies)
    };
    Some((counted.into_iter().enumerate().map(bar).collect(), logarithmic))
}
