//! Rotation, truncation, kills: nothing is lost, nothing told twice.

use super::{HEADER, Place, read, told};
use rand::{RngExt as _, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

/// The log as a sensor writes it.
struct Writer<'a> {
    place: &'a Place,
    rotations: u32,
}

impl Writer<'_> {
    fn open(&self) -> File {
        OpenOptions::new().append(true).create(true).open(self.place.file("conn.log")).unwrap()
    }

    fn write(&self, text: &str) {
        self.open().write_all(text.as_bytes()).unwrap();
    }

    /// As Zeek does: renamed, then a new one with a header of its own.
    fn rotate(&mut self) {
        self.rotations += 1;
        let to = self.place.file(&format!("conn.{:02}.log", self.rotations));
        std::fs::rename(self.place.file("conn.log"), to).unwrap();
        self.write(&self.header());
    }

    /// As logrotate's `copytruncate`.
    fn copy_and_truncate(&mut self) {
        self.rotations += 1;
        let to = self.place.file(&format!("conn.log.{}", self.rotations));
        std::fs::copy(self.place.file("conn.log"), to).unwrap();
        File::options().write(true).truncate(true).open(self.place.file("conn.log")).unwrap();
        self.write(&self.header());
    }

    /// As Zeek does after its rotation, and removed.
    fn pack(&self) {
        let from = self.place.file(&format!("conn.{:02}.log", self.rotations));
        let Ok(bytes) = std::fs::read(&from) else { return };
        let packed = File::create(from.with_extension("log.gz")).unwrap();
        let mut packed = flate2::write::GzEncoder::new(packed, flate2::Compression::fast());
        packed.write_all(&bytes).unwrap();
        packed.finish().unwrap();
        std::fs::remove_file(from).unwrap();
    }

    fn header(&self) -> String {
        HEADER.replace("#path", &format!("#open\t2024-04-18-{:02}-00-00\n#path", self.rotations % 24))
    }
}

fn start(place: &Place) -> Child {
    let mut command = place.watch("conn.log");
    command.args(["--state", "watch.state", "-o", "alerts.ndjson"]);
    command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
}

fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !is_so() {
        assert!(begin.elapsed() < Duration::from_secs(120), "{what} did not come");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn interrupt(child: &mut Child) -> String {
    std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let status = child.wait().unwrap();
    let mut said = String::new();
    std::io::Read::read_to_string(child.stderr.as_mut().unwrap(), &mut said).unwrap();
    assert!(status.success(), "{said}");
    said
}

#[test]
#[cfg(unix)]
fn nothing_is_lost_or_told_twice_by_rotation_truncation_and_kills() {
    let place = Place::prepared();
    let expected = place.expected();
    for seed in 0..3 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        for file in std::fs::read_dir(&place.path).unwrap().map(|entry| entry.unwrap().path()) {
            let name = file.file_name().unwrap().to_string_lossy().into_owned();
            if name.starts_with("conn.") || name == "watch.state" || name == "alerts.ndjson" {
                std::fs::remove_file(file).unwrap();
            }
        }
        let mut writer = Writer { place: &place, rotations: 0 };
        writer.write(&writer.header());
        let mut child = start(&place);
        writer.write(&place.lines[0]);
        wait_for("a state", || place.file("watch.state").exists());
        let mut lines = place.lines[1..].iter().map(String::as_str);
        let mut events = 0;
        loop {
            let n = rng.random_range(1..400);
            let text: String = lines.by_ref().take(n).collect();
            if text.is_empty() {
                break;
            }
            // A line may come in two parts.
            let (begin, end) = text.split_at(rng.random_range(0..=text.len()));
            writer.write(begin);
            std::thread::sleep(Duration::from_millis(rng.random_range(0..60)));
            writer.write(end);
            events += 1;
            match events % 5 {
                1 if rng.random() => writer.rotate(),
                2 if rng.random() => writer.copy_and_truncate(),
                3 => {
                    child.kill().unwrap();
                    child.wait().unwrap();
                    if rng.random() {
                        writer.rotate();
                        writer.pack();
                    }
                    child = start(&place);
                }
                _ => std::thread::sleep(Duration::from_millis(rng.random_range(0..300))),
            }
        }
        let deadline = Instant::now() + Duration::from_secs(30);
        while told_so_far(&place).len() < expected.len() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(50));
        }
        std::thread::sleep(Duration::from_millis(2_500));
        let said = interrupt(&mut child);
        assert_eq!(told_so_far(&place), expected, "seed {seed}: {said}");
        assert!(said.contains(&format!("{} scored", thousands(place.lines.len()))), "seed {seed}: {said}");
    }
}

