//! A watch while it runs: lines in, alerts and states out.

use super::out::Out;
use super::{Plan, said};
use crate::cli::args::Watch;
use crate::cli::run::Session;
use crate::cli::talk::plural;
use crate::findings::Reference;
use crate::findings::allow::Day;
use crate::flows::source::Lines;
use crate::watch::{Follower, Head, Piece, Piped, Place, Saving, Taken, WatchState, Watcher};
use crate::{Error, Result};
use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

/// How long lines are waited for at once.
const WAIT: Duration = Duration::from_millis(200);
/// States are written no more often, and take no more than a twentieth of the time.
const BETWEEN_STATES: Duration = Duration::from_secs(1);
const STATE_SHARE: u32 = 20;
/// So many records of one piece, none of them usable, are worth a warning.
const MANY_UNUSABLE: u64 = 100;
/// Bytes that a log is recognised by.
const MOST_HEAD: usize = 256 << 10;

/// What lines come from.
enum From {
    File(Box<Follower>),
    Stdin(Box<Piped>),
}

/// A watch that runs.
pub struct Running {
    from: From,
    /// Pieces among which no record is so far.
    waiting: Vec<Piece>,
    watcher: Option<Watcher>,
    out: Out,
    /// When the state was written last, and how long that took.
    saved: (Instant, Duration),
    /// The one that is on its way.
    saving: Option<Saving>,
    is_saved: bool,
    told_rejects: BTreeSet<String>,
    /// Whether it was said that nothing can be read.
    is_blind: bool,
    /// For the watcher, once there is one.
    reference: Option<Reference>,
}

