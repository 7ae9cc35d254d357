//! Each op on each type that WGSL has generates a text that naga accepts; the others say why not.

mod common;

use common::{Builder, checked, kernel, try_generate};
use crossover_ir::{Class, Op, Signature, Unit};
use crossover_values::{DType, Scalar};
use crossover_wgsl::Unsupported;

const SCALARS: [DType; 7] =
    [DType::Bool, DType::I32, DType::U32, DType::I64, DType::U64, DType::F32, DType::F64];

/// Operand types and result type of every instance of an op.
fn instances(op: Op) -> Vec<(Vec<DType>, DType)> {
    let of = |class: Class| SCALARS.into_iter().filter(move |&dtype| class.contains(dtype));
    match op.info().signature {
        Signature::Unary(class) => of(class).map(|t| (vec![t], t)).collect(),
        Signature::Binary(class) => of(class).map(|t| (vec![t, t], t)).collect(),
        Signature::Ternary(class) => of(class).map(|t| (vec![t; 3], t)).collect(),
        Signature::Shift => {
            of(Class::Int).flat_map(|t| of(Class::Int).map(move |by| (vec![t, by], t))).collect()
        }
        Signature::Compare(class) => of(class).map(|t| (vec![t, t], DType::Bool)).collect(),
        Signature::Select => of(Class::Any).map(|t| (vec![DType::Bool, t, t], t)).collect(),
        Signature::Cast(from, to) => {
            of(from).flat_map(|s| of(to).map(move |t| (vec![s], t))).collect()
        }
        Signature::Bitcast => of(Class::Num)
            .flat_map(|s| of(Class::Num).map(move |t| (vec![s], t)))
            .filter(|(s, t)| s[0].size() == t.size())
            .collect(),
    }
}

/// An array of the type and a place for the result of the op on one element of each.
fn unit(op: Op, args: &[DType], result: DType, constants: bool) -> Result<String, Unsupported> {
    let mut arrays = Vec::new();
    let names = ["a", "b", "c"];
    for (name, &dtype) in names.iter().zip(args) {
        arrays.push((*name, dtype, 1));
    }
    arrays.push(("r", result, 1));
    let kernel = kernel(&arrays, &[]);
    let mut b = Builder::new();
    let i = b.var("i", DType::I32);
    let mut values = Vec::new();
    for (at, &dtype) in args.iter().enumerate() {
        values.push(if constants {
            b.constant(Scalar::from_bits(dtype, 0))
        } else {
            let index = b.get(i);
            b.load(at as u32, dtype, &[index])
        });
    }
    let value = b.op(op, result, &values);
    let index = b.get(i);
    b.store(args.len() as u32, &[index], value);
    let region = b.region(&[(i, 1)]);
    let unit = Unit::Region(&region);
    try_generate(&kernel, &[], unit)?;
    Ok(checked(&kernel, &[], unit).source)
}

#[test]
fn every_op_on_every_type_is_valid_or_says_why_not() {
    let mut valid = 0;
    for &op in Op::ALL {
        for (args, result) in instances(op) {
            for constants in [false, true] {
                match unit(op, &args, result, constants) {
                    Ok(_) => valid += 1,
                    Err(Unsupported::F64Function(function)) => {
                        assert_eq!((function, args[0]), (op, DType::F64));
                    }
                    Err(other) => panic!("{op:?} {args:?}: {other}"),
                }
            }
        }
    }
    assert!(valid > 500, "{valid}");
}

#[test]
fn awkward_constants_are_valid() {
    let values = [
        Scalar::F32(f32::NAN),
        Scalar::F32(f32::NEG_INFINITY),
        Scalar::F32(f32::MIN_POSITIVE),
        Scalar::F32(1e-45),
        Scalar::F32(f32::MAX),
        Scalar::F32(-0.0),
        Scalar::F32(0.1),
        Scalar::F32(16_777_216.0),
        Scalar::F64(f64::INFINITY),
        Scalar::F64(f64::MIN_POSITIVE),
        Scalar::F64(5e-324),
        Scalar::F64(f64::MAX),
        Scalar::F64(0.1),
        Scalar::F64(-0.0),
        Scalar::I32(i32::MIN),
        Scalar::I32(i32::MAX),
        Scalar::I32(-1),
        Scalar::U32(u32::MAX),
        Scalar::I64(i64::MIN),
        Scalar::U64(u64::MAX),
        Scalar::Bool(true),
    ];
    for value in values {
        let kernel = kernel(&[("r", value.dtype(), 1)], &[]);
        let mut b = Builder::new();
        let i = b.var("i", DType::I32);
        let constant = b.constant(value);
        let index = b.get(i);
        b.store(0, &[index], constant);
        let region = b.region(&[(i, 1)]);
        checked(&kernel, &[], Unit::Region(&region));
    }
}

#[test]
fn without_f64_the_reason_names_the_value() {
    let error = unit(Op::Exp, &[DType::F64], DType::F64, false).unwrap_err();
    assert_eq!(error.to_string(), "WGSL has no `exp` for f64");
}
