//! Every real file: rows, kinds, quirks.

use crate::{Whole, open, shared, whole};
use arrow_array::Array;
use arrow_array::cast::AsArray;
use oddflow::Error;
use oddflow::flows::record::{FlowKind, FlowLog, FlowOptions, FlowSchema, Host, LogZone, Marks, StateGroup};
use oddflow::flows::source::Format;

#[test]
fn a_day_of_zeek() {
    let Some(day) = shared("data/zeek/rita-day") else { return };
    let read = whole(&day, 4_096);
    assert_eq!((read.rows(), read.rejected().count()), (31_391, 0));
    assert_eq!(read.input.files.len(), 48);
    let logs = |wanted| read.input.files.iter().filter(|file| file.log == Some(wanted)).count();
    assert_eq!((logs(FlowLog::ZeekConn), logs(FlowLog::ZeekOpenConn)), (24, 24));
    assert!(read.input.files.iter().all(|file| file.format == Format::Zeek));
    assert_eq!(read.input.files.last().unwrap().description, "Zeek conn, TSV, gzip, 22 columns");

    assert_eq!(read.superseded, 23);
    let snapshots = read.snapshots.as_ref().unwrap();
    assert_eq!(snapshots.line().unwrap(), "23 older snapshots of 1 open flow");
    assert_eq!((snapshots.count(), snapshots.still_open()), ((23, 1), 1));
    assert_eq!(read.count(|flows, row| flows.marks[row].has(Marks::STILL_OPEN)), 24);

    let survey = &read.survey;
    let time = "2024-04-18 23:59:44 to 2024-04-19 23:59:51 UTC    no gaps over 1 h";
    assert_eq!(survey.time_line(LogZone::UTC).unwrap(), time);
    assert_eq!(survey.order_line().unwrap(), "20% of lines out of time order");
    assert_eq!((survey.rows, survey.timed, survey.implausible), (31_391, 31_391, 0));
    assert!(survey.warnings(&read.input, &[]).is_empty(), "{:?}", survey.warnings(&read.input, &[]));
    let faults = "48 flows with capture gaps, 21 one-sided, 59 with wrong checksums";
    assert_eq!(survey.faults_line().unwrap(), faults);

    // Counted from the files with other tools.
    let state = |group| read.count(|flows, row| flows.state_group[row] == group && flows.icmp[row].is_none());
    assert_eq!(state(StateGroup::Refused), 17_637);
    assert_eq!(read.count(|flows, row| flows.icmp[row] == Some((3, 3))), 518);
    assert_eq!(read.count(|flows, row| flows.protocol[row] == Some(58) && flows.icmp[row] == Some((133, 0))), 47);
    assert_eq!(read.count(|flows, row| flows.icmp[row].is_some()), 866);
    let claimed = |flows: &oddflow::flows::record::Flows, row: usize| {
        flows.session.value(row) == "CudYex2Y82IShk9bh" && flows.marks[row].has(Marks::CAPTURE_GAP)
    };
    assert_eq!(
        read.count(|flows, row| claimed(flows, row) && flows.bytes_out[row].max(flows.bytes_in[row]) < Some(200)),
        1
    );
    assert_eq!(read.count(|flows, row| flows.marks[row].has(Marks::LOCALITY_KNOWN)), 31_391);
}

#[test]
fn the_same_day_whatever_the_batches() {
    let Some(day) = shared("data/zeek/rita-day") else { return };
    let (a, b) = (whole(&day, 100), whole(&day, 65_536));
    let all = |read: &Whole| -> Vec<_> {
        let rows = read.batches.iter().zip(&read.flows).flat_map(|(batch, flows)| {
            (0..batch.n_rows()).map(move |row| {
                let session = flows.session.value(row).to_owned();
                (
                    batch.file,
                    batch.numbers.get(row),
                    batch.stream_position(row),
                    flows.start[row],
                    session,
                    flows.bytes_out[row],
                )
            })
        });
        rows.collect()
    };
    assert_eq!(all(&a), all(&b));
    assert_eq!((a.superseded, a.survey.time_line(LogZone::UTC)), (b.superseded, b.survey.time_line(LogZone::UTC)));
    assert_eq!(a.survey.out_of_order(), b.survey.out_of_order());
    assert_eq!(a.survey.overlaps(), b.survey.overlaps());
    assert!(a.input.files.iter().zip(&b.input.files).all(|(a, b)| a.name == b.name));
}

