use super::made::{Batch, Made, grouped, made};
use super::zeek::shared;
use crate::findings::{Common, Filters, HostNames};
use crate::flows::record::Host;
use arrow_schema::TimeUnit;
use std::process::Command;

fn filters(rows: &[Made], names: &HostNames) -> Option<Filters> {
    Filters::of(&Common::of(&grouped(rows, 3).findings()[0]), names, &[])
}

/// Over Zeek's own columns.
fn zeek_sql(filters: &Filters) -> String {
    filters.duckdb('.', Some(TimeUnit::Second))
}

fn named(text: &str) -> HostNames {
    let mut names = HostNames::default();
    names.learn(Host::parse(text).unwrap(), text);
    names
}

#[test]
fn filters_say_what_the_finding_says() {
    let rows = [made(0.25, "198.51.100.1", "192.0.2.1", 22), made(7.0, "198.51.100.1", "192.0.2.1", 22)];
    let filters = filters(&rows, &HostNames::default()).unwrap();
    assert_eq!(
        filters.zeek_cut(),
        "zcat -f *conn[._]*log* | zeek-cut ts id.orig_h id.orig_p id.resp_h id.resp_p proto service duration orig_bytes \
         resp_bytes conn_state uid | awk -F '\\t' '$2 \"\" == \"198.51.100.1\" && $4 \"\" == \"192.0.2.1\" && $5 == 22 && \
         $6 \"\" == \"tcp\" && $1 >= 1713484800.250000 && $1 <= 1713484807.000000'"
    );
    assert_eq!(
        zeek_sql(&filters),
        "WHERE \"id.orig_h\" = '198.51.100.1' AND \"id.resp_h\" = '192.0.2.1' AND \"id.resp_p\" = 22 AND proto = 'tcp' AND \
         ts BETWEEN 1713484800.250000 AND 1713484807.000000"
    );
    assert_eq!(
        filters.kql(),
        "source.ip : \"198.51.100.1\" and destination.ip : \"192.0.2.1\" and destination.port : 22 and network.transport : \
         \"tcp\" and @timestamp >= \"2024-04-19T00:00:00Z\" and @timestamp <= \"2024-04-19T00:00:07Z\""
    );
    assert_eq!(
        filters.spl(),
        "search src=\"198.51.100.1\" dest=\"192.0.2.1\" dest_port=22 transport=\"tcp\" earliest=1713484800.250000 \
         latest=1713484807.000001"
    );
}

/// An event of Suricata's is written when its flow is over: by its own time a span of begins selects none.
#[test]
fn events_of_suricata_are_selected_by_when_their_flows_began() {
    let rows = [made(0.25, "198.51.100.1", "192.0.2.1", 22), made(7.0, "198.51.100.1", "192.0.2.1", 22)];
    let filters = filters(&rows, &HostNames::default()).unwrap();
    assert!(
        filters.kql_eve().ends_with(
            "\"tcp\" and event.start >= \"2024-04-19T00:00:00Z\" and event.start <= \"2024-04-19T00:00:07Z\""
        ),
        "{}",
        filters.kql_eve()
    );
    assert_eq!(
        filters.spl_eve(),
        "search src=\"198.51.100.1\" dest=\"192.0.2.1\" dest_port=22 transport=\"tcp\" event_type=flow | eval \
         start=strptime('flow.start', \"%Y-%m-%dT%H:%M:%S.%6N%z\") | where start>=1713484800.250000 AND start<1713484807.000001"
    );
}

#[test]
fn states_are_said_where_they_are_known() {
    let rows = [Made { start: None, ..made(0.25, "198.51.100.1", "192.0.2.1", 22) }];
    let common = Common::of(&grouped(&rows, 3).findings()[0]);
    let of = |states: &[&str]| {
        let states: Vec<String> = states.iter().map(|state| (*state).to_owned()).collect();
        Filters::of(&common, &HostNames::default(), &states).unwrap()
    };
    let filters = of(&["REJ"]);
    assert!(filters.zeek_cut().ends_with("&& $11 \"\" == \"REJ\"'"), "{}", filters.zeek_cut());
    assert!(zeek_sql(&filters).ends_with("AND conn_state = 'REJ'"), "{}", zeek_sql(&filters));
    let filters = of(&["S0", "x'\""]);
    assert!(
        filters.zeek_cut().ends_with("($11 \"\" == \"S0\" || $11 \"\" == \"x\\047\\042\")'"),
        "{}",
        filters.zeek_cut()
    );
    assert!(zeek_sql(&filters).ends_with("(conn_state = 'S0' OR conn_state = 'x''\"')"), "{}", zeek_sql(&filters));
    assert!(
        filters.kql().ends_with("(zeek.connection.state : \"S0\" or zeek.connection.state : \"x'\\\"\")"),
        "{}",
        filters.kql()
    );
    assert!(filters.spl().ends_with("(conn_state=\"S0\" OR conn_state=\"x'\\\"\")"), "{}", filters.spl());
}

