use super::made::{Batch, Made, crowd, grouped, made};
use crate::findings::table::{Shown, lines, shown, sides, spoken};
use crate::findings::{Common, Fault, Hint, HostNames, Kind, Parts, Ranked, Surroundings};
use crate::flows::record::{Marks, StateGroup};
use unicode_width::UnicodeWidthStr;

fn rows() -> Vec<Made> {
    let mut rows: Vec<Made> = (0..1_013)
        .map(|i| Made { state: StateGroup::Refused, ..made(f64::from(i) * 85.0, "198.51.100.1", "192.0.2.1", 1 + i) })
        .collect();
    rows.extend((0..466).map(|i| Made {
        service: Some("ssh".into()),
        bytes: (1_288, 2_000),
        ..made(30_180.0 + f64::from(i) * 6.8, "198.51.100.2", "192.0.2.1", 22)
    }));
    rows.push(Made {
        marks: Marks::CAPTURE_GAP,
        claimed: Some([91, 1_964_191_874]),
        bytes: (91, 84),
        service: Some("ht\u{1b}[2Jtp".into()),
        ..made(55_159.0, "198.51.100.3", "192.0.2.1", 80)
    });
    rows
}

fn ranked(finding: usize, severity: f64) -> Ranked {
    let parts = Parts { rows: 0.5, conversation: None, host: None, size: 0.5 };
    Ranked { finding, severity, oddity: 0.5, parts }
}

fn table(width: usize) -> Vec<String> {
    let grouped = grouped(&rows(), 100);
    let at = |kind| grouped.findings().iter().position(|finding| finding.subject.kind == kind).unwrap();
    let ranked = [ranked(at(Kind::Scan), 0.9999), ranked(at(Kind::Conversation), 0.9683)];
    let data = [at(Kind::Data)];
    let mut shown: Vec<Shown<'_>> = shown(&grouped, &ranked, &data, 10);
    shown[0].hint = Some(Hint::Technique { id: "T1046", name: "port scan" });
    // Two hours from 2024-04-19 03:00.
    let missing = Fault::MissingHours { from: 1_713_495_600_000_000, hours: 2 };
    let faults = [&Fault::OneSided { flows: 90, of: 1_480 }, &missing];
    lines(&shown, &faults, &grouped, &Surroundings::of(&grouped), width)
}

#[test]
fn the_table_is_that_of_the_picture() {
    assert_eq!(
        table(120),
        [
            "    sev  flows  from -> to                                UTC          why it is odd",
            "1   .99  1,013  198.51.100.1 -> 192.0.2.1                 00:00-23:53  1,013 ports (typical 1), all refused, every 85.0",
            "                                                                       s (85.0-85.0)",
            "                                                                       hint: port scan T1046",
            "2   .96    466  198.51.100.2 -> 192.0.2.1:22 ssh          08:23-09:15  32% of all flows, every 6.8 s (6.8-6.8), 1,288 B",
            "                                                                       out, 2,000 B in each",
            r"!  data      1  198.51.100.3 -> 192.0.2.1:80 ht\x1b[2Jtp  15:19:19     1.96 GB claimed, 84 B seen: capture gap",
            "!  data     90  the capture                               -            one side only of 90 of 1,480 flows (6%): a mirror",
            "                                                                       port or a route that leaves one direction out",
            "!  data      0  the capture                               03:00-05:00  no flows from 2024-04-19 03:00 to 2024-04-19",
            "                                                                       05:00 UTC",
        ]
    );
}

#[test]
fn narrow_terminals_have_reasons_on_their_own_lines() {
    for width in [60, 80, 99] {
        let lines = table(width);
        assert!(lines.iter().all(|line| line.width() <= width.max(70)), "{lines:#?}");
        assert!(lines[1].starts_with("1   .99") && lines[2].starts_with("         1,013 ports"), "{lines:#?}");
        assert!(lines.iter().all(|line| !line.contains('\x1b') && line.trim_end() == line));
    }
}

#[test]
fn sides_are_named_as_networks_do() {
    let of = |row: Made| sides(&grouped(&[row], 1).findings()[0], &HostNames::default());
    let dns = Made { protocol: 17, service: Some("dns".into()), ..made(0.0, "2001:db8::1", "2001:db8::2", 53) };
    assert_eq!(of(dns), "2001:db8::1 -> [2001:db8::2]:53/udp dns");
    let unreachable = Made { protocol: 1, icmp: Some((3, 3)), port: None, ..made(0.0, "10.0.0.1", "192.0.2.1", 0) };
    assert_eq!(of(unreachable.clone()), "10.0.0.1 -> 192.0.2.1 icmp 3/3");
    assert_eq!(of(Made { protocol: 47, port: None, ..made(0.0, "10.0.0.1", "", 0) }), "10.0.0.1 -> ? gre");
    assert_eq!(of(Made { protocol: 200, port: None, ..made(0.0, "10.0.0.1", "", 0) }), "10.0.0.1 -> ? proto 200");
    let sweep: Vec<Made> =
        (1..=12).map(|i| Made { destination_text: Some(format!("192.0.2.{i}")), ..unreachable.clone() }).collect();
    assert_eq!(sides(&grouped(&sweep, 5).findings()[0], &HostNames::default()), "10.0.0.1 -> 12 hosts icmp 3/3");
    let flood = crowd(1_200, 0.01);
    assert_eq!(sides(&grouped(&flood, 5).findings()[0], &HostNames::default()), "1,200 hosts -> 10.0.0.1:80");
    assert_eq!(
        spoken(&Common::of_row(&Batch::of(&flood).rows().flow(0)).conversation, &HostNames::default()),
        "198.18.0.1 -> 10.0.0.1:80"
    );
}
