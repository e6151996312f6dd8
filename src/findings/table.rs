//! Findings as lines of text for a terminal.

use super::faults::Fault;
use super::group::{Finding, Grouped};
use super::key::{Conversation, Port};
use super::names::HostNames;
use super::quantity::{count, short_severity, when};
use super::rank::Ranked;
use super::since::Since;
use super::subject::Kind;
use super::words::{Hint, Surroundings, reasons};
use crate::flows::record::Host;
use crate::flows::record::protocol::{self, ICMP, ICMP6, TCP};
use crate::flows::sink::printable;
use unicode_width::UnicodeWidthStr;

/// Narrower terminals have the reasons on a line of their own.
const WIDE: usize = 100;
/// Reasons that have less room beside the rest go to a line of their own too.
const LEAST_ROOM: usize = 30;
/// Characters of a service's name that are shown.
const MOST_OF_SERVICE: usize = 24;
/// Blanks between columns.
const GAP: &str = "  ";
/// Where lines of reasons begin when they have lines of their own.
const INDENT: usize = 9;

/// What is shown of a finding.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a> {
    /// Its rank and severity; `None` for a fault of the capture, which has neither.
    pub ranked: Option<(usize, &'a Ranked)>,
    /// The finding.
    pub finding: &'a Finding,
    /// A guess at what it is, where there is one.
    pub hint: Option<Hint>,
    /// How it stands to an earlier output, where there is one.
    pub since: Option<Since>,
}

/// The first `top` of the ranking, then up to `top` faults of the capture, largest first: what [`lines`] takes.
pub fn shown<'a>(grouped: &'a Grouped, ranked: &'a [Ranked], data: &[usize], top: usize) -> Vec<Shown<'a>> {
    let of = |at: usize| grouped.findings().get(at);
    let threats = ranked.iter().enumerate().take(top).filter_map(|(at, ranked)| {
        Some(Shown { ranked: Some((at + 1, ranked)), finding: of(ranked.finding)?, hint: None, since: None })
    });
    let faults =
        data.iter().take(top).filter_map(|&at| Some(Shown { ranked: None, finding: of(at)?, hint: None, since: None }));
    threats.chain(faults).collect()
}

/// A row of the table before it is laid out.
struct Row {
    cells: [String; 5],
    why: String,
    hint: Option<Hint>,
}

