//! Signals: what waits ends, and nothing half written stays.

use crate::Bench;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

fn signal(child: &Child, name: &str) {
    let kill = std::process::Command::new("kill").args([name, &child.id().to_string()]).status().unwrap();
    assert!(kill.success());
}

fn fifo(bench: &Bench, name: &str) {
    assert!(std::process::Command::new("mkfifo").arg(bench.path(name)).status().unwrap().success());
}

/// Waits for the child, but not for ever.
fn ended(child: &mut Child) -> Option<i32> {
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(30) {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill().unwrap();
    panic!("it goes on after the signal");
}

#[test]
fn a_pipe_that_nobody_writes_to_ends_with_a_signal() {
    let bench = Bench::with_flows(2_000);
    bench.ok(&["fit", "flows.csv", "-o", "m.model"]);
    fifo(&bench, "pipe");
    let before = bench.files();
    for (args, name) in [
        (&["detect", "pipe", "-o", "out.csv"][..], "-TERM"),
        (&["score", "-m", "m.model", "pipe", "-o", "out.csv"], "-INT"),
        (&["detect", "flows.csv", "--baseline", "pipe"], "-TERM"),
    ] {
        let mut child = bench.command(args).stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let mut talk = BufReader::new(child.stderr.take().unwrap());
        let mut said = String::new();
        // The first line comes after signals are caught.
        talk.read_line(&mut said).unwrap();
        std::thread::sleep(Duration::from_millis(200));
        signal(&child, name);
        assert_eq!(ended(&mut child), Some(2), "{args:?}");
        talk.read_to_string(&mut said).unwrap();
        assert!(said.contains("interrupted"), "{args:?}\n{said}");
        assert_eq!(bench.files(), before, "{args:?}");
    }
}

/// Rejected records go to a pipe whose reader does not read: the run is stuck, and the first signal cannot end it.
#[test]
fn a_second_interrupt_ends_at_once_and_leaves_no_file() {
    let bench = Bench::with_flows(2_000);
    bench.ok(&["fit", "flows.csv", "-o", "m.model"]);
    let mut text = bench.read("flows.csv");
    (0..20_000).for_each(|_| text += "too,few\n");
    bench.write("broken.csv", &text);
    fifo(&bench, "rejected");
    let before = bench.files();
    let args = ["score", "-m", "m.model", "broken.csv", "-o", "out.csv", "--rejected", "rejected"];
    let mut child = bench.command(&args).stderr(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
    let reader = std::fs::File::open(bench.path("rejected")).unwrap();
    let start = Instant::now();
    while bench.files().len() == before.len() && start.elapsed() < Duration::from_secs(30) {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(bench.files().iter().any(|name| name.ends_with(".part")), "{:?}", bench.files());
    std::thread::sleep(Duration::from_millis(500));
    signal(&child, "-INT");
    std::thread::sleep(Duration::from_millis(300));
    assert!(child.try_wait().unwrap().is_none(), "the first signal ended it: nothing is tested");
    signal(&child, "-INT");
    assert_eq!(ended(&mut child), Some(2));
    assert_eq!(bench.files(), before);
    drop(reader);
}
