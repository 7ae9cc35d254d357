//! A list per lane: neighbours have similar lengths and so leave the ladder at nearly the same rung.

use fearless_simd::{Level, dispatch, prelude::*};

use super::Lists;

/// Walks whole vectors of lists here, the rest by the plain loop.
pub(super) fn walk(lists: Lists<'_>) {
    dispatch!(Level::new(), simd => lanes(simd, lists))
}

#[inline(always)]
fn lanes<S: Simd>(simd: S, lists: Lists<'_>) {
    let width = S::u32s::LEN;
    let whole = lists.lengths.len() / width * width;
    simd.vectorize(
        #[inline(always)]
        || {
            for at in (0..whole).step_by(width) {
                let length = S::u32s::from_slice(simd, &lists.lengths[at..at + width]);
                let [room, count, copied] = climb(simd, length);
                room.store_slice(&mut lists.capacity[at..at + width]);
                count.store_slice(&mut lists.reallocations[at..at + width]);
                copied.store_slice(&mut lists.moved[at..at + width]);
            }
        },
    );
    super::walk(Lists {
        lengths: &lists.lengths[whole..],
        capacity: &mut lists.capacity[whole..],
        reallocations: &mut lists.reallocations[whole..],
        moved: &mut lists.moved[whole..],
    });
}

/// Capacity, reallocations and moved elements of a vector of lists.
#[inline(always)]
fn climb<S: Simd>(simd: S, length: S::u32s) -> [S::u32s; 3] {
    let zero = S::u32s::simd_from(simd, 0);
    let one = S::u32s::simd_from(simd, 1);
    let (three, six) = (S::u32s::simd_from(simd, 3), S::u32s::simd_from(simd, 6));
    let nine = S::u32s::simd_from(simd, 9);
    let (mut room, mut count, mut copied) = (zero, zero, zero);
    loop {
        let short = room.simd_lt(length);
        if !short.any_true() {
            return [room, count, copied];
        }
        copied += short.select(room, zero);
        count += short.select(one, zero);
        let n = room + one;
        let grown = n + (n >> 3) + n.simd_lt(nine).select(three, six);
        room = short.select(grown, room);
    }
}
