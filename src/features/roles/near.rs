//! Names that a person may have meant, for errors about names that are not there.

use super::names::Name;

/// Up to five names that a person may have meant.
pub fn nearest<'a>(wanted: &str, names: &[&'a str]) -> Vec<&'a str> {
    let wanted = Name::new(wanted);
    let mut ranked: Vec<(usize, &str)> =
        names.iter().map(|name| (edits(wanted.compact(), Name::new(name).compact()), *name)).collect();
    ranked.sort();
    ranked.into_iter().take(5).map(|(_, name)| name).collect()
}

/// Levenshtein distance; a name that contains the other is one edit away.
fn edits(a: &str, b: &str) -> usize {
    if a != b && !a.is_empty() && !b.is_empty() && (a.contains(b) || b.contains(a)) {
        return 1;
    }
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cell, y) in row.iter_mut().skip(1).zip(&b) {
            let replaced = diagonal + usize::from(x != *y);
            diagonal = *cell;
            left = replaced.min(left + 1).min(*cell + 1);
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or(0)
}
