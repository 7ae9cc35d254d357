//! The typed form: what the checker makes of a function, and the lowering reads.
//!
//! Every expression has a type; a literal keeps an open one until its partner gives it one
//! (rule 2). Names are resolved to [`Local`]s of their function.

use crossover_ir::{AtomicOp, Op, ReduceOp, Span};
use crossover_values::{DType, Scalar};

use crate::literals::Lit;

/// Index into [`Func::locals`].
pub(crate) type LocalId = usize;
/// Index into the program's functions.
pub(crate) type FuncId = usize;
/// Index into [`Func::reductions`].
pub(crate) type ReductionId = usize;

/// The type of an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ty {
    /// A scalar type.
    Known(DType),
    /// Integer literals without a partner yet.
    Int,
    /// Float literals without a partner yet.
    Float,
    /// An error was reported; everything is accepted.
    Poison,
}

/// An expression.
#[derive(Clone, Debug)]
pub(crate) struct Ex {
    pub(crate) kind: ExKind,
    pub(crate) ty: Ty,
    pub(crate) span: Span,
}

/// What an expression is.
#[derive(Clone, Debug)]
pub(crate) enum ExKind {
    Poison,
    Lit(Lit),
    Const(Scalar),
    Local(LocalId),
    Extent {
        array: LocalId,
        axis: u32,
    },
    Op {
        op: Op,
        args: Vec<Ex>,
    },
    Load {
        array: LocalId,
        indices: Vec<Ex>,
    },
    Atomic {
        op: AtomicOp,
        array: LocalId,
        indices: Vec<Ex>,
        args: Vec<Ex>,
    },
    Call {
        func: FuncId,
        args: Vec<Arg>,
    },
    /// `then if cond else otherwise`, lazy.
    If {
        cond: Box<Ex>,
        then: Box<Ex>,
        otherwise: Box<Ex>,
    },
    /// `and` or `or`, lazy.
    Logic {
        and: bool,
        terms: Vec<Ex>,
    },
    /// `t0 op0 t1 op1 t2 …`, each term evaluated at most once.
    Chain {
        ops: Vec<Op>,
        terms: Vec<Ex>,
    },
}

/// An argument of a call.
#[derive(Clone, Debug)]
pub(crate) enum Arg {
    Scalar(Ex),
    Array(LocalId),
}

/// What can be assigned.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    Local(LocalId),
    Element { array: LocalId, indices: Vec<Ex>, span: Span },
}

/// A returned value.
#[derive(Clone, Debug)]
pub(crate) enum Ret {
    Scalar(Ex),
    Array(LocalId, Span),
}

/// A statement.
#[derive(Clone, Debug)]
pub(crate) struct Stm {
    pub(crate) kind: StmKind,
    pub(crate) span: Span,
}

/// What a statement is.
#[derive(Clone, Debug)]
pub(crate) enum StmKind {
    /// All values are computed, then the places are set in order.
    Assign(Vec<(Place, Ex)>),
    /// `place op= value` on an element; its index is evaluated once.
    Update {
        array: LocalId,
        indices: Vec<Ex>,
        op: Op,
        value: Ex,
        span: Span,
    },
    /// A call whose results go to places; none for a call without results.
    Call {
        func: FuncId,
        args: Vec<Arg>,
        results: Vec<CallTarget>,
    },
    /// An expression for its effect.
    Do(Ex),
    If {
        cond: Ex,
        then: Vec<Stm>,
        otherwise: Vec<Stm>,
    },
    /// `cond` is `None` for `while True`.
    While {
        cond: Option<Ex>,
        body: Vec<Stm>,
    },
    For {
        var: LocalId,
        lo: Ex,
        hi: Ex,
        step: i64,
        body: Vec<Stm>,
        prange: Option<Vec<ReductionId>>,
    },
    Break,
    /// `ends_iteration`: the innermost loop is a prange.
    Continue {
        ends_iteration: bool,
    },
    Return(Vec<Ret>),
    /// `array(T, N)` is reached.
    Scratch(LocalId),
    Zeros {
        local: LocalId,
        extents: Vec<Ex>,
    },
    Bind(Vec<(LocalId, LocalId)>),
    Reduce {
        reduction: ReductionId,
        value: Ex,
        payload: Vec<Ex>,
    },
}

