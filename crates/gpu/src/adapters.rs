//! What the machine offers: every adapter, with a name short enough for a file and a column.
//!
//! Only Vulkan, Metal and DirectX 12 are asked. GL would list a software Vulkan driver's GL twin a
//! second time, with other rules for indices out of bounds.
//!
//! Drivers read their settings from the environment when the first instance is made: set
//! `VK_DRIVER_FILES` (colon-separated, chooses the Vulkan drivers) and a private `XDG_RUNTIME_DIR`
//! (Mesa complains on stderr without one) when starting the process; they are not set here, for
//! changing the environment of a running process is not sound.

use std::collections::BTreeMap;

/// What kind of hardware stands behind an adapter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AdapterKind {
    /// A GPU with memory of its own.
    Discrete,
    /// A GPU that shares the memory of the CPU.
    Integrated,
    /// A share of a GPU given to a virtual machine.
    Virtual,
    /// A driver that computes on the CPU. Never ranked as a GPU.
    Software,
    /// The driver does not say.
    Other,
}

impl AdapterKind {
    /// The word for tables and records.
    pub fn name(self) -> &'static str {
        match self {
            AdapterKind::Discrete => "discrete",
            AdapterKind::Integrated => "integrated",
            AdapterKind::Virtual => "virtual",
            AdapterKind::Software => "software",
            AdapterKind::Other => "other",
        }
    }
}

/// The limits that kernels run into. Sizes are in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdapterLimits {
    /// Largest buffer.
    pub max_buffer_size: u64,
    /// Largest part of a buffer that one storage binding shows to a shader.
    pub max_storage_binding: u64,
    /// Largest uniform binding.
    pub max_uniform_binding: u64,
    /// Storage buffers that one pipeline may bind.
    pub max_storage_buffers: u32,
    /// Workgroups along each axis of a dispatch.
    pub max_groups_per_dimension: u32,
    /// Invocations in a workgroup.
    pub max_invocations_per_group: u32,
    /// Extents of a workgroup along x, y, z.
    pub max_group_size: [u32; 3],
    /// Workgroup memory.
    pub max_group_memory: u32,
}

/// One adapter, as plain data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdapterInfo {
    /// Position in [`adapters`].
    pub index: usize,
    /// Short name, unique on this machine, made of `a-z0-9-`: `llvmpipe`, `nvidia-h200`.
    pub slug: String,
    /// The driver's own name for it.
    pub name: String,
    /// Vendor in words where the id is known, else the id in hexadecimal.
    pub vendor: String,
    /// Name of the driver.
    pub driver: String,
    /// Version of the driver, in its own format; `version not reported` if it keeps it to itself.
    pub driver_info: String,
    /// `vulkan`, `metal` or `dx12`.
    pub backend: String,
    /// What stands behind it.
    pub kind: AdapterKind,
    /// Whether shaders may compute in 64-bit floats.
    pub f64: bool,
    /// Whether it can write timestamps around passes. Whether they can be trusted is for
    /// [`crate::passport()`] to say.
    pub timestamps: bool,
    /// Smallest and largest subgroup, if shaders may use subgroup operations.
    pub subgroups: Option<(u32, u32)>,
    /// Limits of interest.
    pub limits: AdapterLimits,
}

impl AdapterInfo {
    /// Whether this is a driver that computes on the CPU.
    pub fn is_software(&self) -> bool {
        self.kind == AdapterKind::Software
    }
}

/// Every adapter of the machine, in the order of its drivers; empty if there is none
/// ([`crate::NO_DRIVER_CURE`] says what to do then).
pub fn adapters() -> Vec<AdapterInfo> {
    enumerate().into_iter().map(|(_, info)| info).collect()
}

/// The interface's own handles beside their descriptions.
pub(crate) fn enumerate() -> Vec<(wgpu::Adapter, AdapterInfo)> {
    let backends = wgpu::Backends::VULKAN | wgpu::Backends::METAL | wgpu::Backends::DX12;
    // Debug and validation layers cost time and print; build profiles must not decide on them.
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor {
        backends,
        flags: wgpu::InstanceFlags::empty(),
        ..wgpu::InstanceDescriptor::new_without_display_handle()
    });
    let found = pollster::block_on(instance.enumerate_adapters(backends));
    let names: Vec<String> = found.iter().map(|a| a.get_info().name).collect();
    let slugs = unique_slugs(&names);
    found
        .into_iter()
        .zip(slugs)
        .enumerate()
        .map(|(index, (adapter, slug))| {
            let info = describe(&adapter, index, slug);
            (adapter, info)
        })
        .collect()
}

