//! Which columns are read, under which names, and how they conform to the whole input's.

use super::*;

#[test]
fn nested_columns_are_left_out_and_named() {
    let directory = tempfile::tempdir().unwrap();
    let written = awkward();
    let path = parquet_file(directory.path(), std::slice::from_ref(&written), WriterProperties::builder());
    let arrow = arrow_file(directory.path(), std::slice::from_ref(&written), IpcWriteOptions::default());
    let kept = ["x", "time", "word", "large", "view", "day"];
    for probe in [parquet::probe("named", &path).unwrap(), ipc::probe_file("named", &arrow).unwrap()] {
        assert!(probe.description.contains("6 columns"), "{}", probe.description);
        assert!(probe.description.ends_with("left out: nested, list, raw"), "{}", probe.description);
        assert_eq!(probe.schema.fields().iter().map(|f| f.name().as_str()).collect::<Vec<_>>(), kept);
    }
    let expected = written.project(&[1, 3, 5, 6, 7, 8]).unwrap();
    let (probe, batches, failure) = read_parquet(&path, 2);
    assert!(failure.is_none(), "{failure:?}");
    same_rows(&whole(&batches, &Arc::new(probe.schema)), &expected);
    let (probe, batches, failure) = read_arrow_file(&arrow, 2);
    assert!(failure.is_none(), "{failure:?}");
    same_rows(&whole(&batches, &Arc::new(probe.schema)), &expected);
}

#[test]
fn repeated_names_are_told_apart() {
    let names = ["a", "a", "", "a.1", "a"];
    let schema = Schema::new(names.iter().map(|n| Field::new(*n, DataType::Int32, false)).collect::<Vec<_>>());
    let readable = Readable::of(&schema);
    let unique: HashSet<&String> = readable.schema.fields().iter().map(|f| f.name()).collect();
    assert_eq!(unique.len(), names.len());
    assert_eq!(readable.schema.field(3).name(), "a.1", "a name that is there is left alone");
    assert_eq!(readable.schema.field(2).name(), "c3");
}

#[test]
fn conforming_reorders_fills_and_widens() {
    let batch = rows(0, 50);
    assert!(Arc::ptr_eq(&conform(&batch, &batch.schema()).unwrap().columns()[0].clone(), batch.column(0)));
    let schema: SchemaRef = Arc::new(Schema::new(vec![
        Field::new("rate", DataType::Float64, true),
        Field::new("new", DataType::Utf8, true),
        Field::new("count", DataType::Float64, true),
        Field::new("flag", DataType::Utf8, true),
        Field::new("id", DataType::Utf8, true),
    ]));
    let met = conform(&batch, &schema).unwrap();
    assert_eq!(met.schema_ref(), &schema);
    assert!(Arc::ptr_eq(met.column(0), batch.column(4)), "equal columns are not copied");
    assert_eq!(met.column(1).null_count(), 50);
    assert_eq!(met.column(2), &arrow_cast::cast(batch.column(3), &DataType::Float64).unwrap());
    let impossible: SchemaRef = Arc::new(Schema::new(vec![Field::new("host", DataType::Int64, true)]));
    let said = conform(&batch, &impossible).unwrap_err().to_string();
    assert!(said.contains("`host`") && said.contains("Utf8") && said.contains("Int64"), "{said}");
}

#[test]
fn times_in_named_zones_can_become_text() {
    for zone in ["UTC", "+02:00", "Europe/Berlin"] {
        let times = TimestampMillisecondArray::from(vec![Some(0), None]).with_timezone(zone);
        let batch = RecordBatch::try_from_iter([("t", Arc::new(times) as ArrayRef)]).unwrap();
        for data_type in [DataType::Utf8, DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))] {
            let schema: SchemaRef = Arc::new(Schema::new(vec![Field::new("t", data_type, true)]));
            let met = conform(&batch, &schema);
            assert!(met.is_ok_and(|b| b.column(0).null_count() == 1), "{zone}");
        }
    }
}
