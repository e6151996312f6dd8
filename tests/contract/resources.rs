//! What a GPU body uses: nothing new after warm-up, one map a batch, batches in flight; and what it says when the device is
//! gone.

use super::cases::{Case, Growth};
use super::devices::{open, present, small_bindings};
use super::wrong_kernels::edited;
use ndarray::s;
use oddflow::Error;
use oddflow::device::GpuOptions;
use oddflow::ops::path_length::PathLengthGpu;

#[test]
fn a_hundred_batches_create_nothing_and_overlap() {
    let case = Case::new(1, Growth::Isolation(256), 8, 100, 4096);
    for adapter in present() {
        let gpu = open(adapter, &GpuOptions::default());
        let op = PathLengthGpu::prepare(&case.forest, &gpu, 4096).expect("prepared");
        let score = || assert_eq!(op.sums(case.rows.view()).expect("scored"), case.expected);
        score();
        let before = gpu.counters();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..25).for_each(|_| score()));
            }
        });
        let after = gpu.counters();
        assert_eq!(after.batches - before.batches, 100);
        assert_eq!(after.buffers, before.buffers, "buffers");
        assert_eq!(after.bind_groups, before.bind_groups, "bind groups");
        assert_eq!(after.pipelines, before.pipelines, "pipelines");
        assert_eq!(after.readback_maps - before.readback_maps, 100, "one map a batch reads the result");
        assert_eq!(after.staging_maps - before.staging_maps, 100, "one map a batch lets the next be written");
        assert!(after.dispatches - before.dispatches >= 200, "both kernels in every batch");
        assert!(after.max_in_flight >= 2, "{} batches in flight at most", after.max_in_flight);
        assert_eq!(after.in_flight, 0);
        let timings = op.timings();
        assert_eq!(timings.batches, 101);
        assert!(!timings.kernel.is_zero() && !timings.prepare.is_zero());
    }
}

#[test]
fn one_caller_keeps_two_batches_in_flight() {
    let case = Case::new(1, Growth::Isolation(256), 8, 100, 4096);
    for adapter in present() {
        let gpu = open(adapter, &GpuOptions::default());
        let op = PathLengthGpu::prepare(&case.forest, &gpu, 256).expect("prepared");
        assert_eq!(op.sums(case.rows.view()).expect("scored"), case.expected);
        assert_eq!(gpu.counters().batches, 16);
        assert!(gpu.counters().max_in_flight >= 2);
    }
}

#[test]
fn batches_shrink_to_what_bindings_hold() {
    let case = Case::new(1, Growth::Isolation(256), 1000, 4, 700);
    for adapter in present() {
        let op = PathLengthGpu::prepare(&case.forest, &open(adapter, &small_bindings()), 100_000).expect("prepared");
        assert_eq!(op.batch_rows(), (1 << 20) / 4000);
        assert_eq!(op.sums(case.rows.view()).expect("scored"), case.expected);
    }
}

#[test]
fn what_does_not_fit_is_an_error_with_a_way_out() {
    for adapter in present() {
        let gpu = open(adapter, &GpuOptions { max_binding_bytes: Some(1 << 16), ..GpuOptions::default() });
        let tree = Case::new(1, Growth::Full(14), 8, 1, 1);
        let message = PathLengthGpu::prepare(&tree.forest, &gpu, 10).expect_err("too large").to_string();
        assert!(message.contains("32767 nodes") && message.contains("--device cpu"), "{message}");
        let row = Case::new(1, Growth::Full(2), 20_000, 1, 1);
        let message = PathLengthGpu::prepare(&row.forest, &gpu, 10).expect_err("too wide").to_string();
        assert!(message.contains("20000 features") && message.contains("--device cpu"), "{message}");
        // The device itself is fine.
        let case = Case::new(1, Growth::Isolation(256), 8, 5, 10);
        let op = PathLengthGpu::prepare(&case.forest, &gpu, 10).expect("prepared");
        assert_eq!(op.sums(case.rows.view()).expect("scored"), case.expected);
    }
}

#[test]
fn a_lost_device_is_an_error_for_everybody() {
    let case = Case::new(1, Growth::Isolation(256), 8, 20, 1009);
    for adapter in present() {
        let gpu = open(adapter, &GpuOptions::default());
        let op = PathLengthGpu::prepare(&case.forest, &gpu, 64).expect("prepared");
        std::thread::scope(|scope| {
            let callers: Vec<_> =
                (0..4).map(|_| scope.spawn(|| (0..1000).find_map(|_| op.sums(case.rows.view()).err()))).collect();
            op.sums(case.rows.slice(s![..64, ..])).expect("scored");
            gpu.destroy();
            for caller in callers {
                let error = caller.join().expect("no panic").expect("an error");
                assert!(matches!(error, Error::Device(_)), "{error:?}");
            }
        });
        let error = op.sums(case.rows.view()).expect_err("gone").to_string();
        assert!(error.contains("destroyed") && error.contains("--device cpu"), "{error}");
        assert!(PathLengthGpu::prepare(&case.forest, &gpu, 64).is_err());
    }
}

#[test]
fn a_shader_that_does_not_compile_is_an_error() {
    let case = Case::new(1, Growth::Isolation(256), 8, 1, 1);
    for adapter in present() {
        let edit = |_: &str, text: String| text.replace("fn main", "fn mian");
        let gpu = open(adapter, &edited(GpuOptions::default(), edit));
        let error = PathLengthGpu::prepare(&case.forest, &gpu, 1).expect_err("no entry point");
        assert!(matches!(error, Error::Device(_)), "{error:?}");
    }
}
