//! Findings of a stream.

use super::made::{Batch, Made, crowd, grouped, made};
use crate::findings::allow::{AllowList, parse};
use crate::findings::key::Port;
use crate::findings::pool::MANY;
use crate::findings::{Alert, Kind, LiveFindings, LiveFindingsState, Occasion, Reference, Verdict};
use crate::flows::record::StateGroup;
use proptest::prelude::*;

const HOSTS: [&str; 4] = ["10.0.0.1", "10.0.0.2", "198.51.100.7", "203.0.113.9"];

/// Takes rows in, `size` at once; each begins the clock of those behind it.
fn observe(live: &mut LiveFindings, rows: &[Made], size: usize) -> Vec<Alert> {
    observe_with(live, rows, size, &AllowList::default())
}

fn observe_with(live: &mut LiveFindings, rows: &[Made], size: usize, allow: &AllowList) -> Vec<Alert> {
    let mut clock = None;
    let mut alerts = Vec::new();
    for part in rows.chunks(size) {
        let tell = |row: &Made| {
            clock = clock.max(row.start);
            clock
        };
        let clocks: Vec<Option<i64>> = part.iter().map(tell).collect();
        alerts.extend(live.observe(&Batch::of(part).rows(), &clocks, allow).unwrap());
    }
    alerts
}

fn live() -> LiveFindings {
    LiveFindings::new(LiveFindingsState::default(), 0.7, 100_000, None)
}

fn told(alerts: &[Alert]) -> Vec<(Kind, u64, Occasion)> {
    alerts.iter().map(|alert| (alert.finding.subject.kind, alert.finding.tally.flows, alert.occasion)).collect()
}

fn odd(second: f64, source: &'static str, destination: &'static str, port: u16) -> Made {
    Made { severity: 0.9, ..made(second, source, destination, port) }
}

#[test]
fn a_finding_is_told_once_and_at_ten_and_a_hundred_times_its_flows() {
    let rows: Vec<Made> = (0..2_000).map(|i| odd(f64::from(i), HOSTS[2], HOSTS[0], 22)).collect();
    let alerts = observe(&mut live(), &rows, 7);
    let kind = Kind::Conversation;
    // What is large is looked at when it has grown by a sixteenth.
    let expected = [(kind, 1, Occasion::New), (kind, 10, Occasion::Grown(10)), (kind, 103, Occasion::Grown(100))];
    assert_eq!(told(&alerts), expected);
    // It keeps the name that a log of its rows gives it.
    let id = grouped(&rows, 100).findings()[0].id;
    assert!(alerts.iter().all(|alert| alert.id == id));
}

#[test]
fn what_goes_on_is_told_each_day_and_what_comes_again_is_new() {
    let hourly = |from: i32, n: i32| -> Vec<Made> {
        (from..from + n).map(|i| odd(f64::from(i) * 1_800.0, HOSTS[2], HOSTS[0], 22)).collect()
    };
    let mut finding = live();
    // Two days and an hour.
    let alerts = observe(&mut finding, &hourly(0, 98), 10);
    let occasions: Vec<Occasion> = alerts.iter().map(|alert| alert.occasion).collect();
    let (grown, day) = (Occasion::Grown(10), Occasion::StillGoing);
    // The second day counts from the last news.
    assert_eq!(occasions[..2], [Occasion::New, grown], "{occasions:?}");
    assert_eq!(occasions[2], day(1), "{occasions:?}");
    // Two hours of silence.
    let again = observe(&mut finding, &hourly(102, 1), 10);
    assert_eq!(told(&again), [(Kind::Conversation, 1, Occasion::New)]);
    assert_ne!(again[0].id, alerts[0].id);
}

#[test]
fn a_scan_is_told_as_one_finding() {
    let rows: Vec<Made> = (0..300)
        .map(|i| Made {
            state: StateGroup::Refused,
            severity: 0.9,
            ..made(f64::from(i), HOSTS[2], HOSTS[0], 1 + i as u16)
        })
        .collect();
    let alerts = observe(&mut live(), &rows, 50);
    let scans: Vec<&Alert> = alerts.iter().filter(|alert| alert.finding.subject.kind == Kind::Scan).collect();
    assert_eq!(scans[0].finding.ports, 11);
    assert!(scans.iter().all(|alert| alert.id == scans[0].id));
    assert_eq!(scans[1].occasion, Occasion::Grown(10));
    assert!((110..120).contains(&scans[1].finding.ports), "{}", scans[1].finding.ports);
    // Two ports were told before it was a scan.
    assert_eq!(alerts.len() - scans.len(), 2, "{:?}", told(&alerts));
}

