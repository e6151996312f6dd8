use super::*;
use proptest::prelude::*;

#[test]
fn forms() {
    assert_eq!("high-precision".parse::<ThresholdRule>().unwrap(), ThresholdRule::Severity(0.7));
    assert_eq!(" high-recall ".parse::<ThresholdRule>().unwrap(), ThresholdRule::Severity(0.3));
    assert_eq!("severity: 0.95".parse::<ThresholdRule>().unwrap(), ThresholdRule::Severity(0.95));
    assert_eq!("score:-1.5e-3".parse::<ThresholdRule>().unwrap(), ThresholdRule::Score(-1.5e-3));
    assert_eq!(ThresholdRule::default().to_string(), "severity:0.7");
    for bad in [
        "",
        "0.7",
        "severity",
        "severity:",
        "severity:1",
        "severity:-0.1",
        "severity:NaN",
        "score:inf",
        "score:x",
        "high",
        "contamination:0.6",
    ] {
        assert!(bad.parse::<ThresholdRule>().is_err(), "{bad}");
    }
    for rule in
        [ThresholdRule::Severity(0.123_456_789), ThresholdRule::Score(0.1 + 0.2), ThresholdRule::Contamination(1e-9)]
    {
        assert_eq!(rule.to_string().parse::<ThresholdRule>().unwrap(), rule);
        let json = serde_json::to_string(&rule).unwrap();
        assert_eq!(serde_json::from_str::<ThresholdRule>(&json).unwrap(), rule);
    }
    for share in [0.0, -0.1, 0.500_1, f64::NAN, f64::INFINITY] {
        assert!(ThresholdRule::Contamination(share).check().is_err());
    }
}

#[test]
fn messages_say_value_limit_and_way_out() {
    let message = ThresholdRule::Contamination(0.7).check().unwrap_err().to_string();
    assert!(message.contains("contamination is 0.7") && message.contains("at most 0.5"), "{message}");
    let message = "0.7".parse::<ThresholdRule>().unwrap_err().to_string();
    assert!(message.contains("`0.7`") && message.contains("severity:X"), "{message}");
}

fn share_above(scores: &[f64], share: f64) -> usize {
    let severity = Severity::fit(scores).unwrap();
    let threshold = Threshold::resolve(ThresholdRule::Contamination(share), scores, &severity).unwrap();
    scores.iter().filter(|s| threshold.is_anomaly(**s)).count()
}

#[test]
fn contamination_counts_rows() {
    let scores: Vec<f64> = (0..100).map(|i| f64::from(i * 37 % 100)).collect();
    for percent in 1..=50 {
        assert_eq!(share_above(&scores, f64::from(percent) / 100.0), percent as usize);
    }
    let scores: Vec<f64> = (0..256).map(f64::from).collect();
    assert_eq!(share_above(&scores, 0.1), 25, "scikit-learn flags 26 of 256");
    assert_eq!(share_above(&scores, 0.003), 0);
    assert_eq!(share_above(&[1.0; 50], 0.5), 0);
    assert_eq!(share_above(&[1.0], 0.5), 0);
    assert_eq!(share_above(&[1.0, 2.0], 0.5), 1);
    assert_eq!(share_above(&[1.0, 2.0, 2.0, 2.0], 0.5), 0, "a tie is flagged as a whole or not at all");
    let severity = Severity::fit(&[1.0]).unwrap();
    assert!(Threshold::resolve(ThresholdRule::Contamination(0.1), &[], &severity).is_err());
}

#[test]
fn a_saved_model_has_no_training_scores() {
    let scores: Vec<f64> =
        (0..50_000).map(|i| 0.3 + 0.5 * (f64::from(i * 7_919 % 50_000) / 50_000.0).powi(8)).collect();
    let severity = Severity::fit(&scores).unwrap();
    for (share, off) in [(0.1, 0.5), (0.01, 0.5), (0.001, 0.5), (0.05, 50.0), (0.4, 100.0), (1e-5, 1.0)] {
        let threshold = Threshold::resolve_from_severity(ThresholdRule::Contamination(share), &severity).unwrap();
        let flagged = scores.iter().filter(|s| threshold.is_anomaly(**s)).count() as f64;
        assert!((flagged - share * 50_000.0).abs() <= off, "{share}: {flagged}");
    }
    let rule = ThresholdRule::Severity(0.5);
    assert_eq!(
        Threshold::resolve_from_severity(rule, &severity).unwrap(),
        Threshold::resolve(rule, &[], &severity).unwrap()
    );
    assert!(Threshold::resolve_from_severity(ThresholdRule::Contamination(0.6), &severity).is_err());
}

proptest! {
    /// As close as possible to what was asked and not above it: no other threshold does better.
    #[test]
    fn contamination_is_the_best_not_above(scores in prop::collection::vec((0..30i32).prop_map(f64::from), 1..200), share in 0.001..0.5f64) {
        let reached = share_above(&scores, share);
        let n = scores.len() as f64;
        prop_assert!(reached as f64 / n <= share);
        for candidate in &scores {
            let above = scores.iter().filter(|s| *s > candidate).count();
            prop_assert!(above as f64 / n > share || above <= reached);
        }
    }

    #[test]
    fn severity_rule_agrees_with_severity(scores in prop::collection::vec(0.3..0.9f64, 1..400), level in 0.0..0.999f64) {
        let severity = Severity::fit(&scores).unwrap();
        let threshold = Threshold::resolve(ThresholdRule::Severity(level), &[], &severity).unwrap();
        for &score in &scores {
            prop_assert_eq!(threshold.is_anomaly(score), severity.of(score) > level);
        }
    }
}
