use super::*;
use crate::flows::RecordNumbers;
use arrow_array::{Int64Array, RecordBatch};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use std::sync::Mutex;

/// Chunks 0, 1, 2, … of one row each; what happens at which chunk is the test's affair.
struct Numbers {
    next: i64,
    n: i64,
    fail_at: Option<i64>,
    panic_at: Option<i64>,
    /// Parsing sleeps longest for the earliest chunks, so that results come out of order.
    uneven: bool,
}

impl Numbers {
    fn to(n: i64) -> Self {
        Self { next: 0, n, fail_at: None, panic_at: None, uneven: false }
    }
}

fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![Field::new("n", DataType::Int64, false)]))
}

impl Source for Numbers {
    fn schema(&self) -> SchemaRef {
        schema()
    }

    fn next_chunk(&mut self) -> Result<Option<Chunk>> {
        let number = self.next;
        self.next += 1;
        if self.panic_at == Some(number) {
            panic!("the reader panics");
        }
        if self.fail_at == Some(number) {
            return Err(Error::NoInput(format!("reading {number}")));
        }
        let wait = if self.uneven { (7 - number % 8) as u64 } else { 0 };
        let parse = move || {
            std::thread::sleep(Duration::from_millis(wait));
            let columns = RecordBatch::try_new(schema(), vec![Arc::new(Int64Array::from(vec![number]))]).unwrap();
            let numbers = RecordNumbers::Run { first: number as u64 + 1 };
            Ok(Batch { columns, file: 0, numbers, stream_offset: 0, rejected: Vec::new(), damage: None })
        };
        Ok((number < self.n).then(|| Chunk::new(3, parse)))
    }
}

fn value(batch: &Batch) -> i64 {
    batch.columns.column(0).as_any().downcast_ref::<Int64Array>().unwrap().value(0)
}

fn each(
    source: Numbers,
    threads: usize,
    work: impl Fn(i64) -> Result<i64> + Sync,
    consume: impl FnMut(i64) -> Result<()>,
) -> Result<()> {
    let run = Run { threads, stop: Stop::new(), progress: &|_| {} };
    let mut consume = consume;
    run.each(Box::new(source), |batch| work(value(&batch)), |timed| consume(timed.value)).map(drop)
}

#[test]
fn results_are_consumed_in_input_order() {
    for threads in [1, 2, 7] {
        let mut seen = Vec::new();
        each(Numbers { uneven: true, ..Numbers::to(100) }, threads, Ok, |n| {
            seen.push(n);
            Ok(())
        })
        .unwrap();
        assert_eq!(seen, (0..100).collect::<Vec<_>>());
    }
}

#[test]
fn the_first_error_in_input_order_is_the_one() {
    let work = |n| if n == 40 || n == 41 { Err(Error::NoInput(format!("working on {n}"))) } else { Ok(n) };
    let fail_at_50 = Numbers { fail_at: Some(50), uneven: true, ..Numbers::to(100) };
    for _ in 0..20 {
        let source = Numbers { ..Numbers { fail_at: fail_at_50.fail_at, uneven: true, ..Numbers::to(100) } };
        let mut last = -1;
        let error = each(source, 3, work, |n| {
            last = n;
            Ok(())
        })
        .unwrap_err();
        assert_eq!((error.to_string().as_str(), last), ("working on 40", 39));
    }
    let error = each(fail_at_50, 3, Ok, |_| Ok(())).unwrap_err();
    assert_eq!(error.to_string(), "reading 50");
    let error = each(Numbers::to(100), 3, Ok, |n| if n == 7 { Err(Error::Interrupted) } else { Ok(()) }).unwrap_err();
    assert!(matches!(error, Error::Interrupted));
}

#[test]
fn no_more_chunks_are_in_memory_than_there_are_permits() {
    let (alive, most) = (Mutex::new(0), Mutex::new(0));
    let work = |n| {
        let mut alive = alive.lock().unwrap();
        *alive += 1;
        let mut most = most.lock().unwrap();
        *most = (*most).max(*alive);
        Ok(n)
    };
    each(Numbers { uneven: true, ..Numbers::to(200) }, 4, work, |_| {
        *alive.lock().unwrap() -= 1;
        Ok(())
    })
    .unwrap();
    assert!(*most.lock().unwrap() <= 9, "{} at once, with 4 threads and 9 permits", most.lock().unwrap());
}

#[test]
fn a_panic_is_an_error_and_never_a_short_result() {
    let work = |n| if n == 5 { panic!("chunk {n}") } else { Ok(n) };
    let error = each(Numbers::to(100), 2, work, |_| Ok(())).unwrap_err();
    assert!(error.to_string().contains("chunk 5"), "{error}");
    let error = each(Numbers { panic_at: Some(5), ..Numbers::to(100) }, 2, Ok, |_| Ok(())).unwrap_err();
    assert!(matches!(error, Error::Internal(_)), "{error}");
}

#[test]
fn a_stop_ends_a_pass_whose_reader_is_blocked() {
    struct Silent;
    impl Source for Silent {
        fn schema(&self) -> SchemaRef {
            schema()
        }
        fn next_chunk(&mut self) -> Result<Option<Chunk>> {
            loop {
                std::thread::park();
            }
        }
    }
    let stop = Stop::new();
    let run = Run { threads: 2, stop: stop.clone(), progress: &|_| {} };
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(50));
        stop.request();
    });
    let error = run.each(Box::new(Silent), |_| Ok(()), |_| Ok(())).unwrap_err();
    assert!(matches!(error, Error::Interrupted), "{error}");
}