#[test]
fn duckdb_names_columns_and_times_as_the_records_do() {
    let rows = [made(0.25, "198.51.100.1", "192.0.2.1", 22), made(7.000_976_562_5, "198.51.100.1", "192.0.2.1", 22)];
    let filters = filters(&rows, &HostNames::default()).unwrap();
    let sides = "WHERE id_orig_h = '198.51.100.1' AND id_resp_h = '192.0.2.1' AND id_resp_p = 22 AND proto = 'tcp' AND";
    for (times, span) in [
        (None, "TIMESTAMPTZ '2024-04-19 00:00:00.250000+00' AND TIMESTAMPTZ '2024-04-19 00:00:07.000976+00'"),
        (Some(TimeUnit::Second), "1713484800.250000 AND 1713484807.000976"),
        (Some(TimeUnit::Millisecond), "1713484800250 AND 1713484807000.976"),
        (Some(TimeUnit::Microsecond), "1713484800250000 AND 1713484807000976"),
        (Some(TimeUnit::Nanosecond), "1713484800250000000 AND 1713484807000976999"),
    ] {
        assert_eq!(filters.duckdb('_', times), format!("{sides} ts BETWEEN {span}"));
    }
    assert_eq!(
        filters.duckdb_eve(),
        "WHERE event_type = 'flow' AND src_ip = '198.51.100.1' AND dest_ip = '192.0.2.1' AND dest_port = 22 AND proto = 'TCP' \
         AND flow.\"start\" BETWEEN TIMESTAMPTZ '2024-04-19 00:00:00.250000+00' AND TIMESTAMPTZ '2024-04-19 00:00:07.000976+00'"
    );
    let row =
        Made { protocol: 58, port: None, icmp: Some((135, 0)), start: None, ..made(0.0, "fe80::1", "ff02::1", 0) };
    assert_eq!(
        super::filters::filters(&[row], &HostNames::default()).unwrap().duckdb_eve(),
        "WHERE event_type = 'flow' AND src_ip = 'fe80::1' AND dest_ip = 'ff02::1' AND proto = 'IPv6-ICMP' AND icmp_type = 135 AND \
         icmp_code = 0"
    );
}

#[test]
fn what_they_select_is_known_of_every_row() {
    let own = made(2.0, "198.51.100.1", "192.0.2.1", 22);
    let rows = [made(0.0, "198.51.100.1", "192.0.2.1", 22), made(4.0, "198.51.100.1", "192.0.2.1", 22)];
    let filters = |states: &[&str]| {
        let states: Vec<String> = states.iter().map(|state| (*state).to_owned()).collect();
        Filters::of(&Common::of(&grouped(&rows, 3).findings()[0]), &HostNames::default(), &states).unwrap()
    };
    let selects = |filters: &Filters, row: &Made, state: Option<&str>| {
        filters.select(&Batch::of(std::slice::from_ref(row)).rows().flow(0), state)
    };
    let any = filters(&[]);
    assert!(selects(&any, &own, None) && selects(&any, &own, Some("SF")));
    let others: [fn(&mut Made); 7] = [
        |row| row.source = "198.51.100.2",
        |row| row.destination = "192.0.2.2",
        |row| row.port = Some(23),
        |row| row.protocol = 17,
        |row| row.start = None,
        |row| row.start = row.start.map(|start| start + 3_000_000),
        |row| row.icmp = Some((22, 0)),
    ];
    for change in others {
        let mut row = own.clone();
        change(&mut row);
        assert!(!selects(&any, &row, None), "{row:?}");
    }
    let of_states = filters(&["S0", "REJ"]);
    assert_eq!([Some("REJ"), Some("SF"), None].map(|state| selects(&of_states, &own, state)), [true, false, false]);
}

