//! Just enough of a Zeek reader to test on real days; the engine has its own.

use super::made::{Made, made};
use crate::detectors::{Detector, IsolationForest, IsolationForestParams, Severity};
use crate::device::Device;
use crate::features::math::{ln, ln_1p};
use crate::flows::record::{Marks, StateGroup};
use ndarray::Array2;
use std::collections::HashMap;
use std::io::Read;
use std::path::PathBuf;

/// The folder of real files, where there is one.
pub fn shared(path: &str) -> Option<PathBuf> {
    Some(PathBuf::from(std::env::var_os("ODDFLOW_SHARED")?).join(path))
}

struct Record {
    uid: String,
    open: bool,
    label: Option<bool>,
    /// `DDoS`; `-` of benign ones.
    kind: Option<String>,
    row: Made,
}

/// The day of an internet-facing host, superseded snapshots dropped, in the order of its files.
pub fn rita_day() -> Option<Vec<Made>> {
    let folder = shared("data/zeek/rita-day")?;
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    files.sort();
    let mut records = Vec::new();
    for file in files {
        let open = file.file_name().unwrap().to_string_lossy().starts_with("open_conn");
        let mut text = String::new();
        let bytes = std::fs::File::open(&file).unwrap();
        flate2::read::MultiGzDecoder::new(bytes).read_to_string(&mut text).unwrap();
        records.extend(parse(&text, open));
    }
    assert_eq!(records.len(), 31_391);
    let mut last: HashMap<String, usize> = HashMap::new();
    for (at, record) in records.iter().enumerate() {
        match last.get(&record.uid) {
            Some(&before) if !records[before].open => {}
            _ => drop(last.insert(record.uid.clone(), at)),
        }
    }
    let rows: Vec<Made> = records
        .iter()
        .enumerate()
        .filter(|(at, record)| last[&record.uid] == *at)
        .map(|(_, record)| record.row.clone())
        .collect();
    assert_eq!(rows.len(), 31_368);
    Some(rows)
}

/// IoT-23 34-1 and whether each row is malicious.
pub fn iot() -> Option<(Vec<Made>, Vec<bool>)> {
    let file = shared("data/zeek/labelled/CTU-IoT-Malware-Capture-34-1.conn.log.labeled")?;
    let records = parse(&std::fs::read_to_string(file).unwrap(), false);
    let labels = records.iter().map(|r| r.label.unwrap()).collect();
    Some((records.into_iter().map(|r| r.row).collect(), labels))
}

/// IoT-23 34-1 and what kind of traffic each row is.
pub fn iot_kinds() -> Option<(Vec<Made>, Vec<String>)> {
    let file = shared("data/zeek/labelled/CTU-IoT-Malware-Capture-34-1.conn.log.labeled")?;
    let records = parse(&std::fs::read_to_string(file).unwrap(), false);
    Some(records.into_iter().map(|r| (r.row, r.kind.unwrap())).unzip())
}

fn parse(text: &str, open: bool) -> Vec<Record> {
    let mut names: Vec<&str> = Vec::new();
    let mut records = Vec::new();
    for line in text.lines() {
        if let Some(fields) = line.strip_prefix("#fields\t") {
            names = fields.split('\t').map(|name| name.split("   ").next().unwrap()).collect();
        } else if !line.starts_with('#') {
            let cells: Vec<&str> = line.split('\t').collect();
            let of = |name: &str| {
                let at = names.iter().position(|n| *n == name)?;
                Some(cells[at]).filter(|cell| *cell != "-")
            };
            let label = cells.last().unwrap().split("   ").nth(1).map(|label| label != "Benign");
            let kind = cells.last().unwrap().split("   ").nth(2).map(str::to_owned);
            let mut row = row(&of);
            if open {
                row.marks = row.marks.with(Marks::STILL_OPEN);
            }
            records.push(Record { uid: of("uid").unwrap().to_owned(), open, label, kind, row });
        }
    }
    records
}

