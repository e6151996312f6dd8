use super::made::{Batch, Made, crowd, grouped, made};
use crate::findings::{FindingId, Grouped, HOUR, Kind};
use crate::flows::record::{Marks, StateGroup};
use proptest::prelude::*;

const HOSTS: [&str; 4] = ["10.0.0.1", "10.0.0.2", "198.51.100.7", "203.0.113.9"];

/// The finding of each row, as ids.
fn partition(rows: &[Made], size: usize) -> Vec<Option<FindingId>> {
    let grouped = grouped(rows, size);
    let of = grouped.findings_of(&Batch::of(rows).rows());
    of.into_iter().map(|at| Some(grouped.findings()[at?].id)).collect()
}

fn kinds(rows: &[Made]) -> Vec<(Kind, u64)> {
    grouped(rows, 7).findings().iter().map(|f| (f.subject.kind, f.tally.flows)).collect()
}

#[test]
fn a_silence_of_an_hour_ends_a_conversation() {
    let mut rows: Vec<Made> =
        [0.0, 3_599.0, 7_198.0, 10_798.0].map(|t| made(t, HOSTS[0], HOSTS[1], 22)).into_iter().collect();
    assert_eq!(kinds(&rows), [(Kind::Conversation, 3), (Kind::Conversation, 1)]);
    // What lasts is not silent.
    rows[2].duration = 1_000_000;
    assert_eq!(kinds(&rows), [(Kind::Conversation, 4)]);
}

#[test]
fn a_stray_state_joins_and_two_real_ones_do_not() {
    let mut rows: Vec<Made> = (0..30).map(|i| made(f64::from(i), HOSTS[2], HOSTS[0], 22)).collect();
    for row in &mut rows[10..13] {
        row.state = StateGroup::Reset;
    }
    assert_eq!(kinds(&rows), [(Kind::Conversation, 27), (Kind::Conversation, 3)]);
    rows[12].state = StateGroup::Established;
    assert_eq!(kinds(&rows), [(Kind::Conversation, 30)]);
    let grouped = grouped(&rows, 5);
    assert_eq!(grouped.findings()[0].states, [28, 0, 0, 2, 0, 0]);
    rows[10].start = rows[10].start.map(|start| start + 2 * HOUR);
    assert_eq!(kinds(&rows), [(Kind::Conversation, 29), (Kind::Conversation, 1)]);
}

#[test]
fn more_than_three_bursts_are_one_finding() {
    let bursts = |n: u32, hours: f64| -> Vec<Made> {
        (0..n * 5)
            .map(|i| made(f64::from(i % 5) + hours * 3_600.0 * f64::from(i / 5), HOSTS[2], HOSTS[0], 3306))
            .collect()
    };
    assert_eq!(kinds(&bursts(3, 2.0)), [(Kind::Conversation, 5); 3]);
    assert_eq!(kinds(&bursts(4, 2.0)), [(Kind::Conversation, 20)]);
    assert_eq!(grouped(&bursts(4, 2.0), 3).findings()[0].stretches, 4);
    assert_eq!(kinds(&bursts(4, 25.0)), [(Kind::Conversation, 5); 4]);
}

#[test]
fn more_than_ten_ports_are_a_scan_and_a_login_among_them_is_not() {
    let scan = |n: u16| -> Vec<Made> {
        (0..n)
            .map(|i| Made { state: StateGroup::Refused, ..made(f64::from(i) * 4_000.0, HOSTS[2], HOSTS[0], 1 + i) })
            .collect()
    };
    assert_eq!(kinds(&scan(10)), [(Kind::Conversation, 1); 10]);
    let mut rows = scan(11);
    assert_eq!(kinds(&rows), [(Kind::Scan, 11)]);
    rows.extend((0..40).map(|i| made(f64::from(i), HOSTS[2], HOSTS[0], 22)));
    assert_eq!(kinds(&rows), [(Kind::Conversation, 40), (Kind::Scan, 11)]);
    let finding = &grouped(&rows, 4).findings()[1].clone();
    assert_eq!((finding.ports, finding.hosts, finding.failed_share()), (11, 1, 1.0));
    assert_eq!(finding.subject.to_string(), "scan 198.51.100.7 > 10.0.0.1 * * *");
    // The other half a day later than a day.
    let late = |row: Made| Made { start: row.start.map(|t| t + 40 * HOUR), ..row };
    let split: Vec<Made> = scan(6).into_iter().chain(scan(12).into_iter().skip(6).map(late)).collect();
    assert_eq!(kinds(&split).len(), 12);
}

