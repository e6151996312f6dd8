use super::cpu::{Avx2, Distances, Kernel, Lanes, Portable, Search, Tree};
use super::*;
use ndarray::{Array2, ArrayView1, Axis, s};
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A neighbour as it is compared: the bits of its distance, and its record.
type Key = (u64, u32);

/// All distances of one row, by the contract's words.
fn plain(references: &Array2<f32>, query: ArrayView1<'_, f32>, k: usize, left_out: Option<u32>) -> Vec<Key> {
    let mut all: Vec<(f64, u32)> = Vec::new();
    for (index, reference) in references.rows().into_iter().enumerate() {
        if Some(index as u32) == left_out {
            continue;
        }
        let mut sum = 0.0;
        for j in 0..query.len() {
            let difference = f64::from(query[j]) - f64::from(reference[j]);
            sum += difference * difference;
        }
        all.push((sum, index as u32));
    }
    all.sort_by(|a, b| a.partial_cmp(b).unwrap());
    all.into_iter().take(k).map(|(sq_dist, index)| (sq_dist.to_bits(), index)).collect()
}

fn keys(list: &[Neighbor]) -> Vec<Key> {
    list.iter().map(|neighbor| (neighbor.sq_dist.to_bits(), neighbor.index)).collect()
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    /// Many exact ties and duplicates.
    Grid,
    Uniform,
    /// Distances that f32 cannot tell apart.
    FarFromZero,
    /// Squares that overflow and underflow in f32.
    Extreme,
    AllEqual,
    /// Tight groups of rows far from each other, as flows lie.
    Clusters,
}

const KINDS: [Kind; 6] = [Kind::Grid, Kind::Uniform, Kind::FarFromZero, Kind::Extreme, Kind::AllEqual, Kind::Clusters];

fn rows(n: usize, d: usize, seed: u64, kind: Kind) -> Array2<f32> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    if kind == Kind::Clusters {
        return clusters(n, d, &mut rng);
    }
    let mut rows = Array2::from_shape_simple_fn((n, d), || match kind {
        Kind::Grid => rng.random_range(0..4) as f32,
        Kind::Uniform => rng.random::<f32>(),
        Kind::FarFromZero => 1000.0 + rng.random::<f32>() * 1e-3,
        Kind::Extreme => [1e30, -1e30, 3e38, 1e-40, 2e-23, -0.0, 0.0][rng.random_range(0..7)],
        Kind::AllEqual | Kind::Clusters => 7.0,
    });
    for i in (5..n).step_by(5) {
        let before = rows.row(i - 1).to_owned();
        rows.row_mut(i).assign(&before);
    }
    rows
}

/// Rows around 24 centres that are the same for any seed, each cluster of its own width, some in a few dimensions only.
fn clusters(n: usize, d: usize, rng: &mut ChaCha8Rng) -> Array2<f32> {
    let mut of_centres = ChaCha8Rng::seed_from_u64(99);
    let centres = Array2::from_shape_simple_fn((24, d), || of_centres.random::<f32>() * 10.0);
    let widths = Array2::from_shape_simple_fn((24, d), || of_centres.random::<f32>().powi(8));
    let mut rows = Array2::zeros((n, d));
    for mut row in rows.rows_mut() {
        let cluster = rng.random_range(0..24);
        for j in 0..d {
            let spread = rng.random::<f32>() + rng.random::<f32>() + rng.random::<f32>() - 1.5;
            row[j] = centres[[cluster, j]] + widths[[cluster, j]] * spread;
        }
    }
    rows
}

fn prepare(references: &Array2<f32>) -> Neighbors {
    Neighbors::prepare(references.view(), &Device::Cpu).unwrap()
}

fn map(op: &Neighbors, queries: Queries<'_>, k: usize) -> Vec<Vec<Key>> {
    op.map(queries, k, Watch::stop(&Stop::new()), |_, list| keys(list)).unwrap()
}

fn self_map(op: &Neighbors, k: usize) -> Vec<Vec<Key>> {
    op.self_map(k, Watch::stop(&Stop::new()), |_, list| keys(list)).unwrap()
}

fn some_k(n: usize) -> impl Iterator<Item = usize> {
    [1, 2, 20, n / 2, n - 1].into_iter().filter(move |k| (1..n).contains(k))
}

#[test]
fn lists_are_the_plain_ones() {
    for (n, d) in [(2, 1), (63, 3), (64, 1), (300, 1), (65, 8), (200, 8), (700, 13), (300, 40), (70, 1000)] {
        for kind in KINDS {
            let (references, queries) = (rows(n, d, 1, kind), rows(90, d, 2, kind));
            let op = prepare(&references);
            let excluded: Vec<_> = (0..90).map(|i| (i % 3 == 0).then_some(i % n as u32)).collect();
            for k in some_k(n) {
                let name = format!("{n} × {d}, {kind:?}, k = {k}");
                for (i, found) in self_map(&op, k).into_iter().enumerate() {
                    assert_eq!(found, plain(&references, references.row(i), k, Some(i as u32)), "{name}, row {i}");
                }
                for (i, found) in map(&op, Queries::new(queries.view()), k).into_iter().enumerate() {
                    assert_eq!(found, plain(&references, queries.row(i), k, None), "{name}, query {i}");
                }
                let found = map(&op, Queries::excluding(queries.view(), &excluded), k);
                for (i, found) in found.into_iter().enumerate() {
                    assert_eq!(found, plain(&references, queries.row(i), k, excluded[i]), "{name}, query {i}");
                }
            }
        }
    }
}

