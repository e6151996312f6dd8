//! The comparison, and that it can fail.

use super::cases::{Case, Growth};
use ndarray::Axis;
use oddflow::ops::path_length::{Fenced, PathLengthGpu};

/// Two values that no sum is likely to be, in either half.
const POISONS: [u32; 2] = [0xdead_beef, 0x5a5a_5a5a];

/// Runs a case twice, on differently poisoned memory, and compares, batch by batch.
pub fn check(op: &PathLengthGpu, case: &Case) -> Result<(), String> {
    for poison in POISONS {
        let batches = case.rows.axis_chunks_iter(Axis(0), op.batch_rows());
        for (rows, expected) in batches.zip(case.expected.chunks(op.batch_rows())) {
            let found = op.poisoned_sums(rows, poison).map_err(|e| e.to_string())?;
            compare(expected, &found, poison).map_err(|e| format!("{}, poison {poison:x}: {e}", case.name))?;
        }
    }
    Ok(())
}

/// Exactly equal, and nothing written behind the rows.
pub fn compare(expected: &[u64], found: &Fenced, poison: u32) -> Result<(), String> {
    if found.sums.len() != expected.len() {
        return Err(format!("{} sums for {} rows", found.sums.len(), expected.len()));
    }
    if let Some(row) = (0..expected.len()).find(|&row| found.sums[row] != expected[row]) {
        let wrong = (0..expected.len()).filter(|&row| found.sums[row] != expected[row]).count();
        return Err(format!("row {row} is {}, not {}; {wrong} rows are wrong", found.sums[row], expected[row]));
    }
    if !expected.is_empty() && found.fence.len() < 128 {
        return Err(format!("the fence has {} words", found.fence.len()));
    }
    match found.fence.iter().position(|&word| word != poison) {
        Some(word) => Err(format!("word {word} behind the output was overwritten")),
        None => Ok(()),
    }
}

fn right() -> (Case, Fenced) {
    let case = Case::new(5, Growth::Isolation(256), 8, 20, 300);
    let found = Fenced { sums: case.expected.clone(), fence: vec![POISONS[0]; 256] };
    (case, found)
}

#[test]
fn the_right_answer_passes() {
    let (case, found) = right();
    compare(&case.expected, &found, POISONS[0]).expect("equal");
}

#[test]
fn rows_differ_enough_to_tell_them_apart() {
    let (case, _) = right();
    let distinct: std::collections::BTreeSet<_> = case.expected.iter().collect();
    assert!(distinct.len() > 150, "{} distinct sums", distinct.len());
}

#[test]
fn a_dropped_term_is_noticed() {
    let (case, mut found) = right();
    let last = case.forest.trees().len() - 1;
    let leaf = case.forest.trees()[last].nodes.iter().find_map(|node| match node {
        oddflow::ops::path_length::Node::Leaf { path } => Some(u64::from(*path)),
        _ => None,
    });
    found.sums[299] -= leaf.expect("a leaf").max(1);
    assert!(compare(&case.expected, &found, POISONS[0]).expect_err("a term less").contains("row 299"));
}

#[test]
fn a_shifted_row_is_noticed() {
    let (case, mut found) = right();
    found.sums.rotate_right(1);
    assert!(compare(&case.expected, &found, POISONS[0]).is_err());
}

#[test]
fn an_unwritten_output_is_noticed() {
    let (case, mut found) = right();
    found.sums[128] = u64::from(POISONS[0]) << 32 | u64::from(POISONS[0]);
    assert!(compare(&case.expected, &found, POISONS[0]).expect_err("unwritten").contains("row 128"));
}

#[test]
fn a_write_behind_the_output_is_noticed() {
    let (case, mut found) = right();
    found.fence[3] = 0;
    assert!(compare(&case.expected, &found, POISONS[0]).expect_err("overwritten").contains("word 3"));
}

#[test]
fn a_lost_row_or_fence_is_noticed() {
    let (case, mut found) = right();
    found.fence.clear();
    assert!(compare(&case.expected, &found, POISONS[0]).is_err());
    found.sums.pop();
    assert!(compare(&case.expected, &found, POISONS[0]).is_err());
}