#[test]
fn what_was_rotated_in_a_break_is_read_before_the_log() {
    let place = Place::prepared();
    let expected = place.expected();
    let mut writer = Writer { place: &place, rotations: 0 };
    let parts: Vec<String> = place.lines.chunks(place.lines.len() / 5 + 1).map(|part| part.concat()).collect();
    let run =
        || super::run(place.watch("conn.log").args(["--state", "watch.state", "-o", "alerts.ndjson", "--once"])).1;
    // An older file that is none of the watch's.
    std::fs::write(place.file("conn.00.log"), writer.header() + &parts[2]).unwrap();
    writer.write(&(writer.header() + &parts[0]));
    run();
    writer.write(&parts[1]);
    writer.rotate();
    writer.pack();
    writer.write(&parts[2]);
    writer.copy_and_truncate();
    writer.write(&parts[3]);
    let said = run();
    assert!(said.contains("catch up") && said.contains("conn.01.log.gz"), "{said}");
    writer.rotate();
    writer.write(&parts[4]);
    run();
    assert_eq!(told_so_far(&place), expected);
    // Nothing new, and nothing told.
    let said = run();
    assert!(said.contains(&format!("{} scored", thousands(place.lines.len()))), "{said}");
    assert_eq!(told_so_far(&place), expected);
}

#[test]
fn from_the_end_what_is_there_is_passed_over() {
    let place = Place::prepared();
    let writer = Writer { place: &place, rotations: 0 };
    let run =
        |from: &str| super::run(place.watch("conn.log").args(["--state", "watch.state", "--once", "--from", from]));
    writer.write(&(writer.header() + &place.lines[..500].concat()));
    let (alerts, said) = run("end");
    assert!(alerts.is_empty() && said.contains("0 scored"), "{said}");
    writer.write(&place.lines[500..600].concat());
    let (alerts, said) = run("end");
    assert!(said.contains("100 scored   0 rejected"), "{said}");
    // Records keep their numbers in the file.
    let numbers = alerts.lines().map(|line| {
        let event: serde_json::Value = serde_json::from_str(line).unwrap();
        event["oddflow"]["record"].as_u64().unwrap()
    });
    let numbers: Vec<u64> = numbers.collect();
    assert!(!numbers.is_empty() && numbers.iter().all(|number| (501..=600).contains(number)), "{numbers:?}");
}

#[test]
fn what_cannot_be_read_is_said_and_passed_over() {
    let place = Place::prepared();
    let run = || {
        let mut command = place.watch("conn.log");
        command.args(["--state", "watch.state", "-o", "conn-alerts-2024.log", "--once"]);
        let output = command.output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, said) = run();
    assert!(code == Some(2) && said.contains("no record in it so far"), "{said}");
    let mut writer = Writer { place: &place, rotations: 0 };
    writer.write(&(writer.header() + &place.lines[..300].concat()));
    assert_eq!(run().0, Some(0));
    writer.write(&place.lines[300..400].concat());
    writer.rotate();
    // A sensor that stops in the middle of a line; the file lies there twice.
    writer.write(&(place.lines[400..500].concat() + &place.lines[500][..40]));
    writer.rotate();
    let plain = std::fs::read(place.file("conn.02.log")).unwrap();
    writer.pack();
    std::fs::write(place.file("conn.02.log"), plain).unwrap();
    std::fs::write(place.file("conn.03.log.gz"), [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 75]).unwrap();
    writer.write(&place.lines[501..600].concat());
    let (code, said) = run();
    assert!(said.contains("599 scored   1 rejected") && said.contains("conn.03.log.gz is passed over"), "{said}");
    assert_eq!(code, Some(1));
}

fn told_so_far(place: &Place) -> Vec<super::Told> {
    let text = read(&place.file("alerts.ndjson"));
    let whole = text.rfind('\n').map_or(0, |end| end + 1);
    told(&text[..whole])
}

fn thousands(n: usize) -> String {
    assert!((1_000..1_000_000).contains(&n));
    format!("{},{:03}", n / 1_000, n % 1_000)
}

#[test]
#[cfg(unix)]
fn a_truncation_without_a_copy_and_a_lost_file_are_said() {
    let place = Place::prepared();
    let writer = Writer { place: &place, rotations: 0 };
    writer.write(&(writer.header() + &place.lines[..500].concat()));
    let mut child = start(&place);
    wait_for("a state", || place.file("watch.state").exists());
    std::thread::sleep(Duration::from_millis(1_500));
    std::fs::write(place.file("conn.log"), writer.header() + &place.lines[500..600].concat()).unwrap();
    std::thread::sleep(Duration::from_millis(2_500));
    let said = interrupt(&mut child);
    assert!(said.contains("truncated, and no copy of it was found"), "{said}");
    assert!(said.contains("600 scored"), "{said}");
    let lost = writer.header().replace("2024", "2025") + &place.lines[600..700].concat();
    std::fs::write(place.file("conn.log"), lost).unwrap();
    let mut child = start(&place);
    std::thread::sleep(Duration::from_millis(4_000));
    let said = interrupt(&mut child);
    assert!(said.contains("is not found beside the log"), "{said}");
    assert!(said.contains("700 scored"), "{said}");
}

