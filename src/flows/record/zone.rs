//! Zones of times that state none.

use chrono::{DateTime, Duration, MappedLocalTime, Offset, TimeZone};
use chrono_tz::{TZ_VARIANTS, Tz};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

const SECOND: i64 = 1_000_000;
/// Clocks are put on and back by hours, or half of one (Lord Howe Island).
const HALF_HOUR: i64 = 1_800 * SECOND;
/// Offsets are less than a day, in minutes.
const MOST_EAST: i32 = 24 * 60 - 1;

/// In which zone a clock was that wrote no zone beside its times: an offset, or the rules of a place (IANA's database, as of the
/// chrono-tz crate).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogZone(Rule);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    /// Minutes east of UTC, less than a day.
    East(i32),
    Place(Tz),
}

impl LogZone {
    /// UTC.
    pub const UTC: Self = Self(Rule::East(0));

    /// A fixed offset, in minutes east of UTC: less than a day either way, to which others are cut.
    pub fn east(minutes: i32) -> Self {
        Self(Rule::East(minutes.clamp(-MOST_EAST, MOST_EAST)))
    }

    /// The place of that name, whatever its case: `Europe/Berlin`.
    pub fn place(name: &str) -> Option<Self> {
        let zone = TZ_VARIANTS.iter().find(|zone| zone.name().eq_ignore_ascii_case(name))?;
        Some(Self(Rule::Place(*zone)))
    }

    /// Names of places that end so: `America/New_York` for `new york`. `Etc/GMT+1` is none: it is an hour *west*.
    pub fn places_like(end: &str) -> impl Iterator<Item = &'static str> {
        let end = end.replace(' ', "_");
        let is_alike = move |name: &&str| name.rsplit('/').next().is_some_and(|own| own.eq_ignore_ascii_case(&end));
        TZ_VARIANTS.iter().map(|zone| zone.name()).filter(|name| !name.starts_with("Etc/")).filter(is_alike)
    }

    /// Of what its clocks show, as µs from 1970 on the same clocks, the instant in µs since 1970, UTC. Of an hour that came twice the
    /// first is taken; a time that was left out counts on from what came before it.
    pub fn instant(self, shown: i64) -> i64 {
        let east = match self.0 {
            Rule::East(minutes) => i64::from(minutes) * 60,
            Rule::Place(zone) => east_by_clock(zone, shown.div_euclid(SECOND)).unwrap_or(0),
        };
        shown.saturating_sub(east * SECOND)
    }

    /// How many of the µs from one instant to another belong to hours that clocks showed a second time, which no time is read as. Takes a
    /// step for each half hour between the two, so they should be plausible ones.
    pub(crate) fn repeated(self, from: i64, to: i64) -> i64 {
        let Rule::Place(zone) = self.0 else { return 0 };
        let comes_again = |&begin: &i64| {
            let east = east_at(zone, begin.div_euclid(SECOND)).unwrap_or(0);
            self.instant(begin + east * SECOND) != begin
        };
        let parts = (from.div_euclid(HALF_HOUR)..=to.div_euclid(HALF_HOUR)).map(|part| part * HALF_HOUR);
        parts.filter(comes_again).map(|begin| (begin + HALF_HOUR).min(to).saturating_sub(begin.max(from)).max(0)).sum()
    }
}

/// Seconds east of UTC of a place, so many after 1970; `None` beyond the years that calendars have.
fn east_at(zone: Tz, second: i64) -> Option<i64> {
    let offset = zone.offset_from_utc_datetime(&DateTime::from_timestamp(second, 0)?.naive_utc());
    Some(i64::from(offset.fix().local_minus_utc()))
}

/// Seconds east of UTC of a place, where its clocks show that many since 1970; `None` beyond the years that calendars have.
fn east_by_clock(zone: Tz, shown: i64) -> Option<i64> {
    let shown = DateTime::from_timestamp(shown, 0)?.naive_utc();
    let offset = match zone.offset_from_local_datetime(&shown) {
        MappedLocalTime::Single(offset) | MappedLocalTime::Ambiguous(offset, _) => offset,
        // Clocks were put on: a day before, wherever it was, is the offset from which they were.
        MappedLocalTime::None => zone.offset_from_utc_datetime(&shown.checked_sub_signed(Duration::days(1))?),
    };
    Some(i64::from(offset.fix().local_minus_utc()))
}

impl Default for LogZone {
    fn default() -> Self {
        Self::UTC
    }
}

/// `UTC`, `+02:00`, `Europe/Berlin`.
impl fmt::Display for LogZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Rule::East(0) => f.write_str("UTC"),
            Rule::East(minutes) => {
                let (sign, size) = (if minutes < 0 { '-' } else { '+' }, minutes.unsigned_abs());
                write!(f, "{sign}{:02}:{:02}", size / 60, size % 60)
            }
            Rule::Place(zone) => f.write_str(zone.name()),
        }
    }
}

/// Minutes east as a number, a place as its name.
impl Serialize for LogZone {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Rule::East(minutes) => minutes.serialize(to),
            Rule::Place(zone) => zone.name().serialize(to),
        }
    }
}

