//! How soon alerts come, measured.

use super::{HEADER, Place, log, read, told};
use std::fs::OpenOptions;
use std::io::{Read, Seek, SeekFrom, Write};
use std::time::{Duration, Instant};

/// Lines a second, and seconds.
const RATE: usize = 10_000;
const SECONDS: usize = 60;

/// When the watch is killed and started again, and for how long what is written may have to wait for it, seconds after the begin.
const KILLED: f64 = 40.0;
const AWAITED: std::ops::Range<f64> = KILLED - 1.0..KILLED + 8.0;

/// 600,000 lines in a minute, with rotation, truncation and a kill -9; five times a second a scan of its own source begins. Prints how
/// long after the line that was due to be told the alert was in the file, of all scans and of those that were not due around the kill.
#[test]
#[ignore = "a measurement: cargo test --release --test watch latency -- --ignored --nocapture"]
fn latency_at_ten_thousand_lines_a_second() {
    let place = Place::prepared();
    let ordinary = log::lines(log::Shape { seed: 3, hours: 1, flows: (RATE * SECONDS) as u64, odd: false });
    let fresh = || HEADER.replace("#path", &format!("#open\t{:?}\n#path", Instant::now()));
    let open = || OpenOptions::new().append(true).create(true).open(place.file("conn.log")).unwrap();
    open().write_all(fresh().as_bytes()).unwrap();
    let start = || {
        let mut command = place.watch("conn.log");
        command.args(["--state", "watch.state", "-o", "alerts.ndjson", "--memory", "1G"]);
        command.stderr(std::process::Stdio::inherit()).spawn().unwrap()
    };
    let mut child = start();
    std::thread::sleep(Duration::from_secs(1));
    let begin = Instant::now();
    let (mut written, mut seen, mut scanned) = (Vec::new(), Vec::<(String, Instant)>::new(), 0);
    let (mut file, mut from) = (open(), 0);
    for tick in 0..SECONDS * 10 {
        let first = tick * RATE / 10;
        let mut text = ordinary[first..first + RATE / 10].concat();
        if tick % 2 == 1 {
            scanned += 1;
            let scanner = format!("203.0.{}.{}", 113 + scanned / 250, 1 + scanned % 250);
            let template: Vec<&str> = ordinary[first].trim_end().split('\t').collect();
            for port in 1..60 {
                let mut fields = template.clone();
                let port = port.to_string();
                for (at, value) in
                    [(2, scanner.as_str()), (4, "10.0.0.5"), (5, &port), (7, "-"), (8, "0.01"), (9, "0"), (10, "0")]
                {
                    fields[at] = value;
                }
                (fields[11], fields[12], fields[13], fields[15]) = ("REJ", "F", "T", "Sr");
                text += &(fields.join("\t") + "\n");
            }
            written.push((scanner, Instant::now()));
        }
        file.write_all(text.as_bytes()).unwrap();
        match tick {
            150 | 450 => {
                std::fs::rename(place.file("conn.log"), place.file(&format!("conn.{tick}.log"))).unwrap();
                file = open();
                file.write_all(fresh().as_bytes()).unwrap();
            }
            300 => {
                std::fs::copy(place.file("conn.log"), place.file("conn.log.1")).unwrap();
                OpenOptions::new().write(true).truncate(true).open(place.file("conn.log")).unwrap();
                file.write_all(fresh().as_bytes()).unwrap();
            }
            _ if tick == (10.0 * KILLED) as usize => {
                child.kill().unwrap();
                child.wait().unwrap();
                child = start();
            }
            _ => {}
        }
        look(&place, &mut from, &mut seen);
        let due = begin + Duration::from_millis(100 * (tick as u64 + 1));
        while Instant::now() < due {
            std::thread::sleep(Duration::from_millis(5));
            look(&place, &mut from, &mut seen);
        }
    }
    let late = begin.elapsed().as_secs_f64() - SECONDS as f64;
    std::thread::sleep(Duration::from_secs(3));
    look(&place, &mut from, &mut seen);
    std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    child.wait().unwrap();
    let latencies: Vec<(f64, f64)> = written
        .iter()
        .map(|(source, at)| {
            let first = seen.iter().find(|(told, _)| told == source);
            let latency = first.map_or(f64::INFINITY, |(_, seen)| seen.saturating_duration_since(*at).as_secs_f64());
            (at.duration_since(begin).as_secs_f64(), latency)
        })
        .collect();
    let all = told(&read(&place.file("alerts.ndjson")));
    let mut ids: Vec<&str> = all.iter().map(|told| told.id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    let quiet: Vec<_> = latencies.iter().copied().filter(|(at, _)| !AWAITED.contains(at)).collect();
    for (at, latency) in latencies.iter().filter(|(_, latency)| *latency > 1.0) {
        println!("at {at:.1} s: {latency:.3} s");
    }
    println!("all scans: {}", summary(latencies));
    println!("not due around the kill: {}", summary(quiet));
    println!("{} alerts, {} different; the writer was {late:.1} s late", all.len(), ids.len());
}

/// Of times and latencies: `300 scans: median 0.05 s, ...`.
fn summary(latencies: Vec<(f64, f64)>) -> String {
    let mut latencies: Vec<f64> = latencies.into_iter().map(|(_, latency)| latency).collect();
    latencies.sort_by(f64::total_cmp);
    let at = |share: f64| latencies[((latencies.len() - 1) as f64 * share).round() as usize];
    format!("{}: median {:.3} s, p99 {:.3} s, most {:.3} s", latencies.len(), at(0.5), at(0.99), at(1.0))
}

/// Notes what is new in the file of alerts, from `from` on.
fn look(place: &Place, from: &mut u64, seen: &mut Vec<(String, Instant)>) {
    let Ok(mut file) = std::fs::File::open(place.file("alerts.ndjson")) else { return };
    // After a kill the end of the file is written anew.
    *from = (*from).min(file.metadata().unwrap().len());
    file.seek(SeekFrom::Start(*from)).unwrap();
    let mut text = String::new();
    file.read_to_string(&mut text).unwrap();
    let whole = text.rfind('\n').map_or(0, |end| end + 1);
    *from += whole as u64;
    for line in text[..whole].lines() {
        let Some(at) = line.find("\"ip\":\"203.0.1") else { continue };
        let source = line[at + 6..].split('"').next().unwrap().to_owned();
        if !seen.iter().any(|(told, _)| *told == source) {
            seen.push((source, Instant::now()));
        }
    }
}
