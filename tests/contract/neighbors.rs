//! `neighbors` on every GPU: candidates hold the k nearest, whatever the shape, the values and the room.

use super::devices::{open, present, small_bindings};
use super::neighbors_cases::{Case, Values, check};
use oddflow::Error;
use oddflow::device::{Gpu, GpuOptions};
use oddflow::ops::neighbors::NeighborsGpu;
use std::sync::Arc;
use std::time::Duration;

/// One query, blocks of 64 and one more or less, a few blocks and one, a prime.
const QUERIES: [usize; 5] = [1, 63, 64, 65, 131];

fn prepare(case: &Case, gpu: &Arc<Gpu>) -> NeighborsGpu {
    NeighborsGpu::prepare(&case.references, case.n_features, gpu).expect(&case.name)
}

/// One case on one GPU; the tile width that must have been used, where it matters; the kernels must have run.
fn on_gpu(gpu: &Arc<Gpu>, case: &Case, width: Option<usize>) {
    let op = prepare(case, gpu);
    let plan = op.tile_and_batch(case.k);
    if width.is_some() {
        assert_eq!(plan.map(|(width, _)| width), width, "{}", case.name);
    }
    let most = case.queries.len() / case.n_features;
    // Poisoning all that a slot holds with large bindings takes longer than the search.
    let counts = if gpu.max_binding_bytes() <= 1 << 20 { &QUERIES[..] } else { &[] };
    for n_queries in counts.iter().copied().filter(|&n| n < most).chain([most]) {
        let before = gpu.counters();
        check(&op, case, n_queries).unwrap_or_else(|e| panic!("{}: {e}", gpu.report().describe()));
        let after = gpu.counters();
        let batches = plan.map_or(0, |(_, batch)| 2 * n_queries.div_ceil(batch) as u64);
        assert_eq!(after.batches - before.batches, batches, "{}", case.name);
        let least = batches * (2 * op.n_bindings() as u64 + 1);
        assert!(after.dispatches - before.dispatches >= least, "{}: a kernel did not run", case.name);
    }
}

/// With the limits that WebGPU guarantees, and with small bindings.
fn everywhere(cases: &[(Case, Option<usize>)]) {
    for adapter in present() {
        for options in [GpuOptions::default(), small_bindings()] {
            let gpu = open(adapter, &options);
            cases.iter().for_each(|(case, width)| on_gpu(&gpu, case, *width));
        }
    }
}

/// Every k of the contract and every width of tiles.
#[test]
fn one_column() {
    everywhere(&[
        (Case::new(Values::Ramp, 1, 20_011, 1, 131), Some(256)),
        (Case::new(Values::Ramp, 1, 6_007, 20, 65), Some(64)),
        (Case::new(Values::Ramp, 1, 4_001, 90, 65), Some(4)),
        (Case::new(Values::Ramp, 1, 3_001, 1000, 65), Some(1)),
        (Case::new(Values::Ramp, 1, 301, 300, 65), None),
    ]);
}

#[test]
fn eight_columns() {
    everywhere(&[
        (Case::new(Values::Skewed, 8, 3_001, 1, 131), Some(64)),
        (Case::new(Values::Skewed, 8, 3_001, 20, 65), Some(4)),
        (Case::new(Values::Skewed, 8, 3_001, 90, 65), Some(4)),
        (Case::new(Values::Skewed, 8, 3_001, 1000, 65), Some(1)),
        (Case::new(Values::Skewed, 8, 301, 300, 65), None),
    ]);
}

/// Several slabs; 7,001 references take two small bindings.
#[test]
fn forty_columns() {
    everywhere(&[
        (Case::new(Values::Skewed, 40, 7_001, 20, 65), Some(4)),
        (Case::new(Values::Skewed, 40, 1_009, 1, 65), None),
        (Case::new(Values::Skewed, 40, 1_009, 90, 65), Some(1)),
        (Case::new(Values::Skewed, 40, 301, 300, 65), None),
    ]);
}

