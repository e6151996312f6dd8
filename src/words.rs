//! Numbers with their nouns, for messages of every layer.

pub mod quantity;

/// `1 tree`, `100 trees`, `2 batches`, `3 leaves`.
pub(crate) fn counted(n: impl TryInto<u64>, one: &str) -> String {
    let n = n.try_into().unwrap_or(u64::MAX);
    format!("{n} {}", noun(n, one))
}

/// `1234567` → `1,234,567`.
pub(crate) fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
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
