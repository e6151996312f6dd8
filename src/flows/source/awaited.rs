//! Standard input and named pipes that a request to stop can interrupt: a blocked open or read cannot be, so another thread
//! does both.

use crate::Stop;
use crossbeam_channel::{Receiver, RecvTimeoutError, bounded};
use std::io::{self, Read};
use std::time::Duration;

/// Bytes of one read.
const BLOCK: usize = 1 << 18;

/// What a thread of its own reads, block by block; it ends at the end of the input, or behind an error.
pub(crate) type Blocks = Receiver<io::Result<Vec<u8>>>;

/// A reader that waits no longer than until a stop is asked for.
pub struct Awaited<O> {
    stop: Stop,
    open: Option<O>,
    blocks: Option<Blocks>,
    current: io::Cursor<Vec<u8>>,
}

impl<R: Read, O: FnOnce() -> io::Result<R> + Send + 'static> Awaited<O> {
    /// Opens and reads nothing yet: `open` is called with the first read, by the thread that reads.
    pub fn new(stop: Stop, open: O) -> Self {
        Self { stop, open: Some(open), blocks: None, current: io::Cursor::default() }
    }

    /// The next block; empty at the end.
    fn next_block(&mut self) -> io::Result<Vec<u8>> {
        if let Some(open) = self.open.take() {
            self.blocks = Some(blocks(open)?);
        }
        let Some(blocks) = &self.blocks else { return Ok(Vec::new()) };
        loop {
            // Not `Interrupted`: that kind asks to be tried again.
            if self.stop.is_requested() {
                return Err(io::Error::other("interrupted"));
            }
            match blocks.recv_timeout(Duration::from_millis(100)) {
                Ok(block) => return block,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(Vec::new()),
            }
        }
    }
}

impl<R: Read, O: FnOnce() -> io::Result<R> + Send + 'static> Read for Awaited<O> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.current.position() == self.current.get_ref().len() as u64 {
            self.current = io::Cursor::new(self.next_block()?);
        }
        self.current.read(buffer)
    }
}

/// Opens and reads on a thread, which ends at the end of the input, at an error, or with the process.
///
/// # Errors
/// If no thread can be started.
pub(crate) fn blocks<R: Read>(open: impl FnOnce() -> io::Result<R> + Send + 'static) -> io::Result<Blocks> {
    let (sender, receiver) = bounded(4);
    let body = move || {
        let mut reader = match open() {
            Ok(reader) => reader,
            Err(error) => {
                // Whoever waited for it may have stopped.
                let _ = sender.send(Err(error));
                return;
            }
        };
        loop {
            let mut block = vec![0; BLOCK];
            let read = match reader.read(&mut block) {
                Ok(0) => return,
                Ok(n) => {
                    block.truncate(n);
                    Ok(block)
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => Err(e),
            };
            let failed = read.is_err();
            if sender.send(read).is_err() || failed {
                return;
            }
        }
    };
    std::thread::Builder::new().name("oddflow-pipe".into()).spawn(body)?;
    Ok(receiver)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_never_opens_or_never_gives_ends_with_a_stop() {
        let stop = Stop::new();
        let asked = stop.clone();
        let asker = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(150));
            asked.request();
        });
        // As a named pipe that nobody writes to.
        let open = || -> io::Result<io::Empty> {
            std::thread::sleep(Duration::from_secs(3_600));
            Ok(io::empty())
        };
        let error = Awaited::new(stop, open).read(&mut [0; 8]).unwrap_err();
        assert_eq!(error.to_string(), "interrupted");
        asker.join().unwrap();
    }

    #[test]
    fn all_is_read_and_what_opening_meets_is_said() {
        let text: Vec<u8> = (0..700_000_u32).map(|i| (i % 251) as u8).collect();
        let (given, mut read) = (text.clone(), Vec::new());
        Awaited::new(Stop::new(), move || Ok(io::Cursor::new(given))).read_to_end(&mut read).unwrap();
        assert!(read == text);
        let failed = || -> io::Result<io::Empty> { Err(io::Error::from(io::ErrorKind::PermissionDenied)) };
        let error = Awaited::new(Stop::new(), failed).read(&mut [0; 8]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
    }
}