/// Three small bindings.
#[test]
fn a_thousand_columns() {
    everywhere(&[
        (Case::new(Values::Skewed, 1000, 601, 1, 65), Some(4)),
        (Case::new(Values::Skewed, 1000, 601, 20, 3), Some(4)),
        (Case::new(Values::Skewed, 1000, 601, 90, 3), Some(1)),
        (Case::new(Values::Skewed, 1000, 301, 300, 3), None),
    ]);
}

/// Every height of slabs, padded and not; around whole tiles and blocks; around what is searched at all: more references
/// than a list takes.
#[test]
fn edges_of_slabs_and_tiles() {
    let slabs = [2, 3, 4, 5, 6, 7, 9, 11, 13, 23].map(|n| Case::new(Values::Skewed, n, 700, 3, 65));
    let tiles = [33, 34, 63, 64, 65, 255, 257, 1024, 1027].map(|n| Case::new(Values::Skewed, 2, n, 1, 65));
    for adapter in present() {
        let gpu = open(adapter, &small_bindings());
        for case in slabs.iter().chain(&tiles) {
            check(&prepare(case, &gpu), case, 65).unwrap_or_else(|e| panic!("{e}"));
        }
    }
}

#[test]
fn ties_and_awkward_values() {
    everywhere(&[
        (Case::new(Values::Equal, 8, 700, 20, 65), None),
        (Case::new(Values::Equal, 8, 60, 20, 65), None),
        (Case::new(Values::Coarse, 3, 900, 20, 65), None),
        (Case::new(Values::Coarse, 8, 2_003, 20, 65), None),
        (Case::new(Values::FarOff, 8, 5_003, 20, 65), Some(4)),
        (Case::new(Values::FarOff, 8, 3_001, 90, 65), Some(4)),
        (Case::new(Values::Extreme, 1, 700, 20, 65), None),
        (Case::new(Values::Extreme, 8, 700, 20, 65), None),
        (Case::new(Values::Extreme, 2, 3_001, 1000, 65), None),
        (Case::new(Values::Scaled(1e15), 8, 3_001, 20, 65), None),
        (Case::new(Values::Scaled(3e38), 8, 3_001, 20, 65), None),
        (Case::new(Values::NearTies, 8, 1_500, 20, 65), None),
        (Case::new(Values::NearTies, 40, 1_500, 20, 65), None),
        (Case::new(Values::Scaled(1e-15), 8, 3_001, 20, 65), None),
        (Case::new(Values::Scaled(1e-20), 8, 3_001, 20, 65), None),
        (Case::new(Values::Scaled(1e-40), 8, 3_001, 20, 65), None),
    ]);
}

/// Many bindings, many batches, distances cut as finely as possible.
#[test]
fn many_bindings_batches_and_dispatches() {
    let cases = [
        Case::new(Values::Skewed, 8, 4_099, 1, 131),
        Case::new(Values::Skewed, 8, 4_099, 90, 131),
        Case::new(Values::Skewed, 8, 4_099, 1000, 9),
        Case::new(Values::Skewed, 70, 1_003, 5, 131),
    ];
    for adapter in present() {
        let tiny = GpuOptions {
            max_binding_bytes: Some(1 << 16),
            dispatch_time: Some(Duration::ZERO),
            ..GpuOptions::default()
        };
        let gpu = open(adapter, &tiny);
        for case in &cases {
            let op = prepare(case, &gpu);
            assert!(op.n_bindings() >= 3, "{}: {} bindings", case.name, op.n_bindings());
            on_gpu(&gpu, case, None);
        }
    }
}

/// A query's distances do not fit a binding: the host is told, and nothing is dispatched.
#[test]
fn what_does_not_fit_is_left_to_the_host() {
    let case = Case::new(Values::Ramp, 1, 20_000, 5_000, 3);
    for adapter in present() {
        let gpu = open(adapter, &GpuOptions { max_binding_bytes: Some(1 << 16), ..GpuOptions::default() });
        let op = prepare(&case, &gpu);
        assert_eq!(op.tile_and_batch(case.k), None);
        let found = op.poisoned_candidates(&case.queries, case.k, 0).expect("nothing to fail");
        assert_eq!(found.lists, [None, None, None]);
        // A smaller k fits.
        let case = Case::new(Values::Ramp, 1, 20_000, 5, 65);
        check(&prepare(&case, &gpu), &case, 65).expect("equal");
    }
}

