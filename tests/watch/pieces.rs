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

/// What tells no flows is refused, not scored: a quiet watch would say that all is well.
#[test]
fn lines_that_tell_no_flows_are_refused() {
    let place = Place::prepared();
    let wrapped: String =
        place.lines[..200].iter().map(|line| serde_json::json!({ "message": line }).to_string() + "\n").collect();
    std::fs::write(place.file("wrapped.json"), wrapped).unwrap();
    let output = place.watch("wrapped.json").arg("--once").output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(2) && said.contains("tell no addresses and times"), "{said}");
    // Where a log turns into something else, that is said.
    let object = |i: usize| {
        format!(
            "{{\"ts\":{},\"uid\":\"C{i}\",\"id.orig_h\":\"10.0.0.1\",\"id.resp_h\":\"10.0.0.2\",\"conn_state\":\"SF\"}}\n",
            1_713_484_800 + i
        )
    };
    let mut text: String = (0..10).map(object).collect();
    text.extend((0..20_000).map(|i| format!("{{\"message\":\"{i}\"}}\n")));
    std::fs::write(place.file("turned.json"), text).unwrap();
    let (_, said) = super::run(place.watch("turned.json").arg("--once"));
    assert!(said.contains("20,000 tell no addresses or no time"), "{said}");
}

/// Suricata writes flows when they are over: what it writes before is passed over.
#[test]
fn flow_events_behind_many_others_are_met() {
    let place = Place::prepared();
    let other = "{\"timestamp\":\"2024-04-19T00:00:01.000000+0000\",\"event_type\":\"dns\",\"src_ip\":\"10.0.0.1\",\"dns\":{\"rrname\":\"x\"}}\n";
    let flow = "{\"timestamp\":\"2024-04-19T00:01:00.000000+0000\",\"event_type\":\"flow\",\"src_ip\":\"10.0.0.1\",\"dest_ip\":\"10.0.0.2\",\
                \"dest_port\":80,\"proto\":\"TCP\",\"flow\":{\"start\":\"2024-04-19T00:00:02.000000+0000\",\"bytes_toserver\":10}}\n";
    for n in [1, 5_000] {
        std::fs::write(place.file("eve.json"), other.repeat(n)).unwrap();
        let (_, said) = super::run(place.watch("eve.json").arg("--once"));
        assert!(said.contains("records    0 scored"), "{said}");
        std::fs::write(place.file("eve.json"), other.repeat(n) + flow).unwrap();
        let (_, said) = super::run(place.watch("eve.json").arg("--once"));
        assert!(said.contains("records    1 scored"), "{said}");
    }
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