/// Where a result of a call goes.
#[derive(Clone, Debug)]
pub(crate) enum CallTarget {
    Place(Place),
    Array(LocalId),
}

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LocalKind {
    Scalar(DType),
    Array { dtype: DType, rank: u32 },
    Scratch { dtype: DType, len: u32 },
    Poison,
}

/// A name of a function.
#[derive(Clone, Debug)]
pub(crate) struct Local {
    pub(crate) name: String,
    pub(crate) kind: LocalKind,
    /// Where it was introduced.
    pub(crate) span: Span,
    /// Whether a statement assigns or binds it (parameters may never be).
    pub(crate) assigned: bool,
    /// Number of pranges of its function around it.
    pub(crate) prange_depth: usize,
}

/// A reduction of a prange.
#[derive(Clone, Debug)]
pub(crate) struct Reduction {
    /// `None` until its first contribution is seen.
    pub(crate) op: Option<ReduceOp>,
    pub(crate) dtype: DType,
    pub(crate) target: LocalId,
    pub(crate) payload: Vec<LocalId>,
}

/// A checked function.
#[derive(Clone, Debug)]
pub(crate) struct Func {
    pub(crate) name: String,
    /// Parameters are the first locals.
    pub(crate) params: usize,
    pub(crate) returns: Vec<LocalKind>,
    pub(crate) locals: Vec<Local>,
    pub(crate) reductions: Vec<Reduction>,
    pub(crate) body: Vec<Stm>,
    pub(crate) host: bool,
    pub(crate) span: Span,
}

/// The functions of a program, by [`FuncId`].
#[derive(Clone, Debug)]
pub(crate) struct Typed {
    pub(crate) funcs: Vec<Func>,
}

/// A type with its article, for messages.
pub(crate) fn article(dtype: DType) -> String {
    let an = matches!(dtype, DType::I32 | DType::I64 | DType::F32 | DType::F64);
    format!("{} `{dtype}`", if an { "an" } else { "a" })
}

impl Ex {
    pub(crate) fn poison(span: Span) -> Ex {
        Ex { kind: ExKind::Poison, ty: Ty::Poison, span }
    }

    pub(crate) fn known(kind: ExKind, dtype: DType, span: Span) -> Ex {
        Ex { kind, ty: Ty::Known(dtype), span }
    }

    pub(crate) fn constant(value: Scalar, span: Span) -> Ex {
        Ex::known(ExKind::Const(value), value.dtype(), span)
    }

    /// The scalar type; `i32` where an error was reported or a literal has no partner.
    pub(crate) fn dtype(&self) -> DType {
        match self.ty {
            Ty::Known(dtype) => dtype,
            Ty::Float => DType::F64,
            Ty::Int | Ty::Poison => DType::I32,
        }
    }

    pub(crate) fn is_poison(&self) -> bool {
        self.ty == Ty::Poison
    }

    /// Calls `f` on this expression and everything in it, in no order; without recursion, since
    /// an operator chain may be a thousand deep.
    pub(crate) fn visit<'a>(&'a self, f: &mut dyn FnMut(&'a Ex)) {
        let mut open = vec![self];
        while let Some(ex) = open.pop() {
            f(ex);
            match &ex.kind {
                ExKind::Poison
                | ExKind::Lit(_)
                | ExKind::Const(_)
                | ExKind::Local(_)
                | ExKind::Extent { .. } => {}
                ExKind::Op { args, .. } => open.extend(args),
                ExKind::Load { indices, .. } => open.extend(indices),
                ExKind::Atomic { indices, args, .. } => open.extend(indices.iter().chain(args)),
                ExKind::Call { args, .. } => open.extend(args.iter().filter_map(Arg::scalar)),
                ExKind::If { cond, then, otherwise } => {
                    open.extend([&**cond, &**then, &**otherwise]);
                }
                ExKind::Logic { terms, .. } | ExKind::Chain { terms, .. } => open.extend(terms),
            }
        }
    }

