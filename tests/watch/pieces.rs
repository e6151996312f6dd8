//! Alerts do not depend on how lines come.

use super::{HEADER, Place, told};
use std::io::Write;
use std::process::Stdio;
use std::time::Duration;

#[test]
fn standard_input_in_pieces_gives_the_alerts_of_the_file() {
    let place = Place::prepared();
    let expected = place.expected();
    assert!(!expected.is_empty());
    let mut child =
        place.watch("-").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let text = HEADER.to_owned() + &place.lines.concat();
    let writer = std::thread::spawn(move || {
        // Odd sizes, in the middle of lines.
        for (i, piece) in text.as_bytes().chunks(7_919).enumerate() {
            stdin.write_all(piece).unwrap();
            if i % 20 == 0 {
                std::thread::sleep(Duration::from_millis(20));
            }
        }
    });
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(told(&String::from_utf8(output.stdout).unwrap()), expected);
}

#[test]
fn json_lines_give_the_alerts_of_the_tab_separated_log() {
    let place = Place::prepared();
    let expected = place.expected();
    let names: Vec<&str> =
        HEADER.lines().find_map(|line| line.strip_prefix("#fields\t")).unwrap().split('\t').collect();
    let mut text = String::new();
    for line in &place.lines {
        let mut object = serde_json::Map::new();
        for (name, value) in names.iter().zip(line.trim_end().split('\t')).filter(|(_, value)| *value != "-") {
            let value = match *name {
                "uid" | "id.orig_h" | "id.resp_h" | "proto" | "service" | "conn_state" | "history" => value.into(),
                "local_orig" | "local_resp" => (value == "T").into(),
                _ => serde_json::from_str(value).unwrap(),
            };
            object.insert((*name).to_owned(), value);
        }
        text += &serde_json::to_string(&object).unwrap();
        text.push('\n');
    }
    std::fs::write(place.file("conn.json"), text).unwrap();
    let (out, _) = super::run(place.watch("conn.json").arg("--once"));
    assert_eq!(told(&out), expected);
}
