//! Times one-class support vector machines on matrices of your own, to set beside other libraries on the same files:
//!
//! ```text
//! cargo bench --bench svm -- ROWS.npy NEW.npy [THREADS] [REPEATS]
//! ```
//!
//! Both are float32, rows × features; ν is 0.1 (`NU` in the environment), γ `scale`, the tolerance 0.001. Prints one JSON
//! line a case: `svm_fit` (the dual problem of ROWS, exactly unless `SOLVER=nystroem`), `svm_report` (how that fit ended, not
//! timed), `svm_score` (NEW by that machine).
//!
//! `SCORES=OUT.npy` keeps the scores of NEW.

mod timing;

use oddflow::detectors::{Detector, OneClassSvm, OneClassSvmParams};
use oddflow::device::Device;
use std::hint::black_box;
use timing::{Arguments, Failure, arguments, say, timed};

fn main() -> Result<(), Failure> {
    let Some(Arguments { matrices, threads, repeats }) = arguments(2)? else {
        return say("usage: cargo bench --bench svm -- ROWS.npy NEW.npy [THREADS] [REPEATS]");
    };
    let (rows, new) = (&matrices[0], &matrices[1]);
    let said = |name: &str, default: &str| std::env::var(name).unwrap_or_else(|_| default.to_owned());
    let params = OneClassSvmParams {
        nu: said("NU", "0.1").parse()?,
        solver: said("SOLVER", "exact").parse()?,
        ..Default::default()
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
    pool.install(|| {
        timed("svm_fit", rows, repeats, &|| {
            OneClassSvm::fit(rows.view(), &params).map(|machine| drop(black_box(machine)))
        })?;
        let machine = OneClassSvm::fit(rows.view(), &params)?;
        say(&serde_json::json!({ "case": "svm_report", "report": machine.report() }).to_string())?;
        let scorer = Detector::from(machine).scorer(&Device::Cpu, new.nrows())?;
        if let Some(path) = std::env::var_os("SCORES") {
            ndarray_npy::write_npy(path, &ndarray::Array1::from(scorer.score(new.view())?))?;
        }
        timed("svm_score", new, repeats, &|| scorer.score(new.view()).map(|scores| drop(black_box(scores))))
    })
}
