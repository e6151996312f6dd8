//! Rows of each finding, as the rows themselves tell them.

use std::collections::HashMap;

/// Findings that are told apart.
pub const MOST_FOUND: usize = 20_000;

/// What the rows of a finding tell.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FoundRow {
    /// The finding's name.
    pub id: String,
    /// Its rows with the verdict.
    pub flows: u64,
    /// Their largest severity.
    pub severity: f64,
    /// First and last start, µs since 1970.
    pub span: Option<(i64, i64)>,
}

/// The findings whose rows have the verdict, in the order in which they were first met.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FoundRows {
    places: HashMap<String, usize>,
    rows: Vec<FoundRow>,
    /// Rows of findings beyond the limit.
    pub beyond: u64,
}

impl FoundRows {
    /// One row with the verdict.
    pub fn add(&mut self, id: &str, severity: f64, start: Option<i64>) {
        self.count(FoundRow { id: id.to_owned(), flows: 1, severity, span: start.map(|start| (start, start)) });
    }

    /// All that another counted, of rows that come behind these.
    pub fn merge(&mut self, other: Self) {
        self.beyond += other.beyond;
        other.rows.into_iter().for_each(|found| self.count(found));
    }

    /// Largest severity first, then most flows.
    pub fn ranked(&self) -> Vec<FoundRow> {
        let mut ranked = self.rows.clone();
        ranked.sort_by(|a, b| {
            b.severity.total_cmp(&a.severity).then_with(|| b.flows.cmp(&a.flows)).then_with(|| a.id.cmp(&b.id))
        });
        ranked
    }

    /// Whether no row with the verdict names a finding.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    fn count(&mut self, found: FoundRow) {
        let known = match self.places.get(&found.id) {
            Some(&place) => Some(place),
            None if self.rows.len() < MOST_FOUND => {
                self.places.insert(found.id.clone(), self.rows.len());
                self.rows.push(FoundRow { id: found.id.clone(), ..FoundRow::default() });
                Some(self.rows.len() - 1)
            }
            None => None,
        };
        let Some(row) = known.and_then(|place| self.rows.get_mut(place)) else {
            self.beyond += found.flows;
            return;
        };
        row.flows += found.flows;
        row.severity = row.severity.max(found.severity);
        row.span = match (row.span, found.span) {
            (Some(a), Some(b)) => Some((a.0.min(b.0), a.1.max(b.1))),
            (a, b) => a.or(b),
        };
    }
}
