//! `neighbors` from end to end: the same lists, bit for bit, on every device, and as the key says.

use super::devices::{open, present, small_bindings};
use super::neighbors_cases::{Case, Values};
use super::wrong_kernels::edited;
use ndarray::ArrayView2;
use oddflow::Stop;
use oddflow::device::{Device, GpuOptions};
use oddflow::ops::neighbors::{Neighbor, Neighbors, Queries, Watch};
use std::sync::Arc;

/// Indices and the bits of distances, a list a query.
type Lists = Vec<Vec<(u32, u64)>>;

fn bits(_: usize, list: &[Neighbor]) -> Vec<(u32, u64)> {
    list.iter().map(|neighbor| (neighbor.index, neighbor.sq_dist.to_bits())).collect()
}

/// All references by (distance, index), one of them left out perhaps; the first k.
fn oracle(case: &Case, query: &[f32], left_out: Option<usize>) -> Vec<(u32, u64)> {
    let mut all: Vec<(f64, u32)> = Vec::new();
    for (index, row) in case.references.chunks(case.n_features).enumerate() {
        let mut sum = 0.0f64;
        for (q, r) in query.iter().zip(row) {
            let difference = f64::from(*q) - f64::from(*r);
            sum += difference * difference;
        }
        if left_out != Some(index) {
            all.push((sum, index as u32));
        }
    }
    all.sort_by(|a, b| a.partial_cmp(b).expect("finite"));
    all.truncate(case.k);
    all.into_iter().map(|(distance, index)| (index, distance.to_bits())).collect()
}

fn matrix(values: &[f32], n_features: usize) -> ArrayView2<'_, f32> {
    ArrayView2::from_shape((values.len() / n_features, n_features), values).expect("whole rows")
}

/// Lists of the queries, of the queries with a reference left out, and of the references among themselves.
fn lists(case: &Case, op: &Neighbors) -> (Lists, Lists, Lists) {
    let stop = Stop::new();
    let queries = matrix(&case.queries, case.n_features);
    let left_out: Vec<Option<u32>> =
        (0..queries.nrows()).map(|i| (i % 3 != 0).then_some((i * 7919 % op.n_references()) as u32)).collect();
    let found = op.map(Queries::new(queries), case.k, Watch::stop(&stop), bits).expect(&case.name);
    let without = op.map(Queries::excluding(queries, &left_out), case.k, Watch::stop(&stop), bits).expect(&case.name);
    let own = op.self_map(case.k, Watch::stop(&stop), bits).expect(&case.name);
    (found, without, own)
}

/// What the key says about the same; of the references among themselves, every `step`-th.
fn expected(case: &Case, step: usize) -> (Lists, Lists, Lists) {
    let n_references = case.references.len() / case.n_features;
    let queries = || case.queries.chunks(case.n_features).enumerate();
    (
        queries().map(|(_, query)| oracle(case, query, None)).collect(),
        queries().map(|(i, query)| oracle(case, query, (i % 3 != 0).then_some(i * 7919 % n_references))).collect(),
        (0..n_references)
            .step_by(step)
            .map(|i| oracle(case, &case.references[i * case.n_features..][..case.n_features], Some(i)))
            .collect(),
    )
}

fn prepare(case: &Case, device: &Device) -> Neighbors {
    Neighbors::prepare(matrix(&case.references, case.n_features), device).expect(&case.name)
}

/// The CPU against the key, every GPU against the CPU.
fn everywhere(case: &Case) {
    let cpu = prepare(case, &Device::Cpu);
    let all = lists(case, &cpu);
    let step = (all.2.len() / 50).max(1);
    let some = (all.0.clone(), all.1.clone(), all.2.iter().step_by(step).cloned().collect());
    assert!(some == expected(case, step), "{} on the CPU", case.name);
    for adapter in present() {
        for options in [GpuOptions::default(), small_bindings()] {
            let gpu = open(adapter, &options);
            let op = prepare(case, &Device::Gpu(Arc::clone(&gpu)));
            assert!(lists(case, &op) == all, "{} on {}", case.name, gpu.report().describe());
            assert_eq!(op.settled().near_ties, cpu.settled().near_ties, "{}", case.name);
            assert_eq!(gpu.counters().in_flight, 0);
        }
    }
    assert_eq!(cpu.settled().searched_on_host, 0, "it is the host");
}

#[test]
fn narrow_and_wide_rows() {
    everywhere(&Case::new(Values::Ramp, 1, 1_009, 20, 65));
    everywhere(&Case::new(Values::Skewed, 8, 1_009, 20, 65));
    everywhere(&Case::new(Values::Skewed, 40, 701, 1, 65));
    everywhere(&Case::new(Values::Skewed, 1000, 131, 7, 9));
}

