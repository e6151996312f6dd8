//! From a set of candidates to the list that the key decides.

use super::order::{Margin, sq_dist};
use super::{Neighbor, References};

/// Scratch of one thread.
#[derive(Default)]
pub(super) struct Settle {
    /// Distinct rows by key: distance, first record, row.
    keyed: Vec<(f64, u32, u32)>,
    list: Vec<Neighbor>,
}

impl Settle {
    /// Orders `candidates`, distinct rows that hold the `k` nearest for certain, by their keys. Returns whether f32 could
    /// not have ordered the first k + 1.
    pub fn key(
        &mut self,
        references: &References,
        query: &[f32],
        candidates: impl Iterator<Item = u32>,
        k: usize,
    ) -> bool {
        self.keyed.clear();
        self.keyed.extend(candidates.map(|row| {
            let first = references.members(row).first().copied().unwrap_or(u32::MAX);
            (sq_dist(query, references.unique(row)), first, row)
        }));
        self.keyed.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let margin = Margin::new(references.n_features());
        let undecided = |pair: &[(f64, u32, u32)]| matches!(pair, [a, b] if margin.is_near_tie(a.0, b.0));
        self.keyed.windows(2).take(k).any(undecided)
    }

    /// The `k` nearest records of the rows that were keyed, `left_out` not among them.
    pub fn expand(&mut self, references: &References, k: usize, left_out: Option<u32>) -> &[Neighbor] {
        self.list.clear();
        for ties in self.keyed.chunk_by(|a, b| a.0 == b.0) {
            let begin = self.list.len();
            for &(sq_dist, _, row) in ties {
                // Of one row no more than k records can be among the k nearest.
                let members = references.members(row).iter().filter(|&&index| Some(index) != left_out).take(k);
                self.list.extend(members.map(|&index| Neighbor { sq_dist, index }));
            }
            if ties.len() > 1
                && let Some(tied) = self.list.get_mut(begin..)
            {
                tied.sort_unstable_by_key(|neighbor| neighbor.index);
            }
            if self.list.len() >= k {
                break;
            }
        }
        self.list.truncate(k);
        &self.list
    }
}
