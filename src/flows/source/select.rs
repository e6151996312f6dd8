//! Which files and records are flows: other logs are passed over and counted by kind.

use super::look::{Content, Looked};
use crate::flows::record::{FlowLog, FlowOptions, FlowSchema};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

/// Kinds that are counted under their names; the rest are counted under `…`.
const MOST_KINDS: usize = 1_000;

/// Records that were passed over, by kind.
#[derive(Debug, Clone, Default)]
pub(super) struct Passed(Arc<Mutex<BTreeMap<String, u64>>>);

impl Passed {
    /// Adds counts.
    pub fn add(&self, kinds: &BTreeMap<String, u64>) {
        if kinds.is_empty() {
            return;
        }
        let Ok(mut counts) = self.0.lock() else { return };
        for (kind, n) in kinds {
            let known = counts.len() < MOST_KINDS || counts.contains_key(kind);
            *counts.entry(if known { kind.clone() } else { "…".into() }).or_default() += n;
        }
    }

    /// Forgets all counts.
    pub fn clear(&self) {
        if let Ok(mut counts) = self.0.lock() {
            counts.clear();
        }
    }

    /// The counts so far.
    pub fn counts(&self) -> Vec<(String, u64)> {
        self.0.lock().map(|counts| counts.iter().map(|(kind, &n)| (kind.clone(), n)).collect()).unwrap_or_default()
    }
}

/// Which objects of an NDJSON file are rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Objects {
    /// All.
    All,
    /// Suricata's flow events.
    Eve,
    /// Those of Zeek's logs of flows; an object that does not say its log is of this one.
    Zeek(FlowLog),
}

impl Objects {
    /// Whether `path` is a key that tells an object's kind.
    #[inline]
    pub fn tells(self, path: &[u8]) -> bool {
        match self {
            Self::All => false,
            Self::Eve => path == b"event_type",
            Self::Zeek(_) => matches!(path, b"_path" | b"@stream"),
        }
    }

    /// Whether an object of this kind (none: it does not say) is a row.
    pub fn keeps(self, kind: Option<&str>) -> bool {
        match self {
            Self::All => true,
            Self::Eve => kind == Some("flow"),
            Self::Zeek(_) => kind.is_none_or(|kind| FlowLog::zeek(kind).is_some()),
        }
    }
}

/// What a file that is no log of flows is called: its name up to the first point.
pub(super) fn stem(name: &str) -> String {
    let name = Path::new(name).file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    name.split('.').next().unwrap_or_default().to_owned()
}

/// Whether a table's columns are those of Argus' `ra`.
pub(super) fn is_argus(names: &[String]) -> bool {
    let has = |wanted: &str| names.iter().any(|name| name.eq_ignore_ascii_case(wanted));
    ["SrcAddr", "DstAddr", "Dir", "Proto", "State"].into_iter().all(has)
}

/// Whether a table's columns are CICFlowMeter's.
pub(super) fn is_flow_meter(names: &[String]) -> bool {
    let plain = |name: &String| name.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
    let names: Vec<String> = names.iter().map(plain).collect();
    let has = |wanted: &str| names.iter().any(|name| name.starts_with(wanted));
    ["flowduration", "flowiat", "fwdiat", "bwdiat"].into_iter().all(has)
}

/// Among logs of flows, a table that was found beside them and has no addresses is none (a list, a README): takes such files
/// out and says why.
pub(super) fn without_tables(looked: &mut Vec<Looked>) -> Vec<(String, String)> {
    if !looked.iter().any(|file| file.file.log.is_some()) {
        return Vec::new();
    }
    let is_none = |file: &mut Looked| {
        let is_text = file.file.format.is_text() && !matches!(file.content, Content::Empty);
        let is_flows = || FlowSchema::recognise(&file.schema, FlowOptions::default()).is_some();
        !file.named && is_text && file.file.log.is_none() && !is_flows()
    };
    let reason = "a table without addresses among logs of flows; name it to read it";
    looked.extract_if(.., is_none).map(|file| (file.file.name, reason.to_owned())).collect()
}

/// Logs of flows are read in the order of their first records, those of one time by name; files without a record come
/// last. Where a file is no log of flows, the order is that of the names.
pub(super) fn in_order_of_time(looked: &mut [Looked]) {
    let is_empty = |file: &Looked| matches!(file.content, Content::Empty);
    if looked.iter().all(|file| is_empty(file) || file.file.log.is_some() && file.file.format.is_text()) {
        let time = |file: &Looked| if is_empty(file) { i64::MAX } else { file.first_time.unwrap_or(i64::MAX) };
        looked.sort_by(|a, b| time(a).cmp(&time(b)).then_with(|| a.file.name.cmp(&b.file.name)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_logs_are_called_by_their_stems() {
        assert_eq!(stem("x/http.00:00.log.gz"), "http");
    }

    #[test]
    fn kinds_beyond_the_limit_are_counted_together() {
        let passed = Passed::default();
        for i in 0..MOST_KINDS + 10 {
            passed.add(&BTreeMap::from([(format!("kind {i:05}"), 2)]));
        }
        let counts = passed.counts();
        assert_eq!(counts.len(), MOST_KINDS + 1);
        assert_eq!(counts.iter().map(|(_, n)| n).sum::<u64>(), 2 * (MOST_KINDS as u64 + 10));
        assert!(counts.contains(&("…".to_owned(), 20)));
    }
}
