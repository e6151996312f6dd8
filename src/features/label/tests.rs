use super::*;
use arrow_array::{BooleanArray, Float64Array, Int64Array, StringArray};

#[test]
fn words_for_ordinary_traffic_are_not_anomalies() {
    let ordinary = [
        "BENIGN",
        "Benign",
        "normal",
        "normal.",
        " Normal ",
        "-",
        "0",
        "0.0",
        "(empty)",
        "Background",
        "legitimate",
        "false",
        "flow=Background-UDP-Established",
        "flow=From-Normal-V42-Jist",
        "flow=To-Background-CVUT-Proxy",
    ];
    let labels = label_values(&StringArray::from(ordinary.to_vec())).unwrap();
    for (text, label) in ordinary.iter().zip(labels) {
        assert_eq!(label, Some(false), "{text}");
    }
}

#[test]
fn everything_else_that_is_said_is_an_anomaly() {
    let odd = [
        "neptune",
        "Web Attack \u{fffd} XSS",
        "Malicious",
        "1",
        "1.0",
        "true",
        "flow=From-Botnet-V42-TCP-CC1",
        "abnormal",
    ];
    let labels = label_values(&StringArray::from(odd.to_vec())).unwrap();
    for (text, label) in odd.iter().zip(labels) {
        assert_eq!(label, Some(true), "{text}");
    }
}

#[test]
fn silence_is_no_label() {
    let texts = StringArray::from(vec![None, Some(""), Some("  "), Some("unknown"), Some("NaN")]);
    assert_eq!(label_values(&texts).unwrap(), vec![None; 5]);
    assert_eq!(label_values(&Float64Array::from(vec![f64::NAN])).unwrap(), vec![None]);
}

#[test]
fn numbers_and_booleans_are_anomalies_unless_zero() {
    assert_eq!(
        label_values(&Int64Array::from(vec![Some(0), Some(1), Some(-1), None])).unwrap(),
        [Some(false), Some(true), Some(true), None]
    );
    assert_eq!(
        label_values(&BooleanArray::from(vec![Some(true), Some(false), None])).unwrap(),
        [Some(true), Some(false), None]
    );
}

fn labels(names: &[&str]) -> Vec<ColumnRole> {
    names.iter().map(|name| ColumnRole { name: (*name).to_owned(), role: Role::Label, reason: String::new() }).collect()
}

#[test]
fn the_best_label_is_found_whatever_the_order() {
    assert_eq!(label_column(&labels(&["difficulty", "attack_cat", "attack", "Label"])), Some("Label"));
    assert_eq!(label_column(&labels(&["attack", "detailed-label"])), Some("detailed-label"));
    assert_eq!(label_column(&labels(&["attack_cat", "attack"])), Some("attack"));
    assert_eq!(label_column(&labels(&["difficulty"])), None);
    let mut roles = labels(&["label", "verdict"]);
    roles[1].reason = super::super::roles::SET_BY_USER.to_owned();
    assert_eq!(label_column(&roles), Some("verdict"));
    roles.iter_mut().for_each(|role| role.role = Role::Numeric);
    assert_eq!(label_column(&roles), None);
}
