//! Features on real tables and on hostile ones.

mod table;

use arrow_array::*;
use arrow_schema::DataType;
use oddflow::features::{FeatureOptions, FeaturePlan, Role, RoleOverrides, infer_roles, label_column, label_values};
use proptest::prelude::*;
use std::sync::Arc;

fn fit(batch: &RecordBatch) -> FeaturePlan {
    let roles = infer_roles(batch, &RoleOverrides::new()).unwrap();
    let plan = FeaturePlan::fit(batch, &roles, &FeatureOptions::default()).unwrap();
    plan.check().unwrap();
    plan
}

fn role(batch: &RecordBatch, name: &str) -> Role {
    infer_roles(batch, &RoleOverrides::new()).unwrap().into_iter().find(|r| r.name == name).unwrap().role
}

/// Bits of the matrix, row by row.
fn encode(plan: &FeaturePlan, batch: &RecordBatch) -> (Vec<u32>, u64, Vec<u64>) {
    let encoded = plan.bind(&batch.schema()).unwrap().encode(batch).unwrap();
    assert_eq!(encoded.matrix.dim(), (batch.num_rows(), plan.n_features()));
    assert!(encoded.matrix.is_standard_layout());
    assert!(encoded.matrix.iter().all(|v| v.is_finite()));
    assert_eq!(encoded.unseen, encoded.unseen_by_column.iter().sum::<u64>());
    (encoded.matrix.iter().map(|v| v.to_bits()).collect(), encoded.imputed, encoded.unseen_by_column)
}

#[test]
fn nsl_kdd_has_41_features_and_two_labels() {
    let Some(train) = table::nsl_kdd("KDDTrain+_20Percent.txt") else { return };
    let roles = infer_roles(&train, &RoleOverrides::new()).unwrap();
    for column in &roles {
        let expected = match column.name.as_str() {
            "protocol_type" | "service" | "flag" => Role::Categorical,
            "label" | "difficulty" => Role::Label,
            _ => Role::Numeric,
        };
        assert_eq!(column.role, expected, "{column:?}");
    }
    assert_eq!(label_column(&roles), Some("label"));
    let labels = label_values(train.column_by_name("label").unwrap()).unwrap();
    assert_eq!(labels.iter().filter(|label| **label == Some(false)).count(), 13_449);
    assert_eq!(labels.iter().filter(|label| **label == Some(true)).count(), 25_192 - 13_449);

    let plan = fit(&train);
    let constant = plan.columns().iter().find(|c| c.name == "num_outbound_cmds").unwrap();
    assert_eq!(constant.outcome, "dropped: constant (0)");
    let test = table::nsl_kdd("KDDTest+.txt").unwrap();
    let (_, imputed, unseen) = encode(&plan, &test);
    assert_eq!(imputed, 0);
    // Counted with a set of the training file's services, protocols and flags.
    assert_eq!(unseen.len(), 3);
    let in_train: std::collections::HashSet<&str> = text(&train, "service").iter().flatten().collect();
    let expected = text(&test, "service").iter().flatten().filter(|service| !in_train.contains(service)).count();
    assert_eq!(unseen.iter().sum::<u64>(), expected as u64);
}

fn text<'a>(batch: &'a RecordBatch, name: &str) -> &'a StringArray {
    batch.column_by_name(name).unwrap().as_any().downcast_ref().unwrap()
}

