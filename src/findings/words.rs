//! Why a finding is odd, in words and from its own numbers; beside them, where it tells more, what is typical: the median
//! over all findings.

use super::DAY;
use super::group::{Finding, Grouped};
use super::quantity::{bytes, count, duration, duration_range, percent};
use super::rhythm::{Burst, LEAST_GAPS};
use super::subject::Kind;
use super::tally::Tally;

/// From this share of all flows on, the share is a reason.
const LARGE_SHARE: f64 = 0.05;
/// As many times the typical number are a reason.
const MANY_TIMES: f64 = 10.0;
/// Gaps below which a rhythm is a matter of chance.
const RHYTHM_GAPS: usize = 2 * LEAST_GAPS;
/// Above it, flows come like a clock: the quartiles lie within about a factor of 1.5.
const CLOCK: f64 = 0.6;
/// Seconds: flows that follow each other faster come in bursts.
const BURST: f64 = 0.5;
/// Seconds: shorter flows are never long.
const LONG: f64 = 60.0;
/// At most so many reasons are told.
const MOST_REASONS: usize = 3;

/// What a finding is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Surroundings {
    /// Flows of all findings.
    pub flows: u64,
    /// First and last start of all but those with flows still open, µs since 1970.
    pub span: Option<(i64, i64)>,
    /// The longest flow of all, µs.
    pub longest: i64,
    /// Median over the findings: flows.
    pub typical_flows: u64,
    /// Median over the findings: destination ports.
    pub typical_ports: u64,
    /// Median over the findings: destinations.
    pub typical_hosts: u64,
    /// Median over the findings: bytes out.
    pub typical_out: u64,
    /// Median over the findings: longest duration, µs.
    pub typical_longest: i64,
}

impl Surroundings {
    /// Of all findings but faults of the capture.
    pub fn of(grouped: &Grouped) -> Self {
        let findings = || grouped.findings().iter().filter(|f| f.subject.kind != Kind::Data);
        // What is still open began before the log did.
        let spans = || findings().filter(|f| f.tally.still_open == 0).filter_map(|f| f.tally.span);
        let median = |of: fn(&Finding) -> u64| {
            let mut values: Vec<u64> = findings().map(of).collect();
            values.sort_unstable();
            values.get(values.len().saturating_sub(1) / 2).copied().unwrap_or(0)
        };
        Self {
            flows: findings().map(|f| f.tally.flows).sum(),
            span: spans().map(|s| s.0).min().zip(spans().map(|s| s.1).max()),
            longest: findings().map(|f| f.tally.longest).max().unwrap_or(0),
            typical_flows: median(|f| f.tally.flows),
            typical_ports: median(|f| f.ports),
            typical_hosts: median(|f| f.hosts),
            typical_out: median(|f| f.tally.bytes_out),
            typical_longest: median(|f| f.tally.longest.max(0) as u64) as i64,
        }
    }

    /// Whether times need their dates: the flows began over more than a day and an hour.
    pub fn is_dated(&self) -> bool {
        self.span.is_some_and(|(first, last)| last.saturating_sub(first) > DAY + super::HOUR)
    }
}

/// The reasons, the weightiest first; never none. Text of the log is not among them.
pub fn reasons(finding: &Finding, around: &Surroundings) -> Vec<String> {
    if finding.subject.kind == Kind::Data {
        return vec![gap(&finding.tally)];
    }
    let mut reasons = Vec::new();
    // Of a scan it tells more how it went than how large a part of all it is.
    if let Some(breadth) = breadth(finding, around) {
        reasons.push(breadth);
        reasons.extend(failures(finding));
    } else {
        reasons.extend(share(finding, around));
    }
    reasons.extend(length(finding, around));
    reasons.extend(rhythm(finding));
    if finding.subject.kind == Kind::Conversation {
        reasons.extend(failures(finding));
    }
    reasons.extend(volume(finding, around, reasons.len()));
    if reasons.is_empty() {
        reasons.push(plain(finding));
    }
    reasons.truncate(MOST_REASONS);
    reasons
}

/// `1.96 GB claimed, 84 B seen: capture gap`, of the side of which more is missing.
fn gap(tally: &Tally) -> String {
    let sides = tally.claimed.into_iter().zip([tally.bytes_out, tally.bytes_in]);
    let (claimed, seen) = sides.max_by_key(|(claimed, seen)| claimed.saturating_sub(*seen)).unwrap_or_default();
    format!("{} claimed, {} seen: capture gap", bytes(claimed), bytes(seen))
}

fn breadth(finding: &Finding, around: &Surroundings) -> Option<String> {
    let against = |n: u64, what: &str, typical: u64| format!("{} {what} (typical {})", count(n), count(typical));
    match finding.subject.kind {
        Kind::Scan => Some(against(finding.ports, "ports", around.typical_ports)),
        Kind::Sweep => Some(against(finding.hosts, "hosts", around.typical_hosts)),
        Kind::Block => Some(format!(
            "{}, {}",
            against(finding.hosts, "hosts", around.typical_hosts),
            against(finding.ports, "ports", around.typical_ports)
        )),
        // Any other finding has one.
        Kind::Flood if finding.ports > 1 => {
            Some(format!("{} sources, {} ports", count(finding.sources), count(finding.ports)))
        }
        Kind::Flood | Kind::Multicast => Some(format!("{} sources", count(finding.sources))),
        Kind::Conversation | Kind::Data => None,
    }
}

