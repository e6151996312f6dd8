use super::*;
use crate::features::{RoleOverrides, infer_roles};
use arrow_array::{ArrayRef, Float64Array, Int64Array, StringArray};
use arrow_schema::{Field, Schema};
use std::sync::Arc;

fn table(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    let fields: Vec<Field> =
        columns.iter().map(|(name, array)| Field::new(*name, array.data_type().clone(), true)).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns.into_iter().map(|(_, array)| array).collect()).unwrap()
}

fn flows() -> RecordBatch {
    let n = 300_i64;
    let bytes: Int64Array =
        (0..n).map(|i| (i % 11 != 0).then_some(i * i % 997 * if i % 40 == 1 { 10_000 } else { 1 })).collect();
    let packets: Int64Array = (0..n).map(|i| (i % 11 != 0).then_some(i % 17)).collect();
    let rate: Float64Array =
        (0..n).map(|i| Some(if i % 50 == 0 { f64::INFINITY } else { (i * 37 % 101) as f64 / 7.0 })).collect();
    let service: StringArray = (0..n).map(|i| Some(["http", "dns", "ssh", "smtp"][(i * i % 7 % 4) as usize])).collect();
    table(vec![
        ("bytes", Arc::new(bytes.clone())),
        ("packets", Arc::new(packets)),
        ("rate", Arc::new(rate)),
        ("service", Arc::new(service.clone())),
        ("zero", Arc::new(Int64Array::from(vec![0; n as usize]))),
        ("bytes again", Arc::new(bytes)),
        ("app", Arc::new(service)),
        ("label", Arc::new(Int64Array::from(vec![1; n as usize]))),
    ])
}

fn fit(batch: &RecordBatch) -> FeaturePlan {
    let roles = infer_roles(batch, &RoleOverrides::new()).unwrap();
    FeaturePlan::fit(batch, &roles, &FeatureOptions::default()).unwrap()
}

#[test]
fn outcomes_are_said_in_words() {
    let plan = fit(&flows());
    plan.check().unwrap();
    let outcome = |name: &str| plan.columns().iter().find(|c| c.name == name).unwrap().outcome.clone();
    assert_eq!(
        outcome("bytes"),
        "log1p, standard scaling, 28 of 300 missing (median 490.5 and an indicator); 2 features"
    );
    assert_eq!(outcome("packets"), "standard scaling, 28 of 300 missing (indicated by `bytes`); 1 feature");
    assert_eq!(outcome("zero"), "dropped: constant (0)");
    assert_eq!(outcome("bytes again"), "dropped: repeats `bytes`");
    assert_eq!(outcome("app"), "dropped: repeats `service`");
    assert_eq!(outcome("label"), "no feature");
    assert_eq!(plan.n_features(), plan.feature_names().len());
    assert_eq!(plan.n_features(), plan.columns().iter().map(|c| c.n_features).sum::<usize>());
    assert!(plan.notes().iter().any(|note| note == "constant, so no feature: `zero`"), "{:?}", plan.notes());
    assert!(
        plan.notes().iter().any(|note| note.contains("`bytes again` (`bytes`), `app` (`service`)")),
        "{:?}",
        plan.notes()
    );
}

#[test]
fn the_order_of_rows_does_not_matter() {
    let batch = flows();
    let backwards: arrow_array::UInt64Array = (0..300).rev().collect();
    let turned = arrow_select::take::take_record_batch(&batch, &backwards).unwrap();
    assert_eq!(fit(&batch), fit(&turned));
}

#[test]
fn a_plan_survives_its_file() {
    let plan = fit(&flows());
    let text = serde_json::to_string(&plan).unwrap();
    let read: FeaturePlan = serde_json::from_str(&text).unwrap();
    read.check().unwrap();
    assert_eq!(read, plan, "every f64 comes back with its bits");
    let encoded = |plan: &FeaturePlan| plan.bind(&flows().schema()).unwrap().encode(&flows()).unwrap();
    assert_eq!(encoded(&read), encoded(&plan));
}