#[test]
fn labelled_zeek_has_its_labels_apart() {
    let Some(folder) = shared("data/zeek/labelled") else { return };
    let read = whole(&folder, 10_000);
    assert_eq!((read.rows(), read.rejected().count()), (23_145, 0));
    assert_eq!(read.input.files[0].description, "Zeek conn, TSV, 23 columns");
    let labels = |name: &str, wanted: &str| {
        let columns = read.batches.iter().map(|batch| batch.columns.column_by_name(name).unwrap().as_string::<i32>());
        columns.map(|column| column.iter().filter(|label| *label == Some(wanted)).count()).sum::<usize>()
    };
    assert_eq!((labels("label", "Benign"), labels("label", "Malicious")), (1_923, 21_222));
    assert_eq!(labels("detailed-label", "DDoS"), 14_394);
    let unset = read.batches.iter().map(|b| b.columns.column_by_name("tunnel_parents").unwrap().null_count());
    assert_eq!(unset.sum::<usize>(), 23_145);
    assert_eq!(read.count(|flows, row| flows.marks[row].has(Marks::BAD_CHECKSUM)), 14_271);
    assert_eq!(
        read.count(|flows, row| flows.marks[row].has(Marks::NO_PAYLOAD) && flows.bytes_out[row].is_none()),
        17_824
    );
}

#[test]
fn zeek_json_in_both_habits() {
    let Some(folder) = shared("data/zeek/json") else { return };
    for (name, rows, columns) in
        [("conn.log", 29, 21), ("day1_NASHUA_conn.log", 479, 23), ("day2_NEWYORK_conn.log", 314, 23)]
    {
        let read = whole(&folder.join(name), 100);
        assert_eq!((read.rows(), read.rejected().count()), (rows, 0), "{name}");
        assert_eq!(read.input.files[0].description, format!("Zeek conn, JSON, {columns} columns"));
        assert_eq!(read.count(|flows, row| flows.source[row].is_some() && flows.start[row].is_some()), rows);
        assert!(read.input.unknown_keys().is_empty() && read.input.passed_over().is_empty());
    }
    let all = whole(&folder, 100);
    assert_eq!(all.rows(), 822);
    let hosts = all.count(|flows, row| flows.source[row].is_some() && flows.destination[row].is_some());
    assert_eq!(hosts, 822, "both habits in one input");
    assert!(all.input.files[0].name.ends_with("/conn.log"), "by time");
    // `service` is absent where nothing was recognised; lists are sorted.
    assert_eq!(all.count(|flows, row| flows.service.is_null(row)), 1 + 56 + 97);
    assert!(all.count(|flows, row| !flows.service.is_null(row) && flows.service.value(row) == "gssapi,krb,smb") > 0);
}

#[test]
fn flow_events_of_eve() {
    let Some(eve) = shared("data/suricata/eve.json") else { return };
    let read = whole(&eve, 500);
    assert_eq!((read.rows(), read.rejected().count()), (3_512, 0));
    let passed: Vec<_> = read.input.passed_over();
    let expected = [("alert", 745), ("anomaly", 3), ("dns", 680), ("fileinfo", 3), ("http", 56), ("tls", 1)];
    assert_eq!(passed, expected.map(|(kind, n)| (kind.to_owned(), n)));
    assert!(read.input.schema.index_of("alert.signature").is_err() && read.input.unknown_keys().is_empty());
    assert_eq!(read.input.files[0].description, "Suricata EVE, JSON, flow events, 33 columns");
    assert_eq!(read.batches.last().unwrap().numbers.get(read.batches.last().unwrap().n_rows() - 1), 5_000);
    assert_eq!(read.count(|flows, row| flows.start[row].is_some() && flows.source[row].is_some()), 3_512);
    assert_eq!(read.count(|flows, row| flows.protocol[row] == Some(17)), 1_176);
    assert_eq!(read.count(|flows, row| !flows.service.is_null(row)), 101 + 53 + 2 + 1, "`failed` is no service");
    // A flow of 2021-06-06T17:34:31.140759+0200: a SYN that was answered by RST and ACK.
    let known = Host::parse("91.238.203.56");
    let refused = read.count(|flows, row| {
        flows.source[row] == known
            && flows.start[row] == Some(1_622_993_671_140_759)
            && flows.duration[row] == Some(253)
            && flows.state_group[row] == StateGroup::Refused
    });
    assert_eq!(refused, 1);
}

