//! Shader text into pipelines, each text and entry point once.
//!
//! Layouts are explicit, from the bindings that the caller reflected: a layout derived by the
//! interface would be tied to one pipeline and could not place uniforms by dynamic offset.

use std::collections::HashMap;

use crate::{
    device::Device,
    error::GpuError,
    plan::{Arg, Binding, BindingKind, BufferId, Dispatch, PipelineId, Shader},
};

/// Longest shader text in bytes. Generated shaders are a few KiB; more is a mistake or an attack
/// on the compiler.
const MAX_SOURCE: u64 = 1 << 20;

/// A compiled entry point.
#[derive(Debug)]
pub(crate) struct Pipeline {
    pub(crate) raw: wgpu::ComputePipeline,
    /// Index into [`Pipelines::layouts`].
    pub(crate) layout: usize,
    pub(crate) shader: Shader,
}

/// A bind group layout and what it was made from.
#[derive(Debug)]
pub(crate) struct Layout {
    bindings: Vec<Binding>,
    pub(crate) group: wgpu::BindGroupLayout,
    pipeline: wgpu::PipelineLayout,
}

/// Every pipeline of a session with what they share.
#[derive(Debug, Default)]
pub(crate) struct Pipelines {
    list: Vec<Pipeline>,
    layouts: Vec<Layout>,
    modules: HashMap<String, wgpu::ShaderModule>,
}

impl Pipelines {
    pub(crate) fn get(&self, id: PipelineId) -> Result<&Pipeline, GpuError> {
        self.list.get(id.0).ok_or(GpuError::UnknownPipeline(id))
    }

    pub(crate) fn layout(&self, index: usize) -> &Layout {
        &self.layouts[index]
    }

    /// Compiles an entry point, or finds it compiled.
    pub(crate) fn compile(
        &mut self,
        device: &Device,
        shader: &Shader,
    ) -> Result<PipelineId, GpuError> {
        device.check()?;
        if let Some(known) = self.list.iter().position(|p| p.shader == *shader) {
            return Ok(PipelineId(known));
        }
        let module = self.module(device, &shader.source)?;
        let layout = self.make_layout(device, &shader.bindings)?;
        let constants: Vec<(&str, f64)> =
            shader.constants.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        let compiled = device.scoped(0, || {
            device.raw.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
                label: Some(&shader.entry),
                layout: Some(&self.layouts[layout].pipeline),
                module: &module,
                entry_point: Some(&shader.entry),
                compilation_options: wgpu::PipelineCompilationOptions {
                    constants: &constants,
                    zero_initialize_workgroup_memory: true,
                },
                cache: None,
            })
        });
        let raw = compiled.map_err(|error| match error {
            // The driver's own compiler gave up on a shader that the interface had accepted.
            GpuError::Driver { message } => GpuError::ShaderCompile { message },
            other => other,
        })?;
        self.list.push(Pipeline { raw, layout, shader: shader.clone() });
        Ok(PipelineId(self.list.len() - 1))
    }

    fn module(&mut self, device: &Device, source: &str) -> Result<wgpu::ShaderModule, GpuError> {
        if let Some(module) = self.modules.get(source) {
            return Ok(module.clone());
        }
        let needed = source.len() as u64;
        if needed > MAX_SOURCE {
            let what = "the length of a shader in bytes";
            return Err(GpuError::LimitExceeded { what, needed, limit: MAX_SOURCE });
        }
        let module = device
            .scoped(0, || {
                device.raw.create_shader_module(wgpu::ShaderModuleDescriptor {
                    label: Some("kernel"),
                    source: wgpu::ShaderSource::Wgsl(source.into()),
                })
            })
            .map_err(|error| match error {
                GpuError::Validation { message } | GpuError::Driver { message } => {
                    GpuError::ShaderCompile { message: compiler_words(&message).to_owned() }
                }
                other => other,
            })?;
        self.modules.insert(source.to_owned(), module.clone());
        Ok(module)
    }

    fn make_layout(&mut self, device: &Device, bindings: &[Binding]) -> Result<usize, GpuError> {
        if let Some(known) = self.layouts.iter().position(|l| l.bindings == bindings) {
            return Ok(known);
        }
        let storage = bindings.iter().filter(|b| b.kind != BindingKind::Uniform).count() as u64;
        let limit = u64::from(device.info().limits.max_storage_buffers);
        if storage > limit {
            let what = "the number of storage buffers of one pipeline";
            return Err(GpuError::LimitExceeded { what, needed: storage, limit });
        }
        let entries: Vec<wgpu::BindGroupLayoutEntry> = bindings.iter().map(entry).collect();
        let (group, pipeline) = device.scoped(0, || {
            let descriptor = wgpu::BindGroupLayoutDescriptor { label: None, entries: &entries };
            let group = device.raw.create_bind_group_layout(&descriptor);
            let pipeline = device.raw.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
                label: None,
                bind_group_layouts: &[Some(&group)],
                immediate_size: 0,
            });
            (group, pipeline)
        })?;
        self.layouts.push(Layout { bindings: bindings.to_vec(), group, pipeline });
        Ok(self.layouts.len() - 1)
    }
}

