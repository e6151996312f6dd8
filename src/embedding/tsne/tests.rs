use super::*;
use crate::embedding::Affinities;

fn affinities(n: usize) -> Affinities {
    let weight = |i: usize, j: usize| 1.0 / (1 + (i * j) % 5 + i.abs_diff(j)) as f64;
    let pairs = || (0..n).flat_map(|i| (0..n).filter(move |&j| j != i).map(move |j| (i, j)));
    let total: f64 = pairs().map(|(i, j)| weight(i, j)).sum();
    let row = |i| (0..n).filter(|&j| j != i).map(|j| (j as u32, weight(i, j) / total)).collect();
    Affinities::from_rows((0..n).map(row).collect())
}

fn points(n: usize) -> Vec<[f64; 3]> {
    (0..n).map(|i| [0.0, 1.0, 2.0].map(|c| (i as f64 * 1.7 + c).sin() * 2.0)).collect()
}

#[test]
fn the_gradient_is_the_slope_of_the_divergence() {
    let (p, mut y) = (affinities(12), points(12));
    let exact = gradient(&p, &y, 1.0).unwrap();
    for i in 0..12 {
        for c in 0..3 {
            let at = y[i][c];
            let mut kl = |x: f64| {
                y[i][c] = x;
                gradient(&p, &y, 1.0).unwrap().kl
            };
            let slope = (kl(at + 1e-5) - kl(at - 1e-5)) / 2e-5;
            y[i][c] = at;
            assert!((slope - exact.rows[i][c]).abs() < 1e-8, "{i} {c}: {slope} {}", exact.rows[i][c]);
        }
    }
}

#[test]
fn threads_change_no_byte() {
    let (p, y) = (affinities(97), points(97));
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| gradient(&p, &y, 12.0).unwrap())
    };
    for threads in [2, 3, 8] {
        assert_eq!(run(1), run(threads));
    }
}
