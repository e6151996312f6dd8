use super::super::{Detector, DetectorParams};
use super::solve::{solve, solve_from};
use super::*;
use crate::features::math;
use crate::ops::neighbors::Watch;
use ndarray::{Array2, array};
use proptest::prelude::*;
use std::cell::RefCell;

/// Rows on a grid of so many levels, so that some are equal.
fn rows(seed: u64, n_rows: usize, n_features: usize, levels: u64) -> Array2<f32> {
    let mut state = seed;
    Array2::from_shape_simple_fn((n_rows, n_features), || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 33) % levels) as f32 / levels as f32 * 3.0
    })
}

fn params(nu: f64, tolerance: f64) -> OneClassSvmParams {
    OneClassSvmParams { nu, tolerance, gamma: Gamma::Value(0.7), solver: SvmSolver::Exact, ..Default::default() }
}

fn kernel(rows: &Array2<f32>, gamma: f64) -> Array2<f64> {
    let n = rows.nrows();
    Array2::from_shape_fn((n, n), |(i, j)| {
        let squares = rows.row(i).into_iter().zip(rows.row(j)).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2));
        math::exp(-gamma * squares.sum::<f64>())
    })
}

/// The nearest point of {0 ≤ α ≤ 1, Σα = budget}, by bisection on the shift.
fn projected(point: &[f64], budget: f64) -> Vec<f64> {
    let shifted = |shift: f64| -> Vec<f64> { point.iter().map(|a| (a - shift).clamp(0.0, 1.0)).collect() };
    let (mut low, mut high) = (-1e3, 1e3);
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if shifted(middle).iter().sum::<f64>() > budget { low = middle } else { high = middle }
    }
    shifted(high)
}

/// The least ½ αᵀKα by projected gradient steps.
fn oracle(kernel: &Array2<f64>, budget: f64) -> f64 {
    let n = kernel.nrows();
    let mut alpha = projected(&vec![budget / n as f64; n], budget);
    let gradient = |alpha: &[f64]| kernel.dot(&ndarray::ArrayView1::from(alpha)).to_vec();
    for _ in 0..20_000 {
        let g = gradient(&alpha);
        let moved: Vec<f64> = alpha.iter().zip(&g).map(|(a, g)| a - g / n as f64).collect();
        alpha = projected(&moved, budget);
    }
    0.5 * alpha.iter().zip(gradient(&alpha)).map(|(a, g)| a * g).sum::<f64>()
}

#[test]
fn the_objective_is_the_least_there_is() {
    for (seed, n, nu) in [(1, 15, 0.3), (2, 24, 0.1), (3, 20, 0.75), (4, 9, 0.05), (5, 12, 1.0)] {
        let rows = rows(seed, n, 2, 1_000);
        let fitted = OneClassSvm::fit(rows.view(), &params(nu, 1e-8)).unwrap();
        let (ours, least) = (fitted.report().objective, oracle(&kernel(&rows, 0.7), nu * n as f64));
        assert!(fitted.has_converged(), "{:?}", fitted.report());
        assert!((ours - least).abs() <= 1e-6 * least, "{n} rows, nu {nu}: {ours}, {least} by projected gradient");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// The conditions, from the fitted coefficients and an own kernel.
    #[test]
    fn the_solution_satisfies_the_conditions(
        seed in any::<u64>(), n in 1usize..120, d in 1usize..5, levels in 1u64..40, nu in 0.001f64..=1.0, low in 2i32..9,
    ) {
        let (rows, tolerance) = (rows(seed, n, d, levels), 10f64.powi(-low));
        prop_assume!(nu * n as f64 > tolerance);
        let fitted = OneClassSvm::fit(rows.view(), &params(nu, tolerance)).unwrap();
        let report = fitted.report();
        let budget = nu * n as f64;
        prop_assert!(fitted.has_converged() && report.gap <= tolerance, "{report:?}");
        prop_assert!(fitted.expansion().coefficients().iter().all(|&a| a > 0.0 && a <= 1.0));
        prop_assert!((fitted.expansion().coefficients().iter().sum::<f64>() - budget).abs() <= 1e-12 * (1.0 + budget));
        prop_assert!(report.n_bounded as f64 <= budget + 1e-9 && budget <= report.n_support as f64 + 1e-9);
        // Rows of the training set with their α; equal rows are interchangeable, so copies are looked up one by one.
        let gradient: Vec<f64> = rows.outer_iter().map(|row| {
            let products = fitted.expansion().vectors().outer_iter().map(|s| {
                let squares = row.iter().zip(s).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2));
                math::exp(-0.7 * squares.sum::<f64>())
            }).collect::<Vec<_>>();
            products.iter().zip(fitted.expansion().coefficients()).map(|(k, a)| k * a).sum()
        }).collect();
        let mut left: Vec<(Vec<f32>, f64)> =
            fitted.expansion().vectors().outer_iter().map(|s| s.to_vec()).zip(fitted.expansion().coefficients().iter().copied()).collect();
        let (mut least, mut largest) = (f64::INFINITY, f64::NEG_INFINITY);
        for (row, &g) in rows.outer_iter().zip(&gradient) {
            let alpha = match left.iter().position(|(s, _)| s[..] == row.to_vec()[..]) {
                Some(place) => left.swap_remove(place).1,
                None => 0.0,
            };
            if alpha < 1.0 { least = least.min(g) }
            if alpha > 0.0 { largest = largest.max(g) }
        }
        prop_assert!(left.is_empty());
        prop_assert!(largest - least <= tolerance + 1e-11 * (1.0 + budget), "{} at {tolerance}", largest - least);
    }
}

