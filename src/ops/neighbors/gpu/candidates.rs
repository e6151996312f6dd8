//! What a batch of queries found.

use std::ops::Range;

/// For each query of a batch, the rows among which its nearest certainly are.
#[derive(Debug)]
pub struct Candidates<'a> {
    pub(super) queries: Range<usize>,
    pub(super) found: Found<'a>,
}

/// What was found.
#[derive(Debug)]
pub(super) enum Found<'a> {
    /// There are so few rows that all of them are candidates.
    All(u32),
    /// A list a query: number found, then rows by their number on the device.
    Lists { words: &'a [u32], room: usize, order: &'a [u32] },
    /// One query's search does not fit the device.
    Nothing,
}

impl Candidates<'_> {
    /// The queries of the batch, as they are numbered in the call.
    pub fn queries(&self) -> Range<usize> {
        self.queries.clone()
    }

    /// Puts the candidates of query number `query` into `rows`, in any order. False: they were too many, and every row
    /// may be one.
    pub fn of(&self, query: usize, rows: &mut Vec<u32>) -> bool {
        rows.clear();
        match self.found {
            Found::All(n_rows) => rows.extend(0..n_rows),
            Found::Nothing => return false,
            Found::Lists { words, room, order } => {
                let begin = query.wrapping_sub(self.queries.start).wrapping_mul(room + 1);
                let list = words.get(begin..begin.wrapping_add(room + 1)).unwrap_or_default();
                let Some((&n_found, list)) = list.split_first() else {
                    return false;
                };
                let Some(list) = list.get(..n_found as usize) else {
                    return false;
                };
                rows.extend(list.iter().filter_map(|&number| order.get(number as usize)));
                // A number that is none is no answer of the kernels; nothing is lost where the host searches then.
                return rows.len() == list.len();
            }
        }
        true
    }
}

/// Lists with what lies behind them; see [`NeighborsGpu::poisoned_candidates`](super::NeighborsGpu::poisoned_candidates).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fenced {
    /// Of each query, the candidates, ascending; None: more than there was room for.
    pub lists: Vec<Option<Vec<u32>>>,
    /// The words of the output buffer that no kernel may write, which must all still be the poison: behind the end of each
    /// list, behind the lists, and a fence behind the output.
    pub spare: Vec<u32>,
}

impl Fenced {
    /// Adds a batch's output, fence included.
    pub(super) fn add(&mut self, candidates: &Candidates<'_>, output: &[u32]) {
        let mut rows = Vec::new();
        for query in candidates.queries() {
            let found = candidates.of(query, &mut rows);
            rows.sort_unstable();
            self.lists.push(found.then(|| rows.clone()));
        }
        let Found::Lists { room, .. } = candidates.found else {
            return;
        };
        let (lists, rest) = output.split_at(output.len().min((room + 1) * candidates.queries.len()));
        for list in lists.chunks_exact(room + 1) {
            let n_found = list.first().map_or(0, |&n| n as usize);
            self.spare.extend(list.iter().skip(1 + n_found));
        }
        self.spare.extend(rest);
    }
}
