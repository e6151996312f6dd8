//! Surveys against plain counting, and the same for any cut into batches.

use super::spells::Spells;
use super::*;
use crate::flows::RecordNumbers;
use crate::flows::record::{FlowOptions, FlowSchema};
use arrow_array::{ArrayRef, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema};
use proptest::prelude::*;
use std::sync::Arc;

/// Conn records that begin at these times and last for a second.
fn batch(file: usize, uids: &[String], times: &[String]) -> Batch {
    let names = ["ts", "uid", "id.orig_h", "id.resp_h", "conn_state", "duration"];
    let column = |values: Vec<String>| Arc::new(StringArray::from(values)) as ArrayRef;
    let n = times.len();
    let columns = vec![
        column(times.to_vec()),
        column(uids.to_vec()),
        column(vec!["10.0.0.1".into(); n]),
        column(vec!["10.0.0.2".into(); n]),
        column(vec!["SF".into(); n]),
        column(vec!["1".into(); n]),
    ];
    let fields: Vec<_> = names.iter().map(|name| Field::new(*name, DataType::Utf8, true)).collect();
    Batch {
        columns: RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap(),
        file,
        numbers: RecordNumbers::Run { first: 1 },
        stream_offset: 0,
        rejected: Vec::new(),
        damage: None,
    }
}

fn surveyed(file: usize, uids: &[String], seconds: &[i64]) -> BatchSurvey {
    surveyed_texts(file, uids, &seconds.iter().map(i64::to_string).collect::<Vec<_>>())
}

fn surveyed_texts(file: usize, uids: &[String], times: &[String]) -> BatchSurvey {
    surveyed_batch(&batch(file, uids, times))
}

fn surveyed_batch(batch: &Batch) -> BatchSurvey {
    let schema = FlowSchema::recognise(&batch.columns.schema(), FlowOptions::default()).unwrap();
    let flows = schema.flows(&batch.columns).unwrap();
    BatchSurvey::of(batch, &flows, &schema.sensors(&batch.columns).unwrap(), Some(FlowLog::ZeekConn))
}

fn uids(prefix: &str, n: usize) -> Vec<String> {
    (0..n).map(|i| format!("C{prefix}{i}")).collect()
}

const DAY: i64 = 1_700_000_000;

#[test]
fn gaps_and_disorder_are_counted() {
    let mut survey = Survey::default();
    survey.add(surveyed(0, &uids("a", 4), &[DAY, DAY + 5, DAY + 3, DAY + 7]));
    survey.add(surveyed(1, &uids("b", 3), &[DAY + 6, DAY + 8_000, 5]));
    assert_eq!(survey.span(), Some((DAY * 1_000_000, (DAY + 8_000) * 1_000_000)));
    assert_eq!(survey.gaps(LogZone::UTC), [((DAY + 7) * 1_000_000, (DAY + 8_000) * 1_000_000)]);
    assert_eq!((survey.rows, survey.timed, survey.implausible), (7, 6, 1));
    assert!((survey.out_of_order() - 2.0 / 6.0).abs() < 1e-12);
}

#[test]
fn an_hour_that_came_twice_is_no_gap() {
    let every_ten_minutes = |hours: i64| (0..hours * 6).map(|i| i * 600).collect::<Vec<_>>();
    // From 2024-10-27 00:00 UTC, the hour from 01:00 on without a flow.
    const NIGHT: i64 = 1_729_987_200;
    let times: Vec<i64> = every_ten_minutes(4).into_iter().filter(|t| t / 3_600 != 1).map(|t| NIGHT + t).collect();
    let mut survey = Survey::default();
    survey.add(surveyed(0, &uids("a", times.len()), &times));
    let berlin = LogZone::place("Europe/Berlin").unwrap();
    assert_eq!((survey.gaps(berlin).len(), survey.gaps(LogZone::UTC).len()), (0, 1));
    assert!(survey.time_line(berlin).unwrap().ends_with("no gaps over 1 h"));
    // Two hours are one.
    let mut survey = Survey::default();
    let times: Vec<i64> = times.into_iter().filter(|t| (t - NIGHT) / 3_600 != 2).collect();
    survey.add(surveyed(0, &uids("a", times.len()), &times));
    assert_eq!(survey.gaps(berlin).len(), 1);
}

#[test]
fn times_that_cannot_be_read_are_counted_apart_from_those_that_cannot_be() {
    let mut survey = Survey::default();
    survey.add(surveyed_texts(0, &uids("a", 4), &["1700000000", "soon", "", "5"].map(str::to_owned)));
    assert_eq!((survey.rows, survey.timed, survey.implausible, survey.untimed()), (4, 1, 1, 2));
    assert_eq!(survey.faults_line().as_deref(), Some("2 flows without a usable time"));
    survey.add(surveyed(1, &uids("b", 2), &[DAY, DAY + 1]));
    assert_eq!(survey.untimed(), 2);
    survey.faults.gaps = 1;
    assert_eq!(survey.faults_line().as_deref(), Some("1 flow with capture gaps, 2 without a usable time"));
}

