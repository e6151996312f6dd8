//! Normal traffic: a mixture of services.

use super::row::{MOST, Row};
use super::stream::Stream;

/// How one service looks when all is well.
#[derive(Debug)]
struct Service {
    name: &'static str,
    protocol: &'static str,
    /// Share of all normal flows.
    share: f64,
    /// Sizes that repeat exactly (a fixed packet, a header without content), and how often they are met.
    fixed: &'static [f64],
    fixed_share: f64,
    /// Answers are as long as their questions.
    mirrors: bool,
    /// Bytes sent and received, log-normal: median and sigma.
    request: (f64, f64),
    response: (f64, f64),
    /// Seconds of waiting and talking, before the bytes' own time: median and sigma.
    duration: (f64, f64),
    /// Mean number of flows in two seconds beyond this one, to the same host.
    pace: f64,
}

#[rustfmt::skip]
const SERVICES: [Service; 20] = [
    Service { name: "dns", protocol: "udp", share: 0.27, fixed: &[29.0, 33.0, 34.0, 41.0, 45.0], fixed_share: 0.5, mirrors: false, request: (40.0, 0.25), response: (130.0, 0.6), duration: (0.018, 1.3), pace: 6.0 },
    Service { name: "https", protocol: "tcp", share: 0.25, fixed: &[517.0, 571.0, 702.0], fixed_share: 0.15, mirrors: false, request: (1_100.0, 1.0), response: (5_600.0, 1.6), duration: (0.9, 1.9), pace: 3.5 },
    Service { name: "http", protocol: "tcp", share: 0.14, fixed: &[146.0, 217.0, 304.0], fixed_share: 0.3, mirrors: false, request: (330.0, 0.6), response: (2_300.0, 1.5), duration: (0.25, 1.7), pace: 5.0 },
    Service { name: "ntp", protocol: "udp", share: 0.055, fixed: &[48.0], fixed_share: 0.97, mirrors: true, request: (48.0, 0.2), response: (48.0, 0.2), duration: (0.03, 0.9), pace: 0.3 },
    Service { name: "smtp", protocol: "tcp", share: 0.035, fixed: &[], fixed_share: 0.0, mirrors: false, request: (1_900.0, 1.3), response: (340.0, 0.4), duration: (1.8, 1.1), pace: 0.8 },
    Service { name: "ssh", protocol: "tcp", share: 0.015, fixed: &[], fixed_share: 0.0, mirrors: false, request: (5_200.0, 1.5), response: (7_100.0, 1.7), duration: (45.0, 2.2), pace: 0.3 },
    Service { name: "smb", protocol: "tcp", share: 0.035, fixed: &[212.0, 388.0], fixed_share: 0.2, mirrors: false, request: (4_200.0, 1.9), response: (6_800.0, 2.1), duration: (4.0, 2.0), pace: 1.5 },
    Service { name: "ldap", protocol: "tcp", share: 0.025, fixed: &[325.0], fixed_share: 0.4, mirrors: false, request: (420.0, 0.5), response: (690.0, 0.8), duration: (0.05, 1.2), pace: 2.0 },
    Service { name: "imap", protocol: "tcp", share: 0.02, fixed: &[], fixed_share: 0.0, mirrors: false, request: (620.0, 0.8), response: (3_900.0, 1.5), duration: (12.0, 1.8), pace: 0.5 },
    Service { name: "mysql", protocol: "tcp", share: 0.018, fixed: &[], fixed_share: 0.0, mirrors: false, request: (910.0, 1.4), response: (2_700.0, 1.9), duration: (0.4, 1.8), pace: 4.0 },
    Service { name: "snmp", protocol: "udp", share: 0.022, fixed: &[43.0, 44.0, 85.0], fixed_share: 0.8, mirrors: false, request: (60.0, 0.4), response: (95.0, 0.5), duration: (0.004, 1.0), pace: 2.5 },
    Service { name: "syslog", protocol: "udp", share: 0.02, fixed: &[], fixed_share: 0.0, mirrors: false, request: (210.0, 0.7), response: (0.0, 0.0), duration: (0.0, 0.0), pace: 3.0 },
    Service { name: "dhcp", protocol: "udp", share: 0.01, fixed: &[300.0, 328.0], fixed_share: 0.9, mirrors: false, request: (310.0, 0.1), response: (306.0, 0.1), duration: (0.02, 1.0), pace: 0.1 },
    Service { name: "echo", protocol: "icmp", share: 0.03, fixed: &[32.0, 56.0, 64.0], fixed_share: 0.93, mirrors: true, request: (56.0, 0.8), response: (56.0, 0.5), duration: (0.02, 1.5), pace: 1.0 },
    Service { name: "unreachable", protocol: "icmp", share: 0.012, fixed: &[36.0, 68.0, 96.0], fixed_share: 0.9, mirrors: false, request: (70.0, 0.4), response: (0.0, 0.0), duration: (0.0, 0.0), pace: 1.0 },
    Service { name: "ftp", protocol: "tcp", share: 0.006, fixed: &[], fixed_share: 0.0, mirrors: false, request: (140.0, 0.6), response: (450.0, 0.7), duration: (9.0, 1.6), pace: 0.3 },
    Service { name: "ftp_data", protocol: "tcp", share: 0.006, fixed: &[], fixed_share: 0.0, mirrors: false, request: (9_000.0, 2.4), response: (0.0, 0.0), duration: (0.3, 1.4), pace: 0.8 },
    Service { name: "rdp", protocol: "tcp", share: 0.005, fixed: &[], fixed_share: 0.0, mirrors: false, request: (28_000.0, 1.7), response: (160_000.0, 1.9), duration: (240.0, 1.9), pace: 0.2 },
    Service { name: "telnet", protocol: "tcp", share: 0.002, fixed: &[], fixed_share: 0.0, mirrors: false, request: (190.0, 0.9), response: (1_300.0, 1.2), duration: (20.0, 1.6), pace: 0.2 },
    Service { name: "other", protocol: "tcp", share: 0.024, fixed: &[], fixed_share: 0.0, mirrors: false, request: (480.0, 1.9), response: (720.0, 2.3), duration: (1.1, 2.3), pace: 1.0 },
];

