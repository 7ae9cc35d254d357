//! The order of float reductions (rule 11 of the language), for whoever computes one.
//!
//! Iterations, by flattened index, form blocks of [`BLOCK`]. In a block, iteration `i` combines
//! into partial `i mod` [`PARTIALS`], each from the identity, in order. [`fold_partials`] makes
//! the block's value, [`fold_blocks`] (or [`Pairwise`], as they come) makes one of all blocks',
//! and the value before the loop combines last, as the *left* operand: `min(before, folded)`.
//! The side is visible only with NaN: a NaN accumulator stays NaN, as in a sequential loop.

use crossover_values::{DType, Scalar};

use crate::{Op, ReduceOp, eval};

/// Iterations of one block.
pub const BLOCK: u64 = 4096;

/// Partial accumulators of one block.
pub const PARTIALS: usize = 16;

/// Folds the partials of a block by halves: `j += j + 8`, then 4, 2, 1.
pub fn fold_partials<T: Copy>(partials: &[T; PARTIALS], combine: impl Fn(T, T) -> T) -> T {
    let mut folded = *partials;
    let mut half = PARTIALS / 2;
    while half > 0 {
        for j in 0..half {
            folded[j] = combine(folded[j], folded[j + half]);
        }
        half /= 2;
    }
    folded[0]
}

/// Folds block values pairwise: adjacent pairs, an odd one carried up, until one is left. `None`
/// if there is no block. Leaves `blocks` empty or with that one value.
pub fn fold_blocks<T: Copy>(blocks: &mut Vec<T>, combine: impl Fn(T, T) -> T) -> Option<T> {
    while blocks.len() > 1 {
        let pairs = blocks.len() / 2;
        for pair in 0..pairs {
            blocks[pair] = combine(blocks[2 * pair], blocks[2 * pair + 1]);
        }
        if blocks.len() % 2 == 1 {
            blocks[pairs] = blocks[2 * pairs];
        }
        blocks.truncate(blocks.len().div_ceil(2));
    }
    blocks.first().copied()
}

/// The fold of [`fold_blocks`] with logarithmic memory, for blocks that come one by one.
///
/// A binary counter: slot `k` holds the fold of a whole group of `2^k` blocks. It gives the same
/// tree: groups of `2^k` blocks aligned at multiples of `2^k` are exactly the nodes of level `k`
/// that [`fold_blocks`] makes of full pairs. What remains after the last whole group of a level
/// is one node there, made of the remainders of the levels below, from the lowest up: an odd node
/// is carried up unchanged until it meets a left neighbour, and that neighbour is the occupied
/// slot next above.
#[derive(Clone, Debug)]
pub struct Pairwise<T> {
    slots: Vec<Option<T>>,
}

impl<T: Copy> Default for Pairwise<T> {
    fn default() -> Self {
        Pairwise { slots: Vec::new() }
    }
}

impl<T: Copy> Pairwise<T> {
    /// Appends the value of the next block.
    pub fn push(&mut self, block: T, combine: impl Fn(T, T) -> T) {
        let mut carry = block;
        for slot in &mut self.slots {
            match slot.take() {
                Some(left) => carry = combine(left, carry),
                None => {
                    *slot = Some(carry);
                    return;
                }
            }
        }
        self.slots.push(Some(carry));
    }

    /// The fold of all blocks; `None` if there was none.
    pub fn finish(self, combine: impl Fn(T, T) -> T) -> Option<T> {
        self.slots.into_iter().flatten().reduce(|right, left| combine(left, right))
    }
}

impl ReduceOp {
    /// Whether order shows: float sums, minima and maxima follow the order of this module; all
    /// else gives the same value in any order (or, with payload, by the rule that the first
    /// iteration wins).
    pub const fn is_ordered(self, dtype: DType) -> bool {
        dtype.is_float() && matches!(self, ReduceOp::Add | ReduceOp::Min | ReduceOp::Max)
    }

    /// The value that a partial starts from: it changes no other value when combined on the left
    /// (for a float sum up to the sign of zero: a sum of `-0.0` alone is `0.0`).
    ///
    /// # Panics
    /// If `dtype` is `u8`, which no accumulator has.
    pub fn identity(self, dtype: DType) -> Scalar {
        assert!(dtype != DType::U8, "an accumulator is a scalar");
        let zero = Scalar::from_bits(dtype, 0);
        match self {
            ReduceOp::Add | ReduceOp::Or | ReduceOp::Xor => zero,
            ReduceOp::And => Scalar::from_bits(dtype, u64::MAX),
            ReduceOp::Min | ReduceOp::ArgMin => match dtype {
                DType::I32 => Scalar::I32(i32::MAX),
                DType::I64 => Scalar::I64(i64::MAX),
                DType::F32 => Scalar::F32(f32::INFINITY),
                DType::F64 => Scalar::F64(f64::INFINITY),
                DType::Bool | DType::U8 | DType::U32 | DType::U64 => {
                    Scalar::from_bits(dtype, u64::MAX)
                }
            },
            ReduceOp::Max | ReduceOp::ArgMax => match dtype {
                DType::I32 => Scalar::I32(i32::MIN),
                DType::I64 => Scalar::I64(i64::MIN),
                DType::F32 => Scalar::F32(f32::NEG_INFINITY),
                DType::F64 => Scalar::F64(f64::NEG_INFINITY),
                DType::Bool | DType::U8 | DType::U32 | DType::U64 => zero,
            },
        }
    }

