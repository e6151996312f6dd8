use super::columns::{Columns, Place};
use super::kernel::{Kernel, Portable};
use super::{RbfCpu, TrainingCpu};
use crate::features::math;
use crate::ops::rbf::{Expansion, error_bound};
use ndarray::{Array2, ArrayView1, Axis, Slice};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn rows(seed: u64, n: usize, d: usize) -> Array2<f32> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    Array2::from_shape_simple_fn((n, d), || {
        let spread = if rng.random::<f32>() < 0.05 { 30.0 } else { 1.0 };
        (rng.random::<f32>() + rng.random::<f32>() - 1.0) * spread + 100.0
    })
}

fn kernel(a: ArrayView1<'_, f32>, b: ArrayView1<'_, f32>, gamma: f64) -> f64 {
    let sq_dist: f64 = a.iter().zip(b).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum();
    math::exp(-gamma * sq_dist)
}

fn coefficients(seed: u64, n: usize) -> Vec<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..n).map(|_| rng.random::<f64>() * 2.0 - 0.5).collect()
}

const SHAPES: [(usize, usize, usize); 8] =
    [(1, 1, 1), (5, 15, 3), (7, 16, 8), (96, 64, 8), (97, 65, 40), (200, 131, 17), (13, 200, 100), (3, 17, 1000)];

#[test]
fn sums_are_within_the_bound_and_the_same_for_both_kernels() {
    for (n_rows, n_vectors, d) in SHAPES {
        let (x, s) = (rows(1, n_rows, d), rows(2, n_vectors, d));
        let (a, gamma) = (coefficients(3, n_vectors), 1.0 / d as f64);
        let expansion = Expansion::new(s.clone(), a.clone(), gamma).unwrap();
        let body = RbfCpu::prepare(&expansion);
        let sums = body.sums(x.view());
        assert_eq!(sums, body.sums_by::<Portable>(x.view()));
        for (row, sum) in x.outer_iter().zip(&sums) {
            let exact: f64 = s.outer_iter().zip(&a).map(|(s, a)| a * kernel(row, s, gamma)).sum();
            let bound = error_bound(d) * expansion.absolute_sum();
            assert!((sum - exact).abs() <= bound, "{n_rows} {n_vectors} {d}: {sum} {exact} {bound:e}");
        }
    }
}

#[test]
fn a_row_has_the_same_sum_in_any_batch() {
    let (x, s) = (rows(4, 211, 9), rows(5, 77, 9));
    let body = RbfCpu::prepare(&Expansion::new(s, coefficients(6, 77), 0.1).unwrap());
    let whole = body.sums(x.view());
    for size in [1, 5, 6, 7, 96, 97] {
        let parts: Vec<f64> = x.axis_chunks_iter(Axis(0), size).flat_map(|part| body.sums(part)).collect();
        assert_eq!(whole, parts, "{size}");
    }
    let wide = rows(4, 211, 18);
    let every_other = wide.slice_axis(Axis(1), Slice::new(0, None, 2));
    assert_eq!(body.sums(every_other), body.sums(every_other.to_owned().view()), "strided rows");
}

#[test]
fn strange_values_do_what_the_contract_says() {
    let s = Array2::from_shape_vec((2, 2), vec![0.0, 0.0, 1e30, 1.0]).unwrap();
    let body = RbfCpu::prepare(&Expansion::new(s, vec![1.0, 2.0], 1.0).unwrap());
    let x = vec![f32::NAN, 0.0, f32::INFINITY, 0.0, 1e30, 1.0, 0.0, -0.0, 1e25, 0.0, f32::MIN_POSITIVE, 0.0];
    let x = Array2::from_shape_vec((6, 2), x).unwrap();
    for sums in [body.sums(x.view()), body.sums_by::<Portable>(x.view())] {
        assert!(sums[0].is_nan());
        assert_eq!(sums[1..], [0.0, 2.0, 1.0, 0.0, 1.0]);
    }
}

#[test]
fn the_exponential_is_as_near_as_said() {
    let (mut worst, mut t) = (0f64, -124.9f32);
    let mut block = [[crate::ops::lanes::Lanes::splat(0.0); 2]];
    while t < 0.0 {
        block[0][0].0[0] = (-t).sqrt();
        let exponent = -(block[0][0].0[0] * block[0][0].0[0]);
        let tile = Portable::tile(&block, &[[0.0; 6]], -1.0);
        let exact = math::exp2(f64::from(exponent));
        worst = worst.max((f64::from(tile[0][0].0[0]) - exact).abs() / exact);
        t += 0.000_37;
    }
    assert!(worst < 0.7 * 2f64.powi(-23), "{worst:e}");
}

