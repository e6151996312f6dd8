use super::*;

#[test]
fn lists_are_kept_where_they_fit_and_refused_where_nothing_does() {
    let plan = |memory| SelfJoinPlan::new((1_000, 4), 20, 3, memory);
    // 1,000 rows: 48,000 bytes twice and indexed, 24,000 of results, 240,000 of lists.
    let kept = plan(312_000).unwrap();
    assert_eq!((kept.n_passes, kept.list_bytes, kept.keeps_lists()), (1, 240_000, true));
    let streamed = plan(311_999).unwrap();
    assert_eq!((streamed.n_passes, streamed.list_bytes, streamed.keeps_lists()), (3, 0, false));
    assert!(plan(72_000).is_ok());
    let refused = plan(71_999).unwrap_err().to_string();
    assert!(refused.contains("memory is 0.1 MiB") && refused.contains("1000 rows of 4 features"), "{refused}");
    // Lists that are looked at once are never kept.
    let once = SelfJoinPlan::new((1_000, 4), 20, 1, 1 << 30).unwrap();
    assert_eq!((once.n_passes, once.list_bytes), (1, 0));
}

#[test]
fn the_plan_says_what_it_takes() {
    let text = SelfJoinPlan::new((50_000, 40), 20, 3, 4 << 30).unwrap().to_string();
    assert_eq!(
        text,
        "50000 rows × 40 features, lists of 20 searched once and kept: 1 pass; rows 16.0 MiB, results 1.1 MiB, \
         lists 11.4 MiB, of 4096.0 MiB allowed"
    );
    let text = SelfJoinPlan::new((50_000, 40), 20, 3, 20 << 20).unwrap().to_string();
    assert!(text.contains("searched again in each pass: 3 passes") && text.contains("lists 0.0 MiB"), "{text}");
}
