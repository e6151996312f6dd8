//! `tsne` on the CPU and on every GPU: gradients and steps, whatever the number of points, bindings and dispatches.

use super::devices::{open, present, small_bindings};
use super::tsne_cases::{Case, check, compare};
use ndarray::Array2;
use oddflow::device::{Device, GpuOptions};
use oddflow::ops::tsne::{Affinities, Repulsion, Step, Tsne, TsneGpu};
use std::time::Duration;

/// A part of a block, blocks of 256 and one more or less, a prime.
const POINTS: [usize; 7] = [1, 2, 255, 256, 257, 521, 1201];

#[test]
fn gradients_are_the_formula() {
    for case in POINTS.into_iter().flat_map(|n| [2, 3].map(|dims| Case::new(n, dims))) {
        for (repulsion, bound) in [(Repulsion::Exact, 1e-12), (Repulsion::Tree, 1e-2)] {
            let mut op = Tsne::prepare(case.affinities(), case.points.view(), &Device::Cpu, repulsion).unwrap();
            compare(&op.gradient(case.exaggeration).unwrap(), &case, bound).unwrap_or_else(|e| panic!("{e}"));
        }
        for adapter in present() {
            let hasty = GpuOptions { dispatch_time: Some(Duration::ZERO), ..small_bindings() };
            for options in [GpuOptions::default(), hasty] {
                let gpu = open(adapter, &options);
                let mut op = TsneGpu::prepare(case.affinities(), case.points.view(), &gpu).unwrap();
                check(&mut op, &case).unwrap_or_else(|e| panic!("{}: {e}", adapter.describe()));
            }
        }
    }
}

/// A row of affinities that is longer than the others, and bindings that hold few of them.
#[test]
fn affinities_are_cut_between_rows() {
    let case = Case::reaching(601, 2, 40);
    for adapter in present() {
        let gpu = open(adapter, &GpuOptions { max_binding_bytes: Some(48 << 10), ..GpuOptions::default() });
        let mut op = TsneGpu::prepare(case.affinities(), case.points.view(), &gpu).unwrap();
        assert!(op.n_bindings() > 1);
        check(&mut op, &case).unwrap_or_else(|e| panic!("{}: {e}", adapter.describe()));
        let least = GpuOptions { max_binding_bytes: Some(4 << 10), ..GpuOptions::default() };
        let error = TsneGpu::prepare(case.affinities(), case.points.view(), &open(adapter, &least)).unwrap_err();
        assert!(error.to_string().contains("use --device cpu"), "{error}");
    }
}

/// Sixty steps of a device are those of the CPU as long as rounding allows, and the same bytes twice and however they are cut.
#[test]
fn steps_are_the_cpus() {
    let step = Step { learning_rate: 5.0, momentum: 0.5, exaggeration: 4.0 };
    for dims in [2, 3] {
        let case = Case::new(521, dims);
        let mut cpu = Tsne::prepare(case.affinities(), case.points.view(), &Device::Cpu, Repulsion::Exact).unwrap();
        cpu.advance(60, step).unwrap();
        let wanted = cpu.points().unwrap();
        for adapter in present() {
            let run = |options: &GpuOptions, cut: &[usize]| {
                let device = Device::Gpu(open(adapter, options));
                let mut op = Tsne::prepare(case.affinities(), case.points.view(), &device, Repulsion::Auto).unwrap();
                cut.iter().for_each(|&n| op.advance(n, step).unwrap());
                (op.points().unwrap(), op.divergence().unwrap())
            };
            let (met, divergence) = run(&GpuOptions::default(), &[60]);
            let apart = (&met - &wanted).mapv(|x| x * x).sum().sqrt() / wanted.mapv(|x| x * x).sum().sqrt();
            println!("{dims} dimensions, 60 steps: {apart:e}");
            assert!(apart < 1e-4, "{apart:e}");
            assert!((divergence - cpu.divergence().unwrap()).abs() < 1e-4);
            let hasty = GpuOptions { dispatch_time: Some(Duration::ZERO), ..GpuOptions::default() };
            assert_eq!(run(&hasty, &[1, 7, 52]), (met, divergence));
        }
    }
}

#[test]
fn what_makes_no_sense_is_refused() {
    let case = Case::new(10, 2);
    let refused = |affinities, points: Array2<f64>, repulsion| {
        Tsne::prepare(affinities, points.view(), &Device::Cpu, repulsion).unwrap_err().to_string()
    };
    assert!(refused(case.affinities(), Array2::zeros((9, 2)), Repulsion::Auto).contains("10 rows"));
    assert!(refused(case.affinities(), Array2::zeros((10, 4)), Repulsion::Auto).contains("2 or 3"));
    assert!(refused(case.affinities(), Array2::from_elem((10, 2), f64::NAN), Repulsion::Auto).contains("finite"));
    assert!(refused(case.affinities(), Array2::zeros((10, 3)), Repulsion::Mesh).contains("use tree"));
    assert!(Affinities::new(vec![0, 1], vec![1], vec![0.5]).is_err());
    assert!(Affinities::new(vec![0, 1], vec![0], vec![-0.5]).is_err());
    assert!(Affinities::new(vec![0, 2], vec![0], vec![0.5]).is_err());
    for adapter in present() {
        let device = Device::Gpu(open(adapter, &GpuOptions::default()));
        let error = Tsne::prepare(case.affinities(), case.points.view(), &device, Repulsion::Tree).unwrap_err();
        assert!(error.to_string().contains("all pairs"), "{error}");
    }
}
