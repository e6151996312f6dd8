//! Lines of the Common Event Format, version 0 (ArcSight, "Implementing ArcSight Common Event Format", version 25):
//! `CEF:0|vendor|product|version|class|name|severity|key=value key=value`.
//!
//! In the header `\` and `|` are escaped, in values `\`, `=` and line ends. Whatever else acts on a terminal is spelled out
//! (`\x1b`), so that a line is a line and shows as it is. What is unset is left out. Texts are cut, between characters, to the
//! bytes that their key may have.

use super::cell::push_integer;
use super::guard::acts;
use std::io::Write;

/// The seven fields of the header, the version of the format aside.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CefHeader<'a> {
    /// Who made what tells it, at most 63 bytes.
    pub vendor: &'a str,
    /// What tells it, at most 63 bytes.
    pub product: &'a str,
    /// Its version, at most 31 bytes.
    pub version: &'a str,
    /// The kind of event, at most 1,023 bytes.
    pub class: &'a str,
    /// What happened, at most 512 bytes.
    pub name: &'a str,
    /// 0 to 10.
    pub severity: u8,
}

/// A line that is being written.
pub(crate) struct CefLine<'a> {
    out: &'a mut Vec<u8>,
}

impl<'a> CefLine<'a> {
    /// Writes a line and its end at the end of `out`.
    pub fn write(out: &'a mut Vec<u8>, header: &CefHeader<'_>, fill: impl FnOnce(&mut CefLine<'_>)) {
        out.extend_from_slice(b"CEF:0|");
        let parts = [
            (header.vendor, 63),
            (header.product, 63),
            (header.version, 31),
            (header.class, 1_023),
            (header.name, 512),
        ];
        for (text, limit) in parts {
            escaped(text, limit, Place::Header, out);
            out.push(b'|');
        }
        push_integer(header.severity.min(10), out);
        out.push(b'|');
        let start = out.len();
        fill(&mut CefLine { out });
        // Pairs are written with a blank behind them.
        if out.len() > start {
            out.pop();
        }
        out.push(b'\n');
    }

    /// Text of at most `limit` bytes.
    pub fn text(&mut self, key: &str, value: Option<&str>, limit: usize) {
        let Some(value) = value.map(str::trim).filter(|value| !matches!(*value, "" | "-")) else { return };
        self.key(key);
        escaped(value, limit, Place::Value, self.out);
        self.out.push(b' ');
    }

    /// Our own text (addresses, words), without anything to escape.
    pub fn plain(&mut self, key: &str, value: Option<impl std::fmt::Display>) {
        if let Some(value) = value {
            self.key(key);
            // Writing into a Vec cannot fail.
            let _ = write!(self.out, "{value} ");
        }
    }

    /// A whole number.
    pub fn integer<I: itoa::Integer>(&mut self, key: &str, value: Option<I>) {
        if let Some(value) = value {
            self.key(key);
            push_integer(value, self.out);
            self.out.push(b' ');
        }
    }

    /// A number; one that is not finite is unset.
    pub fn number(&mut self, key: &str, value: Option<f64>) {
        if let Some(value) = value.filter(|value| value.is_finite()) {
            self.key(key);
            self.out.extend_from_slice(ryu::Buffer::new().format_finite(value).as_bytes());
            self.out.push(b' ');
        }
    }

    fn key(&mut self, key: &str) {
        self.out.extend_from_slice(key.as_bytes());
        self.out.push(b'=');
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Place {
    Header,
    Value,
}

/// Writes `text`, cut so that who reads it back has at most `limit` bytes.
fn escaped(text: &str, limit: usize, place: Place, out: &mut Vec<u8>) {
    let mut left = limit;
    for c in text.chars() {
        let mut buffer = [0; 12];
        let (written, read): (&[u8], usize) = match (c, place) {
            ('\\', _) => (b"\\\\", 1),
            ('|', Place::Header) => (b"\\|", 1),
            ('=', Place::Value) => (b"\\=", 1),
            ('\n', Place::Value) => (b"\\n", 1),
            ('\r', Place::Value) => (b"\\r", 1),
            // A line end cannot be in a header at all.
            ('\n' | '\r', Place::Header) => (b" ", 1),
            (c, _) if acts(c) => {
                let spelled = spelled_out(c, &mut buffer);
                (spelled, spelled.len() - 1)
            }
            (c, _) => (c.encode_utf8(&mut buffer).as_bytes(), c.len_utf8()),
        };
        if read > left {
            return;
        }
        left -= read;
        out.extend_from_slice(written);
    }
}

/// `\\x1b`, `\\u{202e}`: the backslash is escaped as any other.
fn spelled_out(c: char, buffer: &mut [u8; 12]) -> &[u8] {
    let mut rest = &mut buffer[..];
    let code = u32::from(c);
    // The longest, `\\u{e007f}`, has ten bytes.
    let _ = if c.is_ascii() { write!(rest, "\\\\x{code:02x}") } else { write!(rest, "\\\\u{{{code:x}}}") };
    let unused = rest.len();
    buffer.get(..12 - unused).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: CefHeader<'_> =
        CefHeader { vendor: "a|b", product: "c\\d", version: "1\n2", class: "x=y", name: "n", severity: 200 };

    #[test]
    fn what_has_a_meaning_is_escaped_where_it_has_it() {
        let mut out = Vec::new();
        CefLine::write(&mut out, &HEADER, |line| {
            line.text("msg", Some("a=b|c\\d\r\ne\x1b[2J\u{202e}"), 1_023);
            line.text("gone", Some(" - "), 10);
            line.integer("n", Some(-1_i64));
            line.number("nan", Some(f64::INFINITY));
        });
        let wanted = "CEF:0|a\\|b|c\\\\d|1 2|x=y|n|10|msg=a\\=b|c\\\\d\\r\\ne\\\\x1b[2J\\\\u{202e} n=-1\n";
        assert_eq!(String::from_utf8(out).unwrap(), wanted);
    }

    #[test]
    fn texts_are_cut_between_characters() {
        let cut = |text: &str, limit| {
            let mut out = Vec::new();
            escaped(text, limit, Place::Value, &mut out);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(cut("añb", 2), "a");
        assert_eq!(cut("añb", 3), "añ");
        assert_eq!(cut("====", 3), "\\=\\=\\=");
        assert_eq!(cut("a\x1bb", 4), "a");
        assert_eq!(cut("a\x1bb", 5), "a\\\\x1b");
        assert_eq!(cut("\u{e007f}", 9), "\\\\u{e007f}");
        assert_eq!(cut("\u{e007f}", 8), "");
    }

    #[test]
    fn a_line_without_values_is_a_line() {
        let mut out = Vec::new();
        CefLine::write(&mut out, &CefHeader { vendor: "v", ..HEADER }, |_| {});
        assert!(out.ends_with(b"|10|\n"));
    }
}
