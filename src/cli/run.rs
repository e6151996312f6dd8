//! What every command that reads flows does: open the input, take a device, catch Ctrl-C, say what was met.

use super::args::InputArgs;
use super::outputs::Rejects;
use super::progress::Bar;
use super::settings::Running;
use super::talk::{Talk, bytes, count};
use crate::detectors::{SelfJoinPlan, SolverState};
use crate::device::Device;
use crate::flows::Rejected;
use crate::flows::source::{Awaited, Input, InputFile, InputOptions};
use crate::flows::temporary;
use crate::pipeline::{FitOptions, FitReport, FitWatch, Pass, Run};
use crate::{Error, Result, Stop};
use std::path::Path;

/// Standard input is kept in a temporary file of at most this size when it must be read twice.
const SPOOL_LIMIT: u64 = 64 << 30;

/// A run that is set up: its device, threads and stop.
pub struct Session {
    /// How to run.
    pub running: Running,
    /// The device that was taken.
    pub device: Device,
    /// Says things on stderr.
    pub talk: Talk,
    stop: Stop,
}

impl Session {
    /// Sizes the thread pool, takes the device, catches Ctrl-C.
    /// To be started before anything that computes, such as loading a model: the first use of threads says how many there are.
    pub fn start(running: Running) -> Result<Self> {
        // A second call (in a test) finds the pool built; results never depend on its size.
        let _ = rayon::ThreadPoolBuilder::new().num_threads(running.threads).build_global();
        let device = crate::device::open(&running.device)?;
        Ok(Self { talk: Talk::new(running.quiet), running, device, stop: catch_interrupts()? })
    }

    /// A run on the CPU that only reads.
    pub fn reading(threads: Option<usize>, quiet: bool) -> Result<Self> {
        Self::start(Running::reading(threads, quiet)?)
    }

    /// Asked whether to stop.
    pub fn stop(&self) -> &Stop {
        &self.stop
    }

    /// Opens the input. Standard input that will be read twice is spooled first.
    pub fn open(&self, args: &InputArgs, options: &InputOptions, twice: bool) -> Result<Input> {
        let spool = twice.then_some(SPOOL_LIMIT);
        let options = InputOptions { spool, stop: self.stop.clone(), ..options.clone() };
        let stdin = Awaited::new(self.stop.clone(), || Ok(std::io::stdin()));
        let opened = Input::open_with_stdin(&args.inputs, &options, Box::new(stdin));
        self.stop.check()?;
        let input = opened?;
        let packed: u64 = input.files.iter().filter_map(|f| f.size).sum();
        let size = if packed > 0 { format!(", {}", bytes(packed)) } else { String::new() };
        match input.files.as_slice() {
            [file] => self.talk.line("input", &format!("{}: {}{size}", file.name, file.description)),
            _ => self.talk.line("inputs", &format!("{}{size}", kinds(&input))),
        }
        self.talk.lines("", input.notes.iter().map(String::as_str));
        Ok(input)
    }

    /// Makes passes until the columns have the room that they turn out to need: of one, unless a value wants more.
    pub fn settled<T>(&self, input: &mut Input, mut pass: impl FnMut(&mut Input) -> Result<Pass<T>>) -> Result<T> {
        loop {
            match pass(input)? {
                Pass::Done(done) => return Ok(done),
                Pass::ReadAgain => self.settle(input),
            }
        }
    }

    /// The same, with rejected records kept in the side file at `path`, if there is to be one.
    pub fn keeping_rejects<T>(
        &self,
        path: Option<&Path>,
        input: &mut Input,
        mut pass: impl FnMut(&mut Input, &mut Rejects) -> Result<Pass<T>>,
    ) -> Result<T> {
        self.settled(input, |input| {
            let mut rejects = Rejects::new(path, input)?;
            let pass = pass(input, &mut rejects)?;
            if matches!(pass, Pass::Done(_)) {
                rejects.finish()?;
            }
            Ok(pass)
        })
    }

    /// Gives columns the room they turned out to need, and says so.
    fn settle(&self, input: &mut Input) {
        self.talk.lines(
            "widened",
            input.settle().iter().map(ToString::to_string).collect::<Vec<_>>().iter().map(String::as_str),
        );
    }

