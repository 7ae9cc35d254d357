//! Times of the native variants against `scalar`, best of interleaved rounds:
//! `cargo run --release -p crossover-suite --example native_ratios [SIZE] [STEM...]`.
//!
//! A tool for whoever writes a variant; the numbers of the project come from `crossover run`, which
//! proves a result before it times it.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::Write as _;
use std::time::Instant;

use crossover_contract::{Case, CaseRequest, Kernel, NativeCall, NativeError, NativeVariant};
use crossover_values::{DType, Value};
use rayon::ThreadPool;

#[path = "../tests/support/mod.rs"]
mod support;

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
            let dtype = instance.dtype;
            let lines = measure(&pool, &kernel, dtype, &size);
            let mut out = std::io::stdout().lock();
            for line in lines.unwrap_or_else(|refusal| vec![format!("refused: {refusal}")]) {
                writeln!(out, "{:12} {dtype} {size} {line}", kernel.stem)?;
            }
        }
    }
    Ok(())
}

/// One line per variant; what one refuses is said in its line.
///
/// # Errors
/// A case that the kernel or the instance does not have.
fn measure(
    pool: &ThreadPool,
    kernel: &Kernel,
    dtype: DType,
    size: &str,
) -> Result<Vec<String>, Box<dyn Error>> {
    let request = CaseRequest { size: size.to_owned(), ..Default::default() };
    let case = kernel.definition.case(&request)?;
    let arguments = kernel.definition.arguments(&support::signature(kernel, dtype), &case)?;
    let has = |variant: &&NativeVariant| variant.is_for(dtype);
    let variants: Vec<&NativeVariant> = kernel.code.variants.iter().filter(has).collect();
    Ok(lines(&variants, |variant| seconds(pool, variant, dtype, &case, &mut arguments.clone())))
}

/// The best of all rounds per variant, against the first.
fn lines(
    variants: &[&NativeVariant],
    call: impl Fn(&NativeVariant) -> Result<f64, NativeError>,
) -> Vec<String> {
    let mut best: Vec<Result<f64, NativeError>> = vec![Ok(f64::INFINITY); variants.len()];
    for _ in 0..ROUNDS {
        for (best, variant) in best.iter_mut().zip(variants) {
            // What refuses its case refuses it in every round.
            if let Ok(before) = *best {
                *best = call(variant).map(|seconds| seconds.min(before));
            }
        }
    }
    let scalar = best.first().and_then(|best| best.as_ref().ok()).copied();
    let line = |(best, variant): (&Result<f64, NativeError>, &&NativeVariant)| match best {
        Err(refusal) => format!("{:15} refused: {refusal}", variant.name),
        Ok(seconds) => {
            let ratio = scalar.map(|scalar| format!("  {:6.2} x scalar", scalar / seconds));
            format!("{:15} {:9.2} ms{}", variant.name, seconds * 1e3, ratio.unwrap_or_default())
        }
    };
    best.iter().zip(variants).map(line).collect()
}

fn seconds(
    pool: &ThreadPool,
    variant: &NativeVariant,
    dtype: DType,
    case: &Case,
    arguments: &mut [Value],
) -> Result<f64, NativeError> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_a_line_and_the_rest_goes_on() {
        let scalar = NativeVariant::exact("scalar", "", |_| Ok(()));
        let threads = NativeVariant::exact("threads", "", |_| Ok(()));
        let of = |refuses: &str| {
            lines(&[&scalar, &threads], |variant| {
                let refused = variant.name == refuses;
                if refused { Err(NativeError::Parameter("chunk")) } else { Ok(0.5) }
            })
        };
        let reason = "refused: the case has no parameter `chunk`";
        assert_eq!(
            of("scalar"),
            [format!("scalar          {reason}"), "threads            500.00 ms".to_owned()]
        );
        assert_eq!(of("threads")[1], format!("threads         {reason}"));
        assert!(of("threads")[0].ends_with("1.00 x scalar"));
    }
}
