//! Times local outlier factors on matrices of your own, to set beside other libraries on the same files:
//!
//! ```text
//! cargo bench --bench lof -- ROWS.npy NEW.npy [THREADS] [REPEATS]
//! ```
//!
//! Both are float32, rows × features. Prints one JSON line a case, 20 neighbours each. Cases: `lof_outlier` (ROWS scored
//! among themselves, preparation included), `lof_novelty` (NEW scored among ROWS, fitted before).

mod timing;

use oddflow::detectors::{Detector, DetectorParams, LocalOutlierFactorParams};
use oddflow::device::Device;
use std::hint::black_box;
use timing::{Arguments, Failure, arguments, say, timed};

fn main() -> Result<(), Failure> {
    let Some(Arguments { matrices, threads, repeats }) = arguments(2)? else {
        return say("usage: cargo bench --bench lof -- ROWS.npy NEW.npy [THREADS] [REPEATS]");
    };
    let (rows, new) = (&matrices[0], &matrices[1]);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
    pool.install(|| {
        let params = DetectorParams::LocalOutlierFactor(LocalOutlierFactorParams::default());
        timed("lof_outlier", rows, repeats, &|| {
            let detector = Detector::fit(rows.view(), &params)?;
            black_box(detector.known_scores().map(|scores| scores.iter().sum::<f64>()));
            Ok(())
        })?;
        let scorer = Detector::fit(rows.view(), &params)?.scorer(&Device::Cpu, new.nrows())?;
        timed("lof_novelty", new, repeats, &|| scorer.score(new.view()).map(|scores| drop(black_box(scores))))
    })
}
