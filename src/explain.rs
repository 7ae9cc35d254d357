//! `crossover explain`: what each backend makes of a kernel, as text.

use crossover_backends::Lanes;
use crossover_backends::views;
use crossover_contract::Kernel;
use crossover_harness::{Subject, exit, require_known};
use crossover_values::DType;
use crossover_wgsl::Target;

use crate::CommandResult;
use crate::cli::{ExplainArgs, View};
use crate::error::CommandError;
use crate::{kernels, output};

/// Shows a view.
///
/// # Errors
/// Unknown names, a view that the backend does not have, and what the backend reports.
pub(crate) fn explain(args: &ExplainArgs) -> CommandResult {
    check_backend(args)?;
    for Subject { kernel, .. } in kernels::subjects(&args.kernels)? {
        let instances = &kernel.definition.instances;
        let dtype = args.dtype.unwrap_or(instances[0].dtype);
        require_known("dtype", dtype.name(), instances.iter().map(|i| i.dtype.name()))?;
        output::print(&text(&kernel, dtype, args)?)?;
    }
    Ok(exit::OK)
}

/// Which backend has a view; none for what belongs to all.
const fn owner(view: View) -> Option<&'static str> {
    match view {
        View::Source | View::Ir => None,
        View::Bytecode => Some("interpreter"),
        View::Clif | View::Asm | View::Lanes => Some("cranelift"),
        View::Wgsl | View::Spirv | View::Msl | View::Hlsl => Some("wgsl"),
    }
}

fn check_backend(args: &ExplainArgs) -> Result<(), CommandError> {
    let Some(backend) = &args.backend else { return Ok(()) };
    let names = ["interpreter", "cranelift", "native", "wgsl"];
    require_known("backend", backend, names)?;
    match owner(args.view) {
        Some(owner) if owner != backend => Err(CommandError::View(format!(
            "`{backend}` has no such view; it belongs to `{owner}`: leave --backend out"
        ))),
        Some(_) | None => Ok(()),
    }
}

fn text(kernel: &Kernel, dtype: DType, args: &ExplainArgs) -> Result<String, CommandError> {
    Ok(match args.view {
        View::Source => kernel.source.text.clone(),
        View::Ir => views::ir(kernel, dtype)?,
        View::Bytecode => views::bytecode(kernel, dtype)?,
        View::Clif => views::clif(kernel, dtype, code_variant(args)?)?,
        View::Asm => views::machine_code(kernel, dtype, code_variant(args)?)?,
        View::Lanes => views::lanes(kernel, dtype)?,
        View::Wgsl => joined(&views::wgsl(kernel, dtype, shader_variant(args)?)?),
        View::Spirv => translated(kernel, dtype, args, Target::SpirV)?,
        View::Msl => translated(kernel, dtype, args, Target::Msl)?,
        View::Hlsl => translated(kernel, dtype, args, Target::Hlsl)?,
    })
}

fn code_variant(args: &ExplainArgs) -> Result<Lanes, CommandError> {
    let variant = args.variant.as_deref().unwrap_or("1t");
    require_known("variant", variant, ["1t", "lanes"])?;
    Ok(if variant == "lanes" { Lanes::Paying } else { Lanes::Off })
}

fn shader_variant(args: &ExplainArgs) -> Result<&str, CommandError> {
    let variant = args.variant.as_deref().unwrap_or("generated");
    require_known("variant", variant, ["tuned", "generated"])?;
    Ok(variant)
}

fn joined(shaders: &[views::ShaderText]) -> String {
    shaders.iter().map(|shader| shader.source.as_str()).collect::<Vec<_>>().join("\n")
}

fn translated(
    kernel: &Kernel,
    dtype: DType,
    args: &ExplainArgs,
    target: Target,
) -> Result<String, CommandError> {
    let mut texts = Vec::new();
    for shader in views::wgsl(kernel, dtype, shader_variant(args)?)? {
        for entry in &shader.entries {
            let text = crossover_wgsl::translate(&shader.source, target, entry);
            texts.push(text.map_err(|error| CommandError::View(error.to_string()))?);
        }
    }
    Ok(texts.join("\n"))
}
