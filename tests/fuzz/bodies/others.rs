//! What is read beside records: allow-lists, models, times.

use arrow_array::{ArrayRef, RecordBatch, StringArray};
use oddflow::findings::allow::{AllowList, Day, parse};
use oddflow::flows::record::{FlowOptions, FlowSchema};
use oddflow::model::{FORMAT, MAGIC, Model};
use std::sync::Arc;

/// An allow-list in TOML.
pub fn allow(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(rules) = parse("allow.toml", text) else { return };
    for rule in &rules {
        let (first, last) = rule.ports.unwrap_or_default();
        assert!(rule.line > 0 && first <= last, "{rule:?}");
    }
    let list = AllowList::new(rules, Some(Day { year: 2026, month: 6, day: 30 }));
    assert!(list.expired().count() <= list.rules().len());
}

/// A model file: as it is, and with its length and checksum set right, so that what is behind them is reached.
pub fn model(data: &[u8]) {
    let _ = Model::from_bytes(data);
    let Some(whole) = mended(data) else { return };
    let Ok(model) = Model::from_bytes(&whole) else { return };
    let _ = model.summary();
    let bytes = model.to_bytes().expect("a model that loads is saved");
    let again = Model::from_bytes(&bytes).expect("what is saved loads");
    assert_eq!(again.to_bytes().expect("and is saved again"), bytes);
}

fn mended(data: &[u8]) -> Option<Vec<u8>> {
    let content = data.len().checked_sub(32).filter(|&content| content >= 24)?;
    let mut whole = data.get(..content)?.to_vec();
    whole[..8].copy_from_slice(&MAGIC);
    whole[8..12].copy_from_slice(&FORMAT.to_le_bytes());
    whole[16..24].copy_from_slice(&(data.len() as u64).to_le_bytes());
    let checksum = blake3::hash(&whole);
    whole.extend(checksum.as_bytes());
    Some(whole)
}

/// The first line is a zone; the others are times as Argus has them, and dates that state their zone.
pub fn times(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (zone, times) = text.split_once('\n').unwrap_or(("UTC", text));
    let options = FlowOptions::of_zone(zone).unwrap_or_default();
    assert_eq!(FlowOptions::of_zone(&options.zone.to_string()).expect("it is its name"), options);
    let times: ArrayRef = Arc::new(times.lines().map(Some).collect::<StringArray>());
    let names = ["StartTime", "Dur", "Proto", "SrcAddr", "Sport", "Dir", "DstAddr", "Dport", "State"];
    let columns = names.map(|name| (name, Arc::clone(&times)));
    let batch = RecordBatch::try_from_iter(columns).expect("columns of one length");
    let schema = FlowSchema::recognise(&batch.schema(), options).expect("Argus' columns");
    let flows = schema.flows(&batch).expect("texts");
    assert_eq!(flows.n_rows(), batch.num_rows());
}
