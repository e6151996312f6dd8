//! How an analyst reads the features of flows: one phrase for each of [`super::definitions`] and of [`super::BASIC`].

use super::FlowSet;
use crate::features::phrase::{Phrase, Unit};

const fn phrase(name: &'static str, unit: Unit, says: &'static str, of: &'static str) -> Phrase {
    Phrase { name, unit, says, otherwise: of }
}

const fn truth(name: &'static str, says: &'static str, otherwise: &'static str) -> Phrase {
    Phrase { name, unit: Unit::Truth, says, otherwise }
}

/// In the order of [`super::definitions`].
pub const PHRASES: [Phrase; 49] = [
    phrase("port_rarity", Unit::Rarity, "port in {} of the training rows", "port"),
    phrase("byte_asymmetry", Unit::Asymmetry, "{} of its bytes went out", "direction of bytes"),
    phrase("packet_asymmetry", Unit::Asymmetry, "{} of its packets went out", "direction of packets"),
    phrase("bytes_out", Unit::LnBytes, "{} out", "bytes out"),
    phrase("bytes_in", Unit::LnBytes, "{} in", "bytes in"),
    phrase("packets_out", Unit::LnCount, "{} packets out", "packets out"),
    phrase("packets_in", Unit::LnCount, "{} packets in", "packets in"),
    phrase("bytes_per_packet_out", Unit::Bytes, "{} a packet out", "bytes a packet out"),
    phrase("bytes_per_packet_in", Unit::Bytes, "{} a packet in", "bytes a packet in"),
    phrase("pace_out", Unit::LnPace, "{} out", "bytes a second out"),
    phrase("pace_in", Unit::LnPace, "{} in", "bytes a second in"),
    truth("state_established", "established", "not established"),
    truth("state_refused", "refused", "not refused"),
    truth("state_no_reply", "no reply", "a reply"),
    truth("state_reset", "reset", "not reset"),
    truth("state_mid_stream", "mid-stream", "not mid-stream"),
    phrase("history_rarity", Unit::Rarity, "history in {} of the training rows", "history"),
    truth("sent_data", "data out", "no data out"),
    truth("got_data", "data in", "no data in"),
    truth("sent_fin", "FIN out", "no FIN out"),
    truth("got_fin", "FIN in", "no FIN in"),
    truth("sent_reset", "RST out", "no RST out"),
    truth("got_reset", "RST in", "no RST in"),
    phrase("service_mismatch", Unit::Rarity, "service in {} of its port's training rows", "service of the port"),
    phrase("duration", Unit::LnSeconds, "lasted {}", "duration"),
    truth("duration_unset", "duration not told", "duration told"),
    truth("still_open", "still open", "closed"),
    truth("no_payload", "no payload seen", "payload seen"),
    truth("violation", "broke its protocol", "kept to its protocol"),
    truth(
        "first_seen",
        "source, destination and port not met in training",
        "source, destination and port met in training",
    ),
    truth("source_local", "from a host of ours", "from a host that is not ours"),
    truth("destination_local", "to a host of ours", "to a host that is not ours"),
    truth("port_well_known", "port below 1024", "port 1024 or above"),
    truth("port_ephemeral", "port 32768 or above", "port below 32768"),
    phrase("count", Unit::Count, "{} flows to its destination in 2 s", "flows to its destination in 2 s"),
    phrase("srv_count", Unit::Count, "{} flows of its service in 2 s", "flows of its service in 2 s"),
    phrase("conversation_rate", Unit::LnCount, "{} flows of its conversation in 10 min", "flows of its conversation"),
    phrase("source_rate", Unit::LnCount, "{} flows of its source in 10 min", "flows of its source"),
    phrase("destination_rate", Unit::LnCount, "{} flows to its destination in 10 min", "flows to its destination"),
    phrase("regularity", Unit::Plain, "regularity {} of its conversation", "regularity of its conversation"),
    phrase(
        "mean_gap",
        Unit::LnSeconds,
        "{} between flows of its conversation",
        "time between flows of its conversation",
    ),
    phrase("source_endpoints", Unit::LnCount, "{} ports met by its source in 10 min", "ports met by its source"),
    phrase("source_destinations", Unit::LnCount, "{} hosts met by its source in 10 min", "hosts met by its source"),
    phrase(
        "source_ports_per_flow",
        Unit::Plain,
        "{} ports a flow of its source in 10 min",
        "ports a flow of its source",
    ),
    phrase(
        "source_failed_share",
        Unit::Share,
        "{} of its source's flows failed in 10 min",
        "failed share of its source",
    ),
    phrase(
        "destination_sources",
        Unit::LnCount,
        "{} sources of its destination in 10 min",
        "sources of its destination",
    ),
    phrase("source_bytes_out", Unit::LnBytes, "{} out of its source in 10 min", "bytes out of its source"),
    phrase(
        "pair_bytes_out",
        Unit::LnBytes,
        "{} out of its source to its destination in 10 min",
        "bytes out to its destination",
    ),
    phrase(
        "source_bytes_out_hour",
        Unit::LnBytes,
        "{} out of its source in an hour",
        "bytes out of its source in an hour",
    ),
];