/// The table, heading first, then what is `shown` and `faults` of the whole capture, no line wider than `width` but for cells that are:
/// nothing in them acts on a terminal.
pub fn lines(
    shown: &[Shown<'_>],
    faults: &[&Fault],
    grouped: &Grouped,
    around: &Surroundings,
    width: usize,
) -> Vec<String> {
    let heading = ["", "sev", "flows", "from -> to", "UTC"].map(str::to_owned);
    let mut rows = vec![Row { cells: heading, why: "why it is odd".to_owned(), hint: None }];
    rows.extend(shown.iter().map(|shown| Row::of(shown, around, grouped.names())));
    rows.extend(faults.iter().map(|fault| Row::of_fault(fault, grouped, around)));
    let mut widths = [0; 5];
    for row in &rows {
        for (most, cell) in widths.iter_mut().zip(&row.cells) {
            *most = cell.width().max(*most);
        }
    }
    let left: usize = widths.iter().map(|width| width + GAP.len()).sum();
    let beside = width >= WIDE && width >= left + LEAST_ROOM;
    let (indent, room) = if beside { (left, width - left) } else { (INDENT, width.saturating_sub(INDENT)) };
    let mut out = Vec::new();
    for (at, row) in rows.iter().enumerate() {
        let line = padded(&row.cells, &widths);
        let mut why = row.why(room).into_iter();
        match (beside, at) {
            (true, _) => out.push(format!("{line}{GAP}{}", why.next().unwrap_or_default()).trim_end().to_owned()),
            (false, 0) => {
                out.push(line.trim_end().to_owned());
                continue;
            }
            (false, _) => out.push(line.trim_end().to_owned()),
        }
        out.extend(why.map(|line| format!("{:indent$}{line}", "")));
    }
    out
}

impl Row {
    fn of(shown: &Shown<'_>, around: &Surroundings, names: &HostNames) -> Self {
        let finding = shown.finding;
        let (rank, severity) = match shown.ranked {
            Some((rank, ranked)) => (rank.to_string(), short_severity(ranked.severity)),
            None => ("!".to_owned(), "data".to_owned()),
        };
        let why = reasons(finding, around).join(", ");
        Self {
            cells: [rank, severity, count(finding.tally.flows), sides(finding, names), time(finding, around)],
            why: shown.since.map_or(why.clone(), |since| format!("{since}: {why}")),
            hint: shown.hint,
        }
    }

    fn of_fault(fault: &Fault, grouped: &Grouped, around: &Surroundings) -> Self {
        let time = fault.span().map(|(first, last)| when(first, last, around.is_dated()));
        let [mark, data, capture] = ["!", "data", "the capture"].map(str::to_owned);
        let cells = [mark, data, count(fault.flows(grouped)), capture, time.unwrap_or("-".to_owned())];
        Self { cells, why: fault.words(grouped), hint: None }
    }

    /// Reasons and hint, broken at commas and blanks to `room`.
    fn why(&self, room: usize) -> Vec<String> {
        let mut lines = wrapped(&self.why, room);
        lines.extend(self.hint.map(|hint| format!("hint: {hint}")));
        lines
    }
}

fn padded(row: &[String; 5], widths: &[usize; 5]) -> String {
    let mut line = String::new();
    for (at, (cell, &width)) in row.iter().zip(widths).enumerate() {
        let pad = " ".repeat(width.saturating_sub(cell.width()));
        let gap = if at == 0 { "" } else { GAP };
        match at {
            0..=2 => line.extend([gap, &pad, cell]),
            _ => line.extend([gap, cell, &pad]),
        }
    }
    line
}

fn wrapped(text: &str, room: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.width() + 1 + word.width() <= room => line.extend([" ", word]),
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// `198.51.100.7 -> 10.0.0.1:22 ssh`, `10.0.0.1 -> 331 hosts icmp 3/3`, `4,096 hosts -> 10.0.0.1:80`,
/// `[2001:db8::1] -> [2001:db8::2]:53/udp dns`.
pub fn sides(finding: &Finding, names: &HostNames) -> String {
    let conversation = finding.subject.conversation;
    let hosts = |n: u64| format!("{} hosts", count(n));
    let from = match finding.subject.kind {
        Kind::Flood | Kind::Multicast => hosts(finding.sources),
        _ => host(conversation.source, names),
    };
    let to = match finding.subject.kind {
        Kind::Sweep | Kind::Block => hosts(finding.hosts),
        _ => destination(&conversation, names),
    };
    let service = match (&finding.tally.service, finding.tally.more_services) {
        // The services of a scan are as many as its ports.
        (Some(service), more) if finding.subject.conversation.port != Port::Many => {
            let cut: String = service.chars().take(MOST_OF_SERVICE).collect();
            let more = more || cut.len() < service.len();
            format!(" {}{}", printable(&cut), if more { "…" } else { "" })
        }
        _ => String::new(),
    };
    format!("{from} -> {to}{}{service}", port(&conversation))
}

/// `198.51.100.7 -> 10.0.0.1:22`.
pub fn spoken(conversation: &Conversation, names: &HostNames) -> String {
    let (from, to) = (host(conversation.source, names), destination(conversation, names));
    format!("{from} -> {to}{}", port(conversation))
}

fn host(host: Option<Host>, names: &HostNames) -> String {
    host.map_or("?".to_owned(), |host| names.shown(&host))
}

fn destination(conversation: &Conversation, names: &HostNames) -> String {
    match (conversation.destination, conversation.port) {
        (Some(host @ Host::V6(..)), Port::Number(_)) => format!("[{}]", names.shown(&host)),
        (destination, _) => host(destination, names),
    }
}

/// `:22`, `:53/udp`, ` icmp 3/3`.
fn port(conversation: &Conversation) -> String {
    let protocol = match conversation.protocol {
        None | Some(ICMP | ICMP6 | TCP) => String::new(),
        Some(other) => match protocol::name(other) {
            Some(name) => format!("/{name}"),
            None => format!("/proto {other}"),
        },
    };
    match conversation.port {
        Port::Number(port) => format!(":{port}{protocol}"),
        Port::Icmp(kind, code) => format!(" icmp {kind}/{code}"),
        Port::None if conversation.protocol == Some(ICMP) => " icmp".to_owned(),
        Port::None | Port::Many => protocol.replace('/', " "),
    }
}

fn time(finding: &Finding, around: &Surroundings) -> String {
    match finding.tally.span {
        None => "-".to_owned(),
        Some(_) if finding.tally.still_open > 0 && finding.tally.flows == 1 => "still open".to_owned(),
        Some((first, last, _)) => when(first, last, around.is_dated()),
    }
}
