//! Detectors, severity, thresholds and measures of quality. A larger score is more anomalous, everywhere.
