//! The earliest starts of a group within an hour.

use smallvec::SmallVec;

/// Starts that are kept: 32 gaps, as many as the row features look back.
pub(super) const KEPT: usize = 33;

/// The 33 earliest of all starts that were noted, whatever their order. Most groups have one or two, which need no room of their own.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
pub struct Starts(SmallVec<[i64; 2]>);

impl Starts {
    /// Notes one. Twice as many as are kept may wait before the later ones go, so that this costs O(1) on average.
    pub fn note(&mut self, start: i64) {
        if self.0.len() >= 2 * KEPT {
            self.trim();
        }
        self.0.push(start);
    }

    /// Notes those of another.
    pub fn join(&mut self, other: &Self) {
        other.0.iter().for_each(|&start| self.note(start));
    }

    /// Those kept, earliest first.
    pub fn sorted(&self) -> Vec<i64> {
        let mut starts = self.0.to_vec();
        starts.sort_unstable();
        starts.truncate(KEPT);
        starts
    }

    /// Lets go of those that are not kept.
    pub fn settle(&mut self) {
        self.trim();
        self.0.shrink_to_fit();
    }

    fn trim(&mut self) {
        if self.0.len() > KEPT {
            self.0.select_nth_unstable(KEPT);
            self.0.truncate(KEPT);
        }
    }
}