#[test]
fn products_are_the_same_for_any_cache_and_kernel() {
    let (n, d, gamma) = (1_100, 7, 0.2);
    let x = rows(7, n, d);
    let calls: Vec<Vec<u32>> = vec![
        (0..200).collect(),
        (100..330).rev().collect(),
        vec![5, 5, 1_099],
        (0..n as u32).step_by(3).collect(),
        (50..150).collect(),
    ];
    let run = |cache: u64, portable: bool| {
        let mut body = TrainingCpu::prepare(x.view(), gamma, cache);
        let mut sums = vec![0.25; n];
        for (seed, call) in (0..).zip(&calls) {
            let a = coefficients(seed, call.len());
            match portable {
                true => body.add_products_by::<Portable>(call, &a, &mut sums),
                false => body.add_products(call, &a, &mut sums),
            }
        }
        sums
    };
    let plain = run(0, false);
    for cache in [1 << 12, 100 << 10, 1 << 20, 1 << 30] {
        assert_eq!(plain, run(cache, false), "{cache}");
    }
    assert_eq!(plain, run(300 << 10, true));
    let body = TrainingCpu::prepare(x.view(), gamma, 0);
    for (j, &sum) in plain.iter().enumerate().step_by(97) {
        let mut exact = 0.25;
        let mut size = 0.0;
        for (seed, call) in (0..).zip(&calls) {
            for (&i, a) in call.iter().zip(coefficients(seed, call.len())) {
                exact += a * kernel(x.row(i as usize), x.row(j), gamma);
                size += a.abs();
            }
        }
        assert!((sum - exact).abs() <= error_bound(d) * size, "{j}: {sum} {exact}");
    }
    let chosen: Vec<u32> = (0..n as u32).rev().step_by(7).collect();
    let a = coefficients(9, chosen.len());
    let exact = body.exact_products(&chosen, &a);
    assert_eq!(exact, body.exact_products_by::<Portable>(&chosen, &a));
    for (j, product) in exact.iter().enumerate() {
        let pairs = chosen.iter().zip(&a);
        let want: f64 = pairs.map(|(&i, a)| a * kernel(x.row(i as usize), x.row(j), gamma)).sum();
        assert!((product - want).abs() <= 1e-13 * chosen.len() as f64, "{j}: {product} {want}");
    }
}

#[test]
fn a_block_is_symmetric_and_its_diagonal_one() {
    let x = rows(8, 100, 11);
    let body = TrainingCpu::prepare(x.view(), 0.3, 0);
    let chosen: Vec<u32> = (0..100).step_by(3).chain([3, 3]).collect();
    let block = body.block(&chosen);
    assert_eq!(block, body.block_by::<Portable>(&chosen));
    assert_eq!(block, block.t());
    assert!(block.diag().iter().all(|&k| k == 1.0));
    let mut row = vec![0.0; 100];
    TrainingCpu::prepare(x.view(), 0.3, 0).add_products(&chosen[4..5], &[1.0], &mut row);
    let of_chosen: Vec<f32> = chosen.iter().map(|&i| row[i as usize] as f32).collect();
    assert_eq!(block.row(4).to_vec(), of_chosen, "a block and a column hold the same values");
}

#[test]
fn columns_last_used_longest_ago_make_room() {
    let mut columns = Columns::new(512, 3 * 2_048);
    assert_eq!(columns.slots(), 3);
    assert_eq!(columns.place(&[1, 2]), [Place::New(0), Place::New(1)]);
    assert_eq!(columns.place(&[2, 3]), [Place::Kept(1), Place::New(2)]);
    assert_eq!(columns.place(&[4, 2, 3, 5]), [Place::New(0), Place::Kept(1), Place::Kept(2), Place::None]);
    assert_eq!(columns.place(&[1, 4]), [Place::New(1), Place::Kept(0)], "2 and 3 are equally old");
    assert_eq!(Columns::new(512, 0).place(&[7]), [Place::None]);
}
