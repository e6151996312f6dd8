use super::counted;

#[test]
fn one_of_many() {
    let of = |n: usize| ["row", "support vector", "batch", "leaf"].map(|one| counted(n, one));
    assert_eq!(of(0), ["0 rows", "0 support vectors", "0 batches", "0 leaves"]);
    assert_eq!(of(1), ["1 row", "1 support vector", "1 batch", "1 leaf"]);
    assert_eq!(of(1_000), ["1000 rows", "1000 support vectors", "1000 batches", "1000 leaves"]);
}

#[test]
fn digits_are_grouped_by_threes() {
    let grouped = [0, 999, 1_000, 31_391, 1_234_567].map(super::grouped);
    assert_eq!(grouped, ["0", "999", "1,000", "31,391", "1,234,567"]);
}
