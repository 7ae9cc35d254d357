//! The checker: trees to typed form. Everything that can be wrong with a kernel is found here,
//! in every function, called or not, and in both instances of `real`.

mod calls;
mod consts;
mod exprs;
mod flow;
mod names;
mod operators;
mod reductions;
mod signatures;
mod stmts;
mod targets;
mod unify;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crossover_ir::Span;
use crossover_values::{DType, Scalar};
use ruff_text_size::TextRange;

use crate::diagnostics::{Diagnostic, Diagnostics, Sink};
use crate::program::{self, Program};
use crate::typed::{Func, Local, LocalId, LocalKind, Reduction, ReductionId, Typed};

use flow::Flow;

/// Checks every function in both instances of `real` and gives the typed form of one of them.
///
/// # Errors
/// All violations found, those of loading included.
pub(crate) fn check_all(program: &Program, real: DType) -> Result<Typed, Diagnostics> {
    let mut sink = Sink::default();
    program.found.iter().for_each(|diagnostic| sink.push(diagnostic.clone()));
    let mut checker = Checker::new(program, real);
    let funcs = (0..program.funcs.len()).map(|id| checker.function(id)).collect();
    sink.merge(checker.sink, "");
    if program.is_generic() {
        let other = if real == DType::F32 { DType::F64 } else { DType::F32 };
        let mut checker = Checker::new(program, other);
        for (id, decl) in program.funcs.iter().enumerate() {
            if program.files[decl.file as usize].generic {
                checker.function(id);
            }
        }
        sink.merge(checker.sink, &format!(" (with `real` as `{other}`)"));
    }
    sink.finish(program)?;
    Ok(Typed { funcs })
}

/// What a call needs to know of a function.
#[derive(Debug, Default)]
struct FuncSignature {
    params: Vec<(String, LocalKind, Span)>,
    returns: Vec<LocalKind>,
}

/// State of one instance.
struct Checker<'p> {
    program: &'p Program,
    real: DType,
    sink: Sink,
    /// Values of constants; `None` after an error.
    consts: Vec<Option<Scalar>>,
    signatures: Vec<Rc<FuncSignature>>,
}

/// Names of one scope: a function, or the body of a prange.
#[derive(Default)]
struct Scope {
    names: BTreeMap<String, LocalId>,
}

/// A loop around the current statement.
struct LoopFrame {
    prange: bool,
    /// Join of the states at its breaks.
    breaks: Flow,
}

/// State of one function.
struct FnCx<'c, 'p> {
    ck: &'c mut Checker<'p>,
    file: u32,
    host: bool,
    locals: Vec<Local>,
    /// Innermost last; every scope but the first is a prange's.
    scopes: Vec<Scope>,
    /// The one type of every name (rule 3), with the place that gave it.
    kinds: BTreeMap<String, (LocalKind, Span)>,
    loop_vars: BTreeSet<LocalId>,
    /// Scalars of enclosing levels that the pranges around here assign: reductions and payload.
    changing: BTreeMap<LocalId, Option<ReductionId>>,
    reductions: Vec<Reduction>,
    flow: Flow,
    loops: Vec<LoopFrame>,
    returns: Vec<LocalKind>,
}

impl<'p> Checker<'p> {
    /// The state of an instance whose signatures and constants are known.
    fn new(program: &'p Program, real: DType) -> Checker<'p> {
        let sink = Sink::default();
        let mut checker =
            Checker { program, real, sink, consts: Vec::new(), signatures: Vec::new() };
        checker.signatures();
        checker.constants();
        checker
    }

    fn function(&mut self, id: usize) -> Func {
        let program = self.program;
        let decl = &program.funcs[id];
        let signature = Rc::clone(&self.signatures[id]);
        let mut cx = FnCx {
            file: decl.file,
            host: decl.host,
            locals: Vec::new(),
            scopes: vec![Scope::default()],
            kinds: BTreeMap::new(),
            loop_vars: BTreeSet::new(),
            changing: BTreeMap::new(),
            reductions: Vec::new(),
            flow: Flow::start(),
            loops: Vec::new(),
            returns: signature.returns.clone(),
            ck: self,
        };
        for (name, kind, span) in &signature.params {
            cx.parameter(name, *kind, *span);
        }
        let params = cx.locals.len();
        let (body, span) = match program.def(id) {
            Some(def) => (cx.function_body(def), program::span(decl.file, def.name.range)),
            None => (Vec::new(), Span::default()),
        };
        let FnCx { locals, reductions, returns, .. } = cx;
        let name = decl.name.clone();
        Func { name, params, returns, locals, reductions, body, host: decl.host, span }
    }
}

impl FnCx<'_, '_> {
    fn span(&self, range: TextRange) -> Span {
        program::span(self.file, range)
    }

    fn text(&self, range: TextRange) -> &str {
        let text = &self.ck.program.files[self.file as usize].file.text;
        text.get(range.start().to_usize()..range.end().to_usize()).unwrap_or("")
    }

    fn error(&mut self, rule: u8, span: Span, message: impl Into<String>, help: impl Into<String>) {
        self.ck.sink.push(Diagnostic::new(rule, span, message).help(help));
    }

    /// Whether the current place is in a prange.
    fn in_prange(&self) -> bool {
        self.scopes.len() > 1
    }

    /// Whether the current place is host level (rule 9).
    fn at_host_level(&self) -> bool {
        self.host && !self.in_prange()
    }
}
