//! Who takes part in a flow.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An address, compared and ordered as a whole. IPv4 in IPv6's clothes (`::ffff:10.0.0.1`) is IPv4.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub enum Host {
    /// IPv4.
    V4(Ipv4Addr),
    /// IPv6, and a digest of its zone (`%eth0`), 0 without one.
    V6(Ipv6Addr, u32),
    /// A name or a hardware address: a digest of its text in lower case.
    Named(u64),
}

impl Host {
    /// Whether it is a multicast address, or the broadcast of any network.
    pub fn is_of_many(&self) -> bool {
        match self {
            Self::V4(address) => address.is_multicast() || address.is_broadcast(),
            Self::V6(address, _) => address.is_multicast(),
            Self::Named(_) => false,
        }
    }

    /// Whether it may be the broadcast address of a network of 256 addresses or more.
    pub fn may_be_broadcast(&self) -> bool {
        matches!(self, Self::V4(address) if address.octets()[3] == 255)
    }

    /// From a text as logs have it; `None` for an empty one and for `-`.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let text = text.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).unwrap_or(text);
        if text.is_empty() || text == "-" {
            return None;
        }
        let (address, zone) = text.split_once('%').unwrap_or((text, ""));
        Some(match address.parse() {
            Ok(IpAddr::V4(address)) if zone.is_empty() => Self::V4(address),
            Ok(IpAddr::V6(address)) => match address.to_ipv4_mapped() {
                Some(address) => Self::V4(address),
                None => Self::V6(address, if zone.is_empty() { 0 } else { (digest(zone) >> 32) as u32 | 1 }),
            },
            _ => Self::Named(digest(text)),
        })
    }

    /// Whether an address is all that it is: neither a name nor an address within a zone.
    pub fn is_plain(&self) -> bool {
        matches!(self, Self::V4(_) | Self::V6(_, 0))
    }

    /// Whether it lies in a range that is not routed: RFC 1918, loopback, link-local, RFC 4193.
    pub fn is_private(&self) -> bool {
        match self {
            Self::V4(address) => address.is_private() || address.is_loopback() || address.is_link_local(),
            Self::V6(address, _) => {
                address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local()
            }
            Self::Named(_) => false,
        }
    }

    /// A digest of a name in lower case.
    pub(super) fn digest(name: &str) -> u64 {
        digest(name)
    }

    /// A number for tables, the same on every machine.
    pub fn key(&self) -> u64 {
        match self {
            Self::V4(address) => mix(1, u64::from(address.to_bits())),
            Self::V6(address, zone) => {
                let bits = address.to_bits();
                mix(mix(2 ^ u64::from(*zone) << 8, (bits >> 64) as u64), bits as u64)
            }
            Self::Named(digest) => mix(3, *digest),
        }
    }
}

/// Of an address; a name's text is not kept, so it shows as a digest.
impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::V4(address) => write!(f, "{address}"),
            Self::V6(address, _) => write!(f, "{address}"),
            Self::Named(digest) => write!(f, "host-{digest:016x}"),
        }
    }
}

/// Of a text, whatever the case of its ASCII letters.
pub(crate) fn digest(text: &str) -> u64 {
    text.bytes().fold(0, |sum, byte| mix(sum, u64::from(byte.to_ascii_lowercase())))
}

/// A digest of a text as it is, eight bytes a step; the same on every machine.
pub(crate) fn text_digest(text: &str) -> u64 {
    let (words, rest) = text.as_bytes().as_chunks::<8>();
    let sum = words.iter().fold(text.len() as u64, |sum, word| mix(sum, u64::from_le_bytes(*word)));
    let tail = rest.iter().fold(0, |sum, &byte| sum << 8 | u64::from(byte));
    mix(sum, tail)
}

/// One step of SplitMix64 (Steele, Lea & Flood 2014) over both.
pub(crate) fn mix(sum: u64, value: u64) -> u64 {
    let mut z = sum.wrapping_mul(0xd129_0b96_1e0a_17c1).wrapping_add(value).wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_apart_as_networks_do() {
        let parsed = |text: &str| Host::parse(text).unwrap();
        assert_eq!(parsed("::ffff:10.0.0.1"), parsed("10.0.0.1"));
        assert_eq!(parsed("[2001:DB8::1]"), parsed("2001:db8:0:0::1"));
        assert_ne!(parsed("fe80::1%eth0"), parsed("fe80::1%eth1"));
        assert_ne!(parsed("fe80::1%eth0"), parsed("fe80::1"));
        assert_eq!(parsed("00:1B:44:11:3a:b7"), parsed("00:1b:44:11:3A:B7"));
        assert!(Host::parse("-").is_none() && Host::parse(" ").is_none());
        assert_ne!(parsed("10.0.0.1").key(), parsed("::a00:1").key());
        let private = ["192.168.1.1", "127.0.0.1", "169.254.0.3", "fe80::1%en0", "fd00::1", "::1"];
        assert!(private.iter().all(|text| parsed(text).is_private()));
        assert!(["8.8.8.8", "2001:db8::1", "printer"].iter().all(|text| !parsed(text).is_private()));
    }
}