#[test]
fn argus_by_commas_and_by_tabs() {
    let Some(folder) = shared("data/netflow") else { return };
    let commas = whole(&folder.join("test2-malicious.binetflow"), 1_000);
    assert_eq!((commas.rows(), commas.rejected().count()), (6_751, 0));
    assert!(commas.input.files[0].description.starts_with("Argus, CSV, delimiter ',', header, 16 columns"));
    let icmp = |code| commas.count(|flows, row| flows.icmp[row] == Some((3, code)));
    assert_eq!((icmp(3), icmp(4)), (44, 15), "unreachable port (URP), fragmentation needed (URF)");
    assert_eq!(commas.count(|flows, row| flows.marks[row].has(Marks::UNDIRECTED)), 4);
    assert_eq!(commas.count(|flows, row| flows.state_group[row] == StateGroup::MidStream), 4);
    assert_eq!(commas.count(|flows, row| flows.bytes_in[row].is_some() && flows.packets_in[row].is_some()), 6_751);

    let tabs = whole(&folder.join("test5-mixed.binetflow"), 1_000);
    assert_eq!((tabs.rows(), tabs.rejected().count()), (299, 0));
    assert_eq!(tabs.input.passed_over(), [("man".to_owned(), 1)]);
    assert_eq!(tabs.batches[0].numbers.get(0), 2, "passed over records keep their numbers");
    assert_eq!(tabs.count(|flows, row| flows.protocol[row] == Some(58) && flows.icmp[row] == Some((135, 0))), 1);
    // The log begins in 1970: its clock was not set.
    assert!(tabs.survey.implausible > 0 && tabs.survey.implausible + tabs.survey.timed == 299);
}

#[test]
fn tables_without_addresses() {
    let Some(data) = shared("data") else { return };
    let cic = whole(&data.join("cic-ids-2017/cicids_sample_webattacks_thursday.csv"), 1_000);
    assert_eq!((cic.rows(), cic.rejected().count()), (10_180, 0));
    assert_eq!(cic.input.files[0].log, Some(FlowLog::FlowMeter));
    assert_eq!(cic.count(|flows, row| flows.destination_port[row].is_some()), 10_180);
    let kdd = open(&[&data.join("nsl-kdd/KDDTest+.txt")], 1_000).unwrap();
    let schema = FlowSchema::recognise(&kdd.schema, FlowOptions::default()).unwrap();
    assert_eq!(schema.kinds().collect::<Vec<_>>(), [FlowKind::Kdd]);
    assert!(!schema.has_hosts() && !schema.has_times());
    let kdd = Whole::read(kdd).unwrap();
    assert_eq!(
        kdd.count(|flows, row| flows.protocol[row].is_some() && flows.state_group[row] != StateGroup::Unknown),
        22_544
    );
}

#[test]
fn damaged_logs_say_what_they_are_and_where_they_break() {
    let Some(folder) = shared("data/zeek/damaged") else { return };
    let read = |name: &str| open(&[&folder.join(name)], 10).and_then(Whole::read).map(|_| ()).unwrap_err();
    let Error::Damaged { records, reason, .. } = read("truncated.conn.log") else { panic!() };
    assert!(records > 40 && reason.contains("Zeek conn log") && reason.contains("mid-row"), "{records} {reason}");
    let other = read("corrupt.log.gz").to_string();
    assert!(
        other.contains("Zeek") && other.contains("(http)") && other.contains("gzip data ends too early"),
        "{other}"
    );
    assert!(other.contains("damaged after "), "{other}");
    let none = read("not_a_log.conn.log").to_string();
    assert!(none.contains("this is no log") && none.contains("Lorem ipsum"), "{none}");
}
