use super::made::{Made, grouped, made};
use crate::findings::host_days;
use crate::flows::record::StateGroup;

#[test]
fn sources_are_counted_by_the_day() {
    let mut rows: Vec<Made> = (0..20).map(|i| made(f64::from(i) * 60.0, "10.0.0.1", "192.0.2.1", 80)).collect();
    rows.push(Made { state: StateGroup::NoReply, bytes: (40, 0), ..made(90.0, "10.0.0.1", "192.0.2.2", 23) });
    rows.push(made(90_000.0, "10.0.0.1", "192.0.2.1", 80));
    rows.push(made(5.0, "10.0.0.9", "192.0.2.1", 80));
    // A port counts once, whatever the protocol.
    rows.push(Made { protocol: 17, ..made(90.0, "10.0.0.1", "192.0.2.2", 23) });
    let grouped = grouped(&rows, 6);
    let beacon = grouped.findings().iter().position(|finding| finding.tally.flows == 20).unwrap();
    let other = grouped
        .findings()
        .iter()
        .position(|f| f.subject.conversation.source.unwrap().to_string() == "10.0.0.9")
        .unwrap();
    let mut ranks = vec![None; grouped.findings().len()];
    ranks[beacon] = Some(2);
    ranks[other] = Some(1);
    let days = host_days(&grouped, &ranks);
    let brief: Vec<_> = days
        .iter()
        .map(|d| (d.rank, d.source.to_string(), d.day.unwrap() - 19_832, d.flows, d.ports, d.hosts, d.bytes_out))
        .collect();
    assert_eq!(
        brief,
        [
            (Some(1), "10.0.0.9".to_owned(), 0, 1, 1, 1, 100),
            (Some(2), "10.0.0.1".to_owned(), 0, 22, 2, 2, 2_140),
            (None, "10.0.0.1".to_owned(), 1, 1, 1, 1, 100),
        ]
    );
    // Without ranks the oddest rows come first.
    rows[0].severity = 0.8;
    rows[21].severity = 0.9;
    let severities = host_days(&super::made::grouped(&rows, 6), &[]);
    let brief: Vec<_> = severities.iter().map(|d| (d.severity, d.flows)).collect();
    assert_eq!((brief[0], brief[1]), ((0.9, 1), (0.8, 22)));
    assert!((days[1].beat - 1.0).abs() < 1e-12);
    assert!((days[1].failed_share - 1.0 / 22.0).abs() < 1e-12);
    assert_eq!((days[0].beat, days[2].beat), (0.0, 0.0));
}