fn row<'a>(of: &dyn Fn(&str) -> Option<&'a str>) -> Made {
    let seconds = |name| of(name).map(|text| (text.parse::<f64>().unwrap() * 1e6).round() as i64);
    let number = |name| of(name).map(|text| text.parse::<u64>().unwrap());
    let port = |name| of(name).unwrap().parse::<u16>().unwrap();
    let icmp = of("proto") == Some("icmp");
    let claimed = (number("orig_bytes").unwrap_or(0), number("resp_bytes").unwrap_or(0));
    let seen = (number("orig_ip_bytes").unwrap_or(0), number("resp_ip_bytes").unwrap_or(0));
    let mut marks = Marks::none();
    for (name, mark) in [("local_orig", Marks::LOCAL_SOURCE), ("local_resp", Marks::LOCAL_DESTINATION)] {
        if let Some(value) = of(name) {
            marks = marks.with(Marks::LOCALITY_KNOWN);
            if value == "T" {
                marks = marks.with(mark);
            }
        }
    }
    if number("missed_bytes").unwrap_or(0) > 0 {
        marks = marks.with(Marks::CAPTURE_GAP);
    }
    Made {
        start: seconds("ts"),
        duration: seconds("duration").unwrap_or(0),
        source_text: of("id.orig_h").map(str::to_owned),
        destination_text: of("id.resp_h").map(str::to_owned),
        protocol: match of("proto").unwrap() {
            "tcp" => 6,
            "udp" => 17,
            _ => 1,
        },
        port: (!icmp).then(|| port("id.resp_p")),
        icmp: icmp.then(|| (port("id.orig_p") as u8, port("id.resp_p") as u8)),
        service: of("service").map(str::to_owned),
        state: match of("conn_state").unwrap() {
            "S1" | "S2" | "S3" | "SF" => StateGroup::Established,
            "REJ" => StateGroup::Refused,
            "S0" => StateGroup::NoReply,
            "OTH" => StateGroup::MidStream,
            _ => StateGroup::Reset,
        },
        bytes: (claimed.0.min(seen.0), claimed.1.min(seen.1)),
        packets: number("orig_pkts").unwrap_or(0) + number("resp_pkts").unwrap_or(0),
        marks,
        claimed: Some([claimed.0, claimed.1]),
        ..made(0.0, "", "", 0)
    }
}

/// Gives every row the severity that an isolation forest on simple features gives it: rarity of the port, sizes,
/// duration, direction and state. The fit takes at most five rows of a conversation and state.
pub fn score(rows: &mut [Made], seed: u64) -> Vec<f64> {
    let mut ports: HashMap<(u8, Option<u16>), f64> = HashMap::new();
    let mut groups = HashMap::new();
    let mut fit = Vec::new();
    for (at, row) in rows.iter().enumerate() {
        let key = (row.source_text.clone(), row.destination_text.clone(), row.protocol, row.port, row.state);
        let n: &mut usize = groups.entry(key).or_default();
        *n += 1;
        if *n <= 5 {
            fit.push(at);
            *ports.entry((row.protocol, row.port)).or_default() += 1.0;
        }
    }
    let total = fit.len() as f64;
    let features: Vec<[f64; 12]> = rows
        .iter()
        .map(|row| {
            let (out, back) = (row.bytes.0 as f64, row.bytes.1 as f64);
            let flag = |state| f64::from(u8::from(row.state == state));
            [
                -ln(ports.get(&(row.protocol, row.port)).copied().unwrap_or(1.0) / total),
                ln_1p(out),
                ln_1p(back),
                ln_1p(row.packets as f64),
                ln_1p(row.duration as f64 / 1e6),
                (out - back) / (out + back + 1.0),
                f64::from(row.protocol),
                flag(StateGroup::Established),
                flag(StateGroup::Refused),
                flag(StateGroup::NoReply),
                flag(StateGroup::Reset),
                f64::from(u8::from(row.marks.has(Marks::LOCAL_SOURCE))),
            ]
        })
        .collect();
    let matrix = |rows: &[usize]| Array2::from_shape_fn((rows.len(), 12), |(r, c)| features[rows[r]][c] as f32);
    let params = IsolationForestParams { seed, ..IsolationForestParams::default() };
    let training = matrix(&fit);
    let detector = Detector::from(IsolationForest::fit(training.view(), &params).unwrap());
    let scorer = detector.scorer(&Device::Cpu, rows.len()).unwrap();
    let severity = Severity::fit(&scorer.score(training.view()).unwrap()).unwrap();
    let all = matrix(&(0..rows.len()).collect::<Vec<_>>());
    let scores = scorer.score(all.view()).unwrap();
    for (row, score) in rows.iter_mut().zip(&scores) {
        row.severity = severity.of(*score);
    }
    scores
}
