//! The engine of every pass: chunks are read in order on one thread, worked on by several, consumed in order on the
//! caller's.
//!
//! A chunk takes a permit when it is read and gives it back when its result was consumed, so the number of chunks in
//! memory is bounded however uneven the stages are. Each worker is the only thread of a rayon pool of its own: an
//! operation that is parallel by itself runs serially there, and parallelism comes from many chunks at once.

use crate::flows::Batch;
use crate::flows::source::{Chunk, Source};
use crate::{Error, Result, Stop};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded, select, unbounded};
use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

#[cfg(test)]
mod tests;

/// How a pass runs.
pub struct Run<'a> {
    /// Worker threads, at least 1.
    pub threads: usize,
    /// Asked between chunks.
    pub stop: Stop,
    /// Told after every chunk.
    pub progress: &'a dyn Fn(Progress),
}

/// How far a pass has come.
#[derive(Debug, Clone, Copy, Default)]
pub struct Progress {
    /// Bytes of the input's files behind us.
    pub source_bytes: u64,
    /// Rows behind us.
    pub rows: u64,
}

/// A worker's result, with what the stages before it took.
pub struct Timed<T> {
    /// What the work gave.
    pub value: T,
    /// Time the chunk's records took to parse.
    pub parse: Duration,
    /// Rows in the chunk.
    pub rows: usize,
    source_bytes: u64,
    /// Whether its file is damaged behind it.
    ends_file: bool,
}

/// What travels: its place in the input, and a chunk or result; `None` after the last. Without that mark an end would
/// be no different from a stage that died.
type Numbered<T> = (u64, Result<Option<T>>);

/// A result with the file it is of.
type Answer<T> = (u64, Option<usize>, Result<Option<Timed<T>>>);

impl Run<'_> {
    /// Reads `source` to its end; gives each batch to `work` on some thread and each result to `consume`, in input
    /// order, on this thread. What comes after a damage in its file is left out. Returns the seconds spent reading.
    ///
    /// # Errors
    /// The first error in input order, whatever stage it comes from; [`Error::Interrupted`] when asked to stop.
    pub fn each<T: Send>(
        &self,
        source: Box<dyn Source>,
        work: impl Fn(Batch) -> Result<T> + Sync,
        mut consume: impl FnMut(Timed<T>) -> Result<()>,
    ) -> Result<f64> {
        let threads = self.threads.max(1);
        let permits = threads * 2 + 1;
        let (permit_tx, permit_rx) = bounded::<()>(permits);
        for _ in 0..permits {
            let _ = permit_tx.send(());
        }
        let (chunk_tx, chunk_rx) = unbounded::<Numbered<Chunk>>();
        let (result_tx, result_rx) = unbounded::<Answer<T>>();
        // Dropping `alive` ends the workers even while the reader is blocked in a read that never returns (a silent
        // standard input): the reader is detached and only workers are joined.
        let (alive, ended) = bounded::<()>(0);
        let read_nanos = Arc::new(AtomicU64::new(0));
        spawn_reader(source, permit_rx, chunk_tx, Arc::clone(&read_nanos))?;

        std::thread::scope(|scope| {
            for i in 0..threads {
                let (chunks, results, ended) = (chunk_rx.clone(), result_tx.clone(), ended.clone());
                let work = &work;
                std::thread::Builder::new()
                    .name(format!("oddflow-{i}"))
                    .spawn_scoped(scope, move || worker(&chunks, &results, &ended, work))
                    .map_err(|e| Error::Device(format!("no thread could be started: {e}")))?;
            }
            drop(result_tx);
            let outcome = self.consume_in_order(&result_rx, &permit_tx, &mut consume);
            drop(alive);
            outcome
        })?;
        Ok(Duration::from_nanos(read_nanos.load(Ordering::Relaxed)).as_secs_f64())
    }

    fn consume_in_order<T>(
        &self,
        results: &Receiver<Answer<T>>,
        permits: &Sender<()>,
        consume: &mut impl FnMut(Timed<T>) -> Result<()>,
    ) -> Result<()> {
        let mut waiting = BTreeMap::new();
        let mut next = 0;
        let mut at = Progress::default();
        let mut damaged = None;
        loop {
            self.stop.check()?;
            match results.recv_timeout(Duration::from_millis(100)) {
                Ok((number, file, result)) => {
                    waiting.insert(number, (file, result));
                }
                Err(RecvTimeoutError::Timeout) => continue,
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(Error::Internal("the input ended without an end".into()));
                }
            }
            while let Some((file, result)) = waiting.remove(&next) {
                if file.is_some() && file == damaged {
                    // Workers may have been past the damage before it was met: their work, errors too, does not count.
                    at.source_bytes += result.ok().flatten().map_or(0, |timed| timed.source_bytes);
                } else {
                    // An input that was cut short by a request to stop may look like one that ended.
                    let Some(timed) = result? else { return self.stop.check() };
                    at.source_bytes += timed.source_bytes;
                    at.rows += timed.rows as u64;
                    damaged = if timed.ends_file { file } else { damaged };
                    consume(timed)?;
                }
                (self.progress)(at);
                next += 1;
                // The reader may be gone already; then nobody needs the permit.
                let _ = permits.send(());
            }
        }
    }
}

