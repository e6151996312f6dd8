//! Times as ISO 8601 text: proleptic Gregorian calendar, digits of a second by the column's unit (so that text order is
//! time order), no time-zone database.

use arrow_schema::TimeUnit;

/// How a column of timestamps names its zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Zone {
    /// Local times of no stated zone: no suffix.
    Unstated,
    /// UTC, or a named zone whose offsets only a database knows; the instant is the same: suffix `Z`.
    Utc,
    /// A fixed offset in minutes east: suffix `+02:00`.
    Offset(i32),
}

impl Zone {
    /// Reads Arrow's zone: `UTC`, `+02:00`, `-0330`, `+05`, `Europe/Berlin`.
    pub fn of(zone: Option<&str>) -> Self {
        let Some(zone) = zone else { return Self::Unstated };
        match offset_minutes(zone) {
            Some(0) | None => Self::Utc,
            Some(minutes) => Self::Offset(minutes),
        }
    }

    fn seconds(&self) -> i64 {
        match self {
            Self::Offset(minutes) => i64::from(*minutes) * 60,
            _ => 0,
        }
    }
}

fn offset_minutes(zone: &str) -> Option<i32> {
    let (sign, digits) = match zone.as_bytes().first()? {
        b'+' => (1, zone.get(1..)?),
        b'-' => (-1, zone.get(1..)?),
        _ => return None,
    };
    let digits = digits.replace(':', "");
    if !digits.bytes().all(|b| b.is_ascii_digit()) || !matches!(digits.len(), 2 | 4) {
        return None;
    }
    let hours: i32 = digits.get(..2)?.parse().ok()?;
    let minutes: i32 = if digits.len() == 4 { digits.get(2..)?.parse().ok()? } else { 0 };
    (hours < 24 && minutes < 60).then_some(sign * (hours * 60 + minutes))
}

fn per_second(unit: TimeUnit) -> (i64, usize) {
    match unit {
        TimeUnit::Second => (1, 0),
        TimeUnit::Millisecond => (1_000, 3),
        TimeUnit::Microsecond => (1_000_000, 6),
        TimeUnit::Nanosecond => (1_000_000_000, 9),
    }
}

/// `2025-11-25T07:10:00.250Z`.
pub fn push_timestamp(value: i64, unit: TimeUnit, zone: &Zone, out: &mut Vec<u8>) {
    let (scale, digits) = per_second(unit);
    // 128 bits: an offset added to the largest instant must not wrap.
    let local = i128::from(value.div_euclid(scale)) + i128::from(zone.seconds());
    let (days, second) = (local.div_euclid(86_400) as i64, local.rem_euclid(86_400) as u64);
    push_date(days, out);
    out.push(b'T');
    push_clock(second, out);
    push_fraction(value.rem_euclid(scale) as u64, digits, out);
    match zone {
        Zone::Unstated => {}
        Zone::Utc => out.push(b'Z'),
        Zone::Offset(minutes) => {
            out.push(if *minutes < 0 { b'-' } else { b'+' });
            let minutes = u64::from(minutes.unsigned_abs());
            push_padded(minutes / 60, 2, out);
            out.push(b':');
            push_padded(minutes % 60, 2, out);
        }
    }
}

/// `07:10:00.250`; a time of day outside a day is given as it is, in hours.
pub(super) fn push_time_of_day(value: i64, unit: TimeUnit, out: &mut Vec<u8>) {
    let (scale, digits) = per_second(unit);
    if value < 0 {
        out.push(b'-');
    }
    let value = value.unsigned_abs();
    push_clock(value / scale as u64, out);
    push_fraction(value % scale as u64, digits, out);
}

/// Seconds as a plain decimal number: `12.250`.
pub(super) fn push_seconds(value: i64, unit: TimeUnit, out: &mut Vec<u8>) {
    let (scale, digits) = per_second(unit);
    if value < 0 {
        out.push(b'-');
    }
    let value = value.unsigned_abs();
    push_padded(value / scale as u64, 1, out);
    push_fraction(value % scale as u64, digits, out);
}

/// `2025-11-25`, from days since 1970-01-01. Years beyond 9999 or before 0 get a sign, as ISO 8601 has it.
///
/// Hinnant, "chrono-Compatible Low-Level Date Algorithms": eras of 400 years, years that begin in March.
pub(super) fn push_date(days: i64, out: &mut Vec<u8>) {
    let days = i128::from(days) + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i128::from(month <= 2);
    match year {
        ..0 => out.push(b'-'),
        10_000.. => out.push(b'+'),
        _ => {}
    }
    push_padded(year.unsigned_abs() as u64, 4, out);
    out.push(b'-');
    push_padded(month as u64, 2, out);
    out.push(b'-');
    push_padded(day as u64, 2, out);
}

fn push_clock(second: u64, out: &mut Vec<u8>) {
    push_padded(second / 3_600, 2, out);
    out.push(b':');
    push_padded(second / 60 % 60, 2, out);
    out.push(b':');
    push_padded(second % 60, 2, out);
}

fn push_fraction(value: u64, digits: usize, out: &mut Vec<u8>) {
    if digits > 0 {
        out.push(b'.');
        push_padded(value, digits, out);
    }
}

/// At least `width` digits, with zeros before them.
fn push_padded(value: u64, width: usize, out: &mut Vec<u8>) {
    let mut buffer = itoa::Buffer::new();
    let digits = buffer.format(value).as_bytes();
    out.resize(out.len() + width.saturating_sub(digits.len()), b'0');
    out.extend_from_slice(digits);
}
