//! What each backend makes of a kernel, as text for people.

use crossover_contract::{Failure, Kernel};
use crossover_cranelift::{Lanes, Options};
use crossover_values::DType;
use crossover_wgsl::{Features, FragmentForm, Limits, reflect};

use crate::front;
use crate::wgsl::{generated, tuned};

/// A shader's text with the names of its entry points.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShaderText {
    /// WGSL.
    pub source: String,
    /// Entry points.
    pub entries: Vec<String>,
}

/// The IR that every backend gets.
///
/// # Errors
/// As [`crate::compile`]; likewise below.
pub fn ir(kernel: &Kernel, dtype: DType) -> Result<String, Failure> {
    let module = front::compile(kernel, dtype)?;
    Ok(crossover_ir::print(&module))
}

/// Bytecode of the interpreter, with source lines.
///
/// # Errors
/// If the interpreter refuses the kernel.
pub fn bytecode(kernel: &Kernel, dtype: DType) -> Result<String, Failure> {
    let module = front::compile(kernel, dtype)?;
    let program = crossover_interpreter::compile(&module, 0);
    Ok(program.map_err(|error| Failure::Failed(error.to_string()))?.disassemble())
}

/// Cranelift's IR as it is given to Cranelift.
///
/// # Errors
/// If Cranelift refuses the kernel or this machine.
pub fn clif(kernel: &Kernel, dtype: DType, lanes: Lanes) -> Result<String, Failure> {
    Ok(compiled(kernel, dtype, lanes)?.clif())
}

/// The masked form of the regions that run in lanes, and why others do not.
///
/// # Errors
/// If Cranelift refuses the kernel or this machine.
pub fn lanes(kernel: &Kernel, dtype: DType) -> Result<String, Failure> {
    Ok(compiled(kernel, dtype, Lanes::Paying)?.lanes())
}

/// Machine code of the JIT.
///
/// # Errors
/// If Cranelift refuses the kernel or this machine.
pub fn machine_code(kernel: &Kernel, dtype: DType, lanes: Lanes) -> Result<String, Failure> {
    Ok(compiled(kernel, dtype, lanes)?.disassembly())
}

fn compiled(
    kernel: &Kernel,
    dtype: DType,
    lanes: Lanes,
) -> Result<crossover_cranelift::Compiled, Failure> {
    let module = front::compile(kernel, dtype)?;
    crossover_cranelift::compile(&module, 0, &Options { lanes, ..Options::default() })
        .map_err(|error| Failure::Failed(error.to_string()))
}

/// The shaders of a variant, `tuned` or `generated`, for an adapter that has `f64` and the limits
/// that every adapter has; shared fragments in the form for devices without subgroups. No device is
/// needed.
///
/// # Errors
/// What WGSL cannot express, or a shader that does not compile.
pub fn wgsl(kernel: &Kernel, dtype: DType, variant: &str) -> Result<Vec<ShaderText>, Failure> {
    if variant == "tuned" {
        let case = kernel.definition.least_case();
        let case = case.map_err(|error| Failure::Failed(error.to_string()))?;
        let source = tuned::source(kernel, dtype, &case, FragmentForm::Plain)?;
        let reflection = reflect(&source).map_err(|error| Failure::Failed(error.to_string()))?;
        let entries = reflection.entry_points.into_iter().map(|entry| entry.name).collect();
        return Ok(vec![ShaderText { source, entries }]);
    }
    let module = front::compile(kernel, dtype)?;
    let shaders = generated::shaders(&module, Features { f64: true }, Limits::default())?;
    let text = |shader: crossover_wgsl::UnitShader| ShaderText {
        entries: shader.entry_points.iter().map(|entry| entry.name.clone()).collect(),
        source: shader.source,
    };
    Ok(shaders.units.into_iter().map(text).collect())
}
