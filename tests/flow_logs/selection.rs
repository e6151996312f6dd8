//! Which files and records of a folder are read, and in which order.

use crate::{Whole, open, whole};
use oddflow::Error;
use oddflow::flows::record::{LogZone, Marks};
use std::fs;
use std::path::Path;

fn log(path: &str, rows: &[(u64, &str, &str)]) -> String {
    let fields = "ts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tconn_state\tduration";
    let types = "time\tstring\taddr\tport\taddr\tport\tenum\tstring\tinterval";
    let mut text = format!(
        "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\t{path}\n#fields\t{fields}\n#types\t{types}\n"
    );
    for (second, uid, duration) in rows {
        text += &format!("{}.000000\t{uid}\t10.0.0.1\t5\t10.0.0.2\t80\ttcp\tSF\t{duration}\n", 1_713_484_800 + second);
    }
    text
}

fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn names(read: &Whole, folder: &Path) -> Vec<String> {
    let short = |name: &str| name.strip_prefix(folder.to_str().unwrap()).unwrap()[1..].to_owned();
    read.input.files.iter().map(|file| short(&file.name)).collect()
}

#[test]
fn a_folder_is_read_by_time_without_its_other_logs() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path();
    write(folder, "2024-04-20/conn.log", &log("conn", &[(90_000, "C4", "1")]));
    write(folder, "2024-04-19/conn.01:00:00.log", &log("conn", &[(3_600, "C2", "1")]));
    write(folder, "2024-04-19/conn.00:00:00.log", &log("conn", &[(5, "C1", "1"), (4_000, "C3", "1")]));
    write(folder, "2024-04-19/a.log", &log("conn", &[(5, "C0", "1")]));
    write(folder, "2024-04-19/http.log", &log("http", &[(0, "C9", "1")]));
    write(folder, "2024-04-19/dns.log", "{\"ts\":1.5,\"uid\":\"C1\",\"id.orig_h\":\"10.0.0.1\",\"query\":\"x\"}\n");
    write(folder, "2024-04-19/weird.json", "{\"ts\":1.5,\"uid\":\"C1\",\"_path\":\"weird\"}\n");
    write(folder, "2024-04-19/README.txt", "Notes about the sensors, and nothing else.\n");
    let read = whole(folder, 10);
    let order =
        ["2024-04-19/a.log", "2024-04-19/conn.00:00:00.log", "2024-04-19/conn.01:00:00.log", "2024-04-20/conn.log"];
    assert_eq!(names(&read, folder), order);
    assert_eq!(read.rows(), 5);
    let others: Vec<_> = read.input.other_logs.iter().map(|(kind, n)| (kind.as_str(), *n)).collect();
    assert_eq!(others, [("dns", 1), ("http", 1), ("weird", 1)]);
    assert_eq!(read.input.unreadable, 1);
    assert!(
        read.input.notes.iter().any(|note| note == "3 other logs passed over: dns, http, weird"),
        "{:?}",
        read.input.notes
    );
    let gaps = "2024-04-19 00:00:05 to 2024-04-20 01:00:00 UTC    1 gap over 1 h: 2024-04-19 01:06:40 (23.9 h)";
    assert_eq!(read.survey.time_line(LogZone::UTC).unwrap(), gaps);
}

/// What is appended between two passes is not read, and what is another file is an error, not other rows.
#[test]
fn a_log_that_grows_is_read_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("conn.log");
    let text = log("conn", &[(5, "C1", "1"), (6, "C2", "1")]);
    write(dir.path(), "conn.log", &text);
    let input = open(&[&path], 10).unwrap();
    let rows = || -> oddflow::Result<usize> {
        let (mut source, mut rows) = (input.source()?, 0);
        while let Some(chunk) = source.next_chunk()? {
            rows += chunk.parse()?.n_rows();
        }
        Ok(rows)
    };
    assert_eq!(rows().unwrap(), 2);
    let more = log("conn", &[(5, "C1", "1"), (6, "C2", "1"), (7, "C3", "1")]);
    std::io::Write::write_all(
        &mut fs::OpenOptions::new().append(true).open(&path).unwrap(),
        &more.as_bytes()[text.len()..],
    )
    .unwrap();
    assert_eq!(rows().unwrap(), 2);
    write(dir.path(), "conn.log", &more[..text.len() - 1]);
    let error = rows().unwrap_err().to_string();
    assert!(error.contains("conn.log: it was replaced or cut while it was read"), "{error}");
}

