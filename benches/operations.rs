//! Throughput of the operations and of fitting, on generated rows: `cargo bench`.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use ndarray::Array2;
use oddflow::detectors::{IsolationForest, IsolationForestParams};
use oddflow::device::{self, Device, DeviceChoice, adapters};
use oddflow::ops::OPERATIONS;
use oddflow::ops::path_length::PathLength;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::hint::black_box;

const ROWS: usize = 100_000;

/// Rows such as flows give: counts with heavy tails and ties, shares with many zeros and ones, continuous values.
fn rows(n_rows: usize, n_features: usize) -> Array2<f32> {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut uniform = move || (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
    Array2::from_shape_fn((n_rows, n_features), |(_, j)| {
        let u = uniform();
        match j % 4 {
            0 => (1.0 / (1.0 - u)).powi(2).min(1e9).floor() as f32,
            1 => (u * 512.0).floor() as f32,
            2 => (u * 1.6 - 0.3).clamp(0.0, 1.0) as f32,
            _ => (u + uniform() + uniform() - 1.5) as f32,
        }
    })
}

/// Every operation on every device that can run it: a whole run of each case, from rows in memory to results in memory.
fn operations(criterion: &mut Criterion) {
    let gpus = adapters().iter().filter(|adapter| adapter.shortfall().is_none());
    let choices: Vec<_> =
        [DeviceChoice::Cpu].into_iter().chain(gpus.map(|gpu| DeviceChoice::Index(gpu.index))).collect();
    for operation in OPERATIONS {
        let mut group = criterion.benchmark_group(operation.name);
        group.sample_size(10);
        for choice in &choices {
            let device = device::open(choice).expect("an adapter without shortfall opens");
            // A software adapter is there for correctness; it need not take minutes.
            let n_rows = if device.is_software() { ROWS / 10 } else { ROWS };
            for case in (operation.cases)(n_rows) {
                group.throughput(Throughput::Elements(case.rows));
                let id = BenchmarkId::new(device.describe(), &case.name);
                group.bench_function(id, |bencher| {
                    let mut runner = case.prepare(&device).expect("the device runs every case");
                    bencher.iter(|| runner.run().expect("the device computes"));
                });
            }
        }
        group.finish();
    }
}

/// Fitting, and what a scorer does once before its first batch.
fn isolation_forest(criterion: &mut Criterion) {
    let rows = rows(ROWS, 8);
    let params = IsolationForestParams::default();
    let mut group = criterion.benchmark_group("isolation_forest");
    group.bench_function("fit", |bencher| bencher.iter(|| IsolationForest::fit(black_box(rows.view()), &params)));
    let forest = IsolationForest::fit(rows.view(), &params).expect("the parameters are in range");
    group.bench_function("prepare", |bencher| {
        bencher.iter(|| PathLength::prepare(black_box(forest.forest()), &Device::Cpu, ROWS));
    });
    group.finish();
}

criterion_group!(benches, operations, isolation_forest);
criterion_main!(benches);
