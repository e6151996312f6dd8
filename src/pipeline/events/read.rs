//! A batch's scored rows as events.

use super::community_id::{End, community_id};
use super::event::{Direction, Event, Side, count, short, short_path};
use super::identity::event_ids;
use super::{EventId, EventPlan, FindingNote, FindingNotes};
use crate::Result;
use crate::findings::Hint;
use crate::flows::Batch;
use crate::flows::record::{FlowKind, Flows, Host, Marks, Particulars, StateGroup};
use crate::model::Scored;
use arrow_array::{Array, StringArray};
use std::borrow::Cow;

/// The first µs that has a year of five digits.
const YEAR_10000: i64 = 253_402_300_800_000_000;

/// A batch that events are read from.
pub(super) struct Reading<'a> {
    plan: &'a EventPlan,
    file: &'a str,
    batch: &'a Batch,
    scored: &'a Scored,
    flows: Option<(&'a Flows, Particulars)>,
    notes: &'a FindingNotes,
    ids: Vec<EventId>,
}

impl<'a> Reading<'a> {
    /// Of `batch`, which is of the file called `file`.
    pub fn new(
        plan: &'a EventPlan,
        file: &'a str,
        batch: &'a Batch,
        scored: &'a Scored,
        flows: Option<&'a Flows>,
        notes: &'a FindingNotes,
    ) -> Result<Self> {
        let particulars = plan.schema.as_ref().zip(flows);
        let particulars = particulars.map(|(schema, flows)| schema.particulars(&batch.columns, flows)).transpose()?;
        let ids = event_ids(plan, file, batch)?;
        Ok(Self { plan, file: short_path(file), batch, scored, flows: flows.zip(particulars), notes, ids })
    }

    /// The event of a row; `None` of one that is not scored.
    pub fn event(&self, row: usize) -> Option<Event<'_>> {
        let score = self.scored.score.get(row).copied().filter(|score| !score.is_nan())?;
        let alert = self.scored.anomaly.get(row) == Some(&true);
        let of = self.scored.finding.as_ref();
        let finding = of.and_then(|of| of.id.get(row)?.as_deref());
        let note = finding.filter(|_| alert).and_then(|finding| self.notes.get(finding));
        let mut event = Event {
            id: self.ids.get(row).copied()?,
            time: self.plan.now,
            start: None,
            end: None,
            duration_ns: None,
            alert,
            score,
            severity: self.scored.severity.get(row).copied().unwrap_or(0.0),
            threshold: self.plan.threshold,
            reasons: self.reasons(alert, score, note),
            hint: note.map_or(Hint::Unclear, |note| note.hint),
            finding,
            of_finding: None,
            allowed: of.and_then(|of| of.allowed.get(row)?.as_deref()).map(short),
            source: Side::default(),
            destination: Side::default(),
            protocol: None,
            service: None,
            icmp: None,
            direction: None,
            community_id: None,
            state_group: StateGroup::Unknown,
            still_open: false,
            state: None,
            history: None,
            session: None,
            missed_bytes: None,
            local: None,
            kind: None,
            sensor: None,
            file: self.file,
            record: self.batch.numbers.get(row),
            detector: &self.plan.detector,
            model_digest: &self.plan.model_digest,
        };
        if let Some((flows, particulars)) = &self.flows {
            self.flow(&mut event, flows, particulars, row);
        }
        Some(event)
    }

    /// Why: of an anomaly in a finding the finding's reasons, of one that stands alone its score.
    fn reasons(&self, alert: bool, score: f64, note: Option<&'a FindingNote>) -> Cow<'a, [String]> {
        match note {
            Some(note) => Cow::Borrowed(&note.reasons),
            None if alert && score > self.plan.threshold => {
                Cow::Owned(vec![format!("score {score:.4} above the threshold of {:.4}", self.plan.threshold)])
            }
            None => Cow::Borrowed(&[]),
        }
    }

    fn flow<'e>(&'e self, event: &mut Event<'e>, flows: &'e Flows, particulars: &'e Particulars, row: usize) {
        let marks = flows.marks.get(row).copied().unwrap_or_default();
        times(event, flows, row);
        let [out, back] = particulars.ip_bytes(row);
        event.source = Side {
            port: at(&flows.source_port, row),
            // What both ways carried together is of neither side.
            bytes: count(out.or(at(&flows.bytes_out, row))).filter(|_| !marks.has(Marks::BOTH_WAYS)),
            packets: count(at(&flows.packets_out, row)).filter(|_| !marks.has(Marks::BOTH_WAYS)),
            ..side(at(&flows.source, row), particulars)
        };
        event.destination = Side {
            port: at(&flows.destination_port, row),
            bytes: count(back.or(at(&flows.bytes_in, row))),
            packets: count(at(&flows.packets_in, row)),
            ..side(at(&flows.destination, row), particulars)
        };
        event.protocol = at(&flows.protocol, row);
        event.icmp = at(&flows.icmp, row);
        if let (Some(source), Some(destination)) = self.plan.locality.of(flows, row)
            && event.source.address.is_some()
            && event.destination.address.is_some()
        {
            event.direction = Some(Direction::of(source, destination));
        }
        event.community_id = community(event, particulars.community_id(row));
        event.kind = particulars.kind();
        event.sensor = particulars.sensor(row).map(short);
        event.service = text(&flows.service, row);
        event.state = text(&flows.state, row);
        event.history = text(&flows.history, row);
        event.session = text(&flows.session, row);
        event.state_group = flows.state_group.get(row).copied().unwrap_or_default();
        event.still_open = marks.has(Marks::STILL_OPEN);
        if event.kind == Some(FlowKind::Zeek) {
            event.missed_bytes = count(particulars.missed_bytes(row));
            event.local = marks
                .has(Marks::LOCALITY_KNOWN)
                .then(|| (marks.has(Marks::LOCAL_SOURCE), marks.has(Marks::LOCAL_DESTINATION)));
        }
    }
}

fn times(event: &mut Event<'_>, flows: &Flows, row: usize) {
    event.start = at(&flows.start, row);
    let duration = at(&flows.duration, row).filter(|&duration| duration >= 0);
    event.duration_ns = duration.and_then(|micros| micros.checked_mul(1_000));
    let end = event.start.zip(duration).and_then(|(start, duration)| start.checked_add(duration));
    event.end = end.filter(|&end| end < YEAR_10000);
    event.time = event.start.unwrap_or(event.time);
}

fn side(host: Option<Host>, particulars: &Particulars) -> Side<'_> {
    Side::of(host, host.and_then(|host| particulars.name(host)))
}

/// The log's own id, where it has one of this version, else the one that its parts give.
fn community<'a>(event: &Event<'_>, own: Option<&'a str>) -> Option<Cow<'a, str>> {
    if let Some(own) = own.filter(|own| own.starts_with("1:")) {
        return Some(Cow::Borrowed(short(own)));
    }
    let end = |side: &Side<'_>| Some(End { address: side.address?, port: side.port });
    community_id(end(&event.source)?, end(&event.destination)?, event.protocol?, event.icmp).map(Cow::Owned)
}

fn at<T: Copy>(column: &[Option<T>], row: usize) -> Option<T> {
    column.get(row).copied().flatten()
}

fn text(column: &StringArray, row: usize) -> Option<&str> {
    (row < column.len() && column.is_valid(row)).then(|| short(column.value(row)))
}