#[test]
fn flows_of_no_conversation_are_counted() {
    let names = ["ts", "uid", "id.orig_h", "id.resp_h", "id.resp_p", "proto", "conn_state", "duration"];
    let rows = [
        ["1700000000", "C1", "10.0.0.1", "10.0.0.2", "80", "tcp", "SF", "1"],
        ["1700000000", "C2", "-", "10.0.0.2", "80", "tcp", "SF", "1"],
        ["1700000000", "C3", "10.0.0.1", "", "80", "tcp", "SF", "1"],
        ["1700000000", "C4", "10.0.0.1", "10.0.0.2", "99999", "udp", "SF", "1"],
        ["1700000000", "C5", "10.0.0.1", "10.0.0.2", "-", "gre", "SF", "1"],
        ["1700000000", "C6", "", "", "-", "tcp", "SF", "1"],
    ];
    let column = |i: usize| Arc::new(StringArray::from_iter_values(rows.iter().map(|row| row[i]))) as ArrayRef;
    let fields: Vec<_> = names.iter().map(|name| Field::new(*name, DataType::Utf8, true)).collect();
    let columns = RecordBatch::try_new(Arc::new(Schema::new(fields)), (0..names.len()).map(column).collect()).unwrap();
    let batch = Batch { columns, ..batch(0, &uids("a", 6), &vec![DAY.to_string(); 6]) };
    let mut survey = Survey::default();
    for _ in 0..2 {
        survey.add(surveyed_batch(&batch));
    }
    assert_eq!(survey.incomplete, Incomplete { no_address: 6, no_port: 2 });
    let line = "6 flows lacking an address, 2 of TCP or UDP lacking the port";
    assert_eq!((survey.incomplete_line().as_deref(), survey.faults_line()), (Some(line), None));
}

#[test]
fn files_that_repeat_or_overlap_are_named() {
    let times: Vec<i64> = (0..100).map(|i| DAY + i * 120).collect();
    let mut shuffled: Vec<usize> = (0..100).collect();
    shuffled.reverse();
    let (one, other) = (uids("a", 100), uids("b", 100));
    let again: Vec<String> = shuffled.iter().map(|&i| one[i].clone()).collect();
    let mut survey = Survey::default();
    survey.add(surveyed(0, &one, &times));
    survey.add(surveyed(1, &again, &times.iter().rev().copied().collect::<Vec<_>>()));
    survey.add(surveyed(2, &other, &times));
    let later: Vec<i64> = times.iter().map(|t| t + 11_000).collect();
    survey.add(surveyed(3, &uids("c", 100), &later));
    assert_eq!(survey.repeats(&[]), [Repeat { file: 1, earlier: 0, same_bytes: false }]);
    let digests = [Some("x".to_owned()), None, None, Some("x".to_owned())];
    assert_eq!(survey.repeats(&digests).last(), Some(&Repeat { file: 3, earlier: 0, same_bytes: true }));
    let overlaps: Vec<_> = survey.overlaps().iter().map(|overlap| overlap.files).collect();
    assert_eq!(overlaps, [(0, 2)], "files that follow each other may share some minutes");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_cut_and_order_gives_the_same_spells(times in prop::collection::vec(0_i64..4_000_000_000, 1..300), at in any::<prop::sample::Index>()) {
        let micros: Vec<i64> = times.iter().map(|t| t * 1_000_000).collect();
        let gather = |times: &[i64]| {
            let mut spells = Spells::default();
            times.iter().for_each(|&t| spells.add(t));
            spells
        };
        let (a, b) = micros.split_at(at.index(micros.len()));
        let mut merged = gather(b);
        merged.merge(gather(a));
        let mut sorted = micros.clone();
        sorted.sort_unstable();
        let gaps: Vec<_> = sorted.windows(2).filter(|w| w[1] - w[0] > HOUR).map(|w| (w[0], w[1])).collect();
        prop_assert_eq!(merged.gaps(HOUR), gaps);
        prop_assert_eq!(merged.span(), Some((sorted[0], sorted[sorted.len() - 1])));
    }
}

#[test]
fn spells_stay_few_however_many_times_there_are() {
    let mut spells = Spells::default();
    (0..400_000_i64).rev().for_each(|i| spells.add(i * 7_200_000_000));
    let mut other = Spells::default();
    (0..400_000_i64).for_each(|i| other.add(i * 7_200_000_000));
    assert_eq!(spells.span(), Some((0, 399_999 * 7_200_000_000)));
    assert_eq!(spells.gaps(HOUR), other.gaps(HOUR));
}
