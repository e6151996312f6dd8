//! The oracle: a row through a forest in the most obvious way, in f64.

/// A tree as a person would draw it.
#[derive(Debug, Clone)]
pub enum Plain {
    Leaf(u32),
    Split { feature: usize, threshold: f64, left: Box<Plain>, right: Box<Plain> },
}

impl Plain {
    /// Path length of `row`, in units of 2⁻²⁰. All f32 are f64, so this comparison is the one of the contract.
    pub fn path(&self, row: &[f64]) -> f64 {
        match self {
            Plain::Leaf(path) => f64::from(*path),
            Plain::Split { feature, threshold, left, right } => {
                if row[*feature] <= *threshold {
                    left.path(row)
                } else {
                    right.path(row)
                }
            }
        }
    }
}

/// Sum over the trees; below 2⁵³, so exact.
pub fn sum(forest: &[Plain], row: &[f32]) -> u64 {
    let row: Vec<f64> = row.iter().map(|&x| f64::from(x)).collect();
    let sum: f64 = forest.iter().map(|tree| tree.path(&row)).sum();
    assert!(sum < 9e15, "the oracle would round");
    sum as u64
}
