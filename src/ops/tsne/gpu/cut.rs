//! Affinities, cut into what bindings hold.

use super::{GROUP_ROWS, MOST_GROUPS};
use crate::ops::tsne::Affinities;
use crate::{Error, Result};

/// Rows, cut so that what belongs to them fits bindings and a dispatch.
pub(super) fn part_affinities(affinities: &Affinities<f32>, limit: u64) -> Result<Vec<std::ops::Range<usize>>> {
    let offsets = affinities.offsets();
    let most = (limit / 4) as usize;
    let mut parts = Vec::new();
    let mut begin = 0;
    for row in 0..affinities.n_rows() {
        let (from, to) = (offsets[begin], offsets[row + 1]);
        if to - offsets[row] > most || 8 > most {
            let needed = 4 * (to - offsets[row]);
            let message =
                format!("affinities of row {row} need {needed} bytes, a binding has {limit}; use --device cpu");
            return Err(Error::Device(message));
        }
        if to - from > most || row + 2 - begin > most || row - begin >= MOST_GROUPS * GROUP_ROWS {
            parts.push(begin..row);
            begin = row;
        }
    }
    parts.push(begin..affinities.n_rows());
    Ok(parts)
}

/// Of some rows: where they begin, counted from the first; their columns and values.
pub(super) fn piece(affinities: &Affinities<f32>, rows: std::ops::Range<usize>) -> (Vec<u32>, &[u32], &[f32]) {
    let offsets = affinities.offsets();
    let (from, to) = (offsets[rows.start], offsets[rows.end]);
    let own = offsets[rows.start..=rows.end].iter().map(|offset| (offset - from) as u32).collect();
    (own, &affinities.columns()[from..to], &affinities.values()[from..to])
}
