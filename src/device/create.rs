//! What a [`Gpu`] creates: the only functions that do, so that they can count it.

use super::{Access, Binding, Gpu, Kernel, Pipeline};
use crate::Result;
use std::sync::atomic::Ordering::Relaxed;

impl Gpu {
    /// An uninitialised buffer; at least 16 bytes, since an empty binding is none.
    pub(crate) fn buffer(&self, label: &str, bytes: u64, usage: wgpu::BufferUsages) -> Result<wgpu::Buffer> {
        self.counters.buffers.fetch_add(1, Relaxed);
        let buffer = self.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some(label),
            size: bytes.next_multiple_of(16).max(16),
            usage,
            mapped_at_creation: usage.contains(wgpu::BufferUsages::MAP_WRITE),
        });
        self.check().map(|()| buffer)
    }

    /// Room for `count` readings of the device's clock.
    pub(super) fn queries(&self, count: u32) -> Result<wgpu::QuerySet> {
        self.counters.buffers.fetch_add(1, Relaxed);
        let descriptor = wgpu::QuerySetDescriptor { label: Some("clock"), ty: wgpu::QueryType::Timestamp, count };
        let queries = self.device.create_query_set(&descriptor);
        self.check().map(|()| queries)
    }

    /// A storage buffer that holds `content` and stays on the device.
    pub(crate) fn resident(&self, label: &str, content: &[u8]) -> Result<wgpu::Buffer> {
        self.counters.buffers.fetch_add(1, Relaxed);
        let buffer = self.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some(label),
            size: (content.len() as u64).next_multiple_of(16).max(16),
            usage: wgpu::BufferUsages::STORAGE,
            mapped_at_creation: true,
        });
        self.check()?;
        if !content.is_empty() {
            let mut view = buffer.get_mapped_range_mut(..).map_err(|e| self.fail(e))?;
            view.slice(..content.len()).copy_from_slice(content);
        }
        buffer.unmap();
        self.check().map(|()| buffer)
    }

    /// Writes `content` to `buffer` from byte `offset` on, before anything that is submitted later.
    pub(crate) fn write(&self, buffer: &wgpu::Buffer, offset: u64, content: &[u8]) {
        self.queue.write_buffer(buffer, offset, content);
    }

    /// Compiles a kernel with these values of its `override` constants.
    pub(crate) fn pipeline(&self, kernel: &Kernel, constants: &[(&str, f64)]) -> Result<Pipeline> {
        self.counters.pipelines.fetch_add(1, Relaxed);
        let mut text = kernel.text();
        let mut checks = wgpu::ShaderRuntimeChecks::checked();
        if let Some(edit) = &self.options.shader_edit {
            text = edit(kernel.name, text);
        } else if kernel.proven {
            checks = wgpu::ShaderRuntimeChecks::unchecked();
        }
        let descriptor =
            wgpu::ShaderModuleDescriptor { label: Some(kernel.name), source: wgpu::ShaderSource::Wgsl(text.into()) };
        // SAFETY: checks are left out only for kernels that are marked as proven: for all that the host side of the kernel
        // uploads, every index into workgroup memory and storage is in range and every loop ends. The proof stands at its
        // `Kernel` constant.
        let module = unsafe { self.device.create_shader_module_trusted(descriptor, checks) };
        let layouts: Vec<_> = kernel.groups.iter().map(|bindings| self.layout(kernel.name, bindings)).collect();
        let layout = self.device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: Some(kernel.name),
            bind_group_layouts: &layouts.iter().map(Some).collect::<Vec<_>>(),
            immediate_size: 0,
        });
        let pipeline = self.device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: Some(kernel.name),
            layout: Some(&layout),
            module: &module,
            entry_point: Some("main"),
            compilation_options: wgpu::PipelineCompilationOptions {
                constants,
                // Kernels write workgroup memory before they read it, unless somebody edited them.
                zero_initialize_workgroup_memory: self.options.shader_edit.is_some(),
            },
            cache: None,
        });
        self.check().map(|()| Pipeline { pipeline, layouts })
    }

    fn layout(&self, label: &str, bindings: &[Binding]) -> wgpu::BindGroupLayout {
        let entries: Vec<_> = (0..)
            .zip(bindings)
            .map(|(binding, declared)| {
                let (ty, bytes) = match declared.access {
                    Access::Uniform(bytes) => (wgpu::BufferBindingType::Uniform, bytes),
                    Access::Read => (wgpu::BufferBindingType::Storage { read_only: true }, 0),
                    Access::ReadWrite => (wgpu::BufferBindingType::Storage { read_only: false }, 0),
                };
                wgpu::BindGroupLayoutEntry {
                    binding,
                    visibility: wgpu::ShaderStages::COMPUTE,
                    ty: wgpu::BindingType::Buffer {
                        ty,
                        has_dynamic_offset: matches!(declared.access, Access::Uniform(_)),
                        min_binding_size: std::num::NonZero::new(bytes),
                    },
                    count: None,
                }
            })
            .collect();
        self.device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor { label: Some(label), entries: &entries })
    }

    /// Binds `buffers` to bindings 0, 1, … of group `group`; a uniform is bound one entry at a time.
    pub(crate) fn bind(
        &self,
        kernel: &Kernel,
        pipeline: &Pipeline,
        group: usize,
        buffers: &[&wgpu::Buffer],
    ) -> Result<wgpu::BindGroup> {
        self.counters.bind_groups.fetch_add(1, Relaxed);
        let (Some(layout), Some(bindings)) = (pipeline.layouts.get(group), kernel.groups.get(group)) else {
            return Err(self.fail(format!("{} has no bind group {group}", kernel.name)));
        };
        let entries: Vec<_> = (0..)
            .zip(buffers.iter().zip(*bindings))
            .map(|(binding, (buffer, declared))| {
                let size = match declared.access {
                    Access::Uniform(bytes) => std::num::NonZero::new(bytes),
                    _ => None,
                };
                let resource = wgpu::BindingResource::Buffer(wgpu::BufferBinding { buffer, offset: 0, size });
                wgpu::BindGroupEntry { binding, resource }
            })
            .collect();
        let group = self.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some(kernel.name),
            layout,
            entries: &entries,
        });
        self.check().map(|()| group)
    }
}
