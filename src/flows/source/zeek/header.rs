//! The lines of a Zeek log that begin with `#`.

use crate::flows::source::csv::names::unique;
use crate::flows::source::text::columns::instant_type;
use crate::flows::source::text::encoding::readable;
use arrow_schema::DataType;

/// IoT-23's labels stand in the last field, so parted.
const INNER: &str = "   ";
/// Columns that a log may have.
const MOST_COLUMNS: usize = 10_000;

/// What the header lines so far say.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Header {
    /// The byte between fields.
    pub separator: u8,
    /// What stands for an empty value, and for one that is not set.
    pub empty: Vec<u8>,
    pub unset: Vec<u8>,
    /// Which log it is: `conn`. Empty where no line said so.
    pub path: String,
    /// The columns, by unique name.
    pub columns: Vec<(String, DataType)>,
    /// How many columns stand in each field: 1, but for IoT-23's last.
    pub widths: Vec<usize>,
}

impl Default for Header {
    fn default() -> Self {
        Self {
            separator: b'\t',
            empty: b"(empty)".to_vec(),
            unset: b"-".to_vec(),
            path: String::new(),
            columns: Vec::new(),
            widths: Vec::new(),
        }
    }
}

impl Header {
    /// Whether a line changes how others are read, unlike `#open`, `#close` and comments.
    pub fn matters(line: &[u8]) -> bool {
        let keys: [&[u8]; 6] = [b"#separator", b"#empty_field", b"#unset_field", b"#path", b"#fields", b"#types"];
        keys.iter().any(|key| line.starts_with(key))
    }

    /// Takes in a line that begins with `#`, without its line end. The error is why the log cannot be read.
    pub fn read(&mut self, line: &[u8]) -> Result<(), String> {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if let Some(value) = line.strip_prefix(b"#separator") {
            let value = readable(value);
            self.separator = separator(value.trim_start_matches([' ', '\t'])).ok_or_else(|| {
                format!("its #separator is {:?}; a single byte is read, as in \"\\x09\"", value.trim())
            })?;
            return Ok(());
        }
        let separator = self.separator;
        let mut fields = line.split(|byte| *byte == separator);
        let key = fields.next().unwrap_or_default();
        match key {
            b"#empty_field" => self.empty = fields.next().unwrap_or_default().to_vec(),
            b"#unset_field" => self.unset = fields.next().unwrap_or_default().to_vec(),
            b"#path" => self.path = readable(fields.next().unwrap_or_default()).trim().to_owned(),
            b"#fields" => self.name(fields)?,
            b"#types" => self.set_types(fields),
            _ => {}
        }
        Ok(())
    }

    fn name<'a>(&mut self, fields: impl Iterator<Item = &'a [u8]>) -> Result<(), String> {
        let fields: Vec<String> = fields.take(MOST_COLUMNS + 1).map(readable).collect();
        self.widths = fields.iter().map(|field| field.split(INNER).count()).collect();
        let names: Vec<String> = fields.iter().flat_map(|field| field.split(INNER)).map(str::to_owned).collect();
        if names.len() > MOST_COLUMNS {
            return Err(format!("its #fields line names more than {MOST_COLUMNS} columns"));
        }
        self.columns = unique(&names).into_iter().map(|name| (name.clone(), type_of_name(&name))).collect();
        Ok(())
    }

    fn set_types<'a>(&mut self, fields: impl Iterator<Item = &'a [u8]>) {
        let fields: Vec<String> = fields.map(readable).collect();
        let types = fields.iter().flat_map(|field| field.split(INNER));
        for ((_, data_type), word) in self.columns.iter_mut().zip(types) {
            *data_type = type_of(word.trim());
        }
    }

    /// Columns that a line without its line end has.
    pub fn count(&self, line: &[u8]) -> usize {
        let inner = |(i, field): (usize, &[u8])| match self.widths.get(i) {
            Some(2..) => memchr::memmem::find_iter(field, INNER.as_bytes()).count() + 1,
            _ => 1,
        };
        line.split(|byte| *byte == self.separator).enumerate().map(inner).sum()
    }

    /// For each column, how many stand in its field if it is the first there, else 1.
    pub fn inner(&self) -> Vec<usize> {
        self.widths.iter().flat_map(|&width| std::iter::once(width).chain(std::iter::repeat_n(1, width - 1))).collect()
    }

    /// Calls `column` with the places (from, past) of the columns that stand in one field, `from..past`.
    pub fn part(line: &[u8], from: usize, past: usize, mut column: impl FnMut(usize, usize)) {
        let field = line.get(from..past).unwrap_or_default();
        let mut begin = from;
        for at in memchr::memmem::find_iter(field, INNER.as_bytes()) {
            column(begin, from + at);
            begin = from + at + INNER.len();
        }
        column(begin, past);
    }
}

/// `\x09`, or the byte itself.
fn separator(text: &str) -> Option<u8> {
    match text.strip_prefix("\\x") {
        Some(digits) => u8::from_str_radix(digits.trim(), 16).ok(),
        None => match text.as_bytes() {
            [] => Some(b'\t'),
            [byte] => Some(*byte),
            _ => None,
        },
    }
    .filter(|byte| !matches!(byte, b'\n' | b'\r' | b'#'))
}

/// What Zeek's types are read as. Sets and vectors stay the text that they are.
fn type_of(word: &str) -> DataType {
    match word {
        "time" => instant_type(),
        "interval" | "double" => DataType::Float64,
        "count" | "int" | "port" => DataType::Int64,
        "bool" => DataType::Boolean,
        _ => DataType::Utf8,
    }
}

/// The same where a log has no `#types`.
fn type_of_name(name: &str) -> DataType {
    match name {
        "ts" => type_of("time"),
        "duration" => type_of("interval"),
        "id.orig_p" | "id.resp_p" | "orig_bytes" | "resp_bytes" | "missed_bytes" | "orig_pkts" | "orig_ip_bytes"
        | "resp_pkts" | "resp_ip_bytes" => type_of("count"),
        "local_orig" | "local_resp" => type_of("bool"),
        _ => DataType::Utf8,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators_are_single_bytes() {
        assert_eq!(separator("\\x09"), Some(b'\t'));
        assert_eq!(separator("\\x2c"), Some(b','));
        assert_eq!(separator(","), Some(b','));
        assert_eq!(separator("\\x0a"), None);
        assert_eq!(separator("ab"), None);
        let mut header = Header::default();
        assert!(header.read(b"#separator  \xff\xfe").unwrap_err().contains("#separator"));
    }

    #[test]
    fn labels_in_one_field_are_columns_of_their_own() {
        let mut header = Header::default();
        header.read(b"#fields\tts\ttunnel_parents   label   detailed-label").unwrap();
        header.read(b"#types\ttime\tset[string]   string   string").unwrap();
        let names: Vec<_> = header.columns.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["ts", "tunnel_parents", "label", "detailed-label"]);
        assert_eq!(header.columns[0].1, instant_type());
        assert_eq!(header.count(b"1.5\t-   Malicious   DDoS"), 4);
        assert_eq!(header.count(b"1.5   0\t-"), 2);
    }
}
