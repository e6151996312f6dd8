//! The measures of a ranking, from its groups of tied rows.

/// Rows that tie.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Group {
    pub positives: u64,
    pub negatives: u64,
}

/// Sums over the groups, added from the largest score down.
#[derive(Debug, Default)]
pub(super) struct Curve {
    positives: u64,
    negatives: u64,
    /// Twice the number of (positive, negative) pairs in the right order, a tie being half right.
    twice_right_pairs: u128,
    tied_pairs: u128,
    precisions: f64,
    precision_errors: f64,
}

impl Curve {
    pub(super) fn add(&mut self, Group { positives, negatives }: Group) {
        let tied = u128::from(positives) * u128::from(negatives);
        // Each negative of this group lies below the positives so far, and ties with this group's.
        self.twice_right_pairs += 2 * u128::from(self.positives) * u128::from(negatives) + tied;
        self.tied_pairs += tied;
        let precision = |positives: u64, negatives: u64| positives as f64 / (positives + negatives) as f64;
        if positives > 0 {
            let grouped = precision(self.positives + positives, self.negatives + negatives);
            // Were the ties broken: at best all positives come first, at worst one after all negatives.
            let best = precision(self.positives + positives, self.negatives);
            let worst = precision(self.positives + 1, self.negatives + negatives);
            self.precisions += positives as f64 * grouped;
            self.precision_errors += positives as f64 * (best - grouped).max(grouped - worst);
        }
        self.positives += positives;
        self.negatives += negatives;
    }

    /// AUROC, and how far it could be off if ties were no real ties.
    pub(super) fn auroc(&self) -> (Option<f64>, f64) {
        let pairs = self.positives as f64 * self.negatives as f64;
        if pairs == 0.0 {
            return (None, 0.0);
        }
        (Some(self.twice_right_pairs as f64 / (2.0 * pairs)), self.tied_pairs as f64 / (2.0 * pairs))
    }

    /// Average precision, and how far it could be off if ties were no real ties.
    pub(super) fn average_precision(&self) -> (Option<f64>, f64) {
        if self.positives == 0 {
            return (None, 0.0);
        }
        let n = self.positives as f64;
        (Some(self.precisions / n), self.precision_errors / n)
    }
}
