//! Numbers in text: what a field is, and fast exact ways to its value.

/// What a field of a numeric column can be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::flows::source) enum Token {
    /// Empty or a word for a missing value; `nan` is said apart, because only columns of real numbers have it.
    Missing { nan: bool },
    /// An integer within 64 bits, written as it would be written again.
    Int(i64),
    /// An integer beyond 64 bits with its sign: the value would come back rounded, so among integers it is an id.
    Wide(f64),
    /// An integer in a writing that its value does not keep: `007`, `+5`, `0x1f` (Argus writes such ports).
    Code,
    /// Any other number, infinities included.
    Float(f64),
    /// No number.
    Text,
}

/// What `field` is, spaces around it aside.
pub(in crate::flows::source) fn classify(field: &[u8]) -> Token {
    let field = field.trim_ascii();
    if let Some(value) = short_integer(field) {
        return Token::Int(value);
    }
    if let Some(token) = missing(field) {
        return token;
    }
    // Numbers begin with a digit, a sign, a point, or as infinity and nan do.
    if !matches!(field.first(), Some(b'0'..=b'9' | b'+' | b'-' | b'.' | b'i' | b'I' | b'n' | b'N')) {
        return Token::Text;
    }
    if let [b'0', b'x' | b'X', digits @ ..] = field {
        let is_code = !digits.is_empty() && digits.iter().all(u8::is_ascii_hexdigit);
        return if is_code { Token::Code } else { Token::Text };
    }
    let Ok(text) = std::str::from_utf8(field) else { return Token::Text };
    let Ok(value) = text.parse::<f64>() else { return Token::Text };
    let digits = field.strip_prefix(b"-").or(field.strip_prefix(b"+")).unwrap_or(field);
    let whole = digits.iter().all(u8::is_ascii_digit);
    match text.parse::<i64>() {
        _ if value.is_nan() => Token::Missing { nan: true },
        _ if leads_with_zero(digits) || (whole && field.starts_with(b"+")) => Token::Code,
        Ok(value) => Token::Int(value),
        Err(_) if whole => Token::Wide(value),
        Err(_) => Token::Float(value),
    }
}

/// Whether a number's digits begin with a zero that its value does not need: `07`, not `0` or `0.7`.
#[inline(always)]
fn leads_with_zero(digits: &[u8]) -> bool {
    matches!(digits, [b'0', b'0'..=b'9', ..])
}

/// The words for a missing value.
fn missing(field: &[u8]) -> Option<Token> {
    let is = |word: &str| field.eq_ignore_ascii_case(word.as_bytes());
    match field.len() {
        0 => Some(Token::Missing { nan: false }),
        1 if field == b"-" => Some(Token::Missing { nan: false }),
        2 if is("na") => Some(Token::Missing { nan: true }),
        3 if is("nan") => Some(Token::Missing { nan: true }),
        3 if is("n/a") => Some(Token::Missing { nan: false }),
        4 if is("null") || is("none") => Some(Token::Missing { nan: false }),
        _ => None,
    }
}

/// The value of up to 18 digits with an optional minus and no needless zero; `None` for anything else.
#[inline]
pub(in crate::flows::source) fn short_integer(field: &[u8]) -> Option<i64> {
    let (negative, digits) = match field {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    if digits.is_empty() || digits.len() > 18 || leads_with_zero(digits) {
        return None;
    }
    let mut value = 0i64;
    for &byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value * 10 + i64::from(digit);
    }
    Some(if negative { -value } else { value })
}

/// The value of `bytes[start..end]` if that is one to eight digits, the first of several no zero, and eight bytes can be
/// read from `start`.
///
/// All lengths take the same steps, so that mixed lengths cost no mispredicted branches: digits move to the top of
/// a word whose other bytes count as leading zeros, then pairs, quads and the whole are combined.
#[inline(always)]
pub(in crate::flows::source) fn eight_digits(bytes: &[u8], start: usize, end: usize) -> Option<i64> {
    let n = end.wrapping_sub(start);
    let word = bytes.get(start..)?.first_chunk::<8>()?;
    if n.wrapping_sub(1) > 7 {
        return None;
    }
    let shift = 64 - 8 * n as u32;
    let digits = (u64::from_le_bytes(*word) ^ 0x3030_3030_3030_3030) << shift;
    // A byte above 9 has its top bit set, or gets it by adding 0x76; masked first, no sum carries into its neighbour.
    let above_9 =
        (digits | (digits & 0x7f7f_7f7f_7f7f_7f7f).wrapping_add(0x7676_7676_7676_7676)) & 0x8080_8080_8080_8080;
    let needless_zero = (word[0] == b'0') & (n > 1);
    if (above_9 != 0) | needless_zero {
        return None;
    }
    let pairs = digits.wrapping_mul(10).wrapping_add(digits >> 8) & 0x00ff_00ff_00ff_00ff;
    let quads = pairs.wrapping_mul(100).wrapping_add(pairs >> 16) & 0x0000_ffff_0000_ffff;
    let value = quads.wrapping_mul(10_000).wrapping_add(quads >> 32) & 0xffff_ffff;
    Some(value as i64)
}

/// The value of a plain decimal (`-12.25`) whose digits make an integer below 2⁵³: one exact division away.
/// Such a quotient is correctly rounded (Clinger 1990); everything else is left to the standard library.
#[inline]
pub(in crate::flows::source) fn short_decimal(field: &[u8]) -> Option<f64> {
    const POWERS: [f64; 16] = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];
    let (negative, digits) = match field {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    if digits.is_empty() || digits.len() > 16 || leads_with_zero(digits) {
        return None;
    }
    let (mut value, mut n_digits, mut point) = (0u64, 0usize, None);
    for &byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit <= 9 {
            value = value * 10 + u64::from(digit);
            n_digits += 1;
        } else if byte == b'.' && point.is_none() {
            point = Some(n_digits);
        } else {
            return None;
        }
    }
    let decimals = n_digits - point.unwrap_or(n_digits);
    if n_digits == 0 || value > 1 << 53 {
        return None;
    }
    let magnitude = value as f64 / POWERS.get(decimals)?;
    Some(if negative { -magnitude } else { magnitude })
}

/// The 64-bit integer that `value` is exactly, if it is one.
pub(in crate::flows::source) fn integral(value: f64) -> Option<i64> {
    let in_range = (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&value);
    (in_range && value.fract() == 0.0).then_some(value as i64)
}
