use super::made::{Made, grouped, made};
use crate::findings::{Fault, faults};
use crate::flows::record::when::{DAY, of_text};
use crate::flows::record::{LogZone, Marks};

/// Forty flows in each of these hours, 1.000001 s apart.
fn busy(hours: &[u32]) -> Vec<Made> {
    let in_hour = |hour: u32| {
        (0..40).map(move |i| made(f64::from(hour) * 3_600.0 + f64::from(i) * 1.000_001, "10.0.0.1", "192.0.2.1", 443))
    };
    hours.iter().flat_map(|&hour| in_hour(hour)).collect()
}

fn words(rows: &[Made]) -> Vec<String> {
    let grouped = grouped(rows, 13);
    faults(&grouped, LogZone::UTC).iter().map(|fault| fault.words(&grouped)).collect()
}

#[test]
fn a_whole_capture_has_no_faults() {
    assert_eq!(words(&busy(&[0, 1, 2, 3])), [""; 0]);
}

#[test]
fn missing_hours_are_told_where_the_others_are_busy() {
    assert_eq!(
        words(&busy(&[0, 1, 4, 5, 7])),
        [
            "no flows from 2024-04-19 02:00 to 2024-04-19 04:00 UTC",
            "no flows from 2024-04-19 06:00 to 2024-04-19 07:00 UTC"
        ]
    );
    // Nor is a baseline within the logs, which is not scored, but the hours around it.
    let rows = busy(&[0, 1, 8, 9]);
    let hour = |at: i64| rows[0].start.unwrap() + at * 3_600_000_000;
    for (span, wanted) in [
        ((hour(2), hour(8)), &[][..]),
        ((hour(1) + 5, hour(8) + 5), &[]),
        ((hour(4) + 1, hour(5)), &["02:00 to 2024-04-19 04:00", "05:00 to 2024-04-19 08:00"]),
        ((i64::MIN, hour(2)), &["02:00 to 2024-04-19 08:00"]),
        ((hour(3), i64::MAX), &["02:00 to 2024-04-19 03:00"]),
    ] {
        let grouped = grouped(&rows, 13).without(Some(span));
        let told: Vec<String> = faults(&grouped, LogZone::UTC).iter().map(|fault| fault.words(&grouped)).collect();
        let wanted: Vec<String> = wanted.iter().map(|hours| format!("no flows from 2024-04-19 {hours} UTC")).collect();
        assert_eq!(told, wanted, "{span:?}");
    }
    let quiet: Vec<Made> = busy(&[0, 1, 4, 5]).into_iter().step_by(4).collect();
    assert_eq!(words(&quiet), [""; 0]);
}

#[test]
fn an_hour_that_clocks_showed_twice_is_not_missed() {
    // Two o'clock came twice in Berlin that night: 00:00 and 01:00 UTC.
    let night = of_text("2024-10-27", LogZone::UTC);
    let shift = |row: Made| Made { start: row.start.zip(night).map(|(start, night)| start % DAY + night), ..row };
    let berlin = LogZone::place("Europe/Berlin").unwrap();
    for (hours, missed) in [(&[0, 2, 3][..], [0, 1]), (&[0, 3, 4], [1, 1])] {
        let grouped = grouped(&busy(hours).into_iter().map(shift).collect::<Vec<_>>(), 13);
        assert_eq!([berlin, LogZone::UTC].map(|zone| faults(&grouped, zone).len()), missed, "{hours:?}");
    }
}

#[test]
fn shares_of_faulty_flows_are_told() {
    let mut rows = busy(&[0, 1, 2, 3]);
    let mark = |rows: &mut [Made], mark| rows.iter_mut().for_each(|row| row.marks = row.marks.with(mark));
    mark(&mut rows[..1], Marks::CAPTURE_GAP);
    rows[0].claimed = Some([100, 1_200]);
    mark(&mut rows[10..17], Marks::ONE_SIDED);
    mark(&mut rows[20..21], Marks::BAD_CHECKSUM);
    // 7 of 160 one-sided (4.4 %) and 1 with bad checksums (0.6 %) are too few.
    assert_eq!(words(&rows), ["the sensor missed a part of 1 of 160 flows (1%): 1,000 B in all"]);
    mark(&mut rows[17..18], Marks::ONE_SIDED);
    mark(&mut rows[21..22], Marks::BAD_CHECKSUM);
    let words = words(&rows);
    assert_eq!(words.len(), 3);
    assert!(words[1].starts_with("one side only of 8 of 160 flows (5%)"), "{words:?}");
    assert!(words[2].starts_with("wrong checksums in 2 of 160 flows (1%)"), "{words:?}");
}

#[test]
fn flows_logged_twice_are_told_unless_the_log_is_coarse() {
    let rows = busy(&[0, 1]);
    let twice: Vec<Made> = rows.iter().chain(&rows[..2]).cloned().collect();
    // 2 of the 66 that are looked at.
    assert_eq!(words(&twice), [""; 0]);
    let twice: Vec<Made> = rows.iter().chain(&rows[..10]).cloned().collect();
    assert!(words(&twice)[0].starts_with("10 of 66 flows (15%) begin when another"), "{:?}", words(&twice));
    let coarse = |row: &Made| Made { start: row.start.map(|t| t / 1_000_000 * 1_000_000), ..row.clone() };
    let coarse: Vec<Made> = twice.iter().map(coarse).collect();
    assert_eq!(words(&coarse), [""; 0]);
}

#[test]
fn contradictions_come_first_and_by_what_was_missed() {
    let gap = |second: f64, source, claimed| Made {
        marks: Marks::CAPTURE_GAP,
        claimed: Some([0, claimed]),
        bytes: (91, 84),
        ..made(second, source, "192.0.2.1", 80)
    };
    let rows = [gap(0.0, "198.51.100.1", 5_000_000), gap(1.0, "198.51.100.2", 1_964_191_874)];
    let grouped = grouped(&rows, 1);
    let all = faults(&grouped, LogZone::UTC);
    let Fault::Contradiction(first) = all[0] else { panic!("{all:?}") };
    assert_eq!(grouped.findings()[first].subject.conversation.source.unwrap().to_string(), "198.51.100.2");
    assert!(matches!(all[1], Fault::Contradiction(_)) && matches!(all[2], Fault::Gaps { flows: 2, of: 2, .. }));
}
