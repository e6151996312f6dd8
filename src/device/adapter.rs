//! The adapters of this machine, asked for once.

use std::sync::OnceLock;

/// What kind of hardware an adapter is, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum AdapterKind {
    /// A GPU with memory of its own.
    Discrete,
    /// A GPU that shares the CPU's memory.
    Integrated,
    /// A GPU lent to a virtual machine.
    Virtual,
    /// The driver does not say.
    Unknown,
    /// A driver that computes on the CPU.
    Software,
}

impl AdapterKind {
    /// Whether `auto` may choose it: a GPU, said by its driver to be one.
    pub fn is_hardware(self) -> bool {
        matches!(self, Self::Discrete | Self::Integrated | Self::Virtual)
    }
}

impl std::fmt::Display for AdapterKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Discrete => "discrete",
            Self::Integrated => "integrated",
            Self::Virtual => "virtual",
            Self::Unknown => "unknown",
            Self::Software => "software",
        })
    }
}

/// The limits that decide what an adapter can run.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct AdapterLimits {
    /// Most bytes of one storage binding.
    pub storage_binding_bytes: u64,
    /// Most bytes of one buffer.
    pub buffer_bytes: u64,
    /// Bytes of workgroup memory.
    pub workgroup_bytes: u32,
    /// Lanes of a workgroup.
    pub workgroup_lanes: u32,
    /// Workgroups in one dimension of a dispatch.
    pub workgroups: u32,
    /// Storage buffers that a kernel can see.
    pub storage_buffers: u32,
    /// Smallest and largest number of lanes that run in step.
    pub subgroup_lanes: (u32, u32),
}

/// One adapter, as `oddflow devices` shows it.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct AdapterReport {
    /// Its number: what `--device INDEX` means.
    pub index: usize,
    /// The name its driver gives.
    pub name: String,
    /// What kind of hardware it is.
    pub kind: AdapterKind,
    /// The API it is reached through: Vulkan, Metal, DX12 or GL.
    pub api: String,
    /// Driver and its version, in the driver's own words.
    pub driver: String,
    /// PCI vendor and device, which tell that two APIs reach the same hardware.
    pub pci_id: (u32, u32),
    /// The limits that decide what it can run.
    pub limits: AdapterLimits,
    /// Whether it runs compute shaders at all.
    pub compute: bool,
    /// Whether it can say how long a kernel took.
    pub timestamps: bool,
}

impl AdapterReport {
    /// `llvmpipe (LLVM 15.0.6, 256 bits) (Vulkan, software, Mesa 25.0.7)`.
    pub fn describe(&self) -> String {
        let software = if self.kind == AdapterKind::Software { ", software" } else { "" };
        let driver = if self.driver.is_empty() { String::new() } else { format!(", {}", self.driver) };
        format!("{} ({}{software}{driver})", self.name, self.api)
    }

    /// Why nothing can run here, or None: every kernel is written for the limits that WebGPU guarantees.
    pub fn shortfall(&self) -> Option<String> {
        if self.api == api(wgpu::Backend::Gl) {
            // One context serves all threads, and waiting in one of them for seconds makes the others give up.
            return Some("it is reached through GL only; install its Vulkan, Metal or DX12 driver".into());
        }
        if !self.compute {
            return Some("it has no compute shaders".into());
        }
        let needed = wgpu::Limits::defaults();
        let limits = &self.limits;
        [
            ("storage binding of", limits.storage_binding_bytes, needed.max_storage_buffer_binding_size, " bytes"),
            ("buffer of", limits.buffer_bytes, needed.max_buffer_size, " bytes"),
            (
                "workgroup memory of",
                limits.workgroup_bytes.into(),
                needed.max_compute_workgroup_storage_size.into(),
                " bytes",
            ),
            (
                "workgroup of",
                limits.workgroup_lanes.into(),
                needed.max_compute_invocations_per_workgroup.into(),
                " lanes",
            ),
            (
                "dispatch of",
                limits.workgroups.into(),
                needed.max_compute_workgroups_per_dimension.into(),
                " workgroups",
            ),
            (
                "kernel with",
                limits.storage_buffers.into(),
                needed.max_storage_buffers_per_shader_stage.into(),
                " storage buffers",
            ),
        ]
        .into_iter()
        .find(|(_, has, needs, _)| has < needs)
        .map(|(what, has, needs, unit)| format!("its largest {what} {has}{unit} is below WebGPU's {needs}"))
    }

