//! The store of groups by the hour, against a map.

use super::made::{Batch, Made, made};
use crate::findings::cells::CellBuilder;
use crate::findings::{CellKey, Tally};
use crate::flows::record::{Marks, StateGroup};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Rows of few groups and hours: many alone, many not; some without a time, some with a gap, some of ICMP.
fn rows() -> impl Strategy<Value = Vec<Made>> {
    let one = (proptest::option::weighted(0.9, 0..30u32), 0..12u8, 1..5u16, 0..9u64, 0..3u8);
    let row = |(hour, host, port, amount, kind): (Option<u32>, u8, u16, u64, u8)| {
        let second = f64::from(hour.unwrap_or(0)) * 3_600.0 + f64::from(port) + amount as f64;
        let row = made(second, "", "10.0.0.1", port);
        let gap = kind == 2 && amount > 4;
        Made {
            start: row.start.filter(|_| hour.is_some()),
            source_text: Some(format!("192.0.2.{host}")),
            icmp: (port == 4).then_some((8, 0)),
            state: if host > 8 { StateGroup::Refused } else { StateGroup::Established },
            service: (kind == 1).then(|| format!("service{}", amount % 2)),
            bytes: (amount * 10, 1_000 - amount),
            duration: amount as i64 * 1_000,
            severity: amount as f64 / 10.0,
            marks: if gap { Marks::CAPTURE_GAP.with(Marks::ONE_SIDED) } else { Marks::LOCAL_SOURCE },
            claimed: gap.then_some([amount * 1_000_000, 0]),
            ..row
        }
    };
    proptest::collection::vec(one.prop_map(row), 0..400)
}

proptest! {
    #[test]
    fn cells_are_those_of_a_map(rows in rows()) {
        let batch = Batch::of(&rows);
        let (mut cells, mut map) = (CellBuilder::default(), BTreeMap::<CellKey, (Tally, Vec<i64>)>::new());
        for row in 0..rows.len() {
            let flow = batch.rows().flow(row);
            let key = CellKey::of(&flow).unwrap();
            let service: Option<Arc<str>> = flow.service.map(Arc::from);
            cells.add(key, &flow, service.clone());
            let (tally, starts) = map.entry(key).or_default();
            tally.absorb(&Tally::of(&flow, service));
            starts.extend(flow.start);
        }
        let cells = cells.settle();
        prop_assert_eq!(cells.len(), map.len());
        for (at, (entry, (key, (tally, mut starts)))) in cells.iter().zip(map).enumerate() {
            starts.sort_unstable();
            starts.truncate(33);
            prop_assert_eq!((entry.key, cells.key(at), cells.find(&key)), (key, Some(&key), Some(at)));
            prop_assert_eq!(entry.starts.sorted(), starts);
            prop_assert_eq!(format!("{:?}", entry.tally), format!("{tally:?}"));
        }
    }
}
