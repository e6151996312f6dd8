//! Groups on all threads, answers on one.

use super::super::Watch;
use super::Search;
use crate::Result;
use rayon::prelude::*;

/// Groups of a thread between two looks at the stop: between these, as many as hold about so many neighbours.
const WINDOW: std::ops::RangeInclusive<usize> = 4..=64;
const WINDOW_NEIGHBORS: usize = 1 << 19;

/// Works on groups `0..n_groups` on the current rayon pool and hands what they give to `sink`, in order. Little is kept:
/// windows of groups follow each other, smaller ones where a group gives many neighbours.
pub(in super::super) fn run<Part: Send>(
    n_groups: usize,
    n_rows: u64,
    neighbors_in_group: usize,
    watch: Watch<'_>,
    work: impl Fn(usize, &mut Search) -> Part + Sync,
    mut sink: impl FnMut(Part),
) -> Result<()> {
    let window = (WINDOW_NEIGHBORS / neighbors_in_group.max(1)).clamp(*WINDOW.start(), *WINDOW.end());
    let window = window * rayon::current_num_threads();
    let mut begin = 0;
    while begin < n_groups {
        watch.stop.check()?;
        let end = n_groups.min(begin + window);
        let parts: Vec<Part> =
            (begin..end).into_par_iter().map_init(Search::default, |search, group| work(group, search)).collect();
        parts.into_iter().for_each(&mut sink);
        begin = end;
        (watch.progress)(n_rows * begin as u64 / n_groups as u64, n_rows);
    }
    watch.stop.check()
}
