//! The targets' shared parts: bodies, and an allocator that says no beyond 6 GiB, so that what asks for too much at once is
//! found where it asks. (The parquet crate reserves the 2 GiB that a damaged page may claim, and does not touch them; what is
//! touched is held to less by libFuzzer.)

#[path = "bodies/mod.rs"]
pub mod bodies;

/// Bytes that may be allocated at once while an input is run.
pub const MEMORY: usize = 6 << 30;

#[global_allocator]
static ALLOCATOR: cap::Cap<std::alloc::System> = cap::Cap::new(std::alloc::System, MEMORY);

/// A libFuzzer target for the body of this name.
#[macro_export]
macro_rules! target {
    ($name:literal) => {
        libfuzzer_sys::fuzz_target!(|data: &[u8]| {
            assert!($crate::bodies::run($name, data), "no target has this name");
        });
    };
}
