//! `oddflow watch`: a log is scored while it is written, and findings are told as they become odd.

use super::args::Watch;
use super::detector::size;
use super::found::allow_list;
use super::run::Session;
use super::score::known_types;
use super::talk::{count, plural};
use super::watch_out::{Form, Out};
use super::{Done, summary};
use crate::detectors::Threshold;
use crate::features::windows::LiveOptions;
use crate::findings::allow::AllowList;
use crate::findings::{Reference, Verdict};
use crate::flows::condition::Condition;
use crate::flows::sink::same_file;
use crate::flows::source::InputOptions;
use crate::model::Model;
use crate::pipeline::ScoredLog;
use crate::watch::{Follower, Head, Note, Piece, Piped, Place, Taken, WatchOptions, WatchState, Watcher};
use crate::{Error, Result};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long lines are waited for at once.
const WAIT: Duration = Duration::from_millis(200);
/// States are written no more often, and take no more than a twentieth of the time.
const BETWEEN_STATES: Duration = Duration::from_secs(1);
const STATE_SHARE: u32 = 20;
/// So many records of one piece, none of them usable, are worth a warning.
const MANY_REJECTED: usize = 100;
/// Bytes that a log is recognised by.
const MOST_HEAD: usize = 256 << 10;

pub fn run(args: &Watch) -> Result<Done> {
    let model = Model::load(&args.model)?;
    let session = Session::reading(args.threads, args.quiet)?;
    let digest = model.digest()?;
    summary::model_title(&session, &model, &args.model, &digest);
    let plan = Plan::new(args, model, digest, &session)?;
    let mut watch = Running::begin(args, &plan, &session)?;
    let outcome = watch.follow(args, &plan, &session);
    match outcome {
        // Ctrl-C is how a watch ends.
        Ok(()) | Err(Error::Interrupted) => {}
        // The state stays as it was: what was taken in since is taken in again.
        Err(error) => return Err(error),
    }
    if watch.watcher.is_none() && args.once {
        return Err(Error::NoInput(format!("{}: there is no record in it so far", plan.log)));
    }
    watch.save(&plan)?;
    Ok(watch.finish(&session))
}

/// What was asked for.
pub(super) struct Plan {
    pub model: Model,
    pub digest: String,
    pub form: Form,
    input: InputOptions,
    options: WatchOptions,
    allow: AllowList,
    reference: std::cell::RefCell<Option<Reference>>,
    state: Option<std::path::PathBuf>,
    log: String,
}

impl Plan {
    fn new(args: &Watch, model: Model, digest: String, session: &Session) -> Result<Self> {
        if model.flows.is_none() {
            let limit = "it was fitted on a table; fit one on flow logs: oddflow fit logs/ -o MODEL";
            return Err(Error::parameter("-m", args.model.display(), limit));
        }
        let condition = args.condition.as_deref().map(Condition::parse).transpose()?.map(Arc::new);
        let input = InputOptions { known_types: known_types(&model), condition, ..InputOptions::default() };
        let threshold = match &args.threshold {
            Some(rule) => Threshold::resolve_from_severity(rule.parse()?, &model.severity)?,
            None => model.threshold,
        };
        let live = LiveOptions {
            lateness: lateness(&args.lateness)?,
            tables: usize::try_from(size("--memory", &args.memory)?).unwrap_or(usize::MAX),
        };
        let options = WatchOptions { live, threshold: model.severity.of(threshold.score) };
        let allow = allow_list(args.allow.as_deref())?;
        let reference = args.reference.as_deref().map(|output| reference(output, args, &model, &allow, session));
        let reference = std::cell::RefCell::new(reference.transpose()?);
        let form = Form::parse(&args.format)?;
        for other in [Path::new(&args.log), &args.model] {
            if let Some(out) = args.output.as_deref().filter(|out| same_file(out, other)) {
                return Err(Error::parameter("-o", out.display(), "it is the log or the model; name another file"));
            }
        }
        if args.from == "end" && args.log == "-" {
            return Err(Error::parameter("--from", "end", "standard input has no end to begin at"));
        }
        if !matches!(args.from.as_str(), "start" | "end") {
            return Err(Error::parameter("--from", format!("`{}`", args.from), "it must be start or end"));
        }
        let (state, log) = (args.state.clone(), args.log.clone());
        Ok(Self { model, digest, form, input, options, allow, reference, state, log })
    }
}

fn reference(output: &str, args: &Watch, model: &Model, allow: &AllowList, session: &Session) -> Result<Reference> {
    let verdict: Verdict = args.alerts.as_deref().map_or(Ok(Verdict::default()), str::parse)?;
    let earlier = ScoredLog::open(output, session.stop())?;
    let grouped = session.pass("reference", None, |run| earlier.grouped(run))?;
    let seed = model.provenance.seed;
    let reference = Reference::new(&grouped, allow, verdict, seed, &session.device, session.stop())?;
    let findings = plural(reference.told() as u64, "finding");
    session.talk.line("reference", &format!("{output}: as odd as the first {findings} there ({verdict})"));
    Ok(reference)
}

