//! What the head of the page says: counted rows, and what the manifest knows beside them.

use super::gather::Gathered;
use crate::findings::quantity::{bytes, count};
use crate::pipeline::ToldRun;
use std::collections::BTreeMap;

/// Inputs that are named.
const NAMED: usize = 20;

/// Name and value.
pub type Fact = (String, String);

fn fact(name: &str, value: impl Into<String>) -> Fact {
    (name.to_owned(), value.into())
}

/// Where the rows come from: inputs, model, device, run.
pub fn provenance(told: Option<&ToldRun>) -> Vec<Fact> {
    let Some(told) = told else { return Vec::new() };
    let mut facts = Vec::new();
    let mut known = |name: &str, value: &Option<String>| facts.extend(value.iter().map(|value| fact(name, value)));
    known("scored with", &told.command.as_ref().map(|command| format!("oddflow {command}")));
    known("version", &told.oddflow_version);
    known("finished", &told.finished);
    known("device", &told.device);
    known("threads", &told.threads.map(|n| n.to_string()));
    if let Some(model) = &told.model {
        known("detector", &model.detector);
        known("seed", &model.seed.map(|seed| seed.to_string()));
        known("model digest", &model.blake3);
        known("model file", &model.path);
        known("threshold", &model.threshold_rule);
        known("threshold score", &model.threshold_score.map(|score| format!("{score:.4}")));
    }
    facts
}

/// What was scored, file by file; the first of many.
pub fn inputs(told: Option<&ToldRun>) -> Vec<Fact> {
    let inputs = told.and_then(|told| told.inputs.as_deref()).unwrap_or_default();
    let mut facts: Vec<Fact> = inputs
        .iter()
        .take(NAMED)
        .map(|input| {
            let digest = input.blake3.as_ref().map(|digest| format!("blake3 {digest}"));
            let parts = [input.format.clone(), input.bytes.map(bytes), digest];
            let parts: Vec<String> = parts.into_iter().flatten().collect();
            fact(input.name.as_deref().unwrap_or("?"), parts.join("   "))
        })
        .collect();
    if inputs.len() > NAMED {
        facts.push(fact("…", format!("and {} more, all in the manifest", count((inputs.len() - NAMED) as u64))));
    }
    facts
}

/// What is to be known of the capture and of reading it.
pub fn capture(told: Option<&ToldRun>, gathered: &Gathered) -> Vec<Fact> {
    let mut facts = Vec::new();
    let unscored = gathered.tally.rows - gathered.counts.scored;
    if unscored > 0 {
        facts.push(fact(
            "superseded",
            format!("{} older snapshots of flows that a later record replaces", count(unscored)),
        ));
    }
    let Some(told) = told else { return facts };
    facts.extend(tally("rejected records", told.rejected.as_ref()));
    for damage in told.damaged.as_deref().unwrap_or_default() {
        let records = damage.records.map_or_else(|| "some".to_owned(), count);
        let reason = damage.reason.as_deref().unwrap_or("damaged");
        facts.push(fact(
            "damaged file",
            format!("{}: {records} records kept before: {reason}", damage.file.as_deref().unwrap_or("?")),
        ));
    }
    facts.extend(tally("records that are no flows", told.passed_over.as_ref()));
    facts.extend(tally("files of other logs", told.other_logs.as_ref()));
    facts.extend(tally("JSON keys that became no column", told.unknown_keys.as_ref()));
    let positive = |n: &Option<u64>| n.filter(|n| *n > 0).map(count);
    facts.extend(positive(&told.recoded_lines).map(|n| fact("lines read as Windows-1252", n)));
    facts.extend(positive(&told.imputed_values).map(|n| fact("imputed values", n)));
    facts.extend(tally("values that training had not seen", told.unseen_categories.as_ref()));
    facts.extend(tally("windows, cut for want of memory", told.window_evictions.as_ref()));
    facts
}

/// What does not fit together, and what is not known.
pub fn doubts(told: Option<&ToldRun>, gathered: &Gathered) -> Vec<String> {
    let Some(told) = told else {
        return vec![
            "No manifest stands beside the scored file: inputs, model and device are not known, and what is said here \
                     is what the rows themselves tell."
                .to_owned(),
        ];
    };
    match told.rows_written {
        Some(written) if written != gathered.tally.rows => vec![format!(
            "The manifest speaks of {} rows, and {} were read: it may be that of another run.",
            count(written),
            count(gathered.tally.rows)
        )],
        _ => Vec::new(),
    }
}

/// `bad number 2, too few fields 1`; none where all are 0.
fn tally(name: &str, counts: Option<&BTreeMap<String, u64>>) -> Option<Fact> {
    let parts: Vec<String> = counts?
        .iter()
        .filter(|(_, n)| **n > 0)
        .map(|(what, n)| format!("{} {}", what.replace('_', " "), count(*n)))
        .collect();
    (!parts.is_empty()).then(|| fact(name, parts.join(", ")))
}
