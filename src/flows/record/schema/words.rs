//! Words that formats share: protocols, services, TCP flags, ICMP.

pub(super) use super::super::protocol::TCP;
use super::super::protocol::{self, ICMP, ICMP6, UDP};
use super::super::{Host, StateGroup};
use std::borrow::Cow;

/// IANA's number of a protocol's name or number. `icmp` between IPv6 addresses is ICMPv6: Zeek has one word for both.
pub(super) fn protocol(text: &str, host: Option<Host>) -> Option<u8> {
    match protocol::number(text) {
        Some(ICMP) if matches!(host, Some(Host::V6(..))) => Some(ICMP6),
        None => text.parse().ok().or_else(|| text.strip_suffix(".0")?.parse().ok()),
        number => number,
    }
}

pub(super) fn is_icmp(protocol: Option<u8>) -> bool {
    matches!(protocol, Some(ICMP | ICMP6))
}

/// Whether a protocol has ports. One that is not known may have them.
pub(super) fn has_ports(protocol: Option<u8>) -> bool {
    matches!(protocol, None | Some(TCP | UDP | 33 | 132 | 136))
}

/// The code of an ICMP message of `kind`, given what Zeek has for its second port: the answer's type where the code of others
/// stands.
pub(super) fn zeek_icmp_code(kind: u8, second: u8) -> u8 {
    if protocol::icmp_counterpart(kind) == Some(second) { 0 } else { second }
}

/// How an ICMP exchange went: nobody owes an answer to anything but a question.
pub(super) fn icmp_group(kind: Option<u8>, packets_in: Option<u64>) -> StateGroup {
    match (kind, packets_in) {
        (_, Some(1..)) => StateGroup::Established,
        (Some(kind), Some(0)) if protocol::icmp_asks(kind) => StateGroup::NoReply,
        _ => StateGroup::Unknown,
    }
}

/// Services as one text, and whether the log says that the flow broke the protocol of one (Zeek's `-ssl`): parted at
/// commas, in lower case, sorted, each once. Words for "not recognised" are none.
pub(super) fn services(text: &str) -> (Option<Cow<'_, str>>, bool) {
    let is_plain = |text: &str| !text.contains(',') && !text.starts_with('-');
    let nothing = |word: &str| matches!(word, "" | "-" | "failed" | "unknown" | "(empty)");
    if is_plain(text) && !text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return ((!nothing(text)).then_some(Cow::Borrowed(text)), false);
    }
    let (mut names, mut violated) = (Vec::new(), false);
    for word in text.split(',') {
        let word = word.trim().to_lowercase();
        if word.len() > 1 && word.starts_with('-') {
            violated = true;
        } else if !nothing(&word) {
            names.push(word);
        }
    }
    names.sort();
    names.dedup();
    ((!names.is_empty()).then(|| Cow::Owned(names.join(","))), violated)
}

/// TCP's flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Flags(pub u8);

impl Flags {
    pub const FIN: u8 = 1;
    pub const SYN: u8 = 2;
    pub const RST: u8 = 4;
    pub const PSH: u8 = 8;
    pub const ACK: u8 = 16;
    const LETTERS: [(char, u8); 8] = [
        ('F', Self::FIN),
        ('S', Self::SYN),
        ('R', Self::RST),
        ('P', Self::PSH),
        ('A', Self::ACK),
        ('U', 32),
        ('E', 64),
        ('C', 128),
    ];

    /// From letters, as Argus has them; `None` if one is no flag.
    pub fn of_letters(text: &str) -> Option<Self> {
        let bit = |c: char| Self::LETTERS.iter().find(|(letter, _)| *letter == c).map(|(_, bit)| *bit);
        text.chars().try_fold(0, |sum, c| Some(sum | bit(c)?)).map(Self)
    }

    /// From hexadecimal digits, as EVE has them.
    pub fn of_hex(text: &str) -> Option<Self> {
        u8::from_str_radix(text, 16).ok().map(Self)
    }

    /// Whether one of these bits is set.
    pub fn any(self, bits: u8) -> bool {
        self.0 & bits != 0
    }

    /// Their letters.
    pub fn letters(self) -> String {
        Self::LETTERS.iter().filter(|(_, bit)| self.any(*bit)).map(|(letter, _)| *letter).collect()
    }
}

/// How a TCP flow went, by the flags of each side.
///
/// | source | destination | group |
/// |---|---|---|
/// | SYN | nothing | no reply |
/// | SYN | RST without SYN, and no data | refused |
/// | SYN | SYN; RST on a side, PSH on none | reset |
/// | SYN | SYN, or anything else | established |
/// | no SYN | | mid-stream; unknown if there are no flags at all |
pub(super) fn tcp_group(source: Flags, destination: Flags) -> StateGroup {
    let none = |flags: Flags| flags.0 == 0;
    let pushed = source.any(Flags::PSH) || destination.any(Flags::PSH);
    let reset = source.any(Flags::RST) || destination.any(Flags::RST);
    match () {
        () if none(source) && none(destination) => StateGroup::Unknown,
        () if !source.any(Flags::SYN) => StateGroup::MidStream,
        () if none(destination) => StateGroup::NoReply,
        () if destination.any(Flags::RST) && !destination.any(Flags::SYN | Flags::PSH) => StateGroup::Refused,
        () if reset && !pushed => StateGroup::Reset,
        () => StateGroup::Established,
    }
}

/// Whether one side must have spoken and was not seen: the other acknowledged or ended something.
pub(super) fn is_one_sided(source: Flags, destination: Flags) -> bool {
    let answers = Flags::ACK | Flags::FIN;
    (destination.0 == 0 && source.any(answers)) || (source.0 == 0 && destination.0 != 0)
}

/// Whether the source never completed the handshake that it began and the destination answered.
pub(super) fn is_half_open(source: Flags, destination: Flags) -> bool {
    let goes_on = Flags::ACK | Flags::PSH | Flags::FIN;
    source.any(Flags::SYN) && !source.any(goes_on) && destination.any(Flags::SYN)
}

/// Seconds → µs.
pub(super) fn micros(seconds: f64) -> Option<i64> {
    (seconds.is_finite() && seconds.abs() < 9e12).then(|| (seconds * 1e6).round() as i64)
}

/// The state group of a state of Zeek's, which KDD's records have from it too.
///
/// | `conn_state` | group |
/// |---|---|
/// | S0 | no reply |
/// | REJ | refused |
/// | S1, S2, S3, SF | established |
/// | RSTO, RSTR, RSTOS0, RSTRH, SH, SHR | reset: begun and broken off |
/// | OTH | mid-stream |
pub(super) fn zeek_state(state: &str) -> StateGroup {
    match state {
        "S0" => StateGroup::NoReply,
        "REJ" => StateGroup::Refused,
        "S1" | "S2" | "S3" | "SF" => StateGroup::Established,
        "RSTO" | "RSTR" | "RSTOS0" | "RSTRH" | "SH" | "SHR" => StateGroup::Reset,
        "OTH" => StateGroup::MidStream,
        _ => StateGroup::Unknown,
    }
}
