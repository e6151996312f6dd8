//! Logs written from known flows, in every format, are read as those flows, whatever the batches and the cut into files.

use crate::Whole;
use arrow_array::Array;
use oddflow::flows::record::{FlowOptions, FlowSchema, Flows, Host};
use oddflow::flows::source::{Input, InputOptions};
use proptest::prelude::*;
use std::fmt::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

#[derive(Debug, Clone, PartialEq)]
struct Flow {
    start: i64,
    duration: Option<i64>,
    hosts: (IpAddr, IpAddr),
    ports: (u16, u16),
    tcp: bool,
    bytes: Option<(u64, u64)>,
    packets: (u64, u64),
    uid: u32,
}

fn host() -> impl Strategy<Value = IpAddr> {
    prop_oneof![
        any::<u32>().prop_map(|bits| IpAddr::V4(Ipv4Addr::from_bits(bits))),
        any::<u128>().prop_map(|bits| IpAddr::V6(Ipv6Addr::from_bits(bits | 1 << 127))),
    ]
}

fn flow() -> impl Strategy<Value = Flow> {
    (
        700_000_000_000_000_i64..4_000_000_000_000_000,
        prop::option::of(0_i64..90_000_000_000),
        (host(), host()),
        any::<(u16, u16)>(),
        any::<bool>(),
        prop::option::of((0_u64..1 << 40, 0_u64..1 << 40)),
        (0_u64..1 << 30, 0_u64..1 << 30),
        any::<u32>(),
    )
        .prop_map(|(start, duration, hosts, ports, tcp, bytes, packets, uid)| Flow {
            start,
            duration,
            hosts,
            ports,
            tcp,
            bytes,
            packets,
            uid,
        })
}

fn seconds(micros: i64) -> String {
    format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}

fn proto(flow: &Flow) -> &'static str {
    if flow.tcp { "tcp" } else { "udp" }
}

fn tsv(flows: &[Flow]) -> String {
    let mut text = "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n\
        #fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tduration\torig_bytes\tresp_bytes\tconn_state\torig_pkts\tresp_pkts\n\
        #types\ttime\tstring\taddr\tport\taddr\tport\tenum\tinterval\tcount\tcount\tstring\tcount\tcount\n"
        .to_owned();
    for f in flows {
        let set = |value: Option<String>| value.unwrap_or_else(|| "-".into());
        let line = [
            seconds(f.start),
            format!("C{}", f.uid),
            f.hosts.0.to_string(),
            f.ports.0.to_string(),
            f.hosts.1.to_string(),
            f.ports.1.to_string(),
            proto(f).into(),
            set(f.duration.map(seconds)),
            set(f.bytes.map(|b| b.0.to_string())),
            set(f.bytes.map(|b| b.1.to_string())),
            "SF".into(),
            f.packets.0.to_string(),
            f.packets.1.to_string(),
        ];
        text += &(line.join("\t") + "\n");
    }
    text
}

fn json(flows: &[Flow], habit: char) -> String {
    let mut text = String::new();
    for f in flows {
        let (a, b) = f.hosts;
        write!(
            text,
            "{{\"_path\":\"conn\",\"ts\":{},\"uid\":\"C{}\",\"id{habit}orig_h\":\"{a}\",\"id{habit}orig_p\":{},\"id{habit}resp_h\":\"{b}\",\
             \"id{habit}resp_p\":{},\"proto\":\"{}\",\"conn_state\":\"SF\",\"orig_pkts\":{},\"resp_pkts\":{}",
            seconds(f.start),
            f.uid,
            f.ports.0,
            f.ports.1,
            proto(f),
            f.packets.0,
            f.packets.1
        )
        .unwrap();
        if let Some(duration) = f.duration {
            write!(text, ",\"duration\":{}", seconds(duration)).unwrap();
        }
        if let Some((out, back)) = f.bytes {
            write!(text, ",\"orig_bytes\":{out},\"resp_bytes\":{back}").unwrap();
        }
        text += "}\n";
    }
    text
}

