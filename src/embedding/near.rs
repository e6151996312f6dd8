//! The neighbours of which embeddings are made.
//!
//! Neighbours at one distance are ordered by number, so all copies of a row would name the same few copies, and so would
//! whoever lies near them: hubs, which an embedding pulls at from all sides. Where a list holds some of the copies of a row and
//! not all, others of them take their places, one after the other from a place that the row's own number decides.

use crate::Result;
use crate::device::Device;
use crate::ops::neighbors::{NeighborLists, Neighbors, Watch};
use ndarray::ArrayView2;
use std::collections::HashMap;

/// Lists of the `k` nearest of each row, copies spread.
///
/// # Errors
/// As [`Neighbors::self_lists`].
pub fn near(rows: ArrayView2<'_, f32>, k: usize, device: &Device, watch: Watch<'_>) -> Result<NeighborLists> {
    let mut lists = Neighbors::prepare(rows, device)?.self_lists(k, watch)?;
    let (groups, of_row) = copies(rows);
    for row in 0..rows.nrows() {
        let (index, sq_dist) = lists.row_mut(row);
        gather(index, sq_dist, &of_row);
        spread(row, index, &groups, &of_row);
    }
    Ok(lists)
}

/// Rows by equality: the members of each group, ascending, and each row's group.
fn copies(rows: ArrayView2<'_, f32>) -> (Vec<Vec<u32>>, Vec<u32>) {
    let mut known: HashMap<Vec<u32>, u32> = HashMap::new();
    let mut groups: Vec<Vec<u32>> = Vec::new();
    let group = |(row, values): (u32, ndarray::ArrayView1<'_, f32>)| {
        // 0 and −0 are at distance 0.
        let bits = values.iter().map(|x| (x + 0.0).to_bits()).collect();
        let group = *known.entry(bits).or_insert_with(|| {
            groups.push(Vec::new());
            groups.len() as u32 - 1
        });
        groups[group as usize].push(row);
        group
    };
    let of_row = (0..).zip(rows.outer_iter()).map(group).collect();
    (groups, of_row)
}

/// Brings members of a group together: where two groups lie at one distance, their numbers may alternate.
fn gather(list: &mut [u32], sq_dist: &[f64], of_row: &[u32]) {
    let mut rest = list;
    for same in sq_dist.chunk_by(|a, b| a == b) {
        let (tied, after) = rest.split_at_mut(same.len().min(rest.len()));
        tied.sort_by_key(|&other| of_row[other as usize]);
        rest = after;
    }
}

/// Exchanges members of a group in `list` for others of it, where the list does not hold all.
fn spread(row: usize, list: &mut [u32], groups: &[Vec<u32>], of_row: &[u32]) {
    let mut begin = 0;
    while let Some(&first) = list.get(begin) {
        let group = of_row[first as usize];
        let n_same = list[begin..].iter().take_while(|&&other| of_row[other as usize] == group).count();
        let members = &groups[group as usize];
        let own = of_row[row] == group;
        if n_same < members.len() - usize::from(own) {
            // A row's own copies follow it; of others, which come first is the row's choice.
            let from =
                if own { members.partition_point(|&other| other <= row as u32) } else { hash(row) % members.len() };
            let others = members.iter().cycle().skip(from).filter(|&&other| other as usize != row);
            list[begin..begin + n_same].iter_mut().zip(others).for_each(|(to, other)| *to = *other);
        }
        begin += n_same;
    }
}

/// Fibonacci hashing (Knuth, volume 3, §6.4).
fn hash(row: usize) -> usize {
    ((row as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Stop;
    use ndarray::Array2;

    #[test]
    fn copies_name_each_other_evenly_and_distances_stay() {
        // 100 copies of one row, every third; the others differ.
        let rows = Array2::from_shape_fn((300, 2), |(i, c)| if i % 3 == 0 { 5.0 } else { (i * (c + 1)) as f32 });
        let stop = Stop::new();
        let plain = Neighbors::prepare(rows.view(), &Device::Cpu).unwrap().self_lists(9, Watch::stop(&stop)).unwrap();
        let met = near(rows.view(), 9, &Device::Cpu, Watch::stop(&stop)).unwrap();
        let mut named = [0; 300];
        for row in 0..300 {
            let (index, sq_dist) = met.row(row);
            assert_eq!(sq_dist, plain.row(row).1);
            for (&other, &d) in index.iter().zip(sq_dist) {
                let apart = (&rows.row(row) - &rows.row(other as usize)).mapv(|x| f64::from(x).powi(2)).sum();
                assert!((apart - d).abs() <= 1e-9 * d && other as usize != row);
                named[other as usize] += usize::from(row % 3 == 0);
            }
            let mut distinct = index.to_vec();
            distinct.sort_unstable();
            distinct.dedup();
            assert_eq!(distinct.len(), 9);
        }
        for row in (0..300).step_by(3) {
            assert_eq!(named[row], 9, "{row}");
        }
    }

    /// Copies of two rows at one distance from a third, with alternating numbers.
    #[test]
    fn groups_at_one_distance_name_nobody_twice() {
        let rows = Array2::from_shape_fn((61, 1), |(i, _)| if i == 60 { 0.0 } else { [1.0, -1.0][i % 2] });
        let stop = Stop::new();
        let met = near(rows.view(), 8, &Device::Cpu, Watch::stop(&stop)).unwrap();
        for row in 0..61 {
            let mut distinct = met.row(row).0.to_vec();
            distinct.sort_unstable();
            distinct.dedup();
            assert_eq!(distinct.len(), 8, "{row}: {:?}", met.row(row));
        }
    }
}
