//! `umap` on the CPU and on every GPU: an epoch, whatever the number of points, bindings and submissions.

use super::devices::{open, present, small_bindings};
use super::umap_cases::{Case, check, compare};
use ndarray::Array2;
use oddflow::device::{Device, GpuOptions};
use oddflow::ops::umap::{Graph, Layout, Umap, UmapGpu};
use std::time::Duration;

/// One point alone, a part of a workgroup, workgroups of 128 and one more or less, a prime, more than a chunk of the CPU.
const POINTS: [usize; 8] = [1, 2, 7, 127, 128, 129, 521, 1201];

fn cases() -> impl Iterator<Item = Case> {
    let all = POINTS.into_iter().flat_map(|n| [2, 3].map(|dims| Case::new(n, dims)));
    // New points among fixed ones.
    all.chain([2, 3].map(|dims| Case::with(400, dims, 150)))
}

/// The one epoch of a case, by way of a layout whose every epoch is that one.
fn on_the_cpu(case: &Case) -> Array2<f32> {
    let mut op = Umap::prepare(&case.graph(), case.points.view(), case.n_moving, case.layout, &Device::Cpu).unwrap();
    op.skip(case.epoch);
    op.advance(1).unwrap();
    op.points().unwrap()
}

#[test]
fn an_epoch_is_the_formula() {
    for case in cases() {
        compare(&on_the_cpu(&case), &case).unwrap_or_else(|e| panic!("CPU: {e}"));
        for adapter in present() {
            for options in [GpuOptions::default(), small_bindings()] {
                let gpu = open(adapter, &options);
                let prepare = || UmapGpu::prepare(&case.graph(), case.points.view(), case.n_moving, case.layout, &gpu);
                check(&mut prepare().unwrap(), &case).unwrap_or_else(|e| panic!("{}: {e}", adapter.describe()));
            }
        }
    }
}

/// Bindings that hold few events, and one so small that a vertex' own do not fit.
#[test]
fn events_are_cut_between_vertices() {
    let case = Case::new(601, 2);
    for adapter in present() {
        let prepare = |bytes: u64| {
            let gpu = open(adapter, &GpuOptions { max_binding_bytes: Some(bytes), ..GpuOptions::default() });
            UmapGpu::prepare(&case.graph(), case.points.view(), case.n_moving, case.layout, &gpu)
        };
        let mut op = prepare(6 << 10).unwrap();
        assert!(op.n_bindings() > 16, "{}", op.n_bindings());
        check(&mut op, &case).unwrap_or_else(|e| panic!("{}: {e}", adapter.describe()));
        let error = prepare(4 << 10).unwrap_err().to_string();
        assert!(error.contains("use --device cpu"), "{error}");
        let star = |i: u32| if i == 0 { (1..200).map(|j| (j, 1.0)).collect() } else { vec![(0, 1.0)] };
        let graph = Graph::new((0..200).map(star).collect()).unwrap();
        let gpu = open(adapter, &GpuOptions { max_binding_bytes: Some(2688), ..GpuOptions::default() });
        let few = Array2::zeros((200, 2));
        // Two hundred events of the hub lie in sixteen sub-steps.
        assert!(UmapGpu::prepare(&graph, few.view(), 200, case.layout, &gpu).is_ok());
    }
}

/// The same bytes twice, however epochs are cut, and as the CPU has them as long as rounding allows.
#[test]
fn epochs_are_the_cpus() {
    for dims in [2, 3] {
        let case = Case::new(521, dims);
        let layout = Layout { learning_rate: 0.01, n_epochs: 30, ..case.layout };
        let run = |device: &Device, cut: &[usize]| {
            let mut op = Umap::prepare(&case.graph(), case.points.view(), case.n_moving, layout, device).unwrap();
            for &n in cut {
                op.advance(n).unwrap();
            }
            op.points().unwrap()
        };
        let wanted = run(&Device::Cpu, &[30]);
        for adapter in present() {
            let gpu = |options: &GpuOptions| Device::Gpu(open(adapter, options));
            let met = run(&gpu(&GpuOptions::default()), &[30]);
            let apart = (&met - &wanted).mapv(|x| x * x).sum().sqrt() / wanted.mapv(|x| x * x).sum().sqrt();
            println!("{dims} dimensions, 30 epochs: {apart:e}");
            assert!(apart < 1e-3, "{apart:e}");
            let hasty = GpuOptions { dispatch_time: Some(Duration::ZERO), ..small_bindings() };
            assert_eq!(run(&gpu(&hasty), &[1, 7, 22]), met);
        }
    }
}

#[test]
fn what_makes_no_sense_is_refused() {
    let case = Case::new(10, 2);
    let refused = |points: Array2<f32>| {
        Umap::prepare(&case.graph(), points.view(), 10, case.layout, &Device::Cpu).unwrap_err().to_string()
    };
    assert!(refused(Array2::zeros((9, 2))).contains("10 vertices"));
    assert!(refused(Array2::zeros((10, 4))).contains("2 or 3"));
    assert!(refused(Array2::from_elem((10, 2), f32::NAN)).contains("finite"));
    assert!(Graph::new(vec![vec![(1, 0.5)]]).is_err());
    assert!(Graph::new(vec![vec![(0, 1.5)]]).is_err());
}
