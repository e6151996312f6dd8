use super::*;
use arrow_array::{Int64Array, StringArray};

fn sample() -> StringArray {
    let mut texts: Vec<Option<String>> = Vec::new();
    for (text, n) in [("tcp", 500), ("udp", 300), ("icmp", 150), ("gre", 1)] {
        texts.extend(std::iter::repeat_n(Some(text.to_owned()), n));
    }
    texts.extend(std::iter::repeat_n(None, 49));
    StringArray::from(texts)
}

fn fit(array: &dyn Array, options: &FeatureOptions) -> CategoricalEncoder {
    CategoricalEncoder::fit("proto", array, options).unwrap().unwrap().0
}

fn encode(encoder: &CategoricalEncoder, array: &dyn Array) -> (Vec<Vec<f32>>, u64) {
    let lookup = encoder.lookup();
    let width = encoder.n_features();
    let mut block = vec![0.0; width * array.len()];
    let mut codes = vec![0; array.len()];
    let unseen = lookup.encode(&lookup.prepare(array).unwrap(), 0, &mut block, width, 0, &mut codes).unwrap();
    (block.chunks(width).map(<[f32]>::to_vec).collect(), unseen)
}

#[test]
#[allow(clippy::disallowed_methods)]
fn one_hot_and_rarity_by_hand() {
    let options = FeatureOptions { scaling: super::super::plan::Scaling::None, ..FeatureOptions::default() };
    let encoder = fit(&sample(), &options);
    assert_eq!(
        encoder.feature_names(),
        ["proto = tcp", "proto = udp", "proto = icmp", "proto is missing", "rarity(proto)"]
    );
    let rows = StringArray::from(vec![Some("tcp"), Some(" udp"), None, Some("gre"), Some("sctp"), Some("")]);
    let (rows, unseen) = encode(&encoder, &rows);
    assert_eq!(unseen, 1);
    let rarity = |count: f64| -(count / 1000.0).ln() as f32;
    let expected = [
        vec![1.0, 0.0, 0.0, 0.0, rarity(500.0)],
        vec![0.0, 1.0, 0.0, 0.0, rarity(300.0)],
        vec![0.0, 0.0, 0.0, 1.0, rarity(49.0)],
        vec![0.0, 0.0, 0.0, 0.0, rarity(1.0)],
        vec![0.0, 0.0, 0.0, 0.0, rarity(1.0)],
        vec![0.0, 0.0, 0.0, 1.0, rarity(49.0)],
    ];
    for (got, expected) in rows.iter().flatten().zip(expected.iter().flatten()) {
        assert!((got - expected).abs() < 1e-5, "{got} {expected}");
    }
}

#[test]
fn a_missing_value_is_unseen_where_the_sample_had_none() {
    let encoder = fit(&StringArray::from(vec!["a", "a", "b", "b", "b"]), &FeatureOptions::default());
    assert_eq!(encode(&encoder, &StringArray::from(vec![None, Some("a")])).1, 1);
}

#[test]
fn limits_hold() {
    let options = FeatureOptions { max_one_hot: 2, max_categories: 3, ..FeatureOptions::default() };
    let encoder = fit(&sample(), &options);
    assert_eq!((encoder.n_one_hot, encoder.categories.len()), (2, 3));
    let (rows, unseen) = encode(&encoder, &sample());
    assert_eq!(unseen, 50, "`gre` and the missing value are beyond the kept three");
    assert_eq!(rows[999], rows[950]);
    let support = FeatureOptions { min_support: 0.2, ..FeatureOptions::default() };
    assert_eq!(fit(&sample(), &support).n_one_hot, 2);
}

#[test]
fn two_values_need_one_indicator_and_one_value_none() {
    let two = fit(&StringArray::from(vec!["a", "a", "b", "b"]), &FeatureOptions::default());
    assert_eq!(two.feature_names(), ["proto = a"], "equally frequent values have no rarity");
    assert!(
        CategoricalEncoder::fit("x", &StringArray::from(vec!["a", "a"]), &FeatureOptions::default()).unwrap().is_none()
    );
    let all_different = StringArray::from(vec!["a", "b", "c"]);
    assert!(CategoricalEncoder::fit("x", &all_different, &FeatureOptions::default()).unwrap().is_none());
}

#[test]
fn codes_are_the_same_as_integers_reals_text_or_dictionary() {
    let integers = Int64Array::from(vec![Some(6), Some(17), Some(6), None, Some(6), Some(17), None]);
    let encoder = fit(&integers, &FeatureOptions::default());
    let expected = encode(&encoder, &integers);
    for data_type in ["Float64", "Int8", "Utf8", "LargeUtf8", "Utf8View"] {
        let array = arrow_cast::cast(&integers, &data_type.parse().unwrap()).unwrap();
        assert_eq!(encode(&encoder, array.as_ref()), expected, "{data_type}");
    }
    for keys in [arrow_schema::DataType::Int32, arrow_schema::DataType::UInt8] {
        let text = arrow_cast::cast(&integers, &arrow_schema::DataType::Utf8).unwrap();
        let dictionary = arrow_schema::DataType::Dictionary(Box::new(keys), Box::new(arrow_schema::DataType::Utf8));
        let array = arrow_cast::cast(&text, &dictionary).unwrap();
        assert_eq!(encode(&encoder, array.as_ref()), expected, "{dictionary}");
    }
}

#[test]
fn ties_in_frequency_are_broken_by_text() {
    let forth = fit(&StringArray::from(vec!["b", "a", "c", "c", "b", "a", "z"]), &FeatureOptions::default());
    let back = fit(&StringArray::from(vec!["z", "a", "b", "c", "c", "a", "b"]), &FeatureOptions::default());
    assert_eq!(forth, back);
}
