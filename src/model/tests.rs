use super::*;
use std::time::{Duration, UNIX_EPOCH};

#[test]
fn times_are_rfc_3339() {
    // date -u -d @SECONDS +%FT%TZ
    let known = [
        (0, "1970-01-01T00:00:00Z"),
        (951_782_399, "2000-02-28T23:59:59Z"),
        (951_782_400, "2000-02-29T00:00:00Z"),
        (1_709_251_199, "2024-02-29T23:59:59Z"),
        (1_735_689_599, "2024-12-31T23:59:59Z"),
        (4_107_542_400, "2100-03-01T00:00:00Z"),
        (253_402_300_799, "9999-12-31T23:59:59Z"),
    ];
    for (seconds, text) in known {
        assert_eq!(rfc3339(UNIX_EPOCH + Duration::from_secs(seconds)), text);
    }
    assert_eq!(rfc3339(UNIX_EPOCH - Duration::from_secs(5)), "1970-01-01T00:00:00Z");
}

#[test]
fn sections_survive_and_nothing_else_does() {
    let sections = [("header", b"{}".to_vec()), ("empty", Vec::new()), ("severity", vec![1, 2, 3])];
    let file = container::pack(&sections).unwrap();
    let mut read = container::unpack(&file).unwrap();
    let [a] = read.take(["header"]).unwrap();
    assert!(read.end().unwrap_err().contains("`empty"));
    let [b, c] = read.take(["empty", "severity"]).unwrap();
    assert_eq!((a, b, c), (&b"{}"[..], &b""[..], &[1, 2, 3][..]));
    read.end().unwrap();
    assert!(read.take(["more"]).is_err());
    assert!(container::unpack(&file).unwrap().take(["header", "severity"]).unwrap_err().contains("`severity`"));
    for end in 0..file.len() {
        assert!(container::unpack(&file[..end]).is_err());
    }
    for bit in 0..8 * file.len() {
        let mut altered = file.clone();
        altered[bit / 8] ^= 1 << (bit % 8);
        assert!(container::unpack(&altered).is_err(), "bit {bit}");
    }
}

/// A right checksum over a directory that lies about its sections.
#[test]
fn lying_directories() {
    let file = container::pack(&[("a", vec![7; 10]), ("b", vec![8; 20])]).unwrap();
    let lie = |at: usize, word: &[u8]| {
        let mut content = file[..file.len() - 32].to_vec();
        content[at..at + word.len()].copy_from_slice(word);
        let checksum = blake3::hash(&content);
        content.extend(checksum.as_bytes());
        container::unpack(&content).map(|_| ()).unwrap_err()
    };
    for sections in [0, 1, 3, 64, 65, u32::MAX] {
        assert!(lie(12, &sections.to_le_bytes()).contains("do not fill"));
    }
    for length in [0, 9, 11, 30, u64::MAX, 1 << 40] {
        assert!(lie(32, &length.to_le_bytes()).contains("do not fill"));
    }
}

#[test]
fn statistics_of_trees() {
    use crate::ops::path_length::{Forest, Node, Tree};
    let leaf = Node::Leaf { path: 0 };
    let split = |feature, left, right| Node::Split { feature, threshold: 0.0, left, right };
    let deep = Tree { nodes: vec![split(3, 1, 2), leaf, split(1, 3, 4), leaf, leaf] };
    let forest = Forest::new(5, vec![deep, Tree { nodes: vec![leaf] }]).unwrap();
    let met = TreeStatistics::of(&forest);
    let known =
        TreeStatistics { n_trees: 2, n_nodes: 6, n_leaves: 4, max_depth: 2, mean_leaf_depth: 1.25, n_features_used: 2 };
    assert_eq!(met, known);
    let packed = trees::pack(&forest);
    let sections = [&packed[0][..], &packed[1][..], &packed[2][..], &packed[3][..]];
    assert_eq!(trees::unpack(5, sections).unwrap(), forest);
    assert!(trees::unpack(3, sections).is_err(), "feature 3 of 3");
    for short in 0..4 {
        let mut cut = sections;
        cut[short] = &cut[short][..cut[short].len() - 4];
        assert!(trees::unpack(5, cut).is_err());
        cut[short] = &sections[short][..sections[short].len() - 1];
        assert!(trees::unpack(5, cut).is_err());
    }
}