#[test]
fn rows_that_leave_no_choice_are_fitted() {
    let fit = |rows: &Array2<f32>, nu| OneClassSvm::fit(rows.view(), &params(nu, 1e-6)).unwrap();
    let one = fit(&array![[1.0, 2.0]], 0.5);
    assert_eq!((one.expansion().coefficients(), one.rho(), one.report().n_support), (&[0.5][..], 0.5, 1));
    for nu in [0.01, 0.3, 1.0] {
        let equal = fit(&Array2::from_elem((50, 3), 2.5), nu);
        assert!((equal.rho() - 50.0 * nu).abs() < 1e-9 && equal.has_converged(), "{:?}", equal.report());
        let twice = rows(9, 40, 2, 3);
        assert!(fit(&twice, nu).has_converged());
    }
    let less_than_one = fit(&rows(3, 20, 2, 50), 0.01);
    assert_eq!(less_than_one.report().n_bounded, 0);
    let all = fit(&rows(3, 20, 2, 50), 1.0);
    assert!(all.expansion().coefficients().iter().all(|&a| a == 1.0) && all.rho().is_finite());
    assert_eq!(Gamma::Scale.resolve(Array2::from_elem((5, 2), 3.0f32).view()), 1.0);
}

/// Where ν n is within the tolerance any start is a solution, whatever it ranks.
#[test]
fn weights_within_the_tolerance_are_refused() {
    let rows = rows(41, 100, 2, 1_000);
    for solver in [SvmSolver::Auto, SvmSolver::Exact, SvmSolver::Nystroem] {
        let fit = |nu: f64, tolerance: f64| {
            OneClassSvm::fit(rows.view(), &OneClassSvmParams { solver, ..params(nu, tolerance) })
        };
        let said = fit(1e-6, 1e-3).unwrap_err().to_string();
        assert!(said.starts_with("nu is 0.000001; the weights of 100 rows sum to 1.00e-4,"), "{said}");
        assert!(said.contains("tolerance of 0.001: give a nu above 1.00e-5, or a tolerance below 1.00e-4"), "{said}");
        let said = fit(0.5, 200.0).unwrap_err().to_string();
        assert!(said.contains("tolerance of 200: give a tolerance below 5.00e1"), "{said}");
        assert!(fit(1.1e-5, 1e-3).is_ok() && fit(1e-6, 1e-5).is_ok(), "{solver}");
    }
}

/// More rows than a working set has.
fn large() -> Array2<f32> {
    rows(11, 4_000, 3, 100_000)
}

#[test]
fn threads_and_cache_change_no_bit() {
    let rows = large();
    let fit = |threads: usize, cache: u64, solver| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let params = OneClassSvmParams { solver, n_components: 60, ..params(0.1, 1e-3) };
        let in_pool = || {
            let stop = Stop::new();
            let context = FitContext { cache, ..FitContext::new(&Device::Cpu, &stop) };
            OneClassSvm::fit_in(rows.view(), &params, &context)
        };
        let fitted = pool.install(in_pool).unwrap();
        let bits: Vec<u64> = fitted.expansion().coefficients().iter().map(|a| a.to_bits()).collect();
        (bits, fitted.rho().to_bits(), *fitted.report())
    };
    for solver in [SvmSolver::Exact, SvmSolver::Nystroem] {
        let first = fit(1, 0, solver);
        for (threads, cache) in [(2, 1 << 20), (3, 200 << 20), (8, 100 << 10)] {
            assert_eq!(first, fit(threads, cache, solver), "{threads} threads, cache {cache}");
        }
    }
}

#[test]
fn another_start_gives_the_same_solution() {
    let rows = large();
    let stop = Stop::new();
    let prepare = || TrainingRows::prepare(rows.view(), 0.7, &Device::Cpu, 64 << 20).unwrap();
    let ours = solve(&mut prepare(), 0.1, 1e-3, &stop, &|_| {}).unwrap();
    let first = (0..4_000).map(|row| if row < 400 { 1.0 } else { 0.0 }).collect();
    let libsvms = solve_from(&mut prepare(), first, 1e-3, &stop, &|_| {}).unwrap();
    println!(
        "{} working sets from low densities, {} from the first rows",
        ours.state.iteration, libsvms.state.iteration
    );
    assert!((ours.objective - libsvms.objective).abs() <= 1e-5 * ours.objective);
}

