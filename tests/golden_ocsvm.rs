//! One-class support vector machines are libsvm's: objective, decision function, offsets, ν-property.

#[path = "support/golden.rs"]
mod golden;

use golden::{devices, golden, matrix, scalar, vector};
use ndarray::ArrayView2;
use oddflow::Stop;
use oddflow::detectors::{Detector, FitContext, Gamma, OneClassSvm, OneClassSvmParams, SvmSolver};
use oddflow::device::Device;

/// −decision_function of rows, on the device.
fn scores(machine: OneClassSvm, rows: ArrayView2<'_, f32>, device: &Device) -> Vec<f64> {
    Detector::from(machine).scorer(device, rows.nrows()).unwrap().score(rows).unwrap()
}

#[test]
fn machines_are_libsvms() {
    let Some(mut file) = golden("ocsvm.npz") else { return };
    let mut narrowed = |name: &str| matrix::<f64>(&mut file, name).mapv(|x| x as f32);
    let (x, q) = (narrowed("X"), narrowed("Q"));
    let gamma = scalar::<f64>(&mut file, "gamma");
    assert!((Gamma::Scale.resolve(x.view()) / gamma - 1.0).abs() < 1e-6);
    let n = x.nrows() as f64;
    for device in devices() {
        for nu in [0.01, 0.1, 0.5] {
            for (kind, tolerance, of_objective) in [("default", 1e-3, 1e-5), ("tight", 1e-6, 1e-6)] {
                let name = format!("{}, nu {nu}, {kind}", device.describe());
                let params = OneClassSvmParams {
                    nu,
                    gamma: Gamma::Value(gamma),
                    tolerance,
                    solver: SvmSolver::Exact,
                    ..OneClassSvmParams::default()
                };
                let stop = Stop::new();
                let machine = OneClassSvm::fit_in(x.view(), &params, &FitContext::new(&device, &stop)).unwrap();
                let report = *machine.report();
                assert!(machine.has_converged() && report.gap <= tolerance, "{name}: {report:?}");
                assert!(report.n_bounded as f64 <= nu * n && nu * n <= report.n_support as f64, "{name}: {report:?}");
                let total: f64 = machine.expansion().coefficients().iter().sum();
                assert!((total - nu * n).abs() < 1e-9 * n, "{name}: {total}");
                let objective = scalar::<f64>(&mut file, &format!("nu{nu}_{kind}_objective"));
                let off = (report.objective - objective).abs() / objective;
                assert!(off <= of_objective, "{name}: objective {} and {objective}, {off:e}", report.objective);
                let expected = vector::<f64>(&mut file, &format!("nu{nu}_{kind}_decision_function"));
                let found = scores(machine, q.view(), &device);
                let most = found.iter().zip(&expected).map(|(f, e)| (-f - e).abs()).fold(0.0, f64::max);
                println!(
                    "{name}: {} working sets, gap {:.1e}, objective off by {off:.1e}, f by {most:.1e}",
                    report.n_iterations, report.gap
                );
                assert!(most <= 2.0 * tolerance + 1e-6 * nu * n, "{name}: decision function differs by {most:e}");
            }
        }
    }
}