    /// Runs one pass with a progress bar.
    pub fn pass<T>(
        &self,
        what: &'static str,
        total: Option<u64>,
        body: impl FnOnce(&Run<'_>) -> Result<T>,
    ) -> Result<T> {
        self.shown_pass(what, total, |run, _| body(run))
    }

    /// Runs the pass of a fit, and shows how its search for neighbours goes on.
    pub fn fit(
        &self,
        input: &mut Input,
        options: &FitOptions,
        rejected: impl FnMut(usize, &Rejected) -> Result<()>,
    ) -> Result<Pass<FitReport>> {
        self.shown_pass("fit", total_bytes(input), |run, bar| {
            let plan = |plan: &SelfJoinPlan| bar.beside(|| self.detail("plan", &plan.to_string()));
            let progress = |done, all| bar.update_neighbors(done, all);
            let solver = |state: &SolverState| bar.update_solver(state);
            let watch = FitWatch { plan: &plan, solver: &solver, progress: &progress };
            crate::pipeline::fit(input, options, &self.device, run, watch, rejected)
        })
    }

    /// A line for those who asked for more of them.
    pub fn detail(&self, word: &str, text: &str) {
        if self.running.verbose {
            self.talk.line(word, text);
        }
    }

    fn shown_pass<T>(
        &self,
        what: &'static str,
        total: Option<u64>,
        body: impl FnOnce(&Run<'_>, &Bar) -> Result<T>,
    ) -> Result<T> {
        let bar = Bar::new(what, total, self.running.quiet);
        let progress = |at| bar.update(at);
        // A worker that waits for a GPU uses no core: two more keep batches in flight even with one thread.
        let waiting = if matches!(self.device, Device::Cpu) { 0 } else { 2 };
        let run = Run { threads: self.running.threads + waiting, stop: self.stop.clone(), progress: &progress };
        let outcome = body(&run, &bar);
        // What a stage says when it is stopped is not what went wrong. What was done in spite of it was done.
        outcome.or_else(|error| self.stop.check().and(Err(error)))
    }
}

/// A first Ctrl-C asks the run to stop and clean up; a second ends the program at once, without its temporary files.
pub fn catch_interrupts() -> Result<Stop> {
    let stop = Stop::new();
    let asked = stop.clone();
    let handler = move || {
        if asked.is_requested() {
            temporary::remove_all();
            std::process::exit(2);
        }
        asked.request();
    };
    ctrlc::set_handler(handler).map_err(|e| Error::Device(format!("Ctrl-C cannot be caught: {e}")))?;
    Ok(stop)
}

/// Bytes of all files, if all are known.
pub fn total_bytes(input: &Input) -> Option<u64> {
    input.files.iter().map(|f| f.size).sum()
}

/// `48 files: 24 CSV, 24 Parquet`; `48 Zeek logs: 24 conn, 24 open_conn    other logs 0    unreadable 0`.
fn kinds(input: &Input) -> String {
    let files = &input.files;
    let all_zeek = files.iter().all(|file| file.log.is_some_and(|log| log.maker() == "Zeek"));
    let kind = |file: &InputFile| match file.log {
        Some(log) if all_zeek => log.word().to_owned(),
        Some(log) => log.to_string(),
        None if file.description.starts_with("empty:") => "empty".to_owned(),
        None => file.format.to_string(),
    };
    let mut kinds = std::collections::BTreeMap::<String, u64>::new();
    for file in files {
        *kinds.entry(kind(file)).or_default() += 1;
    }
    let parts: Vec<String> = kinds.iter().map(|(kind, n)| format!("{} {kind}", count(*n))).collect();
    let what = if all_zeek { "Zeek logs" } else { "files" };
    let others: u64 = input.other_logs.values().sum();
    let others = if all_zeek || others + input.unreadable > 0 {
        format!("    other logs {}    unreadable {}", count(others), count(input.unreadable))
    } else {
        String::new()
    };
    format!("{} {what}: {}{others}", count(files.len() as u64), parts.join(", "))
}
