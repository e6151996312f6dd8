//! Which keys were met, in ten bits each.

use crate::flows::record::mix;
use serde::{Deserialize, Serialize};

/// Bits for each key. With 7 hashes 0.8 % of the keys that were not met are taken for met.
const BITS: usize = 10;
const HASHES: u64 = 7;

/// A Bloom filter (Bloom 1970) of keys that are digests already; its hashes are h₁ + i h₂ (Kirsch & Mitzenmacher 2006).
/// It is stored in models, so its form must not change with a library's.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Bloom {
    words: Vec<u64>,
}

impl Bloom {
    pub fn of(keys: impl ExactSizeIterator<Item = u64>) -> Self {
        let mut bloom = Self { words: vec![0; (keys.len() * BITS).div_ceil(64)] };
        for key in keys {
            for (word, bit) in places(key, bloom.words.len()) {
                if let Some(word) = bloom.words.get_mut(word) {
                    *word |= bit;
                }
            }
        }
        bloom
    }

    /// True for every key that was met, and for 0.8 % of all others.
    pub fn has(&self, key: u64) -> bool {
        !self.words.is_empty()
            && places(key, self.words.len()).all(|(word, bit)| self.words.get(word).is_some_and(|w| w & bit != 0))
    }
}

/// Word and bit of each hash.
fn places(key: u64, n_words: usize) -> impl Iterator<Item = (usize, u64)> {
    let n_bits = n_words as u128 * 64;
    let step = mix(7, key) | 1;
    (0..HASHES).map(move |i| {
        let hash = key.wrapping_add(i.wrapping_mul(step));
        let place = (u128::from(hash) * n_bits) >> 64;
        ((place / 64) as usize, 1 << (place % 64))
    })
}