#[test]
fn a_long_scan_takes_in_what_was_tried_more_often() {
    let mut rows: Vec<Made> = (0..400).map(|i| made(f64::from(i), HOSTS[2], HOSTS[0], 1_000 + i)).collect();
    for n in [12, 13] {
        let again = move |i: u16| made(f64::from(i) + 0.5, HOSTS[2], HOSTS[0], 1_000 + n);
        rows.extend((1..n).map(again));
    }
    // 400 ports: at most 12 flows to each.
    assert_eq!(kinds(&rows), [(Kind::Conversation, 13), (Kind::Scan, 399 + 11)]);
}

#[test]
fn many_hosts_on_one_port_are_a_sweep_but_a_browser_is_none() {
    let sweep = |source, state| -> Vec<Made> {
        let to = |i: u32| Made {
            destination_text: Some(format!("203.0.113.{i}")),
            state,
            ..made(f64::from(i), source, "", 445)
        };
        (1..=11).map(to).collect()
    };
    assert_eq!(kinds(&sweep(HOSTS[0], StateGroup::Refused)), [(Kind::Sweep, 11)]);
    assert_eq!(kinds(&sweep(HOSTS[2], StateGroup::Established)), [(Kind::Sweep, 11)]);
    assert_eq!(kinds(&sweep(HOSTS[0], StateGroup::Established)), [(Kind::Conversation, 1); 11]);
    let finding = grouped(&sweep(HOSTS[0], StateGroup::NoReply), 3).findings()[0].clone();
    assert_eq!((finding.ports, finding.hosts), (1, 11));
    assert_eq!(finding.subject.to_string(), "sweep 10.0.0.1 > * 6 445 *");
}

#[test]
fn many_sources_on_one_port_are_a_flood_and_strangers_who_knock_are_none() {
    assert_eq!(kinds(&crowd(64, 0.1)), [(Kind::Conversation, 1); 64]);
    assert_eq!(kinds(&crowd(65, 9.9)), [(Kind::Flood, 65)]);
    assert_eq!(kinds(&crowd(400, 10.0)).len(), 400, "minutes apart they are strangers");
    let grouped = grouped(&crowd(1_000, 0.1), 77);
    let finding = &grouped.findings()[0];
    assert_eq!((finding.sources, finding.ports, finding.hosts), (1_000, 1, 1));
    assert_eq!(finding.subject.to_string(), "flood * > 10.0.0.1 6 80 *");
    // Who was answered, or sent many, is no part of it.
    let mut rows = crowd(300, 0.1);
    (rows[7].state, rows[7].bytes) = (StateGroup::Reset, (0, 40));
    rows[8].state = StateGroup::Established;
    (rows[9].state, rows[9].marks) = (StateGroup::Established, Marks::HALF_OPEN);
    rows.extend((0..100).map(|i| Made { state: StateGroup::NoReply, ..made(f64::from(i), HOSTS[2], HOSTS[0], 80) }));
    assert_eq!(kinds(&rows).iter().filter(|(kind, _)| *kind == Kind::Conversation).count(), 3);
    assert!(kinds(&rows).contains(&(Kind::Flood, 298)));
    // Two floods with a silence between them: of minutes, of hours.
    for (silence, floods) in [(60, vec![(Kind::Flood, 600)]), (7_200, vec![(Kind::Flood, 300); 2])] {
        let mut rows = crowd(600, 0.01);
        rows[300..].iter_mut().for_each(|row| row.start = row.start.map(|start| start + silence * 1_000_000));
        assert_eq!(kinds(&rows), floods, "{silence} s");
    }
    // A flow that lasts does not bring strangers together.
    let mut rows = crowd(400, 10.0);
    rows[0].duration = 4_000_000_000;
    assert_eq!(kinds(&rows).len(), 400);
}

/// Sources that come again, as those of a botnet do.
#[test]
fn a_flood_is_one_finding_however_often_its_sources_come_again() {
    let again = |sources: u32, flows: u32, gap: f64| -> Vec<Made> {
        let all = crowd(sources * flows, gap);
        let from = |(i, row): (usize, Made)| Made {
            source_text: crowd(sources, 1.0)[i % sources as usize].source_text.clone(),
            ..row
        };
        all.into_iter().enumerate().map(from).collect()
    };
    assert_eq!(kinds(&again(400, 20, 0.0125)), [(Kind::Flood, 8_000)]);
    assert_eq!(kinds(&again(254, 60, 0.1)), [(Kind::Flood, 254 * 60)]);
    // A few who go on for long are what they are.
    let mut rows = crowd(100, 0.1);
    rows.extend((0..50).map(|i| Made { state: StateGroup::NoReply, ..made(f64::from(i), HOSTS[2], HOSTS[0], 80) }));
    assert_eq!(kinds(&rows), [(Kind::Conversation, 50), (Kind::Flood, 100)]);
}

