//! JSON objects (RFC 8259) of values that may be unset, written straight into bytes. What is unset is left out, and so is
//! an object without any key; a text that is empty or a lone dash, which logs write for "nothing", is unset.

use super::cell::push_integer;
use super::ndjson::push_escaped;
use std::io::Write;

/// An object that is being written. Keys are ours and need no escapes.
pub(crate) struct Object<'a> {
    out: &'a mut Vec<u8>,
    empty: bool,
}

impl<'a> Object<'a> {
    /// Writes an object, even an empty one, at the end of `out`.
    pub fn write(out: &'a mut Vec<u8>, fill: impl FnOnce(&mut Object<'_>)) {
        out.push(b'{');
        fill(&mut Object { out, empty: true });
        out.push(b'}');
    }

    /// Text that came from the input: anything may be in it. All that would act on a terminal is escaped too.
    pub fn text(&mut self, key: &str, value: Option<&str>) {
        if let Some(value) = value.filter(|value| is_set(value)) {
            self.key(key);
            quoted(value, self.out);
        }
    }

    /// Our own text (times, addresses, words), which needs no escapes.
    pub fn plain(&mut self, key: &str, value: Option<impl std::fmt::Display>) {
        if let Some(value) = value {
            self.key(key);
            // Writing into a Vec cannot fail.
            let _ = write!(self.out, "\"{value}\"");
        }
    }

    /// A whole number.
    pub fn integer<I: itoa::Integer>(&mut self, key: &str, value: Option<I>) {
        if let Some(value) = value {
            self.key(key);
            push_integer(value, self.out);
        }
    }

    /// A number; one that is not finite is unset.
    pub fn number(&mut self, key: &str, value: Option<f64>) {
        if let Some(value) = value.filter(|value| value.is_finite()) {
            self.key(key);
            self.out.extend_from_slice(ryu::Buffer::new().format_finite(value).as_bytes());
        }
    }

    /// Digits that are a number already.
    pub fn digits(&mut self, key: &str, write: impl FnOnce(&mut Vec<u8>)) {
        self.key(key);
        write(self.out);
    }

    /// True or false.
    pub fn truth(&mut self, key: &str, value: Option<bool>) {
        if let Some(value) = value {
            self.key(key);
            self.out.extend_from_slice(if value { b"true" } else { b"false" });
        }
    }

    /// A list of texts of the input; an empty one is unset.
    pub fn texts<'t>(&mut self, key: &str, values: impl IntoIterator<Item = &'t str>) {
        let mut values = values.into_iter().filter(|value| is_set(value)).peekable();
        if values.peek().is_none() {
            return;
        }
        self.key(key);
        self.out.push(b'[');
        for (at, value) in values.enumerate() {
            if at > 0 {
                self.out.push(b',');
            }
            quoted(value, self.out);
        }
        self.out.push(b']');
    }

    /// An object in the object; one without keys is left out.
    pub fn object(&mut self, key: &str, fill: impl FnOnce(&mut Object<'_>)) {
        let (start, was_empty) = (self.out.len(), self.empty);
        self.key(key);
        self.out.push(b'{');
        let mut inner = Object { out: &mut *self.out, empty: true };
        fill(&mut inner);
        if inner.empty {
            self.out.truncate(start);
            self.empty = was_empty;
        } else {
            self.out.push(b'}');
        }
    }

    fn key(&mut self, key: &str) {
        if !self.empty {
            self.out.push(b',');
        }
        self.empty = false;
        self.out.push(b'"');
        self.out.extend_from_slice(key.as_bytes());
        self.out.extend_from_slice(b"\":");
    }
}

fn is_set(value: &str) -> bool {
    !matches!(value, "" | "-")
}

fn quoted(value: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    push_escaped(value, true, out);
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_unset_is_left_out_at_any_depth() {
        let mut out = Vec::new();
        Object::write(&mut out, |o| {
            o.object("gone", |o| o.object("deeper", |o| o.text("dash", Some("-"))));
            o.text("empty", Some(""));
            o.number("nan", Some(f64::NAN));
            o.texts("none", ["", "-"]);
            o.object("kept", |o| o.integer("n", Some(-3_i64)));
            o.object("gone", |_| {});
            o.truth("t", Some(false));
            o.texts("some", ["a", "", "\u{202e}\"\n"]);
            o.plain("p", Some(std::net::Ipv4Addr::LOCALHOST));
            o.plain("q", None::<&str>);
            o.number("x", Some(1e16));
        });
        let text = String::from_utf8(out).unwrap();
        let wanted = r#"{"kept":{"n":-3},"t":false,"some":["a","\u202e\"\n"],"p":"127.0.0.1","x":1e16}"#;
        assert_eq!(text, wanted);
        assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok());
        let mut out = Vec::new();
        Object::write(&mut out, |o| o.object("gone", |_| {}));
        assert_eq!(out, b"{}");
    }
}
