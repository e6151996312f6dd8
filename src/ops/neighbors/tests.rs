use super::*;
use ndarray::Array2;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// All distances of one row by the key, sorted.
fn plain(
    references: &Array2<f32>,
    query: ndarray::ArrayView1<'_, f32>,
    k: usize,
    left_out: Option<u32>,
) -> Vec<(f64, u32)> {
    let mut all: Vec<(f64, u32)> = (0..references.nrows() as u32)
        .filter(|&i| Some(i) != left_out)
        .map(|i| {
            let mut sum = 0.0;
            for j in 0..references.ncols() {
                let d = f64::from(query[j]) - f64::from(references[[i as usize, j]]);
                sum += d * d;
            }
            (sum, i)
        })
        .collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    all.truncate(k);
    all
}

fn rows(n: usize, d: usize, seed: u64, kind: u32) -> Array2<f32> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut rows = Array2::from_shape_simple_fn((n, d), || match kind {
        // A coarse grid: many exact ties and duplicates.
        0 => rng.random_range(0..4) as f32,
        1 => rng.random::<f32>(),
        // Distances that f32 cannot tell apart.
        2 => 1000.0 + rng.random::<f32>() * 1e-3,
        3 => [1e30, -1e30, 3e38, 1e-40, -0.0, 0.0][rng.random_range(0..6)],
        _ => 7.0,
    });
    for i in (5..n).step_by(5) {
        let before = rows.row(i - 1).to_owned();
        rows.row_mut(i).assign(&before);
    }
    rows
}

fn stop() -> Stop {
    Stop::new()
}

#[test]
fn lists_are_the_plain_ones() {
    let stop = stop();
    for (n, d) in [(2, 1), (63, 3), (200, 8), (700, 13), (300, 40)] {
        for kind in 0..5 {
            let references = rows(n, d, 1, kind);
            let queries = rows(90, d, 2, kind);
            let op = Neighbors::prepare(references.view(), &Device::Cpu).unwrap();
            for k in [1, 2, 20, n / 2, n - 1].into_iter().filter(|&k| (1..n).contains(&k)) {
                let lists = op.self_lists(k, Watch::stop(&stop)).unwrap();
                for i in 0..n {
                    let expected = plain(&references, references.row(i), k, Some(i as u32));
                    let (index, dist) = lists.row(i);
                    let found: Vec<_> = dist.iter().copied().zip(index.iter().copied()).collect();
                    assert_eq!(found, expected, "n {n} d {d} kind {kind} k {k} row {i}");
                }
                let excluded: Vec<Option<u32>> = (0..90).map(|i| (i % 3 == 0).then_some(i as u32 % n as u32)).collect();
                let of = |q: Queries<'_>| {
                    op.map(q, k, Watch::stop(&stop), |_, list| {
                        list.iter().map(|x| (x.sq_dist, x.index)).collect::<Vec<_>>()
                    })
                    .unwrap()
                };
                for (i, found) in of(Queries::new(queries.view())).into_iter().enumerate() {
                    assert_eq!(
                        found,
                        plain(&references, queries.row(i), k, None),
                        "n {n} d {d} kind {kind} k {k} query {i}"
                    );
                }
                for (i, found) in of(Queries::excluding(queries.view(), &excluded)).into_iter().enumerate() {
                    assert_eq!(found, plain(&references, queries.row(i), k, excluded[i]));
                }
            }
        }
    }
}
