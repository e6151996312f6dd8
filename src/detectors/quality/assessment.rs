//! Scores against labels in full: all rows, each kind of anomaly against all normal rows, intervals, curves, and another
//! model's scores of the same rows.

use super::bootstrap::{Called, replicates};
use super::estimates::{Bootstrap, LEVEL, METHOD, Measures, Resampling, Values, interval};
use super::paired::{Comparison, Pairs};
use super::points::{CurvePoint, curve};
use super::table::{ScoreTable, cumulated, ranked};
use super::{EXACT_ROWS, Quality, Ranking};
use serde::Serialize;
use std::collections::BTreeMap;

/// Kinds of anomalies that are told apart; those met later are counted together.
pub const MAX_KINDS: usize = 64;
/// The kinds beyond [`MAX_KINDS`].
const OTHERS: &str = "(other kinds)";

/// A labelled row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Judged<'a> {
    /// A number that differs from row to row and has nothing to do with it, such as a hash of a seed and its place: decides which
    /// rows are compared where there are more than [`PAIRED_ROWS`](super::PAIRED_ROWS).
    pub lot: u64,
    /// Its score.
    pub score: f64,
    /// Whether it was called an anomaly.
    pub called: bool,
    /// Whether it is one.
    pub label: bool,
    /// Of which kind, if it is one.
    pub kind: Option<&'a str>,
    /// The score and the verdict of another model.
    pub rival: Option<(f64, bool)>,
}

/// Collects labelled rows in bounded memory. The order of the rows does not matter, but for which kinds come first where there are
/// more than [`MAX_KINDS`].
#[derive(Debug)]
pub struct Assessment {
    exact_rows: usize,
    benign: Ranking,
    kinds: BTreeMap<String, Ranking>,
    pairs: Option<Pairs>,
}

/// What an [`Assessment`] found.
#[derive(Debug, Clone, Serialize)]
pub struct Assessed {
    /// All labelled rows.
    #[serde(flatten)]
    pub measures: Measures,
    /// Each kind of anomaly against all normal rows; the most frequent first. Empty where rows have no kinds.
    pub kinds: Vec<KindAssessed>,
    /// How intervals were found; `None`: there are none.
    pub bootstrap: Option<Bootstrap>,
    /// Against the other model, where there is one.
    pub comparison: Option<Comparison>,
    /// The curve of all rows.
    #[serde(skip)]
    pub curve: Vec<CurvePoint>,
}

/// One kind of anomaly against all normal rows.
#[derive(Debug, Clone, Serialize)]
pub struct KindAssessed {
    /// Its name.
    pub kind: String,
    /// Its measures: `positives` are rows of this kind.
    #[serde(flatten)]
    pub measures: Measures,
    /// Its curve.
    #[serde(skip)]
    pub curve: Vec<CurvePoint>,
}

impl Default for Assessment {
    fn default() -> Self {
        Self::new()
    }
}

impl Assessment {
    /// An empty one, exact up to 4 million rows.
    pub fn new() -> Self {
        Self::with_exact_rows(EXACT_ROWS)
    }

    pub(super) fn with_exact_rows(exact_rows: usize) -> Self {
        Self {
            exact_rows,
            benign: Ranking::with_exact_rows(exact_rows),
            kinds: BTreeMap::new(),
            pairs: Some(Pairs::new()),
        }
    }

    /// Takes a labelled row.
    pub fn push(&mut self, row: &Judged<'_>) {
        if row.label {
            let kind = row.kind.unwrap_or_default();
            let full = self.kinds.len() >= MAX_KINDS && !self.kinds.contains_key(kind);
            let kind = if full { OTHERS } else { kind };
            let exact_rows = self.exact_rows;
            let kind = match self.kinds.get_mut(kind) {
                Some(met) => met,
                None => self.kinds.entry(kind.to_owned()).or_insert_with(|| Ranking::with_exact_rows(exact_rows)),
            };
            kind.push(row.score, row.called, true);
        } else {
            self.benign.push(row.score, row.called, false);
        }
        match (&mut self.pairs, row.rival) {
            (Some(pairs), Some(rival)) => pairs.push(row, rival),
            // Without the other score of some row there is nothing to compare.
            (pairs, None) => *pairs = None,
            (None, Some(_)) => {}
        }
    }

