//! `rbf` on the CPU and on every GPU: expansions, whatever the shape, the values and the split.

use super::devices::{open, present, small_bindings};
use super::rbf_cases::{Case, Values, check, deviation, within};
use ndarray::{Array2, ShapeBuilder, s};
use oddflow::Error;
use oddflow::device::{Device, Gpu, GpuOptions};
use oddflow::ops::rbf::{Expansion, Rbf, RbfGpu, Storage};
use std::sync::Arc;
use std::time::Duration;

/// One row, blocks of 64 and one more or less.
const ROWS: [usize; 5] = [0, 1, 63, 64, 65];

fn prepare(case: &Case, gpu: &Arc<Gpu>) -> RbfGpu {
    RbfGpu::prepare(&case.expansion, gpu, case.rows.nrows()).expect(&case.name)
}

fn on_gpu(gpu: &Arc<Gpu>, case: &Case) {
    let op = prepare(case, gpu);
    for n_rows in ROWS.into_iter().filter(|&n| n < case.rows.nrows()).chain([case.rows.nrows()]) {
        let before = gpu.counters();
        check(&op, &case.head(n_rows)).unwrap_or_else(|e| panic!("{}: {e}", gpu.report().describe()));
        let after = gpu.counters();
        let batches = if op.n_bindings() == 0 { 0 } else { 2 * n_rows.div_ceil(op.batch_rows()) as u64 };
        assert_eq!(after.batches - before.batches, batches, "{}", case.name);
        let least = batches * op.n_bindings() as u64;
        assert!(after.dispatches - before.dispatches >= least, "{}: a binding was left out", case.name);
    }
    let sums = op.sums(case.rows.view()).expect(&case.name);
    let of_bound = deviation(&case.expected, &sums, case.bound);
    println!("{}: {of_bound:.3} of the bound on {}", case.name, gpu.report().describe());
}

/// On the CPU and on every GPU, with the limits that WebGPU guarantees and with small bindings.
fn everywhere(cases: &[Case]) {
    for case in cases {
        let op = Rbf::prepare(&case.expansion, &Device::Cpu, 100).expect(&case.name);
        let sums = op.sums(case.rows.view()).expect(&case.name);
        within(&case.expected, &sums, case.bound).unwrap_or_else(|e| panic!("{} on the CPU: {e}", case.name));
    }
    for adapter in present() {
        for options in [GpuOptions::default(), small_bindings()] {
            let gpu = open(adapter, &options);
            cases.iter().for_each(|case| on_gpu(&gpu, case));
        }
    }
}

fn every_device() -> Vec<Device> {
    let gpus = present().into_iter().flat_map(|adapter| {
        [GpuOptions::default(), small_bindings()].map(|options| Device::Gpu(open(adapter, &options)))
    });
    [Device::Cpu].into_iter().chain(gpus).collect()
}

#[test]
fn narrow_rows() {
    everywhere(&[
        Case::new(Values::Skewed, 1, 0, 131),
        Case::new(Values::Skewed, 1, 1, 131),
        Case::new(Values::Skewed, 1, 2020, 131),
        Case::new(Values::Skewed, 8, 1, 131),
        Case::new(Values::Skewed, 8, 63, 131),
        Case::new(Values::Skewed, 8, 64, 131),
        Case::new(Values::Skewed, 8, 65, 131),
        Case::new(Values::Skewed, 8, 512, 131),
        Case::new(Values::Skewed, 8, 513, 131),
        Case::new(Values::Skewed, 8, 2020, 1009),
    ]);
}

#[test]
fn wide_rows() {
    everywhere(&[
        Case::new(Values::Skewed, 40, 65, 131),
        Case::new(Values::Skewed, 40, 2020, 131),
        Case::new(Values::Skewed, 100, 1009, 131),
        Case::new(Values::Skewed, 1000, 65, 131),
        // Three small bindings, in each a span of three blocks.
        Case::new(Values::Skewed, 1000, 521, 67),
    ]);
}

/// Every height of slabs, padded and not.
#[test]
fn edges_of_slabs() {
    let cases = [2, 3, 4, 5, 6, 7, 9, 13, 23].map(|n| Case::new(Values::Skewed, n, 131, 65));
    for adapter in present() {
        let gpu = open(adapter, &small_bindings());
        cases.iter().for_each(|case| check(&prepare(case, &gpu), case).unwrap_or_else(|e| panic!("{e}")));
    }
}

