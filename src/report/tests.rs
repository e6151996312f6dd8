use super::*;
use crate::Stop;
use crate::flows::record::FlowOptions;
use crate::flows::source::{Input, InputOptions};
use crate::pipeline::{Pass, Run, ToldRun, record_hash};
use std::collections::{BTreeMap, HashSet};
use std::path::Path;

/// A number in 0..1 of `i`, told apart by `stream`.
fn unit(stream: u64, i: u64) -> f64 {
    (record_hash(stream, i) >> 11) as f64 / (1u64 << 53) as f64
}

/// What one made-up row says.
#[derive(Clone)]
struct Row {
    start: i64,
    score: Option<f64>,
    severity: f64,
    anomaly: bool,
    finding: String,
    port: u64,
    odd: Option<bool>,
}

fn rows(n: u64) -> Vec<Row> {
    (0..n)
        .map(|i| {
            let score = (unit(1, i) * 1e6).floor() / 1e6;
            Row {
                start: 1_700_000_000 + (unit(2, i) * 80_000.0) as i64,
                score: (i % 17 != 5).then_some(score),
                severity: score * 0.999,
                anomaly: score > 0.8,
                finding: format!("{:016x}", record_hash(3, i) % 40),
                port: record_hash(4, i) % 5,
                odd: [Some(true), Some(false), None][(record_hash(5, i) % 3) as usize],
            }
        })
        .collect()
}

fn log(rows: &[Row]) -> String {
    let line = |(i, row): (usize, &Row)| {
        let label = row.odd.map_or("unknown", |odd| if odd { "attack" } else { "normal" });
        let known = |text: String| row.score.map_or("null".to_owned(), |_| text);
        format!(
            "{{\"ts\":{}.5,\"uid\":\"C{i}\",\"id.orig_h\":\"10.0.0.{}\",\"id.orig_p\":1,\"id.resp_h\":\"192.0.2.1\",\"id.resp_p\":{},\
             \"proto\":\"tcp\",\"duration\":1.5,\"orig_bytes\":1,\"resp_bytes\":2,\"conn_state\":\"SF\",\"history\":\"Sh\",\
             \"orig_pkts\":1,\"orig_ip_bytes\":41,\"resp_pkts\":1,\"resp_ip_bytes\":42,\"label\":\"{label}\",\
             \"anomaly_score\":{},\"severity\":{},\"anomaly\":{},\"finding_id\":{}}}",
            row.start,
            i % 3,
            row.port,
            known(row.score.unwrap_or_default().to_string()),
            known(row.severity.to_string()),
            known(row.anomaly.to_string()),
            known(format!("\"{}\"", row.finding)),
        )
    };
    rows.iter().enumerate().map(line).collect::<Vec<_>>().join("\n") + "\n"
}

fn gathered(path: &Path, most_rows: usize, threads: usize, batch_rows: usize) -> Gathered {
    let options = InputOptions { batch_rows, ..InputOptions::default() };
    let mut input = Input::open(&[path.display().to_string()], &options).unwrap();
    let options = GatherOptions {
        prefix: String::new(),
        label: Some("label".into()),
        listed: None,
        most_rows,
        seed: 7,
        reading: FlowOptions::default(),
    };
    let run = Run { threads, stop: Stop::new(), progress: &|_| () };
    match gather(&mut input, &options, &run, |_, _| Ok(())).unwrap() {
        Pass::Done(gathered) => gathered,
        Pass::ReadAgain => panic!("nothing in it is wider than it looks"),
    }
}

