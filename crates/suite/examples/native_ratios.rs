//! Times of the native variants against `scalar`, best of interleaved rounds:
//! `cargo run --release -p crossover-suite --example native_ratios [SIZE] [STEM...]`.
//!
//! A tool for whoever writes a variant; the numbers of the project come from `crossover run`, which
//! proves a result before it times it.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::Write as _;
use std::time::Instant;

use crossover_contract::{Case, CaseRequest, Kernel, NativeCall, NativeVariant, SourceText};
use crossover_lang::{File, Options, Sources};
use crossover_values::{DType, Signature};

/// Rounds; every variant runs once in each.
const ROUNDS: usize = 7;

/// The processor clock moves in ticks of the scheduler: shorter calls go by the wall clock.
const TICKS: f64 = 0.05;

/// Threads of the threaded variants.
const THREADS: usize = 2;

fn main() -> Result<(), Box<dyn Error>> {
    let mut words = std::env::args().skip(1);
    let size = words.next().unwrap_or_else(|| "book".to_owned());
    let wanted: Vec<String> = words.collect();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(THREADS).build()?;
    for kernel in crossover_suite::kernels()? {
        if !wanted.is_empty() && !wanted.contains(&kernel.stem) {
            continue;
        }
        for instance in &kernel.definition.instances {
            measure(&pool, &kernel, instance.dtype, &size)?;
        }
    }
    Ok(())
}

fn measure(
    pool: &rayon::ThreadPool,
    kernel: &Kernel,
    dtype: DType,
    size: &str,
) -> Result<(), Box<dyn Error>> {
    let request = CaseRequest { size: size.to_owned(), ..Default::default() };
    let case = kernel.definition.case(&request)?;
    let arguments = kernel.definition.arguments(&signature(kernel, dtype)?, &case)?;
    let has = |variant: &&NativeVariant| variant.is_for(dtype);
    let variants: Vec<&NativeVariant> = kernel.code.variants.iter().filter(has).collect();
    let mut best = vec![f64::INFINITY; variants.len()];
    for _ in 0..ROUNDS {
        for (best, variant) in best.iter_mut().zip(&variants) {
            let mut arguments = arguments.clone();
            *best = best.min(seconds(pool, variant, dtype, &case, &mut arguments)?);
        }
    }
    let mut out = std::io::stdout().lock();
    for (seconds, variant) in best.iter().zip(&variants) {
        let (stem, name, ms, ratio) =
            (&kernel.stem, variant.name, seconds * 1e3, best[0] / seconds);
        writeln!(out, "{stem:12} {dtype} {size} {name:15} {ms:9.2} ms  {ratio:6.2} x scalar")?;
    }
    Ok(())
}

fn seconds(
    pool: &rayon::ThreadPool,
    variant: &NativeVariant,
    dtype: DType,
    case: &Case,
    arguments: &mut [crossover_values::Value],
) -> Result<f64, Box<dyn Error>> {
    let mut call = NativeCall {
        dtype,
        arguments,
        returned: Vec::new(),
        threads: THREADS,
        parameters: &case.parameters,
        facts: BTreeMap::new(),
    };
    let (start, on_cpu) = (Instant::now(), cpu_seconds());
    // As `crossover run` does: who calls a variant with threads is one of them.
    if variant.threaded {
        pool.install(|| (variant.run)(&mut call))?;
    } else {
        (variant.run)(&mut call)?;
    }
    let wall = start.elapsed().as_secs_f64();
    // Threads of the pool are not counted by the calling thread's clock.
    let cpu = on_cpu.zip(cpu_seconds()).map(|(before, after)| after - before);
    Ok(cpu.filter(|cpu| !variant.threaded && *cpu > TICKS).unwrap_or(wall))
}

/// Seconds that this thread has run, where the system tells: on a machine that does other work
/// too, that is steadier than the wall clock.
fn cpu_seconds() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let ns = text.split_whitespace().next()?.parse::<f64>().ok()?;
    Some(ns * 1e-9)
}

/// The signature that the compiler derives from the reference.
fn signature(kernel: &Kernel, dtype: DType) -> Result<Signature, Box<dyn Error>> {
    let file = |text: &SourceText| File { path: text.path.clone(), text: text.text.clone() };
    let modules = kernel.modules.iter().map(|(name, text)| (name.clone(), file(text)));
    let sources = Sources { main: file(&kernel.source), modules: modules.collect() };
    let mut instances = kernel.definition.instances.iter();
    let entry = instances.find(|instance| instance.dtype == dtype);
    let real = dtype.is_float().then_some(dtype);
    let entries = entry.map(|instance| instance.entry.clone()).into_iter().collect();
    let module =
        crossover_lang::compile(&sources, &Options { entries, real, ..Options::default() })
            .map_err(|diagnostics| diagnostics.to_string())?;
    Ok(crossover_ir::analysis::signature(&module.kernels[0]))
}
