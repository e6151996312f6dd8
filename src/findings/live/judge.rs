//! Which findings are told, and what was told of them.

use super::alert::{Alert, Occasion};
use super::record::Record;
use super::{Candidate, LiveFindings};
use crate::Result;
use crate::findings::HOUR;
use crate::findings::group::Finding;
use crate::findings::key::{CellKey, Conversation, Port};
use crate::findings::pool::{FEW, PAUSE, PAUSE_OF_PORTS};
use crate::findings::subject::Kind;
use crate::flows::record::StateGroup;

/// Findings of a few failed flows that are told of a source in an hour.
const MOST_SMALL: u32 = 2;
/// The same of a destination and port, while they follow each other as those of a flood do.
const MOST_OF_TRICKLE: u32 = 8;

impl LiveFindings {
    /// Judges the candidates so far.
    pub(super) fn judged(&mut self, candidates: &mut Vec<Candidate>) -> Result<Vec<Alert>> {
        let lines = self.lines(candidates)?;
        let judged = candidates.drain(..).zip(lines).collect::<Vec<_>>();
        Ok(judged.into_iter().filter_map(|(candidate, line)| self.judge(candidate, line)).collect())
    }

    /// The severities of the candidates' lines, all at once.
    fn lines(&self, candidates: &[Candidate]) -> Result<Vec<Option<f64>>> {
        let mut severities = vec![None; candidates.len()];
        let Some(reference) = &self.reference else { return Ok(severities) };
        for local in [false, true] {
            let of = |(_, candidate): &(usize, &Candidate)| candidate.finding.tally.local.0 == local;
            let (places, lines): (Vec<usize>, Vec<_>) =
                candidates.iter().enumerate().filter(of).map(|(at, candidate)| (at, candidate.line)).unzip();
            if lines.is_empty() {
                continue;
            }
            for (at, severity) in places.into_iter().zip(reference.lines(&lines, local)?.into_iter().flatten()) {
                severities.get_mut(at).into_iter().for_each(|slot| *slot = Some(severity));
            }
        }
        Ok(severities)
    }

    fn judge(&mut self, candidate: Candidate, line: Option<f64>) -> Option<Alert> {
        let Candidate { row, key, finding, now, around, .. } = candidate;
        let (severity, is_odd) = match &self.reference {
            Some(reference) => reference.judge(&finding, line),
            None => (finding.tally.severity_max, finding.tally.severity_max > self.threshold),
        };
        let news = self.told(&key, &finding).map(|record| (record.id, record.update(&finding, now)));
        let (id, occasion) = match news {
            Some((id, occasion)) => (id, occasion?),
            None if is_odd && !self.is_held_back(&finding, now) => {
                self.keep(&key, &finding, Record::new(&finding, now));
                (finding.id, Occasion::New)
            }
            None => return None,
        };
        Some(Alert { row, finding, id, occasion, severity, around })
    }

    /// Whether a finding is not told yet: a few flows that failed are how scans, sweeps and floods begin, so only the first of them of
    /// a source and hour, and of a destination and port, are told by themselves.
    fn is_held_back(&mut self, finding: &Finding, now: i64) -> bool {
        let (state, _) = finding.main_state();
        let failed = state.failed() || state == StateGroup::Reset;
        if finding.subject.kind != Kind::Conversation || finding.tally.flows > FEW || !failed {
            return false;
        }
        let hour = now.div_euclid(HOUR);
        let (of, told) = self.state.small.entry(finding.subject.conversation.source).or_insert((hour, 0));
        if *of != hour {
            (*of, *told) = (hour, 0);
        }
        *told += 1;
        let is_first = *told <= MOST_SMALL;
        let Conversation { destination, protocol, port, .. } = finding.subject.conversation;
        // Each counts, whatever the other says.
        let of_port = self.state.trickles.entry((destination, protocol, port)).or_default();
        let is_first_of_port = of_port.is_told(now, PAUSE, MOST_OF_TRICKLE);
        let of_host = self.state.trickles.entry((destination, protocol, Port::Many)).or_default();
        let is_first_of_host = of_host.is_told(now, PAUSE_OF_PORTS, MOST_OF_TRICKLE);
        !(is_first && is_first_of_port && is_first_of_host)
    }

    /// What was told of a finding.
    fn told(&mut self, key: &CellKey, finding: &Finding) -> Option<&mut Record> {
        let Conversation { source, destination, protocol, port } = key.key.conversation;
        let of_flood = finding.subject.conversation.port;
        let pair = || (source, destination);
        let record = match finding.subject.kind {
            Kind::Sweep => self.state.sweeps.get_mut(&(source, protocol, port))?.told.as_mut(),
            Kind::Block => self.state.blocks.get_mut(&source)?.told.as_mut(),
            Kind::Flood | Kind::Multicast => {
                self.state.floods.get_mut(&(destination, protocol, of_flood))?.told.as_mut()
            }
            Kind::Scan => self.state.pairs.get_mut(&pair())?.scan.as_mut(),
            Kind::Conversation | Kind::Data => {
                let told = &mut self.state.pairs.get_mut(&pair())?.conversations.get_mut(&(protocol, port))?.told;
                told.iter_mut().find(|(state, _)| Some(*state) == finding.subject.state).map(|(_, record)| record)
            }
        };
        record.filter(|record| record.is_of(finding))
    }

    fn keep(&mut self, key: &CellKey, finding: &Finding, record: Record) {
        let Conversation { source, destination, protocol, port } = key.key.conversation;
        let of_flood = finding.subject.conversation.port;
        match finding.subject.kind {
            Kind::Sweep => self.state.sweeps.entry((source, protocol, port)).or_default().told = Some(record),
            Kind::Block => self.state.blocks.entry(source).or_default().told = Some(record),
            Kind::Flood | Kind::Multicast => {
                self.state.floods.entry((destination, protocol, of_flood)).or_default().told = Some(record)
            }
            Kind::Scan => self.state.pairs.entry((source, destination)).or_default().scan = Some(record),
            Kind::Conversation | Kind::Data => {
                let pair = self.state.pairs.entry((source, destination)).or_default();
                let told = &mut pair.conversations.entry((protocol, port)).or_default().told;
                told.retain(|(state, _)| Some(*state) != finding.subject.state);
                told.push((finding.subject.state.unwrap_or_default(), record));
            }
        }
    }
}
