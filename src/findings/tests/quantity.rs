use crate::findings::quantity::{bytes, count, duration, duration_range, percent, severity, short_severity, when};

#[test]
fn numbers_are_as_people_read_them() {
    assert_eq!([0, 999, 1_013, 31_391, 1_000_000].map(count), ["0", "999", "1,013", "31,391", "1,000,000"]);
    let sizes = [0, 84, 1_288, 9_999, 10_000, 145_000, 999_499, 999_500, 1_964_191_874, u64::MAX];
    let read = ["0 B", "84 B", "1,288 B", "9,999 B", "10.0 kB", "145 kB", "999 kB", "1.00 MB", "1.96 GB", "18.4 EB"];
    assert_eq!(sizes.map(bytes), read);
    let times = [0.0, 0.107, 6.849, 99.94, 99.96, 268.1, 599.0, 600.0, 7_199.0, 97_201.0, 172_800.0, 1e9];
    let read = [
        "0.00 s", "0.11 s", "6.8 s", "99.9 s", "100 s", "268 s", "599 s", "10.0 min", "120 min", "27.0 h", "2.0 d",
        "11,574 d",
    ];
    assert_eq!(times.map(duration), read);
    assert_eq!(duration_range(6.84, 7.02, 6.9), "6.8-7.0");
    assert_eq!(duration_range(3_600.0, 10_800.0, 7_200.0), "1.0-3.0");
    assert_eq!(duration_range(0.0, 1.0, 0.0), "0.00-1.0");
    let shares = [(0, 9), (1, 1_000), (17, 100), (999, 1_000), (9, 9), (0, 0)];
    assert_eq!(shares.map(|(part, whole)| percent(part, whole)), ["none", "under 1%", "17%", "99%", "all", "none"]);
}

#[test]
fn times_are_as_brief_as_they_may_be() {
    let at = |day: i64, h: i64, m: i64, s: i64| (19_832 + day) * 86_400_000_000 + ((h * 60 + m) * 60 + s) * 1_000_000;
    assert_eq!(when(at(0, 8, 23, 1), at(0, 9, 17, 59), false), "08:23-09:17");
    assert_eq!(when(at(0, 15, 19, 19), at(0, 15, 19, 19) + 400_000, false), "15:19:19");
    assert_eq!(when(at(0, 8, 23, 1), at(0, 9, 17, 59), true), "04-19 08:23-09:17");
    assert_eq!(when(at(0, 8, 23, 1), at(2, 3, 11, 0), true), "04-19 08:23 to 04-21 03:11");
    assert_eq!(when(at(0, 8, 23, 1), at(0, 8, 23, 1), true), "04-19 08:23:01");
    // No time there is makes trouble.
    for (first, last) in [(i64::MIN, i64::MAX), (-1, 0)] {
        assert!(when(first, last, true).contains("to"));
    }
}

#[test]
fn no_severity_is_shown_as_1() {
    assert_eq!([0.0, 0.4567, 0.9996, 1.0].map(|value| severity(value, 3)), ["0.000", "0.456", "0.999", "0.999"]);
    assert_eq!([0.0, 0.4567, 0.9996].map(short_severity), [".00", ".45", ".99"]);
}
