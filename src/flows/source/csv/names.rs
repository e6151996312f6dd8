//! Column names: cleaned, made unique, or known from a preset.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

/// The 41 features of the KDD family, the attack's name, and NSL-KDD's difficulty.
const NSL_KDD: [&str; 43] = [
    "duration",
    "protocol_type",
    "service",
    "flag",
    "src_bytes",
    "dst_bytes",
    "land",
    "wrong_fragment",
    "urgent",
    "hot",
    "num_failed_logins",
    "logged_in",
    "num_compromised",
    "root_shell",
    "su_attempted",
    "num_root",
    "num_file_creations",
    "num_shells",
    "num_access_files",
    "num_outbound_cmds",
    "is_host_login",
    "is_guest_login",
    "count",
    "srv_count",
    "serror_rate",
    "srv_serror_rate",
    "rerror_rate",
    "srv_rerror_rate",
    "same_srv_rate",
    "diff_srv_rate",
    "srv_diff_host_rate",
    "dst_host_count",
    "dst_host_srv_count",
    "dst_host_same_srv_rate",
    "dst_host_diff_srv_rate",
    "dst_host_same_src_port_rate",
    "dst_host_srv_diff_host_rate",
    "dst_host_serror_rate",
    "dst_host_srv_serror_rate",
    "dst_host_rerror_rate",
    "dst_host_srv_rerror_rate",
    "attack",
    "difficulty",
];

/// The column names that a preset stands for: `nsl-kdd`.
pub fn preset(name: &str) -> Option<&'static [&'static str]> {
    name.eq_ignore_ascii_case("nsl-kdd").then_some(NSL_KDD.as_slice())
}

/// Names without padding; a repeated one gets `.1`, `.2`, … and an empty one its place (`c3`).
pub(in crate::flows::source) fn unique(raw: &[String]) -> Vec<String> {
    // A name that stands in the header is never given to another column.
    let mut taken: HashSet<String> = raw.iter().map(|name| name.trim().to_owned()).collect();
    let mut used = HashSet::new();
    // The next number of each name: those below it are given away.
    let mut numbers: HashMap<String, u64> = HashMap::new();
    let mut name = |(i, name): (usize, &String)| {
        let name = match name.trim() {
            "" => format!("c{}", i + 1),
            name if used.insert(name.to_owned()) => return name.to_owned(),
            name => name.to_owned(),
        };
        let number = numbers.entry(name.clone()).or_default();
        let free = loop {
            let numbered = if *number == 0 { name.clone() } else { format!("{name}.{number}") };
            *number += 1;
            if !taken.contains(&numbered) {
                break numbered;
            }
        };
        taken.insert(free.clone());
        free
    };
    raw.iter().enumerate().map(&mut name).collect()
}

/// The names of a headerless table that its first record gives away: NSL-KDD's files, which end in a label and a
/// difficulty that must not become features.
pub(super) fn known_without_header(first: &[String]) -> Option<Vec<String>> {
    let names = preset("nsl-kdd")?;
    let field = |i: usize| first.get(i).map_or("", |f| f.trim());
    let is_kdd = first.len() == names.len()
        && matches!(field(1), "tcp" | "udp" | "icmp")
        && [0, 4, 5, 22, 23, 42].iter().all(|&i| field(i).parse::<f64>().is_ok())
        && field(41).parse::<f64>().is_err();
    is_kdd.then(|| names.iter().map(|&name| name.to_owned()).collect())
}

/// Whether a record without names is one of Zeek's connections: a uid between a time and the two ends (address, port).
pub(super) fn is_zeek_connection(record: &[String]) -> bool {
    let is_uid = |text: &str| {
        (12..=24).contains(&text.len())
            && text.starts_with('C')
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    let is_address = |text: &str| text.parse::<IpAddr>().is_ok();
    let is_port = |text: &str| text.parse::<u16>().is_ok();
    record.windows(6).any(|fields| match fields {
        [_time, uid, source, source_port, destination, destination_port] => {
            is_uid(uid)
                && [source, destination].into_iter().all(|text| is_address(text))
                && [source_port, destination_port].into_iter().all(|text| is_port(text))
        }
        _ => false,
    })
}

/// Names for a file without a header: `c1`, `c2`, …
pub(super) fn numbered(n: usize) -> Vec<String> {
    (1..=n).map(|i| format!("c{i}")).collect()
}
