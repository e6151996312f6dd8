use super::super::Detector;
use super::*;
use ndarray::{Array2, array};
use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Rows on a coarse grid, so that many are equal and many distances tie.
fn rows(n_rows: usize, n_features: usize, levels: u64) -> Array2<f32> {
    let mut state = 7u64;
    Array2::from_shape_simple_fn((n_rows, n_features), || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 33) % levels) as f32 / 8.0
    })
}

/// The definition, word for word: squared distances, lists in the order of (distance, index), densities, factors.
fn by_definition(rows: &Array2<f32>, k: usize) -> (Vec<f64>, Vec<f64>, Vec<f64>) {
    let n = rows.nrows();
    let distance = |a: usize, b: usize| {
        let squares = rows.row(a).into_iter().zip(rows.row(b)).map(|(x, y)| (f64::from(*x) - f64::from(*y)).powi(2));
        squares.sum::<f64>().sqrt()
    };
    let lists: Vec<Vec<(f64, usize)>> = (0..n)
        .map(|p| {
            let mut list: Vec<_> = (0..n).filter(|&o| o != p).map(|o| (distance(p, o), o)).collect();
            list.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            list.truncate(k);
            list
        })
        .collect();
    let mean = |values: Vec<f64>| values.iter().sum::<f64>() / k as f64;
    let k_distance: Vec<f64> = lists.iter().map(|list| list[k - 1].0).collect();
    let reach = |list: &Vec<(f64, usize)>| list.iter().map(|&(d, o)| k_distance[o].max(d)).collect();
    let lrd: Vec<f64> = lists.iter().map(|list| 1.0 / (mean(reach(list)) + 1e-10)).collect();
    let factor = |p: usize| mean(lists[p].iter().map(|&(_, o)| lrd[o]).collect()) / lrd[p];
    let factors = (0..n).map(factor).collect();
    (k_distance, lrd, factors)
}

fn params(n_neighbors: usize) -> LocalOutlierFactorParams {
    LocalOutlierFactorParams { n_neighbors }
}

#[test]
fn what_is_fitted_is_what_the_paper_defines() {
    for (rows, k) in [(rows(300, 3, 40), 20), (rows(200, 2, 4), 5), (rows(60, 8, 1_000), 59), (rows(40, 1, 3), 1)] {
        let detector = LocalOutlierFactor::fit(rows.view(), &params(k)).unwrap();
        let (k_distance, lrd, factors) = by_definition(&rows, k);
        assert_eq!((detector.k_distance(), detector.lrd()), (&k_distance[..], &lrd[..]));
        assert_eq!(detector.training_scores().unwrap(), factors);
    }
}

#[test]
fn memory_changes_no_bit() {
    let rows = rows(500, 4, 30);
    let fit = |memory| {
        let (plans, told) = (RefCell::new(Vec::new()), AtomicU64::new(0));
        let plan = |plan: &SelfJoinPlan| plans.borrow_mut().push(*plan);
        let progress = |done: u64, all: u64| {
            assert!(done <= all);
            told.fetch_max(done, Relaxed);
        };
        let stop = Stop::new();
        let watch = Watch { stop: &stop, progress: &progress };
        let context = FitContext { memory, watch, plan: &plan, ..FitContext::new(&Device::Cpu, &stop) };
        let detector = LocalOutlierFactor::fit_in(rows.view(), &params(20), &context).unwrap();
        let plans = plans.into_inner();
        assert_eq!(plans.len(), 1);
        assert_eq!(told.into_inner(), 500 * plans[0].n_passes);
        (plans[0], detector)
    };
    let (kept, a) = fit(1 << 20);
    let (streamed, b) = fit(60_000);
    assert_eq!((kept.n_passes, streamed.n_passes), (1, 3));
    assert_eq!((a.k_distance(), a.lrd(), a.training_scores()), (b.k_distance(), b.lrd(), b.training_scores()));
    assert_eq!(a.settled_at_fit(), b.settled_at_fit(), "three searches of one list count once");
    let stop = Stop::new();
    let context = FitContext { memory: 20_000, ..FitContext::new(&Device::Cpu, &stop) };
    let refused = LocalOutlierFactor::fit_in(rows.view(), &params(20), &context).unwrap_err().to_string();
    assert!(refused.contains("500 rows of 4 features"), "{refused}");
}

