use super::made::{Made, grouped, made};
use crate::findings::{DAY, Finding, Flagged, HOUR, Period, Verdict};
use crate::flows::record::Marks;

/// Findings of so many flows each, a day apart from first to last.
fn findings(flows: &[u32], days: f64) -> Vec<Finding> {
    let mut rows: Vec<Made> = Vec::new();
    for (at, &n) in flows.iter().enumerate() {
        let port = at as u16 + 1;
        let source = ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5", "10.0.0.6"][at];
        rows.extend((0..n).map(|_| made(0.0, source, "192.0.2.1", port)));
    }
    let last = rows.last_mut().unwrap();
    last.start = last.start.map(|start| start + (days * DAY as f64) as i64);
    let mut findings = grouped(&rows, 100).findings().to_vec();
    findings.sort_by_key(|finding| finding.subject.conversation.source);
    findings
}

#[test]
fn alerts_are_a_number_a_day_and_a_day_at_least() {
    let asked = |verdict: &str, days: f64| {
        let findings = findings(&[5, 4, 3, 2, 1, 1], days);
        verdict.parse::<Verdict>().unwrap().of(&findings.iter().collect::<Vec<_>>(), days.max(1.0))
    };
    assert_eq!(asked("2/day", 0.01), Flagged { findings: 2, rows: 9, days: 1.0 });
    assert_eq!(asked("2/day", 1.25), Flagged { findings: 3, rows: 12, days: 1.25 });
    assert_eq!(asked("1/week", 1.0), Flagged { findings: 1, rows: 5, days: 1.0 });
    assert_eq!(asked("100/day", 1.0), Flagged { findings: 6, rows: 16, days: 1.0 });
    assert_eq!(asked("3/day", 2.0).findings_per_day(), 3.0);
    assert_eq!(asked("1/day", 2.0).rows_per_day(), 4.5);
}

#[test]
fn a_stray_time_adds_no_years_and_open_flows_no_days() {
    let hours = |hours: &[i64]| -> Vec<Made> {
        hours.iter().map(|&hour| made((hour * 3_600) as f64, "10.0.0.1", "192.0.2.1", 80)).collect()
    };
    let days = |rows: &[Made]| grouped(rows, 100).days();
    assert_eq!(days(&hours(&[0, 1, 5])), 1.0);
    assert_eq!(days(&hours(&[0, 20, 40, 48])), 2.0);
    assert_eq!(days(&hours(&[0, 10, 24 * 3_650])), (10.0 + 24.0) / 24.0);
    // Two days from midnight to midnight are two, not 47 hours.
    let minutes = |minutes: &[i64]| -> Vec<Made> {
        minutes.iter().map(|&minute| made((minute * 60) as f64, "10.0.0.1", "192.0.2.1", 80)).collect()
    };
    assert_eq!(days(&minutes(&[0, 1_439, 1_440, 2_880 - 1])), 2_879.0 / 1_440.0);
    assert_eq!(days(&minutes(&[59, 720, 1_500])), 1_441.0 / 1_440.0);
    // A baseline of a day between two days of ten hours each counts for nothing; an hour of silence on both of its sides does.
    let around = hours(&(0..10).chain(34..44).collect::<Vec<i64>>());
    assert_eq!(days(&around), 42.0 / 24.0);
    let hour = |at: i64| around[0].start.unwrap() + at * HOUR;
    let around = grouped(&around, 100).without(Some((hour(10), hour(34))));
    assert_eq!((around.length(), around.days()), (19.0 / 24.0, 1.0));
    // Nor is a day more than one by some seconds.
    let mut day = minutes(&[0, 720, 1_440]);
    day[2].start = day[2].start.map(|start| start + 7_000_000);
    assert_eq!(days(&day), 1.0);
    let mut open = hours(&[0, 20, 40]);
    open[0].marks = Marks::STILL_OPEN;
    assert_eq!(days(&open), 1.0);
}

#[test]
fn contamination_takes_the_fewest_findings_that_hold_the_share() {
    let findings = findings(&[5, 4, 3, 2, 1, 1], 1.0);
    let ranked: Vec<&Finding> = findings.iter().collect();
    let asked = |share: f64| Verdict::Contamination(share).of(&ranked, 1.0).findings;
    assert_eq!([0.0, 0.01, 5.0 / 16.0, 0.32, 9.0 / 16.0, 1.0].map(asked), [0, 1, 1, 2, 2, 6]);
    assert_eq!(Verdict::default().of(&[], 1.0), Flagged { findings: 0, rows: 0, days: 1.0 });
}

#[test]
fn amounts_are_read_as_they_are_shown() {
    for text in ["100/day", "20/week", "1/day"] {
        assert_eq!(text.parse::<Verdict>().unwrap().to_string(), text);
    }
    assert_eq!(" 7 / W ".parse::<Verdict>().unwrap(), Verdict::Alerts { findings: 7, period: Period::Week });
    for text in ["", "100", "0/day", "-1/day", "1.5/day", "1/month", "/day", "99999999999999999999/day"] {
        let message = text.parse::<Verdict>().unwrap_err().to_string();
        assert!(message.starts_with(&format!("alerts is {text}; ")) && message.contains("100/day"), "{message}");
    }
}
