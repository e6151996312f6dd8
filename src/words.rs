//! Numbers with their nouns, for messages of every layer.

/// `1 tree`, `100 trees`, `2 batches`, `3 leaves`.
pub(crate) fn counted(n: impl TryInto<u64>, one: &str) -> String {
    let n = n.try_into().unwrap_or(u64::MAX);
    format!("{n} {}", noun(n, one))
}

/// The noun for so many: `tree` for 1, else `trees`.
pub(crate) fn noun(n: u64, one: &str) -> String {
    match one.strip_suffix("leaf") {
        _ if n == 1 => one.to_owned(),
        Some(before) => format!("{before}leaves"),
        None if one.ends_with("ch") || one.ends_with("ss") => format!("{one}es"),
        None => format!("{one}s"),
    }
}

#[cfg(test)]
mod tests;
