//! One opened adapter: what creates, submits, waits and fails.

use super::adapter::adapter;
use super::counters::LiveCounters;
use super::{AdapterKind, AdapterReport, Counters};
use crate::{Error, Result};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// A change to a shader's text before it is compiled: `(kernel name, text) → text`.
pub type ShaderEdit = Arc<dyn Fn(&str, String) -> String + Send + Sync>;

/// How a [`Gpu`] is opened.
#[derive(Clone, Default)]
pub struct GpuOptions {
    /// Bindings larger than this are refused by the device, so that work is split as on an adapter with less memory.
    /// None: what WebGPU guarantees, 128 MiB.
    pub max_binding_bytes: Option<u64>,
    /// What one dispatch should take, so that a screen stays alive and no driver's watchdog barks; work is cut to it as
    /// far as its shape allows. None: 50 ms, and a second on software, which has neither. Zero cuts as finely as possible.
    pub dispatch_time: Option<Duration>,
    /// Changes shaders; a contract test asks with it whether a wrong kernel would be noticed. Edited shaders are always
    /// compiled with every run-time check, and with workgroup memory cleared.
    pub shader_edit: Option<ShaderEdit>,
}

impl std::fmt::Debug for GpuOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GpuOptions")
            .field("max_binding_bytes", &self.max_binding_bytes)
            .field("dispatch_time", &self.dispatch_time)
            .field("shader_edit", &self.shader_edit.is_some())
            .finish()
    }
}

/// What the device's clock can bracket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Clock {
    /// Nothing.
    None,
    /// Whole passes.
    Passes,
    /// Passes and single commands.
    Commands,
}

/// One opened GPU, or software adapter.
#[derive(Debug)]
pub struct Gpu {
    pub(super) device: wgpu::Device,
    pub(super) queue: wgpu::Queue,
    report: &'static AdapterReport,
    pub(super) options: GpuOptions,
    clock: Clock,
    failure: Arc<Failure>,
    pub(super) counters: LiveCounters,
}

impl Gpu {
    /// Opens the adapter with this number in [`adapters`](super::adapters), with the limits that WebGPU guarantees.
    ///
    /// # Errors
    /// If there is no such adapter, it is too small, or its driver refuses.
    pub fn open(index: usize, options: &GpuOptions) -> Result<Self> {
        let (adapter, report) = adapter(index).ok_or_else(|| {
            Error::parameter("device", index, "there is no adapter with this number; see `oddflow devices`")
        })?;
        if let Some(reason) = report.shortfall() {
            return Err(Error::Device(format!(
                "{} cannot be used: {reason}; choose another device",
                report.describe()
            )));
        }
        // Nothing is drawn, so what the adapter lacks of the limits of textures does not matter.
        let mut required_limits = wgpu::Limits::defaults().or_worse_values_from(&adapter.limits());
        if let Some(bytes) = options.max_binding_bytes {
            required_limits.max_storage_buffer_binding_size =
                bytes.min(required_limits.max_storage_buffer_binding_size);
        }
        let passes = wgpu::Features::TIMESTAMP_QUERY;
        let commands = passes | wgpu::Features::TIMESTAMP_QUERY_INSIDE_ENCODERS;
        let (clock, required_features) = match adapter.features() {
            has if has.contains(commands) => (Clock::Commands, commands),
            has if has.contains(passes) => (Clock::Passes, passes),
            _ => (Clock::None, wgpu::Features::empty()),
        };
        let (device, queue) = pollster::block_on(adapter.request_device(&wgpu::DeviceDescriptor {
            label: Some("oddflow"),
            required_features,
            required_limits,
            memory_hints: wgpu::MemoryHints::Performance,
            ..Default::default()
        }))
        .map_err(|e| Error::Device(format!("{} could not be opened: {e}; choose another device", report.describe())))?;

        let failure = Arc::new(Failure { name: report.name.clone(), first: Mutex::new(None) });
        let uncaptured = Arc::clone(&failure);
        device.on_uncaptured_error(Arc::new(move |error: wgpu::Error| uncaptured.set(error.to_string())));
        let lost = Arc::clone(&failure);
        device.set_device_lost_callback(move |_, message| lost.set(format!("the device was lost: {message}")));
        Ok(Self { device, queue, report, options: options.clone(), clock, failure, counters: LiveCounters::default() })
    }

    /// What adapter this is.
    pub fn report(&self) -> &'static AdapterReport {
        self.report
    }

    /// What it was asked to do so far.
    pub fn counters(&self) -> Counters {
        self.counters.snapshot()
    }

    /// Most bytes of one storage binding.
    pub fn max_binding_bytes(&self) -> u64 {
        self.device.limits().max_storage_buffer_binding_size
    }

    /// What one dispatch should take.
    pub fn dispatch_time(&self) -> Duration {
        let software = self.report.kind == AdapterKind::Software;
        self.options.dispatch_time.unwrap_or(Duration::from_millis(if software { 1000 } else { 50 }))
    }

    /// Ends the device, as a driver reset or an unplugged card would: everything afterwards is an error.
    pub fn destroy(&self) {
        self.device.destroy();
        self.failure.set("the device was destroyed".into());
    }

    /// The first thing that went wrong, if anything did.
    pub(crate) fn check(&self) -> Result<()> {
        self.failure.check()
    }

    /// Makes every later use of the device fail.
    pub(super) fn fail(&self, reason: impl std::fmt::Display) -> Error {
        self.failure.set(reason.to_string());
        self.failure.check().err().unwrap_or_else(|| Error::Device(reason.to_string()))
    }

    pub(super) fn clock(&self) -> Clock {
        self.clock
    }

    /// Nanoseconds of one tick of the device's clock.
    pub(super) fn tick(&self) -> f64 {
        f64::from(self.queue.get_timestamp_period())
    }

    /// Counts one recorded dispatch.
    pub(crate) fn count_dispatch(&self) {
        self.counters.dispatches.fetch_add(1, Relaxed);
    }

    /// Waits until a submission is done and its callbacks have been called, by this or another thread.
    pub(super) fn wait(&self, submission: wgpu::SubmissionIndex) -> Result<()> {
        let wait = wgpu::PollType::Wait { submission_index: Some(submission), timeout: None };
        match self.device.poll(wait) {
            Ok(_) => self.check(),
            Err(error) => Err(self.fail(error)),
        }
    }
}

/// Remembers the first error of a device: later ones are its consequences.
#[derive(Debug)]
struct Failure {
    name: String,
    first: Mutex<Option<String>>,
}

impl Failure {
    fn set(&self, reason: String) {
        self.first.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(reason);
    }

    fn check(&self) -> Result<()> {
        match &*self.first.lock().unwrap_or_else(PoisonError::into_inner) {
            None => Ok(()),
            Some(reason) => Err(Error::Device(format!(
                "{} failed: {reason}. Nothing was computed elsewhere instead; run again, or with --device cpu",
                self.name
            ))),
        }
    }
}
