//! Search in a sorted array in Rust: the plain loops, branchless ones, several searches in flight,
//! and layouts made for searching.
//!
//! The fast variants are lower bounds; the elements differ, so every other form of the question is
//! answered from the lower bound by one more look at the array ([`Question::asked`]). Iterations are
//! counted by the plain loops, for the few needles that ask for them.

mod layouts;
mod loops;
#[cfg(test)]
mod tests;

use std::time::Instant;

use crossover_contract::{KernelCode, NativeCall, NativeError, NativeVariant};
use crossover_values::DType;
use rayon::prelude::*;

use self::layouts::{Eytzinger, STree};
use crate::arguments::{array, array_mut, scalar};

/// Needles of one parallel task: some hundred microseconds of the plain loop.
const NEEDLES_PER_TASK: usize = 4096;

pub(crate) const CODE: KernelCode = KernelCode::new(VARIANTS);

const VARIANTS: &[NativeVariant] = &[
    NativeVariant::exact("scalar", "plain loop, one branch per level", |call| run(call, plain)),
    NativeVariant::exact("partition_point", "the standard library's lower bound", |call| {
        run(call, |question, index| each(question, index, loops::partition_point))
    }),
    NativeVariant::exact("branchless", "a conditional move instead of the branch", |call| {
        run(call, |question, index| each(question, index, loops::branchless))
    }),
    NativeVariant::exact("in_flight", "16 branchless searches at once, level by level", |call| {
        run(call, |question, index| many(question, index, loops::in_flight))
    }),
    NativeVariant::exact(
        "eytzinger",
        "the tree of middles as an array, 16 searches at once",
        eytzinger,
    ),
    NativeVariant::exact("simd", "16 keys per node in vectors, 8 searches at once", |call| {
        s_tree(call, false)
    }),
    NativeVariant::exact("threads", "the plain loop, 4,096 needles per task", |call| {
        run(call, |question, index| tasks(question, index, plain))
    })
    .threaded(),
    NativeVariant::exact("simd_threads", "16 keys per node, 4,096 needles per task", |call| {
        s_tree(call, true)
    })
    .threaded(),
];

/// What is searched: the choices of `form`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    LowerBound,
    ThreeWay,
    Linear,
    Nearest,
}

impl Form {
    /// The form of the reference's argument: any number beyond the first three is the last one.
    fn of(number: i32) -> Form {
        match number {
            0 => Form::LowerBound,
            1 => Form::ThreeWay,
            2 => Form::Linear,
            _ => Form::Nearest,
        }
    }
}

/// An array and needles.
#[derive(Clone, Copy, Debug)]
struct Question<'a> {
    /// Ascending, no two alike.
    elements: &'a [u32],
    needles: &'a [u32],
    form: Form,
}

impl Question<'_> {
    /// What the form asks for, of a needle with this lower bound.
    fn asked(&self, at: u32, x: u32) -> u32 {
        let (elements, here) = (self.elements, at as usize);
        match self.form {
            Form::LowerBound | Form::Linear => at,
            Form::ThreeWay if elements.get(here) == Some(&x) => at,
            Form::ThreeWay => elements.len() as u32,
            Form::Nearest => {
                let is_lower = here > 0
                    && elements.get(here).is_none_or(|above| x - elements[here - 1] <= above - x);
                at - u32::from(is_lower)
            }
        }
    }

    /// Turns lower bounds into what the form asks for.
    fn finish(&self, index: &mut [u32]) {
        if matches!(self.form, Form::LowerBound | Form::Linear) {
            return;
        }
        for (at, &x) in index.iter_mut().zip(self.needles) {
            *at = self.asked(*at, x);
        }
    }
}

