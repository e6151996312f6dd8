//! Wall and CPU seconds and peak memory of a case, as one JSON line.

use ndarray::Array2;
use std::io::{ErrorKind, Write};
use std::time::Instant;

pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// What the command line says.
pub struct Arguments {
    pub matrices: Vec<Array2<f32>>,
    pub threads: usize,
    pub repeats: usize,
}

/// The arguments after `--`: `n_files` matrices, then 2 threads and 7 repeats unless said; None where files are missing.
pub fn arguments(n_files: usize) -> Result<Option<Arguments>, Failure> {
    // cargo itself adds `--bench`.
    let args: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    let (Some(files), rest) = (args.get(..n_files), args.get(n_files..).unwrap_or_default()) else {
        return Ok(None);
    };
    let matrices = files.iter().map(ndarray_npy::read_npy).collect::<Result<_, _>>()?;
    let threads = rest.first().map_or(Ok(2), |t| t.parse())?;
    let repeats = rest.get(1).map_or(Ok(7), |r| r.parse())?;
    Ok(Some(Arguments { matrices, threads, repeats }))
}

/// Writes a line to stdout. Where nobody reads on (`| head -1`), the program ends there without a word.
pub fn say(line: &str) -> Result<(), Failure> {
    match writeln!(std::io::stdout().lock(), "{line}") {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => std::process::exit(0),
        written => Ok(written?),
    }
}

/// Runs `body` once, then `repeats` times, and prints the median, least and greatest wall seconds, the CPU seconds of a
/// run, and the most memory above what the process had before.
pub fn timed(
    case: &str,
    rows: &Array2<f32>,
    repeats: usize,
    body: &dyn Fn() -> oddflow::Result<()>,
) -> Result<(), Failure> {
    let threads = rayon::current_num_threads();
    reset_peak();
    let before = memory_mb("VmRSS:");
    body()?;
    let mut times = Vec::with_capacity(repeats);
    let cpu = cpu_seconds();
    for _ in 0..repeats {
        let begin = Instant::now();
        body()?;
        times.push(begin.elapsed().as_secs_f64());
    }
    let cpu = (cpu_seconds() - cpu) / repeats as f64;
    let delta = memory_mb("VmHWM:") - before;
    times.sort_by(f64::total_cmp);
    say(&format!(
        "{{\"case\": \"{case}\", \"rows\": {}, \"features\": {}, \"threads\": {threads}, \"med\": {:.4}, \"min\": {:.4}, \
         \"max\": {:.4}, \"cpu\": {cpu:.4}, \"delta_mb\": {delta:.1}}}",
        rows.nrows(),
        rows.ncols(),
        times[repeats / 2],
        times[0],
        times[repeats - 1]
    ))
}

/// CPU seconds of this process, where the system tells (Linux: in hundredths); else 0.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let field = |i: usize| after_name.split_whitespace().nth(i).and_then(|f| f.parse::<f64>().ok()).unwrap_or(0.0);
    (field(11) + field(12)) / 100.0
}

/// Forgets the peak so far, where the system lets us.
fn reset_peak() {
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

/// A line of the process's status, where the system tells; else 0.
fn memory_mb(name: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kb| kb.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
}
