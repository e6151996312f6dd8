//! Each format's rules, on records written out by hand.

use super::words::{Flags, is_half_open, services, tcp_group};
use super::*;
use crate::flows::record::StateGroup;
use arrow_array::{Array, ArrayRef, BooleanArray, Float64Array, Int64Array, StringArray, TimestampMicrosecondArray};
use arrow_schema::Field;
use proptest::prelude::*;
use std::net::Ipv4Addr;
use std::sync::Arc;

/// A batch of texts: the first line names the columns, `.` is null.
fn texts(lines: &[&str]) -> RecordBatch {
    let rows: Vec<Vec<&str>> = lines.iter().map(|line| line.split_whitespace().collect()).collect();
    let column = |i: usize| {
        Arc::new(rows[1..].iter().map(|row| (row[i] != ".").then_some(row[i])).collect::<StringArray>()) as ArrayRef
    };
    batch(rows[0].iter().enumerate().map(|(i, name)| (*name, column(i))).collect())
}

fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    let fields: Vec<_> = columns.iter().map(|(name, c)| Field::new(*name, c.data_type().clone(), true)).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns.into_iter().map(|(_, c)| c).collect()).unwrap()
}

fn schema(batch: &RecordBatch) -> FlowSchema {
    FlowSchema::recognise(&batch.schema(), FlowOptions::default()).unwrap()
}

fn flows(lines: &[&str]) -> Flows {
    let batch = texts(lines);
    schema(&batch).flows(&batch).unwrap()
}

fn text(array: &StringArray, row: usize) -> Option<&str> {
    array.is_valid(row).then(|| array.value(row))
}

const CONN: &str = "ts uid id.orig_h id.orig_p id.resp_h id.resp_p proto service duration orig_bytes resp_bytes conn_state \
    local_orig local_resp missed_bytes history orig_pkts orig_ip_bytes resp_pkts resp_ip_bytes";

#[test]
fn zeek_bytes_are_those_that_were_seen() {
    let flows = flows(&[
        CONN,
        "1713539959.5 C1 1.2.3.4 5 6.7.8.9 80 tcp http 1.5 1964191874 10 RSTR F T 0 ShDrR 4 84 2 90",
        "1713539959.5 C2 1.2.3.4 5 6.7.8.9 80 tcp - - - - S0 - - 0 S 1 40 0 0",
        "1713539959.5 C3 1.2.3.4 5 6.7.8.9 80 tcp ssh 1 900 10 SF T F 20 ShADadFf 9 100 9 200",
        "1713539959.5 C4 1.2.3.4 5 6.7.8.9 80 tcp ssh 1 10 2000 SF T F 0 ShADacgdFf 9 100 9 600",
    ]);
    assert_eq!(flows.bytes_out, [Some(84), None, Some(100), Some(10)]);
    assert_eq!(flows.bytes_in, [Some(10), None, Some(10), Some(600)]);
    assert_eq!(flows.duration, [Some(1_500_000), None, Some(1_000_000), Some(1_000_000)]);
    let has = |mark| flows.marks.iter().map(|marks| marks.has(mark)).collect::<Vec<_>>();
    assert_eq!(has(Marks::NO_PAYLOAD), [false, true, false, false]);
    assert_eq!(has(Marks::CAPTURE_GAP), [true, false, true, true]);
    assert_eq!(has(Marks::BAD_CHECKSUM), [false, false, false, true]);
    assert_eq!(has(Marks::LOCALITY_KNOWN), [true, false, true, true]);
    assert_eq!(has(Marks::LOCAL_SOURCE), [false, false, true, true]);
    assert_eq!(has(Marks::LOCAL_DESTINATION), [true, false, false, false]);
    assert_eq!(flows.start[0], Some(1_713_539_959_500_000));
    assert_eq!(text(&flows.service, 0), Some("http"));
    assert_eq!(text(&flows.service, 1), None);
    assert_eq!(text(&flows.session, 3), Some("C4"));
}