#[test]
fn rows_too_wide_are_an_error_with_a_way_out() {
    for adapter in present() {
        let gpu = open(adapter, &small_bindings());
        let message = NeighborsGpu::prepare(&vec![0.0; 10_000], 5_000, &gpu).expect_err("too wide").to_string();
        assert!(message.contains("5000 features") && message.contains("--device cpu"), "{message}");
    }
}

/// Batches in the order of the queries, each query once; the sink's error ends it.
#[test]
fn batches_come_in_order_and_can_be_stopped() {
    let case = Case::new(Values::Skewed, 8, 3_001, 20, 601);
    for adapter in present() {
        let gpu = open(adapter, &small_bindings());
        let op = prepare(&case, &gpu);
        let mut next = 0;
        let mut rows = Vec::new();
        op.candidates(&case.queries, case.k, |batch| {
            assert_eq!(batch.queries().start, next);
            next = batch.queries().end;
            batch.queries().for_each(|query| assert!(batch.of(query, &mut rows) && rows.len() >= case.k));
            assert!(!batch.of(next, &mut rows), "no query of this batch");
            Ok(())
        })
        .expect("found");
        assert_eq!(next, 601);
        let stopped = op.candidates(&case.queries, case.k, |_| Err(Error::Internal("enough".into())));
        assert!(stopped.expect_err("stopped").to_string().contains("enough"));
        assert_eq!(gpu.counters().in_flight, 0);
        check(&op, &case, 65).expect("the device goes on");
    }
}

#[test]
fn batches_create_nothing_and_overlap() {
    let case = Case::new(Values::Skewed, 8, 3_001, 20, 2_500);
    for adapter in present() {
        let gpu = open(adapter, &small_bindings());
        let op = prepare(&case, &gpu);
        let search = || op.candidates(&case.queries, case.k, |_| Ok(())).expect("found");
        search();
        let before = gpu.counters();
        std::thread::scope(|scope| (0..3).for_each(|_| drop(scope.spawn(search))));
        let after = gpu.counters();
        let batches = after.batches - before.batches;
        assert!(batches >= 3 * 2500 * 751 * 4 / (1 << 20), "{batches} batches");
        assert_eq!(
            (after.buffers, after.bind_groups, after.pipelines),
            (before.buffers, before.bind_groups, before.pipelines)
        );
        assert_eq!(after.readback_maps - before.readback_maps, batches, "one map a batch reads the result");
        assert_eq!(after.staging_maps - before.staging_maps, batches, "one map a batch lets the next be written");
        assert!(after.max_in_flight >= 2, "{} batches in flight at most", after.max_in_flight);
        assert_eq!(after.in_flight, 0);
        assert!(!op.timings().kernel.is_zero() && !op.timings().prepare.is_zero());
    }
}

#[test]
fn a_lost_device_is_an_error_for_everybody() {
    let case = Case::new(Values::Skewed, 8, 3_001, 20, 300);
    for adapter in present() {
        let gpu = open(adapter, &small_bindings());
        let op = prepare(&case, &gpu);
        let search = || op.candidates(&case.queries, case.k, |_| Ok(()));
        std::thread::scope(|scope| {
            let callers: Vec<_> = (0..3).map(|_| scope.spawn(|| (0..10_000).find_map(|_| search().err()))).collect();
            gpu.destroy();
            for caller in callers {
                let error = caller.join().expect("no panic").expect("an error");
                assert!(matches!(error, Error::Device(_)), "{error:?}");
            }
        });
        assert!(NeighborsGpu::prepare(&case.references, 8, &gpu).is_err());
    }
}
