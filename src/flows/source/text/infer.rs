//! What type a text column has, judged by the values at the beginning of a file.

use super::number::{Token, classify};
use arrow_schema::DataType;

/// What the values of a column were so far.
#[derive(Debug, Clone, Default)]
pub(in crate::flows::source) struct Evidence {
    nans: u64,
    ints: u64,
    hexes: u64,
    floats: u64,
    booleans: u64,
    texts: u64,
}

impl Evidence {
    /// Takes in a field of delimited text.
    pub fn field(&mut self, field: &[u8]) {
        match classify(field) {
            Token::Missing { nan } => self.nans += u64::from(nan),
            Token::Int(_) => self.ints += 1,
            Token::Hex(_) => self.hexes += 1,
            Token::Float(_) => self.floats += 1,
            Token::Text => self.texts += 1,
        }
    }

    /// Takes in a JSON boolean.
    pub fn boolean(&mut self) {
        self.booleans += 1;
    }

    /// Takes in text that is no number whatever it looks like (a JSON string, array, …).
    pub fn text(&mut self) {
        self.texts += 1;
    }

    /// Whether some values are numbers and none is anything else.
    pub fn is_numeric(&self) -> bool {
        matches!(self.data_type(), DataType::Int64 | DataType::Float64)
    }

    /// Int64, Float64, Boolean, Utf8, or Null where no value was met.
    pub fn data_type(&self) -> DataType {
        // Among plain numbers `0x1f` is one; a column of such is a column of names (addresses, hashes).
        let hexes_are_numbers = self.ints + self.floats > 0;
        let numbers = self.ints + self.floats + if hexes_are_numbers { self.hexes } else { 0 };
        let others = self.texts + self.booleans + if hexes_are_numbers { 0 } else { self.hexes };
        let values = numbers + others;
        // A few broken values in a long column are bad records; in a short one they make it text.
        let numeric = others == 0 || (values >= 1000 && numbers * 100 >= values * 99);
        match () {
            () if values == 0 && self.nans == 0 => DataType::Null,
            () if numeric && self.floats + self.nans > 0 => DataType::Float64,
            () if numeric => DataType::Int64,
            () if self.booleans == values => DataType::Boolean,
            () => DataType::Utf8,
        }
    }
}
