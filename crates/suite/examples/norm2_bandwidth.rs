//! The rate of the native variants of `norm2` beside the read bandwidth that the same memory gives:
//! `cargo run --release -p crossover-suite --example norm2_bandwidth [N...]`.
//!
//! Bandwidth is that of a loop that does nothing but load a buffer of the same bytes, in the widest
//! vectors, on one thread and on all: so it is the bandwidth of the tier (cache or memory) that the
//! vector lives in. Best of several rounds each.

use std::collections::BTreeMap;
use std::error::Error;
use std::hint::black_box;
use std::io::Write as _;
use std::time::Instant;

use crossover_contract::{CaseRequest, Kernel, NativeCall, NativeVariant};
use crossover_values::{Array, DType, Value};
use fearless_simd::{Level, dispatch, prelude::*};
use rayon::prelude::*;

/// Times that everything is done; the best counts.
const ROUNDS: usize = 15;

fn main() -> Result<(), Box<dyn Error>> {
    let mut sizes = Vec::new();
    for word in std::env::args().skip(1) {
        sizes.push(word.parse::<u32>()?);
    }
    if sizes.is_empty() {
        sizes = vec![100_000, 1_000_000, 16_777_216];
    }
    let kernel = crossover_suite::kernel("norm2")?;
    for &n in &sizes {
        for instance in &kernel.definition.instances {
            report(&kernel, instance.dtype, n)?;
        }
    }
    Ok(())
}

fn report(kernel: &Kernel, dtype: DType, n: u32) -> Result<(), Box<dyn Error>> {
    let v = match dtype {
        DType::F32 => Array::F32((0..n).map(|i| i as f32).collect::<Vec<_>>().into_dyn()),
        DType::F64 => Array::F64((0..n).map(f64::from).collect::<Vec<_>>().into_dyn()),
        _ => Array::U32((0..n).collect::<Vec<_>>().into_dyn()),
    };
    let words = vec![1_u64; v.bytes().len() / 8];
    let bytes = v.bytes().len() as f64;
    let alone = bytes
        / best(|| {
            black_box(read(&words));
        });
    let chunk = words.len().div_ceil(rayon::current_num_threads()).max(1);
    let all = bytes
        / best(|| {
            black_box(words.par_chunks(chunk).map(read).sum::<u64>());
        });
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "norm2 {dtype} n={n}: reads {:.1} GB/s on one thread, {:.1} on {}",
        alone * 1e-9,
        all * 1e-9,
        rayon::current_num_threads()
    )?;
    let request = CaseRequest { size: "small".to_owned(), ..Default::default() };
    let case = kernel.definition.case(&request)?;
    for variant in kernel.code.variants.iter().filter(|v| v.is_for(dtype)) {
        let mut arguments = [Value::Array(v.clone())];
        let mut failed = None;
        let seconds = best(|| {
            if let Err(error) = call(variant, dtype, &case.parameters, &mut arguments) {
                failed = Some(error);
            }
        });
        if let Some(error) = failed {
            writeln!(out, "  {:13} {error}", variant.name)?;
            continue;
        }
        let (rate, roof) = (bytes / seconds, if variant.threaded { all } else { alone });
        let share = roof / rate;
        writeln!(
            out,
            "  {:13} {:7.1} GB/s, bandwidth / rate {share:.2}",
            variant.name,
            rate * 1e-9
        )?;
    }
    Ok(())
}

fn call(
    variant: &NativeVariant,
    dtype: DType,
    parameters: &BTreeMap<String, f64>,
    arguments: &mut [Value],
) -> Result<(), crossover_contract::NativeError> {
    let threads = rayon::current_num_threads();
    let (returned, facts) = (Vec::new(), BTreeMap::new());
    let mut call = NativeCall { dtype, arguments, returned, threads, parameters, facts };
    (variant.run)(&mut call)?;
    black_box(&call.returned);
    Ok(())
}

/// Seconds of the best round.
fn best(mut work: impl FnMut()) -> f64 {
    let round = |_| {
        let start = Instant::now();
        work();
        start.elapsed().as_secs_f64()
    };
    (0..ROUNDS).map(round).fold(f64::INFINITY, f64::min)
}

/// Loads every word: eight vectors in flight, one exclusive or each.
fn read(words: &[u64]) -> u64 {
    #[inline(always)]
    fn lanes<S: Simd>(simd: S, words: &[u64]) -> u64 {
        let width = S::u64s::LEN;
        let mut vectors = [S::u64s::simd_from(simd, 0); 8];
        for group in words.chunks_exact(8 * width) {
            for (place, vector) in vectors.iter_mut().enumerate() {
                *vector ^= S::u64s::from_slice(simd, &group[place * width..][..width]);
            }
        }
        vectors.iter().flat_map(|vector| vector.as_slice().to_vec()).fold(0, |x, word| x ^ word)
    }
    dispatch!(Level::new(), simd => lanes(simd, words))
}

/// From a vector to the array inside [`Array`].
trait IntoDyn<T> {
    fn into_dyn(self) -> ndarray::ArrayD<T>;
}

impl<T> IntoDyn<T> for Vec<T> {
    fn into_dyn(self) -> ndarray::ArrayD<T> {
        ndarray::Array1::from_vec(self).into_dyn()
    }
}
