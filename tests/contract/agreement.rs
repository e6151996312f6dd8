//! Every body against the oracle, bit for bit.

use super::cases::{Case, Growth};
use super::devices::{open, present, small_bindings};
use super::harness::check;
use ndarray::{Array2, ShapeBuilder, s};
use oddflow::device::{Device, Gpu, GpuOptions};
use oddflow::ops::path_length::{Forest, Node, PathLength, PathLengthGpu, Tree};
use std::sync::Arc;
use std::time::Duration;

/// One row, workgroups of 128 rows and one more or less, a prime.
const ROWS: [usize; 6] = [0, 1, 127, 128, 129, 1009];

const SMALL: [&str; 2] = ["path_length_rank", "path_length_small"];
const LARGE: [&str; 1] = ["path_length_large"];

/// The first rows of a case.
fn head(case: &Case, n_rows: usize) -> Case {
    Case {
        name: format!("{}, the first {n_rows}", case.name),
        forest: case.forest.clone(),
        rows: case.rows.slice(s![..n_rows, ..]).to_owned(),
        expected: case.expected[..n_rows].to_vec(),
    }
}

/// One case on one GPU: every row count, and the kernels that must have run.
fn on_gpu(gpu: &Arc<Gpu>, case: &Case, kernels: &[&str]) {
    let op = PathLengthGpu::prepare(&case.forest, gpu, case.rows.nrows()).expect(&case.name);
    assert_eq!(op.kernels(), kernels, "{}", case.name);
    for n_rows in ROWS.into_iter().filter(|&n| n < case.rows.nrows()).chain([case.rows.nrows()]) {
        let before = gpu.counters();
        check(&op, &head(case, n_rows)).unwrap_or_else(|e| panic!("{}: {e}", gpu.report().describe()));
        let after = gpu.counters();
        let batches = if n_rows == 0 { 0 } else { 2 };
        assert!(after.batches >= before.batches + batches, "{}: no batch was submitted", case.name);
        let dispatches = batches * kernels.len() as u64;
        assert!(after.dispatches >= before.dispatches + dispatches, "{}: a kernel did not run", case.name);
    }
}

fn on_cpu(case: &Case) {
    for n_rows in ROWS.into_iter().filter(|&n| n < case.rows.nrows()).chain([case.rows.nrows()]) {
        let case = head(case, n_rows);
        let op = PathLength::prepare(&case.forest, &Device::Cpu, n_rows).expect(&case.name);
        assert_eq!(op.sums(case.rows.view()).expect(&case.name), case.expected, "{} on the CPU", case.name);
    }
}

/// On the CPU and on every GPU, with the limits that WebGPU guarantees and with small bindings.
fn everywhere(cases: &[(Case, &[&str])]) {
    cases.iter().for_each(|(case, _)| on_cpu(case));
    for adapter in present() {
        for options in [GpuOptions::default(), small_bindings()] {
            let gpu = open(adapter, &options);
            cases.iter().for_each(|(case, kernels)| on_gpu(&gpu, case, kernels));
        }
    }
}

fn shapes(growth: Growth, n_trees: usize, kernels: &'static [&'static str]) {
    let cases: Vec<_> = [1, 8, 40, 1000]
        .into_iter()
        .map(|n_features| (Case::new(n_features as u64, growth, n_features, n_trees, 1009), kernels))
        .collect();
    everywhere(&cases);
}

#[test]
fn samples_of_2() {
    shapes(Growth::Isolation(2), 5, &SMALL);
}

#[test]
fn samples_of_256() {
    shapes(Growth::Isolation(256), 13, &SMALL);
}

#[test]
fn samples_of_65_536() {
    shapes(Growth::Isolation(65_536), 3, &LARGE);
}

/// Where one layout ends and the next begins.
#[test]
fn edges_of_the_layouts() {
    let full = Growth::Full(8);
    everywhere(&[
        (Case::new(1, full, 41, 4, 300), &SMALL),
        (Case::new(2, full, 48, 4, 300), &SMALL),
        (Case::new(3, full, 49, 4, 300), &SMALL),
        (Case::new(4, full, 1024, 4, 300), &SMALL),
        (Case::new(5, full, 1025, 4, 300), &LARGE),
        (Case::new(6, Growth::Full(9), 24, 2, 300), &LARGE),
        (Case::new(7, Growth::Full(9), 25, 2, 300), &LARGE),
        (Case::new(8, Growth::Chain(400), 3, 5, 300), &LARGE),
        (Case::new(9, Growth::Chain(8), 3, 5, 300), &SMALL),
        (Case::new(10, Growth::Chain(9), 3, 5, 300), &LARGE),
    ]);
}

/// 131,071 nodes are one binding of 1 MiB less 8 bytes.
#[test]
fn the_largest_tree() {
    everywhere(&[(Case::new(1, Growth::Full(16), 8, 2, 300), &LARGE)]);
}

/// More thresholds of one feature than 16 bits can count.
#[test]
fn more_thresholds_than_ranks() {
    everywhere(&[(Case::new(1, Growth::Full(8), 1, 600, 300), &LARGE)]);
}

/// 2,000 trees of the longest paths, all rows equal: the sum passes 2³² at the 33rd.
#[test]
fn sums_carry_beyond_32_bits() {
    let longest = Growth::Leaf((1 << 27) - 1);
    let usual = Growth::Leaf(oddflow::ops::path_length::leaf_path(0, 65_536));
    everywhere(&[
        (Case::new(1, longest, 2, 2000, 130), &SMALL),
        (Case::new(2, usual, 2, 2000, 130), &SMALL),
        (Case::new(3, Growth::Chain(9), 1025, 150, 130), &LARGE),
    ]);
}

