//! `--baseline TIME..TIME`: a span of the logs' own time.

use crate::flows::record::when::DAY;
use crate::flows::record::{LogZone, when};
use crate::pipeline::FlowFit;
use crate::{Error, Result};
use std::path::Path;

/// The span that the baseline names, from and before in µs since 1970; `None` where it names files, or nothing.
///
/// # Errors
/// If it looks like a span and is none, or logs of flows are not to be read.
pub fn span(baseline: &[String], flows: Option<&FlowFit>) -> Result<Option<(i64, i64)>> {
    let [text] = baseline else { return Ok(None) };
    // A file of that name wins, and `..` in a path is no span.
    if text.contains("../") || Path::new(text).exists() {
        return Ok(None);
    }
    let wrong = |limit: &str| Error::parameter("--baseline", text, limit);
    let Some((from, to)) = text.split_once("..") else {
        return match one_time(text).filter(|_| flows.is_some()) {
            Some(limit) => Err(wrong(&limit)),
            None => Ok(None),
        };
    };
    let Some(flows) = flows else {
        return Err(wrong("a span of time is for logs of flows, and not where they are taken as a table"));
    };
    let zone = flows.reading.options.zone;
    let time = |text: &str, open: i64| match text.trim() {
        "" => Ok(open),
        text => when::of_text(text, zone)
            .ok_or_else(|| wrong("it must be a path, or two times such as 2024-04-01..2024-04-14T12:00")),
    };
    // The last day is whole on its own clocks, which may be put on or back that day.
    let before = match when::of_text(to, LogZone::UTC).filter(|_| is_day(to) && when::lacks_zone(to)) {
        Some(begin) => zone.instant(begin.saturating_add(DAY)),
        None => time(to, i64::MAX)?.saturating_add(if is_day(to) { DAY } else { 0 }),
    };
    let from = time(from, i64::MIN)?;
    if from >= before {
        return Err(wrong("its end lies before its beginning"));
    }
    Ok(Some((from, before)))
}

/// Whether a time is a day, which counts whole where it is the last.
fn is_day(text: &str) -> bool {
    text.contains(['-', '/']) && !text.contains([':', 'T'])
}

/// What is wrong with a date alone; `None` of other texts.
fn one_time(text: &str) -> Option<String> {
    let text = text.trim();
    when::of_text(text, LogZone::UTC).filter(|_| text.contains(['-', '/']))?;
    Some(match is_day(text) {
        true => format!(
            "there is no such file, and a span has two ends: {text}..{text} is that day, {text}.. all from then on"
        ),
        false => format!("there is no such file, and a span has two ends: {text}.. is all from then on"),
    })
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
        assert_eq!(of("2024-04-01..2024-04-02 Z").unwrap(), Some((APRIL, APRIL + 2 * DAY)));
        assert_eq!(of("2024-04-01T06:00..2024-04-01T12:00").unwrap(), Some((APRIL + DAY / 4, APRIL + DAY / 2)));
        assert_eq!(of("..1711929600").unwrap(), Some((i64::MIN, APRIL)));
        assert_eq!(of("2024-04-01..").unwrap(), Some((APRIL, i64::MAX)));
        for path in ["clean/", "../clean", "a/../b", "clean.log"] {
            assert_eq!(of(path).unwrap(), None, "{path}");
        }
        assert_eq!(span(&[], Some(&FlowFit::default())).unwrap(), None);
        // Days of 23 and 25 hours.
        for (day, hours) in [("2024-03-31", 23), ("2024-10-27", 25), ("2024-10-28", 24)] {
            let mut berlin = FlowFit::default();
            berlin.reading.options.zone = LogZone::place("Europe/Berlin").unwrap();
            let (from, before) = span(&[format!("{day}..{day}")], Some(&berlin)).unwrap().unwrap();
            assert_eq!((before - from) / (DAY / 24), hours, "{day}");
        }
        for text in ["yesterday..today", "2024-04-02..2024-04-01", "2024-04-01..2024-03-31"] {
            assert!(of(text).is_err(), "{text}");
        }
        assert!(span(&["2024-04-01..".to_owned()], None).is_err());
    }

    #[test]
    fn a_date_alone_is_told_how_to_be_a_span() {
        let said = of("2024-04-25").unwrap_err().to_string();
        assert!(said.contains("2024-04-25..2024-04-25 is that day"), "{said}");
        let (from, before) = of("2024-04-25..2024-04-25").unwrap().unwrap();
        assert_eq!(before - from, DAY);
        let said = of("2024-04-25T08:00").unwrap_err().to_string();
        assert!(said.contains("2024-04-25T08:00.. is all from then on"), "{said}");
        for path in ["2024-04-25.log", "logs/2024-04-25", "20240425", "2024-04"] {
            assert_eq!(of(path).unwrap(), None, "{path}");
        }
        assert_eq!(span(&["2024-04-25".to_owned()], None).unwrap(), None);
    }
}