#[test]
fn zeek_icmp_has_types_and_no_ports() {
    let line = |hosts: &str, kind: u8, code: u8, packets_in: u8| {
        let hosts: Vec<_> = hosts.split(' ').collect();
        format!("1713539959 C {} {kind} {} {code} icmp - . . . OTH . . 0 . 1 56 {packets_in} 0", hosts[0], hosts[1])
    };
    let lines = [
        line("1.2.3.4 6.7.8.9", 3, 3, 0),
        line("1.2.3.4 6.7.8.9", 8, 0, 0),
        line("1.2.3.4 6.7.8.9", 8, 0, 1),
        line("fe80::1%eth0 ff02::2", 133, 134, 0),
        line("fe80::1 ff02::2", 1, 4, 0),
    ];
    let mut all = vec![CONN];
    all.extend(lines.iter().map(String::as_str));
    let flows = flows(&all);
    assert_eq!(flows.icmp, [(3, 3), (8, 0), (8, 0), (133, 0), (1, 4)].map(Some));
    assert_eq!(flows.protocol, [1, 1, 1, 58, 58].map(Some));
    assert!(flows.source_port.iter().chain(&flows.destination_port).all(Option::is_none));
    use StateGroup::{Established, NoReply, Unknown};
    assert_eq!(flows.state_group, [Unknown, NoReply, Established, NoReply, Unknown]);
}

#[test]
fn zeek_states_have_groups() {
    use StateGroup::*;
    let states = "S0 S1 SF REJ S2 S3 RSTO RSTR RSTOS0 RSTRH SH SHR OTH .";
    let expected = [
        NoReply,
        Established,
        Established,
        Refused,
        Established,
        Established,
        Reset,
        Reset,
        Reset,
        Reset,
        Reset,
        Reset,
        MidStream,
        Unknown,
    ];
    for (state, group) in states.split(' ').zip(expected) {
        let line = format!("1713539959 C 1.2.3.4 5 6.7.8.9 80 tcp - 1 1 1 {state} . . 0 . 1 40 1 40");
        assert_eq!(flows(&[CONN, &line]).state_group, [group], "{state}");
    }
}

#[test]
fn zeek_histories_tell_one_sided_flows() {
    for (history, one_sided, checksum) in [
        ("S", false, false),
        ("ShADadFf", false, false),
        ("SAD", true, false),
        ("^hadf", true, false),
        ("R", false, false),
        ("C", false, true),
        ("Sr", false, false),
        ("Sh", false, false),
        ("ShR", false, false),
        ("ShA", false, false),
    ] {
        let line = format!("1713539959 C 1.2.3.4 5 6.7.8.9 80 tcp - 1 1 1 OTH . . 0 {history} 1 40 1 40");
        let marks = flows(&[CONN, &line]).marks[0];
        assert_eq!((marks.has(Marks::ONE_SIDED), marks.has(Marks::BAD_CHECKSUM)), (one_sided, checksum), "{history}");
        assert_eq!(marks.has(Marks::HALF_OPEN), matches!(history, "Sh" | "ShR"), "{history}");
    }
}

#[test]
fn services_are_split_sorted_and_their_violations_marked() {
    let read = |text: &'static str| {
        let (names, violated) = services(text);
        (names.unwrap_or_default().into_owned(), violated)
    };
    assert_eq!(read("ssl,-ssl"), ("ssl".into(), true));
    assert_eq!(read("SMB,gssapi,smb,krb"), ("gssapi,krb,smb".into(), false));
    assert_eq!(read("-http"), (String::new(), true));
    assert_eq!(read("http"), ("http".into(), false));
    assert_eq!(read("failed"), (String::new(), false));
    assert_eq!(read("-"), (String::new(), false));
}

#[test]
fn both_habits_of_naming_and_every_type_are_one_schema() {
    let n = 2;
    let null_texts = || Arc::new(StringArray::from(vec![None::<&str>; n])) as ArrayRef;
    let host = |text: &str| Arc::new(StringArray::from(vec![text; n])) as ArrayRef;
    let batch = batch(vec![
        ("ts", Arc::new(TimestampMicrosecondArray::from(vec![1_713_539_959_123_456, 0]).with_timezone("UTC"))),
        ("id.orig_h", null_texts()),
        ("id_orig_h", host("10.0.0.1")),
        ("id.resp_h", null_texts()),
        ("id_resp_h", host("10.0.0.2")),
        ("id_orig_p", Arc::new(Float64Array::from(vec![1.0, 2.0]))),
        ("proto", host("udp")),
        ("conn_state", host("SF")),
        ("orig_bytes", Arc::new(Int64Array::from(vec![Some(3), None]))),
        ("local_orig", Arc::new(BooleanArray::from(vec![true, false]))),
        ("local_resp", Arc::new(BooleanArray::from(vec![false, true]))),
    ]);
    let schema = schema(&batch);
    assert_eq!(schema.kinds().collect::<Vec<_>>(), [FlowKind::Zeek]);
    assert!(schema.has_hosts() && schema.has_times() && !schema.assumes_zone(&batch));
    let flows = schema.flows_of(&batch, Some(FlowLog::ZeekOpenConn)).unwrap();
    assert_eq!(flows.start, [Some(1_713_539_959_123_456), None]);
    assert!(flows.marks[1].has(Marks::IMPLAUSIBLE_TIME) && !flows.marks[0].has(Marks::IMPLAUSIBLE_TIME));
    assert!(flows.marks.iter().all(|marks| marks.has(Marks::STILL_OPEN)));
    assert_eq!(flows.source, vec![Some(Host::V4(Ipv4Addr::new(10, 0, 0, 1))); 2]);
    assert_eq!(flows.source_port, [Some(1), Some(2)]);
    assert_eq!(flows.bytes_out, [Some(3), None]);
}

