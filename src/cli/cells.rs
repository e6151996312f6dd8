//! Values as they are shown to a person.

use arrow_array::{ArrayRef, make_array};
use arrow_schema::DataType;
use std::sync::Arc;

/// The column with named time zones shown as UTC, which is how such times are stored: there is no zone database here.
pub fn displayable(column: &ArrayRef) -> ArrayRef {
    let DataType::Timestamp(unit, Some(_)) = column.data_type() else { return Arc::clone(column) };
    let utc = DataType::Timestamp(*unit, Some("+00:00".into()));
    match column.to_data().into_builder().data_type(utc).build() {
        Ok(data) => make_array(data),
        Err(_) => Arc::clone(column),
    }
}
