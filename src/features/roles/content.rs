//! What a column's values say. A [`Content`] is computed once per column of the sample.

use crate::Result;
use crate::features::numbers::{self, Numbers};
use crate::features::texts;
use arrow_array::Array;
use foldhash::fast::RandomState;
use std::collections::HashMap;

/// Distinct texts beyond which a column is no longer looked at text by text.
const LOOK_AT: usize = 2_000;

/// A numeric column's values, or a text column's values, and what they have in common.
pub enum Content {
    /// No value in the sample.
    Empty,
    Numbers(NumberContent),
    Texts(TextContent),
}

impl Content {
    /// Reads a column; `None` for types that hold neither numbers nor text.
    pub fn of(array: &dyn Array) -> Result<Option<Self>> {
        if numbers::is_number(array.data_type()) {
            let reader = Numbers::new(array)?;
            let mut values = vec![0.0; array.len()];
            reader.read(0, &mut values);
            values.retain(|value| value.is_finite());
            return Ok(Some(if values.is_empty() { Self::Empty } else { Self::Numbers(NumberContent::new(values)) }));
        }
        if texts::is_text(array.data_type()) {
            let content = TextContent::new(array)?;
            return Ok(Some(if content.n_values == 0 { Self::Empty } else { Self::Texts(content) }));
        }
        Ok(None)
    }
}

/// The finite values of a numeric column, in row order, and sorted without repeats.
pub struct NumberContent {
    values: Vec<f64>,
    distinct: Vec<f64>,
}

impl NumberContent {
    pub fn new(values: Vec<f64>) -> Self {
        let mut distinct = values.clone();
        distinct.sort_unstable_by(f64::total_cmp);
        distinct.dedup();
        Self { values, distinct }
    }

    pub fn n_distinct(&self) -> usize {
        self.distinct.len()
    }

    fn least(&self) -> f64 {
        self.distinct.first().copied().unwrap_or(f64::NAN)
    }

    fn greatest(&self) -> f64 {
        self.distinct.last().copied().unwrap_or(f64::NAN)
    }

    pub fn are_integers_within(&self, least: f64, greatest: f64) -> bool {
        self.least() >= least && self.greatest() <= greatest && self.distinct.iter().all(|v| v.fract() == 0.0)
    }

    /// Whether each value exceeds the one before: what a row counter does, and chance does not with 50 rows or more.
    pub fn counts_up(&self) -> bool {
        self.values.len() >= 50
            && self.distinct.iter().all(|v| v.fract() == 0.0)
            && self.values.windows(2).all(|pair| matches!(pair, [a, b] if a < b))
    }

    /// The unit in which every value is a time between 1990 and 2100 since 1970, if there is one. A few zeros (unset
    /// times) are allowed.
    pub fn epoch_unit(&self) -> Option<&'static str> {
        const FROM_1990: f64 = 631_152_000.0;
        const TO_2100: f64 = 4_102_444_800.0;
        [("s", 1.0), ("ms", 1e3), ("µs", 1e6), ("ns", 1e9)].into_iter().find_map(|(unit, scale)| {
            let within = |v: &&f64| **v >= FROM_1990 * scale && **v < TO_2100 * scale;
            let inside = self.values.iter().filter(within).count();
            let others_unset = self.values.iter().all(|v| within(&v) || *v == 0.0);
            (others_unset && inside * 100 >= self.values.len() * 95).then_some(unit)
        })
    }

    /// Whether the values look like a clock even without a name that says so: they rise with the rows, or are mostly
    /// distinct and lie close together (a year of a present-day clock is 2 % of its value).
    pub fn runs_like_a_clock(&self) -> bool {
        let n = self.values.len();
        let positive_least = self.distinct.iter().copied().find(|v| *v > 0.0).unwrap_or(f64::NAN);
        let close = self.greatest() <= positive_least * 1.05;
        n >= 20 && (self.rises() && self.n_distinct() * 10 >= n || close && self.n_distinct() * 2 >= n)
    }

    /// Whether the values rise with the rows, or stay, in 95 of 100 steps.
    pub fn rises(&self) -> bool {
        let steps = self.values.len().saturating_sub(1);
        let up = self.values.windows(2).filter(|pair| matches!(pair, [a, b] if a <= b)).count();
        steps >= 19 && self.n_distinct() > 2 && up * 100 >= steps * 95
    }
}

/// The distinct texts of a column and how often each occurs.
pub struct TextContent {
    pub n_values: usize,
    pub n_distinct: usize,
    /// At most [`LOOK_AT`] of the distinct texts, those that come first.
    looked_at: Vec<String>,
}

