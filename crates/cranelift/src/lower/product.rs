//! Both halves of a product of 32 bits from one multiplication of 64.
//!
//! Cranelift's mid-end makes the lower half of a shared product a multiplication of its own again:
//! `ireduce(imul(uextend(a), uextend(b)))` is `imul(a, b)`, and its cost model counts a shared
//! operand once per use. It rewrites no instruction with two results, so the product goes through
//! `isplit(iconcat(product, product))`, which is no machine code.

use cranelift_codegen::ir::types::{I32, I64};
use cranelift_codegen::ir::{InstBuilder, Value};
use crossover_ir::{Code, InstKind, Op, ValueId};
use crossover_values::{DType, Scalar};

use super::{Fact, Lower};

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Half {
    Low,
    High,
}

/// The literals among the factors of a product.
pub(super) type Literals = [Option<Scalar>; 2];

fn literals(code: &Code, args: &[ValueId]) -> Literals {
    std::array::from_fn(|at| match code.insts[args[at].0 as usize].kind {
        InstKind::Const(scalar) => Some(scalar),
        _ => None,
    })
}

/// Literals of all products of which the upper half is asked for.
pub(super) fn halved(code: &Code) -> Vec<Literals> {
    let mut found = Vec::new();
    for inst in &code.insts {
        if let InstKind::Op { op: Op::MulHigh, args } = &inst.kind
            && inst.dtype == DType::U32
        {
            let literals = literals(code, args);
            if !found.contains(&literals) {
                found.push(literals);
            }
        }
    }
    found
}

impl Lower<'_, '_> {
    /// Whether the upper half of a product may be asked for, too: only a guess, which costs
    /// nothing if it is wrong, for factors are variables here whose values only the lowering knows.
    pub(super) fn is_halved(&self, args: &[ValueId]) -> bool {
        self.halved.contains(&literals(self.code, args))
    }

    /// Half of a product of unsigned numbers, which is computed once for both.
    pub(super) fn product(&mut self, a: Value, b: Value, half: Half) -> Value {
        let fact = Fact::Product([a, b]);
        let wide = self.tested.value(&fact).unwrap_or_else(|| {
            let wide = self.wide_product(a, b);
            self.tested.note(fact, Some(wide));
            wide
        });
        if half == Half::Low {
            return self.builder.ins().ireduce(I32, wide);
        }
        let high = self.builder.ins().ushr_imm_u(wide, 32);
        self.builder.ins().ireduce(I32, high)
    }

    /// The upper half of a signed product.
    pub(super) fn multiply_high(&mut self, a: Value, b: Value) -> Value {
        let [a, b] = [a, b].map(|it| self.builder.ins().sextend(I64, it));
        let product = self.builder.ins().imul(a, b);
        let high = self.builder.ins().ushr_imm_u(product, 32);
        self.builder.ins().ireduce(I32, high)
    }

    fn wide_product(&mut self, a: Value, b: Value) -> Value {
        let [a, b] = [a, b].map(|it| self.builder.ins().uextend(I64, it));
        let product = self.builder.ins().imul(a, b);
        let twice = self.builder.ins().iconcat(product, product);
        self.builder.ins().isplit(twice).0
    }
}
