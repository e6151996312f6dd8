use super::made::{Made, grouped, made};
use crate::findings::{Kind, Surroundings, hint, reasons};
use crate::flows::record::{Marks, StateGroup};

/// The reasons of the finding of `source`.
fn why(rows: &[Made], source: &str) -> String {
    let grouped = grouped(rows, 17);
    let around = Surroundings::of(&grouped);
    let finding = grouped
        .findings()
        .iter()
        .find(|finding| finding.subject.conversation.source.unwrap().to_string() == source)
        .unwrap();
    reasons(finding, &around).join(", ")
}

/// Three hundred sources with one flow each.
fn crowd() -> Vec<Made> {
    let one = |i: u32| Made {
        source_text: Some(format!("203.0.{}.{}", i / 200, 1 + i % 200)),
        ..made(f64::from(i) * 200.0, "", "192.0.2.1", 443)
    };
    (0..300).map(one).collect()
}

fn with(rows: impl IntoIterator<Item = Made>) -> Vec<Made> {
    crowd().into_iter().chain(rows).collect()
}

#[test]
fn reasons_are_those_of_the_picture() {
    let scan = (0..1_013).map(|i| Made {
        state: if i < 10 { StateGroup::NoReply } else { StateGroup::Refused },
        ..made(f64::from(i) * 85.0, "198.51.100.1", "192.0.2.1", i + 1)
    });
    assert_eq!(why(&with(scan), "198.51.100.1"), "1,013 ports (typical 1), 99% refused, every 85.0 s (85.0-85.0)");
    let login = (0..100).map(|i| Made {
        bytes: (1_288, 2_000),
        ..made(30_000.0 + f64::from(i) * 6.8, "198.51.100.2", "192.0.2.1", 22)
    });
    let said = why(&with(login), "198.51.100.2");
    assert_eq!(said, "25% of all flows, every 6.8 s (6.8-6.8), 1,288 B out, 2,000 B in each");
    let knocks = (0..20).map(|i| Made {
        state: StateGroup::Refused,
        ..made(f64::from(i) * 16.0 + f64::from(i % 3), "198.51.100.3", "192.0.2.1", 30_003)
    });
    let said = why(&with(knocks), "198.51.100.3");
    assert_eq!(said, "6% of all flows, every 17.0 s (14.0-17.0), all refused");
    let long = Made { duration: 97_201_000_000, bytes: (145_000, 1), ..made(0.0, "198.51.100.4", "192.0.2.1", 22) };
    assert_eq!(why(&with([long]), "198.51.100.4"), "27.0 h, 145 kB out; longest flow of the day");
    let burst = (0..12).map(|i| made(f64::from(i) * 0.1, "198.51.100.5", "192.0.2.1", 3306));
    assert_eq!(why(&with(burst), "198.51.100.5"), "bursts, 11 within 1.0 s, 100 B out, 200 B in each");
    let gap = Made {
        marks: Marks::CAPTURE_GAP,
        claimed: Some([91, 1_964_191_874]),
        bytes: (91, 84),
        ..made(0.0, "198.51.100.6", "192.0.2.1", 80)
    };
    assert_eq!(why(&with([gap]), "198.51.100.6"), "1.96 GB claimed, 84 B seen: capture gap");
}

#[test]
fn a_flood_from_many_sources_is_told_and_hinted_at() {
    let of = |gap: f64| {
        let grouped = grouped(&super::made::crowd(1_500, gap), 100);
        let (around, finding) = (Surroundings::of(&grouped), grouped.findings()[0].clone());
        (reasons(&finding, &around).join(", "), hint(&finding, &around).to_string())
    };
    assert_eq!(of(0.02), ("1,500 sources, all no reply, bursts, 33 or more within 0.64 s".into(), "DDoS T1498".into()));
    // A service that is down, and those who ask for it.
    assert_eq!(of(5.0), ("1,500 sources, all no reply, every 5.0 s (5.0-5.0)".into(), "unclear".into()));
}

#[test]
fn a_success_among_failures_is_told_and_nothing_is_ever_silent() {
    let mut tries: Vec<Made> = (0..15)
        .map(|i| Made { state: StateGroup::Refused, ..made(f64::from(i * i), "198.51.100.1", "192.0.2.1", 22) })
        .collect();
    tries[14].state = StateGroup::Established;
    let said = why(&with(tries), "198.51.100.1");
    assert!(said.ends_with("93% refused, 1 established"), "{said}");
    let plain = Made { duration: 2_500_000, ..made(0.0, "198.51.100.2", "192.0.2.1", 4_444) };
    assert_eq!(why(&with([plain]), "198.51.100.2"), "established, 100 B out, 200 B in, 2.5 s");
    let grouped = grouped(&with([]), 9);
    let around = Surroundings::of(&grouped);
    for finding in grouped.findings() {
        let reasons = reasons(finding, &around);
        assert!(finding.subject.kind == Kind::Conversation && (1..=3).contains(&reasons.len()));
    }
    assert_eq!((around.flows, around.typical_ports, around.typical_flows, around.typical_out), (300, 1, 1, 100));
}

/// What both ways carried together is not said to have gone out, and is no exfiltration.
#[test]
fn totals_are_said_as_such() {
    let said = |marks| {
        let large = Made { marks, bytes: (48_000_000_000, 0), ..made(0.0, "10.0.0.1", "203.0.113.9", 443) };
        let small = |i: u16| made(f64::from(i) * 7_200.0, "10.0.0.2", "203.0.113.8", 1_000 + i);
        let grouped = grouped(&[vec![large], (0..6).map(small).collect()].concat(), 3);
        let around = Surroundings::of(&grouped);
        let finding = grouped.findings().iter().max_by_key(|finding| finding.tally.bytes_out).unwrap();
        (reasons(finding, &around).join(", "), hint(finding, &around).to_string())
    };
    let (reasons, hinted) = said(Marks::BOTH_WAYS);
    assert!(reasons.contains("48.0 GB both ways") && !reasons.contains(" out"), "{reasons}");
    assert!(!hinted.contains("exfiltration"), "{hinted}");
    let (reasons, hinted) = said(Marks::none());
    assert!(reasons.contains("48.0 GB out, 0 B in") && hinted.contains("exfiltration"), "{reasons}; {hinted}");
}
