//! Times fitting and scoring on matrices of your own, to set beside other libraries on the same files:
//!
//! ```text
//! cargo bench --bench matrix -- TRAIN.npy SCORE.npy [THREADS] [REPEATS]
//! ```
//!
//! Both are float32, rows × features. Prints one JSON line a case: the median, least and greatest wall seconds and the
//! CPU seconds of a run. Cases: `score` (forest fitted on TRAIN, f32 rows of SCORE to f64 scores), `fit` (100 trees of
//! 256 rows on SCORE), `fit_threshold` (the same, all rows of SCORE scored, severity and threshold for a
//! contamination of 0.1 chosen).

use ndarray::{Array2, ArrayView2};
use oddflow::detectors::{Detector, DetectorParams, IsolationForestParams, Severity, Threshold, ThresholdRule};
use oddflow::device::Device;
use std::hint::black_box;
use std::time::Instant;

type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    // cargo itself adds `--bench`.
    let args: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    let [train, score, rest @ ..] = args.as_slice() else {
        println!("usage: cargo bench --bench matrix -- TRAIN.npy SCORE.npy [THREADS] [REPEATS]");
        return Ok(());
    };
    let threads = rest.first().map_or(Ok(2), |t| t.parse())?;
    let repeats = rest.get(1).map_or(Ok(7), |r| r.parse())?;
    let (train, rows): (Array2<f32>, Array2<f32>) = (ndarray_npy::read_npy(train)?, ndarray_npy::read_npy(score)?);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
    pool.install(|| run(train.view(), rows.view(), threads, repeats))
}

fn run(train: ArrayView2<'_, f32>, rows: ArrayView2<'_, f32>, threads: usize, repeats: usize) -> Result<(), Failure> {
    let params = DetectorParams::IsolationForest(IsolationForestParams::default());
    let scorer = Detector::fit(train, &params)?.scorer(&Device::Cpu, rows.nrows())?;
    let timed = |case: &str, body: &dyn Fn() -> oddflow::Result<()>| -> Result<(), Failure> {
        body()?;
        let mut times = Vec::with_capacity(repeats);
        let cpu = cpu_seconds();
        for _ in 0..repeats {
            let begin = Instant::now();
            body()?;
            times.push(begin.elapsed().as_secs_f64());
        }
        let cpu = (cpu_seconds() - cpu) / repeats as f64;
        times.sort_by(f64::total_cmp);
        println!(
            "{{\"case\": \"{case}\", \"rows\": {}, \"features\": {}, \"threads\": {threads}, \"med\": {:.4}, \"min\": {:.4}, \
             \"max\": {:.4}, \"cpu\": {cpu:.4}}}",
            rows.nrows(),
            rows.ncols(),
            times[repeats / 2],
            times[0],
            times[repeats - 1]
        );
        Ok(())
    };
    timed("score", &|| scorer.score(rows).map(|scores| drop(black_box(scores))))?;
    timed("fit", &|| Detector::fit(rows, &params).map(|detector| drop(black_box(detector))))?;
    timed("fit_threshold", &|| {
        let detector = Detector::fit(rows, &params)?;
        let scores = detector.scorer(&Device::Cpu, rows.nrows())?.score(rows)?;
        let severity = Severity::fit(&scores)?;
        Threshold::resolve(ThresholdRule::Contamination(0.1), &scores, &severity)
            .map(|t| drop(black_box((detector, t))))
    })
}

/// CPU seconds of this process, where the system tells (Linux: in hundredths); else 0.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let field = |i: usize| after_name.split_whitespace().nth(i).and_then(|f| f.parse::<f64>().ok()).unwrap_or(0.0);
    (field(11) + field(12)) / 100.0
}
