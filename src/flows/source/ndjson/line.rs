//! One line of NDJSON: a strict walk over a JSON object (RFC 8259) that hands out where its values are.
//!
//! `NaN`, `Infinity` and `-Infinity` are let through as numbers, because Python writes them.

use std::fmt;

/// Objects and arrays in one another.
const DEEPEST: usize = 64;

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Null,
    Boolean,
    Number,
    /// A string without escapes; the place is what stands between its quotes.
    Text,
    /// A string with escapes; the place includes the quotes.
    Escaped,
    Array,
}

/// A value and its place in the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Value {
    pub kind: Kind,
    pub begin: usize,
    pub end: usize,
}

impl Value {
    /// The value's own bytes.
    pub fn text(self, line: &[u8]) -> &[u8] {
        line.get(self.begin..self.end).unwrap_or_default()
    }
}

/// Where and why a line is no object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BadJson {
    offset: usize,
    wanted: &'static str,
}

impl fmt::Display for BadJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "offset {}: {}", self.offset, self.wanted)
    }
}

/// Calls `leaf` with the path (`id.orig_h`) and value of everything in the line's object that is not itself an object.
/// `line` is valid UTF-8.
pub(super) fn leaves(line: &[u8], mut leaf: impl FnMut(&[u8], Value)) -> Result<(), BadJson> {
    let mut walk = Walk { line, at: 0, path: Vec::new() };
    walk.blanks();
    walk.expect(b'{', "an object was expected")?;
    walk.members(0, &mut leaf)?;
    walk.blanks();
    match walk.line.get(walk.at) {
        None => Ok(()),
        Some(_) => Err(walk.bad("something follows the object")),
    }
}

/// The text of a string with escapes.
pub(super) fn unescape(quoted: &[u8]) -> Option<String> {
    serde_json::from_slice(quoted).ok()
}

struct Walk<'a> {
    line: &'a [u8],
    at: usize,
    /// The path of the object being walked, with its final point; empty at the top.
    path: Vec<u8>,
}