#[test]
fn as_many_landmarks_as_rows_give_the_exact_solution() {
    let rows = rows(21, 200, 3, 1_000);
    let exact = OneClassSvm::fit(rows.view(), &params(0.2, 1e-6)).unwrap();
    let nystroem = OneClassSvmParams { solver: SvmSolver::Nystroem, n_components: 200, ..params(0.2, 1e-6) };
    let nystroem = OneClassSvm::fit(rows.view(), &nystroem).unwrap();
    assert!(nystroem.has_converged(), "{:?}", nystroem.report());
    let (a, b) = (exact.report().objective, nystroem.report().objective);
    assert!((a - b).abs() <= 1e-3 * a, "{a} {b}");
    let score = |detector: &OneClassSvm| {
        let rbf = Rbf::prepare(detector.expansion(), &Device::Cpu, 200).unwrap();
        detector.score(&rbf, rows.view()).unwrap()
    };
    for (a, b) in score(&exact).iter().zip(score(&nystroem)) {
        assert!((a - b).abs() <= 2e-3 * exact.rho(), "{a} {b}");
    }
}

#[test]
fn what_f64_cannot_reach_is_said() {
    let rows = rows(31, 300, 2, 1_000);
    let fitted = OneClassSvm::fit(rows.view(), &params(0.3, 1e-18)).unwrap();
    let report = fitted.report();
    assert!(!fitted.has_converged() && report.gap > 1e-18 && report.gap < 1e-10, "{report:?}");
}

#[test]
fn a_stop_is_heeded_and_progress_is_told() {
    let (rows, stop, told) = (large(), Stop::new(), RefCell::new(Vec::new()));
    let solver = |state: &SolverState| {
        told.borrow_mut().push(*state);
        if told.borrow().len() == 2 {
            stop.request();
        }
    };
    let context = FitContext { solver: &solver, watch: Watch::stop(&stop), ..FitContext::new(&Device::Cpu, &stop) };
    let stopped = Detector::fit_in(rows.view(), &DetectorParams::OneClassSvm(params(0.1, 1e-9)), &context);
    assert!(matches!(stopped, Err(Error::Interrupted)));
    let told = told.into_inner();
    assert_eq!((told.len(), told[0].iteration, told[1].iteration), (2, 0, 1));
}

#[test]
fn parameters_are_checked_and_written_as_they_are_read() {
    let message = |params: OneClassSvmParams| params.check().unwrap_err().to_string();
    for nu in [0.0, -0.1, 1.1, f64::NAN] {
        assert!(message(params(nu, 1e-3)).contains("nu is"));
    }
    assert!(message(params(0.1, 0.0)).contains("tolerance is 0"));
    assert!(message(OneClassSvmParams { gamma: Gamma::Value(-1.0), ..params(0.1, 1e-3) }).contains("gamma is -1"));
    assert!(message(OneClassSvmParams { n_components: 0, ..params(0.1, 1e-3) }).contains("n_components is 0"));
    for gamma in ["scale", "auto", "0.25"] {
        assert_eq!(gamma.parse::<Gamma>().unwrap().to_string(), gamma);
    }
    assert!("wide".parse::<Gamma>().is_err() && "fast".parse::<SvmSolver>().is_err());
    let written = serde_json::to_string(&params(0.1, 1e-3)).unwrap();
    assert!(written.contains("\"gamma\":0.7") && written.contains("\"solver\":\"exact\""), "{written}");
    assert_eq!(serde_json::from_str::<OneClassSvmParams>(&written).unwrap(), params(0.1, 1e-3));
    assert_eq!(serde_json::from_str::<OneClassSvmParams>("{}").unwrap(), OneClassSvmParams::default());
    assert!(serde_json::from_str::<OneClassSvmParams>("{\"mu\":1}").is_err());
    let fit = |rows: Array2<f32>| OneClassSvm::fit(rows.view(), &params(0.1, 1e-3)).unwrap_err().to_string();
    assert!(fit(Array2::zeros((0, 2))).contains("0 × 2"));
    assert!(fit(Array2::zeros((2, 0))).contains("2 × 0"));
    assert!(fit(array![[1.0, f32::NAN]]).contains("row 0 has it in column 1"));
    let auto = OneClassSvmParams { solver: SvmSolver::Auto, ..params(0.5, 1e-3) };
    assert_eq!((auto.solver_for(8_192), auto.solver_for(8_193)), (SvmSolver::Exact, SvmSolver::Nystroem));
}

#[test]
fn half_precision_keeps_what_it_rounded_until_it_is_saved() {
    let rows = rows(51, 400, 3, 100_000);
    let half = OneClassSvmParams { storage: Storage::F16, ..params(0.2, 1e-3) };
    let (half, plain) =
        (OneClassSvm::fit(rows.view(), &half).unwrap(), OneClassSvm::fit(rows.view(), &params(0.2, 1e-3)).unwrap());
    assert_ne!(half.expansion().vectors(), plain.expansion().vectors());
    assert_eq!(half.unrounded().unwrap().expansion().vectors(), plain.expansion().vectors());
    assert!(plain.unrounded().is_none());
}
