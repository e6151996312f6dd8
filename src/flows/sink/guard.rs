//! Text that a log controls must not act: not as a formula in a spreadsheet, not as a control sequence on a terminal.

use std::borrow::Cow;
use std::fmt::Write;

/// Whether a spreadsheet may take the text for a formula (OWASP, "CSV injection"): it begins with one of
/// `= + - @`, their full-width forms, tab, CR or LF, and is neither a number nor a lone dash, which logs write for
/// "nothing" and which no spreadsheet evaluates.
pub fn is_formula(text: &str) -> bool {
    let Some(first) = text.chars().next() else { return false };
    match first {
        '+' | '-' => !is_number(text) && text != "-",
        '=' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠' => true,
        _ => false,
    }
}

/// An optional sign, digits with at most one point, an optional exponent: nothing that could call anything.
fn is_number(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))),
        None => (unsigned, None),
    };
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    digits(whole)
        && digits(fraction)
        && !(whole.is_empty() && fraction.is_empty())
        && exponent.is_none_or(|e| !e.is_empty() && digits(e))
}

/// The text as a terminal may show it: every character that would act instead of being seen is spelled out. ASCII
/// controls become `\x1b`; C1 controls, bidirectional marks, invisible and line-breaking characters `\u{202e}`.
///
/// ```
/// assert_eq!(oddflow::flows::sink::printable("a\x1b[2Jb"), r"a\x1b[2Jb");
/// assert_eq!(oddflow::flows::sink::printable("naïve 数"), "naïve 数");
/// ```
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.chars().any(acts) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        // Writing into a String cannot fail.
        let _ = match c {
            c if !acts(c) => shown.write_char(c),
            c if c.is_ascii() => write!(shown, "\\x{:02x}", u32::from(c)),
            c => write!(shown, "\\u{{{:x}}}", u32::from(c)),
        };
    }
    Cow::Owned(shown)
}

/// Whether a character moves the cursor, changes the direction or the look of others, or cannot be seen.
pub(super) fn acts(c: char) -> bool {
    c.is_control() // C0, DEL and C1
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}