/// What lines come from.
enum From {
    File(Box<Follower>),
    Stdin(Box<Piped>),
}

/// A watch that runs.
struct Running {
    from: From,
    /// Pieces among which no record is so far.
    waiting: Vec<Piece>,
    watcher: Option<Watcher>,
    out: Out,
    /// When the state was written last, and how long that took.
    saved: (Instant, Duration),
    is_saved: bool,
    told_rejects: std::collections::BTreeSet<String>,
    /// Whether it was said that nothing can be read.
    is_blind: bool,
}

impl Running {
    fn begin(args: &Watch, plan: &Plan, session: &Session) -> Result<Self> {
        let state = plan.state.as_deref().map(WatchState::load).transpose()?.flatten();
        let mut out = Out::new(args.output.as_deref(), plan.form)?;
        let mut from = match plan.log.as_str() {
            "-" => From::Stdin(Box::new(Piped::new(Box::new(std::io::stdin()))?)),
            path => From::File(Box::new(Follower::new(Path::new(path), args.rotated.as_deref()))),
        };
        let mut watcher = None;
        if let Some(state) = state {
            if state.log != plan.log {
                let limit = format!("it is of {}; name another file for {}", state.log, plan.log);
                return Err(Error::parameter("--state", "of another log", limit));
            }
            if !out.go_on_at(state.written)? {
                session.talk.warning(
                    "warning",
                    "the file of -o has fewer bytes than were written to it: it is taken for a new one",
                );
            }
            match &mut from {
                From::File(follower) => follower.resume(&state.place)?,
                From::Stdin(piped) => piped.resume(&state.place),
            }
            session.talk.line("resumed", &format!("behind {}", plural(state.counts.rows, "record")));
            let (allow, reference) = (plan.allow.clone(), plan.reference.take());
            watcher = Some(Watcher::resume(&plan.model, state, &plan.input, &plan.options, allow, reference)?);
        }
        let saved = (Instant::now(), Duration::ZERO);
        let mut watch = Self {
            from,
            waiting: Vec::new(),
            watcher,
            out,
            saved,
            is_saved: true,
            told_rejects: Default::default(),
            is_blind: false,
        };
        if args.from == "end" && watch.watcher.is_none() {
            watch.skip_to_end(plan, session)?;
        }
        Ok(watch)
    }

    fn skip_to_end(&mut self, plan: &Plan, session: &Session) -> Result<()> {
        let From::File(follower) = &mut self.from else { return Ok(()) };
        let skipped = follower.skip_to_end()?;
        let head = head(&skipped.lines);
        if let Some(mut watcher) = self.recognised(plan, head, session)? {
            watcher.pass_over(&skipped);
            self.watcher = Some(watcher);
        }
        Ok(())
    }

    fn recognised(&self, plan: &Plan, head: &[u8], session: &Session) -> Result<Option<Watcher>> {
        let (allow, reference) = (plan.allow.clone(), plan.reference.take());
        let log = (plan.log.as_str(), head);
        let begun = match crate::flows::source::Lines::recognise(log.0, head, &plan.input)? {
            None => {
                plan.reference.replace(reference);
                None
            }
            Some(_) => Watcher::begin(&plan.model, log, &plan.input, &plan.options, allow, reference)?,
        };
        if let Some(watcher) = &begun {
            let file = watcher.log().file();
            session.talk.line("log", &format!("{}: {}", file.name, file.description));
        }
        Ok(begun)
    }

    /// Takes lines in until the log ends, or a stop is asked for.
    fn follow(&mut self, args: &Watch, plan: &Plan, session: &Session) -> Result<()> {
        if self.watcher.is_none() && matches!(self.from, From::File(_)) && !Path::new(&plan.log).exists() {
            session.talk.line("waiting", &format!("for {}, which is not there yet", plan.log));
        }
        loop {
            let piece = match &mut self.from {
                From::File(follower) => follower.next(WAIT, args.once, session.stop()),
                From::Stdin(piped) => piped.next(WAIT, session.stop()),
            };
            self.say_notes(session);
            match piece? {
                Some(piece) => self.take(piece, plan, session)?,
                None if self.has_ended(args.once) => return Ok(()),
                None => {}
            }
            let (at, took) = self.saved;
            if !self.is_saved && at.elapsed() >= BETWEEN_STATES.max(took * STATE_SHARE) {
                self.save(plan)?;
            }
        }
    }

    fn has_ended(&self, once: bool) -> bool {
        match &self.from {
            From::File(_) => once,
            From::Stdin(piped) => piped.has_ended(),
        }
    }

