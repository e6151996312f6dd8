//! Flows to try windows with.

use flate2::read::MultiGzDecoder;
use oddflow::features::windows::{Event, port_key};
use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// How a stream is made.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    hosts: u64,
    ports: u32,
    /// µs between one flow and the next, at most.
    step: i64,
    /// µs that a flow may be late, at most.
    late: i64,
    /// How often flows are copies of the one before, or of the same time.
    repeated: f64,
    /// How often something is not known of a flow.
    unknown: f64,
}

impl Shape {
    /// One of many, from dense to sparse.
    pub fn any(case: usize) -> Self {
        Self {
            hosts: [3, 40, 2, 300, 1][case % 5],
            ports: [2, 6, 1000, 1][case % 4],
            step: [1_000_000, 30_000_000, 1, 300_000_000, 2_000_000, 0, 4_000_000_000][case % 7],
            late: [0, 3_000_000, 4_000_000_000, 700_000_000][case / 2 % 4],
            repeated: [0.0, 0.3, 0.05][case / 3 % 3],
            unknown: [0.02, 0.0, 0.3][case / 5 % 3],
        }
    }
}

/// Flows in file order. Positions count from 0.
pub fn stream(rng: &mut ChaCha8Rng, n: usize, shape: Shape) -> Vec<Event> {
    let mut now = 1_713_484_800_000_000;
    let mut events: Vec<Event> = Vec::with_capacity(n);
    for position in 0..n as u64 {
        let copied = events.last().filter(|_| rng.random_bool(shape.repeated)).copied();
        let event = match copied {
            Some(event) if rng.random_bool(0.5) => Event { position, ..event },
            Some(event) => Event { start: event.start, ..flow(rng, shape, position, now) },
            None => {
                // In steps of a second now and then, so that gaps and borders are met exactly.
                let step = rng.random_range(0..=shape.step);
                now += if rng.random_bool(0.3) { step / 1_000_000 * 1_000_000 } else { step };
                flow(rng, shape, position, now)
            }
        };
        events.push(event);
    }
    events
}

fn flow(rng: &mut ChaCha8Rng, shape: Shape, position: u64, now: i64) -> Event {
    let known = |rng: &mut ChaCha8Rng| !rng.random_bool(shape.unknown);
    let start = now - if rng.random_bool(0.3) { rng.random_range(0..=shape.late) } else { 0 };
    let host = |rng: &mut ChaCha8Rng, side: u64| (known(rng)).then(|| side + rng.random_range(0..shape.hosts));
    let bytes = [0, 0, 1, 1500, 70_000, u64::MAX];
    Event {
        end: None,
        start: known(rng).then_some(start),
        position,
        source: host(rng, 0),
        destination: host(rng, 1),
        port: rng.random_range(0..shape.ports),
        service: known(rng).then(|| rng.random_range(0..3)),
        failed: rng.random_bool(0.4),
        bytes_out: bytes[rng.random_range(0..bytes.len())],
    }
}

/// The conn logs of the RITA day (not the snapshots of open flows), by hour.
pub fn rita_day() -> Option<Vec<Event>> {
    let root = std::env::var_os("ODDFLOW_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    let folder = root.join("data/zeek/rita-day");
    if !folder.exists() {
        println!("skipped: {} is not there (ODDFLOW_SHARED names the folder of the shared data)", folder.display());
        return None;
    }
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.file_name().unwrap().to_str().unwrap().starts_with("conn."));
    files.sort();
    let mut events = Vec::new();
    for file in files {
        let mut text = String::new();
        MultiGzDecoder::new(std::fs::File::open(file).unwrap()).read_to_string(&mut text).unwrap();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            events.push(zeek(line, events.len() as u64));
        }
    }
    Some(events)
}

/// A row of _node_name ts uid orig_h orig_p resp_h resp_p proto service duration orig_bytes resp_bytes conn_state …
fn zeek(line: &str, position: u64) -> Event {
    let fields: Vec<&str> = line.split('\t').collect();
    let protocol = ["icmp", "tcp", "udp"].iter().position(|&name| name == fields[7]).map(|i| [1, 6, 17][i]);
    let port = port_key(protocol, fields[6].parse().ok(), None);
    let service = if fields[8] == "-" { format!("{} {}", fields[7], fields[6]) } else { fields[7..9].join(" ") };
    let (seconds, parts) = fields[1].split_once('.').unwrap();
    Event {
        end: None,
        start: Some(seconds.parse::<i64>().unwrap() * 1_000_000 + parts.parse::<i64>().unwrap()),
        position,
        source: Some(hashed(fields[3])),
        destination: Some(hashed(fields[5])),
        port,
        service: Some(hashed(&service)),
        failed: matches!(fields[12], "REJ" | "S0"),
        bytes_out: fields[10].parse().unwrap_or(0),
    }
}

fn hashed(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}