#[test]
fn a_file_that_is_named_is_refused_with_the_reason() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "http.log", &log("http", &[(0, "C9", "1")]));
    let error = open(&[&dir.path().join("http.log")], 10).unwrap_err();
    assert!(matches!(&error, Error::OtherLog { log, .. } if log == "http"), "{error}");
    assert!(error.to_string().contains("conn, conn_long and open_conn are read"), "{error}");
    write(dir.path(), "eve.json", "{\"timestamp\":\"2021-06-06T15:59:46.457984+0200\",\"event_type\":\"alert\"}\n");
    let error = open(&[&dir.path().join("eve.json")], 10).unwrap_err().to_string();
    assert!(error.contains("Suricata EVE") && error.contains("event_type flow"), "{error}");
}

#[test]
fn closed_records_replace_snapshots_and_later_snapshots_earlier_ones() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path();
    write(folder, "conn.log", &log("conn", &[(5, "Cclosed", "90"), (6, "Cother", "1")]));
    write(folder, "open_conn.00.log", &log("open_conn", &[(5, "Cclosed", "10"), (3, "Copen", "20")]));
    write(folder, "open_conn.01.log", &log("open_conn", &[(3, "Copen", "40"), (7, "Calone", "1")]));
    write(folder, "conn_long.log", &log("conn_long", &[(3, "Copen", "30"), (5, "Cclosed", "60")]));
    for batch_rows in [1, 100] {
        let read = whole(folder, batch_rows);
        // Of Cclosed both snapshots, of Copen all but the one of 40 s.
        assert_eq!(read.superseded, 4);
        assert_eq!(read.snapshots.as_ref().unwrap().line().unwrap(), "4 older snapshots of 2 open flows");
        assert_eq!(read.snapshots.as_ref().unwrap().still_open(), 2);
        assert_eq!(read.count(|flows, row| flows.marks[row].has(Marks::STILL_OPEN)), 6);
        assert_eq!(read.rows(), 8);
    }
    fs::remove_file(folder.join("conn.log")).unwrap();
    assert_eq!(whole(folder, 100).superseded, 3);
}

/// One file of JSON with all of Zeek's logs in it: each record is of the log that it says.
#[test]
fn records_of_one_file_may_be_of_several_logs() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path();
    let record = |path: &str, second: u32, uid: &str, duration: &str| {
        format!(
            "{{\"_path\":\"{path}\",\"ts\":{}.0,\"uid\":\"{uid}\",\"id.orig_h\":\"10.0.0.1\",\"id.resp_h\":\"10.0.0.2\",\
             \"conn_state\":\"S1\",\"duration\":{duration}}}\n",
            1_713_484_800 + second
        )
    };
    let text: String = [
        ("conn", 6, "Cother", "1.5"),
        ("open_conn", 5, "Cclosed", "10.5"),
        ("dns", 5, "Cother", "0.5"),
        ("open_conn", 3, "Copen", "20.5"),
        ("conn_long", 3, "Copen", "40.5"),
        ("conn", 5, "Cclosed", "90.5"),
        ("open_conn", 3, "Copen", "30.5"),
    ]
    .iter()
    .map(|(path, second, uid, duration)| record(path, *second, uid, duration))
    .collect();
    write(folder, "zeek.json", &text);
    for batch_rows in [1, 100] {
        let read = whole(folder, batch_rows);
        // Of Cclosed the snapshot, of Copen all but the one of 40.5 s.
        assert_eq!((read.rows(), read.superseded), (6, 3));
        assert_eq!(read.snapshots.as_ref().unwrap().still_open(), 1);
        assert_eq!(read.count(|flows, row| flows.marks[row].has(Marks::STILL_OPEN)), 4);
    }
    // The beginning tells nothing of what comes later; the name would.
    let many = record("conn", 6, "Cother", "1.5").repeat(40_000) + &text;
    write(folder, "zeek.json", &many);
    write(folder, "named/conn.log", &many);
    assert_eq!(whole(&folder.join("zeek.json"), 1_000).superseded, 3);
    let read = whole(&folder.join("named/conn.log"), 1_000);
    assert!(!read.input.files[0].several_logs);
    assert_eq!(read.count(|flows, row| flows.marks[row].has(Marks::STILL_OPEN)), 4);
}

#[test]
fn copies_are_told() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path();
    write(folder, "conn.a.log", &log("conn", &[(5, "C1", "90"), (60, "C2", "1")]));
    write(folder, "conn.b.log", &log("conn", &[(60, "C2", "1"), (5, "C1", "90")]));
    let read = whole(folder, 100);
    let warnings = read.survey.warnings(&read.input, &[]);
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(
        warnings[0].ends_with("conn.a.log") && warnings[0].contains("conn.b.log holds the same flows as"),
        "{warnings:?}"
    );
}