#[test]
fn novelty_without_itself_is_the_training_score() {
    let rows = rows(400, 3, 12);
    let detector: Detector = LocalOutlierFactor::fit(rows.view(), &params(10)).unwrap().into();
    let scorer = detector.scorer(&Device::Cpu, 64).unwrap();
    let own: Vec<Option<u32>> = (0..400).map(Some).collect();
    assert_eq!(scorer.score_excluding(rows.view(), &own).unwrap(), detector.known_scores().unwrap());
    assert_eq!(&*detector.training_scores(rows.view(), &Device::Cpu).unwrap(), detector.known_scores().unwrap());
    // One that finds itself is nearer to its list than one that does not.
    let novelty = scorer.score(rows.view()).unwrap();
    assert_ne!(novelty, detector.known_scores().unwrap());
    let part = scorer.score(rows.slice(ndarray::s![100..133, ..])).unwrap();
    assert_eq!(part, novelty[100..133], "a row's score does not depend on its batch");
}

#[test]
fn copies_have_a_density_and_equal_rows_are_alike() {
    let equal = Array2::from_elem((50, 3), 2.5f32);
    let detector = LocalOutlierFactor::fit(equal.view(), &params(20)).unwrap();
    assert!(detector.lrd().iter().all(|&lrd| lrd == 1e10));
    assert!(detector.training_scores().unwrap().iter().all(|&factor| factor == 1.0));
    // Thirty copies, and a row beside them whose 20 neighbours are all copies.
    let mut rows = Array2::from_elem((31, 1), 1.0f32);
    rows[[30, 0]] = 3.0;
    let detector = LocalOutlierFactor::fit(rows.view(), &params(20)).unwrap();
    assert_eq!(detector.training_scores().unwrap()[30], 1e10 / (1.0 / (2.0 + 1e-10)));
}

#[test]
fn there_are_no_more_neighbours_than_other_rows() {
    let rows = array![[0.0f32], [1.0], [3.0]];
    let detector = LocalOutlierFactor::fit(rows.view(), &params(20)).unwrap();
    assert_eq!((detector.n_neighbors(), detector.params().n_neighbors), (2, 20));
    assert_eq!(detector.training_scores(), LocalOutlierFactor::fit(rows.view(), &params(2)).unwrap().training_scores());
    assert_eq!(detector.k_distance(), [3.0, 2.0, 3.0]);
    let message = |rows: Array2<f32>, k| LocalOutlierFactor::fit(rows.view(), &params(k)).unwrap_err().to_string();
    assert!(message(array![[1.0]], 5).contains("at least two"));
    assert!(message(Array2::zeros((5, 0)), 5).contains("at least one feature"));
    assert!(message(rows.clone(), 0).contains("n_neighbors is 0"));
    assert!(message(array![[1.0], [f32::NAN], [2.0]], 1).contains("NaN"));
    let stop = Stop::new();
    stop.request();
    let stopped = LocalOutlierFactor::fit_in(rows.view(), &params(1), &FitContext::new(&Device::Cpu, &stop));
    assert!(matches!(stopped, Err(Error::Interrupted)));
}

#[test]
fn parts_that_no_fit_gives_are_refused() {
    let rows = array![[0.0f32], [1.0], [3.0]];
    let parts = |k_distance: &[f64], lrd: &[f64], k| {
        let made = LocalOutlierFactor::from_parts(rows.view(), k_distance.to_vec(), lrd.to_vec(), params(k));
        made.map(|_| ()).map_err(|error| error.to_string())
    };
    assert_eq!(parts(&[3.0, 2.0, 3.0], &[0.5, 0.5, 1e10], 2), Ok(()));
    assert!(parts(&[3.0, 2.0], &[0.5; 3], 2).unwrap_err().contains("number of k_distance is 2"));
    assert!(parts(&[3.0; 3], &[0.5; 4], 2).unwrap_err().contains("number of lrd is 4"));
    for distance in [-1.0, f64::NAN, f64::INFINITY] {
        assert!(parts(&[1.0, distance, 1.0], &[0.5; 3], 2).unwrap_err().contains("k_distance is"));
    }
    for density in [0.0, -0.5, f64::NAN, f64::INFINITY, 1.1e10] {
        assert!(parts(&[1.0; 3], &[0.5, 0.5, density], 2).unwrap_err().contains("lrd is"));
    }
    assert!(parts(&[1.0; 3], &[0.5; 3], 0).unwrap_err().contains("n_neighbors is 0"));
}