/// The compiler's own part of a message, without the names of the calls around it.
fn compiler_words(message: &str) -> &str {
    let start = message.find("Shader '").unwrap_or(0);
    message[start..].trim()
}

fn entry(binding: &Binding) -> wgpu::BindGroupLayoutEntry {
    let (ty, has_dynamic_offset) = match binding.kind {
        BindingKind::StorageRead => (wgpu::BufferBindingType::Storage { read_only: true }, false),
        BindingKind::StorageReadWrite => {
            (wgpu::BufferBindingType::Storage { read_only: false }, false)
        }
        BindingKind::Uniform => (wgpu::BufferBindingType::Uniform, true),
    };
    wgpu::BindGroupLayoutEntry {
        binding: binding.slot,
        visibility: wgpu::ShaderStages::COMPUTE,
        ty: wgpu::BindingType::Buffer { ty, has_dynamic_offset, min_binding_size: None },
        count: None,
    }
}

/// Whether the arguments of a dispatch are those that its pipeline binds.
pub(crate) fn check_args(shader: &Shader, dispatch: &Dispatch) -> Result<(), GpuError> {
    let expected = shader.bindings.iter().map(|b| match b.kind {
        BindingKind::StorageRead | BindingKind::StorageReadWrite => "a buffer",
        BindingKind::Uniform => "a uniform",
    });
    let found = dispatch.args.iter().map(|a| match a {
        Arg::Buffer(_) => "a buffer",
        Arg::Uniform(_) => "a uniform",
    });
    let longest = shader.bindings.len().max(dispatch.args.len());
    let pad = std::iter::repeat("nothing");
    let pairs = expected.chain(pad.clone()).zip(found.chain(pad)).take(longest);
    for (index, (expected, found)) in pairs.enumerate() {
        if expected != found {
            let entry = shader.entry.clone();
            return Err(GpuError::Arguments { entry, index, expected, found });
        }
    }
    Ok(())
}

/// A buffer with two bindings, one of them written, and the positions of both.
pub(crate) fn aliased(shader: &Shader, dispatch: &Dispatch) -> Option<(BufferId, usize, usize)> {
    let buffer = |at: usize| match dispatch.args.get(at)? {
        Arg::Buffer(id) => {
            Some((*id, shader.bindings.get(at)?.kind == BindingKind::StorageReadWrite))
        }
        Arg::Uniform(_) => None,
    };
    (0..dispatch.args.len()).find_map(|second| {
        let (id, written) = buffer(second)?;
        let clashes = |(other, also_written)| other == id && (written || also_written);
        let first = (0..second).find(|first| buffer(*first).is_some_and(clashes))?;
        Some((id, first, second))
    })
}
