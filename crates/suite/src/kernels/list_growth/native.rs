//! Growth of lists in Rust: walking the ladder of capacities for each list, for a vector of lists,
//! or once for all of them.

mod simd;
#[cfg(test)]
mod tests;

use crossover_contract::{KernelCode, NativeCall, NativeError, NativeVariant, ResultView, Series};
use crossover_values::DType;
use rayon::prelude::*;

use crate::arguments::{array, array_mut};

/// Lists of one parallel task.
const LISTS_PER_TASK: usize = 4096;

/// More rungs than lengths of the kernel's range need.
const RUNGS: usize = 128;

pub(crate) const CODE: KernelCode =
    KernelCode::new(VARIANTS).with_charts(&[("over_allocation", over_allocation)]);

const VARIANTS: &[NativeVariant] = &[
    NativeVariant::exact("scalar", "each list walks the ladder by itself", |call| run(call, walk)),
    NativeVariant::exact("threads", "the walk, lists over threads", |call| {
        run(call, |lists| split(lists, walk))
    })
    .threaded(),
    NativeVariant::exact("simd", "a list per lane", |call| run(call, simd::walk)),
    NativeVariant::exact("simd_threads", "a list per lane, lists over threads", |call| {
        run(call, |lists| split(lists, simd::walk))
    })
    .threaded(),
    NativeVariant::exact("ladder", "ladder: the rungs written down once, then searched", |call| {
        run(call, search)
    }),
];

/// Lengths, and what is said of each.
struct Lists<'a> {
    lengths: &'a [u32],
    capacity: &'a mut [u32],
    reallocations: &'a mut [u32],
    moved: &'a mut [u32],
}

fn run(call: &mut NativeCall<'_>, walk: impl FnOnce(Lists<'_>)) -> Result<(), NativeError> {
    if call.dtype != DType::U32 {
        return Err(NativeError::Instance(call.dtype));
    }
    let given = call.arguments.len();
    let [growth, capacity, reallocations, moved, lengths] = &mut *call.arguments else {
        let position = given.min(4);
        return Err(NativeError::Argument { position, expected: "one of five arguments" });
    };
    let lengths = array(lengths, 4)?;
    let lists = Lists {
        lengths,
        capacity: array_mut(capacity, 1)?,
        reallocations: array_mut(reallocations, 2)?,
        moved: array_mut(moved, 3)?,
    };
    let outputs = [lists.capacity.len(), lists.reallocations.len(), lists.moved.len()];
    if outputs != [lengths.len(); 3] {
        return Err(NativeError::Refused("an output is not as long as the lengths".to_owned()));
    }
    let mut room = 0;
    for rung in array_mut(growth, 0)? {
        room = grown(room);
        *rung = room;
    }
    walk(lists);
    Ok(())
}

/// The capacity after one append to a full list.
fn grown(capacity: u32) -> u32 {
    let n = capacity.wrapping_add(1);
    n.wrapping_add(n >> 3).wrapping_add(if n < 9 { 3 } else { 6 })
}

fn walk(lists: Lists<'_>) {
    let outputs = lists.capacity.iter_mut().zip(lists.reallocations).zip(lists.moved);
    for (&length, ((capacity, reallocations), moved)) in lists.lengths.iter().zip(outputs) {
        let (mut room, mut count, mut copied) = (0, 0, 0_u32);
        while room < length {
            copied = copied.wrapping_add(room);
            room = grown(room);
            count += 1;
        }
        (*capacity, *reallocations, *moved) = (room, count, copied);
    }
}

fn split(lists: Lists<'_>, walk: fn(Lists<'_>)) {
    let outputs = lists.capacity.par_chunks_mut(LISTS_PER_TASK);
    let outputs = outputs.zip(lists.reallocations.par_chunks_mut(LISTS_PER_TASK));
    let outputs = outputs.zip(lists.moved.par_chunks_mut(LISTS_PER_TASK));
    let lengths = lists.lengths.par_chunks(LISTS_PER_TASK);
    lengths.zip(outputs).for_each(|(lengths, ((capacity, reallocations), moved))| {
        walk(Lists { lengths, capacity, reallocations, moved });
    });
}

/// The ladder once, then for each list a binary search whose steps do not depend on a branch.
fn search(lists: Lists<'_>) {
    let (mut rungs, mut moves) = ([0; RUNGS], [0; RUNGS]);
    let (mut room, mut copied) = (0, 0_u32);
    for (rung, moved) in rungs.iter_mut().zip(&mut moves) {
        copied = copied.wrapping_add(room);
        room = grown(room);
        (*rung, *moved) = (room, copied);
    }
    let outputs = lists.capacity.iter_mut().zip(lists.reallocations).zip(lists.moved);
    for (&length, ((capacity, reallocations), moved)) in lists.lengths.iter().zip(outputs) {
        let mut count = 0_usize;
        for bit in [64, 32, 16, 8, 4, 2, 1] {
            // At most 127, the last rung.
            let short = rungs[(count + bit - 1) % RUNGS] < length;
            count += if short { bit } else { 0 };
        }
        let grew = u32::from(length > 0);
        *capacity = rungs[count % RUNGS] * grew;
        *moved = moves[count % RUNGS] * grew;
        *reallocations = (count as u32 + 1) * grew;
    }
}

/// Capacity against length, one point per list, of at most 1,000 lists.
fn over_allocation(view: &ResultView<'_>) -> Vec<Series> {
    let Some(Ok(capacity)) = view.output("capacity").map(|value| array::<u32>(value, 0)) else {
        return Vec::new();
    };
    let (lists, longest) = (&view.case.parameters["lists"], &view.case.parameters["longest"]);
    let step = capacity.len().div_ceil(1000).max(1);
    let length = |i: usize| (longest * (i + 1) as f64 / lists).ceil();
    let every = (0..capacity.len()).step_by(step);
    let points = every.clone().map(|i| [length(i), f64::from(capacity[i])]).collect();
    let diagonal = every.map(|i| [length(i); 2]).collect();
    vec![
        Series { name: "capacity".to_owned(), points },
        Series { name: "length".to_owned(), points: diagonal },
    ]
}
