//! A survey in words.

use super::{Incomplete, Survey};
use crate::flows::instant::{Zone, push_timestamp};
use crate::flows::record::LogZone;
use crate::flows::source::Input;
use crate::words::{grouped, noun};
use arrow_schema::TimeUnit;

/// Gaps, overlaps and repeats that are told one by one; of more the number.
const MOST_TOLD: usize = 3;

impl Survey {
    /// `2024-04-18 23:59:44 to 2024-04-19 23:59:51 UTC    no gaps over 1 h`; `None` where no row has a time.
    ///
    /// `zone` is that of times that state none.
    pub fn time_line(&self, zone: LogZone) -> Option<String> {
        let (first, last) = self.span()?;
        let mut line = format!("{} to {} UTC", clock(first), clock(last));
        let gaps = self.gaps(zone);
        match gaps.len() {
            0 => line.push_str("    no gaps over 1 h"),
            1 => line.push_str("    1 gap over 1 h: "),
            n => line.push_str(&format!("    {} gaps over 1 h: ", grouped(n as u64))),
        }
        let told: Vec<String> = gaps.iter().take(MOST_TOLD).map(|&(from, to)| gap(from, to)).collect();
        line.push_str(&told.join(", "));
        if gaps.len() > MOST_TOLD {
            line.push_str(", …");
        }
        Some(line)
    }

    /// `20% of lines out of time order`; `None` where all are in order.
    pub fn order_line(&self) -> Option<String> {
        let share = self.out_of_order();
        (share > 0.0).then(|| match share * 100.0 {
            percent if percent < 1.0 => "under 1% of lines out of time order".to_owned(),
            percent => format!("{percent:.0}% of lines out of time order"),
        })
    }

    /// `79 flows with capture gaps, 3 one-sided, 75 with wrong checksums, 1 without a usable time`; `None` where there are none.
    pub fn faults_line(&self) -> Option<String> {
        let faults = self.faults;
        let kinds = [
            (faults.gaps, "with capture gaps"),
            (faults.one_sided, "one-sided"),
            (faults.bad_checksums, "with wrong checksums"),
            (self.untimed(), "without a usable time"),
        ];
        counts(kinds)
    }

    /// `4 flows lacking an address, 5 of TCP or UDP lacking the port`; `None` where there are none.
    pub fn incomplete_line(&self) -> Option<String> {
        let Incomplete { no_address, no_port } = self.incomplete;
        counts([(no_address, "lacking an address"), (no_port, "of TCP or UDP lacking the port")])
    }

    /// What else an analyst should know before any verdict, a line each: files that repeat or overlap others, times that no
    /// flow can have.
    pub fn warnings(&self, input: &Input, digests: &[Option<String>]) -> Vec<String> {
        let name = |file: usize| input.files.get(file).map_or("?", |file| file.name.as_str());
        let mut lines: Vec<String> = Vec::new();
        let repeats = self.repeats(digests);
        for repeat in repeats.iter().take(MOST_TOLD) {
            let what = if repeat.same_bytes { "is a copy of" } else { "holds the same flows as" };
            lines.push(format!("{} {what} {}", name(repeat.file), name(repeat.earlier)));
        }
        lines.extend(more(repeats.len(), "files that repeat others"));
        let overlaps = self.overlaps();
        for overlap in overlaps.iter().take(MOST_TOLD) {
            let (a, b) = (name(overlap.files.0), name(overlap.files.1));
            let (from, to) = (clock(overlap.time.0), clock(overlap.time.1));
            lines.push(format!("{a} and {b} cover the same time: {from} to {to} UTC"));
        }
        lines.extend(more(overlaps.len(), "pairs of files that cover the same time"));
        if self.implausible > 0 {
            let rows = format!("{} {}", grouped(self.implausible), noun(self.implausible, "row"));
            lines.push(format!("{rows} with a time before 1990 or after 2099: kept out of windows"));
        }
        lines
    }
}

/// `2 flows without this, 3 without that`, of the counts that are not zero.
fn counts<const N: usize>(kinds: [(u64, &str); N]) -> Option<String> {
    let told = kinds.into_iter().filter(|(n, _)| *n > 0).enumerate();
    let parts: Vec<String> = told
        .map(|(i, (n, what))| match i {
            0 => format!("{} {} {what}", grouped(n), noun(n, "flow")),
            _ => format!("{} {what}", grouped(n)),
        })
        .collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

fn more(n: usize, what: &str) -> Option<String> {
    (n > MOST_TOLD).then(|| format!("and {} more {what}", grouped((n - MOST_TOLD) as u64)))
}

/// `2024-04-18 23:59:44`, in UTC.
fn clock(micros: i64) -> String {
    let mut text = Vec::with_capacity(32);
    push_timestamp(micros.div_euclid(1_000_000), TimeUnit::Second, &Zone::Unstated, &mut text);
    String::from_utf8_lossy(&text).replace('T', " ")
}

/// `2024-04-19 03:10:11 (1.8 h)`.
fn gap(from: i64, to: i64) -> String {
    format!("{} ({:.1} h)", clock(from), (to - from) as f64 / 3.6e9)
}
