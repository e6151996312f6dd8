use crate::findings::{Rhythm, Starts};
use proptest::prelude::*;

#[test]
fn a_clock_is_regular_and_two_flows_are_not() {
    let clock = Rhythm::of(&[(0..10).map(|i| i * 6_800_000).collect()]).unwrap();
    assert_eq!((clock.gaps, clock.quartiles, clock.regularity), (9, [6.8; 3], 1.0));
    assert!((clock.mean_ln_gap - 2.054_123_733_695_546).abs() < 1e-12, "{}", clock.mean_ln_gap);
    assert_eq!(Rhythm::of(&[vec![0, 5, 10, 15]]).unwrap().regularity, 0.0);
    assert!(Rhythm::of(&[vec![7]]).is_none() && Rhythm::of(&[]).is_none());
    // Twice three began within a second; the shorter time is told.
    let bursts = [0, 900_000, 1_000_000, 5_000_000, 5_100_000, 5_300_000, 6_300_000].to_vec();
    let densest = Rhythm::of(&[vec![5, 6], bursts]).unwrap().densest;
    assert_eq!((densest.flows, densest.seconds, densest.is_cut), (3, 0.3, false));
    // One, then many: what is kept ends amid them.
    let many: Vec<i64> = [0].into_iter().chain((0..1_000).map(|i| 60_000_000 + i * 500)).take(33).collect();
    let densest = Rhythm::of(&[many]).unwrap().densest;
    assert_eq!((densest.flows, densest.seconds, densest.is_cut), (32, 0.0155, true));
    assert_eq!(Rhythm::of(&[vec![0, 5_000_000, 5_000_000]]).unwrap().densest.flows, 2);
    // Gaps of e − 1 and e³ − 1 seconds in turn: logarithms 1 and 3, standard deviation 1, regularity ½.
    let gaps = [1.718_281_828, 19.085_536_923].map(|s: f64| (s * 1e6) as i64);
    let mut starts = vec![0];
    for turn in 0..8 {
        starts.push(starts[turn] + gaps[turn % 2]);
    }
    let two = Rhythm::of(&[starts]).unwrap();
    assert!((two.regularity - 0.5).abs() < 1e-6 && (two.mean_ln_gap - 2.0).abs() < 1e-6, "{two:?}");
}

proptest! {
    #[test]
    fn the_earliest_starts_are_kept_whatever_the_order(mut all in prop::collection::vec(0..1_000i64, 0..300), cut in 0usize..300) {
        let (mut one, mut two, mut whole) = (Starts::default(), Starts::default(), Starts::default());
        let cut = cut.min(all.len());
        all[..cut].iter().for_each(|&start| one.note(start));
        all[cut..].iter().for_each(|&start| two.note(start));
        all.iter().for_each(|&start| whole.note(start));
        one.settle();
        all.sort_unstable();
        all.truncate(33);
        one.join(&two);
        prop_assert_eq!(&one.sorted(), &all);
        prop_assert_eq!(&whole.sorted(), &all);
    }
}