    fn new(index: usize, adapter: &wgpu::Adapter) -> Self {
        let info = adapter.get_info();
        let limits = adapter.limits();
        Self {
            index,
            kind: kind(info.device_type),
            api: api(info.backend).into(),
            driver: driver(&info.driver, &info.driver_info),
            name: info.name,
            pci_id: (info.vendor, info.device),
            limits: AdapterLimits {
                storage_binding_bytes: limits.max_storage_buffer_binding_size,
                buffer_bytes: limits.max_buffer_size,
                workgroup_bytes: limits.max_compute_workgroup_storage_size,
                workgroup_lanes: limits.max_compute_invocations_per_workgroup,
                workgroups: limits.max_compute_workgroups_per_dimension,
                storage_buffers: limits.max_storage_buffers_per_shader_stage,
                subgroup_lanes: (info.subgroup_min_size, info.subgroup_max_size),
            },
            compute: adapter.get_downlevel_capabilities().flags.contains(wgpu::DownlevelFlags::COMPUTE_SHADERS),
            timestamps: adapter.features().contains(wgpu::Features::TIMESTAMP_QUERY),
        }
    }
}

/// Every adapter, hardware first; the same list in the same order for the life of the process.
pub fn adapters() -> &'static [AdapterReport] {
    &found().reports
}

/// The adapter behind a report.
pub(super) fn adapter(index: usize) -> Option<&'static (wgpu::Adapter, AdapterReport)> {
    found().adapters.get(index)
}

struct Found {
    adapters: Vec<(wgpu::Adapter, AdapterReport)>,
    reports: Vec<AdapterReport>,
}

fn found() -> &'static Found {
    static FOUND: OnceLock<Found> = OnceLock::new();
    FOUND.get_or_init(|| {
        let mut adapters = enumerate(wgpu::Backends::PRIMARY);
        // GL lists again what the other APIs list, software twice, and its loader writes to stderr. It is asked only
        // where no other API has anything, to be able to say why a GPU that is there cannot be used.
        if adapters.is_empty() {
            adapters = enumerate(wgpu::Backends::GL);
            adapters.dedup_by(|a, b| a.get_info().name == b.get_info().name);
        }
        adapters.sort_by_key(|adapter| {
            let info = adapter.get_info();
            (kind(info.device_type), info.backend as u8)
        });
        let adapters: Vec<_> = adapters
            .into_iter()
            .enumerate()
            .map(|(i, a)| {
                let report = AdapterReport::new(i, &a);
                (a, report)
            })
            .collect();
        let reports = adapters.iter().map(|(_, report)| report.clone()).collect();
        Found { adapters, reports }
    })
}

fn enumerate(backends: wgpu::Backends) -> Vec<wgpu::Adapter> {
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor {
        backends,
        ..wgpu::InstanceDescriptor::new_without_display_handle()
    });
    pollster::block_on(instance.enumerate_adapters(backends))
}

fn kind(device_type: wgpu::DeviceType) -> AdapterKind {
    match device_type {
        wgpu::DeviceType::DiscreteGpu => AdapterKind::Discrete,
        wgpu::DeviceType::IntegratedGpu => AdapterKind::Integrated,
        wgpu::DeviceType::VirtualGpu => AdapterKind::Virtual,
        wgpu::DeviceType::Cpu => AdapterKind::Software,
        wgpu::DeviceType::Other => AdapterKind::Unknown,
    }
}

fn api(backend: wgpu::Backend) -> &'static str {
    match backend {
        wgpu::Backend::Vulkan => "Vulkan",
        wgpu::Backend::Metal => "Metal",
        wgpu::Backend::Dx12 => "DX12",
        wgpu::Backend::Gl => "GL",
        other => other.to_str(),
    }
}

/// Mesa says `llvmpipe` and `Mesa 25.0.7-2 (LLVM 15.0.6)`, in GL `4.5 (Core Profile) Mesa 25.0.7-2`; NVIDIA says `NVIDIA` and
/// `570.133.07`. A bare number is put behind the name; packaging suffixes are cut.
fn driver(name: &str, info: &str) -> String {
    let info = info.find("Mesa ").map_or(info, |at| &info[at..]);
    let version = info.split(" (").next().unwrap_or(info);
    let version = version.split_once('-').map_or(version, |(before, _)| before).trim();
    match version.starts_with(|c: char| c.is_ascii_digit()) {
        true if !name.is_empty() => format!("{name} {version}"),
        _ if version.is_empty() => name.to_string(),
        _ => version.to_string(),
    }
}