impl Walk<'_> {
    fn bad(&self, wanted: &'static str) -> BadJson {
        BadJson { offset: self.at, wanted }
    }

    fn peek(&self) -> Option<u8> {
        self.line.get(self.at).copied()
    }

    #[inline(always)]
    fn blanks(&mut self) {
        while let Some(b' ' | b'\t' | b'\r' | b'\n') = self.peek() {
            self.at += 1;
        }
    }

    #[inline(always)]
    fn expect(&mut self, byte: u8, wanted: &'static str) -> Result<(), BadJson> {
        if self.peek() != Some(byte) {
            return Err(self.bad(wanted));
        }
        self.at += 1;
        Ok(())
    }

    /// The members of an object whose brace is passed.
    fn members(&mut self, depth: usize, leaf: &mut impl FnMut(&[u8], Value)) -> Result<(), BadJson> {
        if depth == DEEPEST {
            return Err(self.bad("objects are nested deeper than 64"));
        }
        let prefix = self.path.len();
        self.blanks();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.blanks();
            let key = self.string()?;
            self.blanks();
            self.expect(b':', "a colon was expected after a key")?;
            self.blanks();
            if self.peek() == Some(b'{') {
                self.at += 1;
                self.push_key(key);
                self.path.push(b'.');
                self.members(depth + 1, leaf)?;
            } else {
                let value = self.value(depth)?;
                if prefix == 0 && key.kind == Kind::Text {
                    leaf(key.text(self.line), value);
                } else {
                    self.push_key(key);
                    leaf(&self.path, value);
                }
            }
            self.path.truncate(prefix);
            self.blanks();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return Err(self.bad("a comma or closing brace was expected")),
            }
        }
    }

    fn push_key(&mut self, key: Value) {
        let text = key.text(self.line);
        match key.kind {
            Kind::Escaped => self.path.extend_from_slice(unescape(text).unwrap_or_default().as_bytes()),
            _ => self.path.extend_from_slice(text),
        }
    }

    /// Any value but an object.
    fn value(&mut self, depth: usize) -> Result<Value, BadJson> {
        let begin = self.at;
        let kind = match self.peek() {
            Some(b'"') => return self.string(),
            Some(b'-' | b'0'..=b'9') => {
                self.number()?;
                Kind::Number
            }
            Some(b't') => self.word("true", Kind::Boolean)?,
            Some(b'f') => self.word("false", Kind::Boolean)?,
            Some(b'n') => self.word("null", Kind::Null)?,
            Some(b'N') => self.word("NaN", Kind::Number)?,
            Some(b'I') => self.word("Infinity", Kind::Number)?,
            Some(b'[') => {
                self.array(depth + 1)?;
                Kind::Array
            }
            _ => return Err(self.bad("a value was expected")),
        };
        Ok(Value { kind, begin, end: self.at })
    }

    fn word(&mut self, word: &str, kind: Kind) -> Result<Kind, BadJson> {
        if !self.line[self.at..].starts_with(word.as_bytes()) {
            return Err(self.bad("a value was expected"));
        }
        self.at += word.len();
        Ok(kind)
    }

    fn array(&mut self, depth: usize) -> Result<(), BadJson> {
        if depth >= DEEPEST {
            return Err(self.bad("arrays are nested deeper than 64"));
        }
        self.at += 1;
        self.blanks();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.blanks();
            if self.peek() == Some(b'{') {
                self.at += 1;
                let outer = self.path.len();
                self.members(depth, &mut |_: &[u8], _| {})?;
                self.path.truncate(outer);
            } else {
                self.value(depth)?;
            }
            self.blanks();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return Err(self.bad("a comma or closing bracket was expected")),
            }
        }
    }

    fn digits(&mut self) -> Result<(), BadJson> {
        let begin = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        if self.at == begin { Err(self.bad("a digit was expected")) } else { Ok(()) }
    }

    fn number(&mut self) -> Result<(), BadJson> {
        if self.peek() == Some(b'-') {
            self.at += 1;
            if self.peek() == Some(b'I') {
                return self.word("Infinity", Kind::Number).map(|_| ());
            }
        }
        match self.peek() {
            Some(b'0') => self.at += 1,
            _ => self.digits()?,
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    #[inline]
    fn string(&mut self) -> Result<Value, BadJson> {
        self.expect(b'"', "a string was expected")?;
        let begin = self.at;
        self.at += plain_length(&self.line[self.at..]);
        match self.peek() {
            Some(b'"') => {
                self.at += 1;
                Ok(Value { kind: Kind::Text, begin, end: self.at - 1 })
            }
            Some(b'\\') => self.escaped(begin - 1),
            Some(_) => Err(self.bad("a control character in a string")),
            None => Err(self.bad("a string is not closed")),
        }
    }

    #[cold]
    fn escaped(&mut self, begin: usize) -> Result<Value, BadJson> {
        loop {
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => self.at += 2,
                Some(_) => self.at += 1,
                None => return Err(self.bad("a string is not closed")),
            }
        }
        self.at += 1;
        match unescape(self.line.get(begin..self.at).unwrap_or_default()) {
            Some(_) => Ok(Value { kind: Kind::Escaped, begin, end: self.at }),
            None => Err(self.bad("a string has a wrong escape or a control character")),
        }
    }
}

/// How many bytes stand before the next quote, backslash or control character.
#[inline(always)]
fn plain_length(text: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let (words, rest) = text.as_chunks::<8>();
    for (i, &word) in words.iter().enumerate() {
        let x = u64::from_le_bytes(word);
        // The lowest top bit that is set is right: borrows only spoil the bytes above a true one.
        let zero = |y: u64| y.wrapping_sub(ONES) & !y;
        let found = zero(x ^ (ONES * 0x22)) | zero(x ^ (ONES * 0x5c)) | (x.wrapping_sub(ONES * 0x20) & !x);
        let found = found & (ONES * 0x80);
        if found != 0 {
            return 8 * i + found.trailing_zeros() as usize / 8;
        }
    }
    let special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..0x20);
    8 * words.len() + rest.iter().position(special).unwrap_or(rest.len())
}
