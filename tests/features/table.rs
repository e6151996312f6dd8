//! Tables for tests, read with a reader that shares nothing with the product's: whole columns, typed by all their values.

use arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema};
use std::path::PathBuf;
use std::sync::Arc;

/// The shared real data, if it is there.
pub fn shared(file: &str) -> Option<PathBuf> {
    let root = std::env::var_os("ODDFLOW_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    let path = root.join("data").join(file);
    if !path.exists() {
        println!("skipped: {} is not there (ODDFLOW_SHARED names the folder of the shared data)", path.display());
        return None;
    }
    Some(path)
}

/// Reads a delimited file. `names`: what to call the columns of a file without a header.
pub fn read(path: &std::path::Path, delimiter: u8, names: Option<&[&str]>) -> RecordBatch {
    let bytes = std::fs::read(path).unwrap();
    let text = String::from_utf8_lossy(&bytes);
    let text = text.trim_start_matches('\u{feff}');
    let mut reader =
        csv::ReaderBuilder::new().delimiter(delimiter).has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut records = reader.records().map(Result::unwrap);
    let mut header: Vec<String> = match names {
        Some(names) => names.iter().map(|name| (*name).to_owned()).collect(),
        None => records.next().unwrap().iter().map(|name| name.trim().to_owned()).collect(),
    };
    for i in 0..header.len() {
        let repeats = header[..i].iter().filter(|name| **name == header[i]).count();
        if repeats > 0 {
            header[i] = format!("{}.{repeats}", header[i]);
        }
    }
    let mut columns: Vec<Vec<String>> = vec![Vec::new(); header.len()];
    for record in records {
        for (column, field) in columns.iter_mut().zip(record.iter()) {
            column.push(field.to_owned());
        }
    }
    from_texts(header.into_iter().zip(columns).collect())
}

/// Columns of integers, numbers or text, by what all of their values are.
pub fn from_texts(columns: Vec<(String, Vec<String>)>) -> RecordBatch {
    let mut fields = Vec::new();
    let mut arrays: Vec<ArrayRef> = Vec::new();
    for (name, values) in columns {
        let missing = |v: &str| matches!(v.trim().to_ascii_lowercase().as_str(), "" | "-" | "null" | "nan");
        let present: Vec<&String> = values.iter().filter(|v| !missing(v)).collect();
        let array: ArrayRef = if !present.is_empty() && present.iter().all(|v| v.trim().parse::<i64>().is_ok()) {
            Arc::new(values.iter().map(|v| v.trim().parse::<i64>().ok()).collect::<Int64Array>())
        } else if !present.is_empty() && present.iter().all(|v| v.trim().parse::<f64>().is_ok()) {
            Arc::new(values.iter().map(|v| v.trim().parse::<f64>().ok()).collect::<Float64Array>())
        } else {
            Arc::new(values.iter().map(|v| (!v.is_empty()).then_some(v.as_str())).collect::<StringArray>())
        };
        fields.push(Field::new(name, array.data_type().clone(), true));
        arrays.push(array);
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap()
}

pub const NSL_KDD: &str = "duration protocol_type service flag src_bytes dst_bytes land wrong_fragment urgent hot \
    num_failed_logins logged_in num_compromised root_shell su_attempted num_root num_file_creations num_shells \
    num_access_files num_outbound_cmds is_host_login is_guest_login count srv_count serror_rate srv_serror_rate rerror_rate \
    srv_rerror_rate same_srv_rate diff_srv_rate srv_diff_host_rate dst_host_count dst_host_srv_count \
    dst_host_same_srv_rate dst_host_diff_srv_rate dst_host_same_src_port_rate dst_host_srv_diff_host_rate \
    dst_host_serror_rate dst_host_srv_serror_rate dst_host_rerror_rate dst_host_srv_rerror_rate label difficulty";

pub fn nsl_kdd(file: &str) -> Option<RecordBatch> {
    let names: Vec<&str> = NSL_KDD.split_whitespace().collect();
    Some(read(&shared(&format!("nsl-kdd/{file}"))?, b',', Some(&names)))
}

pub fn cic() -> Option<RecordBatch> {
    Some(read(&shared("cic-ids-2017/cicids_sample_webattacks_thursday.csv")?, b',', None))
}

/// The named columns only.
pub fn select(batch: &RecordBatch, names: &[&str]) -> RecordBatch {
    let schema = batch.schema();
    let indices: Vec<usize> = names.iter().map(|name| schema.index_of(name).unwrap()).collect();
    batch.project(&indices).unwrap()
}

/// The rows for which `keep` holds.
pub fn filter(batch: &RecordBatch, keep: impl Fn(usize) -> bool) -> RecordBatch {
    let rows: arrow_array::UInt64Array = (0..batch.num_rows()).filter(|row| keep(*row)).map(|row| row as u64).collect();
    arrow_select::take::take_record_batch(batch, &rows).unwrap()
}

/// A one-column field list, nullable.
pub fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    let fields: Vec<Field> =
        columns.iter().map(|(name, array)| Field::new(*name, array.data_type().clone(), true)).collect();
    let schema = Arc::new(Schema::new(fields));
    RecordBatch::try_new(schema, columns.into_iter().map(|(_, array)| array).collect()).unwrap()
}

pub fn of_type(data_type: &DataType, array: &ArrayRef) -> ArrayRef {
    arrow_cast::cast(array, data_type).unwrap()
}
