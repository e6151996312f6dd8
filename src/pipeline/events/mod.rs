//! Scored rows as events for other systems: [`Event`] is what is told, [`ecs`] and [`cef`] how it is written, [`envelope`]
//! what Splunk and Elasticsearch want around it.
//!
//! | key | Zeek | Suricata EVE | Argus | other tables |
//! |---|---|---|---|---|
//! | `@timestamp`, `event.start` | `ts` | `flow.start` | `StartTime` | a time column; without one, `@timestamp` is the time of scoring |
//! | `event.duration` (ns), `event.end` | `duration` | `flow.end` | `Dur` | duration column |
//! | `source.ip/.port`, `destination.…` | `id.orig_*`, `id.resp_*` | `src_*`, `dest_*` | `SrcAddr`, `Sport`, … (`Dir` `<-` swaps) | address and port columns |
//! | `source.bytes/.packets` | `orig_ip_bytes`, else `orig_bytes`; `orig_pkts` | `flow.bytes_toserver`, `flow.pkts_toserver` | `SrcBytes`; `SrcPkts` | byte and packet columns |
//! | `destination.bytes/.packets` | `resp_ip_bytes`, … | `flow.bytes_toclient`, … | total less source | byte and packet columns |
//! | `network.transport`, `.iana_number` | `proto` | `proto` | `Proto` | protocol column |
//! | `network.protocol` | `service` | `app_proto` | | service column |
//! | session | `zeek.session_id` ← `uid` | `suricata.eve.flow_id` | | `oddflow.flow.session` |
//! | state, history | `zeek.connection.state`, `.history` | `oddflow.flow.state` ← `tcp.state`, `flow.state` | `oddflow.flow.state` ← `State` | `oddflow.flow.state` |
//! | `observer.name` | `_node_name` | `host` | `SrcId` | sensor column |
//!
//! Every event also has `event.kind` (`alert` where the row is an anomaly), `event.category`, `event.type` (by how the flow
//! went), `event.id`, `event.risk_score` (the detector's score), `event.risk_score_norm` and `event.severity` (100 × severity),
//! `rule.*` (the detector; its version is the model's digest), `log.file.path`, `log.offset` (how many records stand before it in
//! the file: packed files have no other offset), `oddflow.*`. A row that a later record replaces is no event.
//!
//! **`event.id`** is a digest of what scores (the model without its provenance), the file's name (its last part, a
//! compression's ending left off), the record's number in the file, and the record's values. So the same file scored again gives
//! the same ids, wherever it lies and whether packed or not; a line that stands twice gives two.

mod alerts;
mod cef;
mod community_id;
mod ecs;
mod envelope;
mod event;
mod identity;
mod read;

pub use community_id::{End, community_id};
pub use identity::EventId;

use self::read::Reading;
use super::score::RowVerdicts;
use crate::Result;
use crate::features::flow::Locality;
use crate::findings::{Hint, Surroundings, hint, reasons};
use crate::flows::Batch;
use crate::flows::record::{FlowSchema, Flows};
use crate::flows::sink::{EventFormat, Records};
use crate::flows::source::Input;
use crate::model::{Model, Scored};
use arrow_schema::Schema;
use std::collections::HashMap;

/// What is told of all events of a run.
#[derive(Debug, Clone)]
pub struct EventPlan {
    /// The form.
    pub format: EventFormat,
    /// The detector's short name: `iforest`.
    pub detector: String,
    /// The digest of the model file.
    pub model_digest: String,
    /// The digest of what scores: [`Model::identity`].
    pub identity: String,
    /// The score above which a row by itself is an anomaly.
    pub threshold: f64,
    /// When the rows are scored, µs since 1970: the time of events whose records have none.
    pub now: i64,
    /// Which hosts are ours.
    pub locality: Locality,
    /// How a log's columns are read as flows; `None`: they are those of none.
    pub schema: Option<FlowSchema>,
}

/// What is told of a finding with each of its rows.
#[derive(Debug, Clone, Default)]
pub struct FindingNote {
    /// Why it is odd, the weightiest first.
    pub reasons: Vec<String>,
    /// A guess at what it is.
    pub hint: Hint,
}

/// The notes of findings, by their names.
pub type FindingNotes = HashMap<String, FindingNote>;

impl EventPlan {
    /// For scoring `input` with `model`, whose file has the digest `model_digest`.
    ///
    /// # Errors
    /// If the model is larger than a model file can be.
    pub fn new(format: EventFormat, model: &Model, model_digest: String, input: &Input, now: i64) -> Result<Self> {
        Self::of_schema(format, model, model_digest, &input.schema, now)
    }

    /// For records with the columns `schema`.
    ///
    /// # Errors
    /// As [`EventPlan::new`].
    pub fn of_schema(
        format: EventFormat,
        model: &Model,
        model_digest: String,
        schema: &Schema,
        now: i64,
    ) -> Result<Self> {
        let reading = model.flows.as_ref().map(|flows| flows.reading()).unwrap_or_default();
        Ok(Self {
            format,
            detector: model.detector.short_name(),
            model_digest,
            identity: model.identity()?,
            threshold: model.threshold.score,
            now,
            locality: model.flows.as_ref().map(|flows| flows.locality.clone()).unwrap_or_default(),
            schema: FlowSchema::recognise(schema, reading),
        })
    }

    /// What is told of the findings whose rows may be anomalies.
    pub fn notes(verdicts: &RowVerdicts) -> FindingNotes {
        let around = Surroundings::of(&verdicts.grouped);
        let is_told = |at: usize| verdicts.flagged.as_ref().is_none_or(|flagged| flagged.get(at) == Some(&true));
        let findings = verdicts.grouped.findings().iter().enumerate().filter(|(at, _)| is_told(*at));
        let note = |finding| FindingNote { reasons: reasons(finding, &around), hint: hint(finding, &around) };
        findings.map(|(_, finding)| (finding.id.to_string(), note(finding))).collect()
    }

    /// The events of a batch's rows: of all, or of the anomalies alone. `flows` are its rows as flows, where they are at hand.
    ///
    /// # Errors
    /// If a column is of a type that flows are not read from.
    pub(super) fn records(
        &self,
        input: &Input,
        batch: &Batch,
        scored: &Scored,
        flows: Option<&Flows>,
        notes: &FindingNotes,
        only_anomalies: bool,
    ) -> Result<Records> {
        let file = input.files.get(batch.file);
        let name = file.map_or("", |file| file.name.as_str());
        let read = match (flows, &self.schema) {
            (None, Some(schema)) => Some(schema.flows_of(&batch.columns, file.and_then(|file| file.log))?),
            _ => None,
        };
        let reading = Reading::new(self, name, batch, scored, flows.or(read.as_ref()), notes)?;
        let mut records = Records::default();
        for row in 0..batch.n_rows() {
            if only_anomalies && scored.anomaly.get(row) != Some(&true) {
                continue;
            }
            let Some(event) = reading.event(row) else { continue };
            records.push(|out| self.write(&event, out));
        }
        Ok(records)
    }

    fn write(&self, event: &event::Event<'_>, out: &mut Vec<u8>) {
        match self.format {
            EventFormat::Ecs => ecs::line(event, out),
            EventFormat::Cef => cef::line(event, out),
            EventFormat::SplunkHec => envelope::splunk(event, out),
            EventFormat::ElasticBulk => envelope::elastic(event, out),
        }
    }
}