    fn say_notes(&mut self, session: &Session) {
        let From::File(follower) = &mut self.from else { return };
        for note in follower.notes() {
            match note {
                Note::Rotated => {
                    session.talk.line("rotated", "another file stands under the log's name; it is read on")
                }
                Note::CaughtUp(path) => session.talk.line("catch up", &format!("from {}", path.display())),
                Note::Truncated { lost: false } => {
                    session
                        .talk
                        .line("truncated", "the log begins anew; what was not read of it is read from its copy");
                }
                Note::Truncated { lost: true } => {
                    session.talk.warning(
                        "warning",
                        "the log was truncated, and no copy of it was found: lines that were written \
                                                     just before may be lost",
                    );
                }
                Note::Unreadable(path, why) => {
                    let text = format!("{} is passed over, as far as it was not read: {why}", path.display());
                    session.talk.warning("warning", &text);
                }
                Note::Missing => {
                    session.talk.warning(
                        "warning",
                        "the file that was read before the break is not found beside the log: what \
                                                     was written to it since is missing (--rotated names a folder)",
                    );
                }
            }
        }
    }

    fn take(&mut self, piece: Piece, plan: &Plan, session: &Session) -> Result<()> {
        self.is_saved = false;
        if self.watcher.is_none() {
            self.waiting.push(piece);
            let lines: Vec<u8> = self.waiting.iter().flat_map(|piece| &piece.lines).copied().take(MOST_HEAD).collect();
            self.watcher = self.recognised(plan, head(&lines), session)?;
            if self.watcher.is_none() {
                return Ok(());
            }
            // Whatever happens from here on, it is known where it began and how much was written.
            if let Some(watcher) = &mut self.watcher {
                watcher.begin_at(Place { head: Head::of(&lines), ..Place::default() });
            }
            self.save(plan)?;
            for piece in std::mem::take(&mut self.waiting) {
                self.scored(&piece, plan, session)?;
            }
            return Ok(());
        }
        self.scored(&piece, plan, session)
    }

    fn scored(&mut self, piece: &Piece, plan: &Plan, session: &Session) -> Result<()> {
        let Some(watcher) = &mut self.watcher else { return Ok(()) };
        let before = watcher.counts().rows;
        let Taken { told, rejected } = watcher.take(piece)?;
        if rejected.len() >= MANY_REJECTED
            && watcher.counts().rows == before
            && !std::mem::replace(&mut self.is_blind, true)
        {
            let text = format!(
                "none of {} could be used: if the log has another form now, start anew",
                plural(rejected.len(), "record")
            );
            session.talk.warning("warning", &text);
        }
        for rejected in rejected {
            let reason = rejected.reason.to_string();
            if self.told_rejects.insert(reason.clone()) {
                let text =
                    format!("record {}: {reason}: {} (others alike are counted)", rejected.record, rejected.detail);
                session.talk.line("rejected", &text);
            }
        }
        self.out.write(&told, watcher, plan)
    }

    fn save(&mut self, plan: &Plan) -> Result<()> {
        self.out.flush()?;
        if let (Some(path), Some(watcher)) = (&plan.state, &mut self.watcher) {
            let begin = Instant::now();
            watcher.save(path, self.out.written())?;
            self.saved = (Instant::now(), begin.elapsed());
        }
        self.is_saved = true;
        Ok(())
    }

    fn finish(&self, session: &Session) -> Done {
        let Some(watcher) = &self.watcher else { return Done::Clean };
        let counts = watcher.counts();
        let rejected: u64 = counts.rejected.values().sum();
        let talk = &session.talk;
        talk.line("records", &format!("{} scored   {} rejected", count(counts.rows), count(rejected)));
        let passed: Vec<String> =
            watcher.log().passed_over().iter().map(|(kind, n)| format!("{} {kind}", count(*n))).collect();
        if !passed.is_empty() {
            talk.line("passed", &passed.join(", "));
        }
        talk.line("alerts", &count(counts.alerts));
        for (rule, n) in watcher.allow().rules().iter().zip(&counts.allowed) {
            talk.line("allowed", &format!("line {}, {}: {}", rule.line, rule.reason, plural(*n, "flow")));
        }
        let windows = watcher.windows();
        if windows.late() > 0 {
            talk.line("late", &format!("{} came later than --lateness", plural(windows.late(), "flow")));
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
}

/// Whole lines, as many as a log is recognised by.
fn head(lines: &[u8]) -> &[u8] {
    let head = lines.get(..MOST_HEAD.min(lines.len())).unwrap_or_default();
    let end = memchr::memrchr(b'\n', head).map_or(0, |newline| newline + 1);
    head.get(..end).unwrap_or_default()
}

/// `90s`, `15m`, `1h` in µs.
fn lateness(text: &str) -> Result<i64> {
    let wrong =
        || Error::parameter("--lateness", format!("`{text}`"), "it must be a time up to 48h, such as 90s, 15m or 1h");
    let (number, unit) = text.trim().split_at_checked(text.trim().len().saturating_sub(1)).ok_or_else(wrong)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        _ => return Err(wrong()),
    };
    let number: i64 = number.parse().map_err(|_| wrong())?;
    number.checked_mul(seconds).filter(|s| (0..=172_800).contains(s)).map(|s| s * 1_000_000).ok_or_else(wrong)
}