fn describe(adapter: &wgpu::Adapter, index: usize, slug: String) -> AdapterInfo {
    let info = adapter.get_info();
    let features = adapter.features();
    let limits = adapter.limits();
    AdapterInfo {
        index,
        slug,
        vendor: vendor_name(info.vendor),
        backend: info.backend.to_str().to_owned(),
        kind: kind_of(info.device_type),
        f64: features.contains(wgpu::Features::SHADER_F64),
        timestamps: features.contains(wgpu::Features::TIMESTAMP_QUERY),
        subgroups: features
            .contains(wgpu::Features::SUBGROUP)
            .then_some((info.subgroup_min_size, info.subgroup_max_size)),
        limits: AdapterLimits {
            max_buffer_size: limits.max_buffer_size,
            max_storage_binding: limits.max_storage_buffer_binding_size,
            max_uniform_binding: limits.max_uniform_buffer_binding_size,
            max_storage_buffers: limits.max_storage_buffers_per_shader_stage,
            max_groups_per_dimension: limits.max_compute_workgroups_per_dimension,
            max_invocations_per_group: limits.max_compute_invocations_per_workgroup,
            max_group_size: [
                limits.max_compute_workgroup_size_x,
                limits.max_compute_workgroup_size_y,
                limits.max_compute_workgroup_size_z,
            ],
            max_group_memory: limits.max_compute_workgroup_storage_size,
        },
        name: info.name,
        driver: info.driver,
        driver_info: if info.driver_info.is_empty() {
            "version not reported".into()
        } else {
            info.driver_info
        },
    }
}

fn kind_of(device: wgpu::DeviceType) -> AdapterKind {
    match device {
        wgpu::DeviceType::DiscreteGpu => AdapterKind::Discrete,
        wgpu::DeviceType::IntegratedGpu => AdapterKind::Integrated,
        wgpu::DeviceType::VirtualGpu => AdapterKind::Virtual,
        wgpu::DeviceType::Cpu => AdapterKind::Software,
        wgpu::DeviceType::Other => AdapterKind::Other,
    }
}

/// PCI vendor ids, and Khronos' own above 0xFFFF for those who have none.
fn vendor_name(id: u32) -> String {
    match id {
        0x1002 => "AMD".into(),
        0x1010 => "Imagination".into(),
        0x106b => "Apple".into(),
        0x10de => "NVIDIA".into(),
        0x13b5 => "Arm".into(),
        0x1414 => "Microsoft".into(),
        0x1ae0 => "Google".into(),
        0x5143 => "Qualcomm".into(),
        0x8086 => "Intel".into(),
        0x10005 => "Mesa".into(),
        other => format!("{other:#06x}"),
    }
}

/// Longest slug without its suffix: it stands in file names and 80-column tables.
const SLUG_LENGTH: usize = 28;

/// A name without what stands in brackets (versions, code names), its words joined by `-`.
fn slug(name: &str) -> String {
    let mut depth = 0_u32;
    let mut plain = String::new();
    for c in name.chars() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            c if depth == 0 => plain.push(c.to_ascii_lowercase()),
            _ => {}
        }
    }
    let mut result = String::new();
    let words = plain.split(|c: char| !c.is_ascii_alphanumeric());
    for word in words.filter(|w| !w.is_empty() && *w != "device") {
        if result.len() + 1 + word.len() > SLUG_LENGTH && !result.is_empty() {
            break;
        }
        if !result.is_empty() {
            result.push('-');
        }
        result.push_str(word);
    }
    result.truncate(SLUG_LENGTH);
    if result.is_empty() { "adapter".into() } else { result }
}

/// Slugs of all names; the second of a kind gets `-2`, the third `-3`.
fn unique_slugs(names: &[String]) -> Vec<String> {
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    let mut taken: Vec<String> = Vec::new();
    for name in names {
        let base = slug(name);
        let count = seen.entry(base.clone()).or_insert(0);
        let unique = loop {
            *count += 1;
            let candidate = if *count == 1 { base.clone() } else { format!("{base}-{count}") };
            if !taken.contains(&candidate) {
                break candidate;
            }
        };
        taken.push(unique);
    }
    taken
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_short_and_stable() {
        for (name, expected) in [
            ("llvmpipe (LLVM 15.0.6, 256 bits)", "llvmpipe"),
            ("SwiftShader Device (Subzero)", "swiftshader"),
            ("NVIDIA H200", "nvidia-h200"),
            ("AMD Radeon RX 7900 XT (RADV NAVI31)", "amd-radeon-rx-7900-xt"),
            ("Intel(R) Arc(tm) A770 Graphics", "intel-arc-a770-graphics"),
            ("(unnamed)", "adapter"),
            ("An Uncommonly Long Name Of A Graphics Card", "an-uncommonly-long-name-of-a"),
        ] {
            assert_eq!(slug(name), expected, "{name}");
        }
    }

    #[test]
    fn equal_names_get_suffixes_that_collide_with_nothing() {
        let names = ["H 200", "H 200", "H 200 (2)", "H 200 2", "H 200"].map(String::from);
        let slugs = unique_slugs(&names);
        assert_eq!(slugs, ["h-200", "h-200-2", "h-200-3", "h-200-2-2", "h-200-4"]);
        let mut sorted = slugs.clone();
        sorted.sort();
        sorted.dedup();
        assert_eq!(sorted.len(), slugs.len());
    }
}