#[test]
fn a_sweep_is_told_as_one_finding() {
    let row = |i: u32| Made {
        state: StateGroup::NoReply,
        destination_text: Some(format!("10.1.{}.{}", i / 200, 1 + i % 200)),
        ..odd(f64::from(i), HOSTS[2], HOSTS[0], 445)
    };
    let rows: Vec<Made> = (0..400).map(row).collect();
    let alerts = observe(&mut live(), &rows, 33);
    let sweeps: Vec<&Alert> = alerts.iter().filter(|alert| alert.finding.subject.kind == Kind::Sweep).collect();
    assert_eq!(alerts.len() - sweeps.len(), 2, "{:?}", told(&alerts));
    assert_eq!((sweeps.len(), sweeps[0].finding.hosts), (2, 11), "{:?}", told(&alerts));
    assert_eq!(sweeps[1].id, sweeps[0].id);
}

/// A sweep that comes every day is told every day, though its source talks with the same hosts all the time.
#[test]
fn a_sweep_among_other_traffic_is_told_each_day() {
    let hour = 3_600.0;
    let mut rows = Vec::new();
    for host in 0..40 {
        let to = |second: f64, port| Made {
            destination_text: Some(format!("10.1.0.{}", 1 + host)),
            ..made(second + f64::from(host), HOSTS[0], "", port)
        };
        rows.extend((0..24).map(|quarter| to(f64::from(quarter) * 6.0 * hour, 443)));
        let swept = |day| Made {
            state: StateGroup::NoReply,
            bytes: (0, 0),
            severity: 0.9,
            ..to((f64::from(day) * 24.0 + 13.0) * hour, 3_389)
        };
        rows.extend((0..6).map(swept));
    }
    rows.sort_by_key(|row| row.start);
    let mut live = live();
    let alerts = observe(&mut live, &rows, 100);
    let day =
        |alert: &Alert| alert.finding.tally.span.map(|(_, last, _)| (last - rows[0].start.unwrap()) / 86_400_000_000);
    let sweeps =
        alerts.iter().filter(|alert| alert.finding.subject.kind == Kind::Sweep && alert.finding.hosts > MANY as u64);
    let mut days: Vec<i64> = sweeps.filter_map(day).collect();
    days.dedup();
    assert_eq!(days, [0, 1, 2, 3, 4, 5], "{:?}", told(&alerts));
    // What is a day old is forgotten, however long the pairs go on.
    let size = |live: &mut LiveFindings| postcard::to_stdvec(live.state()).unwrap().len();
    let quiet = |i: i32| Made {
        destination_text: Some(format!("10.1.0.{}", 1 + i % 40)),
        ..made(f64::from(i / 40) * 6.0 * hour + 144.0 * hour + f64::from(i % 40), HOSTS[0], "", 443)
    };
    let quiet: Vec<Made> = (0..320).map(quiet).collect();
    let mut fresh = self::live();
    observe(&mut live, &quiet, 100);
    observe(&mut fresh, &quiet, 100);
    let (size, of_fresh) = (size(&mut live), size(&mut fresh));
    assert!(size < of_fresh + 500, "{size}, and {of_fresh} of one that met no sweep");
}