#[test]
fn cic_quirks_are_met() {
    let Some(cic) = table::cic() else { return };
    let plan = fit(&cic);
    let outcome = |name: &str| plan.columns().iter().find(|c| c.name == name).unwrap_or_else(|| panic!("{name}"));
    assert_eq!(outcome("Label").role, Role::Label);
    assert_eq!(outcome("Destination Port").role, Role::Identifier);
    assert_eq!(outcome("Fwd Header Length.1").outcome, "dropped: repeats `Fwd Header Length`");
    assert_eq!(outcome("Bwd PSH Flags").outcome, "dropped: constant (0)");
    assert_eq!(outcome("Flow IAT Mean").role, Role::Ignored);
    assert_eq!(outcome("Idle Min").role, Role::Ignored);
    assert_eq!(outcome("Flow Duration").role, Role::Numeric);
    assert!(outcome("Flow Bytes/s").outcome.contains("missing (median"), "{}", outcome("Flow Bytes/s").outcome);
    assert!(plan.notes().iter().any(|note| note.contains("22 timing columns")), "{:?}", plan.notes());
    assert!(
        !plan
            .feature_names()
            .iter()
            .any(|name| name.contains("Label") || name.contains("Port") || name.contains("IAT"))
    );
    // Infinities, NaN and negative rates and durations, counted in the file itself.
    let mut expected = 0;
    for name in ["Flow Duration", "Flow Bytes/s", "Flow Packets/s", "Fwd Packets/s", "Bwd Packets/s"] {
        let column = arrow_cast::cast(cic.column_by_name(name).unwrap(), &DataType::Float64).unwrap();
        let column = column.as_any().downcast_ref::<Float64Array>().unwrap();
        expected += column.iter().filter(|v| !v.is_some_and(|v| v.is_finite() && v >= 0.0)).count() as u64;
    }
    let (_, imputed, _) = encode(&plan, &cic);
    assert!(expected > 0);
    assert_eq!(imputed, expected);

    let overrides = RoleOverrides::from([("Flow IAT Mean".to_owned(), Role::Numeric)]);
    let roles = infer_roles(&cic, &overrides).unwrap();
    let plan = FeaturePlan::fit(&cic, &roles, &FeatureOptions::default()).unwrap();
    assert!(plan.feature_names().iter().any(|name| name.contains("Flow IAT Mean")));
}

#[test]
fn argus_columns_have_their_roles() {
    let Some(path) = table::shared("netflow/test2-malicious.binetflow") else { return };
    let argus = table::read(&path, b',', None);
    for (name, expected) in [
        ("StartTime", Role::Time),
        ("Dur", Role::Numeric),
        ("Proto", Role::Categorical),
        ("SrcAddr", Role::Identifier),
        ("Sport", Role::Identifier),
        ("Dir", Role::Categorical),
        ("Dport", Role::Identifier),
        ("State", Role::Categorical),
        ("TotBytes", Role::Numeric),
        ("Label", Role::Label),
    ] {
        assert_eq!(role(&argus, name), expected, "{name}");
    }
    let names = fit(&argus).feature_names();
    assert!(names.contains(&"Dir = <->".to_owned()), "padding is not part of a category: {names:?}");
}

#[test]
fn zeek_json_columns_have_their_roles() {
    let zeek = table::from_texts(
        [
            ("ts", "1517422326.539915"),
            ("uid", "CxHo3m4N8uGxrMlcl2"),
            ("id.orig_h", "10.55.100.100"),
            ("id.orig_p", "61843"),
            ("id_resp_h", "fe80::1"),
            ("id_resp_p", "80"),
            ("proto", "tcp"),
            ("service", "gssapi,smb,krb"),
            ("duration", "108.985496"),
            ("orig_bytes", "719"),
            ("conn_state", "SF"),
            ("history", "ShADadfF"),
            ("orig_ip_bytes", "1131"),
            ("tunnel_parents", "(empty)"),
        ]
        .map(|(name, value)| (name.to_owned(), vec![value.to_owned(); 3]))
        .to_vec(),
    );
    let roles: Vec<(String, Role)> =
        infer_roles(&zeek, &RoleOverrides::new()).unwrap().into_iter().map(|r| (r.name, r.role)).collect();
    for (name, role) in roles {
        let expected = match name.as_str() {
            "ts" => Role::Time,
            "proto" | "service" | "conn_state" | "history" => Role::Categorical,
            "duration" | "orig_bytes" | "orig_ip_bytes" => Role::Numeric,
            _ => Role::Identifier,
        };
        assert_eq!(role, expected, "{name}");
    }
}

#[test]
fn a_numeric_time_is_no_feature_and_that_is_said() {
    let ts: Float64Array = (0..100).map(|i| Some(1.7e9 + f64::from(i))).collect();
    let bytes: Int64Array = (0..100).map(|i| Some(i * 31 % 57)).collect();
    let plan = fit(&table::batch(vec![("ts", Arc::new(ts)), ("bytes", Arc::new(bytes))]));
    assert_eq!(plan.feature_names(), ["bytes"]);
    assert_eq!(plan.notes(), ["`ts` holds absolute times: no feature"]);
}