impl Running {
    /// From the state, if there is one.
    pub fn begin(args: &Watch, plan: &Plan, mut reference: Option<Reference>, session: &Session) -> Result<Self> {
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
            match &mut from {
                From::File(follower) => follower.resume(&state.place)?,
                From::Stdin(piped) => piped.resume(&state.place),
            }
            session.talk.line("resumed", &format!("behind {}", plural(state.counts.rows, "record")));
            let (allow, reference, written) = (plan.allow.clone(), reference.take(), state.written.clone());
            watcher = Some(Watcher::resume(&plan.model, state, &plan.input, &plan.options, allow, reference)?);
            // Nothing is taken back before it is known that the watch can go on.
            if !out.go_on_at(written.as_ref())? {
                session.talk.warning(
                    "warning",
                    "the file of -o is not the one that was written to, as far as its end tells: it is left as it is, and written on",
                );
            }
        }
        let saved = (Instant::now(), Duration::ZERO);
        let mut watch = Self {
            from,
            waiting: Vec::new(),
            watcher,
            out,
            saved,
            saving: None,
            is_saved: true,
            told_rejects: Default::default(),
            is_blind: false,
            reference,
        };
        if args.from == "end" && watch.watcher.is_none() {
            watch.skip_to_end(plan, session)?;
        }
        Ok(watch)
    }

    /// Passes over what the log has already.
    fn skip_to_end(&mut self, plan: &Plan, session: &Session) -> Result<()> {
        loop {
            let From::File(follower) = &mut self.from else { return Ok(()) };
            let Some(piece) = follower.next(Duration::ZERO, false, session.stop())? else { return Ok(()) };
            for piece in self.ready(piece, plan, session)? {
                self.watcher.iter_mut().for_each(|watcher| watcher.pass_over(&piece));
            }
        }
    }

    /// The pieces that can be read once this one is there: none before the log is recognised.
    fn ready(&mut self, piece: Piece, plan: &Plan, session: &Session) -> Result<Vec<Piece>> {
        self.waiting.push(piece);
        if self.watcher.is_none() {
            let lines: Vec<u8> = self.waiting.iter().flat_map(|piece| &piece.lines).copied().take(MOST_HEAD).collect();
            self.watcher = self.recognised(plan, head(&lines), session)?;
            let begin = Place { head: Head::of(&lines), ..Place::default() };
            self.watcher.iter_mut().for_each(|watcher| watcher.begin_at(begin.clone()));
        }
        Ok(if self.watcher.is_some() { std::mem::take(&mut self.waiting) } else { Vec::new() })
    }

    /// A watcher of a log that begins with these lines, if there is a record among them.
    fn recognised(&mut self, plan: &Plan, head: &[u8], session: &Session) -> Result<Option<Watcher>> {
        let Some(lines) = Lines::recognise(&plan.log, head, &plan.input)? else { return Ok(None) };
        session.talk.line("log", &format!("{}: {}", lines.file().name, lines.file().description));
        let (allow, reference) = (plan.allow.clone(), self.reference.take());
        Watcher::begin(&plan.model, (lines, head), &plan.options, allow, reference).map(Some)
    }

    /// Takes lines in until the log ends, or a stop is asked for.
    pub fn follow(&mut self, args: &Watch, plan: &Plan, session: &Session) -> Result<()> {
        if self.watcher.is_none() && matches!(self.from, From::File(_)) && !Path::new(&plan.log).exists() {
            session.talk.line("waiting", &format!("for {}, which is not there yet", plan.log));
        }
        loop {
            let piece = match &mut self.from {
                From::File(follower) => follower.next(WAIT, args.once, session.stop()),
                From::Stdin(piped) => piped.next(WAIT, session.stop()),
            };
            if let From::File(follower) = &mut self.from {
                follower.notes().iter().for_each(|note| said::note(note, session));
            }
            match piece? {
                Some(piece) => self.take(piece, plan, session)?,
                None if self.has_ended(args.once) => return Ok(()),
                None => {}
            }
            let (at, took) = self.saved;
            let is_free = self.saving.as_ref().is_none_or(Saving::is_done);
            if !self.is_saved && is_free && at.elapsed() >= BETWEEN_STATES.max(took * STATE_SHARE) {
                self.begin_saving(plan)?;
            }
        }
    }

    fn has_ended(&self, once: bool) -> bool {
        match &self.from {
            From::File(_) => once,
            From::Stdin(piped) => piped.has_ended(),
        }
    }

    fn take(&mut self, piece: Piece, plan: &Plan, session: &Session) -> Result<()> {
        self.is_saved = false;
        let is_begun = self.watcher.is_some();
        let pieces = self.ready(piece, plan, session)?;
        if !is_begun {
            // Whatever happens from here on, it is known where it began and how much was written.
            self.save(plan)?;
        }
        pieces.iter().try_for_each(|piece| self.scored(piece, plan, session))
    }

    fn scored(&mut self, piece: &Piece, plan: &Plan, session: &Session) -> Result<()> {
        let Some(watcher) = &mut self.watcher else { return Ok(()) };
        for rule in watcher.pass_to(Day::today()) {
            said::ended(rule, session);
        }
        let (before, set_back) = (usable(watcher), watcher.windows().set_back());
        let n_before = watcher.counts().rows;
        let Taken { told, rejected } = watcher.take(piece)?;
        if watcher.windows().set_back() > set_back {
            said::set_back(session);
        }
        let n = rejected.len() as u64 + watcher.counts().rows - n_before;
        if n >= MANY_UNUSABLE && usable(watcher) == before && !std::mem::replace(&mut self.is_blind, true) {
            let text = format!(
                "none of {} tells addresses and a time: if the log has another form now, start anew",
                plural(n, "record")
            );
            session.talk.warning("warning", &text);
        }
        for rejected in rejected {
            let reason = rejected.reason.to_string();
            if self.told_rejects.insert(reason.clone()) {
                let file = piece.from.as_deref().map_or(String::new(), |file| format!(" of {}", file.display()));
                let text = format!(
                    "record {}{file}: {reason}: {} (others alike are counted)",
                    rejected.record, rejected.detail
                );
                session.talk.line("rejected", &text);
            }
        }
        let file =
            piece.from.as_ref().map_or_else(|| watcher.log().file().name.clone(), |from| from.display().to_string());
        self.out.write(&told, &file, watcher, plan)
    }

    /// Writes the state, if it is kept.
    pub fn save(&mut self, plan: &Plan) -> Result<()> {
        self.begin_saving(plan)?;
        self.saving.take().map_or(Ok(()), Saving::finish)
    }

    fn begin_saving(&mut self, plan: &Plan) -> Result<()> {
        self.saving.take().map_or(Ok(()), Saving::finish)?;
        self.out.flush()?;
        if let (Some(path), Some(watcher)) = (&plan.state, &mut self.watcher) {
            let begin = Instant::now();
            self.saving = Some(watcher.save(path, self.out.written())?);
            self.saved = (Instant::now(), begin.elapsed());
        }
        self.is_saved = true;
        Ok(())
    }

    /// The watcher, once a record was there.
    pub fn watcher(&self) -> Option<&Watcher> {
        self.watcher.as_ref()
    }
}

/// Records that are in windows and findings.
fn usable(watcher: &Watcher) -> u64 {
    watcher.counts().rows - watcher.counts().placeless
}

/// Whole lines, as many as a log is recognised by.
fn head(lines: &[u8]) -> &[u8] {
    let head = lines.get(..MOST_HEAD.min(lines.len())).unwrap_or_default();
    let end = memchr::memrchr(b'\n', head).map_or(0, |newline| newline + 1);
    head.get(..end).unwrap_or_default()
}
