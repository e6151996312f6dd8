use super::content::{is_address, is_date_or_time, is_hash};
use super::*;
use arrow_array::*;
use arrow_schema::{Field, Schema};
use std::sync::Arc;

fn table(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    let fields: Vec<Field> =
        columns.iter().map(|(name, array)| Field::new(*name, array.data_type().clone(), true)).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns.into_iter().map(|(_, array)| array).collect()).unwrap()
}

fn role_of(name: &str, array: ArrayRef) -> Role {
    infer_roles(&table(vec![(name, array)]), &RoleOverrides::new()).unwrap()[0].role
}

/// 200 integers without order, between 0 and `below`.
fn integers(below: i64) -> ArrayRef {
    Arc::new((0..200_i64).map(|i| Some(i * 7_919 % 211 * 104_729 % below)).collect::<Int64Array>())
}

fn reals(value: impl Fn(f64) -> f64) -> ArrayRef {
    Arc::new((0..200).map(|i| Some(value(f64::from(i * 7919 % 211)))).collect::<Float64Array>())
}

fn texts(value: impl Fn(usize) -> String) -> ArrayRef {
    Arc::new((0..200).map(|i| Some(value(i * 7919 % 211))).collect::<StringArray>())
}

#[test]
fn names_are_words_however_they_are_written() {
    for name in ["Destination Port", "destination_port", "DestinationPort", " destination.port ", "DESTINATION-PORT"] {
        assert_eq!(words(name), ["destination", "port"], "{name}");
    }
    assert_eq!(words("FlowIATMean"), ["flow", "iat", "mean"]);
    assert_eq!(words("IPV4_SRC_ADDR"), ["ipv4", "src", "addr"]);
    assert_eq!(words("id.orig_h"), ["id", "orig", "h"]);
    assert!(words(" - ").is_empty());
}

#[test]
fn addresses_ports_and_ids_are_identifiers() {
    for name in
        ["Destination Port", "dst_port", "id.resp_p", "Sport", "L4_SRC_PORT", "dsport", "sPort", "sourceTransportPort"]
    {
        assert_eq!(role_of(name, integers(65_536)), Role::Identifier, "{name}");
    }
    for name in
        ["src_ip", "Src IP", "id_orig_h", "SrcAddr", "IPV4_SRC_ADDR", "sIP", "sourceIPv4Address", "source.address"]
    {
        assert_eq!(role_of(name, integers(4_000_000_000)), Role::Identifier, "{name}");
    }
    assert_eq!(role_of("who", texts(|i| format!("10.0.0.{i}"))), Role::Identifier);
    assert_eq!(role_of("who", texts(|i| format!("fe80::{i:x}%eth0"))), Role::Identifier);
    assert_eq!(role_of("who", texts(|i| format!("00:1b:44:11:3a:{:02x}", i))), Role::Identifier);
    assert_eq!(role_of("flow_id", integers(1_000_000)), Role::Identifier);
    assert_eq!(role_of("x", texts(|i| format!("{:032x}", i * 982_451_653))), Role::Identifier);
    assert_eq!(role_of("dns_query", texts(|i| format!("host{i}.example"))), Role::Identifier);
    assert_eq!(role_of("Dport", texts(|i| format!("0x{i:04x}"))), Role::Identifier);
}

#[test]
fn names_that_contain_such_words_are_still_quantities() {
    for name in [
        "dst_host_count",
        "same_src_port_rate",
        "dst_host_srv_count",
        "orig_ip_bytes",
        "duration",
        "count",
        "is_host_login",
    ] {
        assert_eq!(role_of(name, integers(1_000_000)), Role::Numeric, "{name}");
    }
    assert_eq!(role_of("support", integers(65_536)), Role::Numeric);
    assert_eq!(role_of("port", integers(100_000)), Role::Numeric, "values beyond 65,535 are no ports");
}

#[test]
fn rows_that_count_up_are_identifiers() {
    let counter: ArrayRef = Arc::new((0..200).map(|i| Some(i * 3)).collect::<Int64Array>());
    assert_eq!(role_of("x", counter.clone()), Role::Identifier);
    assert_eq!(role_of("Unnamed: 0", counter.clone()), Role::Identifier);
    assert_eq!(role_of("x", counter.slice(0, 40)), Role::Numeric, "40 rows may rise by chance");
    assert_eq!(role_of("index", integers(1_000)), Role::Numeric);
}

