//! Numbers as people read them: few digits, the unit beside them, the same width of thought for all sizes.

use crate::flows::instant::{Zone, push_timestamp};
use arrow_schema::TimeUnit;

/// `1,013`.
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `84 B`, `1,288 B`, `145 kB`, `1.96 GB`: whole bytes below 10,000, then three digits.
pub fn bytes(n: u64) -> String {
    if n < 10_000 {
        return format!("{} B", count(n));
    }
    let mut value = n as f64;
    let mut unit = "B";
    for larger in ["kB", "MB", "GB", "TB", "PB", "EB"] {
        // 999.5 would be shown with four digits.
        if value < 999.5 {
            break;
        }
        value /= 1_000.0;
        unit = larger;
    }
    format!("{} {unit}", three_digits(value))
}

/// Seconds as `0.11 s`, `6.8 s`, `268 s`, `75 min`, `27.0 h`, `3.2 d`.
pub fn duration(seconds: f64) -> String {
    let (value, unit) = scaled(seconds);
    format!("{} {unit}", brief(value))
}

/// Two durations in the unit of `like`: `6.8-7.0` beside `6.8 s`.
pub fn duration_range(from: f64, to: f64, like: f64) -> String {
    let by = if like == 0.0 { 1.0 } else { scaled(like).0 / like };
    format!("{}-{}", brief(from * by), brief(to * by))
}

fn scaled(seconds: f64) -> (f64, &'static str) {
    match seconds {
        s if s < 600.0 => (s, "s"),
        s if s < 7_200.0 => (s / 60.0, "min"),
        s if s < 172_800.0 => (s / 3_600.0, "h"),
        s => (s / 86_400.0, "d"),
    }
}

/// Two digits after the point below 1, one below 100, else none.
fn brief(value: f64) -> String {
    match value {
        v if v < 0.995 => format!("{v:.2}"),
        v if v < 99.95 => format!("{v:.1}"),
        v => count(v.round() as u64),
    }
}

fn three_digits(value: f64) -> String {
    match value {
        v if v < 9.995 => format!("{v:.2}"),
        v if v < 99.95 => format!("{v:.1}"),
        v => format!("{v:.0}"),
    }
}

/// A share as a whole percentage that is 0 or 100 only where the share is.
pub fn percent(part: u64, whole: u64) -> String {
    let percent = (part as f64 / whole.max(1) as f64 * 100.0).round();
    match percent {
        _ if part == 0 => "none".to_owned(),
        _ if part >= whole => "all".to_owned(),
        p if p < 1.0 => "under 1%".to_owned(),
        p => format!("{}%", p.min(99.0)),
    }
}

/// `2024-04-19T08:23:01` of µs since 1970, UTC.
pub fn instant(micros: i64) -> String {
    let mut out = Vec::new();
    push_timestamp(micros.div_euclid(1_000_000), TimeUnit::Second, &Zone::Unstated, &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

/// When something was, UTC, as briefly as a log of one day (`dated` false) or of more days (true) allows: `08:23-09:17`,
/// `15:19:19`, `04-19 08:23-09:17`, `04-19 08:23 to 04-21 03:11`.
pub fn when(first: i64, last: i64, dated: bool) -> String {
    let (from, to) = (instant(first), instant(last));
    // Years beyond 9999 have a sign and more digits, so the parts are taken at the letter between them.
    let parts =
        |text: &str| text.split_once('T').map(|(date, clock)| (date.to_owned(), clock.to_owned())).unwrap_or_default();
    let ((from_date, from_clock), (to_date, to_clock)) = (parts(&from), parts(&to));
    let minute = |clock: &str| clock.get(..5).unwrap_or(clock).to_owned();
    let day = |date: &str| date.get(date.len().saturating_sub(5)..).unwrap_or(date).to_owned();
    let single = from == to;
    match (dated, single, from_date == to_date) {
        (false, true, _) => from_clock,
        (true, true, _) => format!("{} {from_clock}", day(&from_date)),
        (false, false, _) => format!("{}-{}", minute(&from_clock), minute(&to_clock)),
        (true, false, true) => format!("{} {}-{}", day(&from_date), minute(&from_clock), minute(&to_clock)),
        (true, false, false) => {
            format!("{} {} to {} {}", day(&from_date), minute(&from_clock), day(&to_date), minute(&to_clock))
        }
    }
}

/// A severity with so many digits, rounded down: nothing is as rare as 1.
pub fn severity(value: f64, digits: u8) -> String {
    let parts = 10_f64.powi(digits.into());
    format!("{:.*}", usize::from(digits), (value.clamp(0.0, 0.999) * parts).floor() / parts)
}

/// `.97`.
pub fn short_severity(value: f64) -> String {
    severity(value, 2).trim_start_matches('0').to_owned()
}
