use super::made::{Made, grouped, made};
use crate::findings::{Earlier, Since};

#[test]
fn findings_are_new_seen_or_grown() {
    let flows = |source, n: u32| (0..n).map(move |i| made(f64::from(i), source, "192.0.2.1", 80));
    let before: Vec<Made> = flows("10.0.0.1", 10).chain(flows("10.0.0.2", 10)).collect();
    let after: Vec<Made> = flows("10.0.0.1", 19).chain(flows("10.0.0.2", 70)).chain(flows("10.0.0.3", 5)).collect();
    let (before, after) = (grouped(&before, 4), grouped(&after, 4));
    let kept = before.findings().iter().map(|f| (f.subject.to_string(), f.tally.flows));
    let earlier = Earlier::new(kept, 1.0);
    assert_eq!(earlier.compare(after.findings(), 1.0), [Since::Seen, Since::Grown(7.0), Since::New]);
    // Seven days of ten times the flows are no growth.
    assert_eq!(earlier.compare(after.findings(), 7.0), [Since::Seen, Since::Seen, Since::New]);
    // Nor are a day's flows beside those of three of its hours at the same pace, nor a few of them in an hour of it.
    assert_eq!(
        Earlier::new([(after.findings()[0].subject.to_string(), 3)], 0.125).compare(&after.findings()[..1], 1.0),
        [Since::Seen]
    );
    let of_a_day = Earlier::new([(after.findings()[0].subject.to_string(), 20)], 1.0);
    assert_eq!(of_a_day.compare(&after.findings()[..1], 1.0 / 24.0), [Since::Seen]);
    let of_a_day = Earlier::new([(after.findings()[0].subject.to_string(), 5)], 1.0);
    assert_eq!(of_a_day.compare(&after.findings()[..1], 1.0 / 24.0), [Since::Grown(3.8)]);
    let words = [Since::New, Since::Seen, Since::Grown(7.0), Since::Grown(12.3)].map(|since| since.to_string());
    assert_eq!(words, ["new", "seen", "grown × 7.0", "grown × 12"]);
}

#[test]
fn stretches_of_one_subject_are_compared_together() {
    let at = |second: f64| made(second, "10.0.0.1", "192.0.2.1", 80);
    let once = grouped(&[at(0.0), at(9_000.0)], 1);
    assert_eq!(once.findings().len(), 2);
    let kept: Vec<_> = once.findings().iter().map(|f| (f.subject.to_string(), f.tally.flows)).collect();
    let earlier = Earlier::new(kept, 1.0);
    assert_eq!(earlier.compare(once.findings(), 1.0), [Since::Seen, Since::Seen]);
    assert_ne!(once.findings()[0].id, once.findings()[1].id);
}
