//! Answers that arrive in any order, put in the order of the rows.

use crate::{Error, Result};

/// One answer a row.
pub(super) struct Answers<T>(Vec<Option<T>>);

impl<T> Answers<T> {
    pub fn new(n_rows: usize) -> Self {
        Self((0..n_rows).map(|_| None).collect())
    }

    pub fn add(&mut self, part: Vec<(u32, T)>) {
        for (row, answer) in part {
            if let Some(place) = self.0.get_mut(row as usize) {
                *place = Some(answer);
            }
        }
    }

    pub fn finish(self) -> Result<Vec<T>> {
        let all: Option<Vec<T>> = self.0.into_iter().collect();
        all.ok_or_else(|| Error::Internal("a row was given no neighbours".into()))
    }
}