const EVE: &str = "flow.start flow.end flow_id src_ip src_port dest_ip dest_port proto app_proto flow.state \
    flow.bytes_toserver flow.bytes_toclient flow.pkts_toserver flow.pkts_toclient tcp.tcp_flags tcp.tcp_flags_ts \
    tcp.tcp_flags_tc tcp.state";

#[test]
fn eve_flags_tell_how_a_flow_went() {
    let (start, end) = ("2021-06-06T17:34:31.140759+0200", "2021-06-06T17:34:32.141012+0200");
    let line = |proto: &str, rest: &str| format!("{start} {end} 7 10.0.0.1 4 10.0.0.2 445 {proto} {rest}");
    let lines = [
        line("TCP", ". closed 120 120 2 2 16 02 14 closed"),
        line("TCP", "failed established 500 700 5 5 1b 1b 1b close_wait"),
        line("TCP", ". new 60 0 1 0 02 02 00 syn_sent"),
        line("UDP", "dns established 60 90 1 1 . . . ."),
        line("UDP", "failed new 60 0 1 0 . . . ."),
        line("TCP", ". established 500 700 5 5 18 18 18 established"),
    ];
    let mut all = vec![EVE];
    all.extend(lines.iter().map(String::as_str));
    let flows = flows(&all);
    use StateGroup::{Established, MidStream, NoReply, Refused};
    assert_eq!(flows.state_group, [Refused, Established, NoReply, Established, NoReply, MidStream]);
    assert_eq!(flows.start[0], Some(1_622_993_671_140_759));
    assert_eq!(flows.duration[0], Some(1_000_253));
    assert_eq!(text(&flows.history, 0), Some("S_RA"));
    assert_eq!([0, 1, 3].map(|row| text(&flows.service, row)), [None, None, Some("dns")]);
    assert_eq!(text(&flows.state, 0), Some("closed"));
    assert_eq!(text(&flows.session, 0), Some("7"));
}

const ARGUS: &str = "StartTime Dur Proto SrcAddr Sport Dir DstAddr Dport State TotPkts TotBytes SrcBytes SrcPkts";

#[test]
fn argus_directions_ports_and_states() {
    let when = "2019/04/04T16:23:00.325010";
    let flows = flows(&[
        ARGUS,
        &format!("{when} 0.5 tcp 10.8.0.69 0x867d -> 31.13.83.2 443 SPA_SRPA 26 5723 1621 13"),
        &format!("{when} 0.5 tcp 10.8.0.69 443 <- 31.13.83.2 50000 RA_S 3 180 60 1"),
        &format!("{when} 0.5 icmp 10.8.0.69 0x0403 -> 31.13.83.2 0x0000 URF 1 60 60 1"),
        &format!("{when} 0.5 ipv6-icmp fe80::1 135 -> ff02::1 0 NNS 1 60 60 1"),
        &format!("{when} 0.5 udp 10.8.0.69 5000 <?> 8.8.8.8 53 CON 2 142 63 1"),
        &format!("{when} 0.5 udp 10.8.0.69 5000 -> 8.8.8.8 53 INT 1 63 63 1"),
        &format!("{when} 0.5 arp 10.8.0.69 . who 8.8.8.8 . CON 1 63 63 1"),
    ]);
    use StateGroup::{Established, NoReply, Refused, Unknown};
    assert_eq!(flows.state_group, [Established, Refused, Unknown, NoReply, Established, NoReply, Established]);
    assert_eq!((flows.source_port[0], flows.destination_port[0]), (Some(0x867d), Some(443)));
    assert_eq!((flows.source_port[1], flows.destination_port[1]), (Some(50_000), Some(443)));
    assert_eq!(flows.source[1], Host::parse("31.13.83.2"));
    assert_eq!((flows.bytes_out[1], flows.bytes_in[1]), (Some(120), Some(60)));
    assert_eq!((flows.packets_out[1], flows.packets_in[1]), (Some(2), Some(1)));
    assert_eq!(flows.icmp[2..4], [Some((3, 4)), Some((135, 0))]);
    assert!(flows.marks[4].has(Marks::UNDIRECTED) && !flows.marks[0].has(Marks::UNDIRECTED));
    assert_eq!(flows.start[0], Some(1_554_394_980_325_010));
    assert_eq!((flows.protocol[6], flows.destination_port[6]), (None, None));
}

