//! The name of an event: see the module above for what it is a digest of.

use super::EventPlan;
use crate::Result;
use crate::findings::FindingId;
use crate::flows::Batch;
use crate::flows::sink::each_row;
use std::fmt;

/// A name that a record keeps however often it is scored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct EventId([u8; 16]);

/// 32 hexadecimal digits: CEF allows 40.
impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl EventId {
    /// Of what is told of a finding of a stream: the same whenever and however often the stream is read.
    pub(super) fn of_alert(plan: &EventPlan, finding: FindingId, news: &str) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key("oddflow 2026 alert.id 1");
        for part in [plan.identity.as_str(), &finding.to_string(), news] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
        Self(hasher.finalize().as_bytes().first_chunk::<16>().copied().unwrap_or_default())
    }
}

/// The ids of a batch's rows, in the file called `file`.
pub(super) fn event_ids(plan: &EventPlan, file: &str, batch: &Batch) -> Result<Vec<EventId>> {
    let mut begun = blake3::Hasher::new_derive_key("oddflow 2026 event.id 1");
    for part in [plan.identity.as_str(), last_part(file)] {
        begun.update(&(part.len() as u64).to_le_bytes());
        begun.update(part.as_bytes());
    }
    let mut ids = Vec::with_capacity(batch.n_rows());
    each_row(&batch.columns, |row, bytes| {
        let mut hasher = begun.clone();
        hasher.update(&batch.numbers.get(row).to_le_bytes());
        hasher.update(bytes);
        let digest = hasher.finalize();
        ids.push(EventId(digest.as_bytes().first_chunk::<16>().copied().unwrap_or_default()));
    })?;
    Ok(ids)
}

/// `logs/2024-04-18/conn.log.gz` → `conn.log`.
fn last_part(file: &str) -> &str {
    let name = file.rsplit(['/', '\\']).next().unwrap_or(file);
    [".gz", ".zst"].into_iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_called_the_same_wherever_it_lies() {
        for name in ["conn.log", "a/b/conn.log", "/x/conn.log.gz", "C:\\logs\\conn.log.zst"] {
            assert_eq!(last_part(name), "conn.log", "{name}");
        }
        assert_eq!(last_part("-"), "-");
    }
}
