//! Distinct ids in Rust: the reference's three ways, the sets of the libraries, a bit per id.

#[cfg(test)]
mod tests;
mod ways;

use crossover_contract::{KernelCode, NativeCall, NativeError, NativeVariant};
use crossover_values::{DType, Scalar, Value};

use crate::arguments::{array, scalar};

pub(crate) const CODE: KernelCode = KernelCode::new(VARIANTS);

const VARIANTS: &[NativeVariant] = &[
    NativeVariant::exact("scalar", "the reference's way of the case: set, sort or list", |call| {
        run(call, plain)
    }),
    NativeVariant::exact("sort", "the standard library's sort, then neighbours", |call| {
        run(call, ways::sort)
    }),
    NativeVariant::exact("std_set", "the standard library's set, its keyed hash", |call| {
        run(call, ways::std_set)
    }),
    NativeVariant::exact("hashbrown", "the same table with a product for a hash", |call| {
        run(call, ways::library_set)
    }),
    NativeVariant::exact("bits", "one bit per id that there may be", |call| run(call, ways::bits)),
    NativeVariant::exact("threads", "one bit per id, shared by all threads", |call| {
        run(call, ways::shared_bits)
    })
    .threaded(),
];

/// The upper bits of random words.
#[derive(Clone, Copy, Debug)]
struct Ids<'a> {
    words: &'a [u32],
    bits: u32,
    /// The reference's form of this case.
    form: i32,
}

impl<'a> Ids<'a> {
    #[inline(always)]
    fn of(self, word: u32) -> u32 {
        word >> (32 - self.bits)
    }

    #[inline(always)]
    fn iter(self) -> impl Iterator<Item = u32> + 'a {
        self.words.iter().map(move |&word| self.of(word))
    }
}

/// How many ids differ, and how many bytes it took to find out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Counted {
    ids: u32,
    bytes: usize,
}

fn run(
    call: &mut NativeCall<'_>,
    count: impl FnOnce(Ids<'_>) -> Counted,
) -> Result<(), NativeError> {
    if call.dtype != DType::U32 {
        return Err(NativeError::Instance(call.dtype));
    }
    let given = call.arguments.len();
    let [words, bits, form] = &*call.arguments else {
        let position = given.min(2);
        return Err(NativeError::Argument { position, expected: "one of three arguments" });
    };
    let bits = scalar::<i32>(bits, 1)?.clamp(1, 28) as u32;
    let counted = count(Ids { words: array(words, 0)?, bits, form: scalar(form, 2)? });
    call.facts.insert("structure", counted.bytes as f64);
    call.returned = vec![Value::Scalar(Scalar::U32(counted.ids))];
    Ok(())
}

/// The reference's way of the case, which asks no list about many ids.
fn plain(ids: Ids<'_>) -> Counted {
    match ids.form {
        0 => ways::set(ids),
        1 => ways::sort(ids),
        _ => ways::list(ids),
    }
}
