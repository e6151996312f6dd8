//! One-class support vector machines are libsvm's: objective, decision function, offsets, ν-property.

use ndarray::{Array0, Array1, Array2, ArrayView2};
use ndarray_npy::{NpzReader, ReadableElement};
use oddflow::Stop;
use oddflow::detectors::{Detector, FitContext, Gamma, OneClassSvm, OneClassSvmParams, SvmSolver};
use oddflow::device::{self, Device, DeviceChoice, adapters};
use std::fs::File;
use std::path::PathBuf;

/// The file of reference values; `None`, said, where it is not at hand.
fn golden() -> Option<NpzReader<File>> {
    let shared = std::env::var_os("ODDFLOW_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    let path = shared.join("golden/ocsvm.npz");
    if !path.exists() {
        println!("skipped: {} is not there; set ODDFLOW_SHARED to the folder of shared data", path.display());
        return None;
    }
    Some(NpzReader::new(File::open(path).unwrap()).unwrap())
}

fn vector<T: ReadableElement>(file: &mut NpzReader<File>, name: &str) -> Array1<T> {
    file.by_name(name).unwrap()
}

fn scalar(file: &mut NpzReader<File>, name: &str) -> f64 {
    let value: Array0<f64> = file.by_name(name).unwrap();
    value.into_scalar()
}

/// The CPU, and every adapter that can be opened, unless `ODDFLOW_GPU=off`.
fn devices() -> Vec<Device> {
    let mut devices = vec![Device::Cpu];
    if std::env::var("ODDFLOW_GPU").is_ok_and(|demand| demand == "off") {
        return devices;
    }
    let usable = adapters().iter().filter(|adapter| adapter.shortfall().is_none());
    devices.extend(usable.map(|adapter| device::open(&DeviceChoice::Index(adapter.index)).unwrap()));
    devices
}

/// −decision_function of rows, on the device.
fn scores(machine: OneClassSvm, rows: ArrayView2<'_, f32>, device: &Device) -> Vec<f64> {
    Detector::from(machine).scorer(device, rows.nrows()).unwrap().score(rows).unwrap()
}

#[test]
fn machines_are_libsvms() {
    let Some(mut file) = golden() else { return };
    let x: Array2<f64> = file.by_name("X").unwrap();
    let q: Array2<f64> = file.by_name("Q").unwrap();
    let gamma = scalar(&mut file, "gamma");
    let (x, q) = (x.mapv(|x| x as f32), q.mapv(|x| x as f32));
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
                let objective = scalar(&mut file, &format!("nu{nu}_{kind}_objective"));
                let off = (report.objective - objective).abs() / objective;
                assert!(off <= of_objective, "{name}: objective {} and {objective}, {off:e}", report.objective);
                let expected: Array1<f64> = vector(&mut file, &format!("nu{nu}_{kind}_decision_function"));
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
