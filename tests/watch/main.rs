//! Logs that are watched while they are written.

mod follow;
mod latency;
mod log;
mod pieces;

use log::{HEADER, Shape, lines};
use std::path::{Path, PathBuf};
use std::process::Command;

pub fn oddflow() -> Command {
    Command::new(env!("CARGO_BIN_EXE_oddflow"))
}

/// Runs to the end; what it wrote to stdout and stderr.
pub fn run(command: &mut Command) -> (String, String) {
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    assert!(output.status.success(), "{command:?}: {}", text(&output.stderr));
    (text(&output.stdout), text(&output.stderr))
}

/// A folder with an ordinary log that was scored, its model beside it, and a log with odd flows.
pub struct Place {
    _folder: tempfile::TempDir,
    pub path: PathBuf,
    pub lines: Vec<String>,
}

impl Place {
    pub fn prepared() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_path_buf();
        let ordinary = lines(Shape { seed: 1, hours: 6, flows: 800, odd: false });
        std::fs::write(path.join("before.log"), HEADER.to_owned() + &ordinary.concat()).unwrap();
        run(oddflow().current_dir(&path).args(["detect", "before.log", "-o", "before.parquet", "-q"]));
        let lines = lines(Shape { seed: 2, hours: 6, flows: 800, odd: true });
        Self { _folder: folder, path, lines }
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// `oddflow watch` of the file `log` here.
    pub fn watch(&self, log: &str) -> Command {
        let mut command = oddflow();
        command.current_dir(&self.path);
        command.args(["watch", "-m", "before.parquet.model", "--reference", "before.parquet", "--format", "ecs", log]);
        command
    }

    /// What is told of all lines, read at once.
    pub fn expected(&self) -> Vec<Told> {
        std::fs::write(self.file("whole.log"), HEADER.to_owned() + &self.lines.concat()).unwrap();
        let (out, _) = run(self.watch("whole.log").arg("--once"));
        told(&out)
    }
}

/// What an alert tells, wherever the log lay.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    pub id: String,
    pub finding: String,
    pub news: String,
    pub flows: u64,
    pub source: String,
    pub reason: String,
}

pub fn told(events: &str) -> Vec<Told> {
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let of = |line: &str| {
        let event: serde_json::Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        let own = &event["oddflow"];
        assert_eq!(event["event"]["kind"], "alert");
        Told {
            id: text(&event["event"]["id"]),
            finding: text(&own["finding_id"]),
            news: text(&own["finding"]["news"]),
            flows: own["finding"]["flows"].as_u64().unwrap(),
            source: text(&event["source"]["ip"]),
            reason: text(&event["event"]["reason"]),
        }
    };
    events.lines().map(of).collect()
}

pub fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

#[test]
fn scan_brute_force_and_beacon_are_told_once_each_and_again_when_they_have_grown() {
    let place = Place::prepared();
    let told = place.expected();
    let of = |source: &str| told.iter().filter(|told| told.source == source).collect::<Vec<_>>();
    for (source, reason) in [(log::SCANNER, "ports"), (log::FORCER, "every"), (log::BEACON, "every")] {
        let told = of(source);
        assert!(told.iter().any(|told| told.reason.contains(reason)), "{source}: {told:#?}");
        assert!(told.len() <= 8, "{source}: {told:#?}");
    }
    let mut ids: Vec<&str> = told.iter().map(|told| told.id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), told.len(), "an id comes twice: {told:#?}");
    for news in &told {
        let first = told.iter().find(|other| other.finding == news.finding).unwrap();
        assert_eq!(first.news, "new", "{news:?}");
        let times = news.flows / first.flows;
        match news.news.as_str() {
            "new" => assert_eq!(first, news),
            "grown × 10" => assert!((10..20).contains(&times), "{news:?} after {first:?}"),
            "grown × 100" => assert!((100..200).contains(&times), "{news:?} after {first:?}"),
            other => panic!("{other}"),
        }
    }
    // Ordinary flows give few alerts.
    let odd = [log::SCANNER, log::FORCER, log::BEACON];
    let others = told.iter().filter(|told| !odd.contains(&told.source.as_str())).count();
    assert!(others <= 110, "{others} alerts of ordinary flows");
}
