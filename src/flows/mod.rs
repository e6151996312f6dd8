//! What a flow record is, where records come from ([`source`]) and where they go ([`sink`]).
//!
//! Records travel as Arrow batches that keep their provenance: file, record number and original fields.

mod batch;
pub mod condition;
pub mod generate;
pub(crate) mod instant;
pub mod record;
pub mod sink;
pub mod snapshots;
pub mod source;
pub mod survey;
pub(crate) mod temporary;

pub use batch::{Batch, RecordNumbers, Reject, Rejected};
