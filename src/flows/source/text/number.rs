//! Numbers in text: what a field is, and fast exact ways to its value.

/// What a field of a numeric column can be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::flows::source) enum Token {
    /// Empty or a word for a missing value; `nan` is said apart, because only columns of real numbers have it.
    Missing { nan: bool },
    /// An integer within 64 bits.
    Int(i64),
    /// The same, written `0x1f` (Argus writes such ports).
    Hex(i64),
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
        return hexadecimal(digits).map_or(Token::Text, Token::Hex);
    }
    let Ok(text) = std::str::from_utf8(field) else { return Token::Text };
    if let Ok(value) = text.parse::<i64>() {
        return Token::Int(value);
    }
    match text.parse::<f64>() {
        Ok(value) if value.is_nan() => Token::Missing { nan: true },
        Ok(value) => Token::Float(value),
        Err(_) => Token::Text,
    }
}

/// The value of up to 15 hexadecimal digits.
fn hexadecimal(digits: &[u8]) -> Option<i64> {
    if digits.is_empty() || digits.len() > 15 {
        return None;
    }
    digits.iter().try_fold(0, |value, &byte| Some(value << 4 | i64::from(char::from(byte).to_digit(16)?)))
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

/// The value of up to 18 digits with an optional minus; `None` for anything else.
#[inline]
pub(in crate::flows::source) fn short_integer(field: &[u8]) -> Option<i64> {
    let (negative, digits) = match field {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    if digits.is_empty() || digits.len() > 18 {
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

/// The value of `bytes[start..end]` if that is one to eight digits and eight bytes can be read from `start`.
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
    if (digits | (digits & 0x7f7f_7f7f_7f7f_7f7f).wrapping_add(0x7676_7676_7676_7676)) & 0x8080_8080_8080_8080 != 0 {
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
    if digits.is_empty() || digits.len() > 16 {
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
