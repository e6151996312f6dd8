//! What outputs tell of flows beside [`Flows`]: names that `Flows` has digests of, and counts that features do not use.

use super::columns::{Numbers, Texts};
use super::places::Places;
use super::{FlowKind, FlowSchema};
use crate::Result;
use crate::flows::record::{Flows, Host};
use arrow_array::RecordBatch;
use std::collections::HashMap;

const PARTS: [&str; 4] = ["origipbytes", "respipbytes", "missedbytes", "communityid networkcommunityid"];

/// Particulars of a batch's rows, in the texts of its columns.
pub struct Particulars {
    kind: Option<FlowKind>,
    sensors: Option<Texts>,
    names: HashMap<u64, String>,
    ip_bytes: [Numbers; 2],
    missed: Numbers,
    community: Texts,
}

impl FlowSchema {
    /// The particulars of a batch, of which `flows` are the flows.
    ///
    /// # Errors
    /// [`crate::Error::Schema`] if a column is of a type that flows are not read from.
    pub fn particulars(&self, batch: &RecordBatch, flows: &Flows) -> Result<Particulars> {
        let form = self.form_of(batch);
        let beside = Places::find(batch.schema_ref(), &PARTS);
        let sensor = form.and_then(|form| Some((form, form.format().sensor?)));
        let hosts = form.and_then(|form| Some((form, form.format().hosts?)));
        let has_names = |side: &[Option<Host>]| side.iter().any(|host| matches!(host, Some(Host::Named(_))));
        let mut names = HashMap::new();
        if let Some((form, (source, destination))) = hosts
            && (has_names(&flows.source) || has_names(&flows.destination))
        {
            for part in [source, destination] {
                let texts = form.places.texts(part, batch)?;
                names.extend((0..batch.num_rows()).filter_map(|row| named(texts.get(row)?)));
            }
        }
        Ok(Particulars {
            kind: form.map(|form| form.kind),
            sensors: sensor.map(|(form, part)| form.places.texts(part, batch)).transpose()?,
            names,
            ip_bytes: [beside.numbers(0, batch)?, beside.numbers(1, batch)?],
            missed: beside.numbers(2, batch)?,
            community: beside.texts(3, batch)?,
        })
    }
}

fn named(text: &str) -> Option<(u64, String)> {
    match Host::parse(text)? {
        Host::Named(digest) => Some((digest, text.to_owned())),
        _ => None,
    }
}

impl Particulars {
    /// What wrote the rows.
    pub fn kind(&self) -> Option<FlowKind> {
        self.kind
    }

    /// The name of the sensor that saw the flow of a row.
    pub fn sensor(&self, row: usize) -> Option<&str> {
        self.sensors.as_ref().and_then(|sensors| sensors.get(row))
    }

    /// The text of a host that is no address: a name, a hardware address, anything.
    pub fn name(&self, host: Host) -> Option<&str> {
        let Host::Named(digest) = host else { return None };
        self.names.get(&digest).map(String::as_str)
    }

    /// Bytes out and in of the packets that Zeek saw, headers included.
    pub fn ip_bytes(&self, row: usize) -> [Option<u64>; 2] {
        match self.kind {
            Some(FlowKind::Zeek) => [0, 1].map(|side: usize| self.ip_bytes.get(side)?.count(row)),
            _ => [None; 2],
        }
    }

    /// Bytes that Zeek found missing.
    pub fn missed_bytes(&self, row: usize) -> Option<u64> {
        self.missed.count(row)
    }

    /// The flow's community id, where the log has one.
    pub fn community_id(&self, row: usize) -> Option<&str> {
        self.community.get(row)
    }
}
