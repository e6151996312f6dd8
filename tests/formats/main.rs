//! `--format`: every line of every form, on real logs and hostile ones, is read back by readers of its own.

mod cef;
mod ecs;
mod hostile;
mod identity;
mod parts;
mod real;

use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Bytes of a request.
pub const HEC_PART: usize = 1 << 20;
pub const BULK_PART: usize = 10 << 20;

/// A directory of its own for a test.
pub struct Bench {
    dir: tempfile::TempDir,
}

impl Bench {
    pub fn empty() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        std::fs::write(self.path(name), content).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    }

    /// Runs the program: its exit code, stdout and stderr.
    pub fn run(&self, args: &[&str]) -> (i32, String, String) {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("oddflow"));
        let out = command.args(args).current_dir(self.dir.path()).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (out.status.code().unwrap(), text(out.stdout), text(out.stderr))
    }

    /// Runs it to an end that is no failure; gives what it said.
    pub fn ok(&self, args: &[&str]) -> String {
        let (code, _, said) = self.run(args);
        assert!(code <= 1, "{args:?}: {said}");
        said
    }

    /// The texts of an output's parts, in order.
    pub fn parts(&self, stem: &str) -> Vec<String> {
        let part = |n: usize| self.path(&format!("{stem}.{n:04}.ndjson"));
        (1..).map(part).take_while(|path| path.exists()).map(|path| std::fs::read_to_string(path).unwrap()).collect()
    }
}

/// Real files, where they are at hand.
pub fn shared(what: &str) -> Option<PathBuf> {
    let root = std::env::var_os("ODDFLOW_SHARED").map(PathBuf::from);
    let root = root.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"));
    let path = root.join(what);
    if path.exists() {
        return Some(path);
    }
    eprintln!("skipped: {} is not here", path.display());
    None
}

pub fn lines(text: &str) -> Vec<&str> {
    assert!(text.is_empty() || text.ends_with('\n'), "the last line has no end");
    text.lines().collect()
}

/// ECS events of a text of lines, each checked.
pub fn events(text: &str) -> Vec<serde_json::Map<String, Value>> {
    let event = |line: &&str| ecs::checked(&serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}")));
    assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "a bare control character");
    lines(text).iter().map(event).collect()
}

/// Envelopes of Splunk's: the events in them.
pub fn envelopes(parts: &[String]) -> Vec<Value> {
    let mut all = Vec::new();
    for part in parts {
        assert!(part.len() <= HEC_PART, "{} bytes", part.len());
        for line in lines(part) {
            let envelope: Value = serde_json::from_str(line).unwrap();
            let keys: Vec<&str> = envelope.as_object().unwrap().keys().map(String::as_str).collect();
            let known = ["event", "fields", "host", "source", "sourcetype", "time"];
            assert!(keys.iter().all(|key| known.contains(key)), "{keys:?}");
            let event = &envelope["event"];
            let flat = ecs::checked(event);
            assert_eq!(envelope["sourcetype"], "oddflow:flow");
            assert_eq!(envelope["source"], flat["log.file.path"]);
            assert_eq!(envelope.get("host"), flat.get("observer.name"));
            let time = line.strip_prefix("{\"time\":").unwrap().split(',').next().unwrap();
            let (seconds, fraction) = time.split_once('.').unwrap();
            let micros: i64 = format!("{seconds}{fraction}").parse().unwrap();
            assert_eq!((fraction.len(), micros), (6, ecs::micros(&flat["@timestamp"])));
            // Indexed fields are flat.
            let fields = envelope["fields"].as_object().unwrap();
            assert!(fields.values().all(|value| value.is_string() || value.is_number()), "{line}");
            assert_eq!(fields["event_id"], flat["event.id"]);
            assert_eq!(fields["event_kind"], flat["event.kind"]);
            all.push(event.clone());
        }
    }
    all
}

