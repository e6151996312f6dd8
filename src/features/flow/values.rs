//! The features of one flow.

use super::definitions::N_FEATURES;
use super::{FlowStatistics, Locality, text};
use crate::features::math;
use crate::features::windows::Event;
use crate::flows::record::{Flows, Marks, StateGroup};

/// In the order of [`super::DEFINITIONS`]; NaN where missing.
pub(super) fn values(
    flows: &Flows,
    row: usize,
    statistics: &FlowStatistics,
    locality: &Locality,
    was_counted: bool,
) -> [f64; N_FEATURES] {
    let marks = flows.marks.get(row).copied().unwrap_or_default();
    let event = Event::of(flows, row, 0);
    let seen = |column: &[Option<u64>]| match column.get(row).copied().flatten() {
        Some(n) => n as f64,
        None if marks.has(Marks::NO_PAYLOAD) => 0.0,
        None => f64::NAN,
    };
    let (bytes_out, bytes_in) = (seen(&flows.bytes_out), seen(&flows.bytes_in));
    let (packets_out, packets_in) = (seen(&flows.packets_out), seen(&flows.packets_in));
    let duration = flows.duration.get(row).copied().flatten();
    let seconds = duration.unwrap_or(0).max(0) as f64 / 1e6;
    let pace = |bytes: f64| math::ln_1p(bytes / seconds.max(1e-3));
    let state = flows.state_group.get(row).copied().unwrap_or_default();
    let is_state = |group: StateGroup| truth(state == group);
    let history = text(&flows.history, row);
    let [sent_data, got_data, sent_fin, got_fin, sent_reset, got_reset] = history_flags(history);
    let service = text(&flows.service, row);
    let first = event.conversation().map(|key| statistics.is_first(key, was_counted));
    let (source_local, destination_local) = locality.of(flows, row);
    let port = flows.destination_port.get(row).copied().flatten();
    [
        statistics.port_rarity(event.port),
        asymmetry(bytes_out, bytes_in),
        asymmetry(packets_out, packets_in),
        math::ln_1p(bytes_out),
        math::ln_1p(bytes_in),
        math::ln_1p(packets_out),
        math::ln_1p(packets_in),
        per_packet(bytes_out, packets_out),
        per_packet(bytes_in, packets_in),
        pace(bytes_out),
        pace(bytes_in),
        is_state(StateGroup::Established),
        is_state(StateGroup::Refused),
        is_state(StateGroup::NoReply),
        is_state(StateGroup::Reset),
        is_state(StateGroup::MidStream),
        history.map_or(f64::NAN, |history| statistics.history_rarity(history)),
        sent_data,
        got_data,
        sent_fin,
        got_fin,
        sent_reset,
        got_reset,
        statistics.service_mismatch(event.port, service),
        math::ln_1p(seconds),
        truth(duration.is_none()),
        truth(marks.has(Marks::STILL_OPEN)),
        truth(marks.has(Marks::NO_PAYLOAD)),
        truth(marks.has(Marks::VIOLATION)),
        first.map_or(f64::NAN, truth),
        source_local.map_or(f64::NAN, truth),
        destination_local.map_or(f64::NAN, truth),
        port.map_or(f64::NAN, |port| truth(port < 1024)),
        port.map_or(f64::NAN, |port| truth(port >= 32768)),
    ]
}

fn truth(is: bool) -> f64 {
    f64::from(u8::from(is))
}

fn asymmetry(out: f64, back: f64) -> f64 {
    (out - back) / (out + back + 1.0)
}

fn per_packet(bytes: f64, packets: f64) -> f64 {
    bytes / packets.max(1.0) * if packets == 0.0 { 0.0 } else { 1.0 }
}

/// Data out and in, FIN out and in, RST out and in. Zeek writes one letter an event, in lower case what the destination
/// did; Argus and EVE have TCP flags, the source's, `_`, the destination's.
fn history_flags(history: Option<&str>) -> [f64; 6] {
    let Some(history) = history else { return [f64::NAN; 6] };
    match history.split_once('_') {
        Some((out, back)) => [('P', out), ('P', back), ('F', out), ('F', back), ('R', out), ('R', back)]
            .map(|(flag, side)| truth(side.contains(flag))),
        None => ['D', 'd', 'F', 'f', 'R', 'r'].map(|letter| truth(history.contains(letter))),
    }
}