const SHARES: [f64; SERVICES.len()] = {
    let mut shares = [0.0; SERVICES.len()];
    let mut i = 0;
    while i < shares.len() {
        shares[i] = SERVICES[i].share;
        i += 1;
    }
    shares
};

/// A normal flow.
pub(super) fn row(stream: &mut Stream) -> Row {
    let Some(service) = SERVICES.get(stream.pick(&SHARES)) else { return attempt(stream, "other", "S0") };
    let mut row = exchange(stream, service);
    match service.protocol {
        "tcp" => end_of_connection(stream, &mut row),
        // Requests that nobody answers.
        "udp" if stream.chance(0.06) => {
            (row.dst_bytes, row.duration, row.flag) = (0.0, repeated(stream, 0.3), "S0");
        }
        _ => {}
    }
    if stream.chance(0.012) {
        bulk(stream, &mut row);
    }
    row
}

/// A normal flow of one service (the first of that name), for attacks that hide among such flows.
pub(super) fn row_of(stream: &mut Stream, name: &str) -> Row {
    match SERVICES.iter().find(|service| service.name == name) {
        Some(service) => exchange(stream, service),
        None => attempt(stream, "other", "S0"),
    }
}

/// A connection attempt without any payload.
pub(super) fn attempt(stream: &mut Stream, service: &'static str, flag: &'static str) -> Row {
    let duration = if flag == "S0" { repeated(stream, 0.45) } else { short(stream) };
    let (src_bytes, dst_bytes) = (0.0, 0.0);
    let (count, srv_count) = (1, 1);
    Row { duration, protocol_type: "tcp", service, src_bytes, dst_bytes, flag, count, srv_count, attack: "normal" }
}

