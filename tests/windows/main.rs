//! Window features against an oracle that looks, for every flow, at all flows before it.

mod oracle;
mod streams;

use oddflow::Stop;
use oddflow::features::windows::{DISK_PER_ROW, Event, N_FEATURES, WindowFeatures, WindowOptions, Windows};
use oracle::{differs, features};
use rand::seq::SliceRandom as _;
use rand::{RngExt as _, SeedableRng};
use rand_chacha::ChaCha8Rng;
use streams::{Shape, stream};

fn options(memory: usize) -> WindowOptions {
    WindowOptions { memory, ..WindowOptions::default() }
}

/// Pushes in batches of `batch`, and reads back in batches of `read`.
fn computed(events: &[Event], options: &WindowOptions, batch: usize, read: usize) -> Vec<[f32; N_FEATURES]> {
    let mut windows = Windows::new(options);
    for batch in events.chunks(batch) {
        windows.push(batch.iter().copied()).unwrap();
    }
    let found = windows.finish(&Stop::new()).unwrap();
    assert_eq!(found.n_rows(), events.len() as u64);
    assert!(found.disk_bytes() <= DISK_PER_ROW * events.len() as u64);
    assert!(found.evictions().is_none());
    let mut positions: Vec<u64> = events.iter().map(|event| event.position).collect();
    positions.sort_unstable();
    all(&found, &positions, read)
}

fn all(found: &WindowFeatures, positions: &[u64], read: usize) -> Vec<[f32; N_FEATURES]> {
    let mut rows = Vec::new();
    for positions in positions.chunks(read) {
        let values = found.rows(positions).unwrap();
        rows.extend(values.rows().into_iter().map(|row| std::array::from_fn(|i| row[i])));
    }
    rows
}

fn assert_same(found: &[[f32; N_FEATURES]], expected: &[[f32; N_FEATURES]], what: &str) {
    assert_eq!(found.len(), expected.len());
    for (row, (found, expected)) in found.iter().zip(expected).enumerate() {
        let bits = |values: &[f32; N_FEATURES]| values.map(f32::to_bits);
        assert_eq!(bits(found), bits(expected), "{what}: row {row}");
    }
}

fn assert_oracle(events: &[Event], found: &[[f32; N_FEATURES]], what: &str) {
    for (row, (found, expected)) in found.iter().zip(features(events)).enumerate() {
        if let Some(name) = differs(found, &expected) {
            panic!("{what}, row {row}, {name}: {found:?}, oracle {expected:?}, of {:?}", events[row]);
        }
    }
}

#[test]
fn thousands_of_small_streams_are_as_the_oracle_says() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    for case in 0..3000 {
        let n = rng.random_range(0..60);
        let events = stream(&mut rng, n, Shape::any(case));
        let (memory, batch, read) = (rng.random_range(1..4000), rng.random_range(1..20), rng.random_range(1..20));
        let found = computed(&events, &options(memory), batch, read);
        assert_oracle(&events, &found, &format!("case {case}, memory {memory}, batch {batch}"));
    }
}

#[test]
fn large_streams_are_as_the_oracle_says_for_any_memory_batch_and_order() {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    for case in 0..6 {
        let events = stream(&mut rng, 5000, Shape::any(case));
        let found = computed(&events, &WindowOptions::default(), 5000, 5000);
        assert_oracle(&events, &found, &format!("case {case}"));
        for (memory, batch, read) in [(1, 100, 70), (500, 1, 5000), (5_000, 333, 1), (100_000, 4096, 999)] {
            let again = computed(&events, &options(memory), batch, read);
            assert_same(&again, &found, &format!("case {case}, memory {memory}, batch {batch}, read {read}"));
        }
        for threads in [1, 3] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let again = pool.install(|| computed(&events, &options(70_000), 1000, 1000));
            assert_same(&again, &found, &format!("case {case}, {threads} threads"));
        }
        let mut shuffled = events.clone();
        shuffled.shuffle(&mut rng);
        assert_same(&computed(&shuffled, &options(9_000), 64, 64), &found, "pushed in another order");
    }
}