#[test]
fn clustered_rows_lose_no_neighbour_in_any_batch() {
    for (n, d) in [(1_000, 8), (4_000, 8), (4_000, 3), (2_500, 20)] {
        let (references, queries) = (rows(n, d, 5, Kind::Clusters), rows(700, d, 6, Kind::Clusters));
        let op = prepare(&references);
        let own: Vec<_> = (0..n).map(|i| plain(&references, references.row(i), 20, Some(i as u32))).collect();
        let of_queries: Vec<_> = queries.rows().into_iter().map(|query| plain(&references, query, 20, None)).collect();
        for k in [1, 5, 20] {
            for (i, found) in self_map(&op, k).into_iter().enumerate() {
                assert_eq!(found, own[i][..k], "{n} × {d}, k = {k}, row {i}");
            }
            for size in [1, 50, 700] {
                let parts = queries.axis_chunks_iter(Axis(0), size);
                let found: Vec<_> = parts.flat_map(|part| map(&op, Queries::new(part), k)).collect();
                let expected: Vec<_> = of_queries.iter().map(|list| list[..k].to_vec()).collect();
                assert_eq!(found, expected, "{n} × {d}, k = {k}, batches of {size}");
            }
        }
    }
}

#[test]
fn kept_lists_are_the_mapped_ones() {
    let references = rows(500, 5, 3, Kind::Grid);
    let op = prepare(&references);
    let lists = op.self_lists(7, Watch::stop(&Stop::new())).unwrap();
    assert_eq!((lists.n_rows(), lists.n_neighbors()), (500, 7));
    for (row, expected) in self_map(&op, 7).into_iter().enumerate() {
        let (index, sq_dist) = lists.row(row);
        assert_eq!(sq_dist.iter().map(|d| d.to_bits()).zip(index.iter().copied()).collect::<Vec<_>>(), expected);
    }
    assert_eq!(lists.row(500), (&[][..], &[][..]));
    assert_eq!(NeighborLists::bytes(500, 7), 42_000);
}

/// Multiplies and adds with one rounding, as GPUs may and lavapipe does not, from the last feature to the first.
struct FusedBackwards;

impl Kernel for FusedBackwards {
    fn scan(block: &[[Lanes; 8]], query: &[f32], limit: f32, distances: &mut Distances) -> u64 {
        *distances = [Lanes([0.0; 8]); 8];
        for (rows, &value) in block.iter().zip(query).rev() {
            for lane in 0..64 {
                let sum = &mut distances[lane / 8].0[lane % 8];
                let difference = f64::from(value - rows[lane / 8].0[lane % 8]);
                *sum = (difference * difference + f64::from(*sum)) as f32;
            }
        }
        (0..64).filter(|&lane| distances[lane / 8].0[lane % 8] <= limit).fold(0, |mask, lane| mask | 1 << lane)
    }

    fn near_box(queries: &[[Lanes; 8]], limits: &Distances, low: &[f32], high: &[f32]) -> u64 {
        Portable::near_box(queries, limits, low, high)
    }

    fn between(low: &[f32], high: &[f32], other_low: &[f32], other_high: &[f32]) -> f32 {
        Portable::between(low, high, other_low, other_high)
    }
}

/// Every row's list by one kernel, and how many were near ties.
fn lists_by<K: Kernel>(references: &Array2<f32>, k: usize) -> (Vec<Vec<Key>>, usize) {
    let mut distinct = References::new(references.view()).unwrap();
    let tree = Tree::build(&mut distinct);
    let (mut search, mut settle, mut near_ties) = (Search::default(), Settle::default(), 0);
    let mut lists = vec![Vec::new(); references.nrows()];
    for row in 0..distinct.n_unique() as u32 {
        let query = distinct.unique(row);
        tree.search_by::<K>(&distinct, [query].into_iter(), (k + 1).min(distinct.n_unique()), &mut search);
        let candidates = search.candidates(0).iter().map(|candidate| candidate.1);
        near_ties += usize::from(settle.key(&distinct, query, candidates, k + 1));
        for &member in distinct.members(row) {
            lists[member as usize] = keys(settle.expand(&distinct, k, Some(member)));
        }
    }
    (lists, near_ties)
}