    /// The op of the table that combines two accumulator values, the earlier one on the left.
    /// For `ArgMin` and `ArgMax` it is the strict comparison `new OP accumulator` that says
    /// whether the new value wins.
    pub const fn op(self) -> Op {
        match self {
            ReduceOp::Add => Op::Add,
            ReduceOp::Or => Op::Or,
            ReduceOp::Xor => Op::Xor,
            ReduceOp::And => Op::And,
            ReduceOp::Min => Op::Min,
            ReduceOp::Max => Op::Max,
            ReduceOp::ArgMin => Op::Lt,
            ReduceOp::ArgMax => Op::Gt,
        }
    }

    /// Combines two values of one type, the earlier one on the left; the better one for `ArgMin`
    /// and `ArgMax`.
    ///
    /// # Panics
    /// If the types differ or the op is not defined for them.
    pub fn combine(self, earlier: Scalar, later: Scalar) -> Scalar {
        let value = match self {
            ReduceOp::ArgMin => eval(Op::Min, earlier.dtype(), &[earlier, later]),
            ReduceOp::ArgMax => eval(Op::Max, earlier.dtype(), &[earlier, later]),
            other => eval(other.op(), earlier.dtype(), &[earlier, later]),
        };
        value.expect("no op of a reduction traps")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rule as trees of text: shows the order itself.
    fn tree(a: &'static str, b: &'static str) -> &'static str {
        Box::leak(format!("({a}{b})").into_boxed_str())
    }

    /// Recursive definition, top down: the left part is the largest power of two of blocks.
    fn naive(blocks: &[f32]) -> f32 {
        match blocks {
            [one] => *one,
            _ => {
                let left = blocks.len().next_power_of_two() / 2;
                naive(&blocks[..left]) + naive(&blocks[left..])
            }
        }
    }

    #[test]
    fn partials_fold_by_halves() {
        let names =
            ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "a", "b", "c", "d", "e", "f"];
        let text = fold_partials(&names, tree);
        assert_eq!(text, "((((08)(4c))((2a)(6e)))(((19)(5d))((3b)(7f))))");
    }

    #[test]
    fn blocks_fold_pairwise_with_the_odd_one_carried_up() {
        let mut names = vec!["0", "1", "2", "3", "4", "5", "6"];
        assert_eq!(fold_blocks(&mut names, tree), Some("(((01)(23))((45)6))"));
        assert_eq!(fold_blocks(&mut Vec::<f32>::new(), |a, b| a + b), None);
    }

    #[test]
    fn all_forms_agree_on_any_number_of_blocks() {
        let values: Vec<f32> = (0..70).map(|i| 1.0 / (i as f32 + 0.3)).collect();
        for n in 1..=values.len() {
            let expected = naive(&values[..n]).to_bits();
            let mut counter = Pairwise::default();
            values[..n].iter().for_each(|value| counter.push(*value, |a, b| a + b));
            assert_eq!(counter.finish(|a, b| a + b).unwrap().to_bits(), expected, "{n}");
            let folded = fold_blocks(&mut values[..n].to_vec(), |a, b| a + b);
            assert_eq!(folded.unwrap().to_bits(), expected, "{n}");
        }
    }

    #[test]
    fn identities_are_neutral() {
        for (op, dtype, value) in [
            (ReduceOp::And, DType::Bool, Scalar::Bool(true)),
            (ReduceOp::And, DType::I32, Scalar::I32(-5)),
            (ReduceOp::Min, DType::U64, Scalar::U64(u64::MAX)),
            (ReduceOp::Max, DType::I64, Scalar::I64(i64::MIN)),
            (ReduceOp::Min, DType::F32, Scalar::F32(f32::MAX)),
            (ReduceOp::Max, DType::F64, Scalar::F64(-0.0)),
            (ReduceOp::Xor, DType::U32, Scalar::U32(7)),
        ] {
            assert_eq!(op.combine(op.identity(dtype), value), value, "{op:?} {dtype}");
        }
    }
}
