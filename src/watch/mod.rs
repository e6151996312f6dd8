//! A log that is scored while it is written: each flow as it comes, one alert a finding, with news when it grows.
//!
//! ```text
//! Follower or Piped → whole lines → Lines → batches → LiveWindows → features → scores → LiveFindings → alerts
//! ```
//!
//! Alerts depend on the lines and their order alone, not on how they come in pieces. [`WatchState`] holds all that is remembered at one
//! place in the log; a watcher that goes on from it gives the alerts that one without a break would have given.

mod follow;
mod open;
mod piped;
mod place;
mod rotated;
mod state;
mod watcher;

pub use follow::{Follower, Note};
pub use piped::Piped;
pub use place::{Head, Piece, Place};
pub use state::{Saving, WatchState, Written};
pub use watcher::{Counts, Taken, Told, WatchOptions, Watcher};
