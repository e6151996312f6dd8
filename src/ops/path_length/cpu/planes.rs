//! From forest-wide ranks to the byte planes of groups of trees, four groups at a time.

use super::super::Ranks;
use super::super::ranks::RankWord;
use super::program::Group;
use super::select::{Cell, ROWS};

/// Groups whose ranks are looked up together: one word has a byte for each.
const GROUPS: usize = 4;

/// Up to four groups of trees and the tables that give their ranks.
#[derive(Debug)]
pub(super) struct Quad {
    pub groups: Vec<Group>,
    columns: Vec<Column>,
}

/// What a column of ranks becomes in each of the groups.
#[derive(Debug)]
struct Column {
    /// The column.
    index: usize,
    /// For each forest-wide rank: the biased ranks within the groups, one byte a group, the first lowest.
    table: Vec<u32>,
    /// The feature's place among those of each group.
    places: [Option<u16>; GROUPS],
}

/// The planes of four groups: for each of a group's features its biased ranks, then their complement.
pub(super) struct Planes(pub [Vec<Cell>; GROUPS]);

impl Planes {
    /// Room for the largest of `quads`.
    pub fn new(quads: &[Quad]) -> Self {
        let size = |g: usize| quads.iter().filter_map(|q| q.groups.get(g)).map(|g| 2 * g.features.len()).max();
        Self(std::array::from_fn(|g| vec![Cell([0; ROWS]); size(g).unwrap_or(0)]))
    }
}

/// Puts groups together by fours; `column` turns a feature into its column of ranks.
pub(super) fn quads(mut groups: Vec<Group>, ranks: &Ranks, column: &[u32]) -> Vec<Quad> {
    let mut quads = Vec::new();
    while !groups.is_empty() {
        let rest = groups.split_off(groups.len().min(GROUPS));
        quads.push(Quad::new(std::mem::replace(&mut groups, rest), ranks, column));
    }
    quads
}

impl Quad {
    fn new(groups: Vec<Group>, ranks: &Ranks, column: &[u32]) -> Self {
        let mut features: Vec<u32> = groups.iter().flat_map(|g| g.features.iter().map(|(f, _)| *f)).collect();
        features.sort_unstable();
        features.dedup();
        let columns = features.into_iter().map(|feature| {
            let mut table = vec![0u32; ranks.n_thresholds(feature as usize) + 1];
            let mut places = [None; GROUPS];
            for (g, group) in groups.iter().enumerate() {
                let Ok(place) = group.features.binary_search_by_key(&feature, |(f, _)| *f) else { continue };
                places[g] = Some(place as u16);
                let thresholds = &group.features[place].1;
                let mut local = 0;
                for (rank, entry) in table.iter_mut().enumerate() {
                    while thresholds.get(local).is_some_and(|&t| (t as usize) < rank) {
                        local += 1;
                    }
                    *entry |= u32::from(local as u8 ^ 0x80) << (8 * g);
                }
            }
            Column { index: column[feature as usize] as usize, table, places }
        });
        let columns = columns.collect();
        Self { groups, columns }
    }

    /// Fills the planes of the groups from a block's columns of ranks.
    #[inline(always)]
    pub fn spread<W: RankWord>(&self, ranked: &[[W; ROWS]], planes: &mut Planes) {
        for column in &self.columns {
            let mut words = [0u32; ROWS];
            for (word, rank) in words.iter_mut().zip(&ranked[column.index]) {
                *word = column.table[rank.to_index()];
            }
            for (g, (place, planes)) in column.places.iter().zip(&mut planes.0).enumerate() {
                let Some(place) = *place else { continue };
                let [plane, complement] = &mut planes.as_chunks_mut().0[usize::from(place)];
                for ((plane, complement), word) in plane.0.iter_mut().zip(&mut complement.0).zip(&words) {
                    *plane = (word >> (8 * g)) as u8;
                    *complement = !*plane;
                }
            }
        }
    }
}
