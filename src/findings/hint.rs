//! What a finding may be, guessed from its shape by stated rules. A heuristic, and shown as one; unclear by default.
//!
//! The first rule that speaks decides. A fault of the capture has no hint.
//!
//! | hint | rule |
//! |---|---|
//! | port scan, T1046 | a scan, a sweep or a block (20 or more ports or hosts), half of its flows failed or reset |
//! | brute force, T1110 | a conversation on a login port, 20 or more flows with two minutes or less between them, that came about (half were answered), little out in each (100 kB or less) |
//! | DDoS, T1498 | a conversation of 100 or more flows with a second or less between them, 90 % of them unanswered or mid-stream; a flood from many sources with a second or less between its flows |
//! | malware communication, T1071 | a conversation of 24 or more flows as even as a clock (regularity 0.6), a second to half a day apart, from a host of ours to one that is not ours, not for names or time (ports 53, 123, 5353); or 24 or more such flows of IRC (service irc, ports 6660 to 6669, 6697), however even |
//! | exfiltration, T1048 | a conversation from a host of ours to one that is not ours, 10 MB or more out, ten times what came in and ten times what is typical |
//!
//! **Measured** on the rows of IoT-23 34-1 by their finding's hint (`cargo test --release --lib the_confusion -- --nocapture`; the
//! rules were chosen with this log at hand, so this is no held-out test):
//!
//! | label | flows | port scan | DDoS | malware communication | exfiltration | unclear |
//! |---|---|---|---|---|---|---|
//! | benign | 1,923 | 82 | 0 | 0 | 0 | 1,841 |
//! | C&C | 6,706 | 0 | 0 | 6,702 | 0 | 4 |
//! | DDoS | 14,394 | 0 | 14,393 | 0 | 1 | 0 |
//! | horizontal port scan | 122 | 0 | 121 | 0 | 0 | 1 |

use super::group::{Finding, STATES};
use super::key::Port;
use super::subject::Kind;
use super::words::{Hint, Surroundings};
use crate::flows::record::StateGroup;
use crate::flows::record::protocol::ICMP6;

const PORT_SCAN: Hint = Hint::Technique { id: "T1046", name: "port scan" };
const BRUTE_FORCE: Hint = Hint::Technique { id: "T1110", name: "brute force" };
const DDOS: Hint = Hint::Technique { id: "T1498", name: "DDoS" };
const MALWARE: Hint = Hint::Technique { id: "T1071", name: "malware communication" };
const EXFILTRATION: Hint = Hint::Technique { id: "T1048", name: "exfiltration" };

/// FTP, SSH, Telnet, POP, IMAP, SMB, databases, remote desktops and consoles.
const LOGIN_PORTS: [u16; 18] =
    [21, 22, 23, 110, 143, 445, 993, 995, 1433, 2222, 2323, 3306, 3389, 5432, 5900, 5901, 5985, 8291];
/// Names and time, which are asked for like a clock.
const CLOCKWORK_PORTS: [u16; 3] = [53, 123, 5353];

/// Where bots are told what to do in a chat.
const IRC_PORTS: [u16; 11] = [6660, 6661, 6662, 6663, 6664, 6665, 6666, 6667, 6668, 6669, 6697];

/// The guess; see the module's page.
pub fn hint(finding: &Finding, around: &Surroundings) -> Hint {
    let conversation = finding.subject.kind == Kind::Conversation;
    match finding.subject.kind {
        Kind::Scan | Kind::Sweep | Kind::Block if is_scan(finding) => PORT_SCAN,
        Kind::Conversation if is_brute_force(finding) => BRUTE_FORCE,
        Kind::Conversation if is_flood(finding) => DDOS,
        Kind::Flood if is_fast(finding) => DDOS,
        Kind::Conversation if is_beacon(finding) => MALWARE,
        _ if conversation && is_exfiltration(finding, around) => EXFILTRATION,
        _ => Hint::Unclear,
    }
}

fn share_of(finding: &Finding, is: impl Fn(StateGroup) -> bool) -> f64 {
    let n: u64 = STATES.iter().zip(finding.states).filter(|(state, _)| is(**state)).map(|(_, n)| n).sum();
    n as f64 / finding.tally.flows.max(1) as f64
}

fn port(finding: &Finding) -> Option<u16> {
    if let Port::Number(port) = finding.subject.conversation.port { Some(port) } else { None }
}

/// The median gap in seconds, where there are enough gaps.
fn pace(finding: &Finding) -> Option<f64> {
    finding.rhythm.filter(|rhythm| rhythm.gaps >= 8).map(|rhythm| rhythm.quartiles[1])
}

/// How hosts find their neighbours and routers by IPv6 (RFC 4861), and the groups that they are in (RFC 2710, RFC 3810).
fn is_housekeeping(port: Port) -> bool {
    matches!(port, Port::Icmp(130..=137 | 143, _))
}

fn is_scan(finding: &Finding) -> bool {
    let conversation = finding.subject.conversation;
    if conversation.protocol == Some(ICMP6) && is_housekeeping(conversation.port) {
        return false;
    }
    finding.ports.max(finding.hosts) >= 20 && share_of(finding, |s| s.failed() || s == StateGroup::Reset) >= 0.5
}

fn is_brute_force(finding: &Finding) -> bool {
    let each = finding.tally.bytes_out / finding.tally.flows.max(1);
    port(finding).is_some_and(|port| LOGIN_PORTS.contains(&port))
        && finding.tally.flows >= 20
        && pace(finding).is_some_and(|gap| gap <= 120.0)
        && share_of(finding, |s| matches!(s, StateGroup::Established | StateGroup::Reset)) >= 0.5
        && (finding.tally.bytes_in > 0 || finding.tally.both_ways > 0)
        && each <= 100_000
}

fn is_flood(finding: &Finding) -> bool {
    finding.tally.flows >= 100
        && is_fast(finding)
        && share_of(finding, |s| matches!(s, StateGroup::NoReply | StateGroup::MidStream)) >= 0.9
}

fn is_fast(finding: &Finding) -> bool {
    pace(finding).is_some_and(|gap| gap <= 1.0)
}

fn is_outward(finding: &Finding) -> bool {
    finding.tally.local.0 && !finding.tally.local.1
}

fn is_beacon(finding: &Finding) -> bool {
    let even = finding.rhythm.is_some_and(|r| r.gaps >= 23 && r.regularity >= 0.6)
        && pace(finding).is_some_and(|gap| (1.0..=43_200.0).contains(&gap));
    let irc =
        finding.tally.service.as_deref() == Some("irc") || port(finding).is_some_and(|port| IRC_PORTS.contains(&port));
    finding.tally.flows >= 24
        && is_outward(finding)
        && port(finding).is_some_and(|port| !CLOCKWORK_PORTS.contains(&port))
        && (even || irc)
}

fn is_exfiltration(finding: &Finding, around: &Surroundings) -> bool {
    let out = finding.tally.bytes_out;
    is_outward(finding)
        && finding.tally.both_ways == 0
        && out >= 10_000_000
        && out >= finding.tally.bytes_in.saturating_mul(10)
        && out >= around.typical_out.saturating_mul(10)
}
