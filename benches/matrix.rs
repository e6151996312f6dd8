//! Times forests on matrices of your own, to set beside other libraries on the same files:
//!
//! ```text
//! cargo bench --bench matrix -- TRAIN.npy SCORE.npy [THREADS] [REPEATS]
//! ```
//!
//! Both are float32, rows × features. Prints one JSON line a case. Cases: `score` (forest fitted on TRAIN, f32 rows of
//! SCORE to f64 scores), `fit` (100 trees of 256 rows on SCORE), `fit_threshold` (the same, all rows of SCORE scored,
//! severity and threshold for a contamination of 0.1 chosen).

mod timing;

use oddflow::detectors::{Detector, DetectorParams, IsolationForestParams, Severity, Threshold, ThresholdRule};
use oddflow::device::Device;
use std::hint::black_box;
use timing::{Arguments, Failure, arguments, say, timed};

fn main() -> Result<(), Failure> {
    let Some(Arguments { matrices, threads, repeats }) = arguments(2)? else {
        return say("usage: cargo bench --bench matrix -- TRAIN.npy SCORE.npy [THREADS] [REPEATS]");
    };
    let (train, rows) = (&matrices[0], &matrices[1]);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
    pool.install(|| {
        let params = DetectorParams::IsolationForest(IsolationForestParams::default());
        let scorer = Detector::fit(train.view(), &params)?.scorer(&Device::Cpu, rows.nrows())?;
        timed("score", rows, repeats, &|| scorer.score(rows.view()).map(|scores| drop(black_box(scores))))?;
        timed("fit", rows, repeats, &|| Detector::fit(rows.view(), &params).map(|detector| drop(black_box(detector))))?;
        timed("fit_threshold", rows, repeats, &|| {
            let detector = Detector::fit(rows.view(), &params)?;
            let scores = detector.scorer(&Device::Cpu, rows.nrows())?.score(rows.view())?;
            let severity = Severity::fit(&scores)?;
            Threshold::resolve(ThresholdRule::Contamination(0.1), &scores, &severity)
                .map(|t| drop(black_box((detector, t))))
        })
    })
}