    /// Whether evaluating it when the source would not changes nothing: it cannot fail, has no
    /// effect and holds no call.
    pub(crate) fn is_harmless(&self) -> bool {
        let mut harmless = true;
        self.visit(&mut |ex| match &ex.kind {
            ExKind::Load { .. } | ExKind::Atomic { .. } | ExKind::Call { .. } => harmless = false,
            ExKind::Op { op, args } => {
                harmless &= !op.info().traps || nonzero_divisor(*op, args);
            }
            _ => {}
        });
        harmless
    }
}

/// A floor division by a constant other than zero cannot fail.
fn nonzero_divisor(op: Op, args: &[Ex]) -> bool {
    let divides = matches!(op, Op::DivFloor | Op::RemFloor);
    let divisor = args.get(1).map(|divisor| &divisor.kind);
    divides && matches!(divisor, Some(ExKind::Const(value)) if value.as_integer() != Some(0))
}

impl Arg {
    /// The expression, if the argument is a scalar.
    pub(crate) fn scalar(&self) -> Option<&Ex> {
        match self {
            Arg::Scalar(ex) => Some(ex),
            Arg::Array(_) => None,
        }
    }
}

impl Place {
    /// Index expressions of the place.
    pub(crate) fn indices(&self) -> &[Ex] {
        match self {
            Place::Local(_) => &[],
            Place::Element { indices, .. } => indices,
        }
    }
}

impl Stm {
    /// The statements directly inside.
    pub(crate) fn blocks(&self) -> [&[Stm]; 2] {
        match &self.kind {
            StmKind::If { then, otherwise, .. } => [then, otherwise],
            StmKind::While { body, .. } | StmKind::For { body, .. } => [body, &[]],
            _ => [&[], &[]],
        }
    }

    /// Calls `f` on this statement and all inside.
    pub(crate) fn visit<'a>(&'a self, f: &mut dyn FnMut(&'a Stm)) {
        f(self);
        for block in self.blocks() {
            for inner in block {
                inner.visit(f);
            }
        }
    }

    /// The expressions directly in this statement, not those of statements inside.
    pub(crate) fn expressions(&self) -> Vec<&Ex> {
        match &self.kind {
            StmKind::Assign(pairs) => pairs
                .iter()
                .flat_map(|(place, value)| place.indices().iter().chain([value]))
                .collect(),
            StmKind::Update { indices, value, .. } => indices.iter().chain([value]).collect(),
            StmKind::Call { args, results, .. } => {
                let targets = results.iter().flat_map(|target| match target {
                    CallTarget::Place(place) => place.indices(),
                    CallTarget::Array(_) => &[],
                });
                args.iter().filter_map(Arg::scalar).chain(targets).collect()
            }
            StmKind::Do(ex) => vec![ex],
            StmKind::If { cond, .. } => vec![cond],
            StmKind::While { cond, .. } => cond.iter().collect(),
            StmKind::For { lo, hi, .. } => vec![lo, hi],
            StmKind::Return(values) => values
                .iter()
                .filter_map(|value| match value {
                    Ret::Scalar(ex) => Some(ex),
                    Ret::Array(..) => None,
                })
                .collect(),
            StmKind::Zeros { extents, .. } => extents.iter().collect(),
            StmKind::Reduce { value, payload, .. } => [value].into_iter().chain(payload).collect(),
            StmKind::Break | StmKind::Continue { .. } | StmKind::Scratch(_) | StmKind::Bind(_) => {
                Vec::new()
            }
        }
    }
}
