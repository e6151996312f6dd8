//! What the pages have in common: parts put into their places, and data that cannot end the element it stands in.

use crate::{Error, Result};
use std::io::Write;

/// Writes `page` with each `{{NAME}}` replaced by its part; the parts are given in the order of their places.
///
/// Each part is looked for behind the one before, so that nothing inside a part is taken for a place.
///
/// # Errors
/// What writing meets; a page without a place for a part.
pub(crate) fn fill(page: &str, parts: &[(&str, &str)], out: &mut dyn Write) -> Result<()> {
    let mut rest = page;
    let mut put = |text: &str| out.write_all(text.as_bytes()).map_err(|e| Error::io("the page", e));
    for (name, part) in parts {
        let place = format!("{{{{{name}}}}}");
        let (before, behind) =
            rest.split_once(&place).ok_or_else(|| Error::Internal(format!("the page has no place for {name}")))?;
        put(before)?;
        put(part)?;
        rest = behind;
    }
    put(rest)
}

/// JSON as it was, in which no character can end the element that holds it.
pub(crate) fn inert(json: &str) -> String {
    let mut safe = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => safe.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => safe.push(c),
        }
    }
    safe
}

/// A title as the text of an element.
pub(crate) fn escaped(title: &str) -> String {
    title.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