#[test]
fn a_flood_of_any_port_is_one_finding() {
    let ports = |gap: f64| -> Vec<Made> {
        crowd(500, gap).into_iter().enumerate().map(|(i, row)| Made { port: Some(1 + i as u16 * 100), ..row }).collect()
    };
    assert_eq!(kinds(&ports(0.5)), [(Kind::Flood, 500)]);
    assert_eq!(kinds(&ports(1.5)).len(), 500);
    let finding = grouped(&ports(0.1), 9).findings()[0].clone();
    assert_eq!((finding.subject.to_string().as_str(), finding.ports), ("flood * > 10.0.0.1 6 * *", 500));
}

/// Many hosts, many ports, one source.
#[test]
fn a_block_is_one_finding() {
    let block = |hosts: u32, ports: u16| -> Vec<Made> {
        let to = |i: u32| Made {
            destination_text: Some(format!("10.1.{}.{}", i % hosts / 200, 1 + i % hosts % 200)),
            state: StateGroup::NoReply,
            bytes: (0, 0),
            ..made(f64::from(i) * 0.01, HOSTS[2], "", 1 + (i / hosts) as u16)
        };
        (0..hosts * u32::from(ports)).map(to).collect()
    };
    // Rows of scans, of sweeps, of neither.
    for (hosts, ports) in [(200, 15), (4, 400), (254, 8), (300, 4)] {
        let flows = u64::from(hosts) * u64::from(ports);
        assert_eq!(kinds(&block(hosts, ports)), [(Kind::Block, flows)], "{hosts} x {ports}");
    }
    assert_eq!(kinds(&block(3, 40)), [(Kind::Scan, 40); 3]);
    assert_eq!(kinds(&block(40, 3)), [(Kind::Sweep, 40); 3]);
    let scattered: Vec<Made> =
        block(40, 40).into_iter().enumerate().filter(|(i, _)| i % 17 == 0).map(|(_, row)| row).collect();
    assert_eq!(kinds(&scattered), [(Kind::Block, scattered.len() as u64)]);
    let finding = grouped(&block(20, 15), 9).findings()[0].clone();
    assert_eq!(finding.subject.to_string(), "block 198.51.100.7 > * * * *");
    assert_eq!((finding.hosts, finding.ports, finding.sources), (20, 15, 1));
}

#[test]
fn what_comes_every_other_hour_has_a_rhythm() {
    let rows: Vec<Made> = (0..30).map(|i| made(f64::from(i) * 7_200.0, HOSTS[0], HOSTS[2], 8443)).collect();
    let rhythm = grouped(&rows, 7).findings()[0].rhythm.unwrap();
    assert_eq!((rhythm.gaps, rhythm.quartiles), (29, [7_200.0; 3]));
    assert!(rhythm.regularity > 0.999);
}

#[test]
fn a_claim_that_the_capture_contradicts_is_data_and_a_gap_alone_is_not() {
    let row = |claimed, marks| Made { claimed: Some([0, claimed]), marks, ..made(0.0, HOSTS[2], HOSTS[0], 80) };
    assert_eq!(kinds(&[row(2_000_000_000, Marks::CAPTURE_GAP)]), [(Kind::Data, 1)]);
    assert_eq!(kinds(&[row(2_000_000_000, Marks::none())]), [(Kind::Conversation, 1)]);
    assert_eq!(kinds(&[row(900_000, Marks::CAPTURE_GAP)]), [(Kind::Conversation, 1)]);
    let most_seen = Made { bytes: (0, 30_000_000), ..row(40_000_000, Marks::CAPTURE_GAP) };
    assert_eq!(kinds(&[most_seen]), [(Kind::Conversation, 1)]);
}

#[test]
fn rows_without_scores_or_addresses_are_in_no_finding() {
    let mut rows: Vec<Made> = (0..4).map(|i| made(f64::from(i), HOSTS[0], HOSTS[1], 80)).collect();
    rows[1].severity = f64::NAN;
    rows[2].source = "";
    rows[2].destination = "-";
    rows[3].start = None;
    let of = partition(&rows, 2);
    assert!(of[0].is_some() && of[1].is_none() && of[2].is_none());
    assert!(of[3].is_some() && of[3] != of[0], "what has no time is a stretch of its own");
}

