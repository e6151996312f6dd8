//! What the features of a flow alone are.

use crate::features::Definition;

/// Features of a flow alone.
pub const N_FEATURES: usize = DEFINITIONS.len();

const SAMPLE: &str = "a count a value of the fit's sample that was met twice";

const fn alone(name: &'static str, formula: &'static str, reveals: &'static str) -> Definition {
    Definition { name, formula, window: "", memory: "", reveals }
}

const fn learned(name: &'static str, formula: &'static str, reveals: &'static str) -> Definition {
    Definition { name, formula, window: "the fit's sample", memory: SAMPLE, reveals }
}

/// The features of a flow alone, in the order of their columns; 0/1 where the formula is a statement. Out is from the
/// source. Bytes and packets that were not seen (`no_payload`) are 0, those that the log does not tell are missing.
pub const DEFINITIONS: [Definition; 34] = [
    learned("port_rarity", "-ln p(protocol, destination port); never met: p = 1 / n", "scans, unusual services"),
    alone("byte_asymmetry", "(bytes out - in) / (out + in + 1)", "exfiltration"),
    alone("packet_asymmetry", "(packets out - in) / (out + in + 1)", "floods, scans"),
    alone("bytes_out", "ln(1 + bytes out)", "exfiltration"),
    alone("bytes_in", "ln(1 + bytes in)", "downloads"),
    alone("packets_out", "ln(1 + packets out)", "floods"),
    alone("packets_in", "ln(1 + packets in)", "downloads"),
    alone("bytes_per_packet_out", "bytes out / packets out (0 without packets)", "tunnels, exfiltration"),
    alone("bytes_per_packet_in", "bytes in / packets in (0 without packets)", "tunnels"),
    alone("pace_out", "ln(1 + bytes out / max(duration, 1 ms) in s)", "floods, exfiltration"),
    alone("pace_in", "ln(1 + bytes in / max(duration, 1 ms) in s)", "floods"),
    alone("state_established", "both sides spoke", "what came about"),
    alone("state_refused", "the destination said no", "scans, brute force"),
    alone("state_no_reply", "the destination said nothing", "scans, spoofed floods"),
    alone("state_reset", "begun and broken off", "scans, evasion"),
    alone("state_mid_stream", "its beginning was not seen", "backscatter"),
    learned("history_rarity", "-ln p(history); never met: p = 1 / n", "crafted packets"),
    alone("sent_data", "history: data out (Zeek D; P of the source's flags)", "what was said"),
    alone("got_data", "history: data in (Zeek d; P of the destination's flags)", "what was answered"),
    alone("sent_fin", "history: FIN out (Zeek F)", "FIN scans"),
    alone("got_fin", "history: FIN in (Zeek f)", "orderly ends"),
    alone("sent_reset", "history: RST out (Zeek R)", "half-open scans"),
    alone("got_reset", "history: RST in (Zeek r)", "refusals"),
    learned(
        "service_mismatch",
        "-ln p(service | protocol, destination port); never met: p = 1 / n of the port",
        "tunnels, malware on others' ports",
    ),
    alone("duration", "ln(1 + duration in s); 0 where unset", "long sessions"),
    alone("duration_unset", "too little was seen to tell the duration", "scans"),
    alone("still_open", "still going on when it was logged", "long sessions"),
    alone("no_payload", "nothing, or too little to count bytes, was seen", "scans"),
    alone("violation", "broke the protocol it was taken for", "tunnels"),
    Definition {
        name: "first_seen",
        formula: "its source, destination and port were not in the fit's sample (of a row of the sample: in no other row)",
        window: "the fit's sample",
        memory: "two Bloom filters: 10 bits a conversation, 0.8 % taken for known",
        reveals: "new peers: malware communication",
    },
    alone("source_local", "the source is ours (--local, else the log, else RFC 1918)", "direction"),
    alone("destination_local", "the destination is ours (--local, else the log, else RFC 1918)", "direction"),
    alone("port_well_known", "destination port < 1024", "services"),
    alone("port_ephemeral", "destination port >= 32768", "peers, callbacks"),
];