/// What is allowed is not told, and counts among all flows as it does in the reference.
#[test]
fn what_is_allowed_is_counted_and_not_told() {
    let list = AllowList::new(parse("list", "[[allow]]\nport = 53\nreason = \"r\"").unwrap(), None);
    let mut rows: Vec<Made> = (0..200).map(|i| odd(f64::from(i), HOSTS[2], HOSTS[0], 53)).collect();
    rows.extend((0..20).map(|i| odd(200.0 + f64::from(i), HOSTS[2], HOSTS[0], 22)));
    let mut with = live();
    let alerts = observe_with(&mut with, &rows, 33, &list);
    assert!(
        alerts.iter().all(|alert| alert.finding.subject.conversation.port == Port::Number(22)),
        "{:?}",
        told(&alerts)
    );
    assert_eq!(told(&alerts), [(Kind::Conversation, 1, Occasion::New), (Kind::Conversation, 10, Occasion::Grown(10))]);
    assert_eq!((with.around().flows, alerts[0].around.flows), (220, 201));
    // However many are allowed, the first that is not is looked at.
    let first = |n: i32| {
        let mut rows: Vec<Made> = (0..n).map(|i| odd(f64::from(i), HOSTS[2], HOSTS[0], 22)).collect();
        rows.iter_mut().for_each(|row| row.service = Some("ssh".into()));
        rows.push(odd(f64::from(n), HOSTS[2], HOSTS[0], 22));
        let list = AllowList::new(parse("list", "[[allow]]\nservice = \"ssh\"\nreason = \"r\"").unwrap(), None);
        told(&observe_with(&mut live(), &rows, 33, &list))
    };
    assert_eq!(first(1_000), [(Kind::Conversation, 1_001, Occasion::New)]);
    // One of its rows that is not allowed is enough.
    let scan: Vec<Made> = (0..30).map(|i| odd(f64::from(i), HOSTS[2], HOSTS[0], 40 + i as u16)).collect();
    let alerts = observe_with(&mut live(), &scan, 33, &list);
    assert!(alerts.iter().any(|alert| alert.finding.subject.kind == Kind::Scan), "{:?}", told(&alerts));
}

/// What many send to a group at the pace of a flood is told as one, and is none.
#[test]
fn what_many_send_to_a_group_is_told_as_one_finding() {
    let rows =
        crowd(600, 0.1).into_iter().map(|row| Made { destination: "224.0.0.251", protocol: 17, severity: 0.9, ..row });
    let alerts = observe(&mut live(), &rows.collect::<Vec<_>>(), 33);
    let groups: Vec<&Alert> = alerts.iter().filter(|alert| alert.finding.subject.kind == Kind::Multicast).collect();
    assert_eq!((alerts.len() - groups.len(), groups[0].finding.sources), (8, 65), "{:?}", told(&alerts));
    assert!(groups.iter().all(|alert| alert.id == groups[0].id));
}

/// A clock that was a year ahead and is set right again: what claims to be of then is forgotten.
#[test]
fn a_clock_that_is_set_back_begins_anew() {
    let year = 365.0 * 86_400.0;
    let mut live = live();
    observe(&mut live, &[odd(year, HOSTS[2], HOSTS[0], 22), odd(year, HOSTS[2], HOSTS[1], 22)], 1);
    let row = odd(0.0, HOSTS[2], HOSTS[0], 22);
    let alerts =
        live.observe(&Batch::of(std::slice::from_ref(&row)).rows(), &[row.start], &AllowList::default()).unwrap();
    assert_eq!(told(&alerts), [(Kind::Conversation, 1, Occasion::New)]);
    assert_eq!(live.around().flows, 1);
}

#[test]
fn a_flood_is_told_as_one_finding() {
    let rows: Vec<Made> = crowd(4_000, 0.01).into_iter().map(|row| Made { severity: 0.9, ..row }).collect();
    let alerts = observe(&mut live(), &rows, 33);
    let (floods, others): (Vec<&Alert>, Vec<&Alert>) =
        alerts.iter().partition(|alert| alert.finding.subject.kind == Kind::Flood);
    // Eight are told before it can be known.
    assert_eq!((others.len(), floods.len()), (8, 2), "{:?}", told(&alerts));
    assert_eq!((floods[0].finding.sources, floods[1].occasion), (65, Occasion::Grown(10)));
    assert!(floods.iter().all(|alert| alert.id == grouped(&rows, 100).findings()[0].id));
    // Strangers minutes apart are told one by one.
    let apart = |(i, row): (usize, Made)| Made { start: row.start.map(|at| at + i as i64 * 60_000_000), ..row };
    let strangers: Vec<Made> = rows.into_iter().take(300).enumerate().map(apart).collect();
    assert_eq!(told(&observe(&mut live(), &strangers, 33)), vec![(Kind::Conversation, 1, Occasion::New); 300]);
}

