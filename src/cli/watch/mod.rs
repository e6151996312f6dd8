//! `oddflow watch`: a log is scored while it is written, and findings are told as they become odd.

mod out;
mod running;
mod said;

use super::args::Watch;
use super::detector::size;
use super::found::allow_list;
use super::outputs::check_distinct;
use super::run::Session;
use super::scoring::known_types;
use super::talk::plural;
use super::{Done, summary};
use crate::detectors::Threshold;
use crate::features::windows::LiveOptions;
use crate::findings::allow::AllowList;
use crate::findings::{Reference, Verdict};
use crate::flows::condition::Condition;
use crate::flows::source::InputOptions;
use crate::model::Model;
use crate::pipeline::ScoredLog;
use crate::watch::WatchOptions;
use crate::{Error, Result};
use out::Form;
use running::Running;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub fn run(args: &Watch) -> Result<Done> {
    let session = Session::reading(args.threads, args.quiet)?;
    let model = Model::load(&args.model)?;
    let digest = model.digest()?;
    summary::model_title(&session, &model, &args.model, &digest);
    let plan = Plan::new(args, model, digest)?;
    let _lock = plan.state.as_deref().map(lock).transpose()?;
    let reference = args.reference.as_deref().map(|output| reference(output, args, &plan, &session)).transpose()?;
    let mut watch = Running::begin(args, &plan, reference, &session)?;
    match watch.follow(args, &plan, &session) {
        // Ctrl-C is how a watch ends.
        Ok(()) | Err(Error::Interrupted) => {}
        // The state stays as it was: what was taken in since is taken in again.
        Err(error) => return Err(error),
    }
    watch.save(&plan)?;
    match watch.watcher() {
        Some(watcher) => Ok(said::summary(watcher, &session)),
        None if args.once => Err(Error::NoInput(format!("{}: there is no record in it so far", plan.log))),
        None => Ok(Done::Clean),
    }
}

/// What was asked for.
struct Plan {
    model: Model,
    digest: String,
    form: Form,
    input: InputOptions,
    options: WatchOptions,
    allow: AllowList,
    state: Option<PathBuf>,
    log: String,
}

impl Plan {
    fn new(args: &Watch, model: Model, digest: String) -> Result<Self> {
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
        let form = Form::parse(&args.format)?;
        check_files(args)?;
        if args.from == "end" && args.log == "-" {
            return Err(Error::parameter("--from", "end", "standard input has no end to begin at"));
        }
        if !matches!(args.from.as_str(), "start" | "end") {
            return Err(Error::parameter("--from", format!("`{}`", args.from), "it must be start or end"));
        }
        let (state, log) = (args.state.clone(), args.log.clone());
        Ok(Self { model, digest, form, input, options, allow, state, log })
    }
}

/// What is written is nothing that is read, nor written as something else.
fn check_files(args: &Watch) -> Result<()> {
    let log = Some(Path::new(&args.log)).filter(|log| *log != Path::new("-"));
    let lock = args.state.as_deref().map(lock_of);
    check_distinct(&[
        ("the log", log),
        ("-m", Some(&args.model)),
        ("--allow", args.allow.as_deref()),
        ("--reference", args.reference.as_deref().map(Path::new)),
        ("--state", args.state.as_deref()),
        ("the lock of --state", lock.as_deref()),
        ("-o", args.output.as_deref()),
    ])
}

fn lock_of(state: &Path) -> PathBuf {
    let mut path = state.as_os_str().to_owned();
    path.push(".lock");
    PathBuf::from(path)
}

/// Keeps other watches from going on from the same state, for as long as the file is open. It stays beside the state: were it
/// removed, another watch could hold one that is gone.
fn lock(state: &Path) -> Result<File> {
    let path = lock_of(state);
    let file = File::options().write(true).create(true).truncate(false).open(&path).map_err(|e| Error::io(&path, e))?;
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => {
            let limit = "another watch goes on from it; end that one first, or name another file";
            Err(Error::parameter("--state", state.display(), limit))
        }
        // Not every file system has locks.
        Ok(()) | Err(TryLockError::Error(_)) => Ok(file),
    }
}

/// What findings are compared with.
fn reference(output: &str, args: &Watch, plan: &Plan, session: &Session) -> Result<Reference> {
    let verdict: Verdict = args.alerts.as_deref().map_or(Ok(Verdict::default()), str::parse)?;
    let earlier = ScoredLog::open(output, session.stop())?;
    let grouped = session.pass("reference", None, |run| earlier.grouped(run))?;
    let seed = plan.model.provenance.seed;
    let reference = Reference::new(&grouped, &plan.allow, verdict, seed, &session.device, session.stop())?;
    let findings = plural(reference.told() as u64, "finding");
    session.talk.line("reference", &format!("{output}: as odd as the first {findings} there ({verdict})"));
    Ok(reference)
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
