//! Scores that are known before a pass: those of the training rows of a detector that left each out of its own list.

/// Scores by the position of their record in the stream.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct KnownScores {
    positions: Vec<u64>,
    scores: Vec<f64>,
}

impl KnownScores {
    /// The scores of the records at `positions`, which ascend.
    pub fn new(positions: Vec<u64>, scores: Vec<f64>) -> Self {
        debug_assert!(positions.is_sorted() && positions.len() == scores.len());
        Self { positions, scores }
    }

    /// The place of the record at `position` among the training rows, if it is one.
    pub fn place(&self, position: u64) -> Option<u32> {
        self.positions.binary_search(&position).ok().and_then(|place| u32::try_from(place).ok())
    }

    /// The score of the record at `position`, if it is known.
    pub fn get(&self, position: u64) -> Option<f64> {
        self.positions.binary_search(&position).ok().and_then(|place| self.scores.get(place).copied())
    }
}