/// Answers the question by `search`, and counts iterations where they are asked for.
fn run(
    call: &mut NativeCall<'_>,
    search: impl FnOnce(&Question<'_>, &mut [u32]),
) -> Result<(), NativeError> {
    if call.dtype != DType::U32 {
        return Err(NativeError::Instance(call.dtype));
    }
    let given = call.arguments.len();
    let [index, steps, elements, needles, form] = &mut *call.arguments else {
        let position = given.min(4);
        return Err(NativeError::Argument { position, expected: "one of five arguments" });
    };
    let elements = array::<u32>(elements, 2)?;
    let needles = array::<u32>(needles, 3)?;
    let index = array_mut::<u32>(index, 0)?;
    if index.len() < needles.len() {
        return Err(NativeError::Argument { position: 0, expected: "one index per needle" });
    }
    let question = Question { elements, needles, form: Form::of(scalar(form, 4)?) };
    search(&question, &mut index[..needles.len()]);
    for (steps, &x) in array_mut::<u32>(steps, 1)?.iter_mut().zip(needles) {
        *steps = loops::steps(question.form, elements, x);
    }
    Ok(())
}

/// The plain loop of the form.
fn plain(question: &Question<'_>, index: &mut [u32]) {
    let one = match question.form {
        Form::LowerBound | Form::Nearest => return each(question, index, loops::lower_bound),
        Form::ThreeWay => loops::three_way,
        Form::Linear => loops::linear,
    };
    for (at, &x) in index.iter_mut().zip(question.needles) {
        *at = one(question.elements, x);
    }
}

/// One search after the other.
fn each(question: &Question<'_>, index: &mut [u32], one: impl Fn(&[u32], u32) -> u32) {
    for (at, &x) in index.iter_mut().zip(question.needles) {
        *at = one(question.elements, x);
    }
    question.finish(index);
}

/// Lower bounds of needles in groups, the rest in one that is filled up.
fn many<const N: usize>(
    question: &Question<'_>,
    index: &mut [u32],
    group: impl Fn(&[u32], &[u32; N]) -> [u32; N],
) {
    let (groups, rest) = question.needles.as_chunks::<N>();
    let (found, tail) = index.as_chunks_mut::<N>();
    for (found, needles) in found.iter_mut().zip(groups) {
        *found = group(question.elements, needles);
    }
    if !rest.is_empty() {
        // Filled up with a needle that there is, so that no group is special.
        let mut needles = [rest[0]; N];
        needles[..rest.len()].copy_from_slice(rest);
        tail.copy_from_slice(&group(question.elements, &needles)[..rest.len()]);
    }
    question.finish(index);
}

/// Parts of the needles on the current pool.
fn tasks(
    question: &Question<'_>,
    index: &mut [u32],
    search: impl Fn(&Question<'_>, &mut [u32]) + Sync,
) {
    let parts = index.par_chunks_mut(NEEDLES_PER_TASK);
    parts.zip(question.needles.par_chunks(NEEDLES_PER_TASK)).for_each(|(index, needles)| {
        search(&Question { needles, ..*question }, index);
    });
}

/// Seconds that `build` took, with what it made.
fn timed<T>(build: impl FnOnce() -> T) -> (T, f64) {
    let start = Instant::now();
    let made = build();
    (made, start.elapsed().as_secs_f64())
}

fn eytzinger(call: &mut NativeCall<'_>) -> Result<(), NativeError> {
    let (mut bytes, mut seconds) = (0, 0.0);
    run(call, |question, index| {
        let (tree, build) = timed(|| Eytzinger::of(question.elements));
        (bytes, seconds) = (tree.bytes(), build);
        many(question, index, |_, needles| tree.lower_bounds(needles));
    })?;
    report(call, bytes, seconds);
    Ok(())
}

fn s_tree(call: &mut NativeCall<'_>, is_threaded: bool) -> Result<(), NativeError> {
    let (mut bytes, mut seconds) = (0, 0.0);
    run(call, |question, index| {
        let (tree, build) = timed(|| STree::of(question.elements));
        (bytes, seconds) = (tree.bytes(), build);
        if is_threaded {
            tasks(question, index, |question, index| layouts::search(&tree, question, index));
        } else {
            layouts::search(&tree, question, index);
        }
    })?;
    report(call, bytes, seconds);
    Ok(())
}

fn report(call: &mut NativeCall<'_>, bytes: usize, seconds: f64) {
    call.facts.insert("structure", bytes as f64);
    call.facts.insert("build", seconds);
}
