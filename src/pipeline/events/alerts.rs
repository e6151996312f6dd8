//! Alerts of a stream as events: the flow that gave rise to one, with the name and the numbers of its finding.

use super::event::OfFinding;
use super::identity::EventId;
use super::read::Reading;
use super::{EventPlan, FindingNotes};
use crate::Result;
use crate::findings::{Alert, hint, reasons};
use crate::flows::Batch;
use crate::flows::record::Flows;
use crate::model::{InFinding, Scored};

impl EventPlan {
    /// The events of alerts that rows of `batch`, of the file called `file`, gave rise to; each is appended to `out`. Their ids depend on
    /// the model, the finding and the news alone.
    ///
    /// # Errors
    /// If a column is of a type that flows are not read from.
    pub(crate) fn alerts(
        &self,
        file: &str,
        (batch, scored, flows): (&Batch, &Scored, &Flows),
        alerts: &[Alert],
        out: &mut Vec<u8>,
    ) -> Result<()> {
        let mut scored = scored.clone();
        let mut ids = vec![None; batch.n_rows()];
        scored.anomaly.fill(false);
        for alert in alerts {
            ids.get_mut(alert.row).into_iter().for_each(|slot| *slot = Some(alert.id.to_string()));
            scored.anomaly.get_mut(alert.row).into_iter().for_each(|anomaly| *anomaly = true);
        }
        scored.finding = Some(InFinding { id: ids, ..InFinding::default() });
        let notes = FindingNotes::new();
        let reading = Reading::new(self, file, batch, &scored, Some(flows), &notes)?;
        for alert in alerts {
            let Some(mut event) = reading.event(alert.row) else { continue };
            let news = alert.occasion.to_string();
            event.id = EventId::of_alert(self, alert.id, &news);
            event.severity = alert.severity;
            // A finding may be told twice of one batch: its reasons are those of the alert.
            event.reasons = reasons(&alert.finding, &alert.around).into();
            event.hint = hint(&alert.finding, &alert.around);
            let tally = &alert.finding.tally;
            let of = OfFinding { flows: tally.flows, span: tally.span.map(|span| (span.0, span.1)), news };
            event.of_finding = Some(&of);
            self.write(&event, out);
        }
        Ok(())
    }
}
