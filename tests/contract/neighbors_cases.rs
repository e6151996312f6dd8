//! Cases of `neighbors`, an oracle in f64 that shares no code with any body, and the comparison.

use oddflow::ops::neighbors::{Fenced, NeighborsGpu};
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Two values that are no distance's bits and no reference's number.
const POISONS: [u32; 2] = [0xdead_beef, 0x5a5a_5a5a];

/// What the values are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Values {
    /// Skewed, most small, some exactly 0 or −0, as flows have them.
    Skewed,
    /// The same, times this.
    Scaled(f32),
    /// Few distinct values, so that rows repeat and distances tie.
    Coarse,
    /// All rows equal.
    Equal,
    /// A tenth of the rows skewed, the others 1e30 away; queries are skewed.
    FarOff,
    /// 1e30, 3e38, subnormals, zeros of both signs, in any combination.
    Extreme,
    /// Row i is i in every column: the order of the references is that of the distances.
    Ramp,
    /// The first 62 rows (the room of k = 20) are one set of values in different orders, the others are far; queries are 0, so that the 62 are
    /// equally far, and only rounding tells them apart.
    NearTies,
}

/// References, queries, k, and what the oracle says.
pub struct Case {
    pub name: String,
    pub n_features: usize,
    pub k: usize,
    pub references: Vec<f32>,
    pub queries: Vec<f32>,
    /// Whether lists may be too long: ties, or distances that f32 cannot tell apart.
    may_overflow: bool,
    /// For each query, the references at most as far as its k-th nearest, and one more list of those that f32 might not
    /// tell from them.
    expected: Vec<(Vec<u32>, Vec<u32>)>,
}

impl Case {
    pub fn new(values: Values, n_features: usize, n_references: usize, k: usize, n_queries: usize) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64((n_features * 31 + n_references) as u64);
        let mut references: Vec<f32> = (0..n_references)
            .flat_map(|row| (0..n_features).map(move |_| row))
            .map(|row| draw(values, &mut rng, row))
            .collect();
        if values == Values::NearTies {
            let mut ties: Vec<f32> = (0..n_features).map(|_| rng.random_range(0.1..2.0)).collect();
            for row in references.chunks_mut(n_features).take(62) {
                ties.shuffle(&mut rng);
                row.copy_from_slice(&ties);
            }
        }
        // Half of the queries are references, as in a self-join.
        let queries: Vec<f32> = (0..n_queries)
            .flat_map(|query| match query % 2 {
                _ if values == Values::NearTies => vec![0.0; n_features],
                0 if values != Values::FarOff => {
                    let row = query * 7919 % n_references;
                    references[row * n_features..(row + 1) * n_features].to_vec()
                }
                _ => (0..n_features).map(|_| draw(values, &mut rng, 0)).collect(),
            })
            .collect();
        let expected = queries.chunks(n_features).map(|query| nearest(query, &references, k)).collect();
        let name = format!("{values:?}, {n_features} columns, {n_references} references, k = {k}");
        let may_overflow = !matches!(values, Values::Skewed | Values::FarOff | Values::Ramp | Values::NearTies);
        Self { name, n_features, k, references, queries, may_overflow, expected }
    }

    /// The same with the first `n_queries` only.
    pub fn queries(&self, n_queries: usize) -> &[f32] {
        &self.queries[..n_queries * self.n_features]
    }
}

fn draw(values: Values, rng: &mut ChaCha8Rng, row: usize) -> f32 {
    let skewed = |rng: &mut ChaCha8Rng| {
        let u: f32 = rng.random();
        match rng.random_range(0..16) {
            0 => 0.0,
            1 => -0.0,
            _ => u * u * u - 0.1,
        }
    };
    match values {
        Values::Skewed => skewed(rng),
        Values::Scaled(by) => skewed(rng) * by,
        Values::Coarse => rng.random_range(0..3) as f32,
        Values::Equal => 0.7,
        Values::FarOff if row.is_multiple_of(10) => skewed(rng),
        Values::FarOff => 1e30 * (1.0 + skewed(rng)),
        Values::Extreme => {
            let all = [0.0, -0.0, 1.0, -1e30, 1e30, 3e38, -3e38, 1e-40, -1e-45, 1e-30, f32::MIN_POSITIVE, f32::MAX];
            all[rng.random_range(0..all.len())]
        }
        Values::Ramp => row as f32,
        // Filled in afterwards.
        Values::NearTies if row < 62 => 0.0,
        Values::NearTies => 10.0 + skewed(rng),
    }
}

