//! The op table: every pure operation on scalars, one row each.
//!
//! Names, operand and result types, meaning and WGSL accuracy stand here once; the printer, the
//! parser, the validator, the interpreter's opcodes and the documentation derive from the rows.

use crossover_values::DType;

use Accuracy::{Absolute, CorrectlyRounded, Exact, Inherited, Own, Ulp, UlpScaled};
use Class::{Any, Bits, Float, Int, Num};
use Signature::{Binary, Bitcast, Cast, Compare, Select, Shift, Ternary, Unary};

/// A set of types an operand may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// `bool`.
    Bool,
    /// `i32 u32 i64 u64`.
    Int,
    /// `f32 f64`.
    Float,
    /// Integers and floats.
    Num,
    /// Integers and `bool`.
    Bits,
    /// Any scalar type.
    Any,
}

impl Class {
    /// Whether a type belongs to the class. `u8` belongs to none.
    pub const fn contains(self, dtype: DType) -> bool {
        let int = dtype.is_int() && !matches!(dtype, DType::U8);
        let bool = matches!(dtype, DType::Bool);
        match self {
            Class::Bool => bool,
            Class::Int => int,
            Class::Float => dtype.is_float(),
            Class::Num => int || dtype.is_float(),
            Class::Bits => int || bool,
            Class::Any => int || bool || dtype.is_float(),
        }
    }
}

/// Operand and result types of an op; `T` is the result's type unless said otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Signature {
    /// `T -> T`.
    Unary(Class),
    /// `T, T -> T`.
    Binary(Class),
    /// `T, T, T -> T`.
    Ternary(Class),
    /// `T, any Int -> T`, `T` an `Int`.
    Shift,
    /// `T, T -> bool`.
    Compare(Class),
    /// `bool, T, T -> T`.
    Select,
    /// `S -> T` with `S` of the first and `T` of the second class.
    Cast(Class, Class),
    /// `S -> T`, both of the same width, neither `bool`.
    Bitcast,
}

impl Signature {
    /// Number of operands.
    pub const fn arity(self) -> usize {
        match self {
            Unary(_) | Cast(..) | Bitcast => 1,
            Binary(_) | Shift | Compare(_) => 2,
            Ternary(_) | Select => 3,
        }
    }

    /// Whether operands of types `args` and a result of type `result` meet the signature.
    pub fn check(self, result: DType, args: &[DType]) -> bool {
        match (self, args) {
            (Unary(class), [a]) => class.contains(result) && *a == result,
            (Binary(class), [a, b]) => class.contains(result) && *a == result && *b == result,
            (Ternary(class), [a, b, c]) => {
                class.contains(result) && [a, b, c].into_iter().all(|arg| *arg == result)
            }
            (Shift, [a, by]) => Int.contains(result) && *a == result && Int.contains(*by),
            (Compare(class), [a, b]) => result == DType::Bool && class.contains(*a) && a == b,
            (Select, [DType::Bool, a, b]) => Any.contains(result) && *a == result && *b == result,
            (Cast(from, to), [a]) => from.contains(*a) && to.contains(result),
            (Bitcast, [a]) => Num.contains(*a) && Num.contains(result) && a.size() == result.size(),
            (
                Unary(_) | Binary(_) | Ternary(_) | Shift | Compare(_) | Select | Cast(..)
                | Bitcast,
                _,
            ) => false,
        }
    }
}