/// Bodies of bulk requests: the events in them.
pub fn bulk(parts: &[String]) -> Vec<Value> {
    let mut all = Vec::new();
    for part in parts {
        assert!(part.len() <= BULK_PART && part.ends_with('\n'), "{} bytes", part.len());
        let lines = lines(part);
        assert_eq!(lines.len() % 2, 0, "an action without its document");
        for pair in lines.chunks(2) {
            let action: Value = serde_json::from_str(pair[0]).unwrap();
            let event: Value = serde_json::from_str(pair[1]).unwrap();
            ecs::checked(&event);
            assert_eq!(action, serde_json::json!({"create": {"_id": event["event"]["id"]}}));
            all.push(event);
        }
    }
    all
}

/// Scores `input` into all forms with the model `m.model` and checks each line; the ECS events are given back. They are the
/// same in all forms, and each is of its own.
pub fn all_forms(bench: &Bench, input: &[&str]) -> Vec<serde_json::Map<String, Value>> {
    let score = |format: &str, output: &str| {
        let mut args = vec!["score", "-m", "m.model"];
        args.extend(input);
        args.extend(["--format", format, "-o", output]);
        bench.ok(&args)
    };
    score("ecs", "ecs.ndjson");
    let text = bench.read("ecs.ndjson");
    let all = events(&text);
    assert!(!all.is_empty());
    let ids: std::collections::BTreeSet<&str> = all.iter().map(|event| event["event.id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), all.len(), "ids are not unique");

    score("splunk-hec", "hec.ndjson");
    score("elastic-bulk", "bulk.ndjson");
    // Without a time of its own an event has that of its run.
    let timeless = |event: &serde_json::Map<String, Value>| {
        let mut event = event.clone();
        if !event.contains_key("event.start") {
            event.remove("@timestamp");
        }
        event
    };
    let wanted: Vec<_> = all.iter().map(timeless).collect();
    let same =
        |got: Vec<Value>| assert!(got.iter().map(|event| timeless(&ecs::flat(event))).eq(wanted.iter().cloned()));
    same(envelopes(&bench.parts("hec")));
    same(bulk(&bench.parts("bulk")));

    score("cef", "out.cef");
    let text = bench.read("out.cef");
    let cef: Vec<cef::Line> = lines(&text).into_iter().map(cef::checked).collect();
    assert_eq!(cef.len(), all.len());
    cef.iter().zip(&all).for_each(|(line, event)| same_event(&line.values, event));
    all
}

/// A line of CEF tells what the ECS event does.
fn same_event(cef: &BTreeMap<String, String>, ecs: &serde_json::Map<String, Value>) {
    let text = |key: &str| ecs.get(key).map(|value| value.as_str().map_or(value.to_string(), str::to_owned));
    let is = |key: &str, wanted: Option<String>| assert_eq!(cef.get(key), wanted.as_ref(), "{key} of {ecs:?}");
    is("externalId", text("event.id"));
    is("cat", text("event.kind"));
    is("spt", text("source.port"));
    is("dpt", text("destination.port"));
    is("cn1", text("oddflow.record"));
    is("cs2", text("oddflow.finding_id"));
    let millis = |key: &str| ecs.get(key).map(|value| (ecs::micros(value).div_euclid(1_000)).to_string());
    is("start", millis("event.start"));
    is("end", millis("event.end"));
    for (v4, v6, key) in [("src", "c6a2", "source.ip"), ("dst", "c6a3", "destination.ip")] {
        let address = text(key);
        let (four, six) = match &address {
            Some(text) if text.contains(':') => (None, address.clone()),
            _ => (address.clone(), None),
        };
        is(v4, four);
        is(v6, six);
    }
    for (narrow, wide, key) in [("in", "cn2", "source.bytes"), ("out", "cn3", "destination.bytes")] {
        let bytes = ecs.get(key).and_then(Value::as_i64);
        is(narrow, bytes.filter(|n| *n <= i64::from(i32::MAX)).map(|n| n.to_string()));
        is(wide, bytes.filter(|n| *n > i64::from(i32::MAX)).map(|n| n.to_string()));
    }
    let direction = text("network.direction");
    is(
        "deviceDirection",
        direction.and_then(|d| ["inbound", "outbound"].iter().position(|x| *x == d)).map(|n| n.to_string()),
    );
}