#[test]
fn inconsistent_plans_are_rejected() {
    type Change = (&'static str, fn(&mut FeaturePlan));
    let changes: [Change; 12] = [
        ("scale", |plan| value_of(plan).scaler.scale = 0.0),
        ("scale", |plan| value_of(plan).scaler.scale = f64::NAN),
        ("scale", |plan| value_of(plan).scaler.center = f64::INFINITY),
        ("median", |plan| value_of(plan).median = f64::NAN),
        ("indicators", |plan| categories_of(plan).n_one_hot = 99),
        ("names a category twice", |plan| {
            categories_of(plan).categories[1].text = categories_of(plan).categories[0].text.clone()
        }),
        ("counts", |plan| categories_of(plan).categories[0].count = u64::MAX),
        ("another sample", |plan| plan.sample_rows += 1),
        ("belongs to no column", |plan| drop(plan.columns.remove(2))),
        ("has no encoder", |plan| drop(plan.encoders.pop())),
        ("occurs twice", |plan| plan.columns[0].name = "packets".to_owned()),
        ("0 features", |plan| {
            plan.encoders.clear();
            plan.columns.clear();
        }),
    ];
    for (complaint, change) in changes {
        let mut plan = fit(&flows());
        change(&mut plan);
        let error = plan.check().map_err(|e| e.to_string()).unwrap_err();
        // Removing column 2 makes column 3 meet its encoder: either complaint is right.
        assert!(error.contains(complaint) || error.contains("meets the encoder"), "{complaint}: {error}");
    }
}

fn value_of(plan: &mut FeaturePlan) -> &mut crate::features::numeric::ValueFeature {
    let numeric =
        plan.encoders.iter_mut().find_map(|e| if let ColumnEncoder::Numeric(n) = e { n.value.as_mut() } else { None });
    numeric.unwrap()
}

fn categories_of(plan: &mut FeaturePlan) -> &mut CategoricalEncoder {
    plan.encoders.iter_mut().find_map(|e| if let ColumnEncoder::Categorical(c) = e { Some(c) } else { None }).unwrap()
}

#[test]
fn nothing_to_fit_on_is_an_error_that_says_what_was_there() {
    let batch = flows();
    let roles = infer_roles(&batch, &RoleOverrides::new()).unwrap();
    let empty = FeaturePlan::fit(&batch.slice(0, 0), &roles, &FeatureOptions::default()).unwrap_err();
    assert!(matches!(empty, Error::NoInput(_)), "{empty}");

    let batch = table(vec![
        ("src_ip", Arc::new(StringArray::from(vec!["1.2.3.4", "1.2.3.5"]))),
        ("label", Arc::new(Int64Array::from(vec![0, 1]))),
    ]);
    let roles = infer_roles(&batch, &RoleOverrides::new()).unwrap();
    let error = FeaturePlan::fit(&batch, &roles, &FeatureOptions::default()).unwrap_err().to_string();
    assert!(error.contains("`src_ip` (identifier, its values are addresses"), "{error}");
    let error = FeaturePlan::fit(&batch.slice(0, 1), &roles, &FeatureOptions::default()).unwrap_err().to_string();
    assert!(error.contains("there is 1 to learn from") && error.len() < 100, "{error}");
    let error = FeaturePlan::fit(&batch, &roles[..1], &FeatureOptions::default()).unwrap_err().to_string();
    assert!(error.contains("1 role given for the sample's 2 columns"), "{error}");
}

#[test]
fn missing_columns_are_listed_beside_what_is_there() {
    let plan = fit(&flows());
    let other =
        Schema::new(vec![flows().schema().field(0).clone(), Field::new("x", arrow_schema::DataType::Int64, true)]);
    let error = plan.bind(&other).unwrap_err().to_string();
    assert!(
        error.contains("columns `packets`, `rate`, `service`, which the input does not have; it has `bytes`, `x`"),
        "{error}"
    );
}

#[test]
fn options_out_of_range_are_errors() {
    let wrong = [
        FeatureOptions { min_support: f64::NAN, ..FeatureOptions::default() },
        FeatureOptions { log_skewness: Some(-1.0), ..FeatureOptions::default() },
        FeatureOptions { max_categories: 0, ..FeatureOptions::default() },
        FeatureOptions { max_one_hot: 5_000, ..FeatureOptions::default() },
    ];
    for options in wrong {
        assert!(matches!(options.check(), Err(Error::Parameter { .. })), "{options:?}");
    }
    let read: FeatureOptions = serde_json::from_str(r#"{"scaling": "robust"}"#).unwrap();
    assert_eq!(read, FeatureOptions { scaling: Scaling::Robust, ..FeatureOptions::default() });
    assert!(serde_json::from_str::<FeatureOptions>(r#"{"scalling": "robust"}"#).is_err());
}
