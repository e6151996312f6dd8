//! Batches one behind the other, several in flight.

use crate::Result;
use crate::device::{Ring, Slot};
use std::collections::VecDeque;

/// Launches every job in a free slot and lands them in the order of the jobs.
pub(super) fn stream<J, L>(
    ring: &Ring,
    jobs: impl Iterator<Item = J>,
    mut launch: impl FnMut(Slot, J) -> Result<L>,
    mut land: impl FnMut(L) -> Result<()>,
) -> Result<()> {
    let mut flying = VecDeque::new();
    for job in jobs {
        let slot = loop {
            // Whoever holds slots does not wait for another: two callers could wait for each other.
            let slot = if flying.is_empty() { Some(ring.take()?) } else { ring.try_take()? };
            match (slot, flying.pop_front()) {
                (Some(slot), first) => {
                    if let Some(first) = first {
                        flying.push_front(first);
                    }
                    break slot;
                }
                (None, Some(first)) => land(first)?,
                (None, None) => {}
            }
        };
        flying.push_back(launch(slot, job)?);
    }
    flying.into_iter().try_for_each(land)
}
