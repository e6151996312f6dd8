use super::*;
use rand::{RngExt as _, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// What the windows of a log would say of its last flow.
fn of_log(events: &[Event]) -> [f32; N_FEATURES] {
    let mut windows = super::super::Windows::new(&super::super::WindowOptions::default());
    windows.push(events.iter().copied()).unwrap();
    let found = windows.finish(&crate::Stop::new()).unwrap();
    let rows = found.rows(&[events.last().unwrap().position]).unwrap();
    std::array::from_fn(|i| rows[[0, i]])
}

fn stream(rng: &mut ChaCha8Rng, n: u64, hosts: u64, lag: i64, step: i64) -> Vec<Event> {
    let mut now = 1_700_000_000_000_000;
    let any = |rng: &mut ChaCha8Rng, n: u64| rng.random_ratio(19, 20).then(|| rng.random_range(0..n));
    (0..n)
        .map(|position| {
            now += rng.random_range(0..step);
            // Whole seconds now and then, so that some begin at once.
            let late = if rng.random_ratio(1, 3) { rng.random_range(0..=lag) } else { 0 };
            let start = if rng.random() { (now - late) / 1_000_000 * 1_000_000 } else { now - late };
            Event {
                start: rng.random_ratio(29, 30).then_some(start),
                source: any(rng, hosts),
                destination: any(rng, hosts),
                port: rng.random_range(0..3),
                service: any(rng, 3),
                failed: rng.random(),
                bytes_out: rng.random_range(0..1_000),
                ..Event::outside(position)
            }
        })
        .collect()
}

fn bits(row: &[f32; N_FEATURES]) -> [u32; N_FEATURES] {
    row.map(f32::to_bits)
}

#[test]
fn every_answer_is_that_of_a_log_that_ends_there() {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    for (case, lag) in (0..60).zip([0, 3_000_000, 300_000_000, 3_500_000_000].into_iter().cycle()) {
        let (hosts, step) = (rng.random_range(1..6), [200_000, 20_000_000, 200_000_000][case % 3]);
        let events = stream(&mut rng, 150, hosts, lag, step);
        let mut live = LiveWindows::new(LiveOptions::default());
        for (i, event) in events.iter().enumerate() {
            let found = live.observe(event);
            assert_eq!(bits(&found), bits(&of_log(&events[..=i])), "case {case}, flow {i}: {event:?}");
        }
        assert_eq!((live.late(), live.evictions()), (0, Evictions::default()));
    }
}

#[test]
fn a_stream_goes_on_from_its_state_as_if_it_had_not_stopped() {
    let mut rng = ChaCha8Rng::seed_from_u64(8);
    for case in 0..40 {
        let events = stream(&mut rng, 400, 4, 3_000_000_000, 100_000_000);
        let (mut whole, stop) = (LiveWindows::new(LiveOptions::default()), rng.random_range(0..400));
        let mut parted = LiveWindows::new(LiveOptions::default());
        for (i, event) in events.iter().enumerate() {
            if i == stop {
                let bytes = postcard::to_stdvec(&parted.state()).unwrap();
                parted = LiveWindows::restore(LiveOptions::default(), postcard::from_bytes(&bytes).unwrap()).unwrap();
            }
            assert_eq!(bits(&whole.observe(event)), bits(&parted.observe(event)), "case {case}, flow {i} of {stop}");
        }
    }
}

fn knock(position: u64, second: i64) -> Event {
    let (start, source) = (Some(second * 1_000_000), Some(1));
    Event { start, source, destination: Some(2), port: 80, service: Some(3), ..Event::outside(position) }
}

#[test]
fn what_is_too_late_is_counted_and_has_no_features() {
    let mut live = LiveWindows::new(LiveOptions { lateness: 60_000_000, ..LiveOptions::default() });
    assert!(!live.observe(&knock(0, 1_000)).iter().all(|value| value.is_nan()));
    assert!(!live.observe(&knock(1, 940)).iter().all(|value| value.is_nan()));
    assert!(live.observe(&knock(2, 939)).iter().all(|value| value.is_nan()));
    assert_eq!(live.late(), 1);
    // The late one counts for none.
    assert_eq!(live.observe(&knock(3, 1_000))[0], 2.0);
}

#[test]
fn a_single_leap_ahead_does_not_move_the_clock() {
    let mut live = LiveWindows::new(LiveOptions::default());
    live.observe(&knock(0, 1_000));
    live.observe(&knock(1, 4_000_000_000));
    assert_eq!((live.clock(), live.late()), (Some(1_000_000_000), 1));
    live.observe(&knock(2, 1_001));
    assert_eq!(live.clock(), Some(1_001_000_000));
    live.observe(&knock(3, 1_000_000));
    live.observe(&knock(4, 1_000_001));
    assert_eq!(live.clock(), Some(1_000_000_000_000));
}

/// Two flows of ten years ahead move the clock; what follows shows that it was wrong, unless others are among it.
#[test]
fn a_clock_that_was_wrong_is_set_back() {
    let year = 31_536_000;
    let mut live = LiveWindows::new(LiveOptions::default());
    live.observe(&knock(0, 10 * year));
    let is_missing = |features: [f32; N_FEATURES]| features.iter().all(|value| value.is_nan());
    for i in 1..64 {
        assert!(is_missing(live.observe(&knock(i, i as i64))), "{i}");
    }
    assert_eq!((live.clock(), live.set_back()), (Some(10 * year * 1_000_000), 0));
    assert!(!is_missing(live.observe(&knock(64, 64))));
    assert_eq!((live.clock(), live.late(), live.set_back()), (Some(64_000_000), 63, 1));
    assert_eq!(live.observe(&knock(65, 65))[0], 2.0);
    // Connections of days that end together, as where a sensor is restarted, and now and then one that is lost.
    for i in 0..1_000 {
        let end = if i % 50 == 0 { None } else { Some(66_000_000) };
        live.observe(&Event { end, ..knock(100 + i, i as i64 - 2 * 86_400) });
    }
    assert_eq!((live.clock(), live.set_back()), (Some(65_000_000), 1));
    // It goes on from a state as if there had been none.
    let bytes = postcard::to_stdvec(&live.state()).unwrap();
    let live = LiveWindows::restore(LiveOptions::default(), postcard::from_bytes(&bytes).unwrap()).unwrap();
    assert_eq!((live.late(), live.set_back()), (63 + 1_000, 1));
}

#[test]
fn memory_is_bounded_and_what_was_forgotten_counted() {
    let mut live = LiveWindows::new(LiveOptions { tables: 1 << 20, ..LiveOptions::default() });
    let mut most = 0;
    for i in 0..40_000u64 {
        let event = Event { source: Some(i % 50), port: (i % 7_000) as u32, ..knock(i, 1_000 + i as i64 / 40) };
        live.observe(&event);
        most = most.max(live.bytes() + live.around.conversation_bytes());
    }
    assert!(most <= (1 << 20) + (64 << 10), "{most}");
    assert!(live.evictions().window_flows > 30_000, "{:?}", live.evictions());
    assert_eq!(live.late(), 0);
}