/// In the order of [`super::BASIC`].
pub const BASIC_PHRASES: [Phrase; 17] = [
    phrase("duration", Unit::LnSeconds, "lasted {}", "duration"),
    phrase("src_bytes", Unit::LnBytes, "{} out", "bytes out"),
    phrase("dst_bytes", Unit::LnBytes, "{} in", "bytes in"),
    phrase("byte_asymmetry", Unit::Asymmetry, "{} of its bytes went out", "direction of bytes"),
    phrase("pace_out", Unit::LnPace, "{} out", "bytes a second out"),
    phrase("pace_in", Unit::LnPace, "{} in", "bytes a second in"),
    phrase("count", Unit::LnCount, "{} flows to its destination in 2 s", "flows to its destination in 2 s"),
    phrase("srv_count", Unit::LnCount, "{} flows of its service in 2 s", "flows of its service in 2 s"),
    phrase("srv_share", Unit::Plain, "{} flows of its service for each to its destination", "share of its service"),
    phrase("service_rarity", Unit::Rarity, "service in {} of the training rows", "service"),
    phrase("flag_rarity", Unit::Rarity, "flag in {} of the training rows", "flag"),
    phrase(
        "service_flag_rarity",
        Unit::Rarity,
        "service with this flag in {} of the training rows",
        "service with this flag",
    ),
    truth("state_established", "established", "not established"),
    truth("state_refused", "refused", "not refused"),
    truth("state_no_reply", "no reply", "a reply"),
    truth("state_reset", "reset", "not reset"),
    truth("state_mid_stream", "mid-stream", "not mid-stream"),
];

/// The phrase of a feature of flows.
pub fn phrase_of(set: FlowSet, name: &str) -> Option<&'static Phrase> {
    let phrases: &'static [Phrase] = match set {
        FlowSet::Default => &PHRASES,
        FlowSet::Basic => &BASIC_PHRASES,
    };
    phrases.iter().find(|phrase| phrase.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_feature_has_its_phrase() {
        for set in [FlowSet::Default, FlowSet::Basic] {
            for definition in set.definitions() {
                let phrase = phrase_of(set, definition.name).unwrap_or_else(|| panic!("{}", definition.name));
                // A logarithm is read as what it is of.
                let logged = matches!(phrase.unit, Unit::LnCount | Unit::LnBytes | Unit::LnPace | Unit::LnSeconds);
                let is_log = definition.formula.starts_with("ln(1 +") || definition.formula.starts_with("mean of ln");
                assert_eq!(logged, is_log, "{}: {}", definition.name, definition.formula);
            }
        }
        assert_eq!(BASIC_PHRASES.map(|phrase| phrase.name), super::super::BASIC.map(|definition| definition.name));
        let names: Vec<&str> = super::super::definitions().map(|definition| definition.name).collect();
        assert_eq!(names, PHRASES.map(|phrase| phrase.name));
        for phrase in PHRASES.iter().chain(&BASIC_PHRASES) {
            assert_eq!(phrase.says.contains("{}"), phrase.unit != Unit::Truth, "{}", phrase.name);
            assert!(!phrase.otherwise.is_empty() && !phrase.otherwise.contains("{}"), "{}", phrase.name);
        }
    }
}
