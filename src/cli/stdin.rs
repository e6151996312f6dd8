//! Standard input that a request to stop can interrupt: a blocked read cannot be, so another thread does the reading.

use crate::Stop;
use crossbeam_channel::{Receiver, RecvTimeoutError, bounded};
use std::io::{self, Read};
use std::time::Duration;

/// Bytes of one read.
const BLOCK: usize = 1 << 18;

/// Standard input; reading begins with the first read.
pub struct Stdin {
    stop: Stop,
    blocks: Option<Receiver<io::Result<Vec<u8>>>>,
    current: io::Cursor<Vec<u8>>,
}

impl Stdin {
    /// Reads nothing yet.
    pub fn new(stop: Stop) -> Self {
        Self { stop, blocks: None, current: io::Cursor::default() }
    }

    /// The next block; empty at the end.
    fn next_block(&mut self) -> io::Result<Vec<u8>> {
        let blocks = match &self.blocks {
            Some(blocks) => blocks,
            None => self.blocks.insert(spawn()?),
        };
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

impl Read for Stdin {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.current.position() == self.current.get_ref().len() as u64 {
            self.current = io::Cursor::new(self.next_block()?);
        }
        self.current.read(buffer)
    }
}

/// The thread that reads; it ends at the end of the input, at an error, or with the process.
fn spawn() -> io::Result<Receiver<io::Result<Vec<u8>>>> {
    let (sender, receiver) = bounded(4);
    let body = move || {
        let mut stdin = io::stdin().lock();
        loop {
            let mut block = vec![0; BLOCK];
            let read = match stdin.read(&mut block) {
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
    std::thread::Builder::new().name("oddflow-stdin".into()).spawn(body)?;
    Ok(receiver)
}