/// How far a WGSL implementation may be from the exact result, for `f32`
/// (WGSL specification, *Floating Point Accuracy*).
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Accuracy {
    /// The same on every backend.
    Exact,
    /// Either neighbour of the exact result.
    CorrectlyRounded,
    /// Within this many units in the last place.
    Ulp(f64),
    /// `base + per_abs * |x|` ulp.
    UlpScaled {
        /// Constant part.
        base: f64,
        /// Part per unit of `|x|`.
        per_abs: f64,
    },
    /// Absolute error on an interval; `outside` ulp elsewhere, or undefined if `None`.
    Absolute {
        /// The absolute error.
        error: f64,
        /// Lower end of the interval.
        lo: f64,
        /// Upper end of the interval.
        hi: f64,
        /// Ulp outside of it.
        outside: Option<f64>,
    },
    /// Inherited from this WGSL expression.
    Inherited(&'static str),
    /// WGSL has no such function; the generated code's own approximation is within this absolute
    /// error.
    Own(f64),
}

/// One row of the table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OpInfo {
    /// The op.
    pub op: Op,
    /// Its name in the text form.
    pub name: &'static str,
    /// Operand and result types.
    pub signature: Signature,
    /// Whether it can raise a run-time error.
    pub traps: bool,
    /// WGSL accuracy for `f32` operands; integers are always exact.
    pub accuracy: Accuracy,
    /// What it computes, in words; [`crate::eval`] is the executable form.
    pub meaning: &'static str,
}

macro_rules! op_table {
    ($($op:ident $name:literal $signature:expr, $traps:ident, $accuracy:expr, $meaning:literal;)*) => {
        /// An operation on scalars.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Op {
            $(#[doc = $meaning] $op,)*
        }

        impl Op {
            /// Every op, in the order of the table.
            pub const ALL: &'static [Op] = &[$(Op::$op),*];

            /// The op's row.
            pub const fn info(self) -> OpInfo {
                match self {
                    $(Op::$op => OpInfo {
                        op: Op::$op,
                        name: $name,
                        signature: $signature,
                        traps: op_table!(@traps $traps),
                        accuracy: $accuracy,
                        meaning: $meaning,
                    },)*
                }
            }
        }
    };
    (@traps total) => { false };
    (@traps traps) => { true };
}