fn share(finding: &Finding, around: &Surroundings) -> Option<String> {
    let flows = finding.tally.flows;
    let large = flows > 1 && flows as f64 >= LARGE_SHARE * around.flows as f64 && flows < around.flows;
    large.then(|| format!("{} of all flows", percent(flows, around.flows)))
}

fn length(finding: &Finding, around: &Surroundings) -> Option<String> {
    let tally = &finding.tally;
    let seconds = tally.longest as f64 / 1e6;
    if seconds < LONG || (tally.longest as f64) < MANY_TIMES * around.typical_longest as f64 {
        return None;
    }
    let within_a_day = around.span.is_some() && !around.is_dated();
    let longest = match (tally.longest == around.longest, within_a_day) {
        (true, true) => "; longest flow of the day",
        (true, false) => "; longest flow",
        (false, _) => "",
    };
    let lasted = duration(seconds);
    Some(if tally.flows == 1 {
        format!("{lasted}, {} {}{longest}", bytes(tally.bytes_out), way_out(tally))
    } else {
        format!("up to {lasted}{longest}")
    })
}

fn rhythm(finding: &Finding) -> Option<String> {
    let rhythm = finding.rhythm.filter(|r| r.gaps >= RHYTHM_GAPS)?;
    let [low, median, high] = rhythm.quartiles;
    if median < BURST {
        // Stretches that come again are bursts, and so is one that is over within the hour.
        return Some(format!("bursts, {}", closest(rhythm.densest)));
    }
    let range = duration_range(low, high, median);
    let steady = rhythm.regularity >= CLOCK;
    (steady || finding.subject.kind == Kind::Conversation).then(|| format!("every {} ({range})", duration(median)))
}

/// `10 within 0.90 s`, `33 or more within 4.10 ms`, `5 at once`: what was counted, since a rate would promise a whole second of it.
fn closest(Burst { flows, seconds, is_cut }: Burst) -> String {
    let or_more = if is_cut { " or more" } else { "" };
    match seconds {
        0.0 => format!("{flows}{or_more} at once"),
        s if s < 0.01 => format!("{flows}{or_more} within {:.2} ms", (s * 1_000.0).max(0.01)),
        s => format!("{flows}{or_more} within {}", duration(s)),
    }
}

/// `all refused`, `99% refused`; of conversations that came about nothing is said, and a few that did among many that
/// failed are said.
fn failures(finding: &Finding) -> Option<String> {
    let (state, _) = finding.main_state();
    let of = |state| {
        let all = super::group::STATES.into_iter().zip(finding.states);
        all.filter(|(s, _)| *s == state).map(|(_, n)| n).sum::<u64>()
    };
    let established = of(crate::flows::record::StateGroup::Established);
    if !state.failed() || (finding.tally.flows < 2 && finding.subject.kind == Kind::Conversation) {
        return None;
    }
    let said = format!("{} {state}", percent(of(state), finding.tally.flows));
    Some(if established > 0 { format!("{said}, {} established", count(established)) } else { said })
}

/// Bytes out of each flow where they are alike, or of all where they are many or nothing else is known.
fn volume(finding: &Finding, around: &Surroundings, known: usize) -> Option<String> {
    let tally = &finding.tally;
    let (each, n) = (tally.bytes_out / tally.flows.max(1), tally.flows);
    let alike = tally.most_out > 0 && tally.most_out <= tally.least_out.saturating_add(tally.least_out / 4);
    let back = if tally.bytes_in > 0 { format!(", {} in", bytes(tally.bytes_in / n.max(1))) } else { String::new() };
    let many = tally.bytes_out as f64 >= MANY_TIMES * around.typical_out.max(100) as f64;
    let main_failed = finding.main_state().0.failed();
    match n {
        0 | 1 => None,
        _ if main_failed => None,
        _ if alike => Some(format!("{} {}{back} each", bytes(each), way_out(tally))),
        _ if many || known < 2 => Some(carried(tally)),
        _ => None,
    }
}

/// For a finding with nothing else to say: how it went and what it carried.
fn plain(finding: &Finding) -> String {
    let tally = &finding.tally;
    let lasted = match tally.longest as f64 / 1e6 {
        seconds if seconds >= 1.0 => format!(", {}", duration(seconds)),
        _ => String::new(),
    };
    let (state, _) = finding.main_state();
    format!("{state}, {}{lasted}", carried(tally))
}

/// `1,263 B out, 68.0 kB in`, or `69.3 kB both ways` where the log tells no more.
fn carried(tally: &Tally) -> String {
    let out = format!("{} {}", bytes(tally.bytes_out), way_out(tally));
    let has_back = tally.both_ways < tally.flows;
    if has_back { format!("{out}, {} in", bytes(tally.bytes_in)) } else { out }
}

fn way_out(tally: &Tally) -> &'static str {
    if tally.both_ways > 0 { "both ways" } else { "out" }
}

/// What a finding may be, as a guess from its shape alone: a heuristic, and shown as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Hint {
    /// No guess.
    #[default]
    Unclear,
    /// A guess, by the number and name of MITRE ATT&CK.
    Technique {
        /// As in `T1046`.
        id: &'static str,
        /// In words.
        name: &'static str,
    },
}

impl std::fmt::Display for Hint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unclear => f.write_str("unclear"),
            Self::Technique { id, name } => write!(f, "{name} {id}"),
        }
    }
}
