//! Names of services, each kept once.

use std::collections::HashSet;
use std::sync::Arc;

/// Names that are kept; those beyond are `other`. A log has a few dozen.
const MOST: usize = 4_096;

/// The names that were met.
#[derive(Debug, Default)]
pub(super) struct Services(HashSet<Arc<str>>);

impl Services {
    /// A name, shared with all rows that have it.
    pub fn shared(&mut self, name: &str) -> Arc<str> {
        if let Some(known) = self.0.get(name) {
            return Arc::clone(known);
        }
        let shared: Arc<str> = if self.0.len() < MOST { name.into() } else { "other".into() };
        self.0.insert(Arc::clone(&shared));
        shared
    }
}
