//! `crossover explain`: what each backend makes of a kernel, as text.
//!
//! A view belongs to a backend, and `--variant` takes that backend's own names, so that what `run`
//! calls `lanes+polynomial` is shown under the same name in every view that it has.

use crossover_backends::views;
use crossover_contract::Kernel;
use crossover_harness::{Subject, exit, require_known};
use crossover_values::DType;
use crossover_wgsl::Target;

use crate::CommandResult;
use crate::cli::{ExplainArgs, View};
use crate::error::CommandError;
use crate::{kernels, output, table};

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
    let variant = variant(kernel, dtype, args)?;
    Ok(match args.view {
        View::Source => kernel.source.text.clone(),
        View::Ir => views::ir(kernel, dtype, &variant)?,
        View::Bytecode => views::bytecode(kernel, dtype, &variant)?,
        View::Clif => views::clif(kernel, dtype, &variant)?,
        View::Asm => views::machine_code(kernel, dtype, &variant)?,
        View::Lanes => views::lanes(kernel, dtype, &variant)?,
        View::Wgsl => joined(&views::wgsl(kernel, dtype, &variant)?),
        View::Spirv => translated(kernel, dtype, &variant, Target::SpirV)?,
        View::Msl => translated(kernel, dtype, &variant, Target::Msl)?,
        View::Hlsl => translated(kernel, dtype, &variant, Target::Hlsl)?,
    })
}

/// The variant to show: the one asked for, if the view's backend has it for this kernel, or else the
/// plainest.
fn variant(kernel: &Kernel, dtype: DType, args: &ExplainArgs) -> Result<String, CommandError> {
    let plainest = match args.view {
        View::Source => "",
        View::Ir | View::Clif | View::Asm => "1t",
        View::Bytecode => "exact",
        View::Lanes => "lanes",
        View::Wgsl | View::Spirv | View::Msl | View::Hlsl => "generated",
    };
    let Some(asked) = &args.variant else { return Ok(plainest.to_owned()) };
    let known = known_variants(kernel, dtype, args.view);
    if known.is_empty() {
        let reason = "the source is the same for every variant: leave --variant out".to_owned();
        return Err(CommandError::View(reason));
    }
    // Another backend may well have it.
    let what = match owner(args.view) {
        Some("interpreter") => "interpreter variant",
        Some("cranelift") => "cranelift variant",
        Some("wgsl") => "wgsl variant",
        _ => "variant",
    };
    require_known(what, asked, known.iter().map(String::as_str))?;
    Ok(asked.clone())
}

/// The variants that a view can show, by the names that `run` uses.
fn known_variants(kernel: &Kernel, dtype: DType, view: View) -> Vec<String> {
    let executors = ["interpreter", "cranelift"];
    let of = |backend: &str| match (view, owner(view)) {
        (View::Source, _) => false,
        (_, Some(owner)) => backend == owner,
        // All that run it get the IR.
        (_, None) => executors.contains(&backend),
    };
    let backends = crossover_backends::backends();
    let owners = backends.iter().filter(|backend| of(backend.name()));
    let names = owners.flat_map(|b| b.variants(kernel, dtype)).map(|variant| variant.name);
    let shown = names.filter(|name| view != View::Lanes || name.starts_with("lanes"));
    table::distinct(shown)
}

fn joined(shaders: &[views::ShaderText]) -> String {
    shaders.iter().map(|shader| shader.source.as_str()).collect::<Vec<_>>().join("\n")
}

fn translated(
    kernel: &Kernel,
    dtype: DType,
    variant: &str,
    target: Target,
) -> Result<String, CommandError> {
    let mut texts = Vec::new();
    for shader in views::wgsl(kernel, dtype, variant)? {
        for entry in &shader.entries {
            let text = crossover_wgsl::translate(&shader.source, target, entry);
            texts.push(text.map_err(|error| CommandError::View(error.to_string()))?);
        }
    }
    Ok(texts.join("\n"))
}
