//! Community ID, version 1, seed 0: a name of a flow that every tool finds which knows its addresses, ports and protocol.
//!
//! Corelight, "Community ID Flow Hashing" (github.com/corelight/community-id-spec): SHA-1 over seed, lesser and greater end,
//! protocol, in Base64. Of ICMP, types that ask or answer stand for ports with their counterparts; other messages go one way.

use crate::flows::record::protocol::{ICMP, ICMP6, TCP, UDP, icmp_counterpart};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest, Sha1};
use std::net::IpAddr;

const SCTP: u8 = 132;

/// One end of a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct End {
    /// Its address.
    pub address: IpAddr,
    /// Its port, where the protocol has ports.
    pub port: Option<u16>,
}

/// The id of a flow; `None` where a port or ICMP's type and code are not known that belong to it, or the ends are of two
/// versions of IP.
pub fn community_id(source: End, destination: End, protocol: u8, icmp: Option<(u8, u8)>) -> Option<String> {
    if source.address.is_ipv4() != destination.address.is_ipv4() {
        return None;
    }
    let (ports, one_way) = match protocol {
        TCP | UDP | SCTP => (Some((source.port?, destination.port?)), false),
        ICMP | ICMP6 => {
            let (kind, code) = icmp?;
            let counterpart = icmp_counterpart(kind);
            (Some((u16::from(kind), u16::from(counterpart.unwrap_or(code)))), counterpart.is_none())
        }
        _ => (None, false),
    };
    let from = (source.address, ports.map(|ports| ports.0));
    let to = (destination.address, ports.map(|ports| ports.1));
    let (first, second) = if one_way || from < to { (from, to) } else { (to, from) };
    let mut hash = Sha1::new();
    hash.update([0, 0]);
    for (address, _) in [first, second] {
        match address {
            IpAddr::V4(address) => hash.update(address.octets()),
            IpAddr::V6(address) => hash.update(address.octets()),
        }
    }
    hash.update([protocol, 0]);
    for port in [first.1, second.1].into_iter().flatten() {
        hash.update(port.to_be_bytes());
    }
    Some(format!("1:{}", STANDARD.encode(hash.finalize())))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The specification's own baseline (baseline_deflt.json): protocol, addresses, ports, id. Of ICMP, ports are type and
    /// counterpart, or type and code.
    const BASELINE: [(u8, &str, &str, u16, u16, &str); 17] = [
        (58, "fe80::200:86ff:fe05:80da", "fe80::260:97ff:fe07:69ea", 135, 136, "1:dGHyGvjMfljg6Bppwm3bg0LO8TY="),
        (58, "fe80::260:97ff:fe07:69ea", "fe80::200:86ff:fe05:80da", 136, 135, "1:dGHyGvjMfljg6Bppwm3bg0LO8TY="),
        (58, "fe80::260:97ff:fe07:69ea", "fe80::200:86ff:fe05:80da", 135, 136, "1:zavyT/cezQr1fmImYCwYnMXbgck="),
        (58, "3ffe:501:1800:2345::2", "3ffe:507:0:1:200:86ff:fe05:80da", 3, 0, "1:2ObVBgIn28oZvibYZhZMBgh7WdQ="),
        (
            58,
            "3ffe:501:410:0:2c0:dfff:fe47:33e",
            "3ffe:507:0:1:200:86ff:fe05:80da",
            1,
            4,
            "1:hLZd0XGWojozrvxqE0dWB1iM6R0=",
        ),
        (58, "3ffe:507:0:1:200:86ff:fe05:80da", "3ffe:501:0:1001::2", 128, 129, "1:+TW+HtLHvV1xnGhV1lv7XoJrqQg="),
        (58, "fe80::200:86ff:fe05:80da", "ff02::2", 133, 134, "1:hO+sN4H+MG5MY/8hIrXPqc4ZQz0="),
        (58, "fe80::260:97ff:fe07:69ea", "ff02::1", 134, 133, "1:pkvHqCL88/tg1k4cPigmZXUtL00="),
        (1, "192.168.0.89", "192.168.0.1", 8, 0, "1:X0snYXpgwiv9TZtqg64sgzUn6Dk="),
        (1, "192.168.0.1", "192.168.0.89", 0, 8, "1:X0snYXpgwiv9TZtqg64sgzUn6Dk="),
        (1, "10.0.0.1", "10.0.0.2", 11, 0, "1:YHxtAirCG//0OzkcVAukqKQN9xM="),
        (
            6,
            "2001:470:e5bf:dead:4957:2174:e82c:4887",
            "2607:f8b0:400c:c03::1a",
            63943,
            25,
            "1:/qFaeAR+gFe1KYjMzVDsMv+wgU4=",
        ),
        (132, "192.168.170.8", "192.168.170.56", 7, 7, "1:MP2EtRCAUIZvTw6MxJHLV7N7JDs="),
        (132, "192.168.170.56", "192.168.170.8", 7, 7, "1:MP2EtRCAUIZvTw6MxJHLV7N7JDs="),
        (6, "128.232.110.120", "66.35.250.204", 34855, 80, "1:LQU9qZlK+B5F3KDmev6m5PMibrg="),
        (17, "8.8.8.8", "192.168.1.52", 53, 54585, "1:d/FP5EW3wiY1vCndhwleRRKHowQ="),
        (46, "10.1.12.2", "10.1.12.1", 0, 0, "1:KHlLkgoJW7ifUTyTSgyVfkFHzKw="),
    ];

    #[test]
    fn the_published_baseline_is_met() {
        for (protocol, source, destination, from, to, wanted) in BASELINE {
            let end = |address: &str, port| End { address: address.parse().unwrap(), port };
            let got = match protocol {
                1 | 58 => {
                    let icmp = (from as u8, if icmp_counterpart(from as u8).is_some() { 0 } else { to as u8 });
                    community_id(end(source, None), end(destination, None), protocol, Some(icmp))
                }
                46 => community_id(end(source, None), end(destination, None), protocol, None),
                _ => community_id(end(source, Some(from)), end(destination, Some(to)), protocol, None),
            };
            assert_eq!(got.as_deref(), Some(wanted), "{protocol} {source} {destination}");
        }
    }

    #[test]
    fn what_is_not_known_has_no_id() {
        let end = |address: &str, port| End { address: address.parse().unwrap(), port };
        assert_eq!(community_id(end("10.0.0.1", None), end("10.0.0.2", Some(1)), 6, None), None);
        assert_eq!(community_id(end("10.0.0.1", None), end("10.0.0.2", None), 1, None), None);
        assert_eq!(community_id(end("10.0.0.1", Some(1)), end("::1", Some(1)), 6, None), None);
    }
}
