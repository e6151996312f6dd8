//! Scores of a pass, kept for the next in a temporary file: eight bytes a record.

use crate::{Error, Result};
use std::fs::File;
use std::io::{BufWriter, Read, Seek, SeekFrom, Write};
use std::sync::Mutex;

/// Takes scores in the order of the stream.
#[derive(Debug)]
pub struct ScoreWriter {
    file: BufWriter<File>,
    next: u64,
}

/// Scores by the position of their record in the stream. NaN: the record has none.
#[derive(Debug)]
pub struct ScoreFile {
    file: Mutex<File>,
    n: u64,
}

fn io(error: std::io::Error) -> Error {
    Error::io(std::env::temp_dir(), error)
}

impl ScoreWriter {
    /// An unnamed file where the system has temporary files.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn new() -> Result<Self> {
        Ok(Self { file: BufWriter::new(tempfile::tempfile().map_err(io)?), next: 0 })
    }

    /// Takes the scores of the records at `positions`, which ascend and lie behind all earlier ones.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn append(&mut self, positions: impl IntoIterator<Item = u64>, scores: &[f64]) -> Result<()> {
        for (position, score) in positions.into_iter().zip(scores) {
            // Rejected records have no score.
            for _ in self.next..position {
                self.file.write_all(&f64::NAN.to_le_bytes()).map_err(io)?;
            }
            self.file.write_all(&score.to_le_bytes()).map_err(io)?;
            self.next = self.next.max(position) + 1;
        }
        Ok(())
    }

    /// All are there.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn finish(self) -> Result<ScoreFile> {
        let file = self.file.into_inner().map_err(|error| io(error.into_error()))?;
        Ok(ScoreFile { file: Mutex::new(file), n: self.next })
    }
}

impl ScoreFile {
    /// The scores of the records at `positions`, which ascend.
    ///
    /// # Errors
    /// If a position lies behind the last, or the file cannot be read.
    pub fn read(&self, positions: &[u64]) -> Result<Vec<f64>> {
        let (Some(&first), Some(&last)) = (positions.first(), positions.last()) else { return Ok(Vec::new()) };
        if last >= self.n || last < first {
            return Err(Error::Internal(format!("the score of record {last} of {} was asked for", self.n)));
        }
        let mut bytes = vec![0; (last - first + 1) as usize * size_of::<f64>()];
        let mut file = self.file.lock().map_err(|_| Error::Internal("a reader of scores broke off".into()))?;
        file.seek(SeekFrom::Start(first * size_of::<f64>() as u64)).map_err(io)?;
        file.read_exact(&mut bytes).map_err(io)?;
        drop(file);
        let (scores, _) = bytes.as_chunks::<8>();
        let score =
            |position: &u64| scores.get((position - first) as usize).map_or(f64::NAN, |b| f64::from_le_bytes(*b));
        Ok(positions.iter().map(score).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_found_by_position_with_gaps_between() {
        let mut writer = ScoreWriter::new().unwrap();
        writer.append([0, 1, 5], &[0.5, f64::NAN, 2.0]).unwrap();
        writer.append([7], &[3.0]).unwrap();
        let file = writer.finish().unwrap();
        assert_eq!(file.read(&[0, 5, 7]).unwrap(), [0.5, 2.0, 3.0]);
        assert!(file.read(&[1, 4, 6]).unwrap().iter().all(|score| score.is_nan()));
        assert!(file.read(&[8]).is_err() && file.read(&[]).unwrap().is_empty());
    }
}
