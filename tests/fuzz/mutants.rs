//! Mutations of seeds without a look at coverage: what every test run can afford, and a fuzzer where libFuzzer is not at hand.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// Bytes of a mutant at most.
const LONGEST: usize = 1 << 16;

/// Makes mutants of a target's inputs, the same ones for the same seed.
pub struct Mutants {
    inputs: Vec<Vec<u8>>,
    words: Vec<Vec<u8>>,
    random: ChaCha8Rng,
}

impl Mutants {
    /// Of these inputs, with the words of a libFuzzer dictionary.
    pub fn new(inputs: Vec<Vec<u8>>, dictionary: &str, seed: u64) -> Self {
        let words = dictionary.lines().filter_map(word).collect();
        Self { inputs, words, random: ChaCha8Rng::seed_from_u64(seed) }
    }

    /// The next one: one to eight changes of an input.
    pub fn next(&mut self) -> Vec<u8> {
        let mut bytes = self.input();
        for _ in 0..1 << self.below(4) {
            self.change(&mut bytes);
        }
        bytes.truncate(LONGEST);
        bytes
    }

    fn below(&mut self, n: usize) -> usize {
        (self.random.next_u64() % n.max(1) as u64) as usize
    }

    fn input(&mut self) -> Vec<u8> {
        let at = self.below(self.inputs.len());
        self.inputs.get(at).cloned().unwrap_or_default()
    }

    fn change(&mut self, bytes: &mut Vec<u8>) {
        let (at, n) = (self.below(bytes.len()), bytes.len());
        let most = 1 << (1 + self.below(8));
        let length = (1 + self.below(most)).min(n - at.min(n));
        match self.below(9) {
            0 if n > 0 => bytes[at] ^= 1 << self.below(8),
            1 if n > 0 => bytes[at] = self.below(256) as u8,
            2 if n > 0 => drop(bytes.drain(at..at + length)),
            3 => bytes.truncate(at),
            // A piece again, here or elsewhere.
            4 => {
                let piece = bytes[at..at + length].to_vec();
                let times = 1 + self.below(5);
                let to = self.below(n + 1);
                drop(bytes.splice(to..to, piece.repeat(times)));
            }
            5 => {
                let word = self.word();
                let past = if self.below(2) == 0 { at } else { at + length };
                drop(bytes.splice(at..past, word));
            }
            // The end of another input.
            6 => {
                let other = self.input();
                bytes.truncate(at);
                bytes.extend_from_slice(&other[self.below(other.len())..]);
            }
            // A number of 1, 2, 4 or 8 bytes at the edge of its range.
            7 if n >= 8 => {
                let edge = [0, 1, -1, i64::MAX, i64::MIN, 1 << 31, 1 << 20, 255][self.below(8)];
                let width = 1 << self.below(4);
                let at = at.min(n - 8);
                bytes[at..at + width].copy_from_slice(&edge.to_le_bytes()[..width]);
            }
            _ if n > 0 => {
                let from = self.below(n);
                bytes.swap(at, from);
            }
            _ => bytes.extend(self.word()),
        }
    }

    fn word(&mut self) -> Vec<u8> {
        let at = self.below(self.words.len());
        self.words.get(at).cloned().unwrap_or_else(|| b"0".to_vec())
    }
}

/// `"a\x09b"` → its bytes.
fn word(line: &str) -> Option<Vec<u8>> {
    let inner = line.trim().strip_prefix('"')?.strip_suffix('"')?;
    let (mut bytes, mut rest) = (Vec::new(), inner.as_bytes());
    while let Some((&first, behind)) = rest.split_first() {
        match (first, behind) {
            (b'\\', [b'x', high, low, behind @ ..]) => {
                let digits = [*high, *low];
                bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
                rest = behind;
            }
            _ => {
                bytes.push(first);
                rest = behind;
            }
        }
    }
    Some(bytes)
}
