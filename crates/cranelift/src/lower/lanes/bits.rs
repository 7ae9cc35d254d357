//! Counting bits of vectors: by the exponents of floats, and by bytes.
//!
//! Source: Warren, *Hacker's Delight*, 2nd edition, chapter 5.

use cranelift_codegen::ir::types::{F32X4, I8X16, I32, I32X4};
use cranelift_codegen::ir::{InstBuilder, Value};
use crossover_ir::{Op, ValueId};
use crossover_values::Scalar;

use super::Lanes;

/// Where a float has its exponent, and what is added to it.
const EXPONENT: u64 = 23;
const BIAS: u32 = 127;
const BITS: u32 = 32;

impl Lanes<'_, '_, '_> {
    /// Of 32-bit lanes.
    pub(super) fn count_bits(&mut self, op: Op, arg: ValueId) -> Vec<Value> {
        let parts = self.vectors(arg);
        parts
            .into_iter()
            .map(|part| match op {
                Op::PopCount => self.population(part),
                Op::CountTrailingZeros => self.trailing_zeros(part),
                _ => self.leading_zeros(part),
            })
            .collect()
    }

    /// The product by ones in each byte has the sum of all bytes in its highest.
    fn population(&mut self, part: Value) -> Value {
        let bytes = self.as_type(I8X16, part);
        let counts = self.lower.builder.ins().popcnt(bytes);
        let counts = self.as_type(I32X4, counts);
        let ones = self.splat_constant(Scalar::U32(0x0101_0101));
        let sums = self.lower.builder.ins().imul(counts, ones);
        let above = self.lower.integer(I32, 24);
        self.lower.builder.ins().ushr(sums, above)
    }

    /// Sign and exponent of the lane as a float.
    fn exponent(&mut self, part: Value) -> Value {
        let float = self.lower.builder.ins().fcvt_from_sint(F32X4, part);
        let bits = self.as_type(I32X4, float);
        let below = self.lower.integer(I32, EXPONENT);
        self.lower.builder.ins().ushr(bits, below)
    }

    /// The lowest bit alone is a power of two; the highest one as a signed number has the same
    /// exponent. Without a bit the exponent is 0, which becomes a large unsigned number.
    fn trailing_zeros(&mut self, part: Value) -> Value {
        let negated = self.lower.builder.ins().ineg(part);
        let lowest = self.lower.builder.ins().band(part, negated);
        let exponent = self.exponent(lowest);
        let unsigned = self.splat_constant(Scalar::U32(0xff));
        let exponent = self.lower.builder.ins().band(exponent, unsigned);
        let bias = self.splat_constant(Scalar::U32(BIAS));
        let count = self.lower.builder.ins().isub(exponent, bias);
        let all = self.splat_constant(Scalar::U32(BITS));
        self.lower.builder.ins().umin(count, all)
    }

    /// Without the bit below the highest no rounding carries into the next power. A lane with its
    /// highest bit set is negative, and what its sign makes of the exponent is above all others.
    fn leading_zeros(&mut self, part: Value) -> Value {
        let one = self.lower.integer(I32, 1);
        let half = self.lower.builder.ins().ushr(part, one);
        let sparse = self.lower.builder.ins().band_not(part, half);
        let exponent = self.exponent(sparse);
        let most = self.splat_constant(Scalar::U32(BIAS + BITS - 1));
        let count = self.lower.builder.ins().isub(most, exponent);
        let none = self.splat_constant(Scalar::U32(0));
        let count = self.lower.builder.ins().smax(count, none);
        let all = self.splat_constant(Scalar::U32(BITS));
        self.lower.builder.ins().smin(count, all)
    }
}