impl TextContent {
    fn new(array: &dyn Array) -> Result<Self> {
        let mut counts: HashMap<String, u64, RandomState> = HashMap::default();
        let (mut n_values, mut looked_at) = (0, Vec::new());
        texts::visit(array, 0..array.len(), |_, text| {
            let Some(text) = text else { return };
            n_values += 1;
            if let Some(count) = counts.get_mut(text) {
                *count += 1;
                return;
            }
            counts.insert(text.to_owned(), 1);
            if looked_at.len() < LOOK_AT {
                looked_at.push(text.to_owned());
            }
        })?;
        Ok(Self { n_values, n_distinct: counts.len(), looked_at })
    }

    /// Whether `holds` is true of 95 of 100 of the distinct texts looked at.
    pub fn mostly(&self, holds: impl Fn(&str) -> bool) -> bool {
        let yes = self.looked_at.iter().filter(|text| holds(text)).count();
        !self.looked_at.is_empty() && yes * 100 >= self.looked_at.len() * 95
    }

    /// Many texts, hardly one of which occurs twice.
    pub fn is_mostly_distinct(&self) -> bool {
        self.n_values >= 50 && self.n_distinct * 2 > self.n_values
    }

    /// A value that only a label has: `benign`, `malicious`; `normal` beside an attack's name, or where the column's name
    /// lets expect a label.
    pub fn judgement(&self, normal_suffices: bool) -> Option<&str> {
        let find = |list: &str| self.looked_at.iter().find(|text| holds_word(list, text)).map(String::as_str);
        let normal = find("normal background");
        let judged = normal.filter(|_| normal_suffices).or_else(|| normal.and_then(|_| find(ATTACKS)));
        find("benign malicious").or(judged)
    }

    /// Numbers written as text, seen as numbers.
    pub fn as_numbers(&self) -> NumberContent {
        NumberContent::new(self.looked_at.iter().map(|t| numbers::parse(t)).filter(|v| v.is_finite()).collect())
    }
}

/// Attacks as the labelled tables name them (KDD, UNSW-NB15, CIC-IDS, TON_IoT, BoT-IoT).
const ATTACKS: &str = "dos ddos probe r2l u2r neptune smurf satan ipsweep portsweep nmap back teardrop warezclient guess_passwd \
    exploits exploit fuzzers generic reconnaissance backdoor shellcode worms analysis scanning injection xss password mitm ransomware \
    portscan bot botnet bruteforce infiltration heartbleed theft attack anomaly";

fn holds_word(list: &str, text: &str) -> bool {
    let text = text.trim_end_matches('.');
    list.split(' ').any(|word| word.eq_ignore_ascii_case(text))
}

/// IPv4, IPv6 (with or without a zone), MAC; alone, in brackets, or with a port.
pub fn is_address(text: &str) -> bool {
    let text = text.split_once('%').map_or(text, |(address, _zone)| address);
    text.parse::<std::net::IpAddr>().is_ok() || text.parse::<std::net::SocketAddr>().is_ok() || is_mac(text)
}

fn is_mac(text: &str) -> bool {
    let groups = |separator: char| {
        text.split(separator).count() == 6
            && text.split(separator).all(|g| matches!(g.len(), 1 | 2) && g.bytes().all(|b| b.is_ascii_hexdigit()))
    };
    groups(':') || groups('-')
}

/// Dates and times of day as logs write them: ISO 8601, Argus' `2019/04/04 16:23:00.325`, CICFlowMeter's `5/7/2017 8:42`,
/// a time of day alone.
pub fn is_date_or_time(text: &str) -> bool {
    let (date, time) = text.split_once(['T', ' ']).map_or((text, None), |(date, time)| (date, Some(time.trim_start())));
    let is_time = |t: &str| {
        let mut parts = t.splitn(3, ':');
        let number =
            |p: Option<&str>| p.is_some_and(|p| matches!(p.len(), 1 | 2) && p.bytes().all(|b| b.is_ascii_digit()));
        number(parts.next())
            && parts
                .next()
                .is_some_and(|m| m.get(..2).or(m.get(..1)).is_some_and(|m| m.bytes().all(|b| b.is_ascii_digit())))
    };
    let is_date = |d: &str| {
        let digits = |p: &str| (1..=4).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_digit());
        ['-', '/'].into_iter().any(|s| d.split(s).count() == 3 && d.split(s).all(digits) && d.len() >= 8)
    };
    match time {
        Some(time) => is_date(date) && is_time(time),
        None => is_date(date) || (date.contains(':') && is_time(date) && !is_address(date)),
    }
}

/// Long words of hexadecimal or base-64 characters with digits among them: digests, Zeek's uids, community ids.
pub fn is_hash(text: &str) -> bool {
    let hex = text.len() >= 16 && text.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    let uid = (16..=22).contains(&text.len())
        && text.starts_with(['C', 'F'])
        && text.bytes().all(|b| b.is_ascii_alphanumeric());
    let community = text.starts_with("1:") && text.len() >= 28;
    (hex || uid || community) && text.bytes().any(|b| b.is_ascii_digit())
}

/// Sentences: texts of four words and more.
pub fn is_prose(text: &str) -> bool {
    text.split_whitespace().count() >= 4
}
