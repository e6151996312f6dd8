use super::*;
use arrow_array::builder::StringDictionaryBuilder;
use arrow_array::types::{Decimal128Type, Float16Type, UInt8Type as Key};
use arrow_array::*;
use arrow_schema::TimeUnit;
use std::sync::Arc;

fn read(array: &dyn Array) -> Vec<f64> {
    let mut out = vec![0.0; array.len()];
    Numbers::new(array).unwrap().read(0, &mut out);
    out
}

/// Bit for bit, any NaN being the same as any other.
fn assert_same(got: &[f64], expected: &[f64]) {
    let bits = |v: &[f64]| v.iter().map(|v| if v.is_nan() { None } else { Some(v.to_bits()) }).collect::<Vec<_>>();
    assert_eq!(bits(got), bits(expected), "{got:?} {expected:?}");
}

#[test]
fn every_numeric_type_is_read() {
    let nan = f64::NAN;
    let arrays: Vec<(ArrayRef, Vec<f64>)> = vec![
        (Arc::new(Int8Array::from(vec![Some(i8::MIN), None])), vec![-128.0, nan]),
        (Arc::new(Int16Array::from(vec![Some(i16::MIN), None])), vec![-32768.0, nan]),
        (Arc::new(Int32Array::from(vec![Some(i32::MIN), None])), vec![-2147483648.0, nan]),
        (Arc::new(Int64Array::from(vec![Some(i64::MIN), None])), vec![-9223372036854775808.0, nan]),
        (Arc::new(UInt8Array::from(vec![Some(u8::MAX), None])), vec![255.0, nan]),
        (Arc::new(UInt16Array::from(vec![Some(u16::MAX), None])), vec![65535.0, nan]),
        (Arc::new(UInt32Array::from(vec![Some(u32::MAX), None])), vec![4294967295.0, nan]),
        (Arc::new(UInt64Array::from(vec![Some(u64::MAX), None])), vec![18446744073709551616.0, nan]),
        (Arc::new(Float32Array::from(vec![Some(f32::INFINITY), Some(0.5), None])), vec![f64::INFINITY, 0.5, nan]),
        (Arc::new(Float64Array::from(vec![Some(-0.0), Some(nan), None])), vec![-0.0, nan, nan]),
        (Arc::new(BooleanArray::from(vec![Some(true), Some(false), None])), vec![1.0, 0.0, nan]),
        (Arc::new(NullArray::new(2)), vec![nan, nan]),
        (Arc::new(DurationMillisecondArray::from(vec![Some(1500), None])), vec![1.5, nan]),
        (
            Arc::new(StringArray::from(vec![Some(" 12.5 "), Some("-"), Some("x"), Some(""), Some("1e3"), None])),
            vec![12.5, nan, nan, nan, 1000.0, nan],
        ),
        (Arc::new(StringViewArray::from(vec![Some("7"), None])), vec![7.0, nan]),
        (Arc::new(LargeStringArray::from(vec![Some("7"), None])), vec![7.0, nan]),
        (Arc::new(TimestampMicrosecondArray::from(vec![Some(5), None])), vec![5.0, nan]),
    ];
    for (array, expected) in arrays {
        assert_same(&read(array.as_ref()), &expected);
    }
    let decimals =
        PrimitiveArray::<Decimal128Type>::from(vec![Some(12_345), None]).with_precision_and_scale(10, 2).unwrap();
    assert_same(&read(&decimals), &[123.45, nan]);
    let half = arrow_cast::cast(&Float64Array::from(vec![0.5, -2.0]), &DataType::Float16).unwrap();
    assert!(half.as_primitive_opt::<Float16Type>().is_some());
    assert_same(&read(half.as_ref()), &[0.5, -2.0]);
}

#[test]
fn dictionaries_of_text_are_read_by_their_entries() {
    let mut builder = StringDictionaryBuilder::<Key>::new();
    for text in [Some("1.5"), None, Some("no"), Some("1.5")] {
        builder.append_option(text);
    }
    assert_same(&read(&builder.finish()), &[1.5, f64::NAN, f64::NAN, 1.5]);
}

#[test]
fn slices_and_blocks_read_their_own_rows() {
    let array = Int64Array::from((0..100).map(|i| (i % 7 != 0).then_some(i)).collect::<Vec<_>>());
    let sliced = array.slice(13, 50);
    let whole = read(&sliced);
    let reader = Numbers::new(&sliced).unwrap();
    for start in 0..50 {
        let mut out = [9.0; 3];
        reader.read(start, &mut out);
        let expected: Vec<f64> = (start..start + 3).map(|row| whole.get(row).copied().unwrap_or(f64::NAN)).collect();
        assert_same(&out, &expected);
    }
}

#[test]
fn what_holds_no_numbers_is_an_error_with_its_type() {
    let error = Numbers::new(&BinaryArray::from(vec![b"x".as_slice()])).map(|_| ()).unwrap_err();
    assert!(error.to_string().contains("Binary"), "{error}");
    assert!(
        is_number(&DataType::Duration(TimeUnit::Second))
            && !is_number(&DataType::Date32)
            && !is_number(&DataType::Utf8)
    );
}
