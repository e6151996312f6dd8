//! What is said of flow logs.

use crate::cli::run::Session;
use crate::flows::source::Input;
use crate::pipeline::{FlowFit, FlowLogs, FlowReader, FlowScoring};

/// What is said of flow logs once they are read.
///
/// `fit`: what is fitted on them, if anything is.
pub fn logs(session: &Session, input: &Input, flows: &FlowScoring, fit: Option<&FlowFit>) {
    let (logs, talk) = (&flows.logs, &session.talk);
    if !logs.reader().tells_who_and_when() {
        return;
    }
    let survey = &logs.survey;
    let flooded = fit.filter(|_| logs.share_of_ten > 0.5);
    let lines = [
        survey.time_line(),
        zone(logs.reader(), fit.is_some()),
        survey.order_line().map(|line| format!("{line}: re-sorted")),
        logs.snapshots_line(),
        logs.copies_line(),
        survey.faults_line(),
        held_by_ten(logs).filter(|_| flooded.is_none()),
    ];
    talk.lines("time", lines.iter().flatten().map(String::as_str));
    if let (Some(fit), Some(held)) = (flooded, held_by_ten(logs)) {
        let what = match fit.cap {
            Some(cap) => format!("the fit's sample has at most {cap} of one conversation and state"),
            None => "verdicts may be turned round; --sample capped guards against it".to_owned(),
        };
        talk.line("warning", &format!("{held}; {what}"));
    }
    let warnings = survey.warnings(input, &vec![None; input.files.len()]);
    talk.lines("warning", warnings.iter().map(String::as_str));
    if !logs.evictions().is_none() {
        talk.line("windows", "some were too full for their memory and are shorter; the manifest says how many");
    }
}

/// How times without a zone are read; that --tz is for nothing where none lacks one. Scoring takes the zone from the model.
fn zone(reader: &FlowReader, fits: bool) -> Option<String> {
    match reader.assumed_zone() {
        Some(zone) if fits && zone == "UTC" => {
            Some("times without a zone are read as UTC (--tz +02:00 for another)".to_owned())
        }
        Some(zone) => Some(format!("times without a zone are read as {zone}")),
        None if fits && reader.zone_is_idle() => Some("--tz changes nothing: the logs' times have a zone".to_owned()),
        None => None,
    }
}

/// `ten conversations hold 41% of all flows (120.245.134.197 -> 64.225.56.201:30003 alone 17%)`; `None` without flows.
fn held_by_ten(logs: &FlowLogs) -> Option<String> {
    let percent = |share: f64| match share * 100.0 {
        few if few < 1.0 => "under 1%".to_owned(),
        percent => format!("{percent:.0}%"),
    };
    let alone = |(name, share): &(String, f64)| format!(" ({name} alone {})", percent(*share));
    let largest = logs.largest.as_ref().map_or(String::new(), alone);
    (logs.share_of_ten > 0.0)
        .then(|| format!("ten conversations hold {} of all flows{largest}", percent(logs.share_of_ten)))
}