#[test]
fn a_state_of_something_else_is_refused() {
    let place = Place::prepared();
    std::fs::write(place.file("conn.log"), HEADER.to_owned() + &place.lines[..300].concat()).unwrap();
    super::run(place.watch("conn.log").args(["--once", "--state", "watch.state"]));
    let refused = |command: &mut std::process::Command, why: &str| {
        let output = command.args(["--once", "--state", "watch.state"]).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(why), "{said}");
    };
    refused(place.watch("conn.log").args(["--lateness", "2h"]), "another --lateness");
    std::fs::copy(place.file("conn.log"), place.file("other.log")).unwrap();
    refused(&mut place.watch("other.log"), "it is of conn.log");
    let mut bytes = std::fs::read(place.file("watch.state")).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(place.file("watch.state"), bytes).unwrap();
    refused(&mut place.watch("conn.log"), "altered or cut off");
}

/// What is in a file that is not the one that was written to stays in it, and so does everything where the watch cannot go on.
#[test]
fn a_file_of_something_else_is_never_cut() {
    let place = Place::prepared();
    let log =
        |n: usize| std::fs::write(place.file("conn.log"), HEADER.to_owned() + &place.lines[..n].concat()).unwrap();
    let watch = |state: &str, out: Option<&str>| {
        let mut command = place.watch("conn.log");
        command.args(["--once", "--state", state]);
        if let Some(out) = out {
            command.args(["-o", out]);
        }
        command
    };
    let precious = "what was here before\n".repeat(2_000);
    let is_kept = |name: &str| assert!(read(&place.file(name)).starts_with(&precious), "{name}");
    // Alerts went to standard output, and now go to a file.
    log(900);
    super::run(&mut watch("a.state", None));
    std::fs::write(place.file("a.txt"), &precious).unwrap();
    super::run(&mut watch("a.state", Some("a.txt")));
    is_kept("a.txt");
    // Alerts went to one file, and now go to another.
    super::run(&mut watch("b.state", Some("b.ndjson")));
    let before = read(&place.file("b.ndjson"));
    assert!(!before.is_empty() && before.len() < precious.len());
    std::fs::write(place.file("b.txt"), &precious).unwrap();
    let (_, said) = super::run(&mut watch("b.state", Some("b.txt")));
    is_kept("b.txt");
    assert!(said.contains("is not the one that was written to"), "{said}");
    // Written behind the state, by the watch that goes on from it: taken back, and written again.
    super::run(&mut watch("c.state", Some("c.ndjson")));
    std::fs::write(place.file("c.ndjson"), before.clone() + "half an al").unwrap();
    log(place.lines.len());
    super::run(&mut watch("c.state", Some("c.ndjson")));
    let all = read(&place.file("c.ndjson"));
    assert!(all.starts_with(&before) && !all.contains("half an al"));
    assert_eq!(told(&all), place.expected());
    // The state is of other options.
    std::fs::write(place.file("d.txt"), &precious).unwrap();
    let output = watch("c.state", Some("d.txt")).args(["--lateness", "2h"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(read(&place.file("d.txt")), precious);
    // What is written is nothing that is read or written as something else.
    for (state, out) in
        [("e", "e"), ("e", "conn.log"), ("e", "before.parquet.model"), ("e", "e.lock"), ("conn.log", "f")]
    {
        let output = watch(state, Some(out)).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(2) && said.contains("names the same file"), "{state} {out}: {said}");
    }
    // A device is written to as it is.
    #[cfg(unix)]
    super::run(&mut watch("g.state", Some("/dev/null")));
}

#[test]
fn a_state_is_for_one_watch_at_a_time() {
    let place = Place::prepared();
    std::fs::write(place.file("conn.log"), HEADER.to_owned() + &place.lines[..200].concat()).unwrap();
    let with_state = || {
        let mut command = place.watch("conn.log");
        command.args(["--state", "watch.state", "-o", "alerts.ndjson"]).stderr(Stdio::piped());
        command
    };
    let mut first = with_state().spawn().unwrap();
    let begin = Instant::now();
    while !place.file("watch.state").exists() {
        assert!(begin.elapsed() < Duration::from_secs(120), "no state was written");
        std::thread::sleep(Duration::from_millis(20));
    }
    let second = with_state().arg("--once").output().unwrap();
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(second.status.code() == Some(2) && said.contains("another watch goes on from it"), "{said}");
    first.kill().unwrap();
    first.wait().unwrap();
    let third = with_state().arg("--once").output().unwrap();
    assert!(third.status.success(), "{}", String::from_utf8_lossy(&third.stderr));
}
