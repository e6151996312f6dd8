//! What rows have in common.

use super::group::Finding;
use super::key::{Conversation, Port};
use super::rows::Flow;

/// Sides, protocol and port as far as some rows have them in common, and their span of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Common {
    /// Who, whom and what. [`Port::Many`]: not the same.
    pub conversation: Conversation,
    /// First and last start in µs; `None` where no row has one.
    pub span: Option<(i64, i64)>,
}

impl Common {
    /// Of a finding, as its subject says.
    pub fn of(finding: &Finding) -> Self {
        let own = finding.subject.conversation;
        let span = finding.tally.span.map(|(first, last, _)| (first, last));
        Self { conversation: own, span }
    }

    /// Of one row.
    pub fn of_row(flow: &Flow<'_>) -> Self {
        let conversation = Conversation {
            source: flow.source,
            destination: flow.destination,
            protocol: flow.protocol,
            port: Port::of(flow),
        };
        Self { conversation, span: flow.start.map(|start| (start, start)) }
    }

    /// Of these rows and those.
    pub fn and(self, other: Self) -> Self {
        let (a, b) = (self.conversation, other.conversation);
        let conversation = Conversation {
            source: a.source.filter(|_| a.source == b.source),
            destination: a.destination.filter(|_| a.destination == b.destination),
            protocol: a.protocol.filter(|_| a.protocol == b.protocol),
            port: if a.port == b.port { a.port } else { Port::Many },
        };
        let span = match (self.span, other.span) {
            (Some(a), Some(b)) => Some((a.0.min(b.0), a.1.max(b.1))),
            (a, b) => a.or(b),
        };
        Self { conversation, span }
    }
}
