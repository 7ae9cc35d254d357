//! Sorting in Rust: radix sorts, the standard library's comparison sorts, halves on threads.

mod radix;
#[cfg(test)]
mod tests;

use crossover_contract::{KernelCode, NativeCall, NativeError, NativeVariant, Promise};
use crossover_values::DType;
use rayon::prelude::*;

use crate::arguments::{array, array_mut};

const DTYPES: &[DType] = &[DType::U32];

pub(crate) const CODE: KernelCode = KernelCode::new(VARIANTS);

const fn variant(
    name: &'static str,
    doc: &'static str,
    threaded: bool,
    run: fn(&mut NativeCall<'_>) -> Result<(), NativeError>,
) -> NativeVariant {
    NativeVariant { name, doc, dtypes: DTYPES, promise: Promise::Exact, threaded, run }
}

const VARIANTS: &[NativeVariant] = &[
    variant("scalar", "radix sort, four passes of eight bits", false, |call| {
        run(call, radix::eight_bits)
    }),
    variant("eleven_bits", "radix sort, three passes", false, |call| run(call, radix::eleven_bits)),
    variant("unstable", "the standard library's quicksort", false, |call| {
        run(call, |keys, ordered| {
            ordered.copy_from_slice(keys);
            ordered.sort_unstable();
        })
    }),
    variant("stable", "the standard library's merge sort", false, |call| {
        run(call, |keys, ordered| {
            ordered.copy_from_slice(keys);
            ordered.sort();
        })
    }),
    variant("threads", "radix sort of parts, merged from both ends", true, |call| {
        let threads = call.threads;
        run(call, |keys, ordered| radix::on_threads(keys, ordered, threads))
    }),
    variant("unstable_threads", "the quicksort with its halves on threads", true, |call| {
        run(call, |keys, ordered| {
            ordered.copy_from_slice(keys);
            ordered.par_sort_unstable();
        })
    }),
];

fn run(
    call: &mut NativeCall<'_>,
    sort: impl FnOnce(&[u32], &mut [u32]),
) -> Result<(), NativeError> {
    if call.dtype != DType::U32 {
        return Err(NativeError::Instance(call.dtype));
    }
    let given = call.arguments.len();
    let [ordered, keys] = &mut *call.arguments else {
        let position = given.min(1);
        return Err(NativeError::Argument { position, expected: "one of two arguments" });
    };
    let keys = array::<u32>(keys, 1)?;
    let ordered = array_mut::<u32>(ordered, 0)?;
    if ordered.len() != keys.len() {
        return Err(NativeError::Argument { position: 0, expected: "as many places as keys" });
    }
    sort(keys, ordered);
    Ok(())
}
