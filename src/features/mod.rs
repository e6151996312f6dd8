//! Flow columns → a dense row-major f32 matrix: column roles, fitted encoders, and the pinned transcendental functions.
//!
//! ```text
//! sample → infer_roles → FeaturePlan::fit → (stored in the model) → bind(schema) → RowsToMatrix::encode(batch)
//! ```
//!
//! | role | features |
//! |---|---|
//! | numeric | the value (signed ln(1 + x) where the sample's skewness says so; scaled), and an indicator where values were missing |
//! | categorical | an indicator for each of the most frequent values, and the rarity −ln p |
//! | identifier, time, label, ignored | none |
//!
//! A plan depends on the sample alone, and a row's features on the row and the plan alone: any split of rows into
//! batches gives the same matrix, bit for bit.

mod categorical;
mod definition;
mod encode;
pub mod flow;
mod label;
pub mod math;
mod numbers;
mod numeric;
pub mod phrase;
mod plan;
mod profile;
mod roles;
mod statistics;
mod teller;
mod texts;
pub mod windows;

pub use definition::Definition;
pub use encode::{Encoded, RowsToMatrix};
pub use label::{label_column, label_values, label_words};
pub use plan::{ColumnSummary, FeatureOptions, FeaturePlan, Scaling};
pub use profile::{
    ColumnDrift, Drift, Elsewhere, HoursDrift, Profile, ProfiledRows, SameHours, TrainingProfile, Unseen,
};
pub use roles::{ColumnRole, Role, RoleOverrides, infer_roles};
pub(crate) use statistics::quantile;
pub use teller::ToldValue;