#[test]
fn absolute_times_are_recognised_in_every_unit() {
    for unit in [1.0, 1e3, 1e6, 1e9] {
        assert_eq!(role_of("ts", reals(|v| (1.7e9 + v * 40.0) * unit)), Role::Time, "named, × {unit}");
        assert_eq!(role_of("x", reals(|v| (1.7e9 + v * 40.0) * unit)), Role::Time, "a clock without a name, × {unit}");
    }
    for name in ["StartTime", "timestamp", "Stime", "first_seen", "flow.start", "sTime", "start", "@timestamp"] {
        assert_eq!(role_of(name, reals(|v| 1.4e9 + v)), Role::Time, "{name}");
    }
    assert_eq!(role_of("when", texts(|i| format!("2019/04/04 16:23:{:02}.325010", i % 60))), Role::Time);
    assert_eq!(role_of("when", texts(|i| format!("2017-07-{:02}T08:42:01.5+0200", i % 28 + 1))), Role::Time);
    assert_eq!(role_of("when", texts(|i| format!("5/7/2017 8:{:02}", i % 60))), Role::Time);
    assert_eq!(role_of("x", Arc::new(TimestampSecondArray::from(vec![1, 2]))), Role::Time);
    assert_eq!(role_of("x", Arc::new(Date32Array::from(vec![1, 2]))), Role::Time);
}

#[test]
fn durations_bytes_and_random_numbers_are_not_times() {
    assert_eq!(role_of("duration", reals(|v| v * 1e3)), Role::Numeric);
    assert_eq!(role_of("duration", Arc::new(DurationSecondArray::from(vec![1, 2]))), Role::Numeric);
    assert_eq!(role_of("response_time", reals(|v| v)), Role::Numeric);
    assert_eq!(
        role_of("bytes", reals(|v| 7e8 + v * 1.5e7)),
        Role::Numeric,
        "in the range of seconds, but far apart and in no order"
    );
    assert_eq!(role_of("time", reals(|v| v)), Role::Numeric, "small numbers in no order");
}

#[test]
fn labels_are_recognised_with_care() {
    for name in [
        "label",
        " Label",
        "attack",
        "attack_cat",
        "detailed-label",
        "difficulty",
        "is_anomaly",
        "flow.alerted",
        "is_attack",
    ] {
        assert_eq!(role_of(name, integers(2)), Role::Label, "{name}");
    }
    assert_eq!(role_of("class", texts(|i| ["normal", "dos"][i % 2].to_owned())), Role::Label);
    assert_eq!(role_of("class", reals(|v| v * 1.5)), Role::Numeric, "a measurement called class");
    assert_eq!(role_of("y", integers(2)), Role::Label);
    assert_eq!(role_of("y", integers(15)), Role::Numeric, "a coordinate");
    assert_eq!(role_of("target", texts(|i| format!("10.0.0.{i}"))), Role::Identifier);
    assert_eq!(role_of("type", texts(|i| ["normal", "scanning"][i % 2].to_owned())), Role::Label, "TON_IoT");
    assert_eq!(
        role_of("column_42", texts(|i| ["normal.", "smurf.", "neptune."][i % 3].to_owned())),
        Role::Label,
        "KDD without names"
    );
    assert_eq!(role_of("column_9", texts(|i| ["BENIGN", "Web Attack"][i % 2].to_owned())), Role::Label);
    assert_eq!(role_of("priority", texts(|i| ["normal", "high"][i % 2].to_owned())), Role::Categorical);
    assert_eq!(role_of("attack_rate", integers(500)), Role::Numeric);
}

#[test]
fn categories_are_texts_and_codes() {
    assert_eq!(role_of("L7_PROTO", reals(|v| 7.0 + (v % 5.0) / 1000.0)), Role::Categorical);
    for name in ["Protocol", "proto", "tcp_flags", "icmp_type", "tcpControlBits", "pr"] {
        assert_eq!(role_of(name, integers(20)), Role::Categorical, "{name}");
    }
    assert_eq!(role_of("land", integers(2)), Role::Numeric);
    assert_eq!(role_of("local_orig", Arc::new(BooleanArray::from(vec![true, false]))), Role::Numeric);
    assert_eq!(role_of("service", texts(|i| ["http", "dns", "-"][i % 3].to_owned())), Role::Categorical);
    assert_eq!(role_of("bytes", texts(|i| format!(" {i}"))), Role::Numeric, "numbers in text");
    assert_eq!(role_of("protocol", texts(|i| ["6", "17"][i % 2].to_owned())), Role::Categorical);
}

#[test]
fn what_says_nothing_is_ignored() {
    assert_eq!(role_of("x", Arc::new(Int64Array::from(vec![None, None]))), Role::Ignored);
    assert_eq!(role_of("x", Arc::new(StringArray::from(vec![None, Some("")]))), Role::Ignored);
    assert_eq!(role_of("x", Arc::new(Float64Array::from(vec![f64::NAN, f64::INFINITY]))), Role::Ignored);
    assert_eq!(role_of("x", Arc::new(NullArray::new(2))), Role::Ignored);
    assert_eq!(role_of("x", Arc::new(BinaryArray::from(vec![b"a".as_slice()]))), Role::Ignored);
    assert_eq!(role_of("x", integers(9).slice(0, 0)), Role::Ignored);
    assert_eq!(role_of("flow.reason", texts(|i| ["timeout", "shutdown"][i % 2].to_owned())), Role::Ignored);
    assert_eq!(role_of("flowEndReason", integers(5)), Role::Ignored);
    assert_eq!(role_of("note", texts(|i| format!("the quick brown fox number {i}"))), Role::Ignored);
}