/// The oracle: medians, quartiles and logarithms by the definitions, with std's functions.
#[test]
#[allow(clippy::disallowed_methods)]
fn values_are_what_the_definitions_say() {
    let values: Vec<Option<f64>> =
        (0..501).map(|i| (i % 10 != 3).then(|| (f64::from(i * 7 % 501) / 40.0).exp() - 50.0)).collect();
    let batch = table::batch(vec![("x", Arc::new(Float64Array::from(values.clone())))]);
    let roles = infer_roles(&batch, &RoleOverrides::new()).unwrap();
    for (scaling, log) in [("robust", false), ("robust", true), ("standard", false), ("standard", true), ("none", true)]
    {
        let options = FeatureOptions {
            scaling: scaling.parse().unwrap(),
            log_skewness: log.then_some(0.5),
            ..FeatureOptions::default()
        };
        let plan = FeaturePlan::fit(&batch, &roles, &options).unwrap();
        assert_eq!(plan.feature_names(), [if log { "ln1p(x)" } else { "x" }, "x is missing"]);
        let matrix = plan.bind(&batch.schema()).unwrap().encode(&batch).unwrap().matrix;

        let mut present: Vec<f64> = values.iter().flatten().copied().collect();
        present.sort_by(|a, b| a.partial_cmp(b).unwrap());
        let at = |v: &[f64], p: f64| {
            let h = (v.len() - 1) as f64 * p;
            v[h as usize] * (1.0 - h.fract()) + v[(h.ceil()) as usize] * h.fract()
        };
        let median = at(&present, 0.5);
        let map = |v: f64| if log { v.signum() * (1.0 + v.abs()).ln() } else { v };
        let mapped: Vec<f64> = present.iter().map(|v| map(*v)).collect();
        let mean = mapped.iter().sum::<f64>() / mapped.len() as f64;
        let deviation = (mapped.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / mapped.len() as f64).sqrt();
        let (center, scale) = match scaling {
            "robust" => (at(&mapped, 0.5), at(&mapped, 0.75) - at(&mapped, 0.25)),
            "standard" => (mean, deviation),
            _ => (0.0, 1.0),
        };
        for (row, value) in values.iter().enumerate() {
            let expected = (map(value.unwrap_or(median)) - center) / scale;
            assert!(
                (f64::from(matrix[[row, 0]]) - expected).abs() <= 1e-5 * expected.abs().max(1.0),
                "{scaling} {log} row {row}"
            );
            assert_eq!(matrix[[row, 1]], f32::from(u8::from(value.is_none())));
        }
    }
}

