//! Sinks: where scored records go. Encoding runs on any thread, batch by batch; writing is serial and in order; a file
//! appears under its name only when it is complete.