/// Files add the records that were rejected to the positions behind them; nothing else changes.
#[test]
fn a_split_into_files_changes_nothing() {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    for case in 0..20 {
        let events = stream(&mut rng, 400, Shape::any(case));
        let found = computed(&events, &options(3_000), 50, 50);
        let mut moved = events.clone();
        let mut rejected = 0;
        for event in &mut moved {
            rejected += if rng.random_bool(0.05) { rng.random_range(1..100_000) } else { 0 };
            event.position += rejected;
        }
        let mut windows = Windows::new(&options(3_000));
        let mut rest = moved.as_slice();
        while !rest.is_empty() {
            let (file, behind) = rest.split_at(rng.random_range(0..=rest.len()));
            windows.push(file.iter().copied()).unwrap();
            rest = behind;
        }
        let features = windows.finish(&Stop::new()).unwrap();
        let positions: Vec<u64> = moved.iter().map(|event| event.position).collect();
        assert_same(&all(&features, &positions, 33), &found, &format!("case {case}"));
    }
}

#[test]
fn all_equal_times_one_row_and_none() {
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    let mut events = stream(&mut rng, 1200, Shape::any(0));
    events.iter_mut().for_each(|event| event.start = Some(1_713_484_800_000_000));
    assert_oracle(&events, &computed(&events, &options(5_000), 100, 100), "equal times");
    let one = [Event { start: Some(i64::MIN), ..events[0] }];
    assert_oracle(&one, &computed(&one, &options(5_000), 1, 1), "one row");
    let found = Windows::new(&options(1)).finish(&Stop::new()).unwrap();
    assert_eq!((found.n_rows(), found.disk_bytes()), (0, 0));
    assert_eq!(found.rows(&[]).unwrap().dim(), (0, N_FEATURES));
    let edges = [i64::MIN, i64::MAX, 0, i64::MIN, i64::MAX].map(Some);
    let extreme: Vec<Event> = edges.iter().zip(&events).map(|(&start, event)| Event { start, ..*event }).collect();
    computed(&extreme, &options(1), 2, 2);
}

/// The borders: two seconds ago is out, a microsecond less is in; the same for ten minutes and an hour.
#[test]
#[allow(clippy::disallowed_methods, reason = "an oracle may use std's")]
fn windows_are_open_at_their_old_end() {
    let at = |position: u64, start: i64| Event {
        source: Some(1),
        destination: Some(2),
        service: Some(3),
        port: 80,
        bytes_out: 1,
        start: Some(start),
        ..Event::outside(position)
    };
    for (window, index, log) in
        [(2_000_000, 0, false), (2_000_000, 1, false), (600_000_000, 3, true), (3_600_000_000, 14, true)]
    {
        let events = [at(0, 1000), at(1, 1000 + window - 1), at(2, 1000 + window)];
        let counts = computed(&events, &options(1), 3, 3).iter().map(|row| row[index]).collect::<Vec<_>>();
        let expected = [1f64, 2.0, 2.0].map(|n| if log { n.ln_1p() as f32 } else { n as f32 });
        assert_eq!(counts, expected, "window {window}");
    }
}

#[test]
fn what_was_not_pushed_or_pushed_twice_is_said() {
    for memory in [1, 1 << 20] {
        let mut windows = Windows::new(&options(memory));
        windows.push((0..100).map(|i| Event { start: Some(5), ..Event::outside(2 * i) })).unwrap();
        let found = windows.finish(&Stop::new()).unwrap();
        assert!(found.rows(&[0, 198]).is_ok());
        for wrong in [&[1][..], &[0, 3], &[4, 2], &[200], &[198, 200]] {
            assert!(found.rows(wrong).unwrap_err().to_string().contains("position"), "{wrong:?}");
        }
        let mut windows = Windows::new(&options(memory));
        windows.push([Event::outside(7), Event { start: Some(1), ..Event::outside(7) }]).unwrap();
        let error = windows.finish(&Stop::new()).unwrap_err().to_string();
        assert!(error.contains("two flows claim position 7"), "{error}");
    }
}

