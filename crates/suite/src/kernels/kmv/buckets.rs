//! Sorting numbers that are spread evenly below a limit: one pass puts each into the bucket of its
//! leading part, and what is left to sort are a few neighbours.

use rayon::prelude::*;

/// Numbers per bucket, about.
const PER_BUCKET: usize = 4;

/// Numbers sorted by one parallel task, about.
const PER_TASK: usize = 1 << 13;

/// Sorts numbers that are at most `limit`.
pub(super) fn sort(numbers: &mut Vec<u32>, limit: u32) {
    let (mut placed, _) = place(numbers, limit);
    // Every number is near its place: nothing moves farther than its bucket is long.
    insertion_sort(&mut placed);
    *numbers = placed;
}

/// The same, neighbouring buckets over threads.
pub(super) fn sort_threaded(numbers: &mut Vec<u32>, limit: u32) {
    let (mut placed, ends) = place(numbers, limit);
    let per_task = ends.len().div_ceil(placed.len().div_ceil(PER_TASK).max(1));
    let mut tasks = Vec::new();
    let (mut rest, mut done) = (&mut *placed, 0);
    for buckets in ends.chunks(per_task.max(1)) {
        let end = buckets.last().map_or(done, |&end| end as usize);
        let (task, left) = rest.split_at_mut(end - done);
        tasks.push(task);
        (rest, done) = (left, end);
    }
    tasks.into_par_iter().for_each(insertion_sort);
    *numbers = placed;
}

/// The numbers by bucket, and where each bucket ends.
fn place(numbers: &[u32], limit: u32) -> (Vec<u32>, Vec<u32>) {
    let wanted = (numbers.len() / PER_BUCKET).max(1);
    // The leading bits of a product instead of a quotient: the order of the buckets is the order of
    // the numbers all the same.
    let scale = ((wanted as u64) << 32) / (u64::from(limit) + 1);
    let bucket = |number: u32| ((u64::from(number) * scale) >> 32) as usize;
    let mut ends = vec![0_u32; bucket(limit) + 1];
    for &number in numbers {
        ends[bucket(number)] += 1;
    }
    let mut before = 0;
    for end in &mut ends {
        before += std::mem::replace(end, before);
    }
    let mut placed = vec![0; numbers.len()];
    for &number in numbers {
        let end = &mut ends[bucket(number)];
        placed[*end as usize] = number;
        *end += 1;
    }
    (placed, ends)
}

fn insertion_sort(numbers: &mut [u32]) {
    for i in 1..numbers.len() {
        let number = numbers[i];
        let mut at = i;
        while at > 0 && numbers[at - 1] > number {
            numbers[at] = numbers[at - 1];
            at -= 1;
        }
        numbers[at] = number;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorts_what_is_below_the_limit() {
        for (count, limit) in [(0, 5), (1, 0), (7, 3), (1000, 999), (50_000, u32::MAX)] {
            let draw = |i: u32| i.wrapping_mul(0x9E37_79B9) ^ (i >> 3);
            let numbers: Vec<u32> =
                (0..count).map(|i| (u64::from(draw(i)) % (u64::from(limit) + 1)) as u32).collect();
            let mut expected = numbers.clone();
            expected.sort_unstable();
            for sort in [sort, sort_threaded] {
                let mut got = numbers.clone();
                sort(&mut got, limit);
                assert_eq!(got, expected, "{count} below {limit}");
            }
        }
    }
}
