use super::made::{Made, grouped, made};
use crate::Stop;
use crate::device::Device;
use crate::findings::tables::{COLUMNS, Line, Of, Table, Whole};
use crate::findings::{LEAST_LINES, Opinion, Opinions};
use crate::flows::record::{Host, StateGroup};

fn column(table: &Table, name: &str) -> Vec<f32> {
    let at = COLUMNS.iter().position(|column| *column == name).unwrap();
    table.values.column(at).to_vec()
}

#[test]
fn lines_count_what_sources_and_findings_did() {
    // A local source: hour 0: two flows to two hosts on port 80 and one refused on 81; hour 1: one flow.
    let mut rows = vec![
        made(0.0, "10.0.0.1", "192.0.2.1", 80),
        made(10.0, "10.0.0.1", "192.0.2.2", 80),
        Made { state: StateGroup::Refused, duration: 3_000_000, ..made(20.0, "10.0.0.1", "192.0.2.1", 81) },
        made(5_000.0, "10.0.0.1", "192.0.2.1", 80),
        // A remote one in hour 0.
        made(30.0, "198.51.100.1", "10.0.0.1", 80),
    ];
    rows[4].bytes = (7, 9);
    let grouped = grouped(&rows, 2);
    let whole = Whole::of(&grouped);
    let hosts = Table::new(&grouped, &whole, Of::Hosts, true);
    let hour = 1_713_484_800 / 3_600;
    let source = Line::Source(Host::parse("10.0.0.1"));
    assert_eq!(hosts.lines, [(source, Some(hour)), (source, Some(hour + 1))]);
    assert_eq!(hosts.flows, [3, 1]);
    let ln = |x: f64| crate::features::math::ln(1.0 + x) as f32;
    let close = |name: &str, want: [f32; 2]| {
        let met = column(&hosts, name);
        assert!(met.iter().zip(want).all(|(met, want)| (met - want).abs() < 1e-6), "{name}: {met:?}, {want:?}");
    };
    close("ln flows", [ln(3.0), ln(1.0)]);
    close("ln distinct ports", [ln(2.0), ln(1.0)]);
    close("ln distinct destinations", [ln(2.0), ln(1.0)]);
    close("failed share", [1.0 / 3.0, 0.0]);
    close("ln bytes out", [ln(300.0), ln(100.0)]);
    close("ln bytes in", [ln(600.0), ln(200.0)]);
    close("ln packets", [ln(12.0), ln(4.0)]);
    close("mean ln gap", [ln(10.0), ln(3_600.0)]);
    close("regularity", [0.0, 0.0]);
    close("share of all flows in the hour", [0.75, 1.0]);
    close("ln longest duration", [ln(3.0), 0.0]);
    // Of four flows to 80 and 81 in hour 0 three are its own.
    close("share of all flows of the port in the hour", [0.75, 1.0]);
    let remote = Table::new(&grouped, &whole, Of::Conversations, false);
    assert_eq!((remote.lines.len(), remote.flows), (1, vec![1]));
    assert_eq!(Table::new(&grouped, &whole, Of::Conversations, true).lines.len(), 4);
}

#[test]
fn few_lines_give_no_opinion_and_many_do() {
    let crowd = |n: u32| -> Vec<Made> {
        let one = |i: u32| Made {
            source_text: Some(format!("198.51.100.{}", 1 + i)),
            ..made(f64::from(i), "", "10.0.0.1", 443)
        };
        (0..n).map(one).collect()
    };
    let ask = |rows: &[Made]| {
        let grouped = grouped(rows, 10);
        let opinions = Opinions::ask(&grouped, 3, &Device::Cpu, &Stop::new()).unwrap();
        (grouped, opinions)
    };
    let (_, none) = ask(&crowd(LEAST_LINES as u32 - 1));
    assert!(none.host.iter().chain(&none.conversation).all(Option::is_none));
    let mut rows = crowd(60);
    rows.extend((0..500).map(|i| made(f64::from(i) * 7.0, "203.0.113.7", "10.0.0.1", 22)));
    let (grouped, opinions) = ask(&rows);
    assert_eq!(opinions.lines, [0, 61, 0, 61]);
    let flood = grouped.findings().iter().position(|finding| finding.tally.flows == 500).unwrap();
    let most = |of: &[Option<Opinion>]| {
        of.iter().map(|o| o.unwrap().largest).enumerate().max_by(|a, b| a.1.total_cmp(&b.1)).unwrap().0
    };
    assert_eq!((most(&opinions.host), most(&opinions.conversation)), (flood, flood));
}
