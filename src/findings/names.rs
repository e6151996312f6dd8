//! The names of hosts that are more than an address.

use crate::flows::record::Host;
use crate::flows::sink::printable;
use std::collections::HashMap;
use std::sync::Arc;

/// Names that are kept; a host beyond them shows as a digest.
const MOST_NAMES: usize = 65_536;

/// The texts of hosts that logs know by a name, and of addresses within a zone.
#[derive(Debug, Clone, Default)]
pub struct HostNames(HashMap<Host, Arc<str>>);

impl HostNames {
    /// Keeps a host's text, the first one where it has several (names differ in case).
    pub fn learn(&mut self, host: Host, text: &str) {
        if self.0.len() < MOST_NAMES || self.0.contains_key(&host) {
            self.0.entry(host).or_insert_with(|| text.into());
        }
    }

    /// All that were kept, in the order of hosts.
    pub fn kept(&self) -> Vec<(Host, String)> {
        let mut kept: Vec<_> = self.0.iter().map(|(host, text)| (*host, text.as_ref().to_owned())).collect();
        kept.sort_unstable();
        kept
    }

    /// Keeps all that another has and this one has not.
    pub fn learn_all(&mut self, other: &Self) {
        let mut texts: Vec<_> = other.0.iter().collect();
        // Where not all of them find room, the same ones do.
        texts.sort_unstable();
        texts.into_iter().for_each(|(host, text)| self.learn(*host, text));
    }

    /// A host as its records have it; `None` if its text was not kept.
    pub fn text(&self, host: &Host) -> Option<String> {
        match host {
            host if host.is_plain() => Some(host.to_string()),
            host => self.0.get(host).map(|text| text.as_ref().to_owned()),
        }
    }

    /// A host as a terminal may show it: one whose text was not kept as a digest.
    pub fn shown(&self, host: &Host) -> String {
        self.text(host).map_or_else(|| host.to_string(), |text| printable(&text).into_owned())
    }
}
