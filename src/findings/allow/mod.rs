//! Allow-lists: what is known to be fine, why, and until when.
//!
//! A file of TOML tables, one a rule. All keys but `reason` may be absent; a rule says at least one of the others than
//! `expires`, and a row must agree with all that it says:
//!
//! ```toml
//! [[allow]]
//! src = "10.0.0.0/8"          # an address, a network, or a name as the log has it
//! dst = "192.0.2.53"
//! port = 53                   # or "8000-8099"; ICMP has none
//! proto = "udp"               # a name of the usual ones, or a number
//! service = "dns"             # as the log has it
//! expires = 2026-12-31        # the last day it counts
//! reason = "our resolver, ticket 4711"
//!
//! [[allow]]
//! pair = "10.0.0.5 > 192.0.2.0/24"    # src > dst in one
//! reason = "backup"
//! ```
//!
//! Rows that a rule allows are still scored and grouped; they are marked with the rule, and a finding all of whose rows
//! are allowed is not reported. Rules are tried in the order of the file, and the first that matches counts.

mod append;
mod read;

pub use append::appended;
pub use read::parse;

use super::collect::Entry;
use super::group::Grouped;
use super::key::{CellKey, Port};
use super::quantity::instant;
use super::rows::Flow;
use crate::flows::record::Host;
use ipnet::IpNet;
use std::fmt;
use std::net::IpAddr;
use std::time::{SystemTime, UNIX_EPOCH};

/// A side of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Every address of a network.
    Net(IpNet),
    /// One host by its name or hardware address, or an address with a zone.
    Host(Host),
}

impl Side {
    fn has(&self, host: Option<Host>) -> bool {
        match (self, host) {
            (_, None) => false,
            (Self::Host(own), Some(host)) => *own == host,
            (Self::Net(net), Some(Host::V4(address))) => net.contains(&IpAddr::V4(address)),
            (Self::Net(net), Some(Host::V6(address, _))) => net.contains(&IpAddr::V6(address)),
            (Self::Net(_), Some(Host::Named(_))) => false,
        }
    }
}

/// A day of the proleptic Gregorian calendar; days compare as they follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day {
    /// Year.
    pub year: u16,
    /// Month, 1 to 12.
    pub month: u8,
    /// Day of the month, 1 to 31.
    pub day: u8,
}

impl Day {
    /// Today, UTC.
    pub fn today() -> Self {
        let micros = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros());
        let text = instant(i64::try_from(micros).unwrap_or(i64::MAX));
        let mut parts = text.split(['-', 'T']);
        let year = parts.next().and_then(|part| part.parse().ok()).unwrap_or(u16::MAX);
        let mut part = || parts.next().and_then(|part| part.parse().ok()).unwrap_or(1);
        Self { year, month: part(), day: part() }
    }
}

/// `2027-01-31`.
impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

/// What is allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Where the rule begins in its file; the first line is 1.
    pub line: usize,
    /// Who begins.
    pub source: Option<Side>,
    /// Whom it is for.
    pub destination: Option<Side>,
    /// First and last destination port.
    pub ports: Option<(u16, u16)>,
    /// IANA's protocol number.
    pub protocol: Option<u8>,
    /// What is spoken, in lower case.
    pub service: Option<String>,
    /// The last day it counts, UTC.
    pub expires: Option<Day>,
    /// Why.
    pub reason: String,
}

impl Rule {
    /// Whether it allows the same rows as `other`, for as long or longer.
    pub fn makes_needless(&self, other: &Self) -> bool {
        let (own, its) = (Self { line: 0, expires: None, reason: String::new(), ..self.clone() }, other);
        let its = Self { line: 0, expires: None, reason: String::new(), ..its.clone() };
        own == its && self.expires.is_none_or(|own| other.expires.is_some_and(|its| own >= its))
    }

    /// What it says, as one text, wherever it stands in its file.
    pub fn text(&self) -> String {
        format!("{:?}", Self { line: 0, ..self.clone() })
    }

    fn allows(&self, key: &CellKey, service: Option<&str>) -> bool {
        let conversation = key.key.conversation;
        let port = match (self.ports, conversation.port) {
            (None, _) => true,
            (Some((first, last)), Port::Number(port)) => (first..=last).contains(&port),
            (Some(_), Port::None | Port::Icmp(..) | Port::Many) => false,
        };
        port && self.source.is_none_or(|side| side.has(conversation.source))
            && self.destination.is_none_or(|side| side.has(conversation.destination))
            && self.protocol.is_none_or(|protocol| conversation.protocol == Some(protocol))
            && self.service.as_deref().is_none_or(|own| service.is_some_and(|s| s.eq_ignore_ascii_case(own)))
    }
}

/// Of a rule that is in force and allowed no row: what is to be said of it. `before`: the rows that each rule before it allowed,
/// of which it may have been meant for some.
pub fn unused(before: &[u64]) -> &'static str {
    match before.iter().all(|&rows| rows == 0) {
        true => "allows none of these flows",
        false => "no flow meets it that an earlier rule does not allow",
    }
}

/// Rules in force.
#[derive(Debug, Clone, Default)]
pub struct AllowList {
    rules: Vec<Rule>,
    today: Option<Day>,
}

impl AllowList {
    /// Rules as of `today` (UTC): those that have expired allow nothing. `None`: none has expired.
    pub fn new(rules: Vec<Rule>, today: Option<Day>) -> Self {
        Self { rules, today }
    }

    /// From here on it is `today` (UTC). The rules that were in force until now and have expired.
    pub fn pass_to(&mut self, today: Day) -> Vec<&Rule> {
        let before = self.today.replace(today);
        let ended =
            |rule: &&Rule| rule.expires.is_some_and(|last| last < today && before.is_none_or(|day| last >= day));
        self.rules.iter().filter(ended).collect()
    }

    /// The rules, in the order of the file.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The rule that allows a row, by its index.
    pub fn rule_of(&self, flow: &Flow<'_>) -> Option<usize> {
        let key = CellKey::of(flow)?;
        self.find(&key, flow.service)
    }

    /// Rules that have expired.
    pub fn expired(&self) -> impl Iterator<Item = &Rule> {
        self.rules.iter().filter(|rule| self.has_expired(rule))
    }

    /// For each finding the rule that allows it: that of its first group of rows, where all its rows are allowed.
    pub fn findings(&self, grouped: &Grouped) -> Vec<Option<usize>> {
        if self.rules.is_empty() {
            return vec![None; grouped.findings().len()];
        }
        let mut of: Vec<Option<Option<usize>>> = vec![None; grouped.findings().len()];
        for (entry, at) in grouped.entries() {
            let Some(slot) = of.get_mut(at) else { continue };
            let rule = self.rule_of_entry(&entry);
            *slot = Some(match slot {
                Some(before) => before.and_then(|first| rule.map(|_| first)),
                None => rule,
            });
        }
        of.into_iter().map(Option::flatten).collect()
    }

    /// Where rows of more than one service, or of one and of none, share an entry, no rule that names a service allows it.
    fn rule_of_entry(&self, entry: &Entry) -> Option<usize> {
        let is_of_one = !entry.tally.more_services && !entry.tally.without_service;
        let service = entry.tally.service.as_deref().filter(|_| is_of_one);
        self.find(&entry.key, service)
    }

    fn find(&self, key: &CellKey, service: Option<&str>) -> Option<usize> {
        self.rules.iter().position(|rule| !self.has_expired(rule) && rule.allows(key, service))
    }

    fn has_expired(&self, rule: &Rule) -> bool {
        rule.expires.zip(self.today).is_some_and(|(last, today)| last < today)
    }
}