/// Rule 1 by its words: rows of one key are linked if less than an hour lies between them; findings are what is linked.
fn linked(rows: &[Made]) -> Vec<usize> {
    let mut label: Vec<usize> = (0..rows.len()).collect();
    let key = |r: &Made| (r.source, r.destination, r.port, r.state);
    let near = |a: &Made, b: &Made| {
        let (a, b) = ((a.start.unwrap(), a.duration), (b.start.unwrap(), b.duration));
        b.0 - (a.0 + a.1) < HOUR && a.0 - (b.0 + b.1) < HOUR
    };
    loop {
        let before = label.clone();
        for i in 0..rows.len() {
            for j in 0..rows.len() {
                if key(&rows[i]) == key(&rows[j]) && near(&rows[i], &rows[j]) {
                    let least = label[i].min(label[j]);
                    (label[i], label[j]) = (least, least);
                }
            }
        }
        if label == before {
            return label;
        }
    }
}

fn any_row() -> impl Strategy<Value = Made> {
    let state = prop_oneof![Just(StateGroup::Established), Just(StateGroup::Refused), Just(StateGroup::NoReply)];
    let port = prop_oneof![3 => 1u16..3, 1 => 1u16..60];
    (0..200_000u32, 0..5_000u32, 0..4usize, 0..4usize, port, state, 0.0..1.0f64).prop_map(
        |(second, lasts, from, to, port, state, severity)| Made {
            duration: i64::from(lasts) * 1_000_000,
            state,
            severity,
            bytes: (u64::from(second), u64::from(lasts)),
            service: (lasts % 3 > 0).then(|| ["ssh", "http"][lasts as usize % 2].to_owned()),
            ..made(f64::from(second), HOSTS[from], HOSTS[to], port)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn order_and_batches_do_not_matter(rows in prop::collection::vec(any_row(), 1..300), size in 1usize..50, turn in 0usize..300) {
        let one = grouped(&rows, rows.len());
        let mut other = rows.clone();
        other.rotate_left(turn % rows.len());
        other.reverse();
        let two = grouped(&other, size);
        prop_assert_eq!(format!("{:?}", one.findings()), format!("{:?}", two.findings()));
        prop_assert_eq!(one.findings().iter().map(|f| f.tally.flows).sum::<u64>(), rows.len() as u64);
        let again = |g: &crate::findings::Grouped| g.findings_of(&Batch::of(&rows).rows());
        prop_assert_eq!(again(&one), again(&two));
    }

    #[test]
    fn stretches_are_what_is_linked(rows in prop::collection::vec(any_row(), 1..60)) {
        // Few enough stretches of few enough ports that no other rule takes part.
        let rows: Vec<Made> = rows.into_iter().map(|r| Made { port: Some(1 + r.port.unwrap() % 2), ..r }).collect();
        let label = linked(&rows);
        let mut count = std::collections::HashMap::new();
        for (row, label) in rows.iter().zip(&label) {
            count.entry((row.source, row.destination, row.port, row.state)).or_insert_with(std::collections::HashSet::new).insert(label);
        }
        prop_assume!(count.values().all(|stretches| stretches.len() <= 3));
        let of = partition(&rows, 11);
        let mut id_of = std::collections::HashMap::new();
        for (label, id) in label.iter().zip(&of) {
            prop_assert_eq!(*id_of.entry(label).or_insert(*id), *id);
        }
        let ids: std::collections::HashSet<_> = id_of.values().collect();
        prop_assert_eq!(ids.len(), id_of.len());
    }
}

/// How the hosts of a network find each other is one finding, and what a few of them do is not.
#[test]
fn what_many_send_to_a_multicast_address_is_one_finding() {
    for (destination, port) in [("224.0.0.251", 5_353), ("10.0.0.255", 137), ("ff02::fb", 5_353)] {
        let rows = |hosts: u32| -> Vec<Made> {
            let row = |i: u32| Made {
                source_text: Some(format!("10.0.0.{}", 1 + i % hosts)),
                protocol: 17,
                state: StateGroup::NoReply,
                ..made(f64::from(i) * 300.0, "", destination, port)
            };
            (0..200).map(row).collect()
        };
        let kinds =
            |grouped: &Grouped| grouped.findings().iter().map(|f| (f.subject.kind, f.sources)).collect::<Vec<_>>();
        assert_eq!(kinds(&grouped(&rows(40), 7)), [(Kind::Multicast, 40)], "{destination}");
        assert_eq!(kinds(&grouped(&rows(10), 7)), vec![(Kind::Conversation, 1); 10], "{destination}");
        let tcp: Vec<Made> = rows(40).into_iter().map(|row| Made { protocol: 6, ..row }).collect();
        assert!(grouped(&tcp, 7).findings().iter().all(|finding| finding.subject.kind != Kind::Multicast));
    }
    // A host of somebody else's may be called so.
    let afar = |row: Made| Made { destination: "198.51.100.255", protocol: 17, ..row };
    let flood: Vec<Made> = crowd(600, 0.1).into_iter().map(afar).collect();
    assert_eq!(grouped(&flood, 7).findings()[0].subject.kind, Kind::Flood);
}
