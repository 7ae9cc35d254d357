//! From a kernel's sources to a valid module: what every compiled backend starts with.

use std::time::{Duration, Instant};

use crossover_contract::{Failure, Kernel, SourceText};
use crossover_ir::{Module, Trap, Valid, analysis};
use crossover_lang::{File, Options, Sources};
use crossover_values::{DType, Signature};

/// Compiles the entry of an instance; the module has that one kernel.
///
/// # Errors
/// The diagnostics of the kernel language, rendered, or what is missing in `kernel.toml`.
pub fn compile(kernel: &Kernel, dtype: DType) -> Result<Valid<Module>, Failure> {
    let instances = &kernel.definition.instances;
    let instance = instances.iter().find(|instance| instance.dtype == dtype).ok_or_else(|| {
        Failure::Unavailable(format!("`{}` has no instance for {dtype}", kernel.stem))
    })?;
    let options = Options {
        entries: vec![instance.entry.clone()],
        real: dtype.is_float().then_some(dtype),
        ..Options::default()
    };
    crossover_lang::compile(&sources(kernel), &options)
        .map_err(|diagnostics| Failure::Failed(diagnostics.to_string()))
}

/// Compiles, and says how long that took.
pub(crate) fn timed_compile(
    kernel: &Kernel,
    dtype: DType,
) -> Result<(Valid<Module>, Duration), Failure> {
    let start = Instant::now();
    let module = compile(kernel, dtype)?;
    Ok((module, start.elapsed()))
}

/// The signature of an instance, with roles derived from its IR.
///
/// # Errors
/// As [`compile`].
pub fn signature(kernel: &Kernel, dtype: DType) -> Result<Signature, Failure> {
    let module = compile(kernel, dtype)?;
    Ok(module_signature(&module))
}

/// The signature of a module made by [`compile`].
pub(crate) fn module_signature(module: &Valid<Module>) -> Signature {
    analysis::signature(&module.kernels[0])
}

/// A run-time error of a kernel, for people.
pub(crate) fn trap_failure(module: &Valid<Module>, trap: &Trap) -> Failure {
    Failure::Failed(trap.render(module))
}

fn sources(kernel: &Kernel) -> Sources {
    let file = |text: &SourceText| File { path: text.path.clone(), text: text.text.clone() };
    let modules = kernel.modules.iter().map(|(name, text)| (name.clone(), file(text)));
    Sources { main: file(&kernel.source), modules: modules.collect() }
}
