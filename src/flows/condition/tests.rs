use super::Condition;
use arrow_array::{
    ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use std::sync::Arc;

fn table() -> RecordBatch {
    let ts = TimestampMicrosecondArray::from(vec![Some(1_713_484_800_000_000), Some(1_713_488_400_000_000), None]);
    RecordBatch::try_from_iter_with_nullable([
        ("ts", Arc::new(ts.with_timezone("UTC")) as ArrayRef, true),
        ("id.orig_h", Arc::new(StringArray::from(vec!["10.1.2.3", "2001:db8::1", "printer"])) as ArrayRef, true),
        ("id.resp_p", Arc::new(Int64Array::from(vec![Some(22), Some(443), None])) as ArrayRef, true),
        ("proto", Arc::new(StringArray::from(vec![Some("tcp"), Some("udp"), None])) as ArrayRef, true),
        ("duration", Arc::new(Float64Array::from(vec![Some(61.5), Some(0.0), None])) as ArrayRef, true),
        ("local_orig", Arc::new(BooleanArray::from(vec![Some(true), Some(false), None])) as ArrayRef, true),
        ("seconds", Arc::new(Float64Array::from(vec![1_713_484_800.0, 1_713_488_400.0, 0.0])) as ArrayRef, true),
        (
            "text_time",
            Arc::new(StringArray::from(vec!["2024-04-19T00:00:00Z", "2024-04-19T01:00:00Z", "x"])) as ArrayRef,
            true,
        ),
    ])
    .unwrap()
}

fn holds(text: &str) -> String {
    let rows = Condition::parse(text).unwrap().holds(&table()).unwrap();
    rows.iter().map(|row| if row == Some(true) { '1' } else { '0' }).collect()
}

fn error(text: &str) -> String {
    match Condition::parse(text) {
        Ok(condition) => condition.check(table().schema_ref()).unwrap_err().to_string(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn rows_are_kept_of_which_it_is_true() {
    for (text, rows) in [
        ("proto = 'tcp'", "100"),
        ("WHERE PROTO = 'tcp'", "100"),
        ("\"proto\" <> 'tcp'", "010"),
        ("NOT proto = 'tcp'", "010"),
        ("proto IS NULL", "001"),
        ("proto IS NOT NULL AND id.resp_p >= 22", "110"),
        ("\"id.resp_p\" IN (22, 3389)", "100"),
        ("id.resp_p NOT IN (22, 3389)", "010"),
        ("22 < id.resp_p", "010"),
        ("id.resp_p = '443'", "010"),
        ("id.resp_p > 22.5", "010"),
        ("duration BETWEEN 1 AND 100 OR proto = 'udp'", "110"),
        ("duration > 60 OR id.resp_p = 22 AND proto = 'udp'", "100"),
        ("(duration > 60 OR id.resp_p = 22) AND proto = 'udp'", "000"),
        ("duration > -1", "110"),
        ("id.orig_h LIKE '10.%'", "100"),
        ("proto ILIKE 'U_P'", "010"),
        ("in_network(id.orig_h, '10.0.0.0/8')", "100"),
        ("NOT in_network(id.orig_h, '10.0.0.0/8')", "010"),
        ("in_network(id.orig_h, '2001:db8::/32')", "010"),
        ("local_orig", "100"),
        ("local_orig = false", "010"),
        ("NOT local_orig", "010"),
        ("ts >= '2024-04-19 00:30'", "010"),
        ("ts < '2024-04-19T00:30:00Z'", "100"),
        ("ts BETWEEN 1713484800.000000 AND 1713484800.5", "100"),
        ("seconds >= '2024-04-19 00:30'", "010"),
        ("text_time >= '2024-04-19 00:30'", "010"),
        ("seconds > duration", "110"),
        ("true", "111"),
        ("false OR true AND proto = 'tcp'", "100"),
    ] {
        assert_eq!(holds(text), rows, "{text}");
    }
}

#[test]
fn what_cannot_be_asked_is_said() {
    for (text, said) in [
        ("", "it must be a condition"),
        ("proto =", "it must be a condition"),
        ("proto = 'tcp' proto", "too much"),
        ("proto = tcp", "tcp; there is no such column (text stands in single quotes); there are ts, id.orig_h"),
        ("bytes > 5", "there is no such column"),
        ("duration > 'long'", "holds numbers"),
        ("ts > 'noon'", "holds times"),
        ("local_orig = 'perhaps'", "holds truth values"),
        ("proto = NULL", "IS NULL"),
        ("1 = 1", "name no column"),
        ("duration + 1 > 2", "neither a column nor a value"),
        ("lower(proto) = 'tcp'", "neither a column nor a value"),
        ("in_network(id.orig_h, '10.0.0.0/99')", "no network"),
        ("in_network(id.orig_h)", "in_network(COLUMN, '10.0.0.0/8')"),
        ("proto = (SELECT 1)", "neither a column nor a value"),
        ("5", "alone is no condition"),
    ] {
        let met = error(text);
        assert!(met.contains(said), "{text}: {met}");
    }
    let deep = format!("{}true{}", "(".repeat(100_000), ")".repeat(100_000));
    assert!(Condition::parse(&deep).is_err());
    let long = |n: usize| Condition::parse(&format!("proto = 'a' {}", "OR proto = 'b' ".repeat(n)));
    assert!(long(2_000).is_ok_and(|condition| condition.holds(&table()).is_ok()));
    assert!(long(20_000).is_err_and(|error| error.to_string().contains("it may have")));
}