fn nearest(query: &[f32], references: &[f32], k: usize) -> (Vec<u32>, Vec<u32>) {
    let distances: Vec<f64> = references
        .chunks(query.len())
        .map(|row| query.iter().zip(row).map(|(&q, &r)| (f64::from(q) - f64::from(r)).powi(2)).sum())
        .collect();
    let mut sorted = distances.clone();
    let (_, &mut kth, _) = sorted.select_nth_unstable_by(k - 1, f64::total_cmp);
    // Rounding of n + 2 operations on either side, the margin three times over, and what underflows.
    let n = query.len() as f64;
    let farther = kth * (1.0 + 16.0 * (n + 10.0) * 2f64.powi(-24)) + n * 2f64.powi(-118);
    let within = |limit: f64| (0u32..).zip(&distances).filter(|(_, d)| **d <= limit).map(|(i, _)| i).collect();
    (within(kth), within(farther))
}

/// Runs the first `n_queries` of a case twice, on differently poisoned memory, and compares.
pub fn check(op: &NeighborsGpu, case: &Case, n_queries: usize) -> Result<(), String> {
    for poison in POISONS {
        let found = op.poisoned_candidates(case.queries(n_queries), case.k, poison).map_err(|e| e.to_string())?;
        let exact = matches!(op.tile_and_batch(case.k), Some((1, _)));
        compare(case, &found, n_queries, exact, poison)
            .map_err(|e| format!("{}, poison {poison:x}: {e}", case.name))?;
    }
    Ok(())
}

/// Lists hold the k nearest and all that tie with them, no reference twice, and nothing is written beyond them. With tiles
/// of one reference (`exact`) they hold nothing else that f32 can tell apart.
pub fn compare(case: &Case, found: &Fenced, n_queries: usize, exact: bool, poison: u32) -> Result<(), String> {
    if found.lists.len() != n_queries {
        return Err(format!("{} lists for {n_queries} queries", found.lists.len()));
    }
    let n_references = (case.references.len() / case.n_features) as u32;
    for (query, (list, (nearest, farther))) in found.lists.iter().zip(&case.expected).enumerate() {
        let Some(list) = list else {
            if case.may_overflow {
                continue;
            }
            return Err(format!("query {query} has too many candidates"));
        };
        if !list.is_sorted_by(|a, b| a < b) || list.last().is_some_and(|&last| last >= n_references) {
            return Err(format!("query {query}: a reference twice, or one that is none"));
        }
        if let Some(lost) = nearest.iter().find(|row| list.binary_search(row).is_err()) {
            return Err(format!(
                "query {query} of {n_queries}: reference {lost} is not among {} candidates",
                list.len()
            ));
        }
        if let Some(extra) = list.iter().find(|row| exact && farther.binary_search(row).is_err()) {
            return Err(format!("query {query}: reference {extra} is too far off"));
        }
    }
    match found.spare.iter().position(|&word| word != poison) {
        Some(word) => Err(format!("word {word} of those beyond the lists was overwritten")),
        None => Ok(()),
    }
}

fn right() -> (Case, Fenced) {
    let case = Case::new(Values::Skewed, 3, 500, 7, 30);
    let lists = case.expected.iter().map(|(nearest, _)| Some(nearest.clone())).collect();
    (case, Fenced { lists, spare: vec![POISONS[0]; 256] })
}

#[test]
fn the_right_candidates_pass() {
    let (case, found) = right();
    compare(&case, &found, 30, true, POISONS[0]).expect("right");
}

#[test]
fn wrong_candidates_are_noticed() {
    let complaint = |change: &dyn Fn(&mut Fenced)| {
        let (case, mut found) = right();
        change(&mut found);
        compare(&case, &found, 30, true, POISONS[0]).expect_err("wrong")
    };
    let list = |found: &mut Fenced, query: usize, change: &dyn Fn(&mut Vec<u32>)| {
        change(found.lists[query].as_mut().expect("a list"));
    };
    assert!(complaint(&|found| list(found, 29, &|l| l.truncate(6))).contains("is not among 6"));
    assert!(complaint(&|found| list(found, 0, &|l| *l = (0..500).collect())).contains("too far off"));
    assert!(complaint(&|found| list(found, 4, &|l| l.insert(1, l[0]))).contains("twice"));
    assert!(complaint(&|found| list(found, 4, &|l| l.push(500))).contains("one that is none"));
    assert!(complaint(&|found| found.lists[5] = None).contains("too many"));
    assert!(complaint(&|found| found.lists.rotate_right(1)).contains("query"));
    assert!(complaint(&|found| drop(found.lists.pop())).contains("29 lists"));
    assert!(complaint(&|found| found.spare[255] = 0).contains("word 255"));
}
