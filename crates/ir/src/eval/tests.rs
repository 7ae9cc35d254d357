//! The rows where languages and machines differ (integers, casts, rounding), by value.

use crossover_values::{DType, Scalar};
use proptest::prelude::*;

use super::eval;
use crate::{Op, TrapKind};

fn i32s(op: Op, a: i32, b: i32) -> i32 {
    match eval(op, DType::I32, &[Scalar::I32(a), Scalar::I32(b)]) {
        Ok(Scalar::I32(value)) => value,
        other => panic!("{other:?}"),
    }
}

#[test]
fn integer_division() {
    assert_eq!((i32s(Op::DivFloor, -7, 2), i32s(Op::RemFloor, -7, 2)), (-4, 1));
    assert_eq!((i32s(Op::DivFloor, 7, -2), i32s(Op::RemFloor, 7, -2)), (-4, -1));
    assert_eq!((i32s(Op::DivTrunc, -7, 2), i32s(Op::RemTrunc, -7, 2)), (-3, -1));
    for (div, rem) in [(Op::DivFloor, Op::RemFloor), (Op::DivTrunc, Op::RemTrunc)] {
        assert_eq!((i32s(div, i32::MIN, -1), i32s(rem, i32::MIN, -1)), (i32::MIN, 0));
    }
    assert_eq!((i32s(Op::DivTrunc, 7, 0), i32s(Op::RemTrunc, 7, 0)), (7, 0));
    let dividend = Scalar::U64(u64::MAX);
    let trap = eval(Op::RemFloor, DType::U64, &[dividend, Scalar::U64(0)]);
    assert_eq!(trap, Err(TrapKind::DivisionByZero { dividend }));
    let most = [Scalar::U64(u64::MAX), Scalar::U64(2)];
    assert_eq!(eval(Op::DivFloor, DType::U64, &most), Ok(Scalar::U64(u64::MAX / 2)));
    let least = [Scalar::I64(i64::MIN), Scalar::I64(-1)];
    assert_eq!(eval(Op::DivFloor, DType::I64, &least), Ok(Scalar::I64(i64::MIN)));
}

#[test]
fn shifts_count_modulo_the_width() {
    let shift = |op, a: Scalar, by: Scalar| eval(op, a.dtype(), &[a, by]).unwrap();
    assert_eq!(shift(Op::Shl, Scalar::U32(1), Scalar::I64(33)), Scalar::U32(2));
    assert_eq!(shift(Op::Shl, Scalar::U64(1), Scalar::I32(-1)), Scalar::U64(1 << 63));
    assert_eq!(shift(Op::Shr, Scalar::I32(-8), Scalar::U32(1)), Scalar::I32(-4));
    assert_eq!(shift(Op::Shr, Scalar::U32(0x8000_0000), Scalar::U64(31)), Scalar::U32(1));
}

#[test]
fn integers_wrap() {
    assert_eq!(i32s(Op::Add, i32::MAX, 1), i32::MIN);
    assert_eq!(eval(Op::Neg, DType::U32, &[Scalar::U32(1)]), Ok(Scalar::U32(u32::MAX)));
    assert_eq!(eval(Op::Abs, DType::I64, &[Scalar::I64(i64::MIN)]), Ok(Scalar::I64(i64::MIN)));
    assert_eq!(i32s(Op::MulHigh, -1, 1), -1);
    let most = Scalar::U64(u64::MAX);
    assert_eq!(eval(Op::MulHigh, DType::U64, &[most, most]), Ok(Scalar::U64(u64::MAX - 1)));
    assert_eq!(eval(Op::CountLeadingZeros, DType::U64, &[Scalar::U64(0)]), Ok(Scalar::U64(64)));
    assert_eq!(eval(Op::CountTrailingZeros, DType::I32, &[Scalar::I32(0)]), Ok(Scalar::I32(32)));
}

#[test]
fn casts() {
    let cast = |op, to, from| eval(op, to, &[from]);
    assert_eq!(cast(Op::CastWrap, DType::U64, Scalar::I32(-1)), Ok(Scalar::U64(u64::MAX)));
    assert_eq!(cast(Op::CastWrap, DType::I32, Scalar::U64(1 << 31)), Ok(Scalar::I32(i32::MIN)));
    assert_eq!(cast(Op::CastWrap, DType::U32, Scalar::Bool(true)), Ok(Scalar::U32(1)));
    assert_eq!(
        cast(Op::CastNearest, DType::F32, Scalar::I64(0x0080_0000_8000_0001)),
        Ok(Scalar::F32(0x0080_0000_8000_0001_i64 as f32))
    );
    assert_eq!(cast(Op::CastTrap, DType::U32, Scalar::F32(-0.5)), Ok(Scalar::U32(0)));
    assert_eq!(
        cast(Op::CastTrap, DType::I32, Scalar::F64(2_147_483_647.9)),
        Ok(Scalar::I32(i32::MAX))
    );
    for value in [f32::NAN, f32::INFINITY, 2_147_483_648.0, -2_147_483_904.0] {
        let value = Scalar::F32(value);
        let trap = TrapKind::CastRange { value, to: DType::I32 };
        assert_eq!(cast(Op::CastTrap, DType::I32, value), Err(trap));
    }
    // Whichever NaN it was: the error is the same.
    for (bits, dtype) in [(0xffc0_0001, DType::F32), (0xfff8_0000_0000_0001, DType::F64)] {
        let nan = |bits| cast(Op::CastTrap, DType::U32, Scalar::from_bits(dtype, bits));
        let plain = if dtype == DType::F32 { 0x7fc0_0000 } else { 0x7ff8_0000_0000_0000 };
        assert!(nan(bits).is_err());
        assert_eq!(nan(bits), nan(plain));
    }
    assert_eq!(cast(Op::CastSat, DType::U32, Scalar::F64(-3.0)), Ok(Scalar::U32(0)));
    assert_eq!(cast(Op::CastSat, DType::I64, Scalar::F32(f32::NAN)), Ok(Scalar::I64(0)));
    assert_eq!(cast(Op::Bitcast, DType::I32, Scalar::F32(-0.0)), Ok(Scalar::I32(i32::MIN)));
}

#[test]
fn floats_min_max_round() {
    let two = |op, a: f32, b: f32| match eval(op, DType::F32, &[Scalar::F32(a), Scalar::F32(b)]) {
        Ok(Scalar::F32(value)) => value,
        other => panic!("{other:?}"),
    };
    assert_eq!(two(Op::Min, 1.0, f32::NAN), 1.0);
    assert!(two(Op::Min, f32::NAN, 1.0).is_nan());
    assert!(two(Op::Max, 0.0, -0.0).is_sign_positive());
    assert!(two(Op::Max, -0.0, 0.0).is_sign_negative());
    let round = |x| eval(Op::Round, DType::F64, &[Scalar::F64(x)]);
    assert_eq!(round(2.5), Ok(Scalar::F64(2.0)));
    assert_eq!(round(-0.5), Ok(Scalar::F64(-0.0)));
}

proptest! {
    /// Floor division against the defining identity and the remainder's sign.
    #[test]
    fn floor_division_identity(a: i32, b: i32) {
        prop_assume!(b != 0);
        let (quotient, remainder) = (i32s(Op::DivFloor, a, b), i32s(Op::RemFloor, a, b));
        prop_assert_eq!(quotient.wrapping_mul(b).wrapping_add(remainder), a);
        prop_assert!(remainder == 0 || (remainder < 0) == (b < 0));
        prop_assert!(remainder.unsigned_abs() < b.unsigned_abs());
    }
}