/// What `ra` prints where nobody asked for columns.
#[test]
fn argus_totals_are_of_both_ways() {
    let flows = flows(&[
        "StartTime Flgs Proto SrcAddr Sport Dir DstAddr Dport TotPkts TotBytes State",
        "2019/04/04T16:23:00 e tcp 10.8.0.69 1 -> 31.13.83.2 443 26 5723 FIN",
        "2019/04/04T16:23:00 e tcp 10.8.0.69 443 <- 31.13.83.2 5 3 180 RST",
    ]);
    assert_eq!((&flows.bytes_out[..], &flows.bytes_in[..]), (&[Some(5_723), Some(180)][..], &[None, None][..]));
    assert_eq!((&flows.packets_out[..], &flows.packets_in[..]), (&[Some(26), Some(3)][..], &[None, None][..]));
    assert!(flows.marks.iter().all(|marks| marks.has(Marks::BOTH_WAYS)));
}

/// Where the source's bytes are told, packets of both ways are not the source's.
#[test]
fn argus_packets_are_not_guessed() {
    let flows = flows(&[
        "StartTime Proto SrcAddr Sport Dir DstAddr Dport State TotPkts TotBytes SrcBytes",
        "2019/04/04T16:23:00 udp 10.8.0.69 1 <-> 31.13.83.2 53 CON 2 142 63",
    ]);
    assert_eq!((flows.bytes_out[0], flows.bytes_in[0]), (Some(63), Some(79)));
    assert_eq!((flows.packets_out[0], flows.packets_in[0]), (None, None));
    assert!(!flows.marks[0].has(Marks::BOTH_WAYS));
}

#[test]
fn times_without_a_zone_are_of_the_one_named() {
    let batch = texts(&[ARGUS, "2019/04/04T16:23:00 0 udp 1.1.1.1 1 -> 2.2.2.2 2 CON 1 1 1 1"]);
    let east = FlowSchema::recognise(&batch.schema(), FlowOptions { zone: LogZone::east(120) }).unwrap();
    assert!(east.assumes_zone(&batch));
    let with = texts(&[ARGUS, "1554387780.5 0 udp 1.1.1.1 1 -> 2.2.2.2 2 CON 1 1 1 1"]);
    assert!(!east.assumes_zone(&with));
    let with = texts(&[
        ARGUS,
        "n/a 0 udp 1.1.1.1 1 -> 2.2.2.2 2 CON 1 1 1 1",
        "2019/04/04T16:23:00 0 udp 1.1.1.1 1 -> 2.2.2.2 2 CON 1 1 1 1",
    ]);
    assert!(east.assumes_zone(&with));
    let with = texts(&[ARGUS, "2019-04-04T16:23:00+02:00 0 udp 1.1.1.1 1 -> 2.2.2.2 2 CON 1 1 1 1"]);
    assert!(!east.assumes_zone(&with));
    assert_eq!(east.flows(&batch).unwrap().start, [Some(1_554_387_780_000_000)]);
}

#[test]
fn tables_of_zeeks_columns_are_of_that_zone_too() {
    let table = texts(&["ts id.orig_h id.resp_h conn_state", "2024-07-01T00:00:06 10.0.0.1 10.0.0.2 SF"]);
    let zone = LogZone::place("Europe/Berlin").unwrap();
    let berlin = FlowSchema::recognise(&table.schema(), FlowOptions { zone }).unwrap();
    assert!(berlin.assumes_zone(&table));
    assert_eq!(berlin.flows(&table).unwrap().start, [Some(1_719_784_806_000_000)]);
    // 2024-07-01 00:00:06, on a clock and as an instant.
    let typed = |times: TimestampMicrosecondArray| {
        let text = |text| Arc::new(StringArray::from(vec![text])) as ArrayRef;
        let hosts = [("id.orig_h", text("10.0.0.1")), ("id.resp_h", text("10.0.0.2")), ("conn_state", text("SF"))];
        let batch = batch([("ts", Arc::new(times) as ArrayRef)].into_iter().chain(hosts).collect());
        let schema = FlowSchema::recognise(&batch.schema(), FlowOptions { zone }).unwrap();
        (schema.assumes_zone(&batch), schema.flows(&batch).unwrap().start[0])
    };
    let times = TimestampMicrosecondArray::from(vec![1_719_792_006_000_000]);
    assert_eq!(typed(times.clone()), (true, Some(1_719_784_806_000_000)));
    assert_eq!(typed(times.with_timezone("UTC")), (false, Some(1_719_792_006_000_000)));
}

