//! IR to WGSL: one shader per unit of a kernel, with the plain data that a host needs to run it.
//!
//! A region becomes one lane function (`iteration`) and the entry point `main` that calls it over
//! a grid; reductions add a tree in workgroup memory and the entry point `finish`. A serial
//! section becomes one invocation. Traps are not detected: a shader runs only on a case that the
//! interpreter completed, and nothing in the text is undefined behaviour otherwise.
//!
//! 64-bit integers are pairs of words, with the IR's own library for their arithmetic.
//!
//! Loops cost a driver's budget: the interpreter counts the back edges of one iteration, and
//! [`LoopBudget`] says what the text adds. Counted loops of up to 16 constant trips are written
//! out, so the interpreter's number is an upper bound.

mod body;
mod context;
mod entry;
mod helper;
mod lines;
mod literal;
mod names;
mod ops;
mod passes;
mod plan;
mod reduce;
mod unroll;
mod unsupported;
mod uses;
mod words;

use std::collections::BTreeSet;

use crossover_ir::{Kernel, Source, Unit, VarId};

pub use plan::{
    Access, Binding, BindingKind, DeviceScalars, Dispatch, EntryPoint, Features, Grid,
    GridTooLarge, Limits, LoopBudget, ReduceResult, Role, Stored, UniformField, UniformLayout,
    UniformValue, UnitShader,
};
pub use unroll::written_out;
pub use unsupported::Unsupported;

use context::Context;

/// What shaders are generated for.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The kernel, in the form for a GPU: device-kept scalars are written only by regions and
    /// serial sections, reductions of inner loops are plain loops.
    pub kernel: &'a Kernel,
    /// The sources of its module, for the comments of the text.
    pub sources: &'a [Source],
    /// Host variables that live on the device (rule 9 of the language).
    pub device_kept: &'a BTreeSet<VarId>,
    /// What the adapter has.
    pub features: Features,
    /// What the adapter allows.
    pub limits: Limits,
}

/// Generates the shader of one unit of `request.kernel`.
///
/// # Errors
/// What the unit needs that WGSL or the adapter lacks.
pub fn generate(request: &Request<'_>, unit: Unit<'_>) -> Result<UnitShader, Unsupported> {
    let cx = Context::new(request, unit)?;
    let bindings = cx.bindings();
    let assembled = entry::assemble(&cx, &bindings);
    check_limits(&cx, &bindings, &assembled.entry_points)?;
    let reduces = cx.reductions.list.iter().map(|reduction| ReduceResult {
        target: reduction.reduce.target,
        payload: reduction.reduce.payload.clone(),
    });
    let loop_budget = if cx.reductions.list.is_empty() {
        LoopBudget { iterations: 1, extra: 0 }
    } else {
        // The tree has at most eight levels.
        LoopBudget { iterations: cx.reductions.spread.run(), extra: 8 }
    };
    Ok(UnitShader {
        source: assembled.source,
        entry_points: assembled.entry_points,
        bindings,
        grid: assembled.grid,
        reduces: reduces.collect(),
        loop_budget,
    })
}

fn check_limits(
    cx: &Context<'_>,
    bindings: &[Binding],
    entry_points: &[EntryPoint],
) -> Result<(), Unsupported> {
    let limits = cx.request.limits;
    let storage = |binding: &&Binding| !matches!(binding.kind, BindingKind::Uniform(_));
    let needed = bindings.iter().filter(storage).count() as u32;
    if needed > limits.storage_buffers {
        return Err(Unsupported::TooManyBindings { needed, limit: limits.storage_buffers });
    }
    let needed = cx.uniform.size;
    if needed > limits.uniform_bytes {
        return Err(Unsupported::UniformTooLarge { needed, limit: limits.uniform_bytes });
    }
    let needed = cx.reductions.list.iter().map(|reduction| {
        let value = reduction.reduce.dtype.size().max(4) as u32;
        let at = if reduction.at.is_some() { 4 } else { 0 };
        (value + at) * cx.reductions.spread.lanes()
    });
    let needed = needed.sum();
    if needed > limits.workgroup_bytes {
        return Err(Unsupported::WorkgroupMemory { needed, limit: limits.workgroup_bytes });
    }
    let size = |entry: &EntryPoint| entry.workgroup_size.iter().product::<u32>();
    let needed = entry_points.iter().map(size).max().unwrap_or(1);
    if needed > limits.workgroup_invocations {
        return Err(Unsupported::WorkgroupTooLarge { needed, limit: limits.workgroup_invocations });
    }
    Ok(())
}
