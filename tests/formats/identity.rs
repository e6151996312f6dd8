//! The names of events.

use crate::{Bench, events};
use std::io::Write;

const LINE: &str =
    "1517336042.279652\tCw\t10.55.200.10\t63\t172.16.200.11\t53\tudp\tdns\t0.1\t10\t20\tSF\tDd\t1\t38\t1\t48\n";

/// A log of 200 flows, and one line twice at its end.
fn log() -> String {
    let mut text = String::from(
        "#separator \\x09\n#path\tconn\n#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\tduration\t\
         orig_bytes\tresp_bytes\tconn_state\thistory\torig_pkts\torig_ip_bytes\tresp_pkts\tresp_ip_bytes\n\
         #types\ttime\tstring\taddr\tport\taddr\tport\tenum\tstring\tinterval\tcount\tcount\tstring\tstring\tcount\tcount\tcount\tcount\n",
    );
    for n in 0..200 {
        let (state, port) = if n % 7 == 0 { ("S0", 22 + n) } else { ("SF", 443) };
        text += &format!(
            "{}.5\tC{n}\t10.0.0.{}\t{}\t192.0.2.{}\t{port}\ttcp\t-\t{}\t{}\t{}\t{state}\tShAD\t5\t{}\t4\t300\n",
            1_517_336_000 + n * 3,
            n % 9 + 1,
            1_024 + n,
            n % 5 + 1,
            n as f64 / 10.0,
            n * 17,
            n * 3,
            n * 18 + 200
        );
    }
    // The uid is not the same, so that neither is a snapshot of the other; of plain tables whole lines may be.
    text + LINE
}

fn ids(bench: &Bench, input: &str) -> Vec<String> {
    bench.ok(&["score", "-m", "m.model", input, "--format", "ecs", "-o", "ids.ndjson"]);
    let all = events(&bench.read("ids.ndjson"));
    all.iter().map(|event| event["event.id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_record_keeps_its_name_wherever_its_file_lies() {
    let bench = Bench::empty();
    bench.write("conn.log", log());
    bench.ok(&["fit", "conn.log", "-o", "m.model"]);
    let first = ids(&bench, "conn.log");
    assert_eq!(first, ids(&bench, "conn.log"));
    bench.write("elsewhere/conn.log", log());
    assert_eq!(first, ids(&bench, "elsewhere/conn.log"));
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(log().as_bytes()).unwrap();
    bench.write("packed/conn.log.gz", gzip.finish().unwrap());
    assert_eq!(first, ids(&bench, "packed/conn.log.gz"));
    // A log that has grown keeps the names of what was in it.
    bench.write("grown/conn.log", log() + &LINE.replace("Cw", "Cx"));
    let grown = ids(&bench, "grown/conn.log");
    assert_eq!((grown.len(), &grown[..first.len()]), (first.len() + 1, &first[..]));
    // Beside a file with other columns.
    bench.write("both/conn.log", log());
    bench.write("both/conn2.log", log().replace("\thistory\t", "\tmemory\t"));
    let both = ids(&bench, "both");
    assert_eq!(&both[..first.len()], &first[..]);
    assert!(both[first.len()..].iter().all(|id| !first.contains(id)));
    // Another day's log of the same name.
    bench.write("next/conn.log", log().replace("15173", "15174"));
    assert!(ids(&bench, "next/conn.log").iter().all(|id| !first.contains(id)));
}

#[test]
fn the_same_line_at_two_places_is_two_events() {
    let bench = Bench::empty();
    let rows: String = (0..200).map(|n| format!("{},{}\n", n % 10, n % 3)).collect();
    bench.write("a.csv", format!("bytes,packets\n{rows}"));
    bench.write("b.csv", format!("bytes,packets\n{rows}"));
    bench.ok(&["fit", "a.csv", "-o", "m.model"]);
    let (a, b) = (ids(&bench, "a.csv"), ids(&bench, "b.csv"));
    let all: std::collections::BTreeSet<&String> = a.iter().chain(&b).collect();
    assert_eq!(all.len(), 400);
}

#[test]
fn two_fits_of_one_log_give_the_same_names_and_another_model_others() {
    let bench = Bench::empty();
    bench.write("conn.log", log());
    let run = |output: &str, seed: &str| {
        bench.ok(&["detect", "conn.log", "--format", "ecs", "-o", output, "--seed", seed]);
        let all = events(&bench.read(output));
        all.iter().map(|event| event["event.id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let first = run("one.ndjson", "0");
    assert_eq!(first, run("two.ndjson", "0"));
    assert_eq!(bench.read("one.ndjson"), bench.read("two.ndjson"));
    assert!(run("three.ndjson", "1").iter().all(|id| !first.contains(id)));
    // Threads and batches do not matter to anything.
    bench.ok(&["score", "-m", "one.ndjson.model", "conn.log", "--format", "ecs", "-o", "a.ndjson", "--threads", "1"]);
    let args =
        ["score", "-m", "one.ndjson.model", "conn.log", "--format", "ecs", "-o", "b.ndjson", "--batch-rows", "7"];
    bench.ok(&args);
    assert_eq!(bench.read("a.ndjson"), bench.read("b.ndjson"));
}

#[test]
fn snapshots_that_were_replaced_are_no_events() {
    let bench = Bench::empty();
    bench.write("conn.log", log());
    let open = log().replace("#path\tconn\n", "#path\topen_conn\n");
    bench.write("open_conn.log", open.replace("\t300\n", "\t299\n"));
    bench.ok(&["fit", "conn.log", "-o", "m.model"]);
    let args = ["score", "-m", "m.model", "conn.log", "open_conn.log", "--format", "ecs", "-o", "e.ndjson"];
    let said = bench.ok(&args);
    let all = events(&bench.read("e.ndjson"));
    assert_eq!(all.len(), 201, "{said}");
    assert!(said.contains("none of 201 rows that later records replace"), "{said}");
    assert!(all.iter().all(|event| event["log.file.path"] == "conn.log"));
}
