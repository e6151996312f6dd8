//! Progress on a terminal; nothing elsewhere.

use crate::detectors::SolverState;
use crate::pipeline::Progress;
use indicatif::{HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::time::Duration;

/// A bar over the bytes of the input, on stderr.
pub struct Bar(ProgressBar);

impl Bar {
    /// A bar for a pass of `what` over `total` bytes (unknown: a spinner); hidden when quiet or not on a terminal.
    pub fn new(what: &'static str, total: Option<u64>, quiet: bool) -> Self {
        let bar = match total {
            Some(total) => ProgressBar::new(total)
                .with_style(style("{prefix:>8} {bar:30} {percent:>3}%  {msg}  {bytes_per_sec}, {eta} left")),
            None => ProgressBar::new_spinner().with_style(style("{prefix:>8} {spinner} {msg}  {bytes} read")),
        };
        // indicatif hides a bar by itself when stderr is no terminal.
        bar.set_draw_target(if quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr_with_hz(8) });
        bar.set_prefix(what);
        bar.enable_steady_tick(Duration::from_millis(250));
        Self(bar)
    }

    /// A bar over steps.
    pub fn of_steps(what: &'static str, n_steps: usize, quiet: bool) -> Self {
        let bar = Self::new(what, Some(n_steps as u64), quiet);
        bar.0.set_style(style("{prefix:>8} {bar:30} {percent:>3}%  {msg}  {eta} left"));
        bar
    }

    /// Shows how many steps are done, and what they came to.
    pub fn update_steps(&self, done: usize, text: &str) {
        self.0.set_position(done as u64);
        self.0.set_message(text.to_owned());
    }

    /// Shows how many epochs are done, of how many.
    pub fn update_epochs(&self, done: usize, all: usize) {
        self.0.set_length(all as u64);
        self.update_steps(done, "");
    }

    /// Shows how many rows' neighbours are found, of how many: the second half of a fit.
    pub fn update_neighbors(&self, done: u64, all: u64) {
        if self.0.length() != Some(all) {
            self.0.set_position(0);
            self.0.set_style(style("{prefix:>8} {bar:30} {percent:>3}%  {msg}  {eta} left"));
            self.0.set_length(all);
            self.0.set_message("neighbors");
            self.0.reset_eta();
        }
        self.0.set_position(done);
    }

    /// Shows how near the solver of a support vector machine is to its end.
    pub fn update_solver(&self, state: &SolverState) {
        self.0.set_style(style("{prefix:>8} {spinner} {msg}"));
        self.0.set_message(format!(
            "working set {}, gap {:.2e}, to be {:.0e}",
            HumanCount(state.iteration),
            state.gap,
            state.tolerance
        ));
    }

    /// Says something beside the bar.
    pub fn beside(&self, say: impl FnOnce()) {
        self.0.suspend(say);
    }

    /// Shows how far the pass has come.
    pub fn update(&self, at: Progress) {
        // Chunks of compressed Arrow streams count unpacked bytes and can pass the end.
        self.0.set_position(at.source_bytes.min(self.0.length().unwrap_or(u64::MAX)));
        self.0.set_message(format!("{} rows", HumanCount(at.rows)));
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
