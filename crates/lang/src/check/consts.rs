//! Constants of module level: `NAME: T = constant expression` (rule 2).

use std::collections::{BTreeMap, BTreeSet};

use crossover_values::Scalar;
use ruff_python_ast as ast;
use ruff_text_size::Ranged;

use super::{Checker, Flow, FnCx, Scope};
use crate::typed::{Ex, ExKind, LocalKind, Ty};

impl<'p> Checker<'p> {
    /// Computes every constant, in the order in which they may use each other.
    pub(super) fn constants(&mut self) {
        let program = self.program;
        for (id, decl) in program.consts.iter().enumerate() {
            let value = program.const_def(id).and_then(|def| {
                let mut cx = self.constant_context(decl.file);
                cx.constant(def)
            });
            self.consts.push(value);
        }
    }

    /// A context without names, for constant expressions.
    pub(super) fn constant_context(&mut self, file: u32) -> FnCx<'_, 'p> {
        FnCx {
            ck: self,
            file,
            host: false,
            locals: Vec::new(),
            scopes: vec![Scope::default()],
            kinds: BTreeMap::new(),
            loop_vars: BTreeSet::new(),
            changing: BTreeMap::new(),
            reductions: Vec::new(),
            flow: Flow::start(),
            loops: Vec::new(),
            returns: Vec::new(),
        }
    }
}

impl FnCx<'_, '_> {
    fn constant(&mut self, def: &ast::StmtAnnAssign) -> Option<Scalar> {
        let kind = self.annotation(&def.annotation)?;
        let LocalKind::Scalar(dtype) = kind else {
            let span = self.span(def.annotation.range());
            self.error(2, span, "a constant that is no scalar", "constants are numbers or `bool`");
            return None;
        };
        let value = self.expr(def.value.as_ref()?);
        let value = self.expect(value, dtype, "the constant");
        self.constant_value(&value)
    }

    /// The value of a constant expression; reports if it is none.
    pub(super) fn constant_value(&mut self, ex: &Ex) -> Option<Scalar> {
        if ex.ty == Ty::Poison {
            return None;
        }
        match evaluate(ex) {
            Ok(value) => Some(value),
            Err(message) => {
                let help = "a constant is made of literals, constants, operators and casts";
                self.error(2, ex.span, message, help);
                None
            }
        }
    }
}

fn evaluate(ex: &Ex) -> Result<Scalar, String> {
    match &ex.kind {
        ExKind::Const(value) => Ok(*value),
        ExKind::Op { op, args } => {
            let args: Vec<Scalar> = args.iter().map(evaluate).collect::<Result<_, _>>()?;
            crossover_ir::eval(*op, ex.dtype(), &args).map_err(|trap| trap.to_string())
        }
        ExKind::If { cond, then, otherwise } => match evaluate(cond)? {
            Scalar::Bool(true) => evaluate(then),
            _ => evaluate(otherwise),
        },
        _ => Err("no constant expression".to_owned()),
    }
}
