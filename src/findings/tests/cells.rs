//! The store of groups by the hour, against a map.

use super::made::{Batch, Made, made};
use crate::findings::cells::Cells;
use crate::findings::{CellKey, Tally};
use proptest::prelude::*;
use std::collections::BTreeMap;

proptest! {
    #[test]
    fn cells_are_those_of_a_map(rows in proptest::collection::vec((0..30u32, 0..9u8, 1..4u16), 0..400)) {
        let rows: Vec<Made> = rows
            .into_iter()
            .map(|(hour, host, port)| Made {
                source_text: Some(format!("192.0.2.{host}")),
                ..made(f64::from(hour) * 3_600.0 + f64::from(port), "", "10.0.0.1", port)
            })
            .collect();
        let batch = Batch::of(&rows);
        let (mut cells, mut map) = (Cells::default(), BTreeMap::<CellKey, (Tally, Vec<i64>)>::new());
        for row in 0..rows.len() {
            let flow = batch.rows().flow(row);
            let key = CellKey::of(&flow).unwrap();
            cells.add(key, &Tally::of(&flow, None), flow.start);
            let (tally, starts) = map.entry(key).or_default();
            tally.absorb(&Tally::of(&flow, None));
            starts.extend(flow.start);
        }
        cells.settle();
        prop_assert_eq!(cells.entries().len(), map.len());
        for (at, (entry, (key, (tally, mut starts)))) in cells.entries().iter().zip(map).enumerate() {
            starts.sort_unstable();
            starts.truncate(33);
            prop_assert_eq!((entry.key, entry.tally.flows, cells.find(&key)), (key, tally.flows, Some(at)));
            prop_assert_eq!(entry.starts.sorted(), starts);
            prop_assert_eq!(entry.tally.bytes_out, tally.bytes_out);
        }
    }
}