#[test]
fn awkward_values() {
    everywhere(&[
        Case::new(Values::Equal, 8, 700, 65),
        Case::new(Values::Ramp, 3, 700, 701),
        Case::new(Values::ExtremeRows, 1, 300, 300),
        Case::new(Values::ExtremeRows, 8, 300, 300),
        Case::new(Values::ExtremeRows, 40, 300, 300),
        Case::new(Values::Extreme, 1, 300, 300),
        Case::new(Values::Extreme, 8, 300, 300),
        Case::new(Values::Scaled(1e15), 8, 300, 65),
        Case::new(Values::Scaled(1e-10), 8, 300, 65),
        Case::new(Values::Scaled(1e-15), 8, 300, 65),
    ]);
}

#[test]
fn vectors_in_half_precision() {
    everywhere(&[
        Case::stored(Values::Skewed, 1, 65, 131, Storage::F16),
        Case::stored(Values::Skewed, 8, 2020, 131, Storage::F16),
        Case::stored(Values::Scaled(1e-4), 8, 300, 131, Storage::F16),
        Case::stored(Values::Skewed, 41, 700, 131, Storage::F16),
        Case::stored(Values::Ramp, 3, 700, 701, Storage::F16),
    ]);
}

/// Many bindings, many batches, cut as finely as possible; spans as with large bindings, and so the same bits.
#[test]
fn many_bindings_batches_and_dispatches() {
    let case = Case::new(Values::Skewed, 17, 1_800, 1_009);
    for adapter in present() {
        let zero = Some(Duration::ZERO);
        let tiny = GpuOptions { max_binding_bytes: Some(1 << 16), dispatch_time: zero, ..GpuOptions::default() };
        let gpu = open(adapter, &tiny);
        let op = prepare(&case, &gpu);
        assert!(op.n_bindings() >= 3 && op.batch_rows() < 1_009, "{} and {}", op.n_bindings(), op.batch_rows());
        on_gpu(&gpu, &case);
        let large = prepare(&case, &open(adapter, &GpuOptions::default()));
        let sums = op.sums(case.rows.view()).expect("summed");
        assert!(large.sums(case.rows.view()).expect("summed") == sums, "other bits with large bindings");
    }
}

#[test]
fn any_split_into_batches_gives_the_same_bits() {
    let case = Case::new(Values::ExtremeRows, 9, 600, 1_009);
    for device in every_device() {
        let bits = |max_rows, n_rows| {
            let op = Rbf::prepare(&case.expansion, &device, max_rows).expect("prepared");
            let bits = || -> Vec<u64> {
                let sums = op.sums(case.rows.slice(s![..n_rows, ..])).expect("summed");
                sums.into_iter().map(f64::to_bits).collect()
            };
            assert_eq!(bits(), bits(), "a second run");
            bits()
        };
        let whole = bits(5_000, 1_009);
        for max_rows in [1, 37, 64, 1_009] {
            let n_rows = if max_rows == 1 { 40 } else { 1_009 };
            assert_eq!(bits(max_rows, n_rows), whole[..n_rows], "batches of {max_rows} on {}", device.describe());
        }
    }
}

#[test]
fn rows_need_not_be_contiguous() {
    let case = Case::new(Values::Skewed, 9, 70, 500);
    let mut columns = Array2::zeros((500, 9).f());
    columns.assign(&case.rows);
    for device in every_device() {
        let op = Rbf::prepare(&case.expansion, &device, 128).expect("prepared");
        within(&case.expected, &op.sums(columns.view()).expect("summed"), case.bound).expect("column-major");
        let odd: Vec<_> = case.expected.iter().copied().step_by(3).rev().collect();
        let view = case.rows.slice(s![..;3, ..]);
        let view = view.slice(s![..;-1, ..]);
        within(&odd, &op.sums(view).expect("summed"), case.bound).expect("strided");
    }
}

/// More rows than a batch ever has; each is one of two.
#[test]
fn past_the_largest_batch() {
    let expansion = Expansion::new(Array2::zeros((1, 1)), vec![2.0], 1.0).expect("an expansion");
    let rows = Array2::from_shape_fn((300_001, 1), |(row, _)| f32::from(row % 3 == 0));
    for device in every_device() {
        let op = Rbf::prepare(&expansion, &device, usize::MAX).expect("prepared");
        let sums = op.sums(rows.view()).expect("summed");
        let due = |row: usize| if row.is_multiple_of(3) { 2.0 / std::f64::consts::E } else { 2.0 };
        let wrong = (0..rows.nrows()).find(|&row| (sums[row] - due(row)).abs() > 1e-5);
        assert_eq!((sums.len(), wrong), (300_001, None), "{}", device.describe());
    }
}

