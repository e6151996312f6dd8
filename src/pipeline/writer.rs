//! The serial end of a scoring pass.

use crate::flows::sink::{Encoded, RowEncoder, Sink, Written};
use crate::{Error, Result};
use arrow_array::RecordBatch;
use arrow_select::concat::concat_batches;

/// Rows that are gathered before they are encoded: a row group of a useful size.
const GATHERED_ROWS: usize = 65_536;
/// Or as much memory as rows may hold on to: a few rows keep the whole dictionary of their column.
const GATHERED_BYTES: usize = 64 << 20;

/// What a batch gives to write.
pub enum Output {
    /// No output was asked for.
    Nothing,
    /// The whole batch, encoded on the worker.
    Encoded(Encoded),
    /// The few rows of it that are kept. One at a time they would make tiny row groups.
    Few(RecordBatch),
}

/// Writes batches in order, gathering small ones.
pub struct Writer {
    sink: Sink,
    encoder: RowEncoder,
    gathered: Vec<RecordBatch>,
    gathered_rows: usize,
    gathered_bytes: usize,
}

impl Writer {
    /// Writes to `sink`.
    pub fn new(sink: Sink) -> Self {
        Self { encoder: sink.encoder(), sink, gathered: Vec::new(), gathered_rows: 0, gathered_bytes: 0 }
    }

    /// Writes, or keeps to write later, what a batch gave.
    pub fn write(&mut self, output: Output) -> Result<()> {
        match output {
            Output::Nothing => Ok(()),
            Output::Encoded(encoded) => self.sink.write(encoded),
            Output::Few(rows) if rows.num_rows() == 0 => Ok(()),
            Output::Few(rows) => {
                self.gathered_rows += rows.num_rows();
                self.gathered_bytes += rows.get_array_memory_size();
                self.gathered.push(rows);
                let enough = self.gathered_rows >= GATHERED_ROWS || self.gathered_bytes >= GATHERED_BYTES;
                if enough { self.flush() } else { Ok(()) }
            }
        }
    }

    /// Writes what is left and makes the output appear.
    pub fn finish(mut self) -> Result<Written> {
        self.flush()?;
        self.sink.finish()
    }

    fn flush(&mut self) -> Result<()> {
        let Some(first) = self.gathered.first() else { return Ok(()) };
        let rows = concat_batches(&first.schema(), &self.gathered)
            .map_err(|e| Error::Schema(format!("rows could not be gathered: {e}")))?;
        self.gathered.clear();
        self.gathered_rows = 0;
        self.gathered_bytes = 0;
        self.sink.write(self.encoder.encode(&rows)?)
    }
}