#[test]
fn what_is_gathered_is_what_a_plain_count_gives() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scored.ndjson");
    let rows = rows(3_000);
    std::fs::write(&path, log(&rows)).unwrap();
    let known: Vec<(usize, &Row)> = rows.iter().enumerate().filter(|(_, row)| row.score.is_some()).collect();
    let flagged: Vec<(usize, &Row)> = known.iter().copied().filter(|(_, row)| row.anomaly).collect();
    let most = 1_400;
    let mut pages = Vec::new();
    for (threads, batch_rows) in [(1, 65_536), (3, 7), (2, 501)] {
        let met = gathered(&path, most, threads, batch_rows);
        assert_eq!(
            (met.tally.rows, met.counts.scored, met.counts.anomalies),
            (3_000, known.len() as u64, flagged.len() as u64)
        );
        // Scores.
        let total = met.counts.scores.bins().fold([0; 4], |sum, (from, to, bin)| {
            let inside = |row: &&(usize, &Row)| row.1.score.is_some_and(|x| from <= x && x < to);
            assert_eq!(bin.flows, known.iter().filter(inside).count() as u64, "{from}..{to}");
            [sum[0] + bin.flows, sum[1] + bin.anomalies, sum[2] + bin.normal, sum[3] + bin.odd]
        });
        let of_label = |label| known.iter().filter(|(_, row)| row.odd == Some(label)).count() as u64;
        assert_eq!(total, [known.len() as u64, flagged.len() as u64, of_label(false), of_label(true)]);
        // Severities.
        let tiers: Vec<u64> = [(-1.0, 0.3), (0.3, 0.7), (0.7, 0.9), (0.9, 1.0)]
            .iter()
            .map(|(low, high)| {
                known.iter().filter(|(_, row)| row.severity > *low && row.severity <= *high).count() as u64
            })
            .collect();
        assert_eq!(met.counts.tiers.counts.map(|[flows, _]| flows).to_vec(), tiers);
        for (severity, score) in met.counts.tiers.marks() {
            assert!((score * 0.999 - severity).abs() < 2e-3, "{severity} at {score}");
        }
        // Times.
        let shown = met.counts.timeline.shown().unwrap();
        let mut spells: BTreeMap<i64, [u64; 2]> = BTreeMap::new();
        for (_, row) in &known {
            let counts = spells.entry((row.start - shown.from).div_euclid(shown.seconds)).or_default();
            counts[0] += 1;
            counts[1] += u64::from(row.anomaly);
        }
        assert!(shown.spells.len() <= 200 && shown.before + shown.after == 0);
        for (at, counts) in shown.spells.iter().enumerate() {
            assert_eq!(*counts, spells.get(&(at as i64)).copied().unwrap_or_default());
        }
        // Services, findings, hosts.
        for (service, counts) in met.counts.services.ranked() {
            let port = service.words();
            let of_port: Vec<_> = known.iter().filter(|(_, row)| format!("{}/tcp", row.port) == port).collect();
            assert_eq!(counts.flows, of_port.len() as u64, "{port}");
            assert_eq!(counts.anomalies, of_port.iter().filter(|(_, row)| row.anomaly).count() as u64);
        }
        for found in met.counts.found.ranked() {
            let of_finding = flagged.iter().filter(|(_, row)| row.finding == found.id);
            assert_eq!(found.flows, of_finding.clone().count() as u64);
            assert_eq!(
                found.span.unwrap().0,
                of_finding.map(|(_, row)| row.start).min().unwrap() * 1_000_000 + 500_000
            );
        }
        let days = crate::findings::host_days(met.grouped.as_ref().unwrap(), &[]);
        assert_eq!(days.iter().map(|day| day.flows).sum::<u64>(), known.len() as u64);
        // Rows: the first twenty flagged ones of each finding, then flagged ones by severity, then others.
        assert_eq!(met.shown.rows.num_rows(), most);
        let inside: HashSet<u64> = met.shown.positions.iter().copied().collect();
        for id in (0..40).map(|id| format!("{id:016x}")) {
            let firsts: Vec<usize> =
                flagged.iter().filter(|(_, row)| row.finding == id).map(|(at, _)| *at).take(20).collect();
            let met_rows = met.shown.of_finding.get(&id).cloned().unwrap_or_default();
            let places: Vec<usize> = met_rows.iter().map(|&row| met.shown.positions[row] as usize).collect();
            assert_eq!(places, firsts, "{id}");
        }
        assert!(flagged.iter().all(|(at, _)| inside.contains(&(*at as u64))), "all flagged rows fit");
        let report = Report {
            title: "t",
            made_by: "m",
            gathered: &met,
            told: None,
            ranked: &[],
            notes: &[],
            prefix: "",
            label: Some("label"),
            map: None,
        };
        pages.push(report.data().unwrap());
    }
    assert!(pages[0] == pages[1] && pages[1] == pages[2], "threads and batches change nothing");
}

#[test]
fn of_too_many_anomalies_the_oddest_are_shown() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scored.ndjson");
    let mut rows = rows(2_000);
    rows.iter_mut().for_each(|row| row.finding = "f".repeat(16));
    std::fs::write(&path, log(&rows)).unwrap();
    let met = gathered(&path, 100, 2, 64);
    let mut flagged: Vec<(usize, &Row)> =
        rows.iter().enumerate().filter(|(_, row)| row.score.is_some() && row.anomaly).collect();
    let firsts: HashSet<usize> = flagged.iter().take(20).map(|(at, _)| *at).collect();
    flagged.retain(|(at, _)| !firsts.contains(at));
    flagged.sort_by(|(a, x), (b, y)| y.severity.total_cmp(&x.severity).then(a.cmp(b)));
    let mut expected: Vec<u64> = firsts.iter().map(|at| *at as u64).collect();
    expected.extend(flagged.iter().take(80).map(|(at, _)| *at as u64));
    expected.sort_unstable();
    assert_eq!(met.shown.positions, expected);
}