#[test]
fn flow_meter_tables_have_no_hosts_and_no_negative_durations() {
    let lines = [
        "Destination_Port Flow_Duration Total_Fwd_Packets Total_Backward_Packets Total_Length_of_Fwd_Packets \
            Total_Length_of_Bwd_Packets RST_Flag_Count",
        "443 2000000 3 0 20 0 0",
        "443 -1 3 4 20 Infinity 1",
    ];
    let batch = texts(&lines);
    assert!(!schema(&batch).has_hosts() && !schema(&batch).has_times());
    let flows = schema(&batch).flows(&batch).unwrap();
    assert_eq!(flows.duration, [Some(2_000_000), None]);
    assert_eq!(flows.bytes_in, [Some(0), None]);
    assert_eq!(flows.destination_port, [Some(443), Some(443)]);
    assert_eq!(flows.state_group, [StateGroup::NoReply, StateGroup::Reset]);
}

#[test]
fn kdd_tables_are_flows_without_hosts() {
    let batch = texts(&["duration protocol_type service flag src_bytes dst_bytes", "2 tcp ftp_data SF 12983 0"]);
    assert_eq!(schema(&batch).kinds().collect::<Vec<_>>(), [FlowKind::Kdd]);
    assert!(!schema(&batch).has_hosts());
    let flows = schema(&batch).flows(&batch).unwrap();
    assert_eq!((flows.protocol[0], flows.duration[0], flows.bytes_out[0]), (Some(6), Some(2_000_000), Some(12_983)));
    assert_eq!(flows.state_group, [StateGroup::Established]);
}

#[test]
fn tables_with_addresses_are_flows_and_others_are_not() {
    let flows = flows(&[
        "first_seen last_seen src_ip dst_ip sport dport protocol in_bytes in_pkts tcp_flags",
        "2024-01-01T00:00:00Z 2024-01-01T00:00:01.5Z 10.0.0.1 10.0.0.2 5 443 6 700 3 ...AP.SF",
    ]);
    assert_eq!(flows.duration, [Some(1_500_000)]);
    assert_eq!((flows.protocol[0], flows.destination_port[0], flows.bytes_out[0]), (Some(6), Some(443), Some(700)));
    let other = texts(&["f0 f1 label", "1 2 0"]);
    assert!(FlowSchema::recognise(&other.schema(), FlowOptions::default()).is_none());
}

#[test]
fn each_batch_is_read_as_the_format_it_is_of() {
    let both = format!("{CONN} {}", ARGUS.replace("Proto ", ""));
    let zeek = "1713539959 C 1.2.3.4 5 6.7.8.9 80 tcp - 1 1 1 SF . . 0 . 1 40 1 40 . . . . . . . . . . . .";
    let argus = ". . . . . . tcp . . . . . . . . . . . . . 2019/04/04T16:23:00 1 10.0.0.1 1 -> 10.0.0.2 2 S_ 1 60 60 1";
    let batches = [zeek, argus].map(|line| texts(&[&both, line]));
    let schema = schema(&batches[0]);
    assert_eq!(schema.kinds().collect::<Vec<_>>(), [FlowKind::Zeek, FlowKind::Argus]);
    assert!(schema.has_hosts() && schema.has_times());
    let groups = batches.map(|batch| schema.flows(&batch).unwrap().state_group[0]);
    assert_eq!(groups, [StateGroup::Established, StateGroup::NoReply]);
}

