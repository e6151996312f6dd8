//! Against Shapley values from their definition, over all coalitions.

mod cost;
mod distances;
mod ensemble;
mod kernels;
mod trees;

use super::Columns;
use ndarray::Array2;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Σ over coalitions S without i of |S|! (m − |S| − 1)! / m! (v(S + i) − v(S)); a coalition is a set of bits.
fn shapley(n_players: usize, worth: impl Fn(u32) -> f64) -> Vec<f64> {
    let worth: Vec<f64> = (0..1u32 << n_players).map(worth).collect();
    let factorial = |n: usize| (1..=n).map(|k| k as f64).product::<f64>();
    let weight = |n: usize| factorial(n) * factorial(n_players - n - 1) / factorial(n_players);
    let of = |player: usize| {
        let without = (0..1u32 << n_players).filter(|set| set & 1 << player == 0);
        let gain = |set: u32| worth[(set | 1 << player) as usize] - worth[set as usize];
        without.map(|set| weight(set.count_ones() as usize) * gain(set)).sum()
    };
    (0..n_players).map(of).collect()
}

fn rng(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

fn uniform(rng: &mut ChaCha8Rng) -> f64 {
    (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64
}

/// Some columns fine, some of few values with many ties.
fn rows(rng: &mut ChaCha8Rng, n_rows: usize, n_features: usize) -> Array2<f32> {
    Array2::from_shape_fn((n_rows, n_features), |(_, feature)| {
        let value = uniform(rng);
        if feature % 2 == 0 { (4.0 * value).floor() as f32 } else { (value * value * 10.0 - 3.0) as f32 }
    })
}

/// Each feature a column of its own.
fn plain(n_features: usize) -> Columns {
    Columns::new(n_features, (0..n_features).collect(), vec![0.0; n_features]).unwrap()
}

fn close(a: f64, b: f64, scale: f64) -> bool {
    (a - b).abs() <= 1e-9 * scale.max(1e-12)
}

#[test]
fn the_oracle_knows_the_glove_game() {
    // Who has the only left glove gets 2/3 of a pair's worth, each of two right gloves 1/6.
    let values = shapley(3, |set| f64::from(u8::from(set & 1 == 1 && set & 6 != 0)));
    assert!(values.iter().zip([4.0 / 6.0, 1.0 / 6.0, 1.0 / 6.0]).all(|(a, b)| close(*a, b, 1.0)), "{values:?}");
}
