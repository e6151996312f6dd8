//! A reader of CEF written from its specification, with the types and lengths of its dictionary: it shares nothing with the
//! writer.

use std::collections::BTreeMap;

/// A line as a reader has it.
pub struct Line {
    pub version: u32,
    /// Vendor, product, version, class, name, severity.
    pub header: [String; 6],
    pub values: BTreeMap<String, String>,
}

/// Reads a line without its end; panics at whatever the format does not allow.
pub fn read(line: &str) -> Line {
    let rest = line.strip_prefix("CEF:").unwrap_or_else(|| panic!("no CEF: {line}"));
    let mut fields = vec![String::new()];
    let mut chars = rest.char_indices();
    let mut extension = None;
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => {
                let (_, escaped) = chars.next().expect("a backslash at the end");
                assert!(matches!(escaped, '\\' | '|'), "\\{escaped} in the header of {line}");
                fields.last_mut().unwrap().push(escaped);
            }
            '|' if fields.len() == 7 => {
                extension = Some(&rest[at + 1..]);
                break;
            }
            '|' => fields.push(String::new()),
            c => fields.last_mut().unwrap().push(c),
        }
    }
    let values = extension_of(extension.unwrap_or_else(|| panic!("no seven fields: {line}")));
    let version = fields.remove(0).parse().expect("the version is a number");
    Line { version, header: fields.try_into().unwrap(), values }
}

/// `key=value key=value`: a value goes on to the last blank before the next key.
fn extension_of(text: &str) -> BTreeMap<String, String> {
    let bytes = text.as_bytes();
    let mut equals = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 1,
            b'=' => equals.push(at),
            _ => {}
        }
        at += 1;
    }
    let key_start = |equal: usize| text[..equal].rfind(' ').map_or(0, |blank| blank + 1);
    let mut values = BTreeMap::new();
    for (n, &equal) in equals.iter().enumerate() {
        let key = &text[key_start(equal)..equal];
        assert!(!key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric()), "key {key:?} in {text}");
        let end = equals.get(n + 1).map_or(text.len(), |&next| key_start(next).saturating_sub(1));
        let value = unescaped(&text[equal + 1..end]);
        assert!(!value.is_empty() && value != "-", "{key} is empty in {text}");
        assert!(values.insert(key.to_owned(), value).is_none(), "{key} twice in {text}");
    }
    assert!(equals.first().is_none_or(|&first| key_start(first) == 0), "something before the first key: {text}");
    values
}

fn unescaped(value: &str) -> String {
    let mut out = String::new();
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => out.push(match chars.next() {
                Some('\\') => '\\',
                Some('=') => '=',
                Some('n') => '\n',
                Some('r') => '\r',
                other => panic!("\\{other:?} in {value}"),
            }),
            '=' => panic!("a bare = in {value}"),
            c => out.push(c),
        }
    }
    out
}

/// What a key's values are.
enum Type {
    /// At most so many bytes.
    Text(usize),
    /// 32 bits.
    Integer,
    /// 64 bits.
    Long,
    Float,
    /// ms since 1970.
    Time,
    V4,
    V6,
    Mac,
    Port,
}

fn type_of(key: &str) -> Type {
    if let Some(labelled) = key.strip_suffix("Label") {
        assert!(matches!(&labelled[..2], "cn" | "cs" | "cf" | "c6"), "{key}");
        return Type::Text(1_023);
    }
    match key {
        "rt" | "start" | "end" => Type::Time,
        "src" | "dst" => Type::V4,
        "c6a2" | "c6a3" => Type::V6,
        "smac" | "dmac" => Type::Mac,
        "shost" | "dhost" | "reason" | "cat" => Type::Text(1_023),
        "spt" | "dpt" => Type::Port,
        "proto" | "app" => Type::Text(31),
        "in" | "out" | "cnt" | "deviceDirection" => Type::Integer,
        "externalId" => Type::Text(40),
        "dvchost" => Type::Text(100),
        "cfp1" | "cfp2" | "cfp3" => Type::Float,
        "cn1" | "cn2" | "cn3" => Type::Long,
        "cs1" | "cs2" | "cs3" | "cs4" | "cs5" | "cs6" => Type::Text(4_000),
        other => panic!("{other} is no key that is known"),
    }
}

/// Checks a line against the format and the dictionary.
pub fn checked(line: &str) -> Line {
    assert!(!line.contains(char::is_control), "{line:?}");
    let read = read(line);
    assert_eq!(read.version, 0);
    let limits = [63, 63, 31, 1_023, 512, 2];
    for (field, limit) in read.header.iter().zip(limits) {
        assert!(!field.is_empty() && field.len() <= limit, "{field}");
    }
    assert_eq!(read.header[..2], ["oddflow", "oddflow"]);
    assert!(read.header[3].starts_with("oddflow-"), "{line}");
    assert!((0..=10).contains(&read.header[5].parse::<u8>().unwrap()), "{line}");
    for (key, value) in &read.values {
        let fits = match type_of(key) {
            Type::Text(limit) => value.len() <= limit,
            Type::Integer => value.parse::<i32>().is_ok_and(|n| n >= 0),
            Type::Long => value.parse::<i64>().is_ok_and(|n| n >= 0),
            Type::Float => value.parse::<f64>().is_ok_and(f64::is_finite),
            Type::Time => value.parse::<i64>().is_ok_and(|n| n < 253_402_300_800_000),
            Type::V4 => value.parse::<std::net::Ipv4Addr>().is_ok(),
            Type::V6 => value.parse::<std::net::Ipv6Addr>().is_ok(),
            Type::Mac => value.len() == 17 && value.bytes().all(|b| b.is_ascii_hexdigit() || b == b':'),
            Type::Port => value.parse::<u16>().is_ok(),
        };
        assert!(fits, "{key}={value} in {line}");
        if let Some(labelled) = key.strip_suffix("Label") {
            assert!(read.values.contains_key(labelled), "{key} without a value: {line}");
        }
    }
    for key in ["rt", "cnt", "externalId", "cat", "cfp1", "cfp2", "cfp3", "cn1", "cs1", "cs6"] {
        assert!(read.values.contains_key(key), "{key} in {line}");
    }
    let custom =
        read.values.keys().filter(|key| !key.ends_with("Label") && ["cn", "cs", "cf", "c6"].contains(&&key[..2]));
    for key in custom.filter(|key| key.as_str() != "cnt") {
        assert!(read.values.contains_key(&format!("{key}Label")), "{key} has no label: {line}");
    }
    assert_eq!(read.header[4] == "Odd network flow", read.values["cat"] == "alert", "{line}");
    let severity: f64 = read.values["cfp2"].parse().unwrap();
    assert_eq!(read.header[5], (10.0 * severity).round().to_string(), "{line}");
    if read.values.get("proto").is_some_and(|proto| proto.starts_with("ICMP")) {
        assert!(!read.values.contains_key("spt") && !read.values.contains_key("dpt"), "{line}");
    }
    assert!(read.values.contains_key("reason") || read.values["cat"] == "event", "{line}");
    read
}
