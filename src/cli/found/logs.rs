//! What is said of flow logs.

use crate::cli::run::Session;
use crate::flows::record::LogZone;
use crate::flows::source::Input;
use crate::pipeline::{FlowFit, FlowLogs, FlowScoring, TenLargest};
use crate::words::quantity::percent;

/// What is said of flow logs once they are read.
///
/// `fit`: what is fitted on them, if anything is.
pub fn logs(session: &Session, input: &Input, flows: &FlowScoring, fit: Option<&FlowFit>) {
    let (logs, talk) = (&flows.logs, &session.talk);
    if !logs.reader().tells_who_and_when() {
        return;
    }
    let survey = &logs.survey;
    let flooded = fit.filter(|_| logs.ten_largest.share() > 0.5);
    let lines = [
        survey.time_line(logs.reader().assumed_zone().unwrap_or_default()),
        zone(logs, fit.is_some()),
        survey.order_line().map(|line| format!("{line}: re-sorted")),
        logs.snapshots_line(),
        logs.copies_line(),
        survey.faults_line(),
        survey.incomplete_line(),
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

/// Says of a table that was taken as one that it tells of flows.
pub fn table(session: &Session, input: &Input, fit: Option<&FlowFit>) {
    if fit.is_some_and(|fit| fit.passes_over(input)) {
        let text = "it is taken as a table of columns; it tells addresses and times: --features default takes its rows as flows, in \
                    windows and findings";
        session.talk.line("table", text);
    }
}

/// How times without a zone are read; that --tz is for nothing where none lacks one. Scoring takes the zone from the model.
fn zone(logs: &FlowLogs, fits: bool) -> Option<String> {
    let reader = logs.reader();
    let has_hour_twice = |zone: &LogZone| logs.survey.span().is_some_and(|(from, to)| zone.repeated(from, to) > 0);
    match reader.assumed_zone() {
        Some(LogZone::UTC) if fits => {
            Some("times without a zone are read as UTC (--tz Europe/Berlin or +02:00 for another)".to_owned())
        }
        Some(zone) if has_hour_twice(&zone) => Some(format!(
            "times without a zone are read as {zone}; the hour that its clocks showed twice is read as one"
        )),
        Some(zone) => Some(format!("times without a zone are read as {zone}")),
        None if fits && reader.zone_is_idle() && !reader.has_baseline() => {
            Some("--tz changes nothing: the logs' times have a zone".to_owned())
        }
        None => None,
    }
}

/// `ten conversations hold 41% of all flows (120.245.134.197 -> 64.225.56.201:30003 alone 17%)`; `None` without flows.
fn held_by_ten(logs: &FlowLogs) -> Option<String> {
    let TenLargest { flows, all, first } = &logs.ten_largest;
    let alone = |(name, n): &(String, u64)| format!(" ({name} alone {})", percent(*n, *all));
    let largest = first.as_ref().map_or(String::new(), alone);
    let held = if flows < all { format!("{} of all flows", percent(*flows, *all)) } else { "all flows".to_owned() };
    (*flows > 0).then(|| format!("ten conversations hold {held}{largest}"))
}
