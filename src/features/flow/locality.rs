//! Which hosts are ours.

use crate::flows::record::{Flows, Host, Marks};
use crate::{Error, Result};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use std::str::FromStr;

/// The networks that are ours: those named; without any, what the log says; without that, those that are not routed
/// (RFC 1918, loopback, link-local, RFC 4193).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Locality {
    networks: Vec<IpNet>,
}

/// `10.0.0.0/8,2001:db8::/32,192.0.2.7`; empty: none named.
impl FromStr for Locality {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let networks = text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(network);
        Ok(Self { networks: networks.collect::<Result<_>>()? })
    }
}

fn network(text: &str) -> Result<IpNet> {
    let address = || text.parse::<IpAddr>().ok().map(IpNet::from);
    text.parse::<IpNet>().ok().filter(|net| net.trunc() == *net).or_else(address).ok_or_else(|| {
        let limit = "it is a list of networks with commas between them, such as 10.0.0.0/8,2001:db8::/32";
        Error::parameter("--local", format!("`{text}`"), limit)
    })
}

impl Locality {
    /// Whether source and destination of row `row` are ours; `None` where there is no address.
    pub fn of(&self, flows: &Flows, row: usize) -> (Option<bool>, Option<bool>) {
        let marks = flows.marks.get(row).copied().unwrap_or_default();
        let side = |hosts: &[Option<Host>], mark: Marks| {
            let host = hosts.get(row).copied().flatten()?;
            Some(if !self.networks.is_empty() {
                self.contains(&host)
            } else if marks.has(Marks::LOCALITY_KNOWN) {
                marks.has(mark)
            } else {
                host.is_private()
            })
        };
        (side(&flows.source, Marks::LOCAL_SOURCE), side(&flows.destination, Marks::LOCAL_DESTINATION))
    }

    fn contains(&self, host: &Host) -> bool {
        let address = match *host {
            Host::V4(address) => IpAddr::V4(address),
            Host::V6(address, _) => IpAddr::V6(address),
            Host::Named(_) => return false,
        };
        self.networks.iter().any(|network| network.contains(&address))
    }
}
