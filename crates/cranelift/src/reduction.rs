//! The host's side of reductions: results of calls are collected, combined and assigned.

use crossover_ir::fold::{self, fold_blocks, fold_partials};
use crossover_ir::{Code, HostState, Reduce, ReduceOp, eval};
use crossover_values::{DType, Scalar};

use crate::layout::{Layout, PARTIALS, Scheme, partial_words};
use crate::run::Handle;

/// Iterations of a block of a float reduction.
pub(crate) use fold::BLOCK;

/// What the iterations so far contribute to one reduction.
#[derive(Clone, Debug)]
pub(crate) enum Gathered {
    /// Nothing: the reduction is of a loop inside a lane.
    Nothing,
    /// One value.
    Value(Scalar),
    /// One value per block.
    Blocks(Vec<Scalar>),
    /// The best contribution that beats the value before the region, with its payload.
    Best(Option<(Scalar, Vec<Scalar>)>),
}

/// Nothing gathered yet.
pub(crate) fn start(code: &Code, layout: &Layout) -> Vec<Gathered> {
    let all = code.reduces.iter().zip(&layout.reduces);
    all.map(|(reduce, (_, scheme))| match scheme {
        Scheme::Accumulate => Gathered::Value(reduce.op.identity(reduce.dtype)),
        Scheme::Blocks => Gathered::Blocks(Vec::new()),
        Scheme::Inner => Gathered::Nothing,
        Scheme::Best => Gathered::Best(None),
    })
    .collect()
}

/// Prepares a lane table for a call.
pub(crate) fn prepare(code: &Code, layout: &Layout, lane: &mut [u64]) {
    for (reduce, (word, scheme)) in code.reduces.iter().zip(&layout.reduces) {
        if *scheme == Scheme::Blocks {
            let identity = reduce.op.identity(reduce.dtype).to_bits();
            let pair = identity | if reduce.dtype == DType::F32 { identity << 32 } else { 0 };
            lane[*word..word + partial_words(reduce.dtype)].fill(pair);
        }
    }
}

/// Takes the results of a call over; calls come in order.
pub(crate) fn absorb(
    code: &Code,
    layout: &Layout,
    kernel: &crossover_ir::Kernel,
    lane: &[u64],
    gathered: &mut [Gathered],
) {
    let all = code.reduces.iter().zip(&layout.reduces).zip(gathered);
    for ((reduce, (word, _)), gathered) in all {
        let results = &lane[*word..];
        match gathered {
            Gathered::Nothing => {}
            Gathered::Value(value) => {
                let result = Scalar::from_bits(reduce.dtype, results[0]);
                *value = reduce.op.combine(*value, result);
            }
            Gathered::Blocks(blocks) => blocks.push(block_value(reduce, results)),
            Gathered::Best(best) => {
                if results[0] & 1 != 0 {
                    let value = Scalar::from_bits(reduce.dtype, results[1]);
                    let payload = reduce.payload.iter().zip(&results[2..]).map(|(var, bits)| {
                        Scalar::from_bits(kernel.vars[var.0 as usize].dtype, *bits)
                    });
                    take_better(reduce, best, (value, payload.collect()));
                }
            }
        }
    }
}

/// Appends what later iterations gathered.
pub(crate) fn append(code: &Code, gathered: &mut [Gathered], later: Vec<Gathered>) {
    for ((reduce, gathered), later) in code.reduces.iter().zip(gathered).zip(later) {
        match (gathered, later) {
            (Gathered::Value(value), Gathered::Value(later)) => {
                *value = reduce.op.combine(*value, later);
            }
            (Gathered::Blocks(blocks), Gathered::Blocks(later)) => blocks.extend(later),
            (Gathered::Best(best), Gathered::Best(Some(later))) => take_better(reduce, best, later),
            _ => {}
        }
    }
}

/// Assigns the results of a region to its targets.
pub(crate) fn assign(code: &Code, gathered: Vec<Gathered>, state: &mut HostState<Handle>) {
    for (reduce, gathered) in code.reduces.iter().zip(gathered) {
        let target = reduce.target.0 as usize;
        let combine = |before: Option<Scalar>, value| match before {
            Some(before) => reduce.op.combine(before, value),
            None => value,
        };
        match gathered {
            Gathered::Nothing | Gathered::Best(None) => {}
            Gathered::Value(value) => {
                state.vars[target] = Some(combine(state.vars[target], value));
            }
            Gathered::Blocks(mut blocks) => {
                let all = fold_blocks(&mut blocks, |a, b| reduce.op.combine(a, b));
                if let Some(value) = all {
                    state.vars[target] = Some(combine(state.vars[target], value));
                }
            }
            Gathered::Best(Some((value, payload))) => {
                state.vars[target] = Some(value);
                for (var, value) in reduce.payload.iter().zip(payload) {
                    state.vars[var.0 as usize] = Some(value);
                }
            }
        }
    }
}

/// Keeps the earlier one unless the later is strictly better.
fn take_better(
    reduce: &Reduce,
    best: &mut Option<(Scalar, Vec<Scalar>)>,
    later: (Scalar, Vec<Scalar>),
) {
    let wins = match best {
        None => true,
        Some((value, _)) => {
            let wins = eval(reduce.op.op(), DType::Bool, &[later.0, *value]);
            wins == Ok(Scalar::Bool(true))
        }
    };
    if wins {
        *best = Some(later);
    }
}

/// Folds the partial results of a block. Native arithmetic: this runs once per 4,096 iterations.
fn block_value(reduce: &Reduce, results: &[u64]) -> Scalar {
    if reduce.dtype == DType::F32 {
        let partials: [f32; PARTIALS] = std::array::from_fn(|index| {
            f32::from_bits((results[index / 2] >> (index % 2 * 32)) as u32)
        });
        Scalar::F32(match reduce.op {
            ReduceOp::Min => fold_partials(&partials, |a, b| if b < a { b } else { a }),
            ReduceOp::Max => fold_partials(&partials, |a, b| if a < b { b } else { a }),
            _ => fold_partials(&partials, |a, b| a + b),
        })
    } else {
        let partials: [f64; PARTIALS] = std::array::from_fn(|index| f64::from_bits(results[index]));
        Scalar::F64(match reduce.op {
            ReduceOp::Min => fold_partials(&partials, |a, b| if b < a { b } else { a }),
            ReduceOp::Max => fold_partials(&partials, |a, b| if a < b { b } else { a }),
            _ => fold_partials(&partials, |a, b| a + b),
        })
    }
}
