//! Pointer walks in Rust: one after the other, or several on their way at once. A processor does not
//! wait for a missing load before it issues the next, if that does not depend on it.

#[cfg(test)]
mod tests;

use crossover_contract::{KernelCode, NativeCall, NativeError, NativeVariant};
use crossover_values::DType;
use rayon::prelude::*;

use crate::arguments::{array, array_mut, scalar};

pub(crate) const CODE: KernelCode = KernelCode::new(VARIANTS);

const VARIANTS: &[NativeVariant] = &[
    NativeVariant::exact("scalar", "one walk after the other", |call| run(call, 1, together::<1>)),
    NativeVariant::exact("chains_2", "two walks on their way at once", |call| {
        run(call, 2, together::<2>)
    }),
    NativeVariant::exact("chains_4", "four walks on their way at once", |call| {
        run(call, 4, together::<4>)
    }),
    NativeVariant::exact("chains_8", "eight walks on their way at once", |call| {
        run(call, 8, together::<8>)
    }),
    NativeVariant::exact("chains_16", "sixteen walks on their way at once", |call| {
        run(call, 16, together::<16>)
    }),
    NativeVariant::exact("chains_32", "32 walks on their way at once", |call| {
        run(call, 32, together::<32>)
    }),
    NativeVariant::exact("in_flight", "as many walks at once as the case says", |call| {
        let width = (call.parameter("in_flight")? as usize).max(1);
        run(call, width, |places, map| any_number(places, map, width))
    }),
    NativeVariant::exact("threads", "one walk after the other in each thread", |call| {
        run(call, 1, |places, map| split(places, map, together::<1>))
    })
    .threaded(),
    NativeVariant::exact("chains_threads", "sixteen walks at once in each thread", |call| {
        run(call, 16, |places, map| split(places, map, together::<16>))
    })
    .threaded(),
];

/// Where each cell leads, and how often that is followed.
#[derive(Clone, Copy, Debug)]
struct Map<'a> {
    next: &'a [u32],
    hops: u32,
}

impl Map<'_> {
    /// The cell after one. The slice is never empty, and the mask keeps the index inside it.
    #[inline(always)]
    fn hop(&self, at: u32) -> u32 {
        self.next[at as usize & (self.next.len() - 1)]
    }
}

fn run(
    call: &mut NativeCall<'_>,
    in_flight: usize,
    walk: impl FnOnce(&mut [u32], Map<'_>),
) -> Result<(), NativeError> {
    if call.dtype != DType::U32 {
        return Err(NativeError::Instance(call.dtype));
    }
    let given = call.arguments.len();
    let [place, next, hops] = &mut *call.arguments else {
        let position = given.min(2);
        return Err(NativeError::Argument { position, expected: "one of three arguments" });
    };
    let next = array::<u32>(next, 1)?;
    let hops = u32::try_from(scalar::<i32>(hops, 2)?).unwrap_or(0);
    let place = array_mut::<u32>(place, 0)?;
    // Each hop keeps its index inside by a mask: the check is part of no chain.
    if !next.len().is_power_of_two() {
        return Err(NativeError::Refused("the number of cells is no power of two".to_owned()));
    }
    walk(place, Map { next, hops });
    call.facts.insert("in_flight", in_flight as f64);
    Ok(())
}

/// Groups of a fixed number of walks, hop by hop; what is left over goes one by one.
fn together<const WALKS: usize>(places: &mut [u32], map: Map<'_>) {
    let mut groups = places.chunks_exact_mut(WALKS);
    for group in &mut groups {
        let mut at = [0_u32; WALKS];
        at.copy_from_slice(group);
        for _ in 0..map.hops {
            for place in &mut at {
                *place = map.hop(*place);
            }
        }
        group.copy_from_slice(&at);
    }
    any_number(groups.into_remainder(), map, 1);
}

/// Groups of any number of walks: their places stay in memory, in the innermost cache.
fn any_number(places: &mut [u32], map: Map<'_>, width: usize) {
    for group in places.chunks_mut(width) {
        for _ in 0..map.hops {
            for place in &mut *group {
                *place = map.hop(*place);
            }
        }
    }
}

/// The walks over the threads of the current pool, an equal share each.
fn split(places: &mut [u32], map: Map<'_>, walk: fn(&mut [u32], Map<'_>)) {
    let share = places.len().div_ceil(rayon::current_num_threads()).max(1);
    places.par_chunks_mut(share).for_each(|places| walk(places, map));
}
