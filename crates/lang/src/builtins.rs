//! The names that every kernel file knows: types, loops, functions of the op table, atomics.

use crossover_ir::{AtomicOp, Op};
use crossover_values::DType;

/// What a builtin name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Builtin {
    /// A type, also its cast.
    Type(TypeName),
    /// `tuple`, in return types.
    Tuple,
    /// `range`.
    Range,
    /// `prange`.
    Prange,
    /// An op on one type: all operands and the result have it.
    Same(Op),
    /// `bitcast(T, x)`.
    Bitcast,
    /// `zeros(T, n)`.
    Zeros,
    /// `array(T, N)`.
    Scratch,
    /// `atomic_…(a, i, …)`.
    Atomic(AtomicOp),
}

/// A type as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TypeName {
    /// One of the fixed types.
    Fixed(DType),
    /// The instance's float.
    Real,
}

/// Names and meanings. Sorted by group, as `docs/LANGUAGE.md` lists them.
const TABLE: &[(&str, Builtin)] = &[
    ("bool", Builtin::Type(TypeName::Fixed(DType::Bool))),
    ("u8", Builtin::Type(TypeName::Fixed(DType::U8))),
    ("i32", Builtin::Type(TypeName::Fixed(DType::I32))),
    ("u32", Builtin::Type(TypeName::Fixed(DType::U32))),
    ("i64", Builtin::Type(TypeName::Fixed(DType::I64))),
    ("u64", Builtin::Type(TypeName::Fixed(DType::U64))),
    ("f32", Builtin::Type(TypeName::Fixed(DType::F32))),
    ("f64", Builtin::Type(TypeName::Fixed(DType::F64))),
    ("real", Builtin::Type(TypeName::Real)),
    ("tuple", Builtin::Tuple),
    ("range", Builtin::Range),
    ("prange", Builtin::Prange),
    ("zeros", Builtin::Zeros),
    ("array", Builtin::Scratch),
    ("bitcast", Builtin::Bitcast),
    ("min", Builtin::Same(Op::Min)),
    ("max", Builtin::Same(Op::Max)),
    ("abs", Builtin::Same(Op::Abs)),
    ("mul_high", Builtin::Same(Op::MulHigh)),
    ("popcount", Builtin::Same(Op::PopCount)),
    ("count_leading_zeros", Builtin::Same(Op::CountLeadingZeros)),
    ("count_trailing_zeros", Builtin::Same(Op::CountTrailingZeros)),
    ("fma", Builtin::Same(Op::Fma)),
    ("sqrt", Builtin::Same(Op::Sqrt)),
    ("floor", Builtin::Same(Op::Floor)),
    ("ceil", Builtin::Same(Op::Ceil)),
    ("trunc", Builtin::Same(Op::Trunc)),
    ("round", Builtin::Same(Op::Round)),
    ("exp", Builtin::Same(Op::Exp)),
    ("exp2", Builtin::Same(Op::Exp2)),
    ("log", Builtin::Same(Op::Log)),
    ("log2", Builtin::Same(Op::Log2)),
    ("pow", Builtin::Same(Op::Pow)),
    ("sin", Builtin::Same(Op::Sin)),
    ("cos", Builtin::Same(Op::Cos)),
    ("tan", Builtin::Same(Op::Tan)),
    ("asin", Builtin::Same(Op::Asin)),
    ("acos", Builtin::Same(Op::Acos)),
    ("atan", Builtin::Same(Op::Atan)),
    ("atan2", Builtin::Same(Op::Atan2)),
    ("sinh", Builtin::Same(Op::Sinh)),
    ("cosh", Builtin::Same(Op::Cosh)),
    ("tanh", Builtin::Same(Op::Tanh)),
    ("erf", Builtin::Same(Op::Erf)),
    ("atomic_add", Builtin::Atomic(AtomicOp::Add)),
    ("atomic_min", Builtin::Atomic(AtomicOp::Min)),
    ("atomic_max", Builtin::Atomic(AtomicOp::Max)),
    ("atomic_and", Builtin::Atomic(AtomicOp::And)),
    ("atomic_or", Builtin::Atomic(AtomicOp::Or)),
    ("atomic_xor", Builtin::Atomic(AtomicOp::Xor)),
    ("atomic_exchange", Builtin::Atomic(AtomicOp::Exchange)),
    ("atomic_compare_exchange", Builtin::Atomic(AtomicOp::CompareExchange)),
    ("atomic_load", Builtin::Atomic(AtomicOp::Load)),
    ("atomic_store", Builtin::Atomic(AtomicOp::Store)),
];

/// Looks a builtin up.
pub(crate) fn find(name: &str) -> Option<Builtin> {
    TABLE.iter().find(|(known, _)| *known == name).map(|(_, builtin)| *builtin)
}

/// What to write instead of a name that Python or another language has.
pub(crate) fn instead(name: &str) -> Option<&'static str> {
    Some(match name {
        "int" => "write `i32`, `u32`, `i64` or `u64`",
        "float" => "write `f32`, `f64` or `real`",
        "len" => "write `a.shape[0]`",
        "sum" => "write a loop: `for i in prange(n): s += a[i]`",
        "print" => "kernels cannot print; return the value",
        "pow_int" | "divmod" => "write `//` and `%`",
        "enumerate" | "zip" | "map" | "filter" | "reversed" | "sorted" => {
            "write a loop over `range`"
        }
        "math" | "np" | "numpy" => "functions such as `sqrt` are builtins here",
        "list" | "dict" | "set" | "str" | "bytes" => "use arrays of numbers",
        _ => return None,
    })
}
