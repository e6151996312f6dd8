//! Hints on labelled and known logs.

use super::made::{Batch, grouped};
use super::zeek::{iot_kinds, rita_day};
use crate::findings::{Finding, Hint, Surroundings, hint};
use std::collections::BTreeMap;

fn name(hint: Hint) -> String {
    hint.to_string()
}

/// What the rows of each label are hinted at by their findings: the table in the documentation of [`hint`].
#[test]
fn the_confusion_on_iot_23() {
    let Some((rows, kinds)) = iot_kinds() else { return };
    let grouped = grouped(&rows, 4_000);
    let around = Surroundings::of(&grouped);
    let mut confusion: BTreeMap<(String, String), (u64, std::collections::BTreeSet<usize>)> = BTreeMap::new();
    let batch = Batch::of(&rows);
    for (at, kind) in grouped.findings_of(&batch.rows()).into_iter().zip(&kinds) {
        let said = at.map_or_else(|| "none".to_owned(), |at| name(hint(&grouped.findings()[at], &around)));
        let cell = confusion.entry((kind.clone(), said)).or_default();
        cell.0 += 1;
        cell.1.extend(at);
    }
    for ((kind, said), (rows, findings)) in &confusion {
        println!("{kind:<28}{said:<28}{rows:>7} flows {:>5} findings", findings.len());
    }
    let share = |kind: &str, said: &str| {
        let rows = |said: Option<&str>| -> u64 {
            let of = |key: &(String, String)| key.0 == kind && said.is_none_or(|said| key.1 == said);
            confusion.iter().filter(|(key, _)| of(key)).map(|(_, cell)| cell.0).sum()
        };
        rows(Some(said)) as f64 / rows(None) as f64
    };
    assert!(share("DDoS", "DDoS T1498") > 0.99);
    assert!(share("C&C", "malware communication T1071") > 0.98);
    assert!(share("-", "unclear") > 0.95);
}

#[test]
fn the_known_of_a_day() {
    let Some(rows) = rita_day() else { return };
    let grouped = grouped(&rows, 5_000);
    let around = Surroundings::of(&grouped);
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for finding in grouped.findings() {
        *counts.entry(name(hint(finding, &around))).or_default() += 1;
    }
    println!("{counts:?}");
    let of = |source: &str, flows: u64| {
        let is = |f: &&Finding| f.subject.conversation.source.unwrap().to_string() == source && f.tally.flows >= flows;
        name(hint(grouped.findings().iter().find(is).unwrap(), &around))
    };
    assert_eq!(of("165.154.254.36", 1_015), "port scan T1046");
    assert_eq!(of("170.64.237.193", 466), "brute force T1110");
    assert_eq!(of("120.245.134.197", 5_348), "unclear");
}
