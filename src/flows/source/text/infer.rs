//! What type a text column has, judged by the values at the beginning of a file.

use super::number::{Token, classify};
use arrow_schema::DataType;

/// What the values of a column were so far.
#[derive(Debug, Clone, Default)]
pub(in crate::flows::source) struct Evidence {
    nans: u64,
    ints: u64,
    wides: u64,
    codes: u64,
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
            Token::Wide(_) => self.wides += 1,
            Token::Code => self.codes += 1,
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

    /// Whether the values are numbers, in whatever way they are written.
    pub fn is_numeric(&self) -> bool {
        self.values() + self.nans > 0 && self.mostly_numbers()
    }

    fn values(&self) -> u64 {
        self.numbers() + self.texts + self.booleans
    }

    fn numbers(&self) -> u64 {
        self.ints + self.wides + self.codes + self.floats
    }

    /// A few broken values in a long column are bad records; in a short one they make it text.
    fn mostly_numbers(&self) -> bool {
        let (values, numbers) = (self.values(), self.numbers());
        values == numbers || (values >= 1000 && numbers * 100 >= values * 99)
    }

    /// Int64, Float64, Boolean, Utf8, or Null where no value was met.
    pub fn data_type(&self) -> DataType {
        let values = self.values();
        // What comes out must be what came in: a zip code keeps its zeros and a flow id all its digits. Among fractions
        // an integer beyond 64 bits is but a large number.
        let lossy = self.codes > 0 || (self.wides > 0 && self.floats == 0);
        match () {
            () if values == 0 && self.nans == 0 => DataType::Null,
            () if lossy => DataType::Utf8,
            () if self.mostly_numbers() && self.floats + self.nans > 0 => DataType::Float64,
            () if self.mostly_numbers() => DataType::Int64,
            () if self.booleans == values => DataType::Boolean,
            () => DataType::Utf8,
        }
    }
}
