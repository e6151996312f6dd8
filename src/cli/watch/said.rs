//! What a watch says on stderr.

use crate::cli::Done;
use crate::cli::run::Session;
use crate::cli::talk::{count, plural};
use crate::findings::allow::Rule;
use crate::watch::{Note, Watcher};

/// What following the log met.
pub fn note(note: &Note, session: &Session) {
    let talk = &session.talk;
    match note {
        Note::Rotated => talk.line("rotated", "another file stands under the log's name; it is read on"),
        Note::CaughtUp(path) => talk.line("catch up", &format!("from {}", path.display())),
        Note::Truncated { lost: false } => {
            talk.line("truncated", "the log begins anew; what was not read of it is read from its copy");
        }
        Note::Truncated { lost: true } => {
            let text =
                "the log was truncated, and no copy of it was found: lines that were written just before may be lost";
            talk.warning("warning", text);
        }
        Note::Unreadable(path, why) => {
            let text = format!("{} is passed over, as far as it was not read: {why}", path.display());
            talk.warning("warning", &text);
        }
        Note::Missing => {
            let text = "the file that was read before the break is not found beside the log: what was written to it since is \
                        missing (--rotated names a folder)";
            talk.warning("warning", text);
        }
    }
}

/// A rule that allows nothing from now on.
pub fn ended(rule: &Rule, session: &Session) {
    let text = format!("line {} of --allow, {}: it has expired and allows nothing from now on", rule.line, rule.reason);
    session.talk.warning("warning", &text);
}

/// The clock was wrong.
pub fn set_back(session: &Session) {
    let text = "flows had claimed to begin more than a day ahead of all that follow: what they moved forward is set back, and windows and \
                findings begin anew";
    session.talk.warning("warning", text);
}

/// What was done, at the end.
pub fn summary(watcher: &Watcher, session: &Session) -> Done {
    let counts = watcher.counts();
    let rejected: u64 = counts.rejected.values().sum();
    let talk = &session.talk;
    talk.line("records", &format!("{} scored   {} rejected", count(counts.rows), count(rejected)));
    let passed: Vec<String> =
        watcher.log().passed_over().iter().map(|(kind, n)| format!("{} {kind}", count(*n))).collect();
    if !passed.is_empty() {
        talk.line("passed", &passed.join(", "));
    }
    if counts.placeless > 0 {
        talk.line("", &format!("{} tell no addresses or no time, and are in no finding", count(counts.placeless)));
    }
    talk.line("alerts", &count(counts.alerts));
    for (rule, n) in watcher.allow().rules().iter().zip(&counts.allowed) {
        talk.line("allowed", &format!("line {}, {}: {}", rule.line, rule.reason, plural(*n, "flow")));
    }
    let windows = watcher.windows();
    if windows.late() > 0 {
        talk.line("late", &format!("{} came later than --lateness", plural(windows.late(), "flow")));
    }
    if windows.set_back() > 0 {
        talk.line(
            "clock",
            &format!(
                "set back {}: flows had claimed to begin more than a day ahead",
                plural(windows.set_back(), "time")
            ),
        );
    }
    if !windows.evictions().is_none() || watcher.findings().forgotten() > 0 {
        let evictions = windows.evictions();
        let text = format!(
            "for want of room: {} of windows, {}, {}",
            plural(evictions.window_flows, "flow"),
            plural(evictions.conversations, "conversation"),
            plural(watcher.findings().forgotten(), "group")
        );
        talk.line("forgotten", &text);
    }
    if rejected > 0 { Done::WithRejects } else { Done::Clean }
}
