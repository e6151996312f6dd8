//! The definitions, read out plainly.
#![allow(clippy::disallowed_methods, reason = "an oracle may use std's")]

use oddflow::features::windows::{DEFINITIONS, Event, N_FEATURES};
use std::collections::{HashMap, HashSet};

const SECOND: i128 = 1_000_000;

/// The features of every event, in the order given.
pub fn features(events: &[Event]) -> Vec<[f64; N_FEATURES]> {
    let mut order: Vec<usize> = (0..events.len()).filter(|&i| events[i].start.is_some()).collect();
    order.sort_by_key(|&i| (events[i].start, events[i].position));
    let sorted: Vec<&Event> = order.iter().map(|&i| &events[i]).collect();
    let mut rows = vec![[f64::NAN; N_FEATURES]; events.len()];
    let mut met: HashMap<_, Vec<i128>> = HashMap::new();
    for (rank, &i) in order.iter().enumerate() {
        let event = &events[i];
        let times = met.entry((event.source, event.destination, event.port)).or_default();
        times.push(i128::from(event.start.unwrap()));
        rows[i] = of(&sorted[..=rank], times);
    }
    rows
}

/// Those of the last one, whose source, destination and port came at `times`.
fn of(upto: &[&Event], times: &[i128]) -> [f64; N_FEATURES] {
    let this = upto[upto.len() - 1];
    let time = |event: &Event| i128::from(event.start.unwrap());
    let within = |span: i128| -> Vec<&Event> {
        upto.iter().rev().take_while(|event| time(event) > time(this) - span).copied().collect()
    };
    let (two, ten, hour) = (within(2 * SECOND), within(600 * SECOND), within(3600 * SECOND));
    let count = |events: &[&Event], keep: &dyn Fn(&Event) -> bool| events.iter().filter(|e| keep(e)).count() as f64;
    let sum = |events: &[&Event], keep: &dyn Fn(&Event) -> bool| {
        events.iter().filter(|e| keep(e)).map(|e| u128::from(e.bytes_out)).sum::<u128>() as f64
    };
    let source = |e: &Event| e.source == this.source;
    let destination = |e: &Event| e.destination == this.destination;
    let conversation = |e: &Event| source(e) && destination(e) && e.port == this.port;
    let mut row = [f64::NAN; N_FEATURES];
    if this.service.is_some() {
        row[1] = count(&two, &|e| e.service == this.service).min(511.0);
    }
    if this.source.is_some() {
        let mine: Vec<&Event> = ten.iter().filter(|e| source(e)).copied().collect();
        let with_destination = || mine.iter().filter(|e| e.destination.is_some());
        row[3] = (mine.len() as f64).ln_1p();
        row[7] = (with_destination().map(|e| (e.destination, e.port)).collect::<HashSet<_>>().len() as f64).ln_1p();
        row[8] = (with_destination().map(|e| e.destination).collect::<HashSet<_>>().len() as f64).ln_1p();
        row[9] = mine.iter().map(|e| e.port).collect::<HashSet<_>>().len() as f64 / mine.len() as f64;
        row[10] = mine.iter().filter(|e| e.failed).count() as f64 / mine.len() as f64;
        row[12] = sum(&ten, &source).ln_1p();
        row[14] = sum(&hour, &source).ln_1p();
    }
    if this.destination.is_some() {
        row[0] = count(&two, &destination).min(511.0);
        row[4] = count(&ten, &destination).ln_1p();
        let sources = ten.iter().filter(|e| destination(e)).filter_map(|e| e.source).collect::<HashSet<_>>();
        row[11] = (sources.len() as f64).ln_1p();
    }
    if this.source.is_some() && this.destination.is_some() {
        row[2] = count(&ten, &conversation).ln_1p();
        row[13] = sum(&ten, &|e| source(e) && destination(e)).ln_1p();
        let gaps: Vec<f64> = times.windows(2).map(|pair| ((pair[1] - pair[0]) as f64 / 1e6).ln_1p()).collect();
        let gaps = &gaps[gaps.len().saturating_sub(32)..];
        (row[5], row[6]) = regularity(gaps);
    }
    row
}

fn regularity(gaps: &[f64]) -> (f64, f64) {
    let n = gaps.len() as f64;
    let mean = gaps.iter().sum::<f64>() / n;
    let deviation = (gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / n).sqrt();
    (if gaps.len() < 4 { 0.0 } else { 1.0 / (1.0 + deviation) }, mean)
}

/// The name of a feature that is not what the oracle says. Counts must be equal, logarithms to f32's precision, and what
/// is computed of gaps to theirs.
pub fn differs(found: &[f32; N_FEATURES], expected: &[f64; N_FEATURES]) -> Option<&'static str> {
    let equal = |index: usize| {
        let (found, expected) = (f64::from(found[index]), expected[index]);
        let tolerance = match index {
            0 | 1 => 0.0,
            5 | 6 => 2e-7 * expected.abs().max(1.0),
            _ => 1e-7 * expected.abs().max(1.0),
        };
        (found.is_nan() && expected.is_nan()) || (found - expected).abs() <= tolerance
    };
    (0..N_FEATURES).find(|&index| !equal(index)).map(|index| DEFINITIONS[index].name)
}

/// What `count` would be if flows came in the order of time: of those read so far.
pub fn count_in_file_order(events: &[Event]) -> Vec<f32> {
    let in_window = |then: &Event, now: &Event| {
        let (then, now) = (then.start.unwrap(), now.start.unwrap());
        then > now - 2_000_000 && then <= now
    };
    (0..events.len())
        .map(|i| {
            let (before, now) = (&events[i.saturating_sub(3000)..=i], &events[i]);
            before.iter().filter(|e| e.destination == now.destination && in_window(e, now)).count().min(511) as f32
        })
        .collect()
}
