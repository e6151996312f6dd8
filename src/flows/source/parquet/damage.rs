//! Damage inside a Parquet file: what counts as kept is the whole row groups before the first damaged one.
//!
//! A row group is the smallest piece for which that does not depend on how rows are cut into batches: a decoder that
//! begins in the middle of a page, or reads ahead in it, meets the same damage at another row.

use super::spans::{Decoding, Span, SpanDecoder};
use crate::flows::Batch;
use crate::flows::source::Damage;
use crate::flows::source::contain::contained;
use crate::words::counted;
use crate::{Error, Result};
use arrow_array::RecordBatch;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

/// A check decodes in batches of this size, whatever the pass has, and keeps none of them.
const CHECK_ROWS: usize = 8_192;

/// The first damaged row group known so far, and what to say of it.
#[derive(Debug, Default)]
pub(super) struct FirstDamage(Mutex<Option<(usize, Damage)>>);

impl FirstDamage {
    /// The damage that row group `group` is in or behind, as far as is known.
    pub fn before(&self, group: usize) -> Option<Damage> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.as_ref().filter(|(first, _)| *first <= group).map(|(_, damage)| damage.clone())
    }

    fn learn(&self, group: usize, damage: &Damage) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.as_ref().is_none_or(|(first, _)| group < *first) {
            *known = Some((group, damage.clone()));
        }
    }
}

impl Decoding {
    /// The first of `groups` that cannot be decoded from its beginning to its end, and why.
    fn first_damaged(&self, groups: Range<usize>) -> Option<(usize, String)> {
        groups.into_iter().find_map(|group| contained(|| self.check(group)).err().map(|reason| (group, reason)))
    }

    fn check(&self, group: usize) -> Result<(), String> {
        let reader = self.reader(group..group + 1, CHECK_ROWS, None)?;
        let mut met = 0_u64;
        for batch in reader {
            met = met.saturating_add(batch.map_err(|e| e.to_string())?.num_rows() as u64);
        }
        match self.rows(group) {
            rows if rows == met => Ok(()),
            rows => Err(format!("the footer promises {} where the columns hold {met}", counted(rows, "row"))),
        }
    }
}

impl SpanDecoder {
    /// The span's batch `index`, asked for once, in any order. Of damage it has the rows of whole row groups before it;
    /// batches behind a damage that is known are not decoded.
    ///
    /// # Errors
    /// If the columns cannot be had in the input's types.
    pub fn batch(&self, index: usize) -> Result<Batch> {
        let groups = self.span.groups.clone();
        if let Some(damage) = self.shared.first_damage.before(groups.start) {
            return self.damaged(damage);
        }
        if index == 0 && self.begins_a_cut_group() && self.shared.place.skip_errors {
            // Its first batches are consumed before its last are decoded: only a look at all of it tells whether they
            // are before a damage or in a damaged row group. Without the flag damage ends the run, and no look is
            // needed.
            if let Some((_, reason)) = self.shared.first_damaged(groups.clone()) {
                return self.damaged_at(groups.start, self.group_start(), reason);
            }
        }
        match self.decoded(index) {
            Ok(decoded) => self.batch_of(&decoded, index),
            Err(reason) => match self.shared.first_damaged(groups.clone()) {
                Some((group, reason)) if group > groups.start => self.whole_groups(group, reason),
                Some((group, reason)) => self.damaged_at(group, self.group_start(), reason),
                None => self.damaged(self.damage(self.records(index), reason)),
            },
        }
    }

    /// The rows of the span's row groups before `group`, which is damaged.
    fn whole_groups(&self, group: usize, reason: String) -> Result<Batch> {
        let before = self.until(group);
        let records = before.records(before.span.batches.len());
        match before.decoded(0) {
            Ok(decoded) => {
                let damage = self.damage(records, reason);
                self.shared.first_damage.learn(group, &damage);
                Ok(Batch { damage: Some(damage), ..before.batch_of(&decoded, 0)? })
            }
            Err(reason) => self.damaged(self.damage(self.group_start(), reason)),
        }
    }

    /// Records of the file before the row group in which the span begins.
    fn group_start(&self) -> u64 {
        self.before.saturating_sub(self.span.skip)
    }

    /// Whether the span is the first part of a row group that makes several batches.
    fn begins_a_cut_group(&self) -> bool {
        let rows = self.shared.rows(self.span.groups.start);
        self.span.skip == 0 && self.span.batches.first().is_some_and(|&first| first < rows)
    }

    /// The row groups before `group` as a span of one batch.
    fn until(&self, group: usize) -> Self {
        let groups = self.span.groups.start..group;
        let rows = groups.clone().map(|group| self.shared.rows(group)).fold(0, u64::saturating_add);
        Self::new(self.shared.clone(), Span { groups, skip: 0, batches: vec![rows] }, self.before)
    }

    fn damaged_at(&self, group: usize, records: u64, reason: String) -> Result<Batch> {
        let damage = self.damage(records, reason);
        self.shared.first_damage.learn(group, &damage);
        self.damaged(damage)
    }

    /// No rows but a damage.
    fn damaged(&self, damage: Damage) -> Result<Batch> {
        let none = RecordBatch::new_empty(self.shared.place.schema.clone());
        Ok(Batch { damage: Some(damage), ..self.batch_of(&none, 0)? })
    }

    fn damage(&self, records: u64, reason: String) -> Damage {
        Damage { file: self.shared.place.name.clone(), records, reason }
    }
}

impl From<Damage> for Error {
    fn from(Damage { file, records, reason }: Damage) -> Self {
        Self::Damaged { file, records, reason }
    }
}