/// Of Zeek's names of files, the pattern takes those of connections.
#[test]
fn the_pattern_takes_all_logs_of_connections() {
    let folder = tempfile::tempdir().unwrap();
    let taken = ["conn.log", "conn.00:00:00-01:00:00.log.gz", "conn_long.log", "open_conn.01:00:00-02:00:00.log.gz"];
    for name in taken.iter().chain(&["conn-summary.log", "http.log", "ssl.00.log.gz"]) {
        std::fs::write(folder.path().join(name), "").unwrap();
    }
    let ran = Command::new("sh").current_dir(&folder).args(["-c", "ls *conn[._]*log*"]).output().unwrap();
    let mut listed: Vec<String> = String::from_utf8_lossy(&ran.stdout).lines().map(str::to_owned).collect();
    listed.sort();
    let mut wanted = taken.map(str::to_owned).to_vec();
    wanted.sort();
    assert_eq!(listed, wanted);
}

#[test]
fn icmp_is_named_as_each_tool_names_it() {
    let row =
        Made { protocol: 1, port: None, icmp: Some((3, 1)), start: None, ..made(0.0, "10.0.0.1", "192.0.2.1", 0) };
    let filters = filters(&[row], &HostNames::default()).unwrap();
    assert!(filters.zeek_cut().contains("$3 == 3 && $4 \"\" == \"192.0.2.1\" && $5 == 1 && $6 \"\" == \"icmp\"'"));
    assert!(
        zeek_sql(&filters)
            .ends_with("\"id.orig_p\" = 3 AND \"id.resp_h\" = '192.0.2.1' AND \"id.resp_p\" = 1 AND proto = 'icmp'")
    );
}

#[test]
fn names_must_be_told_and_cannot_end_their_quotes() {
    let evil = "x' OR 1=1 -- \" \\ \u{e9}\n$(reboot)`id`";
    let row = Made { source_text: Some(evil.to_owned()), start: None, ..made(0.0, "", "192.0.2.1", 22) };
    assert!(filters(std::slice::from_ref(&row), &HostNames::default()).is_none());
    let filters = filters(&[row], &named(evil)).unwrap();
    assert!(zeek_sql(&filters).contains("= 'x'' OR 1=1 -- \" \\ \u{e9}\n$(reboot)`id`' AND"));
    assert!(filters.kql().starts_with("source.ip : \"x' OR 1=1 -- \\\" \\\\ \u{e9}\n$(reboot)`id`\" and"));
    assert!(filters.spl().starts_with("search src=\"x' OR 1=1 -- \\\" \\\\ \u{e9}\n$(reboot)`id`\" dest="));
    // The shell and awk themselves: the program selects the record with that name and no other.
    let table = format!("1\t{}\t3\t192.0.2.1\t22\ttcp\n1\tother\t3\t192.0.2.1\t22\ttcp\n", evil.replace('\n', "~"));
    let one_line = evil.replace('\n', "~");
    let row = Made { source_text: Some(one_line.clone()), start: None, ..made(0.0, "", "192.0.2.1", 22) };
    let filters = super::filters::filters(&[row], &named(&one_line)).unwrap();
    let pipe = filters.zeek_cut();
    let awk = pipe.split_once("| awk").unwrap().1;
    let folder = std::env::temp_dir().join(format!("oddflow-filters-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("table"), &table).unwrap();
    let Ok(ran) = Command::new("sh").current_dir(&folder).arg("-c").arg(format!("LC_ALL=C awk {awk} table")).output()
    else {
        return;
    };
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!(String::from_utf8_lossy(&ran.stdout), table.lines().next().unwrap().to_owned() + "\n", "{ran:?}");
}

/// The awk program on a real log finds the brute-forcer's 466 records.
#[test]
fn the_filter_selects_the_records_of_a_real_log() {
    let Some(folder) = shared("data/zeek/rita-day") else { return };
    let Some(rows) = super::zeek::rita_day() else { return };
    let grouped = grouped(&rows, 500);
    let finding = grouped
        .findings()
        .iter()
        .find(|f| f.tally.flows == 466 && f.subject.conversation.source.unwrap().to_string() == "170.64.237.193")
        .unwrap();
    let filters = Filters::of(&Common::of(finding), &HostNames::default(), &[]).unwrap();
    let pipe = filters.zeek_cut();
    let program = pipe.split_once("| awk").unwrap().1;
    // zeek-cut by awk itself: the columns that the program asks for, of 22.
    let cut = "awk -F '\\t' -v OFS='\\t' '!/^#/ {print $2,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$3}'";
    let command = format!("zcat -f conn.* | {cut} | awk {program} | wc -l");
    let ran = Command::new("sh").current_dir(folder).arg("-c").arg(command).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&ran.stdout).trim(), "466", "{ran:?}");
}
