//! A shader in the languages that drivers take, for reading.
//!
//! The texts come from the same writers that the GPU host uses, with their default options
//! (bounded loops, zeroed workgroup memory) and indices restricted to their arrays.

use std::fmt;

use naga::back::{hlsl, msl, pipeline_constants, spv};
use naga::proc::{BoundsCheckPolicies, BoundsCheckPolicy};
use naga::valid::ModuleInfo;
use naga::{Module, ShaderStage};
use rspirv::binary::Disassemble;

use crate::reflect::{ShaderError, chain, parse, validate};

/// A language that a driver takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// SPIR-V 1.3 (Vulkan 1.1), disassembled.
    SpirV,
    /// Metal Shading Language 2.4.
    Msl,
    /// HLSL for shader model 6.0.
    Hlsl,
}

impl Target {
    /// The language's name.
    pub const fn name(self) -> &'static str {
        match self {
            Target::SpirV => "SPIR-V",
            Target::Msl => "MSL",
            Target::Hlsl => "HLSL",
        }
    }
}

/// Translates one entry point of a WGSL text.
///
/// # Errors
/// If the text is no shader, has no such entry point, or the target cannot express it.
pub fn translate(source: &str, target: Target, entry: &str) -> Result<String, ShaderError> {
    let (module, info) = parse(source)?;
    if !module.entry_points.iter().any(|point| point.name == entry) {
        let present = module.entry_points.iter().map(|point| point.name.clone()).collect();
        return Err(ShaderError::NoEntryPoint { wanted: entry.to_owned(), present });
    }
    // The writers panic on what they do not support, so that is asked first.
    let supported = match target {
        Target::SpirV => spv::supported_capabilities(),
        Target::Msl => msl::supported_capabilities(),
        Target::Hlsl => hlsl::supported_capabilities(),
    };
    if let Err(error) = validate(&module, supported) {
        return Err(refusal(target, error.as_inner()));
    }
    let stage = (ShaderStage::Compute, entry);
    let constants = naga::back::PipelineConstants::default();
    let (module, info) =
        pipeline_constants::process_overrides(&module, &info, Some(stage), &constants)
            .map_err(|error| refusal(target, &error))?;
    match target {
        Target::SpirV => spirv(&module, &info, entry),
        Target::Msl => metal(&module, &info, entry),
        Target::Hlsl => direct3d(&module, &info, entry),
    }
}

fn refusal(target: Target, error: &dyn std::error::Error) -> ShaderError {
    ShaderError::Target { target: target.name(), reason: chain(error) }
}

fn restricted() -> BoundsCheckPolicies {
    let restrict = BoundsCheckPolicy::Restrict;
    BoundsCheckPolicies { index: restrict, buffer: restrict, ..BoundsCheckPolicies::default() }
}

fn spirv(module: &Module, info: &ModuleInfo, entry: &str) -> Result<String, ShaderError> {
    let options = spv::Options {
        lang_version: (1, 3),
        // Names make the text readable; they change nothing else.
        flags: spv::WriterFlags::DEBUG,
        bounds_check_policies: restricted(),
        ..spv::Options::default()
    };
    let pipeline =
        spv::PipelineOptions { shader_stage: ShaderStage::Compute, entry_point: entry.to_owned() };
    let words = spv::write_vec(module, info, &options, Some(&pipeline))
        .map_err(|error| refusal(Target::SpirV, &error))?;
    let module = rspirv::dr::load_words(&words).map_err(|error| Unreadable(error.to_string()));
    let module = module.map_err(|error| refusal(Target::SpirV, &error))?;
    Ok(module.disassemble())
}

/// The disassembler does not know what the writer wrote.
#[derive(Debug)]
struct Unreadable(String);

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the disassembler stops: {}", self.0)
    }
}

impl std::error::Error for Unreadable {}

fn metal(module: &Module, info: &ModuleInfo, entry: &str) -> Result<String, ShaderError> {
    let options = msl::Options {
        lang_version: (2, 4),
        bounds_check_policies: restricted(),
        ..msl::Options::default()
    };
    let entry_point = Some((ShaderStage::Compute, entry.to_owned()));
    let pipeline = msl::PipelineOptions { entry_point, ..msl::PipelineOptions::default() };
    let (text, _) = msl::write_string(module, info, &options, &pipeline)
        .map_err(|error| refusal(Target::Msl, &error))?;
    Ok(text)
}

fn direct3d(module: &Module, info: &ModuleInfo, entry: &str) -> Result<String, ShaderError> {
    let options =
        hlsl::Options { shader_model: hlsl::ShaderModel::V6_0, ..hlsl::Options::default() };
    let pipeline =
        hlsl::PipelineOptions { entry_point: Some((ShaderStage::Compute, entry.to_owned())) };
    let mut text = String::new();
    hlsl::Writer::new(&mut text, &options, &pipeline)
        .write(module, info, None)
        .map_err(|error| refusal(Target::Hlsl, &error))?;
    Ok(text)
}
