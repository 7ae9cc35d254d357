//! Which pairs of opcodes make one.

use crate::opcode::Opcode::{self, *};

/// An operation, one of its operands' places, what computes that operand, and what does both.
pub(crate) type Rule<O> = (O, usize, O, O);

/// What a table says of `outer` with its operand `place` computed by `inner`.
pub(crate) fn joined<O: Copy + PartialEq>(
    rules: &[Rule<O>],
    outer: O,
    place: usize,
    inner: O,
) -> Option<O> {
    let rule = rules.iter().find(|rule| (rule.0, rule.1, rule.2) == (outer, place, inner));
    rule.map(|rule| rule.3)
}

/// The opcode that does `outer` with its operand `place` computed by `inner`; its operands are
/// those of `outer` with those of `inner` in that place.
pub(super) fn fused(outer: Opcode, place: usize, inner: Opcode) -> Option<Opcode> {
    let by = |rules| joined(rules, outer, place, inner);
    by(ARITHMETIC).or_else(|| by(BRANCHES))
}

const ARITHMETIC: &[Rule<Opcode>] = &[
    (Add32, 0, Mul32, MulAdd32),
    (Add32, 1, Mul32, AddMul32),
    (Add64, 0, Mul64, MulAdd64),
    (Add64, 1, Mul64, AddMul64),
    (MulAdd64, 2, Mul64, MulMulAdd64),
    (Xor, 0, Xor, Xor3),
    (Xor, 1, Xor, Xor3),
    (AddF32, 0, MulF32, MulAddF32),
    (AddF64, 0, MulF64, MulAddF64),
    (AddF32, 1, MulF32, AddMulF32),
    (AddF64, 1, MulF64, AddMulF64),
    (SubF32, 0, MulF32, MulSubF32),
    (SubF64, 0, MulF64, MulSubF64),
    (SubF32, 1, MulF32, SubMulF32),
    (SubF64, 1, MulF64, SubMulF64),
    (MulAddF32, 2, MulF32, MulMulAddF32),
    (MulAddF64, 2, MulF64, MulMulAddF64),
    (MulSubF32, 2, MulF32, MulMulSubF32),
    (MulSubF64, 2, MulF64, MulMulSubF64),
    (AddF32, 0, MulMulAddF32, MulMulAddAddF32),
    (AddF64, 0, MulMulAddF64, MulMulAddAddF64),
    (SubF32, 0, MulMulAddF32, MulMulAddSubF32),
    (SubF64, 0, MulMulAddF64, MulMulAddSubF64),
    (AddF32, 0, MulMulSubF32, MulMulSubAddF32),
    (AddF64, 0, MulMulSubF64, MulMulSubAddF64),
    (SubF32, 0, MulMulSubF32, MulMulSubSubF32),
    (SubF64, 0, MulMulSubF64, MulMulSubSubF64),
    (AddF32, 0, AddF32, AddAddF32),
    (AddF64, 0, AddF64, AddAddF64),
    (AddF32, 0, AddAddF32, AddAddAddF32),
    (AddF64, 0, AddAddF64, AddAddAddF64),
    (SubF32, 0, AddF32, AddSubF32),
    (SubF64, 0, AddF64, AddSubF64),
    (AddF32, 0, SubF32, SubAddF32),
    (AddF64, 0, SubF64, SubAddF64),
];

const BRANCHES: &[Rule<Opcode>] = &[
    (BrT, 0, NotBool, BrF),
    (BrF, 0, NotBool, BrT),
    (BrT, 0, Eq, BrEq),
    (BrF, 0, Eq, BrNe),
    (BrT, 0, Ne, BrNe),
    (BrF, 0, Ne, BrEq),
    (BrT, 0, LtI32, BrLtI32),
    (BrT, 0, LtI64, BrLtI64),
    (BrT, 0, LtU, BrLtU),
    (BrT, 0, LeI32, BrLeI32),
    (BrT, 0, LeI64, BrLeI64),
    (BrT, 0, LeU, BrLeU),
    (BrT, 0, EqF32, BrEqF32),
    (BrT, 0, EqF64, BrEqF64),
    (BrF, 0, EqF32, BrNeF32),
    (BrF, 0, EqF64, BrNeF64),
    (BrT, 0, NeF32, BrNeF32),
    (BrT, 0, NeF64, BrNeF64),
    (BrF, 0, NeF32, BrEqF32),
    (BrF, 0, NeF64, BrEqF64),
    (BrT, 0, LtF32, BrLtF32),
    (BrT, 0, LtF64, BrLtF64),
    (BrF, 0, LtF32, BrNltF32),
    (BrF, 0, LtF64, BrNltF64),
    (BrT, 0, LeF32, BrLeF32),
    (BrT, 0, LeF64, BrLeF64),
    (BrF, 0, LeF32, BrNleF32),
    (BrF, 0, LeF64, BrNleF64),
    (BrLtF32, 0, MulMulAddF32, BrMulMulAddLtF32),
    (BrLtF64, 0, MulMulAddF64, BrMulMulAddLtF64),
    (BrLeF32, 0, MulMulAddF32, BrMulMulAddLeF32),
    (BrLeF64, 0, MulMulAddF64, BrMulMulAddLeF64),
    (BrNltF32, 0, MulMulAddF32, BrMulMulAddNltF32),
    (BrNltF64, 0, MulMulAddF64, BrMulMulAddNltF64),
    (BrNleF32, 0, MulMulAddF32, BrMulMulAddNleF32),
    (BrNleF64, 0, MulMulAddF64, BrMulMulAddNleF64),
    (BrLtF32, 1, MulMulAddF32, BrLtMulMulAddF32),
    (BrLtF64, 1, MulMulAddF64, BrLtMulMulAddF64),
    (BrLeF32, 1, MulMulAddF32, BrLeMulMulAddF32),
    (BrLeF64, 1, MulMulAddF64, BrLeMulMulAddF64),
    (BrNltF32, 1, MulMulAddF32, BrNltMulMulAddF32),
    (BrNltF64, 1, MulMulAddF64, BrNltMulMulAddF64),
    (BrNleF32, 1, MulMulAddF32, BrNleMulMulAddF32),
    (BrNleF64, 1, MulMulAddF64, BrNleMulMulAddF64),
];

/// The negated integer comparison: `!(a < b)` is `b <= a`.
pub(super) fn negated(compare: Opcode) -> Option<Opcode> {
    Some(match compare {
        LtI32 => BrLeI32,
        LtI64 => BrLeI64,
        LtU => BrLeU,
        LeI32 => BrLtI32,
        LeI64 => BrLtI64,
        LeU => BrLtU,
        _ => return None,
    })
}

/// The plain addition that may precede a counting branch, and the branch itself: `place` is the
/// operand of `branch` that is the sum.
pub(super) fn counting(branch: Opcode, place: usize) -> Option<(Opcode, Opcode)> {
    Some(match (branch, place) {
        (BrLtI32, 0) => (Add32, AddLtI32),
        (BrLtI32, 1) => (Add32, AddGtI32),
        (BrLeI32, 0) => (Add32, AddLeI32),
        (BrLeI32, 1) => (Add32, AddGeI32),
        (BrLtI64, 0) => (Add64, AddLtI64),
        (BrLtI64, 1) => (Add64, AddGtI64),
        (BrLeI64, 0) => (Add64, AddLeI64),
        (BrLeI64, 1) => (Add64, AddGeI64),
        _ => return None,
    })
}
