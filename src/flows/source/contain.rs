//! Decoders of other crates, held so that a damaged file is an error and never a panic.
//!
//! arrow-ipc panics on many malformed messages (unknown bit widths, buffers past the end) and parquet on some. They
//! own all they touch while decoding, so an unwound decoder leaves nothing half done behind.

use std::any::Any;
use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

thread_local! {
    static DECODING: Cell<bool> = const { Cell::new(false) };
}

/// Runs a decoder; a panic in it becomes the error, in the panic's words, and is not printed.
pub(super) fn contained<T>(decode: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    silence_contained_panics();
    let outer = DECODING.replace(true);
    let outcome = panic::catch_unwind(AssertUnwindSafe(decode));
    DECODING.set(outer);
    outcome.unwrap_or_else(|payload| Err(format!("the decoder gave up: {}", words(payload.as_ref()))))
}

/// Panics of other code still reach the hook that was there before.
fn silence_contained_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            if !DECODING.get() {
                before(panic);
            }
        }));
    });
}

fn words(payload: &(dyn Any + Send)) -> &str {
    match (payload.downcast_ref::<String>(), payload.downcast_ref::<&str>()) {
        (Some(words), _) => words,
        (_, Some(words)) => words,
        _ => "malformed data",
    }
}