impl<'de> Deserialize<'de> for LogZone {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "a zone is minutes east of UTC, or the name of a place")]
        enum Written {
            East(i32),
            Place(String),
        }
        let unknown = |what: String| serde::de::Error::custom(format!("there is no zone {what}"));
        match Written::deserialize(from)? {
            Written::East(minutes) if (-MOST_EAST..=MOST_EAST).contains(&minutes) => Ok(Self::east(minutes)),
            Written::East(minutes) => Err(unknown(format!("of {minutes} minutes"))),
            Written::Place(name) => Self::place(&name).ok_or_else(|| unknown(name)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flows::record::when::of_text;

    /// What the clocks of a place show, and what UTC's do, by Python's zoneinfo.
    #[test]
    fn clocks_of_places_are_put_on_and_back() {
        for (place, shown, utc) in [
            ("Europe/Berlin", "2024-01-15 12:00:00", "2024-01-15T11:00:00Z"),
            ("Europe/Berlin", "2024-07-15 12:00:00", "2024-07-15T10:00:00Z"),
            ("Europe/Berlin", "2024-03-31 01:59:59.5", "2024-03-31T00:59:59.5Z"),
            ("Europe/Berlin", "2024-03-31 02:30:00", "2024-03-31T01:30:00Z"),
            ("Europe/Berlin", "2024-03-31 03:00:00", "2024-03-31T01:00:00Z"),
            ("Europe/Berlin", "2024-10-27 02:30:00", "2024-10-27T00:30:00Z"),
            ("Europe/Berlin", "2024-10-27 03:00:00", "2024-10-27T02:00:00Z"),
            ("america/new_york", "2024-11-03 01:30:00", "2024-11-03T05:30:00Z"),
            ("Asia/Kolkata", "2019/04/04 16:23:00.325010", "2019-04-04T10:53:00.325010Z"),
            ("Pacific/Apia", "2011-12-30 12:00:00", "2011-12-30T22:00:00Z"),
            ("Australia/Sydney", "2050-01-01 00:00:00", "2049-12-31T13:00:00Z"),
        ] {
            let zone = LogZone::place(place).unwrap();
            assert_eq!(of_text(shown, zone), of_text(utc, LogZone::UTC), "{place} {shown}");
        }
    }

    #[test]
    fn what_is_far_off_is_no_panic() {
        let berlin = LogZone::place("Europe/Berlin").unwrap();
        assert_eq!((berlin.instant(i64::MAX), LogZone::east(-60).instant(i64::MAX)), (i64::MAX, i64::MAX));
        assert_eq!(LogZone::east(60).instant(i64::MIN), i64::MIN);
        let _ = berlin.instant(i64::MIN);
    }

    #[test]
    fn they_are_kept_as_they_are_named() {
        for (zone, written) in [
            (LogZone::UTC, "0"),
            (LogZone::east(-210), "-210"),
            (LogZone::place("EUROPE/berlin").unwrap(), "\"Europe/Berlin\""),
        ] {
            assert_eq!(serde_json::to_string(&zone).unwrap(), written);
            assert_eq!(serde_json::from_str::<LogZone>(written).unwrap(), zone);
        }
        for wrong in ["1440", "-1440", "-2147483648", "\"Berlin\"", "null", "1.5"] {
            assert!(serde_json::from_str::<LogZone>(wrong).is_err(), "{wrong}");
        }
        let names = ["UTC", "-03:30", "Europe/Berlin"];
        let shown = [LogZone::UTC, LogZone::east(-210), LogZone::place("Europe/Berlin").unwrap()];
        assert_eq!(shown.map(|zone| zone.to_string()), names);
        assert_eq!(LogZone::places_like("berlin").collect::<Vec<_>>(), ["Europe/Berlin"]);
        assert_eq!(LogZone::places_like("New York").collect::<Vec<_>>(), ["America/New_York"]);
        assert_eq!(LogZone::places_like("").count() + LogZone::places_like("GMT+1").count(), 0);
    }

    #[test]
    fn hours_that_come_again_are_not_read() {
        let at = |text| of_text(text, LogZone::UTC).unwrap();
        let repeated = |place: &str, from, to| LogZone::place(place).unwrap().repeated(at(from), at(to)) / SECOND;
        let year = ["2024-01-01", "2025-01-01"];
        for (place, seconds) in [("Europe/Berlin", 3_600), ("Australia/Lord_Howe", 1_800), ("Asia/Kolkata", 0)] {
            assert_eq!(repeated(place, year[0], year[1]), seconds, "{place}");
        }
        assert_eq!(repeated("Europe/Berlin", "2024-10-27T01:00", "2024-10-27T02:00"), 3_600);
        assert_eq!(repeated("Europe/Berlin", "2024-10-27T00:50", "2024-10-27T01:10"), 600);
        assert_eq!(repeated("Europe/Berlin", "2024-10-27T01:50", "2024-10-28T00:00"), 600);
        assert_eq!(repeated("Europe/Berlin", "2024-10-27T00:00", "2024-10-27T01:00"), 0);
        assert_eq!(LogZone::east(60).repeated(at(year[0]), at(year[1])), 0);
    }
}
