//! `exp log sin cos tanh erf` as straight lane code: a faster variant beside the pinned functions.
//!
//! The functions are a module of the IR itself, one kernel each: written in the kernel language
//! (`polynomial/polynomial.py`), kept as text (`polynomial/polynomial.ir`), measured on the
//! interpreter against sums of two floats. [`expand`] writes their operations in place of the ops,
//! so that every executor of the IR has them, with the same bits: they are additions,
//! products, quotients, choices and shifts, each rounded by itself.
//!
//! Methods: arguments are reduced with constants in several parts, the first of which give exact
//! products (Cody and Waite; Muller, *Elementary Functions*, chapter 11); coefficients are minimax
//! ones, computed by `polynomial/coefficients.py` (Remez' algorithm, chapter 3 there). The sums for
//! `log`, `sin` and `cos` are ordered as in fdlibm; two factors for a power of two, and selection
//! in place of branches, as in SLEEF and Cephes.

use std::sync::LazyLock;

use crossover_values::DType;

use crate::{Module, Op, Valid, parse, validate};

mod expand;
mod template;

pub use expand::{expand, is_repeated};

const TEXT: &str = include_str!("polynomial/polynomial.ir");

static LIBRARY: LazyLock<Valid<Module>> = LazyLock::new(|| read(TEXT));

fn read(text: &str) -> Valid<Module> {
    let module = parse(text).expect("a test compares the text");
    validate(module).expect("the text was printed from a valid module")
}

/// The functions: kernels of two arrays, arguments and results, whose only region computes one
/// value per iteration.
pub fn library() -> &'static Valid<Module> {
    &LIBRARY
}

/// What a function promises.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Function {
    /// The op that it stands for.
    pub op: Op,
    /// Type of argument and result.
    pub dtype: DType,
    /// Name of its kernel in [`library`].
    pub name: &'static str,
    /// Most units in the last place of the exact result between that and the result.
    pub ulps: f64,
    /// Largest size of an argument for which that holds, if not all. The pinned function takes
    /// the larger ones.
    pub reach: Option<f64>,
}

impl Function {
    /// The module of this function alone: what one compilation needs is read in a part of the time
    /// that the library takes.
    fn module(&self) -> Valid<Module> {
        let start = TEXT.find(&format!("kernel {} {{", self.name)).expect("a test expands it");
        let text = &TEXT[start..];
        read(text.find("\nkernel ").map_or(text, |end| &text[..end]))
    }
}

/// 2^23: so many quarter turns have exact products with the parts of pi / 2.
const REACH: Option<f64> = Some(8_388_608.0);

/// Every function. The bounds are measured ones, rounded up; a test measures again.
pub const FUNCTIONS: &[Function] = &[
    function(Op::Exp, DType::F32, "exp_f32", 1.25, None),
    function(Op::Exp, DType::F64, "exp_f64", 1.25, None),
    function(Op::Log, DType::F32, "log_f32", 1.0, None),
    function(Op::Log, DType::F64, "log_f64", 1.0, None),
    function(Op::Sin, DType::F32, "sin_f32", 0.75, REACH),
    function(Op::Sin, DType::F64, "sin_f64", 1.0, REACH),
    function(Op::Cos, DType::F32, "cos_f32", 0.75, REACH),
    function(Op::Cos, DType::F64, "cos_f64", 1.0, REACH),
    function(Op::Tanh, DType::F32, "tanh_f32", 3.0, None),
    function(Op::Tanh, DType::F64, "tanh_f64", 3.0, None),
    function(Op::Erf, DType::F32, "erf_f32", 1.5, None),
    function(Op::Erf, DType::F64, "erf_f64", 1.5, None),
];

const fn function(
    op: Op,
    dtype: DType,
    name: &'static str,
    ulps: f64,
    reach: Option<f64>,
) -> Function {
    Function { op, dtype, name, ulps, reach }
}

/// The function for an op on a type, if there is one.
pub fn function_of(op: Op, dtype: DType) -> Option<&'static Function> {
    FUNCTIONS.iter().find(|function| function.op == op && function.dtype == dtype)
}
