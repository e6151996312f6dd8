//! Five kinds of anomaly. Part of each hides: it is slow, small or speaks like others.

use super::normal::{attempt, row_of};
use super::row::{ATTACKS, MOST, Row};
use super::stream::Stream;

/// A flow of kind `kind`, an index into [`ATTACKS`].
pub(super) fn row(kind: usize, stream: &mut Stream) -> Row {
    let row = match kind {
        0 => port_scan(stream),
        1 => ddos(stream),
        2 => malware_communication(stream),
        3 => data_exfiltration(stream),
        _ => brute_force(stream),
    };
    let attack = ATTACKS.get(kind).map_or("brute_force", |(name, _)| *name);
    Row { attack, ..row }
}

/// Many ports of one host: attempts without payload, many to the host and few to each service. A quarter is slow.
fn port_scan(stream: &mut Stream) -> Row {
    let flags = ["S0", "REJ", "RSTO", "SH", "SF"];
    let flag = flags.get(stream.pick(&[0.45, 0.38, 0.08, 0.04, 0.05])).copied().unwrap_or("S0");
    let services = ["other", "http", "https", "ssh", "ftp", "telnet", "smb", "rdp", "mysql", "smtp", "imap", "ldap"];
    let service = if stream.chance(0.45) { "other" } else { stream.one_of(&services) };
    let mut row = attempt(stream, service, flag);
    if flag == "SF" {
        // An open port, and its banner.
        row.dst_bytes = stream.log_normal(60.0, 0.7).round();
        row.duration = stream.log_normal(0.15, 1.0);
    }
    row.count = if stream.chance(0.25) { stream.run(2.0) } else { stream.log_normal(90.0, 0.9) as i64 };
    row.srv_count = 1 + (0.04 * row.count as f64 * stream.uniform()) as i64;
    row
}

/// Too many flows to one service of one host: floods of packets, or of requests that look like any other.
fn ddos(stream: &mut Stream) -> Row {
    let mut row = match stream.pick(&[0.4, 0.3, 0.12, 0.18]) {
        // SYN flood.
        0 => {
            let service = if stream.chance(0.6) { "http" } else { "https" };
            let flag = if stream.chance(0.9) { "S0" } else { "RSTR" };
            attempt(stream, service, flag)
        }
        // Reflected answers: large packets that nobody asked for.
        1 => {
            let service = stream.one_of(&["dns", "ntp", "snmp"]);
            let src_bytes = if stream.chance(0.6) {
                stream.one_of(&[468.0, 1_424.0, 3_028.0])
            } else {
                stream.log_normal(1_400.0, 0.5).round()
            };
            Row { protocol_type: "udp", src_bytes, ..attempt(stream, service, "S0") }
        }
        // Echo flood.
        2 => Row {
            src_bytes: stream.one_of(&[520.0, 1_032.0, 1_480.0]),
            protocol_type: "icmp",
            flag: "SF",
            duration: 0.0,
            ..attempt(stream, "echo", "SF")
        },
        // Requests.
        _ => {
            let service = stream.one_of(&["http", "https"]);
            row_of(stream, service)
        }
    };
    let spread = stream.log_normal(260.0, 0.7) as i64;
    row.count = if stream.chance(0.25) { MOST } else { spread.min(MOST) };
    row.srv_count =
        if stream.chance(0.7) { row.count } else { (row.count as f64 * (0.8 + 0.4 * stream.uniform())) as i64 };
    row
}

/// Beacons of a bot: small, regular, on a service that fits badly; a part speaks https like everyone.
fn malware_communication(stream: &mut Stream) -> Row {
    let hidden = stream.chance(0.15);
    let (service, protocol_type) = match stream.pick(&[0.5, 0.15, 0.15, 0.2]) {
        _ if hidden => ("https", "tcp"),
        0 => ("irc", "tcp"),
        1 => ("other", "tcp"),
        2 => ("dns", "udp"),
        _ => ("other", "udp"),
    };
    let (beacon, answer) = if service == "dns" { (190.0, 240.0) } else { (128.0, 64.0) };
    let mut jitter = || stream.one_of(&[0.0, 0.0, 0.0, 1.0, 2.0, 16.0]);
    let (src_bytes, dst_bytes) = (beacon + jitter(), answer + jitter());
    let flag = if stream.chance(0.5) { "SF" } else { stream.one_of(&["S1", "RSTO", "S3", "S2"]) };
    let kept_open = if stream.chance(0.6) { stream.one_of(&[60.0, 300.0, 600.0, 3_600.0]) } else { 0.0 };
    let duration = kept_open + stream.log_normal(0.4, 0.8);
    let flag = if protocol_type == "udp" { "SF" } else { flag };
    Row {
        duration,
        protocol_type,
        service,
        src_bytes,
        dst_bytes,
        flag,
        count: stream.run(0.2),
        srv_count: stream.run(0.3),
        attack: "",
    }
}

/// Much out, little in, for long; a fifth goes in small pieces.
fn data_exfiltration(stream: &mut Stream) -> Row {
    let service = ["https", "ssh", "ftp_data", "dns", "other", "smtp"];
    let service = service.get(stream.pick(&[0.25, 0.2, 0.25, 0.1, 0.15, 0.05])).copied().unwrap_or("other");
    let median = if stream.chance(0.2) { 5e5 } else { 3e7 };
    let src_bytes = stream.log_normal(median, 1.3).round();
    let dst_bytes = (src_bytes * stream.log_normal(0.004, 0.9) + 200.0).round();
    let duration = src_bytes / stream.log_normal(4e5, 1.1) + stream.log_normal(2.0, 1.0);
    let protocol_type = if service == "dns" { "udp" } else { "tcp" };
    let flag = if stream.chance(0.7) { "SF" } else { stream.one_of(&["S1", "RSTO"]) };
    let flag = if protocol_type == "udp" { "SF" } else { flag };
    Row {
        duration,
        protocol_type,
        service,
        src_bytes,
        dst_bytes,
        flag,
        count: stream.run(0.4),
        srv_count: stream.run(0.6),
        attack: "",
    }
}

/// Many short tries at a login, all alike; the sizes are those of a refused password.
fn brute_force(stream: &mut Stream) -> Row {
    let (service, out, back) = match stream.pick(&[0.5, 0.2, 0.15, 0.15]) {
        0 => ("ssh", 1_288.0, 1_741.0),
        1 => ("ftp", 52.0, 136.0),
        2 => ("telnet", 43.0, 118.0),
        _ => ("rdp", 1_420.0, 1_610.0),
    };
    let (src_bytes, dst_bytes) = (out + stream.between(-3, 3) as f64 * 4.0, back + stream.between(-2, 2) as f64 * 8.0);
    let flag = ["SF", "RSTO", "RSTR", "S1"].get(stream.pick(&[0.4, 0.3, 0.25, 0.05])).copied().unwrap_or("SF");
    let duration = stream.log_normal(2.1, 0.35);
    let count = if stream.chance(0.2) { stream.run(1.0) } else { stream.run(24.0) };
    let srv_count = count + if stream.chance(0.3) { stream.run(4.0) } else { 0 };
    Row { duration, protocol_type: "tcp", service, src_bytes, dst_bytes, flag, count, srv_count, attack: "" }
}