#[test]
fn an_earlier_run_is_no_feature_of_the_next() {
    let scored = table(vec![
        ("bytes", integers(9)),
        ("anomaly_score", reals(|v| v)),
        ("severity", reals(|v| v)),
        ("anomaly", integers(2)),
    ]);
    let roles: Vec<Role> = infer_roles(&scored, &RoleOverrides::new()).unwrap().iter().map(|r| r.role).collect();
    assert_eq!(roles, [Role::Numeric, Role::Ignored, Role::Ignored, Role::Ignored]);
    assert_eq!(role_of("severity", integers(5)), Role::Numeric, "a severity of others is a number");
    // With whatever prefix, of rows in findings too; of no scored table they are what they hold.
    let services = || texts(|i| ["dns", "http"][i % 2].to_owned());
    let found = |score: &'static str| {
        table(vec![
            ("p_source_file", services()),
            ("source_file", services()),
            ("p_source_record", integers(9)),
            (score, reals(|v| v)),
            ("p_severity", reals(|v| v)),
            ("p_anomaly", integers(2)),
        ])
    };
    let roles = |batch: &RecordBatch| -> Vec<Role> {
        infer_roles(batch, &RoleOverrides::new()).unwrap().iter().map(|r| r.role).collect()
    };
    let [ignored, categorical] = [Role::Ignored, Role::Categorical];
    assert_eq!(roles(&found("p_anomaly_score")), [ignored, categorical, ignored, ignored, ignored, ignored]);
    assert_eq!(roles(&found("score"))[..3], [categorical, categorical, Role::Numeric]);
}

#[test]
fn overrides_win_and_unknown_ones_are_an_error_with_near_names() {
    let batch = table(vec![("Destination Port", integers(100)), ("bytes", integers(100))]);
    let set = RoleOverrides::from([("Destination Port".to_owned(), Role::Categorical)]);
    let roles = infer_roles(&batch, &set).unwrap();
    assert_eq!((roles[0].role, roles[0].reason.as_str()), (Role::Categorical, "set by the user"));
    assert!(roles.iter().all(|role| !role.reason.is_empty()));
    let unknown = RoleOverrides::from([("dest_port".to_owned(), Role::Ignored)]);
    let error = infer_roles(&batch, &unknown).unwrap_err().to_string();
    assert!(error.contains("`dest_port`") && error.contains("near: `Destination Port`"), "{error}");
}

#[test]
fn two_columns_of_one_name_are_an_error() {
    let error = infer_roles(&table(vec![("a", integers(9)), ("a", integers(9))]), &RoleOverrides::new()).unwrap_err();
    assert!(error.to_string().contains("column 2 is named `a`"), "{error}");
}

#[test]
fn roles_are_words_in_files_and_flags() {
    for role in Role::ALL {
        assert_eq!(role.to_string().parse::<Role>().unwrap(), role);
        assert_eq!(serde_json::to_string(&role).unwrap(), format!("\"{role}\""));
    }
    assert!("number".parse::<Role>().unwrap_err().to_string().contains("numeric, categorical"));
}

#[test]
fn forms_of_addresses_times_and_hashes() {
    for text in ["1.2.3.4", "::1", "fe80::1%eth0", "1.2.3.4:80", "[::1]:80", "00:0d:3a:13:e3:69", "0-d-3a-13-e3-69"] {
        assert!(is_address(text), "{text}");
    }
    for text in ["1.2.3", "tcp", "12:30:00", "", "1.2.3.4.5", "a:b"] {
        assert!(!is_address(text), "{text}");
    }
    for text in [
        "2019/04/04 16:23:00.325010",
        "2024-04-18T23:59:44Z",
        "5/7/2017 8:42",
        "2017-07-05",
        "16:23:00",
        "2021-03-04T10:00:00.1+0200",
    ] {
        assert!(is_date_or_time(text), "{text}");
    }
    for text in ["1/2/3", "1.5", "http", "a-b-c", "10.0.0.1:80", "", "12"] {
        assert!(!is_date_or_time(text), "{text}");
    }
    assert!(
        is_hash("d41d8cd98f00b204e9800998ecf8427e")
            && is_hash("CxHo3m4N8uGxrMlcl2")
            && !is_hash("establishedconnection")
    );
}
