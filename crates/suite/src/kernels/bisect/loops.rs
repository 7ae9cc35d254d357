//! Searches in the sorted array as it stands: the plain loops with their counts, and two that no
//! branch predictor slows down.

use std::hint::select_unpredictable;

use super::Form;

/// The first element that is not below `x`.
pub(super) fn lower_bound(elements: &[u32], x: u32) -> u32 {
    counted_lower_bound(elements, x).0
}

/// The element equal to `x`; the array's length if there is none.
pub(super) fn three_way(elements: &[u32], x: u32) -> u32 {
    counted_three_way(elements, x).0
}

/// The first element that is not below `x`, by looking at all before it.
pub(super) fn linear(elements: &[u32], x: u32) -> u32 {
    let found = elements.iter().position(|&element| element >= x);
    found.unwrap_or(elements.len()) as u32
}

/// Iterations of the loop that the form counts.
pub(super) fn steps(form: Form, elements: &[u32], x: u32) -> u32 {
    match form {
        Form::LowerBound | Form::Nearest => counted_lower_bound(elements, x).1,
        Form::ThreeWay => counted_three_way(elements, x).1,
        Form::Linear => (linear(elements, x) + 1).min(elements.len() as u32),
    }
}

#[inline(always)]
fn counted_lower_bound(elements: &[u32], x: u32) -> (u32, u32) {
    let (mut low, mut high, mut steps) = (0, elements.len(), 0);
    while low < high {
        let middle = (low + high) / 2;
        if elements[middle] < x {
            low = middle + 1;
        } else {
            high = middle;
        }
        steps += 1;
    }
    (low as u32, steps)
}

#[inline(always)]
fn counted_three_way(elements: &[u32], x: u32) -> (u32, u32) {
    let (mut low, mut high, mut steps) = (0, elements.len(), 0);
    while low < high {
        let middle = (low + high) / 2;
        let value = elements[middle];
        steps += 1;
        if value == x {
            return (middle as u32, steps);
        }
        if value < x {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    (elements.len() as u32, steps)
}

/// The standard library's.
pub(super) fn partition_point(elements: &[u32], x: u32) -> u32 {
    elements.partition_point(|&element| element < x) as u32
}

/// Halves the same number of times whatever the needle is; the comparison chooses a number, not a
/// way through the code.
pub(super) fn branchless(elements: &[u32], x: u32) -> u32 {
    let mut rest = elements;
    while rest.len() > 1 {
        let (low, high) = rest.split_at(rest.len() / 2);
        let is_below = low[low.len() - 1] < x;
        // With an odd length both halves are given the longer one's length: the last element of a
        // shorter one is looked at again, which changes nothing.
        let longer = &rest[..high.len()];
        rest = select_unpredictable(is_below, high, longer);
    }
    let start = (rest.as_ptr() as usize - elements.as_ptr() as usize) / size_of::<u32>();
    start as u32 + u32::from(rest.first().is_some_and(|&element| element < x))
}

/// The same for 16 needles: each level's loads are independent of each other, so they wait
/// together.
pub(super) fn in_flight(elements: &[u32], needles: &[u32; 16]) -> [u32; 16] {
    let mut starts = [0_u32; 16];
    let mut length = elements.len();
    while length > 1 {
        let half = length / 2;
        for (start, &x) in starts.iter_mut().zip(needles) {
            let is_below = elements[*start as usize + half - 1] < x;
            *start = select_unpredictable(is_below, *start + half as u32, *start);
        }
        length -= half;
    }
    for (start, &x) in starts.iter_mut().zip(needles) {
        *start += u32::from(elements.get(*start as usize).is_some_and(|&element| element < x));
    }
    starts
}