/// A request and its response, all well.
fn exchange(stream: &mut Stream, service: &Service) -> Row {
    // One draw moves both sizes and the time: who asks much gets much.
    let size = stream.normal();
    let mut side = |(median, sigma): (f64, f64)| {
        if median == 0.0 {
            0.0
        } else {
            stream.log_normal(median, 0.8 * sigma) * crate::features::math::exp(0.6 * sigma * size)
        }
    };
    let (mut src_bytes, mut dst_bytes) = (side(service.request).round(), side(service.response).round());
    if stream.chance(service.fixed_share) {
        src_bytes = stream.one_of(service.fixed);
    }
    if service.mirrors {
        dst_bytes = src_bytes;
    }
    let mut duration = 0.0;
    if service.duration.0 > 0.0 {
        let bytes_per_second = stream.log_normal(1.5e6, 1.0);
        duration =
            stream.log_normal(service.duration.0, service.duration.1) + (src_bytes + dst_bytes) / bytes_per_second;
    }
    let (count, srv_count) = counters(stream, service.pace);
    let (protocol_type, service) = (service.protocol, service.name);
    Row { duration, protocol_type, service, src_bytes, dst_bytes, flag: "SF", count, srv_count, attack: "normal" }
}

/// The two-second counters: mostly few, busy servers many; the service's count is the host's share or a whole farm's.
fn counters(stream: &mut Stream, pace: f64) -> (i64, i64) {
    let busy = if stream.chance(0.04) { 12.0 } else { 1.0 };
    let count = stream.run(pace * busy);
    let srv_count = match stream.pick(&[0.55, 0.25, 0.2]) {
        0 => count,
        1 => 1 + (stream.uniform() * (count - 1) as f64).round() as i64,
        _ => count + stream.run(2.0 * pace * busy),
    };
    (count.min(MOST), srv_count.min(MOST))
}

/// How a TCP connection ends, and what its end does to its sizes.
fn end_of_connection(stream: &mut Stream, row: &mut Row) {
    const ENDS: [(&str, f64); 10] = [
        ("SF", 0.905),
        ("S0", 0.022),
        ("REJ", 0.022),
        ("RSTO", 0.018),
        ("RSTR", 0.012),
        ("S1", 0.008),
        ("S2", 0.002),
        ("S3", 0.002),
        ("SH", 0.003),
        ("OTH", 0.006),
    ];
    let (flag, _) = ENDS.get(stream.pick(&ENDS.map(|(_, share)| share))).copied().unwrap_or(("SF", 1.0));
    row.flag = flag;
    match flag {
        "S0" | "REJ" | "SH" => {
            let failed = attempt(stream, row.service, flag);
            (row.duration, row.src_bytes, row.dst_bytes) = (failed.duration, 0.0, 0.0);
        }
        "RSTO" | "RSTR" | "OTH" => {
            let part = stream.uniform();
            row.duration *= part;
            row.dst_bytes = (row.dst_bytes * part).floor();
            if stream.chance(0.3) {
                row.dst_bytes = 0.0;
            }
        }
        // Still open when it was written down.
        "S1" => row.duration *= 3.0,
        _ => {}
    }
}

/// Backups, updates and streams: rare, large and nobody's fault.
fn bulk(stream: &mut Stream, row: &mut Row) {
    if row.protocol_type != "tcp" || row.dst_bytes == 0.0 {
        return;
    }
    let bytes = stream.log_normal(4e6, 1.6).round();
    let seconds = bytes / stream.log_normal(2e6, 0.9);
    if stream.chance(0.3) {
        row.src_bytes += bytes
    } else {
        row.dst_bytes += bytes
    }
    row.duration += seconds;
}

/// Retransmissions of an unanswered packet: none seen, or after 1, 3, 7, … seconds.
fn repeated(stream: &mut Stream, share: f64) -> f64 {
    if stream.chance(share) {
        return 0.0;
    }
    stream.one_of(&[1.0, 3.0, 3.0, 7.0, 15.0]) + 0.03 * stream.uniform()
}

/// A round trip.
fn short(stream: &mut Stream) -> f64 {
    if stream.chance(0.5) { 0.0 } else { stream.log_normal(0.004, 1.3) }
}
