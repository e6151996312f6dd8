//! A day's beginning in a small network, as Zeek would log it: hundreds of ordinary flows, a port scan, a login that is tried by
//! force, a beacon. Lines are in the order in which flows end.

use rand::{RngExt as _, SeedableRng};
use rand_chacha::ChaCha8Rng;

pub const HEADER: &str = "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n#fields\tts\tuid\t\
    id.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\tduration\torig_bytes\tresp_bytes\tconn_state\tlocal_orig\tlocal_resp\t\
    missed_bytes\thistory\torig_pkts\torig_ip_bytes\tresp_pkts\tresp_ip_bytes\n#types\ttime\tstring\taddr\tport\taddr\tport\tenum\t\
    string\tinterval\tcount\tcount\tstring\tbool\tbool\tcount\tstring\tcount\tcount\tcount\tcount\n";

pub const SCANNER: &str = "203.0.113.9";
pub const FORCER: &str = "198.51.100.7";
pub const BEACON: &str = "10.0.0.23";

/// What is done in the log.
#[derive(Clone, Copy)]
pub struct Shape {
    pub seed: u64,
    pub hours: u64,
    /// Ordinary flows an hour.
    pub flows: u64,
    pub odd: bool,
}

struct Flow {
    start: f64,
    source: String,
    destination: String,
    port: u16,
    service: &'static str,
    duration: f64,
    bytes: [u64; 2],
    state: &'static str,
    history: &'static str,
}

/// The lines, without the header.
pub fn lines(shape: Shape) -> Vec<String> {
    let mut rng = ChaCha8Rng::seed_from_u64(shape.seed);
    let begin = 1_713_398_400.0;
    let span = shape.hours as f64 * 3_600.0;
    let mut flows = Vec::new();
    for _ in 0..shape.hours * shape.flows {
        let (port, service) = [(443, "ssl"), (443, "ssl"), (80, "http"), (53, "dns")][rng.random_range(0..4)];
        let duration =
            if rng.random_ratio(1, 20) { rng.random_range(30.0..900.0) } else { rng.random_range(0.01..3.0) };
        flows.push(Flow {
            start: begin + rng.random_range(0.0..span),
            source: format!("10.0.0.{}", rng.random_range(10..40)),
            destination: format!("93.184.{}.{}", rng.random_range(0..4), rng.random_range(1..30)),
            port,
            service,
            duration,
            bytes: [rng.random_range(200..2_000), rng.random_range(500..60_000)],
            state: "SF",
            history: "ShADadFf",
        });
    }
    if shape.odd {
        odd(&mut rng, begin, span, &mut flows);
    }
    flows.sort_by(|a, b| (a.start + a.duration).total_cmp(&(b.start + b.duration)));
    flows.iter().enumerate().map(|(i, flow)| line(i, flow)).collect()
}

fn odd(rng: &mut ChaCha8Rng, begin: f64, span: f64, flows: &mut Vec<Flow>) {
    let any = |start, source: &str, destination: &str, port| Flow {
        start,
        source: source.to_owned(),
        destination: destination.to_owned(),
        port,
        service: "-",
        duration: 0.01,
        bytes: [0, 0],
        state: "REJ",
        history: "Sr",
    };
    for i in 0..200 {
        flows.push(any(begin + span * 0.4 + f64::from(i) * 0.7, SCANNER, "10.0.0.5", 1 + i as u16 * 13));
    }
    for i in 0..300 {
        flows.push(Flow {
            service: "ssh",
            duration: rng.random_range(1.0..1.4),
            bytes: [1_288, 1_900],
            state: "SF",
            history: "ShADadFf",
            ..any(begin + span * 0.6 + f64::from(i) * 4.0, FORCER, "10.0.0.6", 22)
        });
    }
    for i in 0..(span / 60.0) as u32 {
        let start = begin + f64::from(i) * 60.0 + rng.random_range(0.0..0.2);
        flows.push(Flow {
            duration: 0.3,
            bytes: [80, 327],
            state: "SF",
            history: "ShADadFf",
            ..any(start, BEACON, "192.0.2.77", 8_443)
        });
    }
}

fn line(i: usize, flow: &Flow) -> String {
    let Flow { start, source, destination, port, service, duration, bytes: [out, back], state, history } = flow;
    let local = |host: &str| if host.starts_with("10.") { "T" } else { "F" };
    format!(
        "{start:.6}\tC{i:06}\t{source}\t{}\t{destination}\t{port}\ttcp\t{service}\t{duration:.6}\t{out}\t{back}\t{state}\t{}\t{}\t0\t\
         {history}\t{}\t{}\t{}\t{}\n",
        40_000 + i % 20_000,
        local(source),
        local(destination),
        2 + out / 1_000,
        out + 120,
        2 + back / 1_000,
        back + 120
    )
}