#[test]
fn large_k() {
    everywhere(&Case::new(Values::Skewed, 8, 701, 90, 65));
    everywhere(&Case::new(Values::Skewed, 3, 301, 300, 9));
}

/// Exact duplicates in plenty, rows that are all equal, ties that f32 sees otherwise than f64, and values beyond its squares.
#[test]
fn ties_and_awkward_values() {
    everywhere(&Case::new(Values::Coarse, 3, 900, 20, 65));
    everywhere(&Case::new(Values::Coarse, 8, 900, 20, 65));
    everywhere(&Case::new(Values::Equal, 8, 300, 20, 65));
    everywhere(&Case::new(Values::NearTies, 40, 700, 20, 9));
    everywhere(&Case::new(Values::FarOff, 8, 701, 20, 65));
    everywhere(&Case::new(Values::Extreme, 2, 700, 20, 65));
    everywhere(&Case::new(Values::Scaled(3e38), 8, 301, 20, 65));
    everywhere(&Case::new(Values::Scaled(3e-22), 8, 701, 20, 65));
}

/// The queries that the host searched are those whose candidates the device had no room for, no more and no fewer.
#[test]
fn what_the_host_searched_is_what_it_says() {
    for (values, some) in [(Values::Skewed, false), (Values::Scaled(3e-22), true), (Values::FarOff, true)] {
        let case = Case::new(values, 8, 1_009, 20, 131);
        for adapter in present() {
            let op = prepare(&case, &Device::Gpu(open(adapter, &small_bindings())));
            // References a millionth of the way to those far off: squares of all distances overflow.
            let mut queries = case.queries.clone();
            if values == Values::FarOff {
                queries.iter_mut().step_by(16).for_each(|value| *value = -3e38);
            }
            let rows = matrix(&queries, case.n_features);
            let found = op.map(Queries::new(rows), case.k, Watch::stop(&Stop::new()), bits).expect("found");
            let (mut without, mut candidates) = (0, Vec::new());
            op.gpu()
                .expect("a GPU body")
                .candidates(&queries, case.k, |batch| {
                    without += batch.queries().filter(|&query| !batch.of(query, &mut candidates)).count() as u64;
                    Ok(())
                })
                .expect("found");
            assert_eq!(op.settled().searched_on_host, without, "{}", case.name);
            assert_eq!(without > 0, some, "{}: {without} of 131", case.name);
            for (query, list) in queries.chunks(case.n_features).zip(&found) {
                assert!(*list == oracle(&case, query, None), "{}", case.name);
            }
        }
    }
}

/// A device that rounds otherwise, as one does that fuses or reorders: distances a little larger where tiles are compared
/// and a little smaller where lists are made, and the reverse. Lists are the same bits.
#[test]
fn rounding_of_a_device_decides_nothing() {
    let roundings = [("1.0000002", "0.9999998"), ("0.9999998", "1.0000002")];
    for case in [
        Case::new(Values::Skewed, 8, 1_009, 20, 65),
        Case::new(Values::NearTies, 40, 700, 20, 9),
        Case::new(Values::Coarse, 8, 900, 20, 65),
    ] {
        let all = lists(&case, &prepare(&case, &Device::Cpu));
        for adapter in present() {
            for (tiles, listed) in roundings {
                let edit = move |_: &str, text: String| {
                    text.replace("vec4<u32>>(distances)", &format!("vec4<u32>>(distances * {tiles})"))
                        .replace("bitcast<u32>(sum)", &format!("bitcast<u32>(sum * {listed})"))
                };
                let changed =
                    oddflow::ops::shaders().into_iter().filter(|(name, text)| edit(name, text.clone()) != *text);
                assert_eq!(changed.count(), 2, "both kernels compute distances");
                let gpu = open(adapter, &edited(small_bindings(), edit));
                assert!(lists(&case, &prepare(&case, &Device::Gpu(gpu))) == all, "{}, {tiles}", case.name);
            }
        }
    }
}

/// Nothing to look for: no queries, and no rows but copies of one.
#[test]
fn nothing_to_search() {
    let case = Case::new(Values::Equal, 3, 40, 5, 1);
    for adapter in present() {
        let op = prepare(&case, &Device::Gpu(open(adapter, &GpuOptions::default())));
        let none = op.map(Queries::new(matrix(&[], 3)), 5, Watch::stop(&Stop::new()), bits).expect("nothing");
        assert!(none.is_empty());
        let own = op.self_map(5, Watch::stop(&Stop::new()), bits).expect("found");
        assert_eq!(own.len(), 40);
        assert_eq!(own[2], [0, 1, 3, 4, 5].map(|index| (index, 0)));
    }
}