#[test]
fn kernels_that_round_differently_are_settled_to_the_same() {
    for kind in KINDS {
        let references = rows(400, 11, 5, kind);
        for k in [1, 20, 150] {
            let (expected, near_ties) = lists_by::<Portable>(&references, k);
            assert_eq!(self_map(&prepare(&references), k), expected, "{kind:?}");
            assert_eq!(lists_by::<FusedBackwards>(&references, k), (expected.clone(), near_ties), "{kind:?}");
            if Avx2::is_available() {
                assert_eq!(lists_by::<Avx2>(&references, k), (expected, near_ties), "{kind:?}");
            }
            match kind {
                Kind::FarFromZero if k == 150 => assert!(near_ties > 300, "{near_ties} near ties"),
                Kind::AllEqual => assert_eq!(near_ties, 0),
                _ => {}
            }
        }
    }
}

#[test]
fn threads_and_batches_change_nothing() {
    let (references, queries) = (rows(3_000, 6, 7, Kind::Uniform), rows(1_000, 6, 8, Kind::Uniform));
    let op = prepare(&references);
    let expected = (self_map(&op, 9), map(&op, Queries::new(queries.view()), 9));
    for threads in [1, 2, 3, 8] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let found = pool.install(|| {
            let op = prepare(&references);
            (self_map(&op, 9), map(&op, Queries::new(queries.view()), 9))
        });
        assert!(found == expected, "{threads} threads");
    }
    for batch in [1, 7, 64, 999] {
        let parts = queries.axis_chunks_iter(Axis(0), batch);
        let found: Vec<_> = parts.flat_map(|part| map(&op, Queries::new(part), 9)).collect();
        assert!(found == expected.1, "batches of {batch}");
    }
}

#[test]
fn rows_may_have_any_strides() {
    let references = rows(300, 8, 9, Kind::Uniform);
    let view = references.slice(s![..;-2, ..;3]);
    let copy = view.to_owned();
    assert_eq!(self_map(&Neighbors::prepare(view, &Device::Cpu).unwrap(), 4), self_map(&prepare(&copy), 4));
}

#[test]
fn what_cannot_be_answered_is_an_error() {
    let references = rows(10, 2, 1, Kind::Uniform);
    let op = prepare(&references);
    let stop = Stop::new();
    let error = |queries: Queries<'_>, k| op.map(queries, k, Watch::stop(&stop), |_, _| ()).unwrap_err().to_string();
    let mut queries = rows(4, 2, 1, Kind::Uniform);
    assert!(error(Queries::new(queries.view()), 0).contains("n_neighbors is 0"));
    assert!(error(Queries::new(queries.view()), 11).contains("between 1 and 10"));
    assert!(error(Queries::excluding(queries.view(), &[Some(1), None, None, None]), 10).contains("between 1 and 9"));
    assert!(error(Queries::excluding(queries.view(), &[Some(10), None, None, None]), 1).contains("10"));
    assert!(error(Queries::excluding(queries.view(), &[None]), 1).contains("one entry for each"));
    assert!(error(Queries::new(Array2::zeros((1, 3)).view()), 1).contains("the references have 2"));
    assert!(op.self_lists(10, Watch::stop(&stop)).unwrap_err().to_string().contains("between 1 and 9"));
    queries[[2, 1]] = f32::INFINITY;
    assert!(error(Queries::new(queries.view()), 1).contains("query row 2, column 1 is inf"));
    let none = Neighbors::prepare(Array2::zeros((0, 2)).view(), &Device::Cpu).unwrap_err();
    assert!(none.to_string().contains("at least 1"));
    stop.request();
    let stopped = op.self_lists(3, Watch::stop(&stop)).unwrap_err();
    assert!(matches!(stopped, Error::Interrupted));
    assert_eq!(map(&op, Queries::new(Array2::zeros((0, 2)).view()), 3), Vec::<Vec<Key>>::new());
}

#[test]
fn near_ties_are_counted_by_record() {
    // Two references that f32 cannot order seen from the first two rows, which are duplicates.
    let references = ndarray::arr2(&[
        [0.0, 0.0],
        [0.0, 0.0],
        [3.0, 4.0],
        [5.0, 0.000_001],
        [100.0, 0.0],
        [200.0, 0.0],
        [-400.0, 0.0],
    ]);
    let op = prepare(&references);
    assert_eq!(self_map(&op, 2).len(), 7);
    assert_eq!(op.settled(), Settled { near_ties: 2, searched_on_host: 0 });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]
    #[test]
    fn any_rows(n in 2usize..400, d in 1usize..30, seed: u64, kind in 0usize..4, share in 0.0f64..1.0) {
        let references = rows(n, d, seed, KINDS[kind]);
        let k = 1 + ((n - 1) as f64 * share * share * share) as usize;
        let k = k.min(n - 1);
        for (i, found) in self_map(&prepare(&references), k).into_iter().enumerate() {
            prop_assert_eq!(found, plain(&references, references.row(i), k, Some(i as u32)));
        }
    }
}
