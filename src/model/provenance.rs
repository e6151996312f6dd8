//! Where a model comes from.

use crate::flows::instant::{Zone, push_timestamp};
use arrow_schema::TimeUnit;
use serde::{Deserialize, Serialize};
use std::time::{SystemTime, UNIX_EPOCH};

/// Who fitted a model, on what, and how.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// The version of oddflow that fitted it.
    pub oddflow_version: String,
    /// When (RFC 3339, UTC), in models of earlier versions. It is not written any more: the file's own time says it, and two fits
    /// of one input give the same bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<String>,
    /// The files it was fitted on.
    pub inputs: Vec<InputDigest>,
    /// The device it was fitted on: `cpu`, or the adapter in words.
    pub device: String,
    /// Rows in those files; rejected records are not among them.
    pub rows_read: u64,
    /// Rows it was fitted on.
    pub rows_sampled: u64,
    /// The seed of all random choices.
    pub seed: u64,
    /// Names and Arrow types of the input's columns.
    pub column_types: Vec<(String, String)>,
    /// The options of the fit, as they were resolved.
    pub options: serde_json::Value,
}

/// One input file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputDigest {
    /// The file as the user named it.
    pub name: String,
    /// Its size as stored.
    pub bytes: u64,
    /// BLAKE3 of its bytes in hex, where it was computed.
    pub blake3: Option<String>,
}

impl Default for Provenance {
    /// This version of oddflow; nothing else is known.
    fn default() -> Self {
        Self {
            oddflow_version: env!("CARGO_PKG_VERSION").into(),
            created: None,
            inputs: Vec::new(),
            device: String::new(),
            rows_read: 0,
            rows_sampled: 0,
            seed: 0,
            column_types: Vec::new(),
            options: serde_json::Value::Null,
        }
    }
}

/// A time as RFC 3339 in UTC, to the second: `2026-01-31T23:59:59Z`. Times before 1970 give 1970's first second.
pub fn rfc3339(time: SystemTime) -> String {
    let seconds = time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let mut text = Vec::new();
    push_timestamp(i64::try_from(seconds).unwrap_or(i64::MAX), TimeUnit::Second, &Zone::Utc, &mut text);
    String::from_utf8_lossy(&text).into_owned()
}
