//! What the window features are.

use crate::features::Definition;

/// Window features of a flow.
pub const N_FEATURES: usize = DEFINITIONS.len();

const TWO_SECONDS: &str = "(t - 2 s, t]";
const TEN_MINUTES: &str = "(t - 10 min, t]";
const QUEUE: &str = "56 B a flow in the window, an entry a key; beyond the budget the oldest flows are forgotten";

const fn of_ten_minutes(name: &'static str, formula: &'static str, reveals: &'static str) -> Definition {
    Definition { name, formula, window: TEN_MINUTES, memory: QUEUE, reveals }
}

/// The window features, in the order of their columns. t is the flow's start; a window holds the flow itself and what is
/// before it in the order of (start, file, record). A port is (protocol, destination port), of ICMP type and code. Keys
/// are 64-bit digests. Distinct values are counted exactly. A feature is missing where the flow has no start, or lacks
/// the address that is counted.
pub const DEFINITIONS: [Definition; 15] = [
    Definition {
        name: "count",
        formula: "flows to its destination, at most 511",
        window: TWO_SECONDS,
        memory: QUEUE,
        reveals: "floods, fast scans (KDD's count)",
    },
    Definition {
        name: "srv_count",
        formula: "flows of its service (protocol and service; where none is known, port), at most 511",
        window: TWO_SECONDS,
        memory: QUEUE,
        reveals: "floods of a service, sweeps (KDD's srv_count)",
    },
    of_ten_minutes("conversation_rate", "ln(1 + flows of its source, destination and port)", "brute force, floods"),
    of_ten_minutes("source_rate", "ln(1 + flows of its source)", "scans, floods"),
    of_ten_minutes("destination_rate", "ln(1 + flows to its destination)", "distributed floods"),
    Definition {
        name: "regularity",
        formula: "1 / (1 + sd of ln(1 + gap in s)) of its source, destination and port; 0 under 4 gaps",
        window: "last 32 gaps",
        memory: GAPS,
        reveals: "beacons: malware that calls home",
    },
    Definition {
        name: "mean_gap",
        formula: "mean of ln(1 + gap in s) of its source, destination and port; missing without a gap",
        window: "last 32 gaps",
        memory: GAPS,
        reveals: "the beat of a beacon, the pace of brute force",
    },
    of_ten_minutes("source_endpoints", "ln(1 + distinct destination and port of its source)", "port and host scans"),
    of_ten_minutes("source_destinations", "ln(1 + distinct destinations of its source)", "host scans, worms"),
    of_ten_minutes("source_ports_per_flow", "distinct ports / flows of its source", "port scans"),
    of_ten_minutes("source_failed_share", "refused or unanswered flows / flows of its source", "scans, brute force"),
    of_ten_minutes("destination_sources", "ln(1 + distinct sources of its destination)", "distributed floods"),
    of_ten_minutes("source_bytes_out", "ln(1 + bytes its source sent)", "exfiltration"),
    of_ten_minutes("pair_bytes_out", "ln(1 + bytes its source sent to its destination)", "exfiltration"),
    Definition {
        name: "source_bytes_out_hour",
        formula: "ln(1 + bytes its source sent)",
        window: "(t - 1 h, t]",
        memory: "24 B a flow that sent bytes, an entry a source; beyond the budget the oldest flows are forgotten",
        reveals: "slow exfiltration",
    },
];

const GAPS: &str = "32 to 256 B a conversation; beyond the budget those not met for longest are forgotten";
