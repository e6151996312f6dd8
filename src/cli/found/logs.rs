//! What is said of flow logs.

use crate::cli::run::Session;
use crate::cli::talk::percent;
use crate::flows::source::Input;
use crate::pipeline::{FlowFit, FlowScoring};

/// What is said of flow logs once they are read.
///
/// `fit`: what is fitted on them, if anything is.
pub fn logs(session: &Session, input: &Input, flows: &FlowScoring, fit: Option<&FlowFit>) {
    let (logs, talk) = (&flows.logs, &session.talk);
    if !logs.reader().tells_who_and_when() {
        return;
    }
    let survey = &logs.survey;
    talk.lines("time", survey.time_line().as_deref());
    let beside =
        [survey.order_line().map(|line| format!("{line}: re-sorted")), logs.snapshots_line(), survey.faults_line()];
    talk.lines("", beside.iter().flatten().map(String::as_str));
    if let (Some(fit), true) = (fit, logs.share_of_ten > 0.5) {
        let what = match fit.cap {
            Some(cap) => format!("the fit's sample has at most {cap} of one conversation and state"),
            None => "verdicts may be turned round; --sample capped guards against it".to_owned(),
        };
        let alone = |(name, share): &(String, f64)| format!(" ({name} alone {})", percent(*share));
        let largest = logs.largest.as_ref().map_or(String::new(), alone);
        let ten = percent(logs.share_of_ten);
        talk.line("warning", &format!("ten conversations hold {ten} of all flows{largest}; {what}"));
    }
    let warnings = survey.warnings(input, &vec![None; input.files.len()]);
    talk.lines("warning", warnings.iter().map(String::as_str));
    if !logs.evictions().is_none() {
        talk.line("windows", "some were too full for their memory and are shorter; the manifest says how many");
    }
}
