//! Synthetic flows with five named kinds of anomaly: for examples, benchmarks and tests, where no log may be shared.
//!
//! | column | type | unit and range |
//! |---|---|---|
//! | `duration` | f64 | seconds, whole microseconds, ≥ 0; 0 for flows of one packet |
//! | `protocol_type` | text | `tcp`, `udp`, `icmp` |
//! | `service` | text | what is spoken: `http`, `dns`, `ssh`, … |
//! | `src_bytes` | i64 | bytes from source to destination, ≥ 0 |
//! | `dst_bytes` | i64 | bytes back, ≥ 0 |
//! | `flag` | text | how the connection went: `SF`, `S0`, `REJ`, … |
//! | `count` | i64 | connections to the same host in the past two seconds, this one included: 1 to 511 |
//! | `srv_count` | i64 | connections to the same service in the past two seconds: 1 to 511 |
//! | `label` | i64 | 1 for an anomaly |
//! | `attack` | text | `normal`, or the kind of anomaly |
//!
//! Normal traffic is a mixture of services (`normal`), each with its own sizes, durations and ways to fail; anomalies are
//! five kinds (`attacks`), part of which hide in normal traffic. Sizes and durations have log-normal bodies and heavier
//! tails, and many values tie: fixed packet sizes, zeros, counters at their ends.
//!
//! Rows come in blocks of [`BLOCK_ROWS`]. Each block has a ChaCha stream of its own, so that a row depends on the seed
//! and on its number, and on nothing else: not on the number of rows, on batches, or on threads. All arithmetic is IEEE
//! f64 and [`crate::features::math`], so the rows are the same on every platform.

mod attacks;
mod normal;
mod row;
mod stream;

use crate::{Error, Result};
use arrow_array::RecordBatch;
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use row::{ATTACKS, Columns, Row};
use std::sync::Arc;
use stream::Stream;

/// Rows made from one random stream.
pub const BLOCK_ROWS: u64 = 8_192;

/// What to make.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GenerateOptions {
    /// Rows.
    pub n_rows: u64,
    /// Of all randomness. The rows of a smaller `n_rows` are the first rows of a larger one.
    pub seed: u64,
    /// The chance of a row to be an anomaly, in [0, 1].
    pub anomaly_share: f64,
}

impl Default for GenerateOptions {
    fn default() -> Self {
        Self { n_rows: 10_000, seed: 0, anomaly_share: 0.1 }
    }
}

/// Makes flows, block by block; shared by threads.
#[derive(Debug, Clone)]
pub struct Generator {
    options: GenerateOptions,
    schema: SchemaRef,
}

impl Generator {
    /// # Errors
    /// If the share of anomalies is no share.
    pub fn new(options: GenerateOptions) -> Result<Self> {
        if !(0.0..=1.0).contains(&options.anomaly_share) {
            let limit = "it is the share of anomalous rows, from 0 to 1 (0.1 is one row in ten)";
            return Err(Error::parameter("anomaly_share", options.anomaly_share, limit));
        }
        let field = |(name, data_type)| Field::new(name, data_type, false);
        let fields = [
            ("duration", DataType::Float64),
            ("protocol_type", DataType::Utf8),
            ("service", DataType::Utf8),
            ("src_bytes", DataType::Int64),
            ("dst_bytes", DataType::Int64),
            ("flag", DataType::Utf8),
            ("count", DataType::Int64),
            ("srv_count", DataType::Int64),
            ("label", DataType::Int64),
            ("attack", DataType::Utf8),
        ];
        Ok(Self { options, schema: Arc::new(Schema::new(fields.map(field).to_vec())) })
    }

    /// The columns of every block.
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// How many blocks there are.
    pub fn n_blocks(&self) -> u64 {
        self.options.n_rows.div_ceil(BLOCK_ROWS)
    }

    /// Rows `index × BLOCK_ROWS` and following, [`BLOCK_ROWS`] of them or as many as are left; none past the end.
    ///
    /// # Errors
    /// None that data could cause: Arrow's own check of the table is passed on.
    pub fn block(&self, index: u64) -> Result<RecordBatch> {
        let left = self.options.n_rows.saturating_sub(index.saturating_mul(BLOCK_ROWS));
        let mut columns = Columns::with_capacity(left.min(BLOCK_ROWS) as usize);
        let mut stream = Stream::new(self.options.seed, index);
        for _ in 0..left.min(BLOCK_ROWS) {
            columns.push(&self.row(&mut stream));
        }
        RecordBatch::try_new(self.schema(), columns.into_arrays())
            .map_err(|error| Error::Schema(format!("generated rows do not fit their table: {error}")))
    }

    /// All blocks in order.
    pub fn blocks(&self) -> impl Iterator<Item = Result<RecordBatch>> + '_ {
        (0..self.n_blocks()).map(|index| self.block(index))
    }

    fn row(&self, stream: &mut Stream) -> Row {
        if stream.chance(self.options.anomaly_share) {
            let shares = ATTACKS.map(|(_, share)| share);
            attacks::row(stream.pick(&shares), stream)
        } else {
            normal::row(stream)
        }
    }
}
