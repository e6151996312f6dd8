//! The rules on real days: what must be seen is seen.

use super::made::{Batch, Made, grouped};
use super::zeek::{iot, rita_day, score};
use crate::Stop;
use crate::detectors::Ranking;
use crate::device::Device;
use crate::findings::table::{lines, shown};
use crate::findings::{Fault, Finding, Grouped, Kind, Opinions, Ranked, Surroundings, faults, rank};
use crate::flows::record::LogZone;

fn ranked(grouped: &Grouped, seed: u64) -> Vec<Ranked> {
    let opinions = Opinions::ask(grouped, seed, &Device::Cpu, &Stop::new()).unwrap();
    rank(grouped, &opinions).unwrap()
}

/// The place in the ranking of the first finding of `source` with at least `flows`; the first is 1.
fn place(grouped: &Grouped, ranked: &[Ranked], source: &str, flows: u64) -> usize {
    let is = |finding: &Finding| {
        finding.subject.conversation.source.unwrap().to_string() == source && finding.tally.flows >= flows
    };
    ranked.iter().position(|ranked| is(&grouped.findings()[ranked.finding])).unwrap() + 1
}

#[test]
fn the_scanner_the_brute_forcer_and_the_knocker_are_among_the_first_ten() {
    let Some(mut rows) = rita_day() else { return };
    let mut out = String::new();
    for seed in 0..3 {
        score(&mut rows, seed);
        let grouped = grouped(&rows, 1_000 + seed as usize);
        let ranked = ranked(&grouped, seed);
        let places =
            [("165.154.254.36", 1_015), ("170.64.237.193", 466), ("120.245.134.197", 5_348), ("94.232.45.152", 960)]
                .map(|(source, flows)| place(&grouped, &ranked, source, flows));
        println!(
            "seed {seed}: places {places:?} of {}, 27 h {}",
            ranked.len(),
            place(&grouped, &ranked, "73.54.23.243", 1)
        );
        assert!(places.iter().take(3).all(|&place| place <= 10), "seed {seed}: {places:?}");
        let around = Surroundings::of(&grouped);
        let faults = faults(&grouped, LogZone::UTC);
        let (whole, single): (Vec<&Fault>, Vec<&Fault>) = faults.iter().partition(|fault| fault.is_of_the_whole());
        let data: Vec<usize> =
            single.iter().filter_map(|f| if let Fault::Contradiction(at) = f { Some(*at) } else { None }).collect();
        out = lines(&shown(&grouped, &ranked, &data, 14), &whole, &grouped, &around, 140).join("\n");
        println!("{out}");
        assert!(!faults.iter().any(|fault| matches!(fault, Fault::MissingHours { .. })));
    }
    assert!(out.contains("1,013 ports (typical 1), 99% refused"), "{out}");
    assert!(out.contains("1.96 GB claimed, 84 B seen: capture gap"), "{out}");
    assert!(out.contains("the sensor missed a part of 48 of 31,368 flows (under 1%): 1.97 GB"), "{out}");
}

#[test]
fn the_capture_gap_is_data_and_no_threat() {
    let Some(rows) = rita_day() else { return };
    let grouped = grouped(&rows, 5_000);
    let data: Vec<&Finding> = grouped.findings().iter().filter(|f| f.subject.kind == Kind::Data).collect();
    assert!(data.iter().any(|f| f.subject.conversation.source.unwrap().to_string() == "64.62.197.3"));
    let ranked = ranked(&grouped, 0);
    assert_eq!(ranked.len() + data.len(), grouped.findings().len());
    assert!(ranked.iter().all(|ranked| grouped.findings()[ranked.finding].subject.kind != Kind::Data));
    let faults = faults(&grouped, LogZone::UTC);
    let Some(Fault::Contradiction(first)) = faults.first() else { panic!("{faults:?}") };
    assert_eq!(grouped.findings()[*first].tally.missed, 1_964_191_874 - 84);
}

/// As it is, 92 % of the rows are malicious: findings must still tell them from the rest.
#[test]
fn findings_tell_malicious_rows_from_the_rest() {
    let Some((mut rows, labels)) = iot() else { return };
    score(&mut rows, 0);
    let grouped = grouped(&rows, 3_000);
    let mut oddity = vec![0.0; grouped.findings().len()];
    for ranked in ranked(&grouped, 0) {
        oddity[ranked.finding] = ranked.oddity;
    }
    let mut ranking = Ranking::new();
    for (at, &malicious) in grouped.findings_of(&Batch::of(&rows).rows()).iter().zip(&labels) {
        ranking.push(oddity[at.unwrap()], false, malicious);
    }
    let auroc = ranking.finish().auroc.unwrap();
    println!("IoT-23 34-1: {} findings, AUROC of rows by their finding {auroc}", grouped.findings().len());
    assert!(auroc >= 0.95, "{auroc}");
}

/// The same findings, ids and all, from the rows in another order and other batches.
#[test]
fn a_real_day_in_another_order_gives_the_same_findings() {
    let Some(rows) = rita_day() else { return };
    let mut other: Vec<Made> = rows.clone();
    other.rotate_left(12_345);
    other[..9_000].reverse();
    let (one, two) = (grouped(&rows, 65_536), grouped(&other, 777));
    assert_eq!(format!("{:?}", one.findings()), format!("{:?}", two.findings()));
    let (first, second) = (ranked(&one, 5), ranked(&two, 5));
    assert_eq!(first, second);
}
