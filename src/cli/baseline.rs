//! `--baseline TIME..TIME`: a span of the logs' own time.

use crate::flows::record::when;
use crate::pipeline::FlowFit;
use crate::{Error, Result};
use std::path::Path;

/// Microseconds in a day.
const DAY: i64 = 86_400_000_000;

/// The span that the baseline names, from and before in µs since 1970; `None` where it names files, or nothing.
///
/// # Errors
/// If it looks like a span and is none, or logs of flows are not to be read.
pub fn span(baseline: &[String], flows: Option<&FlowFit>) -> Result<Option<(i64, i64)>> {
    let [text] = baseline else { return Ok(None) };
    // A file of that name wins, and `..` in a path is no span.
    let Some((from, to)) = text.split_once("..").filter(|_| !text.contains("../") && !Path::new(text).exists()) else {
        return Ok(None);
    };
    let wrong = |limit: &str| Error::parameter("--baseline", text, limit);
    let Some(flows) = flows else {
        return Err(wrong("a span of time is for logs of flows, and not where they are taken as a table"));
    };
    let east = flows.reading.options.minutes_east;
    let time = |text: &str, open: i64| match text.trim() {
        "" => Ok(open),
        text => when::of_text(text, east)
            .ok_or_else(|| wrong("it must be a path, or two times such as 2024-04-01..2024-04-14T12:00")),
    };
    let is_day = to.contains(['-', '/']) && !to.contains([':', 'T']);
    let before = time(to, i64::MAX)?.saturating_add(if is_day { DAY } else { 0 });
    let from = time(from, i64::MIN)?;
    if from >= before {
        return Err(wrong("its end lies before its beginning"));
    }
    Ok(Some((from, before)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<Option<(i64, i64)>> {
        span(&[text.to_owned()], Some(&FlowFit::default()))
    }

    #[test]
    fn a_span_is_told_from_a_path() {
        const APRIL: i64 = 1_711_929_600_000_000;
        assert_eq!(of("2024-04-01..2024-04-02").unwrap(), Some((APRIL, APRIL + 2 * DAY)));
        assert_eq!(of("2024-04-01T06:00..2024-04-01T12:00").unwrap(), Some((APRIL + DAY / 4, APRIL + DAY / 2)));
        assert_eq!(of("..1711929600").unwrap(), Some((i64::MIN, APRIL)));
        assert_eq!(of("2024-04-01..").unwrap(), Some((APRIL, i64::MAX)));
        for path in ["clean/", "../clean", "a/../b", "clean.log"] {
            assert_eq!(of(path).unwrap(), None, "{path}");
        }
        assert_eq!(span(&[], Some(&FlowFit::default())).unwrap(), None);
        for text in ["yesterday..today", "2024-04-02..2024-04-01", "2024-04-01..2024-03-31"] {
            assert!(of(text).is_err(), "{text}");
        }
        assert!(span(&["2024-04-01..".to_owned()], None).is_err());
    }
}
