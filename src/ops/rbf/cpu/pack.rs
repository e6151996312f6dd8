//! Rows in the order in which tiles read them.

use super::{Group, Pair, ROWS, WIDTH};
use crate::ops::lanes::Lanes;
use ndarray::ArrayView2;

/// The rows of `rows` in blocks of sixteen, the last one filled up with zeros: [block][feature][row].
pub fn blocks(rows: ArrayView2<'_, f32>) -> Vec<Pair> {
    let (n_rows, n_features) = rows.dim();
    let mut blocks = vec![[Lanes::splat(0.0); 2]; n_rows.div_ceil(WIDTH) * n_features];
    for (i, row) in rows.outer_iter().enumerate() {
        let begin = i / WIDTH * n_features;
        for (pair, &value) in blocks.iter_mut().skip(begin).zip(row) {
            set(pair, i % WIDTH, value);
        }
    }
    blocks
}

/// Appends up to six rows as a group: [feature][row]; missing ones repeat the last.
pub fn group<'r>(rows: impl Iterator<Item = &'r [f32]>, n_features: usize, groups: &mut Vec<Group>) {
    let begin = groups.len();
    groups.resize(begin + n_features, [0.0; ROWS]);
    let into = groups.get_mut(begin..).unwrap_or_default();
    let mut last: &[f32] = &[];
    let mut rows = rows.take(ROWS);
    for place in 0..ROWS {
        last = rows.next().unwrap_or(last);
        for (values, &value) in into.iter_mut().zip(last) {
            if let Some(to) = values.get_mut(place) {
                *to = value;
            }
        }
    }
}

fn set(pair: &mut Pair, row: usize, value: f32) {
    if let Some(to) = pair.get_mut(row / 8).and_then(|lanes| lanes.0.get_mut(row % 8)) {
        *to = value;
    }
}