#[test]
fn gzip_members_may_be_cut_anywhere() {
    use std::io::Write;
    let dir = tempfile::tempdir().unwrap();
    let text = log("conn", &[(5, "C1", "90"), (60, "C2", "1")]);
    let text = format!("{text}#close\tx\n{text}").into_bytes();
    for at in (0..text.len()).step_by(37) {
        let mut packed = Vec::new();
        for part in [&text[..at], &text[at..]] {
            let mut member = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            member.write_all(part).unwrap();
            packed.extend(member.finish().unwrap());
        }
        fs::write(dir.path().join("conn.log.gz"), packed).unwrap();
        let read = whole(&dir.path().join("conn.log.gz"), 3);
        assert_eq!(read.rows(), 4, "cut at {at}");
        assert_eq!(read.input.files[0].description, "Zeek conn, TSV, gzip, 9 columns");
    }
}

#[test]
fn a_mixed_folder_unites_its_columns() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path();
    write(folder, "conn.log", &log("conn", &[(5, "C1", "90")]));
    let json = "{\"ts\":1713484900.5,\"uid\":\"C2\",\"id_orig_h\":\"10.0.0.3\",\"id_resp_h\":\"10.0.0.4\",\"conn_state\":\"S0\",\"extra\":1}\n";
    write(folder, "conn.json", json);
    let read = whole(folder, 100);
    assert_eq!(read.rows(), 2);
    let starts: Vec<_> = read.flows.iter().flat_map(|flows| flows.start.clone()).collect();
    assert_eq!(starts, [Some(1_713_484_805_000_000), Some(1_713_484_900_500_000)]);
    assert_eq!(read.count(|flows, row| flows.source[row].is_some()), 2);
    assert!(read.input.schema.index_of("extra").is_ok());
}

#[test]
fn flows_of_different_sensors_are_different_flows() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path();
    let named = |path: &str, rows: &[(&str, &str, &str)]| {
        let mut text = format!(
            "#separator \\x09\n#path\t{path}\n#fields\t_node_name\tts\tuid\tid.orig_h\tid.resp_h\tconn_state\tduration\n\
             #types\tstring\ttime\tstring\taddr\taddr\tstring\tinterval\n"
        );
        for (node, uid, duration) in rows {
            text += &format!("{node}\t1713484800.0\t{uid}\t10.0.0.1\t10.0.0.2\tS1\t{duration}\n");
        }
        text
    };
    write(folder, "open_conn.1.log", &named("open_conn", &[("a", "C1", "10"), ("b", "C1", "20"), ("-", "C1", "5")]));
    write(folder, "open_conn.2.log", &named("open_conn", &[("a", "C1", "30"), ("b", "C2", "1")]));
    write(folder, "conn.log", &named("conn", &[("b", "C1", "40"), ("-", "C2", "2")]));
    let read = whole(folder, 2);
    // Of a's C1 the snapshot of 30 s stays; the one without a sensor may be a's; b's C1 and C2 have ended.
    assert_eq!(read.superseded, 4);
    assert_eq!(read.snapshots.as_ref().unwrap().count(), (4, 3));
    assert_eq!(read.snapshots.as_ref().unwrap().still_open(), 1);
}

#[test]
fn parts_of_a_split_argus_log_are_one() {
    let dir = tempfile::tempdir().unwrap();
    let row = |second: u32, proto: &str| {
        format!("2019/04/04 16:23:{second:02}.5,0.5,{proto},10.0.0.1,5,   ->,10.0.0.2,53,CON,0,0,2,142,63,1,\n")
    };
    let header =
        "StartTime,Dur,Proto,SrcAddr,Sport,Dir,DstAddr,Dport,State,sTos,dTos,TotPkts,TotBytes,SrcBytes,SrcPkts,Label\n";
    write(dir.path(), "xaa", &format!("{header}{}{}{}", row(1, "udp"), row(2, "man"), row(3, "tcp")));
    write(dir.path(), "xab", &format!("{}{}{}", row(4, "man"), row(5, "udp"), row(6, "tcp")));
    let read = whole(dir.path(), 100);
    assert_eq!((read.rows(), read.rejected().count()), (4, 0));
    assert_eq!(read.input.passed_over(), [("man".to_owned(), 2)]);
    assert_eq!(read.count(|flows, row| flows.destination_port[row] == Some(53)), 4);
}