/// The columns of Argus, which knows all bytes and packets; `<-` on every other line, with the sides exchanged.
fn argus(flows: &[Flow]) -> String {
    let mut text =
        "StartTime,Dur,Proto,SrcAddr,Sport,Dir,DstAddr,Dport,State,sTos,dTos,TotPkts,TotBytes,SrcBytes,SrcPkts,Label\n"
            .to_owned();
    for (i, f) in flows.iter().enumerate() {
        let mut written = Vec::new();
        let days = f.start.div_euclid(86_400_000_000);
        let of_day = f.start.rem_euclid(86_400_000_000);
        let (year, month, day) = civil(days);
        let (second, micros) = (of_day / 1_000_000, of_day % 1_000_000);
        written.push(format!(
            "{year}/{month:02}/{day:02} {:02}:{:02}:{:02}.{micros:06}",
            second / 3_600,
            second / 60 % 60,
            second % 60
        ));
        written.push(seconds(f.duration.unwrap_or(0)));
        written.push(proto(f).into());
        let (out, back) = f.bytes.unwrap_or((0, 0));
        let ((a, p), (b, q)) = ((f.hosts.0, f.ports.0), (f.hosts.1, f.ports.1));
        let hex = |port: u16| if i % 3 == 0 { format!("0x{port:04x}") } else { port.to_string() };
        let backwards = i % 2 == 1;
        let (first, second) = if backwards { ((b, q), (a, p)) } else { ((a, p), (b, q)) };
        written.extend([first.0.to_string(), hex(first.1)]);
        written.push(if backwards { "  <-" } else { "   ->" }.into());
        written.extend([second.0.to_string(), hex(second.1), "CON".into(), "0".into(), String::new()]);
        let (own, own_packets) = if backwards { (back, f.packets.1) } else { (out, f.packets.0) };
        written.push((f.packets.0 + f.packets.1).to_string());
        written.push((out + back).to_string());
        written.extend([own.to_string(), own_packets.to_string(), String::new()]);
        text += &(written.join(",") + "\n");
        if i % 5 == 0 {
            text += "2018/05/10 10:52:47.283479,0.045010,man,0,0,,0,0,STA,,,0,0,0,0,\n";
        }
    }
    text
}

/// Year, month and day, found by counting days.
fn civil(mut days: i64) -> (i64, i64, i64) {
    let leap = |y: i64| y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);
    let (mut year, mut month) = (1970, 1);
    while days >= 365 + i64::from(leap(year)) {
        days -= 365 + i64::from(leap(year));
        year += 1;
    }
    let length = |month: i64, year: i64| match month {
        2 => 28 + i64::from(leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    while days >= length(month, year) {
        days -= length(month, year);
        month += 1;
    }
    (year, month, days + 1)
}

/// The flows of a text that is cut into files after `cuts` lines; each file has the header of the first.
fn read(text: &str, header: usize, cut: usize, name: &str, batch_rows: usize) -> Vec<Flow> {
    let dir = tempfile::tempdir().unwrap();
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let (head, rows) = lines.split_at(header);
    let (one, two) = rows.split_at(cut.min(rows.len()));
    for (i, part) in [one, two].into_iter().enumerate().filter(|(i, part)| *i == 0 || !part.is_empty()) {
        std::fs::write(dir.path().join(format!("{i}.{name}")), head.concat() + &part.concat()).unwrap();
    }
    let paths: Vec<String> = vec![dir.path().to_str().unwrap().to_owned()];
    let input = Input::open(&paths, &InputOptions { batch_rows, ..InputOptions::default() }).unwrap();
    assert!(FlowSchema::recognise(&input.schema, FlowOptions::default()).unwrap().has_hosts());
    let whole = Whole::read(input).unwrap();
    assert_eq!(whole.rejected().count(), 0, "{:?}", whole.rejected().next());
    whole.flows.iter().flat_map(|flows| (0..flows.n_rows()).map(|row| of_row(flows, row)).collect::<Vec<_>>()).collect()
}

fn of_row(flows: &Flows, row: usize) -> Flow {
    let uid = if flows.session.is_valid(row) { flows.session.value(row)[1..].parse().unwrap() } else { 0 };
    let address = |host: Option<Host>| match host {
        Some(Host::V4(address)) => IpAddr::V4(address),
        Some(Host::V6(address, 0)) => IpAddr::V6(address),
        other => panic!("{other:?}"),
    };
    Flow {
        start: flows.start[row].unwrap(),
        duration: flows.duration[row],
        hosts: (address(flows.source[row]), address(flows.destination[row])),
        ports: (flows.source_port[row].unwrap(), flows.destination_port[row].unwrap()),
        tcp: flows.protocol[row] == Some(6),
        bytes: flows.bytes_out[row].zip(flows.bytes_in[row]),
        packets: (flows.packets_out[row].unwrap(), flows.packets_in[row].unwrap()),
        uid,
    }
}

/// Files are read in order of their first records: what is read is compared as a set.
fn sorted(mut flows: Vec<Flow>) -> Vec<Flow> {
    flows.sort_by_key(|f| (f.start, f.uid, f.ports, f.packets, f.hosts));
    flows
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn what_was_written_is_read(flows in prop::collection::vec(flow(), 1..30), batch_rows in 1_usize..12, cut in 1_usize..30) {
        let expected = sorted(flows.clone());
        prop_assert_eq!(sorted(read(&tsv(&flows), 7, cut, "conn.log", batch_rows)), expected.clone());
        for habit in ['.', '_'] {
            prop_assert_eq!(sorted(read(&json(&flows, habit), 0, cut, "conn.json", batch_rows)), expected.clone());
        }
        // Argus has no names for flows, and no unset durations or bytes.
        let known = |f: &Flow| Flow { uid: 0, duration: f.duration.or(Some(0)), bytes: f.bytes.or(Some((0, 0))), ..f.clone() };
        let expected = sorted(flows.iter().map(known).collect());
        prop_assert_eq!(sorted(read(&argus(&flows), 1, cut, "binetflow", batch_rows)), expected);
    }
}