/// The detached reader: takes a permit, reads a chunk, hands it on; ends with the source, an error, or its readers.
fn spawn_reader(
    mut source: Box<dyn Source>,
    permits: Receiver<()>,
    chunks: Sender<Numbered<Chunk>>,
    nanos: Arc<AtomicU64>,
) -> Result<()> {
    let body = move || {
        let mut number = 0;
        while permits.recv().is_ok() {
            let start = Instant::now();
            let next = source.next_chunk();
            nanos.fetch_add(start.elapsed().as_nanos() as u64, Ordering::Relaxed);
            let last = !matches!(next, Ok(Some(_)));
            if chunks.send((number, next)).is_err() || last {
                return;
            }
            number += 1;
        }
    };
    std::thread::Builder::new()
        .name("oddflow-read".into())
        .spawn(body)
        .map(drop)
        .map_err(|e| Error::Device(format!("no thread could be started: {e}")))
}

fn worker<T: Send>(
    chunks: &Receiver<Numbered<Chunk>>,
    results: &Sender<Answer<T>>,
    ended: &Receiver<()>,
    work: &(impl Fn(Batch) -> Result<T> + Sync),
) {
    let run = || {
        loop {
            let (number, chunk) = select! {
                recv(chunks) -> item => match item { Ok(item) => item, Err(_) => return },
                recv(ended) -> _ => return,
            };
            let file = chunk.as_ref().ok().and_then(|chunk| chunk.as_ref()?.file);
            let result = chunk.and_then(|chunk| chunk.map(|chunk| contained(chunk, work)).transpose());
            if results.send((number, file, result)).is_err() {
                return;
            }
        }
    };
    // `use_current_thread` makes this very thread the pool: nested parallel iterators run here, serially.
    match rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread().build() {
        Ok(pool) => pool.install(run),
        Err(_) => run(),
    }
}

/// A panic on one chunk is that chunk's error: the other workers would wait for its result for ever.
fn contained<T>(chunk: Chunk, work: &impl Fn(Batch) -> Result<T>) -> Result<Timed<T>> {
    std::panic::catch_unwind(AssertUnwindSafe(|| parse_and_work(chunk, work))).unwrap_or_else(|payload| {
        let words = payload.downcast_ref::<String>().map(String::as_str);
        let words = words.or(payload.downcast_ref::<&str>().copied()).unwrap_or("a panic");
        Err(Error::Internal(words.to_owned()))
    })
}

fn parse_and_work<T>(chunk: Chunk, work: &impl Fn(Batch) -> Result<T>) -> Result<Timed<T>> {
    let source_bytes = chunk.source_bytes;
    let start = Instant::now();
    let batch = chunk.parse()?;
    let parse = start.elapsed();
    let (rows, ends_file) = (batch.n_rows(), batch.damage.is_some());
    Ok(Timed { value: work(batch)?, parse, rows, source_bytes, ends_file })
}
