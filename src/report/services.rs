//! Flows by what they were for.

use crate::findings::Port;
use crate::flows::record::{Flows, protocol};
use arrow_array::Array;
use std::collections::HashMap;

/// Services that are told apart; of those met later rows are counted together.
pub const MOST_SERVICES: usize = 100_000;

/// A service: by its name, or where the log has none by its port.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Service {
    /// IANA's protocol number.
    pub protocol: Option<u8>,
    /// As the log names it.
    pub name: Option<String>,
    /// The destination port where there is no name.
    pub port: Port,
}

/// What was counted of a service.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ServiceCounts {
    /// Flows.
    pub flows: u64,
    /// Of these, anomalies.
    pub anomalies: u64,
    /// The largest severity.
    pub severity: f64,
}

/// All services, in the order in which they were first met.
#[derive(Debug, Clone, Default)]
pub struct Services {
    places: HashMap<Service, usize>,
    counts: Vec<(Service, ServiceCounts)>,
    /// Of services beyond the limit.
    pub others: ServiceCounts,
}

impl ServiceCounts {
    fn add(&mut self, other: Self) {
        self.flows += other.flows;
        self.anomalies += other.anomalies;
        self.severity = self.severity.max(other.severity);
    }
}

impl Service {
    /// Of a row; `None` where neither service, port nor protocol is known.
    pub fn of(flows: &Flows, row: usize) -> Option<Self> {
        let protocol = flows.protocol.get(row).copied().flatten();
        let known = row < flows.service.len() && flows.service.is_valid(row);
        let name = known.then(|| flows.service.value(row).to_owned());
        let icmp = flows.icmp.get(row).copied().flatten();
        let port = flows.destination_port.get(row).copied().flatten();
        let port = match (&name, icmp, port) {
            (Some(_), ..) => Port::None,
            (None, Some((kind, code)), _) => Port::Icmp(kind, code),
            (None, None, Some(port)) => Port::Number(port),
            (None, None, None) => Port::None,
        };
        (protocol.is_some() || name.is_some() || port != Port::None).then_some(Self { protocol, name, port })
    }

    /// `ssh/tcp`, `3306/tcp`, `icmp 3/3`.
    pub fn words(&self) -> String {
        let protocol = self.protocol.map(protocol::word);
        match (&self.name, self.port, protocol) {
            (Some(name), _, Some(protocol)) => format!("{name}/{protocol}"),
            (Some(name), _, None) => name.clone(),
            (None, Port::Icmp(kind, code), _) => format!("icmp {kind}/{code}"),
            (None, Port::Number(port), Some(protocol)) => format!("{port}/{protocol}"),
            (None, Port::Number(port), None) => port.to_string(),
            (None, _, protocol) => protocol.unwrap_or_default(),
        }
    }
}

impl Services {
    /// One flow.
    pub fn add(&mut self, service: Service, anomaly: bool, severity: f64) {
        self.count(service, ServiceCounts { flows: 1, anomalies: u64::from(anomaly), severity });
    }

    /// All that another counted, of rows that come behind these: which services are told apart depends on the order of the rows
    /// alone.
    pub fn merge(&mut self, other: Self) {
        self.others.add(other.others);
        other.counts.into_iter().for_each(|(service, counts)| self.count(service, counts));
    }

    /// Most anomalies first, then most flows.
    pub fn ranked(&self) -> Vec<(Service, ServiceCounts)> {
        let mut ranked = self.counts.clone();
        ranked.sort_by(|(a, x), (b, y)| (y.anomalies, y.flows).cmp(&(x.anomalies, x.flows)).then_with(|| a.cmp(b)));
        ranked
    }

    fn count(&mut self, service: Service, counts: ServiceCounts) {
        let known = match self.places.get(&service) {
            Some(&place) => Some(place),
            None if self.counts.len() < MOST_SERVICES => {
                self.places.insert(service.clone(), self.counts.len());
                self.counts.push((service, ServiceCounts::default()));
                Some(self.counts.len() - 1)
            }
            None => None,
        };
        match known.and_then(|place| self.counts.get_mut(place)) {
            Some((_, known)) => known.add(counts),
            None => self.others.add(counts),
        }
    }
}