/// Forest and thresholds take several small bindings, and every binding several dispatches.
#[test]
fn forests_over_several_bindings_and_dispatches() {
    let cases = [
        (Case::new(1, Growth::Full(8), 8, 1600, 300), 2 + 4, &SMALL[..]),
        (Case::new(2, Growth::Isolation(65_536), 3, 12, 300), 2, &LARGE[..]),
    ];
    for adapter in present() {
        for options in [GpuOptions::default(), small_bindings()] {
            let gpu = open(adapter, &GpuOptions { dispatch_time: Some(Duration::ZERO), ..options.clone() });
            for (case, bindings, kernels) in &cases {
                let before = gpu.counters().dispatches;
                on_gpu(&gpu, case, kernels);
                if options.max_binding_bytes.is_some() {
                    let dispatches = gpu.counters().dispatches - before;
                    assert!(dispatches > 2 * bindings, "{}: {dispatches} dispatches", case.name);
                }
            }
        }
    }
}

#[test]
fn any_split_into_batches_gives_the_same_bits() {
    let case = Case::new(1, Growth::Isolation(256), 8, 20, 1009);
    for device in every_device() {
        for max_rows in [1, 37, 128, 1009, 5000] {
            let rows = if max_rows == 1 { 40 } else { 1009 };
            let op = PathLength::prepare(&case.forest, &device, max_rows).expect("prepared");
            let sums = op.sums(case.rows.slice(s![..rows, ..])).expect("scored");
            assert_eq!(sums, case.expected[..rows], "batches of {max_rows} on {}", device.describe());
            assert_eq!(op.sums(case.rows.slice(s![..rows, ..])).expect("scored"), sums, "a second run");
        }
    }
}

#[test]
fn rows_need_not_be_contiguous() {
    let case = Case::new(1, Growth::Isolation(256), 9, 7, 500);
    let mut columns = Array2::zeros((500, 9).f());
    columns.assign(&case.rows);
    for device in every_device() {
        let op = PathLength::prepare(&case.forest, &device, 128).expect("prepared");
        assert_eq!(op.sums(columns.view()).expect("scored"), case.expected, "column-major on {}", device.describe());
        let odd: Vec<_> = case.expected.iter().copied().step_by(3).rev().collect();
        let view = case.rows.slice(s![..;3, ..]);
        let view = view.slice(s![..;-1, ..]);
        assert_eq!(op.sums(view).expect("scored"), odd, "strided on {}", device.describe());
    }
}

#[test]
fn callers_share_an_operation() {
    let case = Case::new(3, Growth::Isolation(256), 8, 20, 1009);
    for device in every_device() {
        let op = PathLength::prepare(&case.forest, &device, 100).expect("prepared");
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| assert_eq!(op.sums(case.rows.view()).expect("scored"), case.expected));
            }
        });
    }
}

#[test]
fn rows_of_another_width_are_an_error() {
    let case = Case::new(1, Growth::Isolation(256), 8, 3, 10);
    for device in every_device() {
        let op = PathLength::prepare(&case.forest, &device, 100).expect("prepared");
        let message = op.sums(Array2::zeros((3, 7)).view()).expect_err("seven features").to_string();
        assert!(message.contains('7') && message.contains('8'), "{message}");
    }
}

/// More rows than 65,535 workgroups can take.
#[test]
fn past_the_largest_dispatch() {
    let split = Node::Split { feature: 0, threshold: 0.5, left: 1, right: 2 };
    let tree = Tree { nodes: vec![split, Node::Leaf { path: 3 }, Node::Leaf { path: 5 }] };
    let forest = Forest::new(1, vec![tree]).expect("a forest");
    let n_rows = 65_535 * 128 + 1;
    let rows = Array2::from_shape_fn((n_rows, 1), |(row, _)| if row % 3 == 0 { 1.0 } else { 0.0 });
    for device in every_device() {
        let op = PathLength::prepare(&forest, &device, usize::MAX).expect("prepared");
        let sums = op.sums(rows.view()).expect("scored");
        let wrong = (0..n_rows).find(|&row| sums[row] != if row % 3 == 0 { 5 } else { 3 });
        assert_eq!((sums.len(), wrong), (n_rows, None), "{}", device.describe());
    }
}

#[test]
fn no_trees_no_features_and_no_rows() {
    let leaf = Tree { nodes: vec![Node::Leaf { path: 7 }] };
    for device in every_device() {
        let sums = |n_features, trees, n_rows| {
            let forest = Forest::new(n_features, trees).expect("a forest");
            let op = PathLength::prepare(&forest, &device, 10).expect("prepared");
            op.sums(Array2::zeros((n_rows, n_features)).view()).expect("scored")
        };
        assert_eq!(sums(0, vec![leaf.clone(); 3], 2), [21, 21], "{}", device.describe());
        assert_eq!(sums(2, vec![], 3), [0, 0, 0], "{}", device.describe());
        assert_eq!(sums(2, vec![leaf.clone(); 3], 0), [0; 0], "{}", device.describe());
    }
}

fn every_device() -> Vec<Device> {
    let gpus = present().into_iter().flat_map(|adapter| {
        [GpuOptions::default(), small_bindings()].map(|options| Device::Gpu(open(adapter, &options)))
    });
    [Device::Cpu].into_iter().chain(gpus).collect()
}
