//! Replicates of measures: the labelled rows drawn anew, over and over.

use super::estimates::{Resampling, Values, of_verdicts};
use super::table::{Cells, ScoreTable, cumulated, ranked, union};
use super::weights::Weights;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

/// Verdicts on rows of one label: called anomalous, and not.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Called {
    pub yes: u64,
    pub no: u64,
}

/// Of each replicate the measures of all kinds together, then those of each kind. Replicates do not depend on each other,
/// nor on the threads that make them: each has a stream of its own.
///
/// Ranks and verdicts are drawn apart: their intervals are right each by itself, and nothing is made of the two together.
pub(super) fn replicates(table: &ScoreTable, benign: Called, kinds: &[Called], how: Resampling) -> Vec<Vec<Values>> {
    let weights = Weights::new();
    let one = |replicate: usize| {
        let mut random = ChaCha8Rng::seed_from_u64(how.seed);
        random.set_stream(replicate as u64);
        let negatives = cumulated(table.negatives.iter().map(|&n| weights.draw(n, &mut random)));
        let drawn: Vec<Cells> = table.kinds.iter().map(|cells| redrawn(cells, &weights, &mut random)).collect();
        let wrong = weights.draw(benign.yes, &mut random);
        let called: Vec<Called> = kinds
            .iter()
            .map(|kind| Called { yes: weights.draw(kind.yes, &mut random), no: weights.draw(kind.no, &mut random) })
            .collect();
        let all = called.iter().fold(Called::default(), |a, b| Called { yes: a.yes + b.yes, no: a.no + b.no });
        let values = |cells: &Cells, called: &Called| -> Values {
            let ranked = ranked(cells, &negatives);
            let [precision, recall, f1] = of_verdicts(called.yes, wrong, called.no);
            [ranked.auroc, ranked.average_precision, ranked.precision_at_n, precision, recall, f1]
        };
        let mut of_all = vec![values(&union(&drawn), &all)];
        of_all.extend(drawn.iter().zip(&called).map(|(cells, called)| values(cells, called)));
        of_all
    };
    (0..how.replicates).into_par_iter().map(one).collect()
}

fn redrawn(cells: &Cells, weights: &Weights, random: &mut ChaCha8Rng) -> Cells {
    cells.iter().map(|&(score, n)| (score, weights.draw(n, random))).collect()
}