#[test]
fn bins_grow_to_hold_anything_and_order_does_not_matter() {
    let values: Vec<f64> = (0..20_000).map(|i| (unit(9, i) - 0.5) * 10f64.powi((i % 12) as i32)).collect();
    let count = |values: &[f64]| {
        let mut scores = Scores::default();
        values.iter().for_each(|&x| scores.add(x, x > 0.0, Some(x > 1.0)));
        scores
    };
    let all = count(&values);
    let mut backwards = values.clone();
    backwards.reverse();
    assert_eq!(all, count(&backwards));
    let mut merged = Scores::default();
    values.chunks(777).for_each(|part| merged.merge(count(part)));
    assert_eq!(all, merged);
    let bins: Vec<(f64, f64, Bin)> = all.bins().collect();
    assert!(bins.len() <= scores::MOST_BINS);
    for (from, to, bin) in &bins {
        let inside = values.iter().filter(|&&x| *from <= x && x < *to);
        assert_eq!(bin.flows, inside.count() as u64);
    }
    assert_eq!(bins.iter().map(|(_, _, bin)| bin.flows).sum::<u64>(), 20_000);
    let mut extreme = Scores::default();
    [f64::NAN, f64::INFINITY, 1e300, -1e300, 0.0].iter().for_each(|&x| extreme.add(x, false, None));
    assert_eq!(extreme.bins().map(|(_, _, bin)| bin.flows).sum::<u64>(), 3);
}

#[test]
fn times_are_shown_in_a_fitting_unit_and_strays_are_counted() {
    let count = |starts: &[i64]| {
        let mut timeline = Timeline::default();
        starts.iter().for_each(|&start| timeline.add(start, start % 2 == 0));
        timeline
    };
    let day: Vec<i64> = (0..20_000).map(|i| 1_700_000_000_000_000 + (unit(11, i) * 8.64e10) as i64).collect();
    let mut merged = Timeline::default();
    day.chunks(333).for_each(|part| merged.merge(count(part)));
    assert_eq!(merged, count(&day));
    let shown = merged.shown().unwrap();
    assert_eq!((shown.unit, shown.spells.iter().map(|[n, _]| n).sum::<u64>()), ("10 minutes", 20_000));
    // One flow that has been open for a month.
    let mut open = day.clone();
    open.push(day[0] - 30 * 86_400_000_000);
    let with_open = count(&open).shown().unwrap();
    assert_eq!((with_open.unit, with_open.before, with_open.after), ("10 minutes", 1, 0));
    assert!(with_open.spells.len() <= timeline::MOST_SHOWN);
    // Any span, however long.
    let century = count(&[0, 3_000_000_000_000_000, 4_000_000_000_000_000]).shown().unwrap();
    assert!(century.spells.len() <= timeline::MOST_SHOWN);
    assert_eq!(century.spells.iter().map(|[n, _]| n).sum::<u64>() + century.before, 3);
    let second = count(&[5_500_000]).shown().unwrap();
    assert_eq!((second.unit, second.from, second.spells), ("second", 5, vec![[1, 1]]));
    assert!(Timeline::default().shown().is_none());
}

#[test]
fn curves_are_those_of_each_threshold() {
    let mut scores = Scores::default();
    let rows: Vec<(f64, bool)> =
        (0..500).map(|i| (f64::from(i % 50) / 64.0, unit(13, i as u64) < f64::from(i % 50) / 60.0)).collect();
    rows.iter().for_each(|&(score, odd)| scores.add(score, false, Some(odd)));
    let curves = Curves::new(&scores, Verdicts { hits: 3, false_alarms: 1 }).unwrap();
    let of = |odd: bool| rows.iter().filter(|row| row.1 == odd).count() as f64;
    let above = |threshold: f64, odd: bool| rows.iter().filter(|row| row.0 >= threshold && row.1 == odd).count() as f64;
    let expected: Vec<[f64; 2]> = (0..50)
        .rev()
        .map(|at| f64::from(at) / 64.0)
        .map(|t| [above(t, false) / of(false), above(t, true) / of(true)].map(|x| (x * 1e5).round() / 1e5))
        .collect();
    for point in &curves.roc[1..] {
        assert!(expected.contains(point), "{point:?}");
    }
    assert_eq!((curves.roc[0], curves.roc.last().copied()), ([0.0, 0.0], Some([1.0, 1.0])));
    let [recall, precision] = *curves.precision_recall.last().unwrap();
    assert!(recall == 1.0 && (precision - of(true) / 500.0).abs() < 1e-5);
    assert_eq!(curves.verdict, Some([1.0 / of(false), 3.0 / of(true), 0.75]));
    assert!(Curves::new(&Scores::default(), Verdicts::default()).is_none());
}

#[test]
fn manifests_of_other_versions_are_read_as_far_as_they_go() {
    assert!(ToldRun::parse("[]").is_err() && ToldRun::parse("{\"threads\": \"two\"}").is_err());
    let told =
        ToldRun::parse("{\"what\": [1], \"model\": null, \"findings\": {\"list\": [{\"id\": \"a\", \"new\": 1}, {}]}}")
            .unwrap();
    assert_eq!(told.list().unwrap().len(), 2);
    assert!(told.drift.is_none() && told.inputs.is_none());
}
