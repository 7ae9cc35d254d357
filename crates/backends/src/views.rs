//! What each backend makes of a kernel, as text for people.

use crossover_contract::{Failure, Kernel};
use crossover_cranelift::Compiled;
use crossover_values::DType;
use crossover_wgsl::{Features, FragmentForm, Limits, reflect};

use crate::wgsl::{generated, tuned};
use crate::{cranelift, front, interpreter};

/// A shader's text with the names of its entry points.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShaderText {
    /// WGSL.
    pub source: String,
    /// Entry points.
    pub entries: Vec<String>,
}

/// The IR that a variant gets: every backend the same, but where it calls polynomials.
///
/// # Errors
/// As [`crate::compile`]; likewise below.
pub fn ir(kernel: &Kernel, dtype: DType, variant: &str) -> Result<String, Failure> {
    let module = cranelift::with_functions(front::compile(kernel, dtype)?, variant);
    Ok(crossover_ir::print(&module))
}

/// Bytecode of the interpreter, `exact` or `lanes`, with source lines.
///
/// # Errors
/// If the interpreter refuses the kernel.
pub fn bytecode(kernel: &Kernel, dtype: DType, variant: &str) -> Result<String, Failure> {
    let module = front::compile(kernel, dtype)?;
    Ok(interpreter::program(&module, variant)?.disassemble())
}

/// Cranelift's IR of a variant as it is given to Cranelift.
///
/// # Errors
/// If Cranelift refuses the kernel or this machine.
pub fn clif(kernel: &Kernel, dtype: DType, variant: &str) -> Result<String, Failure> {
    Ok(compiled(kernel, dtype, variant)?.clif())
}

/// The masked form of the regions that a variant of Cranelift runs in lanes, and why others do not.
///
/// # Errors
/// If Cranelift refuses the kernel or this machine.
pub fn lanes(kernel: &Kernel, dtype: DType, variant: &str) -> Result<String, Failure> {
    Ok(compiled(kernel, dtype, variant)?.lanes())
}

/// Machine code of the JIT.
///
/// # Errors
/// If Cranelift refuses the kernel or this machine.
pub fn machine_code(kernel: &Kernel, dtype: DType, variant: &str) -> Result<String, Failure> {
    Ok(compiled(kernel, dtype, variant)?.disassembly())
}

fn compiled(kernel: &Kernel, dtype: DType, variant: &str) -> Result<Compiled, Failure> {
    let module = cranelift::with_functions(front::compile(kernel, dtype)?, variant);
    cranelift::code(&module, variant)
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
