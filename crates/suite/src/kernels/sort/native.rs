//! Sorting in Rust: radix sorts, the standard library's comparison sorts, both on threads.

mod buckets;
mod halves;
mod radix;
#[cfg(test)]
mod tests;

use crossover_contract::{KernelCode, NativeCall, NativeError, NativeVariant};
use crossover_values::DType;

use crate::arguments::{array, array_mut};

pub(crate) const CODE: KernelCode = KernelCode::new(VARIANTS);

const VARIANTS: &[NativeVariant] = &[
    NativeVariant::exact("scalar", "radix sort, four passes of eight bits", |call| {
        run(call, radix::eight_bits)
    }),
    NativeVariant::exact("eleven_bits", "radix sort, three passes", |call| {
        run(call, radix::eleven_bits)
    }),
    NativeVariant::exact(
        "buckets",
        "radix sort, the top digit first, the others bucket by bucket",
        |call| run(call, buckets::on_one_thread),
    ),
    NativeVariant::exact("unstable", "the standard library's quicksort", |call| {
        run(call, |keys, ordered| {
            ordered.copy_from_slice(keys);
            ordered.sort_unstable();
        })
    }),
    NativeVariant::exact("stable", "the standard library's merge sort", |call| {
        run(call, |keys, ordered| {
            ordered.copy_from_slice(keys);
            ordered.sort();
        })
    }),
    NativeVariant::exact("threads", "`buckets` over threads", |call| {
        let threads = call.threads;
        run(call, |keys, ordered| buckets::on_threads(keys, ordered, threads))
    })
    .threaded(),
    NativeVariant::exact(
        "unstable_threads",
        "the quicksort on a part per thread, merged from both ends",
        |call| {
            let threads = call.threads;
            run(call, |keys, ordered| {
                ordered.copy_from_slice(keys);
                halves::on_threads(ordered, threads);
            })
        },
    )
    .threaded(),
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