op_table! {
    Add "add" Binary(Num), total, CorrectlyRounded, "a + b; integers wrap";
    Sub "sub" Binary(Num), total, CorrectlyRounded, "a - b; integers wrap";
    Mul "mul" Binary(Num), total, CorrectlyRounded, "a * b; integers wrap";
    Div "div" Binary(Float), total, Ulp(2.5), "a / b, IEEE-754";
    DivFloor "div_floor" Binary(Int), traps, Exact, "floor(a / b); b = 0 traps; MIN // -1 = MIN";
    RemFloor "rem_floor" Binary(Int), traps, Exact, "a - floor(a / b) * b, sign of b; b = 0 traps; MIN % -1 = 0";
    DivTrunc "div_trunc" Binary(Int), total, Exact, "a / b toward zero; b = 0 gives a; MIN / -1 = MIN";
    RemTrunc "rem_trunc" Binary(Int), total, Exact, "a - trunc(a / b) * b, sign of a; b = 0 gives 0; MIN % -1 = 0";
    Neg "neg" Unary(Num), total, Exact, "-a; integers wrap";
    Abs "abs" Unary(Num), total, Exact, "|a|; integers wrap: |MIN| = MIN; unsigned a";
    Min "min" Binary(Num), total, Exact, "b if b < a else a";
    Max "max" Binary(Num), total, Exact, "b if a < b else a";
    Fma "fma" Ternary(Float), total, Inherited("x * y + z"), "a * b + c rounded once";
    MulHigh "mul_high" Binary(Int), total, Exact, "high word of the double-width product a * b";
    Sqrt "sqrt" Unary(Float), total, Inherited("1 / inverseSqrt(x)"), "square root, correctly rounded";
    Floor "floor" Unary(Float), total, CorrectlyRounded, "largest integer not above a";
    Ceil "ceil" Unary(Float), total, CorrectlyRounded, "smallest integer not below a";
    Trunc "trunc" Unary(Float), total, CorrectlyRounded, "a without its fraction";
    Round "round" Unary(Float), total, CorrectlyRounded, "nearest integer, ties to even";
    Exp "exp" Unary(Float), total, UlpScaled { base: 3.0, per_abs: 2.0 }, "e^a (libm)";
    Exp2 "exp2" Unary(Float), total, UlpScaled { base: 3.0, per_abs: 2.0 }, "2^a (libm)";
    Log "log" Unary(Float), total, Absolute { error: 4.76837158203125e-7, lo: 0.5, hi: 2.0, outside: Some(3.0) }, "natural logarithm (libm)";
    Log2 "log2" Unary(Float), total, Absolute { error: 4.76837158203125e-7, lo: 0.5, hi: 2.0, outside: Some(3.0) }, "binary logarithm (libm)";
    Pow "pow" Binary(Float), total, Inherited("exp2(y * log2(x))"), "a^b (libm)";
    Sin "sin" Unary(Float), total, Absolute { error: 4.8828125e-4, lo: -std::f64::consts::PI, hi: std::f64::consts::PI, outside: None }, "sine of radians (libm)";
    Cos "cos" Unary(Float), total, Absolute { error: 4.8828125e-4, lo: -std::f64::consts::PI, hi: std::f64::consts::PI, outside: None }, "cosine of radians (libm)";
    Tan "tan" Unary(Float), total, Inherited("sin(x) / cos(x)"), "tangent of radians (libm)";
    Asin "asin" Unary(Float), total, Inherited("atan2(x, sqrt(1 - x * x)), or absolute 6.81e-5"), "inverse sine (libm)";
    Acos "acos" Unary(Float), total, Inherited("atan2(sqrt(1 - x * x), x), or absolute 6.77e-5"), "inverse cosine (libm)";
    Atan "atan" Unary(Float), total, Ulp(4096.0), "inverse tangent (libm)";
    Atan2 "atan2" Binary(Float), total, Ulp(4096.0), "angle of the point (b, a) (libm)";
    Sinh "sinh" Unary(Float), total, Inherited("(exp(x) - exp(-x)) * 0.5"), "hyperbolic sine (libm)";
    Cosh "cosh" Unary(Float), total, Inherited("(exp(x) + exp(-x)) * 0.5"), "hyperbolic cosine (libm)";
    Tanh "tanh" Unary(Float), total, Inherited("sinh(x) / cosh(x), or absolute 1e-5"), "hyperbolic tangent (libm)";
    Erf "erf" Unary(Float), total, Own(5e-7), "error function (libm)";
    And "and" Binary(Bits), total, Exact, "bitwise and; on bool both sides are evaluated";
    Or "or" Binary(Bits), total, Exact, "bitwise or; on bool both sides are evaluated";
    Xor "xor" Binary(Bits), total, Exact, "bitwise exclusive or";
    Not "not" Unary(Bits), total, Exact, "bitwise complement; logical on bool";
    Shl "shl" Shift, total, Exact, "a << (b mod width)";
    Shr "shr" Shift, total, Exact, "a >> (b mod width), arithmetic on signed types";
    PopCount "popcount" Unary(Int), total, Exact, "number of one bits";
    CountLeadingZeros "clz" Unary(Int), total, Exact, "zero bits above the highest one; 0 gives the width";
    CountTrailingZeros "ctz" Unary(Int), total, Exact, "zero bits below the lowest one; 0 gives the width";
    Eq "eq" Compare(Any), total, Exact, "a == b";
    Ne "ne" Compare(Any), total, Exact, "a != b";
    Lt "lt" Compare(Num), total, Exact, "a < b";
    Le "le" Compare(Num), total, Exact, "a <= b";
    Gt "gt" Compare(Num), total, Exact, "a > b";
    Ge "ge" Compare(Num), total, Exact, "a >= b";
    Select "select" Select, total, Exact, "b if a else c; all three are evaluated";
    CastWrap "cast_wrap" Cast(Bits, Int), total, Exact, "integer modulo 2^width of the target; bool gives 0 or 1";
    CastNearest "cast_nearest" Cast(Num, Float), total, CorrectlyRounded, "nearest float, ties to even";
    CastTrap "cast_trap" Cast(Float, Int), traps, Exact, "float toward zero; outside the target, or NaN, traps";
    CastSat "cast_sat" Cast(Float, Int), total, Exact, "float toward zero, clamped to the target; NaN gives 0";
    Bitcast "bitcast" Bitcast, total, Exact, "the same bits as another type of the same width";
}

impl Op {
    /// Looks an op up by its name in the text form.
    pub fn from_name(name: &str) -> Option<Op> {
        Op::ALL.iter().copied().find(|op| op.info().name == name)
    }
}
