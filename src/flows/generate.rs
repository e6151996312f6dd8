//! Synthetic flows with five named kinds of anomaly.
