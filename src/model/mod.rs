//! The saved model: versioned, checksummed, no code in it.