fn any_batch() -> impl Strategy<Value = RecordBatch> {
    let cell = (
        prop::option::of(prop::num::f64::ANY),
        prop::option::of(any::<i64>()),
        prop::option::of(any::<u64>()),
        prop::option::of(any::<bool>()),
        prop::option::of(prop::sample::select(vec!["tcp", "udp", " tcp", "", "-", "é", "NaN", "icmp"])),
        prop::option::of("[0-9a-c.]{0,3}"),
        prop::option::of(any::<i128>().prop_map(|v| v % 10_i128.pow(37))),
    );
    prop::collection::vec(cell, 1..700).prop_map(|rows| {
        let decimals: Decimal128Array = rows.iter().map(|row| row.6).collect();
        table::batch(vec![
            ("f", Arc::new(rows.iter().map(|row| row.0).collect::<Float64Array>())),
            ("i", Arc::new(rows.iter().map(|row| row.1).collect::<Int64Array>())),
            ("u", Arc::new(rows.iter().map(|row| row.2).collect::<UInt64Array>())),
            ("b", Arc::new(rows.iter().map(|row| row.3).collect::<BooleanArray>())),
            ("c", Arc::new(rows.iter().map(|row| row.4).collect::<StringArray>())),
            ("t", Arc::new(rows.iter().map(|row| row.5.clone()).collect::<StringArray>())),
            ("d", Arc::new(decimals.with_precision_and_scale(38, 3).unwrap())),
        ])
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Any table, fitted on a part of it and encoded whole and in pieces: finite, and the same bits and counts.
    #[test]
    fn any_split_into_batches_gives_the_same_matrix(batch in any_batch(), sample_rows in 1..700_usize, cuts in prop::collection::vec(0..700_usize, 0..6)) {
        let roles: Vec<_> = ["f", "i", "u", "b", "c", "t", "d"]
            .map(|name| (name.to_owned(), if name == "c" || name == "b" { Role::Categorical } else { Role::Numeric }))
            .into_iter()
            .collect::<RoleOverrides>()
            .into_iter()
            .collect();
        let roles = infer_roles(&batch, &roles.into_iter().collect()).unwrap();
        let sample = batch.slice(0, sample_rows.min(batch.num_rows()));
        let inferred = infer_roles(&batch, &RoleOverrides::new()).unwrap();
        if let Ok(plan) = FeaturePlan::fit(&sample, &inferred, &FeatureOptions::default()) {
            plan.check().unwrap();
            encode(&plan, &batch);
        }
        let Ok(plan) = FeaturePlan::fit(&sample, &roles, &FeatureOptions::default()) else { return Ok(()) };
        plan.check().unwrap();
        let (matrix, imputed, unseen) = encode(&plan, &batch);

        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(batch.num_rows())).chain([0, batch.num_rows()]).collect();
        cuts.sort_unstable();
        let mut pieces = (Vec::new(), 0, vec![0; unseen.len()]);
        for pair in cuts.windows(2) {
            let (bits, imputed, unseen) = encode(&plan, &batch.slice(pair[0], pair[1] - pair[0]));
            pieces.0.extend(bits);
            pieces.1 += imputed;
            pieces.2.iter_mut().zip(unseen).for_each(|(sum, n)| *sum += n);
        }
        prop_assert_eq!((matrix, imputed, unseen), pieces);
    }
}

#[test]
fn types_may_change_between_fit_and_score() {
    let n = 400_i32;
    let bytes: ArrayRef = Arc::new((0..n).map(|i| Some(i64::from(i * i % 1013))).collect::<Int64Array>());
    let service: ArrayRef =
        Arc::new((0..n).map(|i| Some(["http", "dns", "ssh"][(i * i % 5 % 3) as usize])).collect::<StringArray>());
    let fitted = table::batch(vec![("bytes", bytes.clone()), ("service", service.clone())]);
    let plan = fit(&fitted);
    let expected = encode(&plan, &fitted);
    let dictionary = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    for number in [
        DataType::Int32,
        DataType::UInt16,
        DataType::Float32,
        DataType::Float64,
        DataType::Utf8,
        DataType::Decimal128(12, 0),
    ] {
        for text in [DataType::LargeUtf8, DataType::Utf8View, dictionary.clone()] {
            let other = table::batch(vec![
                ("service", table::of_type(&text, &service)),
                ("bytes", table::of_type(&number, &bytes)),
            ]);
            assert_eq!(encode(&plan, &other), expected, "{number} {text}");
        }
    }
    let wrong = table::batch(vec![
        ("bytes", Arc::new(BinaryArray::from(vec![b"x".as_slice()]))),
        ("service", service.slice(0, 1)),
    ]);
    let error = plan.bind(&wrong.schema()).map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("column `bytes` has type Binary"), "{error}");
}

#[test]
fn a_batch_of_another_schema_is_an_error() {
    let bytes: ArrayRef = Arc::new((0..100).map(|i| Some(i * 31 % 57)).collect::<Int64Array>());
    let batch = table::batch(vec![("bytes", bytes.clone())]);
    let bound = fit(&batch).bind(&batch.schema()).unwrap();
    assert_eq!(bound.encode(&batch.slice(0, 0)).unwrap().matrix.dim(), (0, 1));
    let error = bound.encode(&table::batch(vec![("octets", bytes)])).unwrap_err().to_string();
    assert!(error.contains("`bytes`") && error.contains("`octets`"), "{error}");
}

#[test]
fn the_label_of_adbench_is_never_a_feature() {
    let batch = table::batch(vec![
        ("f0", Arc::new((0..90).map(|i| Some(f64::from(i * 31 % 57))).collect::<Float64Array>())),
        ("label", Arc::new((0..90).map(|i| Some(i64::from(i % 9 == 0))).collect::<Int64Array>())),
    ]);
    assert_eq!(fit(&batch).feature_names(), ["f0"]);
    let filtered = table::filter(&table::select(&batch, &["label"]), |row| row % 9 == 0);
    assert_eq!(label_values(filtered.column(0)).unwrap(), vec![Some(true); 10]);
}