    /// The measures of all rows; intervals as `how` says.
    pub fn finish(mut self, how: Resampling) -> Assessed {
        let n_rows = self.benign.rows() + self.kinds.values().map(Ranking::rows).sum::<u64>();
        if n_rows > self.exact_rows as u64 {
            self.benign.bin();
            self.kinds.values_mut().for_each(Ranking::bin);
        }
        let mut all = self.benign.clone();
        self.kinds.values().for_each(|kind| all.merge(kind.clone()));
        let rankings: Vec<&Ranking> = self.kinds.values().collect();
        let fine = ScoreTable::new(&all, &self.benign, &rankings, None);
        let mut measures = vec![measured(&all, &fine.union(), &fine)];
        for (kind, cells) in rankings.iter().zip(&fine.kinds) {
            let mut against = self.benign.clone();
            against.merge((*kind).clone());
            measures.push(measured(&against, cells, &fine));
        }
        let bootstrap = (how.replicates > 0 && n_rows > 0).then(|| {
            let table = ScoreTable::coarse(&all, &self.benign, &rankings);
            let called: Vec<Called> = rankings.iter().map(|kind| kind.called()).collect();
            add_intervals(&mut measures, &replicates(&table, self.benign.called(), &called, how));
            Bootstrap {
                method: METHOD,
                replicates: how.replicates,
                seed: how.seed,
                level: LEVEL,
                scores: table.scores.len(),
                binned: table.binned,
            }
        });
        let mut measures = measures.into_iter();
        let total = measures.next().unwrap_or_default();
        let curve_of_all = curve(&fine, &fine.union());
        let mut kinds = Vec::new();
        for ((name, cells), measures) in self.kinds.keys().zip(&fine.kinds).zip(measures) {
            kinds.push(KindAssessed { kind: name.clone(), measures, curve: curve(&fine, cells) });
        }
        kinds.retain(|kind| !kind.kind.is_empty());
        kinds.sort_by(|a, b| b.measures.positives.cmp(&a.measures.positives).then_with(|| a.kind.cmp(&b.kind)));
        let comparison = self.pairs.filter(|pairs| !pairs.is_empty()).map(|pairs| pairs.compare(how));
        Assessed { measures: total, kinds, bootstrap, comparison, curve: curve_of_all }
    }
}

impl Ranking {
    /// Of the rows of one label, how many were called anomalous.
    fn called(&self) -> Called {
        let verdicts = &self.verdicts;
        Called {
            yes: verdicts.true_positive + verdicts.false_positive,
            no: verdicts.false_negative + verdicts.true_negative,
        }
    }
}

/// The measures of a ranking, of which `cells` are the anomalous rows in `table`.
fn measured(ranking: &Ranking, cells: &[(u32, u64)], table: &ScoreTable) -> Measures {
    let called = ranking.called().yes;
    let quality: Quality = ranking.clone().finish();
    let at_n = ranked(cells, &cumulated(table.negatives.iter().copied())).precision_at_n;
    let mut measures =
        Measures { positives: quality.positives, negatives: quality.negatives, called, ..Measures::default() };
    let values = [
        (quality.auroc, quality.auroc_error),
        (quality.average_precision, quality.average_precision_error),
        (at_n, 0.0),
        (quality.precision, 0.0),
        (quality.recall, 0.0),
        (quality.f1, 0.0),
    ];
    for (estimate, (value, error)) in measures.estimates().into_iter().zip(values) {
        (estimate.value, estimate.error) = (value, error);
    }
    measures
}

fn add_intervals(measures: &mut [Measures], replicates: &[Vec<Values>]) {
    for (of, measures) in measures.iter_mut().enumerate() {
        for (at, estimate) in measures.estimates().into_iter().enumerate() {
            let values = replicates.iter().map(|values| values.get(of)?.get(at).copied().flatten());
            (estimate.low, estimate.high) = interval(values);
        }
    }
}