#[test]
fn a_block_is_told_as_one_finding_behind_three_scans() {
    let row = |i: u32| Made {
        state: StateGroup::NoReply,
        destination_text: Some(format!("10.1.0.{}", 1 + i / 15)),
        bytes: (0, 0),
        ..odd(f64::from(i) * 0.1, HOSTS[2], "", 1 + (i % 15) as u16)
    };
    let rows: Vec<Made> = (0..200 * 15).map(row).collect();
    let alerts = observe(&mut live(), &rows, 33);
    let of = |kind| alerts.iter().filter(|alert| alert.finding.subject.kind == kind).collect::<Vec<_>>();
    assert_eq!((of(Kind::Scan).len(), of(Kind::Conversation).len()), (3, 2), "{:?}", told(&alerts));
    let blocks = of(Kind::Block);
    assert_eq!(blocks.iter().map(|alert| alert.occasion).collect::<Vec<_>>(), [Occasion::New, Occasion::Grown(10)]);
    assert!(blocks.iter().all(|alert| alert.id == blocks[0].id));
}

#[test]
fn a_reference_tells_what_is_as_odd_as_its_oddest() {
    // Ordinary talk, and one conversation of 200 flows as even as a clock.
    let mut rows = Vec::new();
    for i in 0..4_000u32 {
        let source = HOSTS[(i % 2) as usize];
        let destination_text = Some(format!("93.184.{}.{}", i % 3, 1 + i * 7 % 90));
        rows.push(Made {
            destination_text,
            severity: f64::from(i * 31 % 70) / 100.0,
            ..made(f64::from(i) * 5.0, source, HOSTS[2], 443)
        });
    }
    let earlier = grouped(&rows, 1_000);
    let (device, stop) = (crate::device::Device::Cpu, crate::Stop::new());
    let verdict: Verdict = "1/day".parse().unwrap();
    let reference = Reference::new(&earlier, &AllowList::default(), verdict, 0, &device, &stop).unwrap();
    assert_eq!(reference.told(), 1);
    let mut live = LiveFindings::new(LiveFindingsState::default(), 0.7, 100_000, Some(reference));
    rows.extend((0..200).map(|i| made(f64::from(i) * 60.0 + 3_000.0, HOSTS[3], HOSTS[0], 22)));
    rows.sort_by_key(|row| row.start);
    let alerts = observe(&mut live, &rows, 100);
    let of = |alert: &&Alert| alert.finding.subject.conversation.source == crate::flows::record::Host::parse(HOSTS[3]);
    assert!(alerts.iter().any(|alert| of(&alert)), "{:?}", told(&alerts));
    // Before it comes there is nothing to tell it by.
    let first = alerts.iter().find(of).unwrap();
    assert!((1..=60).contains(&first.finding.tally.flows), "{:?}", told(&alerts));
}

fn any_row() -> impl Strategy<Value = Made> {
    let hosts = (0..4usize, 0..4usize, 0..20u16);
    (0..200_000u32, hosts, 0..5usize, 0..100u8).prop_map(|(second, (source, destination, port), state, severity)| {
        Made {
            state: [
                StateGroup::Established,
                StateGroup::Refused,
                StateGroup::NoReply,
                StateGroup::Reset,
                StateGroup::Unknown,
            ][state],
            severity: f64::from(severity) / 100.0,
            ..made(f64::from(second), HOSTS[source], HOSTS[destination], port)
        }
    })
}

fn plain(alerts: &[Alert]) -> Vec<(String, String, u64, u64)> {
    let one = |alert: &Alert| {
        (alert.id.to_string(), alert.occasion.to_string(), alert.finding.tally.flows, alert.severity.to_bits())
    };
    alerts.iter().map(one).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn alerts_do_not_depend_on_batches_or_breaks(
        mut rows in prop::collection::vec(any_row(), 1..400), sorted: bool, size in 1..50usize, stop in 0..400usize,
    ) {
        if sorted {
            rows.sort_by_key(|row| row.start);
        }
        let expected = observe(&mut live(), &rows, rows.len());
        prop_assert_eq!(plain(&observe(&mut live(), &rows, size)), plain(&expected));
        // Breaks lie where the clock does not: it is the caller's.
        rows.sort_by_key(|row| row.start);
        let expected = observe(&mut live(), &rows, rows.len());
        let (before, behind) = rows.split_at(stop.min(rows.len()));
        let mut first = live();
        let mut alerts = observe(&mut first, before, size);
        let bytes = postcard::to_stdvec(first.state()).unwrap();
        let mut second = LiveFindings::new(postcard::from_bytes(&bytes).unwrap(), 0.7, 100_000, None);
        alerts.extend(observe(&mut second, behind, size));
        prop_assert_eq!(plain(&alerts), plain(&expected));
    }
}