/// Rows are asked for in any order of batches, again and again.
#[test]
fn batches_can_be_asked_for_in_any_order() {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let events = stream(&mut rng, 9000, Shape::any(1));
    let mut windows = Windows::new(&options(20_000));
    windows.push(events.iter().copied()).unwrap();
    let found = windows.finish(&Stop::new()).unwrap();
    let positions: Vec<u64> = events.iter().map(|event| event.position).collect();
    let expected = all(&found, &positions, 9000);
    for _ in 0..200 {
        let from = rng.random_range(0..9000);
        let to = (from + rng.random_range(1..2000)).min(9000);
        let keep: Vec<usize> = (from..to).filter(|_| rng.random_bool(0.7)).collect();
        let wanted: Vec<u64> = keep.iter().map(|&i| positions[i]).collect();
        let expected: Vec<_> = keep.iter().map(|&i| expected[i]).collect();
        assert_same(&all(&found, &wanted, 5000), &expected, "a batch");
    }
}

#[test]
fn a_stop_is_heeded() {
    let stop = Stop::new();
    let mut windows = Windows::new(&options(100));
    windows.push((0..100).map(|i| Event { start: Some(5), ..Event::outside(i) })).unwrap();
    stop.request();
    assert!(matches!(windows.finish(&stop), Err(oddflow::Error::Interrupted)));
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let options = WindowOptions { memory: 100, folder: Some("/no/such/folder".into()), ..WindowOptions::default() };
    let mut windows = Windows::new(&options);
    let error = windows.push((0..100).map(Event::outside)).unwrap_err().to_string();
    assert!(error.starts_with("/no/such/folder: ") && error.contains("TMPDIR"), "{error}");
}

/// A day of Zeek's hourly conn logs: in the order of the files, `count` would be wrong for every sixth flow.
#[test]
fn the_rita_day_is_as_the_oracle_says_and_not_as_the_files_are_ordered() {
    let Some(events) = streams::rita_day() else { return };
    let found = computed(&events, &options(200_000), 1000, 1000);
    assert_oracle(&events, &found, "RITA day");
    let in_file_order = oracle::count_in_file_order(&events);
    let wrong = found.iter().zip(&in_file_order).filter(|(row, count)| row[0] != **count).count();
    let share = wrong as f64 / events.len() as f64;
    println!("{} flows, count differs for {wrong}: {share:.3}", events.len());
    assert!((0.15..0.21).contains(&share), "{share}");
}

/// What it costs: `cargo test --release --test windows -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement"]
fn a_million_flows() {
    let mut rng = ChaCha8Rng::seed_from_u64(6);
    let events = stream(&mut rng, 1_000_000, Shape::any(1));
    for memory in [8 << 20, 64 << 20, 256 << 20] {
        let began = std::time::Instant::now();
        let mut windows = Windows::new(&options(memory));
        windows.push(events.iter().copied()).unwrap();
        let pushed = began.elapsed();
        let found = windows.finish(&Stop::new()).unwrap();
        let finished = began.elapsed();
        for positions in events.chunks(65_536) {
            found.rows(&positions.iter().map(|event| event.position).collect::<Vec<_>>()).unwrap();
        }
        println!(
            "memory {} MiB: push {pushed:.2?}, finish {:.2?}, read {:.2?}: {:.0} rows/s; {} B/row on disk, {:?}",
            memory >> 20,
            finished - pushed,
            began.elapsed() - finished,
            1e6 / began.elapsed().as_secs_f64(),
            found.disk_bytes() as f64 / 1e6,
            found.evictions(),
        );
    }
}