#[test]
fn no_vectors_no_features_and_no_rows() {
    for device in every_device() {
        let sums = |n_vectors, rows: Array2<f32>| {
            let n_features = rows.ncols();
            let vectors = Array2::zeros((n_vectors, n_features));
            let expansion = Expansion::new(vectors, vec![0.5; n_vectors], 1.0).expect("an expansion");
            Rbf::prepare(&expansion, &device, 10).expect("prepared").sums(rows.view()).expect("summed")
        };
        assert_eq!(sums(0, Array2::zeros((3, 2))), [0.0; 3], "{}", device.describe());
        assert!(sums(0, Array2::from_elem((1, 2), f32::NAN))[0].is_nan(), "{}", device.describe());
        assert_eq!(sums(3, Array2::zeros((2, 0))), [1.5; 2], "{}", device.describe());
        assert_eq!(sums(3, Array2::zeros((0, 2))), [0.0; 0], "{}", device.describe());
    }
}

#[test]
fn what_does_not_fit_is_an_error_with_a_way_out() {
    let case = Case::new(Values::Skewed, 8, 3, 10);
    for device in every_device() {
        let op = Rbf::prepare(&case.expansion, &device, 100).expect("prepared");
        let message = op.sums(Array2::zeros((3, 7)).view()).expect_err("seven features").to_string();
        assert!(message.contains('7') && message.contains('8'), "{message}");
    }
    let expansion = Expansion::new(Array2::zeros((2, 5_000)), vec![1.0; 2], 1.0).expect("an expansion");
    for adapter in present() {
        let gpu = open(adapter, &small_bindings());
        let message = RbfGpu::prepare(&expansion, &gpu, 10).expect_err("too wide").to_string();
        assert!(message.contains("5000 features") && message.contains("--device cpu"), "{message}");
        // The device itself is fine.
        check(&prepare(&case, &gpu), &case).expect("equal");
    }
}

#[test]
fn batches_create_nothing_and_overlap() {
    let case = Case::new(Values::Skewed, 8, 300, 2_000);
    for adapter in present() {
        let gpu = open(adapter, &GpuOptions::default());
        let op = RbfGpu::prepare(&case.expansion, &gpu, 256).expect("prepared");
        let score = || within(&case.expected, &op.sums(case.rows.view()).expect("summed"), case.bound).expect("equal");
        score();
        let before = gpu.counters();
        assert!(before.max_in_flight >= 2, "one caller keeps {} in flight", before.max_in_flight);
        std::thread::scope(|scope| (0..4).for_each(|_| drop(scope.spawn(score))));
        let after = gpu.counters();
        assert_eq!(after.batches - before.batches, 4 * 8);
        let created = |c: oddflow::device::Counters| (c.buffers, c.bind_groups, c.pipelines);
        assert_eq!(created(after), created(before), "buffers, bind groups, pipelines");
        assert_eq!(after.readback_maps - before.readback_maps, 32, "one map a batch reads the result");
        assert_eq!(after.staging_maps - before.staging_maps, 32, "one map a batch lets the next be written");
        assert_eq!(after.in_flight, 0);
        assert_eq!(op.timings().batches, 40);
        assert!(!op.timings().kernel.is_zero() && !op.timings().prepare.is_zero());
    }
}

#[test]
fn a_lost_device_is_an_error_for_everybody() {
    let case = Case::new(Values::Skewed, 8, 300, 1_009);
    for adapter in present() {
        let gpu = open(adapter, &GpuOptions::default());
        let op = RbfGpu::prepare(&case.expansion, &gpu, 64).expect("prepared");
        let score = || op.sums(case.rows.view());
        std::thread::scope(|scope| {
            let callers: Vec<_> = (0..3).map(|_| scope.spawn(|| (0..10_000).find_map(|_| score().err()))).collect();
            gpu.destroy();
            for caller in callers {
                let error = caller.join().expect("no panic").expect("an error");
                assert!(matches!(error, Error::Device(_)), "{error:?}");
            }
        });
        assert!(RbfGpu::prepare(&case.expansion, &gpu, 64).is_err());
    }
}
