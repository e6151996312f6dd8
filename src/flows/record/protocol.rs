//! IANA's protocol numbers and the names that logs have for them.

pub const ICMP: u8 = 1;
pub const TCP: u8 = 6;
pub const UDP: u8 = 17;
pub const ICMP6: u8 = 58;

/// Names with their numbers; of several for one number the first is the usual one.
const NAMES: [(&str, u8); 23] = [
    ("tcp", TCP),
    ("udp", UDP),
    ("icmp", ICMP),
    ("icmpv6", ICMP6),
    ("icmp6", ICMP6),
    ("ipv6-icmp", ICMP6),
    ("igmp", 2),
    ("ipip", 4),
    ("egp", 8),
    ("dccp", 33),
    ("ipv6", 41),
    ("rsvp", 46),
    ("gre", 47),
    ("esp", 50),
    ("ah", 51),
    ("eigrp", 88),
    ("ospf", 89),
    ("pim", 103),
    ("vrrp", 112),
    ("l2tp", 115),
    ("sctp", 132),
    ("udplite", 136),
    ("udp-lite", 136),
];

/// The number of a name, whatever its case.
pub fn number(name: &str) -> Option<u8> {
    NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, number)| *number)
}

/// The usual name of a number, where there is one.
pub fn name(number: u8) -> Option<&'static str> {
    NAMES.iter().find(|(_, known)| *known == number).map(|(name, _)| *name)
}

/// The usual name, or the number's digits.
pub fn word(number: u8) -> String {
    name(number).map_or_else(|| number.to_string(), str::to_owned)
}

/// ICMP messages that ask and those that answer them, of both versions: their numbers do not meet.
const ICMP_PAIRS: [(u8, u8); 11] = [
    (8, 0),
    (10, 9),
    (13, 14),
    (15, 16),
    (17, 18),
    (128, 129),
    (130, 131),
    (133, 134),
    (135, 136),
    (139, 140),
    (144, 145),
];

/// The type of the ICMP message that answers one of type `kind`, or that it answers.
pub fn icmp_counterpart(kind: u8) -> Option<u8> {
    ICMP_PAIRS.iter().find_map(|&(ask, answer)| match kind {
        _ if kind == ask => Some(answer),
        _ if kind == answer => Some(ask),
        _ => None,
    })
}

/// Whether an ICMP message of type `kind` asks for an answer.
pub fn icmp_asks(kind: u8) -> bool {
    ICMP_PAIRS.iter().any(|&(ask, _)| ask == kind)
}