#[test]
fn sensors_are_told_apart() {
    let batch = texts(&[
        &format!("_node_name {CONN}"),
        &format!("w-1 {}", "1713539959 C 1.2.3.4 5 6.7.8.9 80 tcp - 1 1 1 SF . . 0 . 1 40 1 40"),
        &format!("w-2 {}", "1713539959 C 1.2.3.4 5 6.7.8.9 80 tcp - 1 1 1 SF . . 0 . 1 40 1 40"),
        &format!(". {}", "1713539959 C 1.2.3.4 5 6.7.8.9 80 tcp - 1 1 1 SF . . 0 . 1 40 1 40"),
    ]);
    let sensors = schema(&batch).sensors(&batch).unwrap();
    assert!(sensors[0] != sensors[1] && sensors[0] != 0 && sensors[2] == 0);
}

/// What an output of logs of several formats has: rows of each between rows of the others.
#[test]
fn rows_of_several_formats_may_stand_in_one_batch() {
    let columns = format!(
        "{CONN} flow.start src_ip dest_ip dest_port flow.bytes_toserver SrcAddr DstAddr Dport Dir State StartTime"
    );
    let blank = |n: usize| vec!["."; n].join(" ");
    let zeek = format!("1713539959 C1 1.2.3.4 5 6.7.8.9 80 tcp - 1 1 1 SF . . 0 . 1 40 1 40 {}", blank(11));
    let eve = format!("{} 2024-04-19T15:19:19.000000+0000 10.0.0.5 10.0.0.6 443 60 {}", blank(20), blank(6));
    let argus = format!("{} tcp {} 10.0.0.7 10.0.0.8 22 -> S_ 2024-04-19T15:19:19", blank(6), blank(13 + 5));
    let none = blank(31);
    let flows = flows(&[&columns, &zeek, &eve, &none, &argus, &zeek]);
    let addresses = |hosts: &[Option<Host>]| hosts.iter().map(|host| host.map(|h| h.to_string())).collect::<Vec<_>>();
    let expected = [Some("1.2.3.4"), Some("10.0.0.5"), None, Some("10.0.0.7"), Some("1.2.3.4")];
    assert_eq!(addresses(&flows.source), expected.map(|host| host.map(str::to_owned)));
    assert_eq!(flows.destination_port, [Some(80), Some(443), None, Some(22), Some(80)]);
    assert!(
        [0, 1, 3, 4].iter().all(|&row: &usize| flows.start[row] == Some(1_713_539_959_000_000)),
        "{:?}",
        flows.start
    );
}

#[test]
fn flags_are_read_as_letters_and_digits() {
    assert_eq!(Flags::of_letters("FSPA"), Flags::of_hex("1b"));
    assert_eq!(Flags::of_hex("14").unwrap().letters(), "RA");
    assert!(Flags::of_letters("CON").is_none() && Flags::of_hex("xx").is_none());
    let of = |a: &str, b: &str| tcp_group(Flags::of_letters(a).unwrap(), Flags::of_letters(b).unwrap());
    assert_eq!(of("S", ""), StateGroup::NoReply);
    assert_eq!(of("SR", "SA"), StateGroup::Reset);
    assert_eq!(of("FSRPA", "FSPA"), StateGroup::Established);
    assert_eq!(of("PA", "PA"), StateGroup::MidStream);
    assert_eq!(of("", ""), StateGroup::Unknown);
    let half = |a: &str, b: &str| is_half_open(Flags::of_letters(a).unwrap(), Flags::of_letters(b).unwrap());
    assert!(half("S", "SA") && half("SR", "SA"));
    assert!(!half("S", "") && !half("S", "RA") && !half("SA", "SA") && !half("", "SA"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_values_are_read_without_harm(
        format in prop::sample::select(FORMATS.to_vec()),
        rows in prop::collection::vec(prop::collection::vec(prop_oneof![
            "[-0-9a-fxST_:./%,]{0,24}", "\\PC{0,12}", Just("9223372036854775807".to_owned()), Just("-1e300".to_owned())
        ], 24), 1..5),
    ) {
        let names: Vec<&str> = format.parts.iter().map(|names| names.split_whitespace().next().unwrap()).collect();
        let column = |i: usize| Arc::new(rows.iter().map(|row| Some(row[i].as_str())).collect::<StringArray>()) as ArrayRef;
        let batch = batch(names.iter().enumerate().map(|(i, name)| (*name, column(i))).collect());
        let schema = schema(&batch);
        prop_assert!(schema.kinds().any(|kind| kind == format.kind) || format.kind == FlowKind::Kdd);
        prop_assert_eq!(schema.flows(&batch).unwrap().n_rows(), rows.len());
        prop_assert_eq!(schema.sensors(&batch).unwrap().len(), rows.len());
    }
}
